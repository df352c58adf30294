//! Tells pages that something changed: a stream for each open page.
//!
//! It carries numbers only, the newest event of what the page shows, beginning with the present one. A page that is
//! older than the number asks for itself again; so nothing is lost between the page and the stream, or while the
//! connection is away, and nobody is told more than the page would show.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::unfold;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::Ui;
use super::fault::Fault;
use super::guard::Query;
use crate::access::{Granted, Guard, Root, SignedIn};
use crate::db::Read;
use crate::error::Result;
use crate::events::{self, Filter};
use crate::gate;
use crate::people::session;
use crate::provisioning::journal;

/// How long a stream is silent at most.
const SILENCE: Duration = Duration::from_secs(20);
/// How often it is looked whether identity providers called: nobody announces that.
const LOOK: Duration = Duration::from_secs(2);
/// Changes that come faster than this are told together.
const PACE: Duration = Duration::from_millis(50);

/// What a page follows.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Watch {
    /// A project; all that the reader sees, if empty.
    pub(super) project: Option<String>,
    /// A flag.
    pub(super) feature: Option<String>,
    /// Calls of identity providers instead of events.
    #[serde(default)]
    pub(super) calls: bool,
    /// The newest event there when the page was made.
    #[serde(skip)]
    pub(super) revision: i64,
}

impl Watch {
    /// What happens in a project, or to one of its flags.
    pub(super) async fn over<G: Guard>(
        grant: &Granted<G>,
        tx: &mut Read,
        project: Option<&str>,
        feature: Option<&str>,
    ) -> Result<Self> {
        let (project, feature) = (project.map(str::to_owned), feature.map(str::to_owned));
        let watch = Self { project, feature, ..Self::default() };
        Ok(Self { revision: watch.latest(grant, tx).await?, ..watch })
    }

    /// What identity providers ask for.
    pub(super) async fn calls<G: Guard>(grant: &Granted<G>, tx: &mut Read) -> Result<Self> {
        let watch = Self { calls: true, ..Self::default() };
        Ok(Self { revision: watch.latest(grant, tx).await?, ..watch })
    }

    async fn latest<G: Guard>(&self, grant: &Granted<G>, tx: &mut Read) -> Result<i64> {
        if self.calls {
            return if grant.held().is_admin() { journal::latest(tx).await } else { Ok(0) };
        }
        let filter = Filter {
            projects: self.project.iter().cloned().collect(),
            features: self.feature.iter().cloned().collect(),
            sight: sight(grant, tx).await?,
            ..Filter::default()
        };
        events::latest(tx, &filter).await
    }
}

/// Which events show; all of them to admins.
pub(super) async fn sight<G: Guard>(
    grant: &Granted<G>,
    tx: &mut Read,
) -> Result<Option<crate::access::Sight>> {
    if grant.held().is_admin() { Ok(None) } else { grant.sight(tx).await.map(Some) }
}

/// An open stream.
struct Stream {
    ui: Ui,
    /// Asked again each time, because rights come and go.
    secret: String,
    watch: Watch,
    news: watch::Receiver<u64>,
    told: Option<i64>,
    _permit: OwnedSemaphorePermit,
}

pub(super) async fn stream(
    _: Granted<SignedIn>,
    State(ui): State<Ui>,
    Query(watch): Query<Watch>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let secret = gate::cookie(&headers).ok_or_else(Fault::signed_out)?.to_owned();
    let permit = ui.streams.pages.clone().try_acquire_owned().map_err(|_| Fault::crowded())?;
    let news = ui.published.news();
    let stream = Stream { ui, secret, watch, news, told: None, _permit: permit };
    let body = Body::from_stream(unfold(stream, |mut stream| async {
        let frame = stream.next().await?;
        Some((Ok::<_, Infallible>(frame), stream))
    }));
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        // Proxies must not wait until there is more.
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, body).into_response())
}

impl Stream {
    /// What is sent next. `None`: the stream ends, because the session does or the server.
    async fn next(&mut self) -> Option<Bytes> {
        let pause = if self.watch.calls { LOOK } else { SILENCE };
        let mut quiet = Duration::ZERO;
        loop {
            self.news.mark_unchanged();
            match self.latest().await {
                Ok(Some(latest)) if self.told != Some(latest) => {
                    self.told = Some(latest);
                    return Some(format!("data: {latest}\n\n").into());
                }
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(error) => {
                    tracing::warn!(%error, "a page cannot be told what changed");
                    return None;
                }
            }
            tokio::select! {
                changed = self.news.changed() => changed.ok()?,
                () = self.ui.stopping.cancelled() => return None,
                () = tokio::time::sleep(pause) => {
                    quiet += pause;
                    if quiet >= SILENCE {
                        return Some(Bytes::from_static(b":\n\n"));
                    }
                }
            }
            tokio::time::sleep(PACE).await;
        }
    }

    /// The newest event of what the page shows. `None`: the session is over.
    async fn latest(&self) -> Result<Option<i64>> {
        let mut tx = self.ui.db.read().await?;
        let now = self.ui.clock.now();
        let Some(subject) = session::subject(&mut tx, &self.secret, now, None).await? else {
            return Ok(None);
        };
        let grant = Granted::<SignedIn>::check(&subject, Root)?;
        self.watch.latest(&grant, &mut tx).await.map(Some)
    }
}
