//! One rule: which group of the identity provider gives what.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::html;
use serde::Deserialize;

use super::super::below;
use super::path;
use super::preview::Step;
use crate::access::role::{self, Role};
use crate::access::{Administer, Granted, admins};
use crate::db::Read;
use crate::error::{Error, Result as Outcome};
use crate::provisioning::connection;
use crate::provisioning::giving::{self, Grant, Group, Listed, Mapping, Named, Rule};
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Form, Number, Query, Viewer};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::button;
use crate::ui::part::form::{self, Field};
use crate::ui::screen::users::borrowed;
use crate::ui::{Places, Ui};

pub(super) fn places(places: Places) -> Places {
    places
        .page("/provisioning/{id}/roles/rule", ask)
        .action("/provisioning/{id}/roles/rule", save)
        .page("/provisioning/{id}/roles/remove", confirm)
        .action("/provisioning/{id}/roles/remove", remove)
}

/// What an address or a form says about a rule; `rule` is the number of one that is there.
#[derive(Default, Deserialize)]
struct Sent {
    #[serde(default)]
    rule: String,
    #[serde(default)]
    by: String,
    #[serde(default)]
    group: String,
    #[serde(default)]
    root: String,
    #[serde(default)]
    projects: String,
    version: Option<i64>,
    #[serde(default)]
    sure: String,
}

impl Sent {
    fn of(it: &Listed, roles: &[Role]) -> Self {
        let by = match it.rule.group {
            Group::Name(_) => "name",
            Group::External(_) => "id",
        };
        let lines = it.rule.grants.iter().filter_map(|grant| {
            let project = grant.project.as_deref()?;
            Some(format!("{project}: {}", Named::of(grant.clone(), roles).role))
        });
        Self {
            rule: it.id.to_string(),
            by: by.to_owned(),
            group: it.rule.group.wanted().to_owned(),
            root: it.rule.root().map(|id| id.to_string()).unwrap_or_default(),
            projects: lines.collect::<Vec<_>>().join("\n"),
            ..Self::default()
        }
    }

    /// The rule that was typed.
    fn read(&self, roles: &[Role]) -> Outcome<Rule> {
        let group = self.group.trim().to_owned();
        let group = if self.by == "id" { Group::External(group) } else { Group::Name(group) };
        let mut wrong = Vec::new();
        let mut grants: Vec<Grant> =
            self.root.parse().ok().map(|role| Grant { project: None, role }).into_iter().collect();
        for line in self.projects.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let found = line.split_once(':').and_then(|(project, named)| {
                let named = named.trim();
                let role = roles
                    .iter()
                    .filter(|role| !role.is_root())
                    .find(|role| role.name.eq_ignore_ascii_case(named) || named.parse() == Ok(role.id))?;
                Some(Grant { project: Some(project.trim().to_owned()), role: role.id })
            });
            match found {
                Some(grant) => grants.push(grant),
                None => wrong.push(format!(
                    "“{line}” is no project with one of its roles: write it like “default: Member”."
                )),
            }
        }
        if wrong.is_empty() {
            Ok(Rule { group, grants: grants.into_iter().collect() })
        } else {
            Err(Error::invalid(wrong))
        }
    }

    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("rule", self.rule.clone()),
            ("by", self.by.clone()),
            ("group", self.group.clone()),
            ("root", self.root.clone()),
            ("projects", self.projects.clone()),
        ]
    }
}

/// The rule that somebody means.
async fn there(tx: &mut Read, id: i64, rule: &str) -> Result<Listed, Fault> {
    let found = giving::rules(tx, id).await?.into_iter().find(|it| it.id.to_string() == rule);
    found.ok_or_else(Fault::nowhere)
}

async fn ask(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Query(asked): Query<Sent>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let sent = if asked.rule.is_empty() {
        Sent { by: "name".to_owned(), ..asked }
    } else {
        let roles = role::list(&mut tx).await?;
        Sent::of(&there(&mut tx, id, &asked.rule).await?, &roles)
    };
    drop(tx);
    draw(&grant, &ui, &frame, id, &sent, &[]).await
}

