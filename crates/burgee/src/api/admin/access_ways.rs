//! Where somebody's permissions come from: who gave each role, by way of which groups, and what it permits where.

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use schemars::JsonSchema;
use serde::Serialize;

use super::roles::Role;
use crate::access::reach::{self, Named, Source, Way, Whose};
use crate::access::{Administer, Granted, Hold};
use crate::api::input::Id;
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::people::user;
use crate::provisioning::giving;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, "/api/admin/user-admin/{id}/access", "getUserAccess", "Users", get)
        .gives::<Ways>(200)
        .add(
            Method::DELETE,
            "/api/admin/user-admin/{id}/access/root-role",
            "releaseRootRole",
            "Users",
            release,
        )
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "userAccessWaysSchema")]
struct Ways {
    /// Each is enough by itself.
    ways: Vec<WayView>,
}

/// From who gave a role to what it permits.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "userAccessWaySchema")]
struct WayView {
    source: SourceView,
    /// The groups on the way: the one that the person is in, then those around it.
    groups: Vec<NamedView>,
    role: Role,
    permissions: Vec<HoldView>,
}

/// Who gave a role, or what did.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase")]
#[schemars(rename = "roleSourceSchema")]
enum SourceView {
    /// An admin, or whoever manages access to a project.
    Hand,
    /// The connection that brought the person: newcomers have it.
    Newcomer { connection: NamedView },
    /// An attribute of the user, as the connection sent it.
    Attribute { connection: NamedView, attribute: String },
    /// A rule of the connection; its name is what names the group.
    Rule { connection: NamedView, rule: NamedView },
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "namedSchema")]
struct NamedView {
    id: i64,
    name: String,
}

impl From<Named> for NamedView {
    fn from((id, name): Named) -> Self {
        Self { id, name }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "heldPermissionSchema")]
struct HoldView {
    permission: String,
    project: Option<String>,
    environment: Option<String>,
}

impl From<Hold> for HoldView {
    fn from(it: Hold) -> Self {
        Self { permission: it.permission.name().to_owned(), project: it.project, environment: it.environment }
    }
}

impl From<Way> for WayView {
    fn from(it: Way) -> Self {
        let source = match it.source {
            Source::Hand => SourceView::Hand,
            Source::Newcomer(connection) => SourceView::Newcomer { connection: connection.into() },
            Source::Attribute(connection, attribute) => {
                SourceView::Attribute { connection: connection.into(), attribute }
            }
            Source::Rule(connection, rule) => {
                SourceView::Rule { connection: connection.into(), rule: rule.into() }
            }
        };
        let role = match it.project {
            Some(project) => Role::within(it.role, project),
            None => Role::from(it.role),
        };
        Self {
            source,
            groups: it.through.into_iter().map(NamedView::from).collect(),
            role,
            permissions: it.holds.into_iter().map(HoldView::from).collect(),
        }
    }
}

/// Leaves the root role of a provisioned person to the identity provider again.
async fn release(grant: Granted<Administer>, State(app): State<App>, Id(id): Id) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    giving::release(&mut tx, id).await?;
    tx.commit().await?;
    Ok(())
}

async fn get(_: Granted<Administer>, State(app): State<App>, Id(id): Id) -> Result<Json<Ways>, Problem> {
    let mut tx = app.db.read().await?;
    user::get(&mut tx, id).await?;
    let ways = reach::ways(&mut tx, Whose::User(id)).await?;
    Ok(Json(Ways { ways: ways.into_iter().map(WayView::from).collect() }))
}
