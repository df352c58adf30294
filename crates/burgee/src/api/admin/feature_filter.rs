//! The query language of the search for flags.

use super::operators::{self, Applied};
use crate::api::Problem;
use crate::features::search::{Choice, Filter, Having, Key, Query, Tag, When};

/// How many flags a page has unless the request says otherwise.
const PAGE: i64 = 50;
/// How many flags a page can have.
const LARGEST_PAGE: i64 = 100;
/// How many words, and how many states in environments, a search can ask for.
const MOST: usize = 20;

const CHOICE: [&str; 4] = ["IS", "IS_NOT", "IS_ANY_OF", "IS_NONE_OF"];
const CHOICE_PATTERN: &str = "^(IS|IS_NOT|IS_ANY_OF|IS_NONE_OF):(.*?)(,([a-zA-Z0-9_]+))*$";
const HAVING: [&str; 6] =
    ["INCLUDE", "DO_NOT_INCLUDE", "INCLUDE_ALL_OF", "INCLUDE_ANY_OF", "EXCLUDE_IF_ANY_OF", "EXCLUDE_ALL"];
const TAG_PATTERN: &str = "^(INCLUDE|DO_NOT_INCLUDE|INCLUDE_ALL_OF|INCLUDE_ANY_OF|EXCLUDE_IF_ANY_OF|EXCLUDE_ALL):([^:,]+:.+?)(,\\s*[^:,]+:.+?)*$";
const SEGMENT_PATTERN: &str = "^(INCLUDE|DO_NOT_INCLUDE|INCLUDE_ALL_OF|INCLUDE_ANY_OF|EXCLUDE_IF_ANY_OF|EXCLUDE_ALL):(.*?)(,([a-zA-Z0-9_]+))*$";
const DAY: [&str; 2] = ["IS_BEFORE", "IS_ON_OR_AFTER"];
const DAY_PATTERN: &str = r"^(IS_BEFORE|IS_ON_OR_AFTER):\d{4}-\d{2}-\d{2}$";
const FAVORITE_PATTERN: &str = "^(IS|IS_ANY_OF):(true|false)(,(true|false))*$";
const ARCHIVED_PATTERN: &str = "^IS:(true|false)$";

/// The names of the parameters.
pub(super) const PARAMETERS: &[&str] = &[
    "query",
    "project",
    "state",
    "lifecycle",
    "type",
    "createdBy",
    "tag",
    "segment",
    "status[]",
    "offset",
    "limit",
    "sortBy",
    "sortOrder",
    "favoritesFirst",
    "archived",
    "favorite",
    "createdAt",
    "lastSeenAt",
];

/// Reads the query of a request. Operators that are not understood are refused, parameters are ignored.
pub(super) fn read(pairs: &[(String, String)]) -> Result<Query, Problem> {
    let text = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let choice = |name: &str| -> Result<Option<Choice<String>>, Problem> {
        let applied = operators::read(name, &CHOICE, CHOICE_PATTERN, text(name))?;
        Ok(applied.map(|Applied { operator, values }| match operator {
            0 | 2 => Choice::AnyOf(values),
            _ => Choice::NoneOf(values),
        }))
    };
    let filter = Filter {
        names: None,
        archived: archived(text("archived"))?,
        words: words(text("query"))?,
        project: choice("project")?,
        state: choice("state")?,
        stage: choice("lifecycle")?,
        kind: choice("type")?,
        created_by: choice("createdBy")?.map(|choice| match choice {
            Choice::AnyOf(values) => Choice::AnyOf(operators::numbers(&values)),
            Choice::NoneOf(values) => Choice::NoneOf(operators::numbers(&values)),
        }),
        owner: None,
        tags: tags(text("tag"))?,
        segments: operators::read("segment", &HAVING, SEGMENT_PATTERN, text("segment"))?
            .map(|applied| having(applied.operator, applied.values)),
        status: status(pairs)?,
        favorite: favorite(text("favorite"))?,
        created: day("createdAt", text("createdAt"))?,
        seen: day("lastSeenAt", text("lastSeenAt"))?,
    };
    let (offset, limit) = operators::page(text("offset"), text("limit"), PAGE, LARGEST_PAGE);
    Ok(Query {
        filter,
        key: key(text("sortBy")),
        descending: descending(text("sortOrder"))?,
        favorites_first: text("favoritesFirst") == Some("true"),
        offset,
        limit,
    })
}

