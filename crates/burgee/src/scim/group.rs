//! Groups as the client sees them. Members stream out when they are many.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use burgee_scim::{GROUP, Object, Projection};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::reply;
use super::router::Call;
use crate::db::Read;
use crate::error::{Error, Result};
use crate::provisioning::Provisioned;
use crate::provisioning::members::{self, Inside, Listed};

/// Members read at once.
const CHUNK: i64 = 1000;
/// Members of all groups of a page that are read in one look, before any is read by itself.
const LOOK: i64 = 10_000;
/// How long a client may take for one piece of a long list: the view of the database is kept open for it.
const PATIENCE: Duration = Duration::from_mins(1);

/// What stands around the groups of an answer.
#[derive(Default)]
pub(super) struct Frame {
    pub(super) before: String,
    pub(super) after: String,
}

/// Groups with commas between. Members are read page by page while the client takes them,
/// from one consistent view; a group whose members are not wanted costs no look at them. `inside` is who is in the one
/// group, where the database does not have it so.
pub(super) async fn render(
    call: &Call,
    groups: &[Provisioned],
    projection: &Projection,
    frame: Frame,
    inside: Option<&Inside>,
) -> Result<Body> {
    let Call { app, base, .. } = call;
    let connection = call.connection();
    let shown = Shown::of(projection, base).filter(|_| !groups.is_empty());
    let heads: Vec<(i64, Object)> = groups
        .iter()
        .map(|group| {
            let mut object = reply::resource(group, &GROUP, base);
            projection.apply(&mut object);
            (group.local_id, object)
        })
        .collect();
    let Some(shown) = shown else {
        let texts: Vec<String> = heads.iter().map(|(_, head)| json!(head).to_string()).collect();
        return Ok(Body::from(format!("{}{}{}", frame.before, texts.join(","), frame.after)));
    };
    if let ([(_, head)], Some(inside)) = (heads.as_slice(), inside) {
        let mut text = frame.before + &opened(head)?;
        shown.whole(&mut text, inside)?;
        return Ok(Body::from(text + &frame.after));
    }
    // The view begins here, so that a database that does not answer is an error and no broken body.
    let mut tx = app.db.read().await?;
    let mut known = HashMap::new();
    if heads.len() > 1 {
        let ids: Vec<i64> = heads.iter().map(|(id, _)| *id).collect();
        known = members::inside(&mut tx, connection, &ids, LOOK).await?;
    }
    let mut first = frame.before;
    let mut heads = heads.into_iter().peekable();
    let mut rest = Vec::new();
    while let Some((id, head)) = heads.next() {
        first.push_str(&opened(&head)?);
        if let Some(inside) = known.remove(&id) {
            shown.whole(&mut first, &inside)?;
        } else {
            let page = members::users(&mut tx, connection, id, 0, CHUNK, shown.display).await?;
            shown.write(&mut first, &page, "Users", true)?;
            if page.len() == usize::try_from(CHUNK).unwrap_or(usize::MAX) {
                rest.push((id, page.last().map_or(0, |last| last.key)));
                break;
            }
            close(&mut tx, connection, id, &shown, &mut first, page.is_empty()).await?;
        }
        if heads.peek().is_some() {
            first.push(',');
        }
    }
    if rest.is_empty() {
        tx.end().await?;
        first.push_str(&frame.after);
        return Ok(Body::from(first));
    }
    let (out, chunks) = mpsc::channel::<Bytes>(2);
    let heads: Vec<(i64, Object)> = heads.collect();
    app.tasks.spawn(async move {
        let job = Stream { tx, connection, shown, known, out };
        if let Err(error) = job.run(first, rest, heads, frame.after).await {
            // The client sees a body that ends too early, which is no valid JSON.
            tracing::error!(%error, "a long list of members could not be sent whole");
        }
    });
    Ok(Body::from_stream(stream::unfold(chunks, |mut chunks| async move {
        chunks.recv().await.map(|chunk| (Ok::<_, Infallible>(chunk), chunks))
    })))
}

struct Stream {
    tx: Read,
    connection: i64,
    shown: Shown,
    known: HashMap<i64, Inside>,
    out: mpsc::Sender<Bytes>,
}

