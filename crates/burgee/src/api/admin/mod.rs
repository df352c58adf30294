//! `/api/admin`: one file for each noun.

mod access_ways;
mod addons;
mod api_tokens;
mod applications;
mod banners;
mod connection_credentials;
mod connection_guards;
mod connection_roles;
mod connections;
mod constraints;
mod contexts;
mod dashboard;
mod environments;
mod event_filter;
mod events;
mod feature_dependencies;
mod feature_environments;
mod feature_filter;
mod feature_life;
mod feature_links;
mod feature_strategies;
mod feature_types;
mod features;
mod features_batch;
mod groups;
pub(super) mod instance_settings;
mod invite_links;
mod logins;
mod me;
mod operators;
mod opinions;
mod overview;
mod owners;
mod passwords;
mod personal_tokens;
mod playground;
mod project_access;
mod project_reports;
mod project_settings;
mod project_tokens;
mod projects;
mod provisioning_calls;
mod receivers;
pub(super) mod roles;
mod scim_settings;
mod search;
mod segments;
mod service_accounts;
mod statistics;
mod strategies;
mod streaming;
mod tag_types;
mod tags;
mod usage;
pub(super) mod users;

use super::Routes;

pub(super) fn routes() -> Routes {
    Routes::default()
        .merge(users::routes())
        .merge(passwords::routes())
        .merge(overview::routes())
        .merge(me::routes())
        .merge(personal_tokens::routes())
        .merge(service_accounts::routes())
        .merge(groups::routes())
        .merge(roles::routes())
        .merge(api_tokens::routes())
        .merge(project_tokens::routes())
        .merge(projects::routes())
        .merge(project_settings::routes())
        .merge(project_reports::routes())
        .merge(project_access::routes())
        .merge(environments::routes())
        .merge(applications::routes())
        .merge(usage::routes())
        .merge(dashboard::routes())
        .merge(events::routes())
        .merge(search::routes())
        .merge(features::routes())
        .merge(features_batch::routes())
        .merge(feature_life::routes())
        .merge(feature_dependencies::routes())
        .merge(feature_links::routes())
        .merge(feature_environments::routes())
        .merge(feature_strategies::routes())
        .merge(owners::routes())
        .merge(opinions::routes())
        .merge(invite_links::routes())
        .merge(logins::routes())
        .merge(statistics::routes())
        .merge(addons::routes())
        .merge(banners::routes())
        .merge(instance_settings::routes())
        .merge(streaming::routes())
        .merge(scim_settings::routes())
        .merge(connections::routes())
        .merge(connection_credentials::routes())
        .merge(connection_guards::routes())
        .merge(connection_roles::routes())
        .merge(access_ways::routes())
        .merge(provisioning_calls::routes())
        .merge(receivers::routes())
        .merge(constraints::routes())
        .merge(playground::routes())
        .merge(contexts::routes())
        .merge(segments::routes())
        .merge(strategies::routes())
        .merge(feature_types::routes())
        .merge(tag_types::routes())
        .merge(tags::routes())
}
