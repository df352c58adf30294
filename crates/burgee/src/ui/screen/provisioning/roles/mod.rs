//! What a connection has to say about roles: its settings, and what groups give.

mod preview;
mod rule;

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use self::preview::Step;
use super::{name, tabs};
use crate::access::role::{self, Role};
use crate::access::{Administer, ConfigureAuth, Granted, Guard, admins};
use crate::provisioning::connection::{self, Giving, RootConflict};
use crate::provisioning::giving::{self, Group, Listed, Mapping, Named};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Number, Viewer, why_not_everywhere};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::form::{self, Field};
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::{button, count, table, tag};
use crate::ui::screen::users::borrowed;
use crate::ui::{Places, Ui};

pub(super) fn places(places: Places) -> Places {
    places.page("/provisioning/{id}/roles", show).action("/provisioning/{id}/roles", save).with(rule::places)
}

/// Where the page is.
fn path(id: i64) -> String {
    format!("/provisioning/{id}/roles")
}

/// What the form of the settings sends: first to be looked at, then, if somebody is `sure`, to be saved.
#[derive(Default, Deserialize)]
struct Sent {
    #[serde(default)]
    heeds_roles: String,
    #[serde(default)]
    usual_role: String,
    #[serde(default)]
    root_conflict: String,
    #[serde(default)]
    gives_admin: String,
    version: Option<i64>,
    #[serde(default)]
    sure: String,
}

impl Sent {
    fn of(giving: &Giving) -> Self {
        Self {
            heeds_roles: checked(giving.heeds_roles),
            usual_role: giving.usual_role.to_string(),
            root_conflict: giving.root_conflict.name().to_owned(),
            gives_admin: checked(giving.gives_admin),
            ..Self::default()
        }
    }

    /// What was chosen; a choice that does not exist stays as it was.
    fn over(&self, before: &Giving) -> Giving {
        Giving {
            heeds_roles: !self.heeds_roles.is_empty(),
            usual_role: self.usual_role.parse().unwrap_or(before.usual_role),
            root_conflict: RootConflict::named(&self.root_conflict).unwrap_or(before.root_conflict),
            gives_admin: !self.gives_admin.is_empty(),
        }
    }

    /// The same once more, for whoever is sure.
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("heeds_roles", self.heeds_roles.clone()),
            ("usual_role", self.usual_role.clone()),
            ("root_conflict", self.root_conflict.clone()),
            ("gives_admin", self.gives_admin.clone()),
        ]
    }
}

fn checked(on: bool) -> String {
    if on { "true".to_owned() } else { String::new() }
}

async fn show(
    grant: Granted<ConfigureAuth>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let it = connection::get(&mut ui.db.read().await?, id).await?;
    draw(&grant, &ui, &frame, id, &Sent::of(&it.giving), &[]).await
}

