//! What a change of roles would do, before it is saved.

use axum::response::Response;
use maud::{Markup, html};

use super::super::below;
use super::{done, path};
use crate::access::{Administer, Granted};
use crate::error::Result as Outcome;
use crate::provisioning::connection;
use crate::provisioning::giving::{self, Changed, Effect, Mapping, Named};
use crate::ui::Ui;
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::Viewer;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::{button, table, tag};

/// A change that is shown first and saved then.
pub(super) struct Step<'a> {
    /// What it is about.
    pub(super) title: &'a str,
    /// Where it is sent.
    pub(super) action: &'a str,
    /// What is sent again.
    pub(super) fields: Vec<(&'static str, String)>,
    /// The version of the connection that was looked at.
    pub(super) version: Option<i64>,
    /// The button that saves: id and label.
    pub(super) save: (&'a str, &'a str),
    /// What is said when it is done.
    pub(super) note: &'a str,
}

impl Step<'_> {
    /// Shows what the change does; saves it, if somebody is `sure`.
    pub(super) async fn take(
        &self,
        grant: &Granted<Administer>,
        ui: &Ui,
        frame: &Frame,
        id: i64,
        sure: bool,
        change: impl FnOnce(&mut Mapping) -> Outcome<()>,
    ) -> Result<Response, Fault> {
        let mut tx = ui.db.change(grant, frame.now).await?;
        let (mut next, version) = giving::mapping(&mut tx, id).await?;
        change(&mut next)?;
        if sure {
            giving::save(&mut tx, id, self.version, &next).await?;
            tx.commit().await?;
            return Ok(done(frame, id, self.note));
        }
        let version = self.version.unwrap_or(version);
        let effect = giving::preview(tx, id, Some(version), &next).await?;
        self.show(grant, ui, frame, id, version, &effect).await
    }

    async fn show(
        &self,
        grant: &Granted<Administer>,
        ui: &Ui,
        frame: &Frame,
        id: i64,
        version: i64,
        effect: &Effect,
    ) -> Result<Response, Fault> {
        let mut tx = ui.db.read().await?;
        let viewer = Viewer::of(grant, &mut tx).await?;
        let it = connection::get(&mut tx, id).await?;
        let (key, label) = self.save;
        let body = html! {
            @if effect.is_nothing() {
                (notice(Tone::Info, "Nobody gains or loses anything now", &html! { p { "It counts for whoever comes, or changes groups, from now on." } }))
            } @else {
                p.lead { (people(effect.gaining)) " would gain roles, and " (people(effect.losing)) " would lose some. Nothing is changed yet." }
                (table::scroll("Who gains and loses what", &rows(frame, &effect.people)))
                @if effect.gaining.max(effect.losing) > effect.people.len() { p.muted { "These are the first " (effect.people.len()) "." } }
            }
            form.stack method="post" action=(frame.at(self.action)) {
                @for (name, value) in &self.fields { input type="hidden" name=(name) value=(value); }
                input type="hidden" name="version" value=(version);
                input type="hidden" name="sure" value="true";
                div.row {
                    button.button.primary id=(key) { (label) }
                    (button::link(&frame.at(&path(id)), "Cancel"))
                }
            }
        };
        let page =
            below(Page::new(Section::Provisioning, format!("{}: what changes", self.title), body), &it)
                .below("Roles", path(id));
        Ok(frame.page(&viewer, &page))
    }
}

fn people(count: usize) -> String {
    match count {
        0 => "nobody".to_owned(),
        1 => "1 person".to_owned(),
        more => format!("{more} people"),
    }
}

fn rows(frame: &Frame, changed: &[Changed]) -> Markup {
    let roles = |list: &[Named]| {
        html! { @for it in list { (tag::chip(&it.words())) " " } @if list.is_empty() { span.muted { "–" } } }
    };
    html! {
        table.rows.stacks {
            thead { tr { th scope="col" { "Person" } th scope="col" { "Gains" } th scope="col" { "Loses" } } }
            tbody { @for it in changed {
                tr {
                    th.wide scope="row" { a href=(frame.at(&format!("/users/{}/access", it.user))) { (it.name) } }
                    td data-label="Gains" { (roles(&it.gains)) }
                    td data-label="Loses" { (roles(&it.loses)) }
                }
            } }
        }
    }
}
