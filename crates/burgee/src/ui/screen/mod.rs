//! The screens, a file each: what it asks of the domain, and how that is drawn from [`parts`](super::part).

pub(in crate::ui) mod applications;
pub(in crate::ui) mod copy_flag;
pub(in crate::ui) mod depend;
pub(in crate::ui) mod design;
pub(in crate::ui) mod edit_flag;
pub(in crate::ui) mod events;
pub(in crate::ui) mod exposure;
pub(in crate::ui) mod favorite;
pub(in crate::ui) mod flag;
pub(in crate::ui) mod flags;
pub(in crate::ui) mod home;
pub(in crate::ui) mod labels;
pub(in crate::ui) mod life;
pub(in crate::ui) mod new_flag;
pub(in crate::ui) mod palette;
pub(in crate::ui) mod password;
pub(in crate::ui) mod playground;
pub(in crate::ui) mod projects;
pub(in crate::ui) mod sign_in;
mod somebody;
pub(in crate::ui) mod strategy;
pub(in crate::ui) mod switch;
pub(in crate::ui) mod theme;
pub(in crate::ui) mod unknown_flags;
pub(in crate::ui) mod who;
mod why;
