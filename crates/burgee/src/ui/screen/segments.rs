//! Segments: lists of conditions with a name, which strategies share. Where they are used, and the form that makes and
//! changes them.

use axum::extract::{Path, State};
use axum::response::Response;
use burgee_eval::document::Constraint;
use maud::{Markup, html};
use serde::Deserialize;

use crate::access::{
    CreateSegment, DeleteSegment, Granted, Guard, Holdings, SeeProject, Sight, SignedIn, UpdateSegment,
};
use crate::audience::{self, Audience, By, Census, Tie};
use crate::constraints::usage;
use crate::contexts;
use crate::db::Read;
use crate::error::Error;
use crate::people::group as groups;
use crate::segments::{self, Draft, Segment, Used};
use crate::ui::edit::{Edit, Values};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Query, Viewer, why_not, why_not_everywhere};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::conditions::Conditions;
use crate::ui::part::form::Field;
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::table::{self, Ask};
use crate::ui::part::{button, count, diff, filter, icon, notice as place, sentence, time};
use crate::ui::{Places, Ui};

/// How many segments a page has.
const SIZE: i64 = 50;
/// How many conditions a list tells, and how many uses a page.
const MOST_CONDITIONS: usize = 2;
const MOST_USES: usize = 100;
/// How many groups are suggested.
const SUGGESTED: usize = 500;
/// The context field with which members of a group are compared unless somebody says otherwise.
const USER_ID: &str = "userId";

pub(in crate::ui) fn places(places: Places) -> Places {
    places
        .page("/segments", list)
        .page("/projects/{projectId}/segments", list_in_project)
        .page("/new-segment", ask_new)
        .action("/new-segment", create)
        .page("/segments/{id}", show)
        .page("/segments/{id}/edit", ask)
        .action("/segments/{id}/edit", save)
        .page("/segments/{id}/delete", ask_delete)
        .action("/segments/{id}/delete", delete)
}

/// Why somebody may not do what `G` guards to what belongs to a project, or to everybody.
pub(super) fn why_not_to<G: Guard>(held: &Holdings, project: Option<&str>) -> Option<String> {
    project.map_or_else(|| why_not_everywhere::<G>(held), |project| why_not::<G>(held, project, None))
}

/// What the address asks for.
#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    page: Option<i64>,
}

async fn list(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    drawn_list(&grant, &ui, &frame, &asked, None).await
}

async fn list_in_project(
    grant: Granted<SeeProject>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let project = grant.scope().project.clone();
    drawn_list(&grant, &ui, &frame, &asked, Some(&project)).await
}

/// All segments, or those that a project can use.
async fn drawn_list<G: Guard>(
    grant: &Granted<G>,
    ui: &Ui,
    frame: &Frame,
    asked: &Asked,
    project: Option<&str>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(grant, &mut tx).await?;
    let sight = grant.sight(&mut tx).await?;
    let mut all = segments::list(&mut tx, &sight).await?;
    let watch = Watch::over(grant, &mut tx, None, None).await?;
    if project.is_some() {
        all.retain(|used| used.segment.project.is_none() || used.segment.project.as_deref() == project);
    }
    let none = all.is_empty();
    let wanted = burgee_scim::fold(asked.q.trim());
    let finds = |text: &str| burgee_scim::fold(text).contains(&wanted);
    all.retain(|Used { segment, .. }| {
        finds(&segment.name)
            || segment.description.as_deref().is_some_and(finds)
            || segment.constraints.0.iter().any(|rule| finds(&rule.context_name))
            || segment.group.get().is_some_and(|group| finds(&group.name) || finds(&group.field))
    });
    let page = table::number(asked.page);
    let (shown, total) = table::cut(&all, page, SIZE);
    let path = project.map_or_else(|| "/segments".to_owned(), |id| format!("/projects/{id}/segments"));
    let ask = Ask { path: &path, pairs: vec![("q", asked.q.clone())] };
    let why_not = why_not_to::<CreateSegment>(grant.held(), project)
        .filter(|_| project.is_some() || !may_somewhere::<CreateSegment>(&viewer, grant.held()));
    let new = project.map_or_else(|| "/new-segment".to_owned(), |id| format!("/new-segment?project={id}"));
    let create = |key| button::main_link(&frame.at(&new), "New segment", why_not.as_deref(), key);
    let rows = html! {
        table.rows {
            thead { tr { th scope="col" { "Segment" } th scope="col" { "Who is in it" } th scope="col" { "Belongs to" } th scope="col" { "Used by" } } }
            tbody { @for used in shown { (row(frame, &viewer, used)) } }
        }
    };
    let body = html! {
        @if none {
            (place::empty("No segments yet", "A segment names a group of users, such as “beta testers”, so that many flags can share it.", &create(None)))
        } @else {
            div.filters { (filter::search(frame, &ask, "Filter segments by name, context field or group", "Filter segments")) }
            @if total == 0 {
                (place::empty("No segment matches", "Try fewer words.", &button::link(&frame.at(&path), "Show all segments")))
            } @else {
                (table::scroll("Segments", &rows))
                (ask.pages(frame, page, SIZE, total))
            }
        }
    };
    let section = if project.is_some() { Section::ProjectSegments } else { Section::Segments };
    let page = Page::new(section, "Segments", body).watch(watch).actions(create(Some("c")));
    let page = match project {
        Some(project) => page.within(&viewer, project),
        None => page,
    };
    Ok(frame.page(&viewer, &page))
}

