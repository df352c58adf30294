//! The query language of the event search: `IS:value`, `IS_ANY_OF:value,value`, dates as `IS:YYYY-MM-DD`.

use std::time::Duration;

use serde::Deserialize;

use super::operators;
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
        operators::page(self.offset.as_deref(), self.limit.as_deref(), PAGE, LARGEST_PAGE)
    }

    /// What to look for. An operator that is not understood is refused.
    pub(super) fn read(self) -> Result<Filter, Problem> {
        Ok(Filter {
            ids: operators::numbers(&values("id", self.id.as_deref(), NUMBERS)?),
            types: values("type", self.r#type.as_deref(), WORDS)?,
            projects: values("project", self.project.as_deref(), WORDS)?,
            features: values("feature", self.feature.as_deref(), WORDS)?,
            environments: values("environment", self.environment.as_deref(), WORDS)?,
            created_by: operators::numbers(&values("createdBy", self.created_by.as_deref(), WORDS)?),
            connections: Vec::new(),
            before: None,
            group_ids: values("groupId", self.group_id.as_deref(), NUMBERS)?,
            from: day("from", self.from.as_deref())?,
            until: day("to", self.to.as_deref())?.map(|day| day.plus(DAY)),
            query: self.query.filter(|text| !text.is_empty()),
            sight: None,
        })
    }
}

const WORDS: &str = "^(IS|IS_ANY_OF):(.*?)(,([a-zA-Z0-9_]+))*$";
const NUMBERS: &str = "^(IS|IS_ANY_OF):(.*?)(,([0-9]+))*$";

fn values(name: &str, text: Option<&str>, pattern: &str) -> Result<Vec<String>, Problem> {
    let applied = operators::read(name, &["IS", "IS_ANY_OF"], pattern, text)?;
    Ok(applied.map(|applied| applied.values).unwrap_or_default())
}

fn day(name: &str, text: Option<&str>) -> Result<Option<Time>, Problem> {
    let day = operators::day(name, &["IS"], r"^(IS):\d{4}-\d{2}-\d{2}$", text)?;
    Ok(day.map(|(_, time)| time))
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
