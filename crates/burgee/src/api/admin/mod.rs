//! `/api/admin`: one file for each noun.

mod api_tokens;
mod constraints;
mod contexts;
mod event_filter;
mod events;
mod feature_types;
mod groups;
mod me;
mod overview;
mod personal_tokens;
mod project_access;
pub(super) mod roles;
mod scim_settings;
mod segments;
mod strategies;
mod tag_types;
mod tags;
pub(super) mod users;

use super::Routes;

pub(super) fn routes() -> Routes {
    Routes::default()
        .merge(users::routes())
        .merge(overview::routes())
        .merge(me::routes())
        .merge(personal_tokens::routes())
        .merge(groups::routes())
        .merge(roles::routes())
        .merge(api_tokens::routes())
        .merge(project_access::routes())
        .merge(events::routes())
        .merge(scim_settings::routes())
        .merge(constraints::routes())
        .merge(contexts::routes())
        .merge(segments::routes())
        .merge(strategies::routes())
        .merge(feature_types::routes())
        .merge(tag_types::routes())
        .merge(tags::routes())
}
