//! Connecting one more identity provider: which one it is, and what it is called here.

use axum::extract::State;
use axum::response::Response;
use maud::html;

use crate::access::{Administer, Granted};
use crate::db::Read;
use crate::provisioning::connection::{self, Provider, Setup};
use crate::ui::edit::Edit;
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Form, Query, Viewer};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::form::Field;
use crate::ui::{Places, Ui};

pub(super) fn places(places: Places) -> Places {
    places.page("/provisioning/new", ask).action("/provisioning/new", create)
}

/// What one reads of a refusal that is about a field.
pub(super) const ABOUT: [(&str, &str); 4] = [
    ("name in the address", "slug"),
    ("name in its address", "slug"),
    ("name", "name"),
    ("requests per second", "rate"),
];

/// What each identity provider is, in a few words.
pub(super) const fn meaning(provider: Provider) -> &'static str {
    match provider {
        Provider::Generic => "Everything else that speaks SCIM 2.0, and your own scripts.",
        Provider::Okta => "People and groups, from an app with SCIM provisioning.",
        Provider::Entra => "People and groups, from an enterprise application.",
        Provider::Onelogin => "People and groups, from the app “SCIM Provisioner with SAML (SCIM v2)”.",
        Provider::Jumpcloud => "People and groups, from an app with identity management.",
        Provider::Google => "People, from a custom SAML app with autoprovisioning. Google pushes no groups.",
        Provider::Keycloak => "People and groups, with an extension that pushes.",
        Provider::Authentik => "People and groups, from a SCIM provider.",
    }
}

#[derive(Default, serde::Deserialize)]
struct Asked {
    #[serde(default)]
    provider: String,
}

async fn ask(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let provider = Provider::named(&asked.provider).unwrap_or(Provider::Okta);
    let edit = Edit::of(vec![
        ("provider", provider.name().to_owned()),
        ("name", String::new()),
        ("slug", String::new()),
    ]);
    draw(&grant, &mut tx, &frame, &edit).await
}

async fn draw(
    grant: &Granted<Administer>,
    tx: &mut Read,
    frame: &Frame,
    edit: &Edit,
) -> Result<Response, Fault> {
    let viewer = Viewer::of(grant, tx).await?;
    let options: Vec<(&str, &str, &str)> =
        Provider::ALL.iter().map(|it| (it.name(), it.label(), meaning(*it))).collect();
    let fields = html! {
        (edit.field("provider", "Identity provider").radios(&options, edit.get("provider")))
        (Field { hint: Some("As you and the event log call it, such as the company whose people it brings."), ..edit.field("name", "Name") }.text("text", edit.get("name"), "off"))
        (Field { hint: Some("Stands in the base URL: small letters, digits and -. If left empty, it is made of the name."), optional: true, ..edit.field("slug", "Name in the address") }.text("text", edit.get("slug"), "off"))
    };
    let body =
        edit.form(frame, "/provisioning/new", ("create", "Continue"), Some("/provisioning"), None, &fields);
    let page = Page::new(Section::Provisioning, "Connect an identity provider", body)
        .below("Provisioning", "/provisioning".to_owned());
    Ok(frame.page(&viewer, &page.status(edit.status())))
}

async fn create(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let mut edit = Edit::read(pairs)?;
    let provider = Provider::named(edit.get("provider"))
        .ok_or_else(|| Fault::unreadable("The form names no identity provider.".to_owned()))?;
    let name = edit.get("name").to_owned();
    let slug = edit.some("slug").unwrap_or_else(|| slug(&name));
    let mut tx = ui.db.change(&grant, frame.now).await?;
    let made = async {
        let made = connection::create(&mut tx, &Setup::named(&name, &slug, provider)).await?;
        tx.commit().await?;
        Ok(made)
    };
    let made = made.await;
    if let Some(made) = edit.settle(made, &ABOUT)? {
        return Ok(frame.go(&format!("/provisioning/{}/setup", made.id)));
    }
    let mut tx = ui.db.read().await?;
    draw(&grant, &mut tx, &frame, &edit).await
}

/// What is left of a name in an address.
fn slug(name: &str) -> String {
    let letters: String =
        name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let parts: Vec<&str> = letters.split('-').filter(|part| !part.is_empty()).collect();
    parts.join("-").chars().take(40).collect::<String>().trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_made_of_the_name() {
        assert_eq!(slug("Acme Inc. (EU)"), "acme-inc-eu");
        assert_eq!(slug("  Ünï_2 "), "n-2");
        assert_eq!(slug("日本"), "");
        assert_eq!(slug(&"ab ".repeat(40)).len(), 40);
    }
}
