//! Who has which role in a project.

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use crate::access::reach::{self, Given};
use crate::access::{Granted, ManageProjectAccess, ReadProjectAccess};
use crate::db::Read;
use crate::people::{group, user};
use crate::projects::members::{self, Member, Subject};
use crate::ui::edit::Edit;
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Query, Viewer, why_not};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::form::Field;
use crate::ui::part::table::{self, Ask};
use crate::ui::part::{button, count, filter, icon, notice, tag, time};
use crate::ui::screen::access;
use crate::ui::{Places, Ui};

/// How many members a page has.
const SIZE: i64 = 50;
/// The shortest text that is searched for, in characters.
const SHORTEST: usize = 2;
/// How many may be added at a time.
const MOST: usize = 50;

pub(in crate::ui) fn places(places: Places) -> Places {
    const ONE: &str = "/projects/{projectId}/members/{kind}/{id}";
    places
        .page("/projects/{projectId}/members", list)
        .page("/projects/{projectId}/members/add", ask_new)
        .action("/projects/{projectId}/members/add", add)
        .page(ONE, ask)
        .action(ONE, save)
        .action("/projects/{projectId}/members/{kind}/{id}/remove", remove)
}

fn path(project: &str) -> String {
    format!("/projects/{project}/members")
}

fn one(project: &str, subject: Subject) -> String {
    let (kind, id) = match subject {
        Subject::User(id) => ("user", id),
        Subject::Group(id) => ("group", id),
    };
    format!("/projects/{project}/members/{kind}/{id}")
}

/// As addresses and forms write somebody.
fn key(subject: Subject) -> String {
    match subject {
        Subject::User(id) => format!("user-{id}"),
        Subject::Group(id) => format!("group-{id}"),
    }
}

fn subject(kind: &str, id: &str) -> Option<Subject> {
    let id = id.parse().ok()?;
    match kind {
        "user" => Some(Subject::User(id)),
        "group" => Some(Subject::Group(id)),
        _ => None,
    }
}

/// What the address asks for.
#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    page: Option<i64>,
}

async fn list(
    grant: Granted<ReadProjectAccess>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let project = grant.scope().project.as_str();
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let all = members::list(&mut tx, project).await?;
    let given = reach::given_in(&mut tx, project).await?;
    let watch = Watch::over(&grant, &mut tx, Some(project), None).await?;
    let none = all.is_empty();
    let wanted = burgee_scim::fold(asked.q.trim());
    let finds = |text: &str| burgee_scim::fold(text).contains(&wanted);
    let found: Vec<&Member> = all
        .iter()
        .filter(|member| {
            finds(&member.name)
                || member.login.as_deref().is_some_and(finds)
                || member.roles.iter().any(|(_, role)| finds(role))
        })
        .collect();
    let page = table::number(asked.page);
    let (shown, total) = table::cut(&found, page, SIZE);
    let path = path(project);
    let ask = Ask { path: &path, pairs: vec![("q", asked.q.clone())] };
    let why_not = why_not::<ManageProjectAccess>(grant.held(), project, None);
    let add =
        |key| button::main_link(&frame.at(&format!("{path}/add")), "Add members", why_not.as_deref(), key);
    let rows = html! {
        table.rows.stacks {
            thead { tr {
                th scope="col" { "Member" } th scope="col" { "Roles here" } th scope="col" { "Comes from" } th scope="col" { "Since" }
                th scope="col" { span.unseen { "Actions" } }
            } }
            tbody { @for member in shown { (row(&frame, project, member, why_not.as_deref())) } }
        }
    };
    let body = html! {
        p.hint {
            "Root roles hold in every project: admins may do everything here, editors may change flags, viewers may look. "
            "Who has only a root role is not listed here."
            @if viewer.admin { " " a href=(frame.at("/users")) { "See root roles" } }
        }
        @if none {
            (notice::empty("Nobody has a role here yet", "Give people or groups a role, and they may work on this project’s flags.", &add(None)))
        } @else {
            div.filters { (filter::search(&frame, &ask, "Filter members by name or role", "Filter members")) }
            @if total == 0 {
                (notice::empty("No member matches", "Try a part of a name, an address or a role.", &button::link(&frame.at(&path), "Show all members")))
            } @else {
                (table::scroll("Members", &rows))
                (ask.pages(&frame, page, SIZE, total))
            }
        }
        @if !given.is_empty() { (by_provider(&given)) }
    };
    let page = Page::new(Section::Members, "Members", body).within(&viewer, project).watch(watch);
    Ok(frame.page(&viewer, &page.actions(add(Some("c")))))
}

