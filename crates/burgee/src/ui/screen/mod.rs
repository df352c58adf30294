//! The screens, a file each: what it asks of the domain, and how that is drawn from [`parts`](super::part).

pub(in crate::ui) mod design;
pub(in crate::ui) mod edit_flag;
pub(in crate::ui) mod environment;
pub(in crate::ui) mod environments;
pub(in crate::ui) mod events;
pub(in crate::ui) mod exposure;
pub(in crate::ui) mod favorite;
pub(in crate::ui) mod flag;
pub(in crate::ui) mod flags;
pub(in crate::ui) mod home;
pub(in crate::ui) mod labels;
pub(in crate::ui) mod life;
pub(in crate::ui) mod members;
pub(in crate::ui) mod new_flag;
pub(in crate::ui) mod new_project;
pub(in crate::ui) mod palette;
pub(in crate::ui) mod password;
pub(in crate::ui) mod projects;
pub(in crate::ui) mod settings;
pub(in crate::ui) mod sign_in;
pub(in crate::ui) mod strategy;
pub(in crate::ui) mod switch;
pub(in crate::ui) mod theme;
pub(in crate::ui) mod who;