fn row(frame: &Frame, viewer: &Viewer, used: &Used) -> Markup {
    let segment = &used.segment;
    let rules = &segment.constraints.0;
    html! {
        tr data-row id={ "row-" (segment.id) } {
            td.wide {
                a.row-link href=(frame.at(&path(segment.id, ""))) { (segment.name) }
                @if let Some(text) = segment.description.as_deref().filter(|text| !text.is_empty()) { div.muted.clip { (text) } }
            }
            td.wide {
                @let group = segment.group.get();
                @if let Some(group) = &group { (sentence::group(&group.name, &group.field)) @if group.gone { " (removed)" } }
                @if rules.is_empty() && group.is_none() { "Everyone" }
                @for (index, rule) in rules.iter().take(MOST_CONDITIONS).enumerate() { @if index > 0 || group.is_some() { " and " } (sentence::constraint(rule)) }
                @if rules.len() > MOST_CONDITIONS { span.muted { ", and " (count::of(rules.len() - MOST_CONDITIONS, "more condition")) } }
            }
            td.muted { (owner(viewer, segment.project.as_deref())) }
            td { (count::of(used.features, "flag")) }
        }
    }
}

fn path(id: i64, step: &str) -> String {
    format!("/segments/{id}{step}")
}

fn owner(viewer: &Viewer, project: Option<&str>) -> String {
    let Some(id) = project else { return "All projects".to_owned() };
    viewer.project(id).to_owned()
}

/// The strategies that use something, with links to their flags.
pub(super) fn where_used(frame: &Frame, uses: &[usage::Use]) -> Markup {
    html! {
        @if uses.is_empty() { p.muted { "No flag uses it." } }
        @else {
            ul.links {
                @for it in uses.iter().take(MOST_USES) {
                    li {
                        (icon::flag())
                        a href=(frame.at(&format!("/projects/{}/features/{}", it.project, it.feature))) { (it.feature) }
                        span.muted { "in " (it.environment) }
                        span.muted.end { (it.project) }
                    }
                }
            }
            @if uses.len() > MOST_USES { p.muted { "and " (uses.len() - MOST_USES) " more" } }
        }
    }
}

/// The page of a segment lies in its project.
fn at_home(segment: &Segment, viewer: &Viewer, title: &str, body: Markup) -> Page {
    match &segment.project {
        Some(project) => Page::new(Section::ProjectSegments, title, body)
            .within(viewer, project)
            .below("Segments", format!("/projects/{project}/segments")),
        None => Page::new(Section::Segments, title, body).below("Segments", "/segments".to_owned()),
    }
}

fn number(id: &str) -> Result<i64, Fault> {
    id.parse().map_err(|_| Fault::nowhere())
}

