//! The parts that screens are made of. Each is a function from data to markup; `/design` shows all of them.

pub(in crate::ui) mod announcement;
pub(in crate::ui) mod button;
pub(in crate::ui) mod chart;
pub(in crate::ui) mod code;
pub(in crate::ui) mod conditions;
pub(in crate::ui) mod count;
pub(in crate::ui) mod diff;
pub(in crate::ui) mod event;
pub(in crate::ui) mod expiry;
pub(in crate::ui) mod filter;
pub(in crate::ui) mod form;
pub(in crate::ui) mod icon;
pub(in crate::ui) mod menu;
pub(in crate::ui) mod notice;
pub(in crate::ui) mod person;
pub(in crate::ui) mod secret;
pub(in crate::ui) mod sentence;
pub(in crate::ui) mod sign_in;
pub(in crate::ui) mod switch;
pub(in crate::ui) mod table;
pub(in crate::ui) mod tag;
pub(in crate::ui) mod time;
pub(in crate::ui) mod toast;
