//! Who looks: the grant that a page or an action asks for, for the person behind the cookie.

use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::Method;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::Ui;
use super::fault::Fault;
use crate::access::{Granted, Guard, Holdings, Permission};
use crate::db::Read;
use crate::gate::{self, FromPath};
use crate::instance::banners::{self, Banner};
use crate::instance::settings::{self, Maintenance};
use crate::people::session;
use crate::projects::{environment, summary};

/// The same proof as for the API. Who is not signed in has to do that first; during maintenance nothing is changed.
impl<G: Guard> FromRequestParts<Ui> for Granted<G>
where
    G::Scope: FromPath,
{
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, ui: &Ui) -> Result<Self, Fault> {
        let subject = gate::person(parts, ui).await?.ok_or_else(Fault::signed_out)?;
        let grant = gate::grant(parts, ui, &subject).await?;
        let ends_maintenance = G::ANY_OF.contains(&Permission::UpdateMaintenanceMode);
        if parts.method != Method::GET && !ends_maintenance {
            let mut tx = ui.db.read().await?;
            let maintenance: Option<Maintenance> = settings::load(&mut tx).await?;
            if maintenance.is_some_and(|maintenance| maintenance.enabled) {
                return Err(Fault::maintenance());
            }
        }
        Ok(grant)
    }
}

/// The number in a path, `{id}`; what is none is nowhere.
pub(super) struct Number(pub(super) i64);

impl FromRequestParts<Ui> for Number {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, ui: &Ui) -> Result<Self, Fault> {
        let params = RawPathParams::from_request_parts(parts, ui).await.map_err(|_| Fault::nowhere())?;
        let found = params.iter().find(|(name, _)| *name == "id").and_then(|(_, value)| value.parse().ok());
        found.map(Self).ok_or_else(Fault::nowhere)
    }
}

/// What a form sent.
pub(super) struct Form<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Ui> for Form<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, ui: &Ui) -> Result<Self, Fault> {
        let read = axum::Form::from_request(request, ui).await;
        read.map(|axum::Form(form)| Self(form)).map_err(|error| Fault::unreadable(error.body_text()))
    }
}

/// What stands after the `?` of an address.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Ui> for Query<T> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, ui: &Ui) -> Result<Self, Fault> {
        let read = axum::extract::Query::from_request_parts(parts, ui).await;
        read.map(|axum::extract::Query(query)| Self(query))
            .map_err(|error| Fault::unreadable(error.body_text()))
    }
}

/// Whoever looks at a page, and what its frame shows them.
pub(super) struct Viewer {
    /// Their name.
    pub(super) name: String,
    /// Whether they may do everything.
    pub(super) admin: bool,
    held: Holdings,
    /// Id and name of the projects they see.
    pub(super) projects: Vec<(String, String)>,
    /// What everybody reads at the top.
    pub(super) banners: Vec<Banner>,
    /// Whether nothing can be changed now.
    pub(super) maintenance: bool,
}

impl Viewer {
    /// Whoever holds the grant.
    pub(super) async fn of<G: Guard>(grant: &Granted<G>, tx: &mut Read) -> Result<Self, Fault> {
        let sight = grant.sight(tx).await?;
        Ok(Self {
            name: grant.actor().name.clone(),
            admin: grant.held().is_admin(),
            held: grant.held().clone(),
            projects: summary::names(tx, &sight).await?,
            banners: banners::shown(tx).await?,
            maintenance: settings::load(tx).await?.is_some_and(|it: Maintenance| it.enabled),
        })
    }

    /// What a project is called; its id where they do not see it.
    pub(super) fn project<'a>(&'a self, id: &'a str) -> &'a str {
        self.projects.iter().find(|(known, _)| known == id).map_or(id, |(_, name)| name)
    }

    /// True if they hold one of these in a project, or if nothing is needed.
    pub(super) fn sees_in(&self, project: &str, any_of: &[Permission]) -> bool {
        any_of.is_empty() || self.held.any(any_of, Some(project), None)
    }

    /// True if they hold one of these somewhere, or if nothing is needed.
    pub(super) fn sees(&self, any_of: &[Permission]) -> bool {
        any_of.is_empty() || self.held.anywhere(any_of)
    }
}

/// Why somebody may not do what `G` guards in a project or environment; `None`: they may. For what stays visible.
pub(super) fn why_not<G: Guard>(held: &Holdings, project: &str, environment: Option<&str>) -> Option<String> {
    lacking(held, G::ANY_OF, Some(project), environment)
}

/// Why somebody may not do what takes one of these permissions, in a project or on the whole server.
pub(super) fn lacking(
    held: &Holdings,
    any_of: &[Permission],
    project: Option<&str>,
    environment: Option<&str>,
) -> Option<String> {
    if held.any(any_of, project, environment) {
        return None;
    }
    let labels: Vec<String> = any_of.iter().map(|permission| format!("“{}”", permission.label())).collect();
    let labels = labels.join(" or ");
    Some(match environment.or(project) {
        Some(place) => {
            format!("You need the permission {labels} in {place}. Ask an admin or the project’s owner.")
        }
        None => format!("You need the permission {labels}. Ask an admin."),
    })
}

/// The same for what concerns the whole server.
pub(super) fn why_not_everywhere<G: Guard>(held: &Holdings) -> Option<String> {
    lacking(held, G::ANY_OF, None, None)
}

/// Why somebody may not do at once what `G` guards in an environment of a project; where changes need approval, only
/// those may who can skip that.
pub(super) fn why_not_at<G: Guard>(
    held: &Holdings,
    project: &str,
    place: &environment::Place,
) -> Option<String> {
    let name = place.environment.as_str();
    why_not::<G>(held, project, Some(name)).or_else(|| {
        let skips = held.any(&[Permission::SkipChangeRequest], Some(project), Some(name));
        (place.required_approvals.is_some() && !skips)
            .then(|| format!("Changes in {name} need approval. Ask for one with a change request."))
    })
}

/// Where a request came from.
pub(super) struct Origins(pub(super) session::Origins);

impl FromRequestParts<Ui> for Origins {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, ui: &Ui) -> Result<Self, Self::Rejection> {
        Ok(Self(gate::origins(parts, ui)))
    }
}

/// The secret of the session that the request belongs to.
pub(super) struct Cookie(pub(super) String);

impl FromRequestParts<Ui> for Cookie {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &Ui) -> Result<Self, Fault> {
        gate::cookie(&parts.headers).map(|secret| Self(secret.to_owned())).ok_or_else(Fault::signed_out)
    }
}
