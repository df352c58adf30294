//! The proof that somebody may do something.

use std::marker::PhantomData;
use std::sync::Arc;

use super::actor::{Actor, Origin};
use super::permission::{Administer, Guard, Permission, Provision};
use super::resolve::{Holdings, Subject};
use super::sight::Sight;
use crate::db::Read;
use crate::error::{Error, Kind, Result};

/// Where something is done. Scopes come from the path, never from a body.
pub trait Scope: Clone + Send + Sync + 'static {
    /// True if holding the permission in any project is enough to begin.
    const OPEN: bool = false;
    /// The project, if the scope lies in one.
    fn project(&self) -> Option<&str> {
        None
    }
    /// The environment, if the scope lies in one.
    fn environment(&self) -> Option<&str> {
        None
    }
}

/// The whole installation.
#[derive(Clone, Copy, Debug)]
pub struct Root;
impl Scope for Root {}

/// One project.
#[derive(Clone, Debug)]
pub struct InProject {
    /// The project's id.
    pub project: String,
}
impl Scope for InProject {
    fn project(&self) -> Option<&str> {
        Some(&self.project)
    }
}

/// One environment of one project.
#[derive(Clone, Debug)]
pub struct InEnvironment {
    /// The project's id.
    pub project: String,
    /// The environment's name.
    pub environment: String,
}
impl Scope for InEnvironment {
    fn project(&self) -> Option<&str> {
        Some(&self.project)
    }
    fn environment(&self) -> Option<&str> {
        Some(&self.environment)
    }
}

/// Some project that only the thing acted upon tells: holding the permission anywhere is enough to begin, and
/// [`Granted::ensure_in`] decides.
#[derive(Clone, Copy, Debug)]
pub struct Somewhere;
impl Scope for Somewhere {
    const OPEN: bool = true;
}

/// One SCIM connection.
#[derive(Clone, Copy, Debug)]
pub struct OnConnection {
    /// The connection's id.
    pub connection: i64,
}
impl Scope for OnConnection {}

/// Proof that `actor` may do what `G` guards in `scope`. The fields are private and every maker checks.
pub struct Granted<G: Guard> {
    actor: Actor,
    scope: G::Scope,
    held: Arc<Holdings>,
    guard: PhantomData<G>,
}

/// Which permissions would have been enough, and where.
#[derive(Debug)]
pub struct Denied {
    /// Any one of these.
    pub any_of: &'static [Permission],
    /// The environment in which it must be held.
    pub environment: Option<String>,
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        let names: Vec<&str> = denied.any_of.iter().map(|permission| permission.name()).collect();
        let need = match names.as_slice() {
            [one] => format!("you need the \"{one}\" permission"),
            several => {
                let list: Vec<String> = several.iter().map(|name| format!("\"{name}\"")).collect();
                format!("you need one of the following permissions: {}", list.join(", "))
            }
        };
        let place =
            denied.environment.map(|name| format!(" in the \"{name}\" environment")).unwrap_or_default();
        let message = format!(
            "You don't have the required permissions to perform this operation. To perform this action, {need}{place}."
        );
        let mut error = Self::rejected(Kind::Permission, message);
        if let Self::Rejected(rejection) = &mut error {
            rejection.permissions = names;
        }
        error
    }
}

impl<G: Guard> Granted<G> {
    /// Checks that `subject` may, in `scope`.
    pub fn check(subject: &Subject, scope: G::Scope) -> Result<Self, Denied> {
        let held = &subject.held;
        let allowed = !G::PROVISIONING
            && (G::ANY_OF.is_empty()
                || held.any(G::ANY_OF, scope.project(), scope.environment())
                || (G::Scope::OPEN && held.anywhere(G::ANY_OF)));
        if !allowed {
            return Err(Denied { any_of: G::ANY_OF, environment: scope.environment().map(str::to_owned) });
        }
        Ok(Self { actor: subject.actor.clone(), scope, held: subject.held.clone(), guard: PhantomData })
    }

    /// The server's own work, or its operator's on the command line; the event log names the `job`.
    pub fn system(job: &str, scope: G::Scope) -> Self {
        Self { actor: Actor::system(job), scope, held: Arc::new(Holdings::admin()), guard: PhantomData }
    }

    /// Who acts.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Where.
    pub fn scope(&self) -> &G::Scope {
        &self.scope
    }

    /// Everything the actor holds: what they may pass on to others.
    pub fn held(&self) -> &Holdings {
        &self.held
    }

    /// The grant of another thing in the same scope, if the actor may do that, too.
    pub fn also<H: Guard<Scope = G::Scope>>(&self) -> Result<Granted<H>> {
        let subject = Subject { actor: self.actor.clone(), held: self.held.clone() };
        Ok(Granted::check(&subject, self.scope.clone())?)
    }

    /// Checks a permission that depends on what is acted upon.
    pub fn ensure(&self, any_of: &'static [Permission]) -> Result<()> {
        let (project, environment) = (self.scope.project(), self.scope.environment());
        if self.held.any(any_of, project, environment) {
            return Ok(());
        }
        Err(Denied { any_of, environment: environment.map(str::to_owned) }.into())
    }

    /// Checks the guard itself in a project, and an environment, that only the thing acted upon tells.
    pub fn ensure_in(&self, project: Option<&str>, environment: Option<&str>) -> Result<()> {
        if G::ANY_OF.is_empty() || self.held.any(G::ANY_OF, project, environment) {
            return Ok(());
        }
        Err(Denied { any_of: G::ANY_OF, environment: environment.map(str::to_owned) }.into())
    }

    /// Checks a permission beyond the guard in an environment.
    pub fn ensure_held(&self, any_of: &'static [Permission], project: &str, environment: &str) -> Result<()> {
        if self.held.any(any_of, Some(project), Some(environment)) {
            return Ok(());
        }
        Err(Denied { any_of, environment: Some(environment.to_owned()) }.into())
    }

    /// Checks a permission beyond the guard in another project.
    pub fn ensure_held_in(&self, any_of: &'static [Permission], project: &str) -> Result<()> {
        if self.held.any(any_of, Some(project), None) {
            return Ok(());
        }
        Err(Denied { any_of, environment: None }.into())
    }

    /// Which projects the actor sees.
    pub async fn sight(&self, tx: &mut Read) -> Result<Sight> {
        Sight::of(tx, &self.actor, &self.held).await
    }

    /// The person who acts, for operations on oneself. Tokens and processes are nobody.
    pub fn person(&self) -> Result<i64> {
        match self.actor.origin {
            Origin::User(id) => Ok(id),
            _ => Err(Error::rejected(
                Kind::NotFound,
                "A token has no profile: sign in as a person to do this.",
            )),
        }
    }
}

impl Granted<Administer> {
    /// An admin, on a connection in place of its identity provider.
    pub fn provisioning(&self, connection: i64) -> Granted<Provision> {
        Granted {
            actor: self.actor.clone(),
            scope: OnConnection { connection },
            held: Arc::new(Holdings::default()),
            guard: PhantomData,
        }
    }
}

/// The grant of a SCIM connection, for whoever showed its token. Only admission may call this; a test holds the rest of
/// the crate to that.
pub(crate) fn provisioner(connection: i64, name: &str, ip: Option<String>) -> Granted<Provision> {
    Granted {
        actor: Actor { origin: Origin::Connection(connection), name: format!("scim:{name}"), ip },
        scope: OnConnection { connection },
        held: Arc::new(Holdings::default()),
        guard: PhantomData,
    }
}