fn too_many(name: &str) -> Problem {
    Problem::malformed(format!("\"{name}\" can name at most {MOST} values."))
}

/// What stands between commas.
fn words(text: Option<&str>) -> Result<Vec<String>, Problem> {
    let words = text.unwrap_or_default().split(',').map(|word| burgee_scim::fold(word.trim()));
    let words: Vec<String> = words.filter(|word| !word.is_empty()).collect();
    if words.len() > MOST { Err(too_many("query")) } else { Ok(words) }
}

fn having<T>(operator: usize, items: Vec<T>) -> Having<T> {
    match operator {
        0 | 3 => Having::Any(items),
        2 => Having::All(items),
        5 => Having::NotAll(items),
        _ => Having::None(items),
    }
}

/// A value without a type is a tag that no flag has.
fn tags(text: Option<&str>) -> Result<Option<Having<Tag>>, Problem> {
    let refused = |text: &str| Problem::pattern("/query/tag", TAG_PATTERN, text);
    let Some(applied) = operators::read("tag", &HAVING, TAG_PATTERN, text)? else {
        return text.map_or(Ok(None), |text| Err(refused(text)));
    };
    let first = text.and_then(|text| text.split_once(':')).and_then(|(_, list)| list.split_once(':'));
    if first.is_none_or(|(kind, value)| kind.is_empty() || kind.contains(',') || value.is_empty()) {
        return Err(refused(text.unwrap_or_default()));
    }
    let tags = applied.values.iter().map(|value| {
        let (kind, value) = value.split_once(':').unwrap_or(("", value));
        Tag { kind: kind.to_owned(), value: value.to_owned() }
    });
    Ok(Some(having(applied.operator, tags.collect())))
}

/// `environment:enabled` or `environment:disabled`; anything else restricts nothing.
fn status(pairs: &[(String, String)]) -> Result<Vec<(String, bool)>, Problem> {
    let sent = pairs.iter().filter(|(key, _)| key == "status" || key == "status[]");
    let status: Vec<(String, bool)> = sent
        .filter_map(|(_, value)| match value.rsplit_once(':')? {
            (environment, "enabled") => Some((environment.to_owned(), true)),
            (environment, "disabled") => Some((environment.to_owned(), false)),
            _ => None,
        })
        .collect();
    if status.len() > MOST { Err(too_many("status")) } else { Ok(status) }
}

fn favorite(text: Option<&str>) -> Result<Option<bool>, Problem> {
    let Some(applied) = operators::read("favorite", &["IS", "IS_ANY_OF"], FAVORITE_PATTERN, text)? else {
        return text
            .map_or(Ok(None), |text| Err(Problem::pattern("/query/favorite", FAVORITE_PATTERN, text)));
    };
    let values: Vec<&str> = applied.values.iter().map(String::as_str).collect();
    match values.as_slice() {
        ["true"] => Ok(Some(true)),
        ["false"] => Ok(Some(false)),
        ["false", "true"] => Ok(None),
        _ => Err(Problem::pattern("/query/favorite", FAVORITE_PATTERN, text.unwrap_or_default())),
    }
}

fn archived(text: Option<&str>) -> Result<bool, Problem> {
    match text {
        None | Some("IS:false") => Ok(false),
        Some("IS:true") => Ok(true),
        Some(text) => Err(Problem::pattern("/query/archived", ARCHIVED_PATTERN, text)),
    }
}

fn day(name: &str, text: Option<&str>) -> Result<Option<When>, Problem> {
    let day = operators::day(name, &DAY, DAY_PATTERN, text)?;
    Ok(day.map(|(operator, time)| if operator == 0 { When::Before(time) } else { When::From(time) }))
}

/// What cannot be sorted by counts as not sent.
fn key(text: Option<&str>) -> Key {
    match text {
        Some("name") => Key::Name,
        Some("type") => Key::Kind,
        Some("lastSeenAt") => Key::Seen,
        Some(text) => match text.strip_prefix("environment:") {
            Some(environment) => Key::Environment(environment.to_owned()),
            None => Key::Created,
        },
        None => Key::Created,
    }
}

fn descending(text: Option<&str>) -> Result<bool, Problem> {
    match text {
        None | Some("asc") => Ok(false),
        Some("desc") => Ok(true),
        Some(other) => Err(Problem::option("sortOrder", &["asc", "desc"], other)),
    }
}
