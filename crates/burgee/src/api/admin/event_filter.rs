//! The query language of the event search: `IS:value`, `IS_ANY_OF:value,value`, dates as `IS:YYYY-MM-DD`.

use std::time::Duration;

use serde::Deserialize;

use crate::api::Problem;
use crate::clock::Time;
use crate::events::Filter;

/// How many events a page has unless the request says otherwise.
const PAGE: i64 = 50;
/// How many events a page can have.
const LARGEST_PAGE: i64 = 1000;
/// One day: `to` includes the day it names.
const DAY: Duration = Duration::from_hours(24);

/// The query parameters as sent.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Search {
    query: Option<String>,
    id: Option<String>,
    group_id: Option<String>,
    feature: Option<String>,
    project: Option<String>,
    r#type: Option<String>,
    created_by: Option<String>,
    environment: Option<String>,
    from: Option<String>,
    to: Option<String>,
    offset: Option<String>,
    limit: Option<String>,
}

impl Search {
    /// Their names.
    pub(super) const PARAMETERS: &'static [&'static str] = &[
        "query",
        "id",
        "groupId",
        "feature",
        "project",
        "type",
        "createdBy",
        "environment",
        "from",
        "to",
        "offset",
        "limit",
    ];

    /// Offset and limit; what makes no sense counts as not sent.
    pub(super) fn page(&self) -> (i64, i64) {
        let number = |text: &Option<String>, least: i64| {
            text.as_ref().and_then(|text| text.parse::<i64>().ok()).filter(|number| *number >= least)
        };
        (number(&self.offset, 0).unwrap_or(0), number(&self.limit, 1).unwrap_or(PAGE).min(LARGEST_PAGE))
    }

    /// What to look for. An operator that is not understood is refused.
    pub(super) fn read(self) -> Result<Filter, Problem> {
        Ok(Filter {
            ids: numbers("id", self.id)?,
            types: values("type", self.r#type)?,
            projects: values("project", self.project)?,
            features: values("feature", self.feature)?,
            environments: values("environment", self.environment)?,
            created_by: numbers("createdBy", self.created_by)?,
            group_ids: values("groupId", self.group_id)?,
            from: day("from", self.from)?,
            until: day("to", self.to)?.map(|day| day.plus(DAY)),
            query: self.query.filter(|text| !text.is_empty()),
            outside: None,
        })
    }
}

fn values(name: &str, text: Option<String>) -> Result<Vec<String>, Problem> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let Some(("IS" | "IS_ANY_OF", list)) = text.split_once(':') else {
        return Err(Problem::pattern(&format!("/query/{name}"), "^(IS|IS_ANY_OF):(.*?)$", &text));
    };
    let mut values: Vec<String> = list.split(',').map(|value| value.trim().to_owned()).collect();
    values.sort();
    values.dedup();
    Ok(values)
}

/// Values that are no numbers match nothing.
fn numbers(name: &str, text: Option<String>) -> Result<Vec<i64>, Problem> {
    Ok(values(name, text)?.iter().map(|value| value.parse().unwrap_or(i64::MIN)).collect())
}

fn day(name: &str, text: Option<String>) -> Result<Option<Time>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let day = text.strip_prefix("IS:").filter(|day| day.len() == 10);
    let time = day.and_then(|day| Time::parse(&format!("{day}T00:00:00Z")));
    match time {
        Some(time) => Ok(Some(time)),
        None => Err(Problem::pattern(&format!("/query/{name}"), r"^(IS):\d{4}-\d{2}-\d{2}$", &text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(search: Search) -> bool {
        search.read().is_err()
    }

    #[test]
    fn operators_dates_and_pages_are_read() {
        let search = Search {
            r#type: Some("IS_ANY_OF:user-created,user-deleted".into()),
            created_by: Some("IS:7,x".into()),
            to: Some("IS:2026-11-23".into()),
            limit: Some("5000".into()),
            offset: Some("-1".into()),
            ..Search::default()
        };
        assert_eq!(search.page(), (0, LARGEST_PAGE));
        let filter = search.read().unwrap();
        assert_eq!(filter.types, ["user-created", "user-deleted"]);
        assert_eq!(filter.created_by, [7, i64::MIN]);
        assert_eq!(filter.until.unwrap().to_string(), "2026-11-24T00:00:00.000Z");
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        assert!(refused(Search { r#type: Some("IS_NOT:x".into()), ..Search::default() }));
        assert!(refused(Search { id: Some("7".into()), ..Search::default() }));
        assert!(refused(Search { from: Some("IS:2026-13-40".into()), ..Search::default() }));
        assert!(refused(Search { from: Some("IS:yesterday!".into()), ..Search::default() }));
    }
}