async fn show(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let sight = grant.sight(&mut tx).await?;
    let segment = segments::get(&mut tx, &sight, number(&id)?).await?;
    let uses = usage::of_segment(&mut tx, &sight, segment.id).await?;
    let watch = Watch::over(&grant, &mut tx, segment.project.as_deref(), None).await?;
    let group = segment.group.get();
    let census =
        if group.is_some() { audience::census(&mut tx, segment.id).await? } else { Census::default() };
    let (held, project) = (grant.held(), segment.project.as_deref());
    let body = html! {
        div.about {
            @if let Some(text) = segment.description.as_deref().filter(|text| !text.is_empty()) { p.lead { (text) } }
            dl.facts {
                div { dt { "Belongs to" } dd { (owner(&viewer, project)) } }
                div { dt { "Created" } dd { (time::ago(segment.created_at, frame.now)) " by " (segment.created_by) } }
            }
        }
        section aria-labelledby="conditions" {
            h2 #conditions { "Who is in it" }
            @if let Some(group) = group.as_ref().filter(|group| group.gone) {
                (notice(Tone::Warning, "Its group was removed", &html! {
                    p { "The identity provider removed " strong { (group.name) } ". Nobody is in this segment any more, so that flags which use it are off for everyone whom nothing else lets in. Give it another group." }
                }))
            }
            @if segment.constraints.0.is_empty() && group.is_none() { p { "Everyone: it has no conditions." } }
            @else {
                p.muted { "Whoever meets all of these:" }
                ul.list {
                    @if let Some(group) = &group { li.sentence { (in_group(&frame, &viewer, group)) } }
                    @for rule in &segment.constraints.0 { li.sentence { (sentence::constraint(rule)) @if rule.case_insensitive { span.muted { " (upper and lower case are the same)" } } } }
                }
            }
            @if let Some(group) = group.as_ref().filter(|group| !group.gone) { (counted(group, &census)) }
        }
        section aria-labelledby="uses" {
            h2 #uses { "Where it is used" }
            (where_used(&frame, &uses))
        }
    };
    let in_use =
        (!uses.is_empty()).then(|| "Flags use it. Take it out of their strategies first.".to_owned());
    let remove = why_not_to::<DeleteSegment>(held, project).or(in_use);
    let actions = html! {
        (button::link_or_why("delete", &frame.at(&path(segment.id, "/delete")), "Delete…", remove.as_deref()))
        (button::link_or_why("edit", &frame.at(&path(segment.id, "/edit")), "Edit", why_not_to::<UpdateSegment>(held, project).as_deref()))
    };
    let page = at_home(&segment, &viewer, &segment.name, body).actions(actions).watch(watch);
    Ok(frame.page(&viewer, &page))
}

/// The group that somebody has to be in, with a link for those who may open it.
fn in_group(frame: &Frame, viewer: &Viewer, group: &Audience) -> Markup {
    html! {
        "in group "
        @if viewer.admin && !group.gone { a href=(frame.at(&format!("/groups/{}", group.id))) { (group.name) } } @else { strong { (group.name) } }
        ": " strong { (group.field) } " is the " (group.by.label()) " of a member"
    }
}

/// How many members of the group clients recognise, and why not all.
fn counted(group: &Audience, census: &Census) -> Markup {
    let by = group.by.label();
    let reasons = [
        (
            census.addresses,
            format!("whose {by} is an e-mail address: addresses are never sent to applications"),
        ),
        (
            census.without,
            format!("without {}", if by.starts_with('e') { format!("an {by}") } else { format!("a {by}") }),
        ),
        (census.unusable, format!("whose {by} is too long, or no plain text")),
        (census.beyond, format!("beyond the {} that a segment can take", audience::MOST)),
    ];
    html! {
        p {
            "Applications get "
            @if census.values == 0 { "no value, so that nobody is in it" } @else { (count::of(census.values, "value")) }
            ", kept in line with the group and the groups inside it. People who are not active do not count."
        }
        @if census.left_out() > 0 {
            (notice(Tone::Warning, &format!("{} left out", count::are(census.left_out(), "member")), &html! {
                ul { @for (people, why) in &reasons { @if *people > 0 { li { (people) " " (why) } } } }
            }))
        }
    }
}

/// The projects in which somebody may do what `G` guards.
fn mine<'a, G: Guard>(viewer: &'a Viewer, held: &'a Holdings) -> impl Iterator<Item = &'a (String, String)> {
    viewer.projects.iter().filter(|(id, _)| held.any(G::ANY_OF, Some(id), None))
}

/// True if there is such a project.
pub(super) fn may_somewhere<G: Guard>(viewer: &Viewer, held: &Holdings) -> bool {
    mine::<G>(viewer, held).next().is_some()
}