impl Stream {
    async fn run(
        mut self,
        first: String,
        begun: Vec<(i64, i64)>,
        heads: Vec<(i64, Object)>,
        after: String,
    ) -> Result<()> {
        let mut text = first;
        for (id, place) in begun {
            self.members(&mut text, id, place, false).await?;
        }
        for (id, head) in heads {
            text.push(',');
            text.push_str(&opened(&head)?);
            match self.known.remove(&id) {
                Some(inside) => self.shown.whole(&mut text, &inside)?,
                None => self.members(&mut text, id, 0, true).await?,
            }
        }
        text.push_str(&after);
        self.send(&mut text).await?;
        self.tx.end().await
    }

    async fn members(&mut self, text: &mut String, id: i64, mut after: i64, mut empty: bool) -> Result<()> {
        loop {
            let page =
                members::users(&mut self.tx, self.connection, id, after, CHUNK, self.shown.display).await?;
            self.shown.write(text, &page, "Users", empty)?;
            empty &= page.is_empty();
            self.send(text).await?;
            let Some(last) = page.last() else { break };
            after = last.key;
        }
        close(&mut self.tx, self.connection, id, &self.shown, text, empty).await
    }

    async fn send(&self, text: &mut String) -> Result<()> {
        let chunk = Bytes::from(std::mem::take(text));
        match tokio::time::timeout(PATIENCE, self.out.send(chunk)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Error::internal(anyhow::anyhow!("the client went away, or stopped reading"))),
        }
    }
}

/// The groups inside the group, and the end of it.
async fn close(
    tx: &mut Read,
    connection: i64,
    id: i64,
    shown: &Shown,
    text: &mut String,
    empty: bool,
) -> Result<()> {
    let nested = members::groups(tx, connection, id).await?;
    shown.end(text, &nested, empty)
}

/// The group up to the list of its members.
fn opened(head: &Object) -> Result<String> {
    let mut text = serde_json::to_string(head)?;
    text.pop();
    text.push_str(if head.is_empty() { "\"members\":[" } else { ",\"members\":[" });
    Ok(text)
}

/// Which parts of a member the client wants to see.
#[expect(clippy::struct_excessive_bools, reason = "four parts, each shown or not")]
struct Shown {
    value: bool,
    reference: bool,
    display: bool,
    kind: bool,
    base: String,
}

impl Shown {
    /// `None` if it wants no members at all.
    fn of(projection: &Projection, base: &str) -> Option<Self> {
        if !projection.wants("members") {
            return None;
        }
        let mut sample = Object::new();
        let member = json!([{ "value": "v", "$ref": "r", "display": "d", "type": "User" }]);
        sample.insert("members".to_owned(), member);
        projection.apply(&mut sample);
        let member = sample.get("members").and_then(|list| list.get(0)).cloned().unwrap_or(Value::Null);
        let has = |name: &str| member.get(name).is_some();
        Some(Self {
            value: has("value"),
            reference: has("$ref"),
            display: has("display"),
            kind: has("type"),
            base: base.to_owned(),
        })
    }

    fn whole(&self, text: &mut String, inside: &Inside) -> Result<()> {
        self.write(text, &inside.users, "Users", true)?;
        self.end(text, &inside.groups, inside.users.is_empty())
    }

    fn end(&self, text: &mut String, nested: &[Listed], empty: bool) -> Result<()> {
        self.write(text, nested, "Groups", empty)?;
        text.push_str("]}");
        Ok(())
    }

    fn write(&self, text: &mut String, members: &[Listed], endpoint: &str, mut first: bool) -> Result<()> {
        use std::fmt::Write;
        for member in members {
            text.push_str(if first { "{" } else { ",{" });
            first = false;
            let before = text.len();
            // Ids are ULIDs: nothing in them needs escaping.
            if self.value {
                let _ = write!(text, "\"value\":\"{}\",", member.scim_id);
            }
            if self.reference {
                let _ = write!(text, "\"$ref\":\"{}/{endpoint}/{}\",", self.base, member.scim_id);
            }
            if let Some(display) = member.display.as_ref().filter(|_| self.display) {
                let _ = write!(text, "\"display\":{},", serde_json::to_string(display)?);
            }
            if self.kind {
                let _ = write!(text, "\"type\":\"{}\",", endpoint.trim_end_matches('s'));
            }
            if text.len() > before {
                text.pop();
            }
            text.push('}');
        }
        Ok(())
    }
}
