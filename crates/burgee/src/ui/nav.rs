//! Where one can go: the parts of the server, those of the project one is in, and who one is.

use maud::{Markup, html};

use super::frame::{Frame, Theme};
use super::guard::Viewer;
use super::part::{icon, menu};
use crate::access::{ConfigureAuth, Guard, Permission, SeeInstance, SeeSignIn};

/// A screen's place in the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Home,
    Projects,
    AllFlags,
    Playground,
    Applications,
    UnknownFlags,
    Events,
    Environments,
    Segments,
    ContextFields,
    StrategyTypes,
    FlagTypes,
    TagTypes,
    Archive,
    Users,
    Groups,
    Roles,
    ServiceAccounts,
    FlagOwners,
    Tokens,
    Provisioning,
    SignIn,
    Instance,
    /// The reader's own things; reached from their name.
    Profile,
    /// Within a project.
    Flags,
    ProjectSegments,
    ProjectApplications,
    ProjectEvents,
    ProjectArchive,
    Members,
    ProjectSettings,
}

/// A way to a screen.
struct Way {
    to: Section,
    label: &'static str,
    /// Below the base path; within a project, below that.
    path: &'static str,
    shape: fn() -> Markup,
    /// Any one of these is enough to see it; empty: everybody does.
    needs: &'static [Permission],
}

const fn way(to: Section, label: &'static str, path: &'static str, shape: fn() -> Markup) -> Way {
    Way { to, label, path, shape, needs: &[] }
}

impl Way {
    const fn needs(self, needs: &'static [Permission]) -> Self {
        Self { needs, ..self }
    }
}

const ADMIN: &[Permission] = &[Permission::Admin];

/// The whole server, in groups.
const EVERYWHERE: [(&str, &[Way]); 4] = [
    (
        "",
        &[
            way(Section::Home, "Home", "/", icon::home),
            way(Section::Projects, "Projects", "/projects", icon::folder),
            way(Section::AllFlags, "Flags", "/flags", icon::flag),
            way(Section::Playground, "Playground", "/playground", icon::flask),
            way(Section::Applications, "Applications", "/applications", icon::apps),
            way(Section::UnknownFlags, "Unknown flags", "/unknown-flags", icon::question),
            way(Section::Events, "Events", "/events", icon::history),
        ],
    ),
    (
        "Configure",
        &[
            way(Section::Environments, "Environments", "/environments", icon::server),
            way(Section::Segments, "Segments", "/segments", icon::shapes),
            way(Section::ContextFields, "Context fields", "/context-fields", icon::braces),
            way(Section::StrategyTypes, "Strategy types", "/strategy-types", icon::route),
            way(Section::FlagTypes, "Flag types", "/flag-types", icon::bookmark),
            way(Section::TagTypes, "Tag types", "/tag-types", icon::tag),
            way(Section::Archive, "Archive", "/archive", icon::archive),
        ],
    ),
    (
        "People and access",
        &[
            way(Section::Users, "Users", "/users", icon::users).needs(ADMIN),
            way(Section::Groups, "Groups", "/groups", icon::group).needs(ADMIN),
            way(Section::Roles, "Roles", "/roles", icon::shield).needs(&[Permission::ReadRole]),
            way(Section::ServiceAccounts, "Service accounts", "/service-accounts", icon::bot).needs(ADMIN),
            way(Section::FlagOwners, "Flag owners", "/flag-owners", icon::user).needs(ADMIN),
            way(Section::Tokens, "API tokens", "/tokens", icon::key)
                .needs(&[Permission::ReadClientApiToken, Permission::ReadFrontendApiToken]),
        ],
    ),
    (
        "Server",
        &[
            way(Section::Provisioning, "Provisioning", "/provisioning", icon::sync)
                .needs(ConfigureAuth::ANY_OF),
            way(Section::SignIn, "Sign-in", "/sign-in-settings", icon::sign_in).needs(SeeSignIn::ANY_OF),
            way(Section::Instance, "Instance", "/instance", icon::activity).needs(SeeInstance::ANY_OF),
        ],
    ),
];

/// One project.
const IN_PROJECT: [Way; 7] = [
    way(Section::Flags, "Flags", "", icon::flag),
    way(Section::ProjectSegments, "Segments", "/segments", icon::shapes),
    way(Section::ProjectApplications, "Applications", "/applications", icon::apps),
    way(Section::ProjectEvents, "Events", "/events", icon::history),
    way(Section::Members, "Members", "/members", icon::users)
        .needs(&[Permission::UpdateProject, Permission::ProjectUserAccessRead]),
    way(Section::ProjectSettings, "Settings", "/settings", icon::settings),
    way(Section::ProjectArchive, "Archive", "/archive", icon::archive),
];