/// To whom something can belong: everybody, where the reader may do what `G` guards there or it does `already`, and
/// projects; what is chosen is always among them.
pub(super) fn owners<'a, G: Guard>(
    viewer: &'a Viewer,
    held: &'a Holdings,
    chosen: &'a str,
    already: bool,
) -> Vec<(&'a str, &'a str)> {
    let mut owners: Vec<(&str, &str)> = Vec::new();
    if held.any(G::ANY_OF, None, None) || (chosen.is_empty() && already) {
        owners.push(("", "All projects"));
    }
    owners.extend(mine::<G>(viewer, held).map(|(id, name)| (id.as_str(), name.as_str())));
    if !owners.iter().any(|(id, _)| *id == chosen) && !chosen.is_empty() {
        owners.push((chosen, chosen));
    }
    owners
}

/// A form on its way to the page. The conditions stand in rows, and in the edit as one text that can be compared.
struct Open {
    edit: Edit,
    conditions: Conditions,
}

/// Conditions as one text.
fn text(conditions: &Conditions) -> Result<String, Fault> {
    Ok(serde_json::to_string(&conditions.meant()).map_err(Error::from)?)
}

fn values(segment: &Segment) -> Result<Values, Fault> {
    let group = segment.group.get();
    let of_group = |read: fn(&Audience) -> String| group.as_ref().map(read).unwrap_or_default();
    Ok(vec![
        ("group", of_group(|group| group.name.clone())),
        ("by", of_group(|group| group.by.name().to_owned())),
        ("field", of_group(|group| group.field.clone())),
        ("name", segment.name.clone()),
        ("description", segment.description.clone().unwrap_or_default()),
        ("project", segment.project.clone().unwrap_or_default()),
        ("conditions", text(&Conditions::of(&segment.constraints.0))?),
    ])
}

impl Open {
    fn read(pairs: Vec<(String, String)>) -> Result<(Self, String), Fault> {
        let (mut conditions, mut rest, mut act) = (Conditions::default(), Vec::new(), String::new());
        for (name, value) in pairs {
            match name.splitn(3, '.').collect::<Vec<_>>()[..] {
                ["act"] => act = value,
                ["c", number, member] => {
                    let Ok(number) = number.parse() else { continue };
                    conditions.take(number, member, value.replace("\r\n", "\n"))?;
                }
                _ => rest.push((name, value)),
            }
        }
        Ok((Self { edit: Edit::read(rest)?, conditions }, act))
    }

    /// Puts it on top of what is there now. False: somebody else changed the same.
    fn onto(&mut self, now: &Segment) -> Result<bool, Fault> {
        let mine = text(&self.conditions)?;
        self.edit.set("conditions", mine.clone());
        let mergeable = self.edit.onto(values(now)?);
        if self.edit.get("conditions") != mine {
            self.conditions = Conditions::of(&now.constraints.0);
        }
        Ok(mergeable)
    }

    /// What is meant, where this segment was shown.
    async fn draft(&self, tx: &mut Read, shown: Option<&Segment>) -> Result<Draft, Error> {
        let stored = shown.map_or(&[][..], |segment| &segment.constraints.0);
        Ok(Draft {
            group: Some(self.tie(tx, shown.and_then(|segment| segment.group.get())).await?),
            name: self.edit.get("name").to_owned(),
            description: self.edit.some("description"),
            project: self.edit.some("project"),
            constraints: self.conditions.meant_over(stored),
        })
    }

    /// The group that is meant. What was not touched stays what it was: another group that has the name of one that is gone
    /// is not taken for it.
    async fn tie(&self, tx: &mut Read, before: Option<Audience>) -> Result<Option<Tie>, Error> {
        let name = self.edit.get("group").trim();
        if name.is_empty() {
            return Ok(None);
        }
        let kept = before.filter(|before| before.name == name).map(|before| before.id);
        let meant = match kept {
            Some(id) => Some(id),
            None => groups::named(tx, name).await?.map(|group| group.id),
        };
        let Some(group) = meant else {
            return Err(Error::bad_data("\"group\": no group has this name. Choose one from the list."));
        };
        let field = self.edit.some("field").unwrap_or_else(|| USER_ID.to_owned());
        let by = By::named(self.edit.get("by")).unwrap_or(By::ALL[0]);
        Ok(Some(Tie { group, field, by }))
    }

