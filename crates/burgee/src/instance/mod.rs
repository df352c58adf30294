//! The instance itself: settings for everybody, banners, integrations, and figures about it.

pub mod addons;
pub mod banners;
pub mod identity;
pub mod opinions;
pub mod providers;
pub mod settings;
pub mod statistics;