/// Label, path and picture of the screens that the reader sees.
pub(super) fn ways(viewer: &Viewer) -> impl Iterator<Item = (&'static str, &'static str, Markup)> {
    let ways = EVERYWHERE.iter().flat_map(|(_, ways)| ways.iter());
    ways.filter(|way| viewer.sees(way.needs)).map(|way| (way.label, way.path, (way.shape)()))
}

/// The navigation beside a page. Where there is little room it is a panel behind a button, without scripts, too.
pub(super) fn side(
    frame: &Frame,
    viewer: &Viewer,
    here: Section,
    project: Option<&(String, String)>,
) -> Markup {
    let link = |way: &Way, base: &str| {
        let current = (way.to == here).then_some("page");
        html! {
            li { a href=(frame.at(&format!("{base}{}", way.path))) aria-current=[current] { ((way.shape)()) span { (way.label) } } }
        }
    };
    html! {
        header.side { div.side-in {
            div.side-top {
                a.brand href=(frame.at("/")) aria-label="burgee" { (icon::mark()) span { "burgee" } }
                a.seek #seek href=(frame.at("/search")) hx-boost="false" aria-keyshortcuts="Control+K Meta+K" {
                    (icon::search()) span { "Search or act" } kbd { "Ctrl K" }
                }
                button.side-open type="button" popovertarget="nav" aria-label="Menu" { (icon::menu()) }
            }
            nav #nav popover aria-label="Main" {
                @if let Some((id, name)) = project {
                    (switcher(frame, viewer, name))
                    ul { @for way in IN_PROJECT.iter().filter(|way| viewer.sees_in(id, way.needs)) { (link(way, &format!("/projects/{id}"))) } }
                }
                // Whoever works in a project is not shown how the server is set up.
                @for (name, ways) in EVERYWHERE.iter().take(if project.is_some() { 1 } else { EVERYWHERE.len() }) {
                    @if ways.iter().any(|way| viewer.sees(way.needs)) {
                        @let label = if name.is_empty() && project.is_some() { "Everywhere" } else { name };
                        @if !label.is_empty() { p.side-group { (label) } }
                        ul aria-label=[(!label.is_empty()).then_some(label)] {
                            @for way in ways.iter().filter(|way| viewer.sees(way.needs)) { (link(way, "")) }
                        }
                    }
                }
            }
            (account(frame, viewer))
        } }
    }
}

/// How many projects one gets to at once; the others are found among all.
const SWITCHED: usize = 20;

/// From one project to another.
fn switcher(frame: &Frame, viewer: &Viewer, name: &str) -> Markup {
    let label = html! { span.clip { (name) } (icon::up_down()) };
    menu::menu(
        "switcher",
        "Switch project",
        &label,
        &html! {
            ul.menu-list {
                @for (id, name) in viewer.projects.iter().take(SWITCHED) {
                    li { a href=(frame.at(&format!("/projects/{id}"))) { (name) } }
                }
                li.menu-end { a href=(frame.at("/projects")) { "All projects" @if viewer.projects.len() > SWITCHED { " (" (viewer.projects.len()) ")" } } }
            }
        },
    )
}

fn account(frame: &Frame, viewer: &Viewer) -> Markup {
    let label = html! { (icon::user()) span.clip { (viewer.name) } };
    menu::menu(
        "account",
        "Account",
        &label,
        &html! {
            p.menu-head { (viewer.name) @if viewer.admin { span.chip { "admin" } } }
            form.menu-row method="post" action=(frame.at("/theme")) hx-boost="false" {
                input type="hidden" name="back" value=(frame.here);
                (themes(frame))
            }
            ul.menu-list {
                li { a href=(frame.at("/profile")) { (icon::user()) "Profile" } }
                li { button.as-item type="button" data-open="#keys" { (icon::keyboard()) "Keyboard shortcuts" kbd { "?" } } }
                li {
                    form method="post" action=(frame.at("/sign-out")) hx-boost="false" {
                        button.as-item { (icon::sign_out()) "Sign out" }
                    }
                }
            }
        },
    )
}

/// Dark or light; for a form that posts to `/theme`.
pub(super) fn themes(frame: &Frame) -> Markup {
    html! {
        fieldset.segments {
            legend { "Theme" }
            @for theme in Theme::ALL {
                button name="theme" value=(theme.name()) aria-pressed=(frame.theme == theme) {
                    @match theme {
                        Theme::System => { (icon::monitor()) "System" }
                        Theme::Light => { (icon::sun()) "Light" }
                        Theme::Dark => { (icon::moon()) "Dark" }
                    }
                }
            }
        }
    }
}
