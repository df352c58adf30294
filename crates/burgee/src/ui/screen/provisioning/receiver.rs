//! One receiver of SCIM events: made, changed, removed.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};

use super::name;
use super::receivers::{HERE, trouble, way};
use super::wizard::labelled;
use crate::access::{Administer, Granted};
use crate::db::Read;
use crate::error::Error;
use crate::provisioning::connection;
use crate::provisioning::signals::{self, Delivery, Draft, Header, Kind, Receiver, State as Standing};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Number, Viewer};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::form::{self, Field};
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::{button, secret, time};
use crate::ui::{Places, Ui};

/// What a new receiver is told unless somebody chooses.
const USUAL: [Kind; 7] = [
    Kind::FeedAdd,
    Kind::CreateNotice,
    Kind::PatchNotice,
    Kind::PutNotice,
    Kind::Delete,
    Kind::Activate,
    Kind::Deactivate,
];

pub(super) fn places(places: Places) -> Places {
    places
        .page("/provisioning/receivers/new", ask)
        .action("/provisioning/receivers/new", make)
        .page("/provisioning/receivers/{id}", edit)
        .action("/provisioning/receivers/{id}", save)
        .action("/provisioning/receivers/{id}/token", new_token)
        .page("/provisioning/receivers/{id}/delete", confirm)
        .action("/provisioning/receivers/{id}/delete", delete)
}

/// How many wait, in a word.
pub(super) fn told(waiting: i64) -> String {
    if waiting >= 1000 { "1000 or more".to_owned() } else { waiting.to_string() }
}

/// What the form sends. Events are sent one by one, as boxes are.
#[derive(Default)]
struct Sent {
    name: String,
    connection: String,
    delivery: String,
    endpoint: String,
    header: String,
    no_header: bool,
    audience: String,
    kinds: Vec<String>,
    enabled: bool,
    version: Option<String>,
}

impl From<Vec<(String, String)>> for Sent {
    fn from(pairs: Vec<(String, String)>) -> Self {
        let mut sent = Self::default();
        for (name, value) in pairs {
            match name.as_str() {
                "name" => sent.name = value,
                "connection" => sent.connection = value,
                "delivery" => sent.delivery = value,
                "endpoint" => sent.endpoint = value,
                "header" => sent.header = value,
                "no_header" => sent.no_header = true,
                "audience" => sent.audience = value,
                "kinds" => sent.kinds.push(value),
                "enabled" => sent.enabled = true,
                "version" => sent.version = Some(value),
                _ => {}
            }
        }
        sent
    }
}

impl Sent {
    fn of(it: &Receiver) -> Self {
        Self {
            name: it.name.clone(),
            connection: it.connection_id.map(|id| id.to_string()).unwrap_or_default(),
            delivery: it.delivery.name().to_owned(),
            endpoint: it.shown().unwrap_or_default(),
            audience: it.audience.clone(),
            kinds: it.kinds.0.iter().map(|kind| kind.name().to_owned()).collect(),
            enabled: it.enabled,
            version: Some(it.version.to_string()),
            ..Self::default()
        }
    }

    /// The version that was looked at.
    fn version(&self) -> Result<Option<i64>, Error> {
        let read = |text: &String| {
            let number = text.parse::<i64>();
            number.map_err(|_| Error::bad_data("The version is no number: open the page again."))
        };
        self.version.as_ref().map(read).transpose()
    }

    fn draft(&self) -> Result<Draft, Error> {
        let poll = self.delivery == Delivery::Poll.name();
        let text = |text: &str| Some(text.trim()).filter(|text| !text.is_empty() && !poll).map(str::to_owned);
        // Whoever means one connection must not get all of them.
        let connection = match self.connection.as_str() {
            "" => None,
            number => {
                Some(number.parse::<i64>().map_err(|_| Error::bad_data("There is no such connection."))?)
            }
        };
        Ok(Draft {
            name: self.name.clone(),
            connection,
            delivery: if poll { Delivery::Poll } else { Delivery::Push },
            endpoint: text(&self.endpoint),
            header: match text(&self.header) {
                Some(value) => Header::New(value),
                None if self.no_header => Header::None,
                None => Header::Same,
            },
            audience: self.audience.clone(),
            kinds: self.kinds.iter().filter_map(|name| Kind::named(name)).collect(),
            enabled: self.enabled,
        })
    }
}