/// Who has a role here because the identity provider says so: it is changed there, or by the rules of the connection.
fn by_provider(given: &[Given]) -> Markup {
    html! {
        section aria-labelledby="given" {
            h2 #given { "By the identity provider" }
            p.muted {
                "These come and go with what the identity provider sends, and are changed there, or in the rules of its connection."
                @if i64::try_from(given.len()) == Ok(reach::MOST_GIVEN) { " The first " (reach::MOST_GIVEN) " by name are listed." }
            }
            (table::scroll("By the identity provider", &html! {
                table.rows {
                    thead { tr { th scope="col" { "Member" } th scope="col" { "Role here" } th scope="col" { "Comes" } } }
                    tbody { @for it in given {
                        tr {
                            th scope="row" { (it.person.1) }
                            td { (tag::chip(&it.role.1)) }
                            td.muted { (access::directly(&it.source)) }
                        }
                    } }
                }
            }))
        }
    }
}

fn row(frame: &Frame, project: &str, member: &Member, why_not: Option<&str>) -> Markup {
    html! {
        tr data-row id={ "row-" (key(member.subject)) } {
            td.wide { (name(member)) }
            td { div.chips { @for (_, role) in &member.roles { (tag::chip(role)) } } }
            td.muted data-label="Comes from" { (if member.provisioned { "Identity provider" } else { "This server" }) }
            td data-label="Since" { (time::ago(member.since, frame.now)) }
            td.ends { (button::edit(&format!("edit-{}", key(member.subject)), &frame.at(&one(project, member.subject)), &format!("the roles of {}", member.name), why_not)) }
        }
    }
}

/// What somebody is called, and what they are.
fn name(member: &Member) -> Markup {
    html! {
        div.named {
            (match member.subject { Subject::Group(_) => icon::group(), Subject::User(_) if member.service => icon::bot(), Subject::User(_) => icon::user() })
            div {
                div.row {
                    strong { (member.name) }
                    @if let Some(size) = member.size { (tag::chip(&count::some(size, "person", "people"))) }
                    @if member.service { (tag::chip("service account")) }
                    @if !member.active { (tag::toned("cannot sign in", "warning")) }
                }
                @if let Some(login) = member.login.as_deref().filter(|login| *login != member.name) { div.muted.clip { (login) } }
            }
        }
    }
}

/// What somebody is, on a page that is named for them.
fn what(member: &Member) -> String {
    match member.subject {
        Subject::Group(_) => {
            format!("Group of {}", count::some(member.size.unwrap_or_default(), "person", "people"))
        }
        Subject::User(_) if member.service => "Service account".to_owned(),
        Subject::User(_) => member.login.clone().unwrap_or_default(),
    }
}

/// Somebody who was found, or chosen.
struct Found {
    subject: Subject,
    name: String,
    hint: String,
}

async fn find(tx: &mut Read, text: &str) -> Result<Vec<Found>, Fault> {
    if text.chars().count() < SHORTEST {
        return Ok(Vec::new());
    }
    let groups = group::search(tx, text).await?.into_iter().map(|it| Found {
        subject: Subject::Group(it.id),
        name: it.name,
        hint: count::some(it.user_count, "person", "people"),
    });
    let users = user::search(tx, text).await?;
    Ok(groups.chain(users.iter().map(found)).collect())
}

fn found(user: &user::User) -> Found {
    let hint = user.email.clone().or_else(|| user.username.clone()).unwrap_or_default();
    Found { subject: Subject::User(user.id), name: user.name.clone().unwrap_or_else(|| user.label()), hint }
}

/// Who is chosen: those that may be added at a time. The rest is said.
fn wanted(edit: &mut Edit) -> Vec<Subject> {
    let mut subjects = Vec::new();
    for key in edit.list("who") {
        let subject = key.split_once('-').and_then(|(kind, id)| subject(kind, id));
        subjects.extend(subject.filter(|subject| !subjects.contains(subject)));
        if subjects.len() > MOST {
            subjects.truncate(MOST);
            edit.complain("who", format!("At most {MOST} can be added at a time. The rest is left out."));
            break;
        }
    }
    subjects
}

/// Those who are chosen already; whoever is not there any more is left out.
async fn chosen(tx: &mut Read, wanted: &[Subject]) -> Result<Vec<Found>, Fault> {
    let mut people = Vec::new();
    for subject in wanted {
        match *subject {
            Subject::User(id) => people.extend(user::find(tx, id).await?.as_ref().map(found)),
            Subject::Group(id) => {
                let group = group::find(tx, id).await?;
                people.extend(group.map(|group| Found {
                    subject: *subject,
                    name: group.name,
                    hint: "group".to_owned(),
                }));
            }
        }
    }
    Ok(people)
}

async fn ask_new(
    grant: Granted<ManageProjectAccess>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let mut edit = Edit::read(pairs)?;
    let wanted = wanted(&mut edit);
    draw_new(&grant, &mut tx, &frame, &edit, &wanted).await
}