async fn draw(
    grant: &Granted<Administer>,
    ui: &Ui,
    frame: &Frame,
    id: i64,
    sent: &Sent,
    problems: &[String],
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(grant, &mut tx).await?;
    let it = connection::get(&mut tx, id).await?;
    let roles = role::list(&mut tx).await?;
    let mut root = vec![(String::new(), "None".to_owned())];
    let offered = |role: &&Role| role.is_root() && (role.id != admins::ADMIN_ROLE || it.giving.gives_admin);
    root.extend(roles.iter().filter(offered).map(|role| (role.id.to_string(), role.name.clone())));
    let in_projects: Vec<&str> =
        roles.iter().filter(|role| !role.is_root()).map(|role| role.name.as_str()).collect();
    let hint = format!(
        "One in a line: the id of the project, a colon, and one of {}. Such as “default: Member”.",
        in_projects.join(", ")
    );
    let admin = "Admin is offered once the connection may make admins.";
    let root_hint = (!it.giving.gives_admin).then_some(admin);
    let body = html! {
        (form::problems(problems))
        form.stack method="post" action=(frame.at(&format!("{}/rule", path(id)))) data-draft {
            input type="hidden" name="rule" value=(sent.rule);
            input type="hidden" name="version" value=(it.version);
            (Field { name: "by", label: "The group is known by", ..Field::default() }.radios(&[
                ("name", "Its name", "As the identity provider calls it, in small or capital letters. If it is renamed, the rule is about whichever group has the name then."),
                ("id", "Its external id", "It stays the same when the group is renamed. In Entra it is the object id."),
            ], &sent.by))
            (Field { name: "group", label: "Name or external id", hint: Some("The group need not be there yet."), ..Field::default() }.text("text", &sent.group, "off"))
            (Field { name: "root", label: "Root role of its members", hint: root_hint, ..Field::default() }.choice(&borrowed(&root), &sent.root))
            (Field { name: "projects", label: "Roles in projects", hint: Some(&hint), optional: true, ..Field::default() }.lines(&sent.projects))
            div.row {
                button.button.primary #look { "See what changes" }
                (button::link(&frame.at(&path(id)), "Cancel"))
            }
        }
    };
    let title = if sent.rule.is_empty() { "Add a rule" } else { "Change a rule" };
    let page = below(Page::new(Section::Provisioning, title, body), &it).below("Roles", path(id));
    let page = if problems.is_empty() { page } else { page.status(StatusCode::UNPROCESSABLE_ENTITY) };
    Ok(frame.page(&viewer, &page))
}

async fn save(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let roles = role::list(&mut tx).await?;
    let old = match sent.rule.as_str() {
        "" => None,
        rule => Some(there(&mut tx, id, rule).await?.rule.group),
    };
    drop(tx);
    let step = Step {
        title: "The rule",
        action: &format!("{}/rule", path(id)),
        fields: sent.fields(),
        version: sent.version,
        save: ("save", "Save the rule"),
        note: "The rule is saved",
    };
    let change = |mapping: &mut Mapping| {
        let rule = sent.read(&roles)?;
        if let Some(old) = old {
            mapping.rules.retain(|it| it.group != old);
        }
        mapping.rules.push(rule);
        Ok(())
    };
    match step.take(&grant, &ui, &frame, id, !sent.sure.is_empty(), change).await {
        Err(fault) if fault.is_about_input() => {
            draw(&grant, &ui, &frame, id, &sent, &fault.sentences()).await
        }
        done => done,
    }
}

async fn confirm(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Query(asked): Query<Sent>,
) -> Result<Response, Fault> {
    take_out(&grant, &ui, &frame, id, &asked, false).await
}

async fn remove(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    take_out(&grant, &ui, &frame, id, &sent, !sent.sure.is_empty()).await
}

async fn take_out(
    grant: &Granted<Administer>,
    ui: &Ui,
    frame: &Frame,
    id: i64,
    sent: &Sent,
    sure: bool,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let old = there(&mut tx, id, &sent.rule).await?.rule.group;
    drop(tx);
    let step = Step {
        title: &format!("Remove the rule about {}", old.wanted()),
        action: &format!("{}/remove", path(id)),
        fields: vec![("rule", sent.rule.clone())],
        version: sent.version,
        save: ("remove", "Remove the rule"),
        note: "The rule is gone",
    };
    let change = |mapping: &mut Mapping| {
        mapping.rules.retain(|it| it.group != old);
        Ok(())
    };
    step.take(grant, ui, frame, id, sure, change).await
}
