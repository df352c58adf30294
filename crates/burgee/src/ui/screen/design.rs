//! Every part in every state, for who builds screens.

use axum::extract::State;
use axum::response::Response;
use maud::html;
use serde_json::json;

use crate::access::{Administer, Granted};
use crate::clock::Time;
use crate::instance::banners::Draft;
use crate::people::login_history::Login;
use crate::people::signed_in::Session;
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::Viewer;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::chart::{Kind, Series, chart, marked, strip};
use crate::ui::part::expiry::Expiry;
use crate::ui::part::form::{self, Field};
use crate::ui::part::notice::{self, Tone};
use crate::ui::part::sign_in::{self, Sessions};
use crate::ui::part::switch::{Switch, switch};
use crate::ui::part::{
    announcement, button, code, diff, expiry, filter, icon, menu, person, secret, table, tag, time, toast,
};
use crate::ui::{Places, Ui};

pub(in crate::ui) fn places(places: Places) -> Places {
    places.page("/design", show)
}

async fn show(grant: Granted<Administer>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let here = frame.here.as_str();
    let one = |id, label, on, why_not| switch(&Switch { id, label, on, action: here, back: here, why_not });
    let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let series = [
        Series { name: "on", values: &[120.0, 180.0, 150.0, 240.0, 300.0, 90.0, 60.0] },
        Series { name: "off", values: &[80.0, 60.0, 100.0, 40.0, 30.0, 20.0, 10.0] },
    ];
    let before = json!({ "rollout": "25", "title": "Beta users", "constraints": ["DE"] });
    let after = json!({ "rollout": "50", "title": "Beta users", "constraints": ["DE", "AT"], "stickiness": "userId" });
    let body = html! {
        section { h2 { "Buttons" }
            div.row {
                (button::main_link(here, "Primary", None, None)) (button::link(here, "Plain"))
                button.button.danger type="button" { "Danger" } button.button.small type="button" { "Small" }
                button.icon-button type="button" aria-label="Edit" { (icon::pencil()) }
                (button::main_link(here, "Not allowed", Some("You need the permission “Create feature flags” in Default."), None))
            }
        }
        section { h2 { "Switches" }
            div.row {
                (one("d-on", "On", true, None)) (one("d-off", "Off", false, None))
                (one("d-no", "Off, not allowed", false, Some("You need the permission “Enable/disable flags” in production.")))
                (one("d-no-on", "On, not allowed", true, Some("Changes in production need approval.")))
            }
        }
        section { h2 { "Chips" }
            div.row {
                (tag::chip("plain")) (tag::toned("good", "good")) (tag::toned("warning", "warning"))
                (tag::toned("problem", "problem")) (tag::toned("info", "info")) (person::origin(None)) (person::origin(Some("okta"))) (tag::tag("team", "payments", Some("#d97706")))
            }
        }
        section { h2 { "Notices" }
            @for (tone, title) in [(Tone::Info, "Information"), (Tone::Good, "Done"), (Tone::Warning, "Careful"), (Tone::Problem, "Something is wrong")] {
                (notice::notice(tone, title, &html! { p { "What it means, and what to do about it." } }))
            }
            (notice::empty("Nothing here yet", "Why it is empty, in one sentence.", &button::link(here, "The one thing to do")))
            (table::skeleton(3))
        }
        section { h2 { "Notes in the corner" }
            div.sample {
                (toast::note(&frame, &Note::new("checkout is on in production").undo("/design", &[])))
                (toast::problem("Not allowed", &["You need the permission “Enable/disable flags” in production.".to_owned()]))
            }
        }
        section { h2 { "Forms" }
            form.stack method="get" action=(frame.at(here)) data-draft {
                (Field { name: "d-text", label: "Text", hint: Some("What helps to fill it in."), ..Field::default() }.text("text", "a value", "off"))
                (Field { name: "d-wrong", label: "Text with a problem", problem: Some("A flag with that name already exists."), ..Field::default() }.text("text", "checkout", "off"))
                (Field { name: "d-lines", label: "Lines", optional: true, ..Field::default() }.lines("Several\nlines"))
                (Field { name: "d-choice", label: "One of a few", ..Field::default() }.choice(&[("a", "Release"), ("b", "Experiment")], "b"))
                (Field { name: "d-combo", label: "One of many", hint: Some("Type to find it."), ..Field::default() }.combo(&["Austria", "Belgium", "Croatia", "Denmark"], ""))
                (filter::choice("d-filter", "A filter", &filter::or_any(&[("a".to_owned(), "One".to_owned())]), ""))
                (Field { name: "d-radio", label: "One of a few that need words", ..Field::default() }.radios(&[("open", "Open", "Everybody sees it."), ("private", "Private", "Only its members see it.")], "open"))
                (Field { name: "d-some", label: "Some of many", optional: true, ..Field::default() }.checks(&[("dev", "development", ""), ("prod", "production", "Where customers are.")], &["prod".to_owned()]))
                (form::fixed("Not changed here", "ada@example.com", "The SCIM connection “okta” keeps this account. Change it in your identity provider."))
                div.filters { (form::pick(&form::Pick { name: "d-pick", label: "What a list is narrowed by", chosen: "a" }, &[("a", "All origins"), ("b", "Manual")])) }
                (form::check("d-check", "Yes or no", "What it does when it is on.", true))
                div.row { (button::submit("Save")) }
            }
        }
        section { h2 { "Menus, tabs, dialogs" }
            div.row {
                (menu::menu("d-menu", "A menu", &html! { "Menu" (icon::down()) }, &html! { ul.menu-list { li { a href=(frame.at(here)) { "One" } } li { a href=(frame.at(here)) { "Two" } } } }))
                button.button type="button" data-open="#d-dialog" { "Open a dialog" }
            }
            (table::tabs("Sample", &[("Overview", frame.at(here), true), ("Metrics", frame.at("/projects"), false), ("Events", frame.at("/events"), false)]))
            dialog #d-dialog aria-labelledby="d-dialog-title" {
                h2 #d-dialog-title { "Archive checkout?" }
                p { "Clients stop getting the flag at once. You can revive it later." }
                form.row method="dialog" { button.button.danger { "Archive" } button.button { "Cancel" } }
            }
        }
        section { h2 { "Tables" }
            (table::scroll("Sample", &html! {
                table.rows {
                    thead { tr { th scope="col" { "Name" } th.number scope="col" { "Flags" } th scope="col" { "Since" } } }
                    tbody { @for name in ["Default", "Payments", "Mobile"] { tr data-row { td { a.row-link href=(frame.at(here)) { (name) } } td.number { "12" } td { (time::ago(frame.now, frame.now)) } } } }
                }
            }))
        }
        section { h2 { "Sessions and sign-ins" }
            (sign_in::sessions(&frame, &[session(frame.now, "mine"), session(frame.now, "other")], Sessions { named: true, end: Some(&frame.at(here)), mine: "mine" }))
            (sign_in::tries(&frame, &[login(frame.now, None), login(frame.now, Some("wrong password"))]))
        }
        section { h2 { "Differences" } (diff::diff(Some(&before), Some(&after))) }
        section { h2 { "Code" } (code::block("Start the server", "docker run -p 4242:4242 burgee")) }
        section { h2 { "Announcements" }
            @for (variant, link) in [("info", "/events"), ("success", ""), ("warning", "dialog"), ("error", "")] {
                (announcement::banner(&frame, &Draft {
                    message: format!("A banner with the tone “{variant}”."), enabled: true, variant: variant.to_owned(), sticky: false, icon: None,
                    link: Some(link.to_owned()), link_text: None, dialog_title: Some("More to read".to_owned()), dialog: Some("Behind the link, in place.".to_owned()),
                }))
            }
        }
        section { h2 { "Shown once" } (secret::once("API token", "*:production.v2_a1b2c3d4_e5f6g7h8")) }
        section { h2 { "Expiry" }
            p.row { @for days in [-3, 5, 90] { (expiry::told(Some(Time::from_millis(frame.now.millis() + days * 86_400_000)), frame.now)) } (expiry::told(None, frame.now)) }
            form.stack method="get" action=(frame.at(here)) data-draft { (Expiry { lasts: "day", until: "" }.fields(&[7, 30, 90], true, None, frame.now)) }
        }
        section { h2 { "Charts" }
            div.charts {
                (chart("Line", Kind::Line, &days, &series)) (chart("Bars", Kind::Bar, &days, &series))
                (chart("Stacked", Kind::Stacked, &days, &series)) (chart("Heat", Kind::Heat, &days, &series))
                (marked("On and off", Kind::OnOff, &days, &series, &[(2, "Flag enabled, by ann".to_owned())]))
            }
            (strip("A strip", &days, &series[0]))
        }
    };
    Ok(frame.page(&viewer, &Page::new(Section::Instance, "Design", body)))
}

fn session(at: Time, digest: &str) -> Session {
    Session {
        digest: digest.to_owned(),
        user_id: 1,
        username: Some("ada".to_owned()),
        email: None,
        ip: Some("192.0.2.7".to_owned()),
        user_agent: Some("Firefox/140.0".to_owned()),
        created_at: at,
        expires_at: Time::from_millis(at.millis() + 86_400_000),
    }
}

fn login(at: Time, failure: Option<&str>) -> Login {
    Login {
        id: 1,
        username: "ada".to_owned(),
        auth_type: "simple".to_owned(),
        successful: failure.is_none(),
        failure_reason: failure.map(str::to_owned),
        ip: None,
        created_at: at,
    }
}
