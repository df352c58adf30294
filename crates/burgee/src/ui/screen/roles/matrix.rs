//! The matrix of permissions: by level and subject, and for environments by place.

use std::collections::BTreeSet;

use maud::{Markup, html};

use crate::access::role::Held;
use crate::access::{Level, Permission};
use crate::ui::part::{icon, table};

/// What a permission is about, as people look for it.
pub(super) const fn subject(permission: Permission) -> &'static str {
    use Permission as P;
    match permission {
        P::Admin => "Administration",
        P::CreateFeature
        | P::UpdateFeature
        | P::DeleteFeature
        | P::MoveFeatureToggle
        | P::UpdateFeatureVariants
        | P::UpdateFeatureDependency
        | P::UpdateFeatureEnvironment => "Flags",
        P::CreateFeatureStrategy
        | P::UpdateFeatureStrategy
        | P::DeleteFeatureStrategy
        | P::UpdateFeatureEnvironmentVariants => "Strategies and variants",
        P::ApproveChangeRequest | P::ApplyChangeRequest | P::SkipChangeRequest => "Change requests",
        P::CreateStrategy | P::UpdateStrategy | P::DeleteStrategy => "Strategy types",
        P::CreateAddon | P::UpdateAddon | P::DeleteAddon => "Integrations",
        P::UpdateApplication => "Applications",
        P::CreateTagType | P::UpdateTagType | P::DeleteTagType => "Tag types",
        P::CreateProject
        | P::UpdateProject
        | P::DeleteProject
        | P::ProjectSettingsRead
        | P::ProjectSettingsWrite
        | P::ProjectDefaultStrategyRead
        | P::ProjectDefaultStrategyWrite
        | P::ProjectChangeRequestRead
        | P::ProjectChangeRequestWrite
        | P::UpdateProjectReleaseTemplate => "Projects",
        P::ReadRole | P::ProjectUserAccessRead | P::ProjectUserAccessWrite => "Access",
        P::CreateContextField | P::UpdateContextField | P::DeleteContextField | P::UpdateProjectContext => {
            "Context fields"
        }
        P::CreateSegment | P::UpdateSegment | P::DeleteSegment | P::UpdateProjectSegment => "Segments",
        P::CreateClientApiToken
        | P::UpdateClientApiToken
        | P::DeleteClientApiToken
        | P::ReadClientApiToken
        | P::CreateFrontendApiToken
        | P::UpdateFrontendApiToken
        | P::DeleteFrontendApiToken
        | P::ReadFrontendApiToken
        | P::ReadProjectApiToken
        | P::CreateProjectApiToken
        | P::DeleteProjectApiToken => "API tokens",
        P::ReleasePlanTemplateCreate | P::ReleasePlanTemplateUpdate | P::ReleasePlanTemplateDelete => {
            "Release plans"
        }
        P::UpdateMaintenanceMode
        | P::UpdateInstanceBanners
        | P::UpdateAuthConfiguration
        | P::ReadLogs
        | P::UpdateCors => "Server",
    }
}

/// The permissions of a level by subject, in the order of the catalogue.
pub(super) fn subjects(level: Level) -> Vec<(&'static str, Vec<Permission>)> {
    let mut found: Vec<(&'static str, Vec<Permission>)> = Vec::new();
    for permission in Permission::ALL.iter().copied().filter(|it| it.level() == level) {
        let name = subject(permission);
        match found.iter_mut().find(|(known, _)| *known == name) {
            Some((_, list)) => list.push(permission),
            None => found.push((name, vec![permission])),
        }
    }
    found
}

/// How a permission is named in a form, with its environment; an empty one stands for all.
pub(super) fn key(held: &Held) -> String {
    format!("{}.{}", held.permission.name(), held.environment)
}

/// What such a name means; `None`: nothing that this program knows.
pub(super) fn read(name: &str) -> Option<Held> {
    let (permission, environment) = name.split_once('.')?;
    Some(Held { permission: Permission::named(permission)?, environment: environment.to_owned() })
}

/// The environments of the grid: those that there are, and those of which the role still knows.
fn places<'a>(environments: &'a [String], held: &'a BTreeSet<Held>) -> Vec<&'a str> {
    let mut places: Vec<&str> = environments.iter().map(String::as_str).collect();
    for it in held.iter().filter(|it| !it.environment.is_empty()) {
        if !places.contains(&it.environment.as_str()) {
            places.push(&it.environment);
        }
    }
    places
}

/// The whole matrix; `fixed`: nothing in it can be changed.
pub(super) fn matrix(
    in_projects: bool,
    environments: &[String],
    held: &BTreeSet<Held>,
    fixed: bool,
) -> Markup {
    let level = if in_projects { Level::Project } else { Level::Root };
    let list: Vec<_> = subjects(level).into_iter().filter(|(name, _)| *name != "Administration").collect();
    html! {
        find-row.find-row {
            (icon::filter())
            input type="search" aria-label="Find a permission" placeholder="Find a permission" data-key="/" autocomplete="off";
        }
        section aria-labelledby="level" {
            h2 #level { @if in_projects { "In the project" } @else { "Everywhere" } }
            div.matrix {
                @for (subject, permissions) in &list {
                    fieldset.card data-found-group {
                        legend { (subject) }
                        @for permission in permissions {
                            @let it = Held { permission: *permission, environment: String::new() };
                            (tick(&it, held.contains(&it), fixed))
                        }
                    }
                }
            }
        }
        @if in_projects {
            section aria-labelledby="places" {
                h2 #places { "In its environments" }
                p.muted { "“All” counts for environments that are made later, too." }
                (table::scroll("Permissions in environments", &grid(&places(environments, held), held, fixed)))
            }
        }
    }
}

fn tick(it: &Held, on: bool, fixed: bool) -> Markup {
    let name = key(it);
    html! {
        label.tick data-found={ (it.permission.label()) " " (it.permission.name()) } {
            input type="checkbox" id=(name) name="held" value=(name) checked[on] disabled[fixed];
            span { (it.permission.label()) code.muted { (it.permission.name()) } }
        }
    }
}

fn grid(places: &[&str], held: &BTreeSet<Held>, fixed: bool) -> Markup {
    let cell = |permission: Permission, environment: &str| {
        let it = Held { permission, environment: environment.to_owned() };
        let (name, place) = (key(&it), if environment.is_empty() { "all environments" } else { environment });
        html! {
            label.cell-tick {
                input type="checkbox" id=(name) name="held" value=(name) checked[held.contains(&it)] disabled[fixed]
                    aria-label={ (permission.label()) " in " (place) };
            }
        }
    };
    html! {
        table.rows.grid {
            thead { tr { th scope="col" { "Permission" } th scope="col" { "All" } @for place in places { th scope="col" { (place) } } } }
            @for (subject, permissions) in subjects(Level::Environment) {
                tbody data-found-group {
                    tr.grid-head { th scope="rowgroup" colspan=(places.len() + 2) { (subject) } }
                    @for permission in permissions {
                        tr data-found={ (permission.label()) " " (permission.name()) } {
                            th.wide scope="row" { (permission.label()) code.muted { (permission.name()) } }
                            td { (cell(permission, "")) }
                            @for place in places { td { (cell(permission, place)) } }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_forms_lead_back_to_what_is_held() {
        for permission in Permission::ALL {
            for environment in ["", "production", "eu.west"] {
                let held = Held { permission: *permission, environment: environment.to_owned() };
                assert_eq!(read(&key(&held)), Some(held));
            }
        }
        assert_eq!(read("NOTHING."), None);
        assert_eq!(read("name"), None);
    }
}