    fn settle<T>(&mut self, saved: Result<T, Error>) -> Result<Option<T>, Fault> {
        let conditions = self.conditions.clone();
        self.edit.settle_by(saved, |sentence| {
            let named = |word: &str| sentence.contains(word);
            let field = match () {
                () if named("constraints[") => return conditions.located(sentence),
                () if named("\"group.field\"") => "field",
                () if named("\"group") => "group",
                () if named("\"name\"") || named("Segment name") => "name",
                () if named("\"description\"") => "description",
                () if named("project") => "project",
                () => return None,
            };
            Some((field.to_owned(), sentence.to_owned()))
        })
    }

    async fn draw<G: Guard>(
        &self,
        grant: &Granted<G>,
        tx: &mut Read,
        frame: &Frame,
        segment: Option<&Segment>,
    ) -> Result<Response, Fault> {
        let viewer = Viewer::of(grant, tx).await?;
        let sight = grant.sight(tx).await?;
        let (edit, chosen) = (&self.edit, self.edit.get("project"));
        let fields = contexts::usable(tx, &sight, (!chosen.is_empty()).then_some(chosen)).await?;
        let groups = groups::sizes(tx).await?;
        let groups: Vec<&str> = groups.iter().take(SUGGESTED).map(|group| group.name.as_str()).collect();
        let by = By::ALL.map(|by| (by.name(), by.label()));
        let known: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        let tied = !edit.get("group").is_empty() || edit.field("field", "").problem.is_some();
        let field = edit.some("field").unwrap_or_else(|| USER_ID.to_owned());
        let owners = owners::<G>(&viewer, grant.held(), chosen, segment.is_some());
        let (action, back, label) = match segment {
            Some(segment) => (path(segment.id, "/edit"), path(segment.id, ""), "Save"),
            None => ("/new-segment".to_owned(), "/segments".to_owned(), "Create segment"),
        };
        let body = html! {
            (edit.notices())
            @if edit.field("conditions", "").problem.is_some() { (disputed(edit.was("conditions"), &self.conditions.meant())) }
            form.stack method="post" action=(frame.at(&action)) data-draft novalidate {
                // The first button is the one that Enter presses.
                button.unseen name="act" value="save" tabindex="-1" aria-hidden="true" { (label) }
                (edit.opened())
                (Field { hint: Some("What people look for when they choose it for a strategy."), ..edit.field("name", "Name") }.text("text", edit.get("name"), "off"))
                (Field { optional: true, hint: Some("Who these users are."), ..edit.field("description", "Description") }.lines(edit.get("description")))
                (Field { hint: Some("Only flags of this project can use it."), ..edit.field("project", "Belongs to") }.choice(&owners, chosen))
                details.choices open[tied] {
                    summary { "Only people in a group" }
                    (Field { optional: true, hint: Some("Who is in it, or in a group inside it, and is active. Changes reach applications at once."), ..edit.field("group", "Group") }.combo(&groups, edit.get("group")))
                    div.pair {
                        (Field { hint: Some("The context field in which applications say who the user is."), ..edit.field("field", "Compare") }.combo(&known, &field))
                        (Field { hint: Some("E-mail addresses are left out: they are never sent to applications."), ..edit.field("by", "With each member’s") }.choice(&by, edit.get("by")))
                    }
                }
                (self.conditions.fields(frame, &fields, edit.problems()))
                div.row {
                    button.button.primary #save name="act" value="save" { (label) }
                    (button::link(&frame.at(&back), "Cancel"))
                }
            }
        };
        let page = match segment {
            Some(segment) => at_home(segment, &viewer, "Edit segment", body).below(&segment.name, back),
            None => Page::new(Section::Segments, "New segment", body).below("Segments", back),
        };
        Ok(frame.page(&viewer, &page.status(edit.status())))
    }
}

/// Says what somebody else made of the conditions.
fn disputed(theirs: &str, yours: &[Constraint]) -> Markup {
    let theirs = serde_json::from_str(theirs).ok();
    let yours = serde_json::to_value(yours).ok();
    notice(
        Tone::Warning,
        "The conditions differ",
        &html! {
            p { "Save again to replace theirs by yours, or change what you typed first." }
            (diff::between(("Theirs", theirs.as_ref()), ("Yours", yours.as_ref())))
        },
    )
}

#[derive(Deserialize)]
struct For {
    project: Option<String>,
}

async fn ask_new(
    grant: Granted<CreateSegment>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(wanted): Query<For>,
) -> Result<Response, Fault> {
    let mut conditions = Conditions::default();
    conditions.add();
    let edit = Edit::of(vec![("project", wanted.project.unwrap_or_default())]);
    Open { edit, conditions }.draw(&grant, &mut ui.db.read().await?, &frame, None).await
}

