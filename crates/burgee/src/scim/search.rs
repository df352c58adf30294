//! Lists: `GET` on a collection or the root, and `.search` for filters too long or too private for a URL.

use axum::http::StatusCode;
use axum::response::Response;
use burgee_scim::discovery::LIST_URN;
use serde_json::{Value, json};

use super::cursor::Cursor;
use super::fault::Fault;
use super::request::Parameters;
use super::resource::kind;
use super::router::Call;
use super::{group, reply, user};
use crate::db::Read;
use crate::error::{Error, Result};
use crate::provisioning::journal::Act;
use crate::provisioning::query::{self, Mark, Page, Query, Start};
use crate::provisioning::{Noun, Provisioned};

/// Everything at the root: users first, then groups, as if they were one list.
pub(super) const EVERYTHING: &[Noun] = &[Noun::User, Noun::Group];

/// Answers a search for resources of one kind or several. A filter may fit one of them only.
pub(super) async fn list(call: &Call, parameters: &Parameters, nouns: &[Noun]) -> Result<Response, Fault> {
    let queries: Vec<_> = nouns.iter().map(|noun| (*noun, parameters.query(kind(*noun)))).collect();
    if let Some(error) = queries[0].1.as_ref().err().filter(|_| queries.iter().all(|(_, it)| it.is_err())) {
        return Err(error.clone().into());
    }
    let queries = queries.into_iter().map(|(noun, query)| (noun, query.ok())).collect();
    let user_view = parameters.projection(kind(Noun::User))?;
    let group_view = parameters.projection(kind(Noun::Group))?;
    let described = parameters.described(call.connection(), nouns);
    let cursor = parameters.cursor().map(|text| Cursor::read(text, &described, call.app.clock.now()));
    let mut search = Search { call, queries, left: parameters.count(), total: 0, found: Vec::new() };
    let mut tx = call.app.db.read().await?;
    let mut envelope = json!({ "schemas": [LIST_URN] });
    match cursor.transpose()? {
        None => {
            search.from(&mut tx, parameters.start() - 1).await?;
            envelope["totalResults"] = search.total.into();
            envelope["startIndex"] = parameters.start().into();
        }
        Some(cursor) => {
            let (before, after) = search.at(&mut tx, cursor).await?;
            envelope["totalResults"] = search.total.into();
            for (name, cursor) in [("previousCursor", before), ("nextCursor", after)] {
                if let Some(cursor) = cursor {
                    envelope[name] = cursor.write(&described).map_err(Error::from)?.into();
                }
            }
        }
    }
    let act = Act::Look { filter: parameters.filter(), found: Some(search.total) };
    call.notebook.tell(|deed| deed.act = act);
    let (users, groups): (Vec<_>, Vec<_>) =
        search.found.into_iter().partition(|(noun, _)| *noun == Noun::User);
    let of = |found: Vec<(Noun, Vec<Provisioned>)>| found.into_iter().flat_map(|(_, found)| found).collect();
    let (users, groups): (Vec<Provisioned>, Vec<Provisioned>) = (of(users), of(groups));
    let bodies = user::render(&mut tx, call.connection(), &users, &call.base, &user_view).await?;
    tx.end().await?;
    envelope["itemsPerPage"] = (users.len() + groups.len()).into();
    let frame = group::Frame { before: opened(&envelope, &bodies, &groups), after: "]}".to_owned() };
    let body = group::render(call, &groups, &group_view, frame, None).await?;
    Ok(reply::json(StatusCode::OK, body))
}

/// The list up to its groups.
fn opened(envelope: &Value, users: &[burgee_scim::Object], groups: &[Provisioned]) -> String {
    let mut text = envelope.to_string();
    text.pop();
    text.push_str(",\"Resources\":[");
    let users: Vec<String> = users.iter().map(|user| json!(user).to_string()).collect();
    text.push_str(&users.join(","));
    if !users.is_empty() && !groups.is_empty() {
        text.push(',');
    }
    text
}

/// Lists that are read one after the other.
struct Search<'a> {
    call: &'a Call,
    /// `None` where the filter does not fit.
    queries: Vec<(Noun, Option<Query>)>,
    /// How many may still be shown.
    left: i64,
    total: i64,
    found: Vec<(Noun, Vec<Provisioned>)>,
}

impl Search<'_> {
    /// The page after the first `skip`.
    async fn from(&mut self, tx: &mut Read, mut skip: i64) -> Result<()> {
        for list in 0..self.queries.len() {
            let Some(page) = self.page(tx, list, Start::Skip(skip), self.left).await? else { continue };
            skip = (skip - page.total).max(0);
        }
        Ok(())
    }

    /// The page at a cursor, and the cursors of the pages around it. Only single lists are read backwards.
    async fn at(&mut self, tx: &mut Read, cursor: Cursor) -> Result<(Option<Cursor>, Option<Cursor>)> {
        let now = self.call.app.clock.now();
        let to = |list, mark: Option<Mark>, back| Cursor::new(list, mark, back, now);
        let (first, single) = (cursor.list, self.queries.len() == 1);
        let start = cursor.start();
        let (mut before, mut after) = (None, None);
        for list in 0..self.queries.len() {
            let begins = if list == first { start.clone() } else { Start::First };
            let elsewhere = list < first || after.is_some();
            let count = if elsewhere { 0 } else { self.left };
            let Some(page) = self.page(tx, list, begins, count).await? else { continue };
            if elsewhere {
                continue;
            }
            before = page.before.filter(|_| single).map(|mark| to(list, Some(mark), true));
            after = match page.after {
                Some(mark) => Some(to(list, Some(mark), false)),
                // The page is full, and here begins the next.
                None if count == 0 && page.total > 0 => Some(to(list, None, false)),
                None => None,
            };
        }
        Ok((before, after))
    }

    /// Part of the page, from one list; without what was found, which is kept.
    async fn page(&mut self, tx: &mut Read, list: usize, start: Start, count: i64) -> Result<Option<Page>> {
        let (noun, Some(query)) = &self.queries[list] else { return Ok(None) };
        let query = Query { start, count, ..query.clone() };
        let mut page = query::search(tx, &self.call.app.pages, self.call.connection(), *noun, &query).await?;
        self.total += page.total;
        self.left -= i64::try_from(page.found.len()).map_err(Error::internal)?;
        self.found.push((*noun, std::mem::take(&mut page.found)));
        Ok(Some(page))
    }
}
