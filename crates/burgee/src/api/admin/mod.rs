//! `/api/admin`: one file for each noun.

mod api_tokens;
mod event_filter;
mod events;
mod feature_environments;
mod feature_strategies;
mod features;
mod groups;
mod me;
mod overview;
mod passwords;
mod personal_tokens;
mod project_access;
pub(super) mod roles;
mod scim_settings;
pub(super) mod users;

use super::Routes;

pub(super) fn routes() -> Routes {
    Routes::default()
        .merge(users::routes())
        .merge(passwords::routes())
        .merge(overview::routes())
        .merge(me::routes())
        .merge(personal_tokens::routes())
        .merge(groups::routes())
        .merge(roles::routes())
        .merge(api_tokens::routes())
        .merge(project_access::routes())
        .merge(events::routes())
        .merge(features::routes())
        .merge(feature_environments::routes())
        .merge(feature_strategies::routes())
        .merge(scim_settings::routes())
}