async fn draw_new(
    grant: &Granted<ManageProjectAccess>,
    tx: &mut Read,
    frame: &Frame,
    edit: &Edit,
    wanted: &[Subject],
) -> Result<Response, Fault> {
    let project = grant.scope().project.as_str();
    let viewer = Viewer::of(grant, tx).await?;
    let here: Vec<Subject> = members::list(tx, project).await?.into_iter().map(|it| it.subject).collect();
    let results = find(tx, edit.get("q")).await?;
    let chosen = chosen(tx, wanted).await?;
    let roles = members::givable(tx, grant.held(), project).await?;
    let path = format!("{}/add", path(project));
    let with = |people: Vec<Subject>| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("q", edit.get("q"));
        query.extend_pairs(people.into_iter().map(|subject| ("who", key(subject))));
        frame.at(&format!("{path}?{}", query.finish()))
    };
    let are_chosen = || chosen.iter().map(|it| it.subject);
    let roles: Vec<(String, &str, &str)> = roles
        .iter()
        .map(|role| (role.id.to_string(), role.name.as_str(), role.description.as_str()))
        .collect();
    let roles: Vec<(&str, &str, &str)> =
        roles.iter().map(|(id, name, text)| (id.as_str(), *name, *text)).collect();
    let body = html! {
        (edit.notices())
        section.narrow aria-labelledby="who" {
            h2 #who { "Who" }
            form.filter role="search" method="get" action=(frame.at(&path)) hx-get=(frame.at(&path))
                hx-trigger="submit, input delay:200ms" hx-target="#people" hx-select="#people" hx-swap="outerHTML" {
                (icon::search())
                input #q type="search" name="q" value=(edit.get("q")) aria-label="Search people and groups" placeholder="Name, user name, e-mail or group" autocomplete="off";
                @for subject in are_chosen() { input type="hidden" name="who" value=(key(subject)); }
                button.button { "Search" }
            }
            div #people {
                @if !results.is_empty() {
                    ul.links aria-label="Found" {
                        @for it in &results {
                            li {
                                (if matches!(it.subject, Subject::Group(_)) { icon::group() } else { icon::user() })
                                span.who { strong { (it.name) } span.muted { (it.hint) } }
                                span.end {
                                    @if here.contains(&it.subject) { a href=(frame.at(&one(project, it.subject))) { "Is a member" } }
                                    @else if are_chosen().any(|subject| subject == it.subject) { span.muted { "Chosen" } }
                                    @else { a.button.small href=(with(are_chosen().chain([it.subject]).collect())) aria-label={ "Choose " (it.name) } { "Choose" } }
                                }
                            }
                        }
                    }
                } @else if edit.get("q").chars().count() >= SHORTEST {
                    p.muted { "Nobody is called so. Try the beginning of a name, a user name or an e-mail address, or a part of a group’s name." }
                }
            }
            ul.labels aria-label="Chosen" {
                @for it in &chosen {
                    li { span.chip { (it.name) a href=(with(are_chosen().filter(|subject| *subject != it.subject).collect())) aria-label={ "Leave out " (it.name) } { (icon::close()) } } }
                }
            }
            @if let Some(problem) = edit.field("who", "").problem { p.field-problem { (problem) } }
        }
        form.stack method="post" action=(frame.at(&path)) {
            @for subject in are_chosen() { input type="hidden" name="who" value=(key(subject)); }
            (Field { hint: Some("Several roles add up. Roles that hold more than you do are not offered."), ..edit.field("role", "Roles in this project") }.checks(&roles, &edit.list("role")))
            div.row { (button::submit("Add to project")) (button::link(&frame.at(&self::path(project)), "Cancel")) }
        }
    };
    let page = Page::new(Section::Members, "Add members", body)
        .within(&viewer, project)
        .below("Members", self::path(project));
    Ok(frame.page(&viewer, &page.status(edit.status())))
}

async fn add(
    grant: Granted<ManageProjectAccess>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let project = grant.scope().project.as_str();
    let mut edit = Edit::read(pairs)?;
    let subjects = wanted(&mut edit);
    let roles = roles(&edit);
    if subjects.is_empty() {
        edit.complain("who", "Search for somebody, and choose them.");
    }
    if roles.is_empty() {
        edit.complain("role", "Choose at least one role.");
    }
    if edit.sound() {
        let added = async {
            let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
            members::add(&mut tx, grant.held(), project, &roles, &subjects).await?;
            tx.commit().await
        };
        if edit.settle(added.await, &[("role", "role"), ("user", "who"), ("group", "who")])?.is_some() {
            let note = count::of(subjects.len(), "more member");
            return Ok(frame.done(&path(project), &Note::new(note)));
        }
    }
    let mut tx = ui.db.read().await?;
    draw_new(&grant, &mut tx, &frame, &edit, &subjects).await
}

fn roles(edit: &Edit) -> Vec<i64> {
    edit.list("role").iter().filter_map(|id| id.parse().ok()).collect()
}