/// A kind of event, and what it means.
fn kinds() -> [(&'static str, &'static str, &'static str); 11] {
    Kind::ALL.map(|kind| {
        let (label, meaning) = match kind {
            Kind::FeedAdd => {
                ("Taken over", "Somebody who was here already is managed by the identity provider now.")
            }
            Kind::FeedRemove => ("Let go", "The identity provider removed the last admin, who stays."),
            Kind::CreateNotice => ("Made: notice", "The names of the attributes."),
            Kind::CreateFull => ("Made: whole resource", "All attributes with their values: personal data."),
            Kind::PatchNotice => ("Changed in parts: notice", "The names of the attributes that changed."),
            Kind::PutNotice => ("Replaced: notice", "The names of the attributes that changed."),
            Kind::PutFull => ("Replaced: whole resource", "All attributes with their values: personal data."),
            Kind::Delete => ("Removed", ""),
            Kind::Activate => ("Has access again", ""),
            Kind::Deactivate => ("Has lost access", ""),
            Kind::Answer => (
                "Answers to requests",
                "Lets the identity provider send Prefer: respond-async: what came of a request is told here.",
            ),
        };
        (kind.name(), label, meaning)
    })
}

async fn ask(grant: Granted<Administer>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let sent = Sent {
        delivery: Delivery::Push.name().to_owned(),
        kinds: USUAL.iter().map(|kind| kind.name().to_owned()).collect(),
        enabled: true,
        ..Sent::default()
    };
    draw(&grant, &ui, &frame, None, &sent, &[]).await
}

async fn edit(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let it = signals::get(&mut tx, id).await?;
    let state = signals::state(&mut tx, id).await?;
    tx.end().await?;
    draw(&grant, &ui, &frame, Some((&it, &state)), &Sent::of(&it), &[]).await
}

async fn draw(
    grant: &Granted<Administer>,
    ui: &Ui,
    frame: &Frame,
    there: Option<(&Receiver, &Standing)>,
    sent: &Sent,
    problems: &[String],
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(grant, &mut tx).await?;
    let connections = connections(&mut tx).await?;
    let connections: Vec<(&str, &str)> =
        connections.iter().map(|(id, name)| (id.as_str(), name.as_str())).collect();
    let path =
        there.map_or_else(|| "/provisioning/receivers/new".to_owned(), |(it, _)| format!("{HERE}/{}", it.id));
    let polls = sent.delivery == Delivery::Poll.name();
    let body = html! {
        (form::problems(problems))
        @if let Some((it, state)) = there { (standing(frame, it, state)) }
        form.stack method="post" action=(frame.at(&path)) data-draft {
            @if let Some(version) = &sent.version { input type="hidden" name="version" value=(version); }
            (Field { name: "name", label: "Name", ..Field::default() }.text("text", &sent.name, "off"))
            (Field { name: "connection", label: "Told of", ..Field::default() }.choice(&connections, &sent.connection))
            @match there {
                Some((it, _)) => {
                    input type="hidden" name="delivery" value=(it.delivery.name());
                    @if polls { (labelled("Poll endpoint", &signals::poll_url(&ui.config.url()))) }
                },
                None => (Field { name: "delivery", label: "Delivery", ..Field::default() }.radios(&[
                    (Delivery::Push.name(), "Pushed", "Each event is posted to the endpoint at once (RFC 8935)."),
                    (Delivery::Poll.name(), "Fetched", "The receiver asks for events with a token of its own (RFC 8936)."),
                ], &sent.delivery)),
            }
            @if there.is_none() || !polls { (of_push(there.map(|(it, _)| it), sent)) }
            (Field { name: "audience", label: "Audience", hint: Some("What the receiver calls itself: aud in the tokens."), ..Field::default() }.text("text", &sent.audience, "off"))
            (Field { name: "kinds", label: "Events", ..Field::default() }.checks(&kinds(), &sent.kinds))
            (form::check("enabled", "On", "While it is off, events wait for it.", sent.enabled))
            div.row { button.button.primary #save { @if there.is_some() { "Save" } @else { "Create receiver" } } (button::link(&frame.at(HERE), "Cancel")) }
        }
        @if let Some((it, _)) = there {
            @if it.delivery == Delivery::Poll {
                section aria-labelledby="token" {
                    h2 #token { "Token" }
                    p { @if let Some(prefix) = &it.prefix { "It begins with " code { (prefix) "…" } ". " } "A new one ends it." }
                    form method="post" action=(frame.at(&format!("{HERE}/{}/token", it.id))) { button.button #new-token { "New token" } }
                }
            }
            section aria-labelledby="end" {
                h2 #end { "No events any more" }
                p { (button::link(&frame.at(&format!("{HERE}/{}/delete", it.id)), "Remove…")) }
            }
        }
    };
    let title = there.map_or_else(|| "New receiver".to_owned(), |(it, _)| it.name.clone());
    let page = below(Page::new(Section::Provisioning, title, body));
    let page = if problems.is_empty() { page } else { page.status(StatusCode::UNPROCESSABLE_ENTITY) };
    Ok(frame.page(&viewer, &page))
}

fn of_push(there: Option<&Receiver>, sent: &Sent) -> Markup {
    let has = there.is_some_and(|it| it.has_header);
    let hint = if has {
        "One is sent, and not shown. What is typed here replaces it."
    } else {
        "Sent with every event, such as “Bearer …”. It has to be stored as it is."
    };
    html! {
        (Field { name: "endpoint", label: "Endpoint", hint: Some("Where events are posted to: https, or http on this machine. Values in its query are not shown again."), optional: there.is_none(), ..Field::default() }.text("url", &sent.endpoint, "off"))
        (Field { name: "header", label: "Authorization header", hint: Some(hint), optional: true, ..Field::default() }.text("password", &sent.header, "off"))
        @if has { (form::check("no_header", "Send none any more", "", sent.no_header)) }
    }
}

fn standing(frame: &Frame, it: &Receiver, state: &Standing) -> Markup {
    html! {
        @if state.failures > 0 {
            (notice(Tone::Warning, "Events are not delivered", &html! { p { "It is tried again by itself; nothing is lost meanwhile. Saving tries at once." } }))
        }
        dl.facts {
            div { dt { "Events are" } dd { (way(it.delivery)) } }
            div { dt { "Taken" } dd { (state.delivered) } }
            div { dt { "Last taken" } dd { (time::ago_or(state.delivered_at, frame.now, "never")) } }
            div { dt { "Waiting" } dd { (told(state.waiting)) } }
            div { dt { "Refused" } dd { (state.refused) } }
            div { dt { "Last error" } dd { (trouble(frame, state)) } }
        }
    }
}

/// Which connections there are, by number and name, with all of them first.
async fn connections(tx: &mut Read) -> Result<Vec<(String, String)>, Fault> {
    let all = connection::list(tx).await?;
    let mut options = vec![(String::new(), "All connections".to_owned())];
    options.extend(all.iter().map(|it| (it.connection.id.to_string(), name(&it.connection))));
    Ok(options)
}

fn below(page: Page) -> Page {
    page.below("Provisioning", "/provisioning".to_owned()).below("Receivers of events", HERE.to_owned())
}

async fn make(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let sent = Sent::from(pairs);
    let made = async {
        let mut tx = ui.db.change(&grant, frame.now).await?;
        let made = signals::create(&mut tx, &ui.entropy, &sent.draft()?).await?;
        tx.commit().await?;
        Ok::<_, Error>(made)
    };
    match made.await.map_err(Fault::from) {
        Ok((it, Some(token))) => shown_once(&grant, &ui, &frame, &it, &token).await,
        Ok((it, None)) => Ok(frame.done(HERE, &Note::new(format!("{} is told what happens", it.name)))),
        Err(fault) if fault.is_about_input() => {
            draw(&grant, &ui, &frame, None, &sent, &fault.sentences()).await
        }
        Err(fault) => Err(fault),
    }
}

async fn save(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let sent = Sent::from(pairs);
    let saved = async {
        let mut tx = ui.db.change(&grant, frame.now).await?;
        let it = signals::update(&mut tx, id, sent.version()?, &sent.draft()?).await?;
        tx.commit().await?;
        Ok::<_, Error>(it)
    };
    match saved.await.map_err(Fault::from) {
        Ok(it) => Ok(frame.done(HERE, &Note::new(format!("{} is saved", it.name)))),
        Err(fault) if fault.is_about_input() => {
            let mut tx = ui.db.read().await?;
            let it = signals::get(&mut tx, id).await?;
            let state = signals::state(&mut tx, id).await?;
            tx.end().await?;
            draw(&grant, &ui, &frame, Some((&it, &state)), &sent, &fault.sentences()).await
        }
        Err(fault) => Err(fault),
    }
}

/// The token of a receiver that fetches events.
async fn shown_once(
    grant: &Granted<Administer>,
    ui: &Ui,
    frame: &Frame,
    it: &Receiver,
    token: &str,
) -> Result<Response, Fault> {
    let viewer = Viewer::of(grant, &mut ui.db.read().await?).await?;
    let url = signals::poll_url(&ui.config.url());
    let body = html! {
        (secret::once("receiver’s token", token))
        (labelled("Poll endpoint", &url))
        (labelled("Try it", &format!("curl -H 'Authorization: Bearer {token}' -d '{{\"returnImmediately\":true}}' {url}")))
        div.row { (button::link(&frame.at(HERE), "Back to the receivers")) }
    };
    let page = below(Page::new(Section::Provisioning, format!("The token of {}", it.name), body));
    Ok(frame.page(&viewer, &page))
}

async fn new_token(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, frame.now).await?;
    let (it, token) = signals::new_token(&mut tx, &ui.entropy, id).await?;
    tx.commit().await?;
    shown_once(&grant, &ui, &frame, &it, &token).await
}

async fn confirm(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let it = signals::get(&mut tx, id).await?;
    let state = signals::state(&mut tx, id).await?;
    let body = html! {
        (notice(Tone::Warning, "What waits is not told any more", &html! {
            p { (it.name) " has taken " (state.delivered) "; " (told(state.waiting)) " may wait. A receiver that is made later is told only what happens from then on. To hold events back, switch it off instead." }
        }))
        form.row method="post" action=(frame.at(&format!("{HERE}/{id}/delete"))) {
            button.button.danger #delete { "Remove the receiver" }
            (button::link(&frame.at(&format!("{HERE}/{id}")), "Cancel"))
        }
    };
    Ok(frame.page(&viewer, &below(Page::new(Section::Provisioning, format!("Remove {}", it.name), body))))
}

async fn delete(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, frame.now).await?;
    let it = signals::get(&mut tx, id).await?;
    signals::delete(&mut tx, id).await?;
    tx.commit().await?;
    Ok(frame.done(HERE, &Note::new(format!("{} is gone", it.name))))
}
