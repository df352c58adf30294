//! `/api/admin`: one file for each noun.

mod api_tokens;
mod event_filter;
mod events;
mod groups;
mod me;
mod overview;
mod personal_tokens;
mod project_access;
mod project_tokens;
pub(super) mod roles;
mod scim_settings;
mod service_accounts;
pub(super) mod users;

use super::Routes;

pub(super) fn routes() -> Routes {
    Routes::default()
        .merge(users::routes())
        .merge(overview::routes())
        .merge(me::routes())
        .merge(personal_tokens::routes())
        .merge(service_accounts::routes())
        .merge(groups::routes())
        .merge(roles::routes())
        .merge(api_tokens::routes())
        .merge(project_tokens::routes())
        .merge(project_access::routes())
        .merge(events::routes())
        .merge(scim_settings::routes())
}