async fn draw<G: Guard>(
    grant: &Granted<G>,
    ui: &Ui,
    frame: &Frame,
    id: i64,
    sent: &Sent,
    problems: &[String],
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(grant, &mut tx).await?;
    let it = connection::get(&mut tx, id).await?;
    let rules = giving::rules(&mut tx, id).await?;
    let sizes = giving::sizes(&mut tx, id).await?;
    let roles = role::list(&mut tx).await?;
    let why_not = why_not_everywhere::<Administer>(grant.held());
    let why_not = why_not.as_deref();
    let body = html! {
        (tabs(frame, id, "roles"))
        p.lead.muted { "What people may do can come from the identity provider: from roles that it sends with somebody, and from the groups that they are in. What admins give by hand stands beside it, and stays." }
        (form::problems(problems))
        @if it.giving.gives_admin {
            (notice(Tone::Info, "This connection may make admins", &html! { p { "Whoever administers the identity provider can administer burgee." } }))
        }
        section aria-labelledby="rules" {
            header.row.spread {
                h2 #rules { "What groups give" }
                (button::link_or_why("new-rule", &frame.at(&format!("{}/rule", path(id))), "Add a rule…", why_not))
            }
            p.muted { "Whoever is in a group of the identity provider, or in a group inside it, has what its rule gives, as long as they are in it. The group need not be there yet." }
            @if rules.is_empty() {
                p.calm { "No rule yet: groups give what was given to them by hand. Add a rule, and say which group of the identity provider gives which role." }
            } @else {
                (table::scroll("Rules", &rows(frame, id, &rules, &sizes, &roles, why_not)))
            }
        }
        section aria-labelledby="words" {
            h2 #words { "Roles of people" }
            @match why_not {
                Some(why) => {
                    (notice(Tone::Info, "You can look at this, but not change it", &html! { p { (why) } }))
                    fieldset.stack disabled { (fields(&roles, sent)) }
                },
                None => form.stack method="post" action=(frame.at(&path(id))) data-draft {
                    input type="hidden" name="version" value=(it.version);
                    (fields(&roles, sent))
                    div.row { button.button.primary #look { "See what changes" } }
                },
            }
        }
    };
    let page =
        Page::new(Section::Provisioning, name(&it), body).below("Provisioning", "/provisioning".to_owned());
    let page = if problems.is_empty() { page } else { page.status(StatusCode::UNPROCESSABLE_ENTITY) };
    Ok(frame.page(&viewer, &page))
}

/// What names a group in a rule.
fn told(group: &Group) -> Markup {
    html! {
        @match group {
            Group::Name(name) => (name),
            Group::External(id) => { span.muted { "external id " } code { (id) } },
        }
    }
}

fn rows(
    frame: &Frame,
    id: i64,
    rules: &[Listed],
    sizes: &BTreeMap<i64, i64>,
    roles: &[Role],
    why_not: Option<&str>,
) -> Markup {
    let to = |what: &str, it: &Listed| frame.at(&format!("{}/{what}?rule={}", path(id), it.id));
    html! {
        table.rows.stacks {
            thead { tr {
                th scope="col" { "Group of the identity provider" } th scope="col" { "Gives" } th scope="col" { "Here" }
                th scope="col" { span.unseen { "Actions" } }
            } }
            tbody { @for it in rules {
                tr {
                    th.wide scope="row" { (told(&it.rule.group)) }
                    td.wide data-label="Gives" {
                        @for grant in &it.rule.grants { (tag::chip(&Named::of(grant.clone(), roles).words())) " " }
                        @if it.rule.grants.is_empty() { span.muted { "nothing: its project is gone" } }
                    }
                    td data-label="Here" {
                        @match &it.group {
                            Some((group, name)) => {
                                a href=(frame.at(&format!("/groups/{group}"))) { (name) }
                                " " span.muted { (count::of(sizes.get(group).copied().unwrap_or_default(), "member")) }
                            },
                            None => span.muted { "not pushed yet" },
                        }
                    }
                    td.ends { div.row {
                        (button::link_or_why(&format!("edit-{}", it.id), &to("rule", it), html! { "Edit" span.unseen { " the rule about " (it.rule.group.wanted()) } }, why_not))
                        (button::link_or_why(&format!("remove-{}", it.id), &to("remove", it), html! { "Remove…" span.unseen { " the rule about " (it.rule.group.wanted()) } }, why_not))
                    } }
                }
            } }
        }
    }
}

fn fields(roles: &[Role], sent: &Sent) -> Markup {
    let usual: Vec<(String, String)> = roles
        .iter()
        .filter(|role| role.is_root() && role.id != admins::ADMIN_ROLE)
        .map(|role| (role.id.to_string(), role.name.clone()))
        .collect();
    html! {
        (form::check("heeds_roles", "Roles and entitlements that it sends count", "The attributes “roles” and “entitlements” of a user: names or ids of root roles, and “Role in Project”. What is not known here is left out, and the journal of calls tells it. Where they speak of a place, rules about groups do not count there.", !sent.heeds_roles.is_empty()))
        (form::check("gives_admin", "It may make admins", "Otherwise “Admin” is left out wherever the identity provider sends it, and no rule can give it. A group that carries Admin by hand makes admins in any case.", !sent.gives_admin.is_empty()))
        (Field { name: "root_conflict", label: "Where an admin gave somebody a root role by hand, and the identity provider gives another", ..Field::default() }.radios(&[
            ("local", "The one given by hand counts", "It survives every synchronisation. Roles in projects add up in any case."),
            ("idp", "The identity provider's counts", "As long as it gives one. Without one, the last decision by hand counts again."),
            ("max", "Both count", "They may do whatever either of them permits."),
        ], &sent.root_conflict))
        (Field { name: "usual_role", label: "Root role of newcomers", hint: Some("For whom the identity provider gives none. It changes nobody who is here."), ..Field::default() }.choice(&borrowed(&usual), &sent.usual_role))
    }
}

async fn save(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let step = Step {
        title: "Roles of people",
        action: &path(id),
        fields: sent.fields(),
        version: sent.version,
        save: ("save", "Save"),
        note: "What the connection says about roles is saved",
    };
    let change = |mapping: &mut Mapping| {
        mapping.giving = sent.over(&mapping.giving);
        Ok(())
    };
    match step.take(&grant, &ui, &frame, id, !sent.sure.is_empty(), change).await {
        Err(fault) if fault.is_about_input() => {
            draw(&grant, &ui, &frame, id, &sent, &fault.sentences()).await
        }
        done => done,
    }
}

/// Done: back to the page.
fn done(frame: &Frame, id: i64, note: &str) -> Response {
    frame.done(&path(id), &Note::new(note))
}