async fn create(
    grant: Granted<CreateSegment>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let (mut open, act) = Open::read(pairs)?;
    if !open.conditions.act(&act) {
        open.conditions.drop_empty();
        let made = async {
            let draft = open.draft(&mut ui.db.read().await?, None).await?;
            grant.ensure_in(draft.project.as_deref(), None)?;
            let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
            let sight = grant.sight(&mut tx).await?;
            let made = segments::create(&mut tx, &sight, draft).await?;
            tx.commit().await?;
            Ok::<_, Error>(made)
        };
        if let Some(made) = open.settle(made.await)? {
            let note = Note::new(format!("{} is there. Choose it in the strategies of flags", made.name));
            return Ok(frame.done(&path(made.id, ""), &note));
        }
    }
    open.draw(&grant, &mut ui.db.read().await?, &frame, None).await
}

async fn ask(
    grant: Granted<UpdateSegment>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let sight = grant.sight(&mut tx).await?;
    let segment = segments::get(&mut tx, &sight, number(&id)?).await?;
    grant.ensure_in(segment.project.as_deref(), None)?;
    let conditions = Conditions::of(&segment.constraints.0);
    let open = Open { edit: Edit::of(values(&segment)?), conditions };
    open.draw(&grant, &mut tx, &frame, Some(&segment)).await
}

/// Takes the right to change the segment where it is, and where it is to go.
async fn save(
    grant: Granted<UpdateSegment>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(id): Path<String>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let (mut open, act) = Open::read(pairs)?;
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    let sight = grant.sight(&mut tx).await?;
    // Locked before it is compared, so that nobody comes between.
    let there = segments::lock(&mut tx, &sight, number(&id)?).await?;
    grant.ensure_in(there.project.as_deref(), None)?;
    if open.conditions.act(&act) {
        drop(tx);
    } else {
        open.conditions.drop_empty();
        if open.onto(&there)? {
            let saved = async {
                let draft = open.draft(&mut tx, Some(&there)).await?;
                grant.ensure_in(draft.project.as_deref(), None)?;
                segments::update(&mut tx, &sight, there.clone(), draft).await?;
                tx.commit().await
            };
            if open.settle(saved.await)?.is_some() {
                let note = Note::new(format!("{} is saved", open.edit.get("name")));
                return Ok(frame.done(&path(there.id, ""), &note));
            }
        } else {
            drop(tx);
        }
    }
    open.draw(&grant, &mut ui.db.read().await?, &frame, Some(&there)).await
}

async fn ask_delete(
    grant: Granted<DeleteSegment>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let sight = grant.sight(&mut tx).await?;
    let segment = segments::get(&mut tx, &sight, number(&id)?).await?;
    grant.ensure_in(segment.project.as_deref(), None)?;
    let uses = usage::of_segment(&mut tx, &sight, segment.id).await?;
    let free = usage::of_segment(&mut tx, &Sight::ALL, segment.id).await?.is_empty();
    let body = html! {
        @if free {
            p { "No flag uses " strong { (segment.name) } ". It does not come back; archived flags that had it lose it." }
        } @else {
            (notice(Tone::Problem, "Flags use it", &html! { p { "Take it out of their strategies first, or archive the flags." } }))
            (where_used(&frame, &uses))
        }
        form.row method="post" action=(frame.at(&path(segment.id, "/delete"))) {
            @if free { button.button.danger #delete { "Delete segment" } }
            (button::link(&frame.at(&path(segment.id, "")), "Cancel"))
        }
    };
    let page = at_home(&segment, &viewer, "Delete segment", body).below(&segment.name, path(segment.id, ""));
    Ok(frame.page(&viewer, &page))
}

async fn delete(
    grant: Granted<DeleteSegment>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    let sight = grant.sight(&mut tx).await?;
    let segment = segments::lock(&mut tx, &sight, number(&id)?).await?;
    grant.ensure_in(segment.project.as_deref(), None)?;
    segments::delete(&mut tx, &segment).await?;
    tx.commit().await?;
    let back = segment
        .project
        .as_ref()
        .map_or_else(|| "/segments".to_owned(), |id| format!("/projects/{id}/segments"));
    Ok(frame.done(&back, &Note::new(format!("{} is deleted", segment.name))))
}