async fn member(tx: &mut Read, project: &str, kind: &str, id: &str) -> Result<Member, Fault> {
    let subject = subject(kind, id).ok_or_else(Fault::nowhere)?;
    let found = members::list(tx, project).await?.into_iter().find(|member| member.subject == subject);
    found.ok_or_else(|| Fault::missing("They are not a member any more. Somebody may have removed them."))
}

fn held(member: &Member) -> Vec<String> {
    member.roles.iter().map(|(id, _)| id.to_string()).collect()
}

async fn ask(
    grant: Granted<ManageProjectAccess>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, kind, id)): Path<(String, String, String)>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let member = member(&mut tx, &project, &kind, &id).await?;
    let edit = Edit::of(vec![("role", held(&member).join("\n"))]);
    draw(&grant, &mut tx, &frame, &member, &edit).await
}

async fn draw(
    grant: &Granted<ManageProjectAccess>,
    tx: &mut Read,
    frame: &Frame,
    member: &Member,
    edit: &Edit,
) -> Result<Response, Fault> {
    let project = grant.scope().project.as_str();
    let viewer = Viewer::of(grant, tx).await?;
    let mut roles: Vec<(String, String, String)> = members::givable(tx, grant.held(), project)
        .await?
        .into_iter()
        .map(|role| (role.id.to_string(), role.name, role.description))
        .collect();
    // What somebody has can be taken away, whoever may give it.
    for (id, name) in &member.roles {
        if !roles.iter().any(|(known, ..)| *known == id.to_string()) {
            roles.push((
                id.to_string(),
                name.clone(),
                "You cannot give it again: it holds more than you do.".to_owned(),
            ));
        }
    }
    let roles: Vec<(&str, &str, &str)> =
        roles.iter().map(|(id, name, text)| (id.as_str(), name.as_str(), text.as_str())).collect();
    let path = one(project, member.subject);
    let is_me = grant.person().ok().map(Subject::User) == Some(member.subject);
    let body = html! {
        (edit.notices())
        p.hint { (what(member)) @if !member.active { " · cannot sign in" } }
        form.stack method="post" action=(frame.at(&path)) data-draft {
            (edit.opened())
            (edit.field("role", "Roles in this project").checks(&roles, &edit.list("role")))
            div.row { (button::submit("Save")) (button::link(&frame.at(&self::path(project)), "Cancel")) }
        }
        section aria-labelledby="remove-title" {
            h2 #remove-title { "Remove from project" }
            p.muted {
                (if is_me { "You lose" } else { "They lose" }) " all roles here. What root roles and groups give stays."
                @if is_me { " You may not be able to come back." }
            }
            form.row method="post" action=(frame.at(&format!("{path}/remove"))) { button.button.danger #remove { "Remove from project" } }
        }
    };
    let page = Page::new(Section::Members, format!("Roles of {}", member.name), body)
        .within(&viewer, project)
        .below("Members", self::path(project));
    Ok(frame.page(&viewer, &page.status(edit.status())))
}

async fn save(
    grant: Granted<ManageProjectAccess>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, kind, id)): Path<(String, String, String)>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let mut edit = Edit::read(pairs)?;
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    crate::projects::lock(&mut tx, &project).await?;
    let there = member(&mut tx, &project, &kind, &id).await?;
    edit.merge_list("role", &held(&there));
    let wanted = roles(&edit);
    if wanted.is_empty() {
        edit.complain("role", "Choose at least one role, or remove them below.");
    } else {
        let saved = async {
            members::set(&mut tx, grant.held(), &project, there.subject, Some(&wanted)).await?;
            tx.commit().await
        };
        if edit.settle(saved.await, &[("role", "role")])?.is_some() {
            return Ok(
                frame.done(&path(&project), &Note::new(format!("The roles of {} are saved", there.name)))
            );
        }
    }
    let mut tx = ui.db.read().await?;
    draw(&grant, &mut tx, &frame, &there, &edit).await
}

async fn remove(
    grant: Granted<ManageProjectAccess>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, kind, id)): Path<(String, String, String)>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    let there = member(&mut tx, &project, &kind, &id).await?;
    members::set(&mut tx, grant.held(), &project, there.subject, None).await?;
    tx.commit().await?;
    let (who, roles) = (key(there.subject), held(&there));
    let fields: Vec<(&str, &str)> = std::iter::once(("who", who.as_str()))
        .chain(roles.iter().map(|role| ("role", role.as_str())))
        .collect();
    let note = Note::new(format!("{} is not a member any more", there.name))
        .undo(format!("{}/add", path(&project)), &fields);
    let me = grant.person().ok().map(Subject::User) == Some(there.subject);
    Ok(frame.done(&if me { format!("/projects/{project}") } else { path(&project) }, &note))
}
