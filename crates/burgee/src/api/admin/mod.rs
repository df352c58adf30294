//! `/api/admin`: one file for each noun.

pub(super) mod roles;
mod scim_settings;
pub(super) mod users;

use super::Routes;

pub(super) fn routes() -> Routes {
    Routes::default().merge(users::routes()).merge(roles::routes()).merge(scim_settings::routes())
}
