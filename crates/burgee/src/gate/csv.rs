//! Tables for spreadsheets.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

/// What tables are called by those who ask for them.
pub const KIND: &str = "text/csv; charset=utf-8";

/// True if the request asks for a table rather than JSON.
pub fn wanted(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.to_ascii_lowercase().contains("text/csv"))
}

/// A table, to be kept as a file called `name`.
pub fn table(name: &str, columns: &[&str], rows: impl IntoIterator<Item = Vec<Value>>) -> Response {
    let mut text = line(columns.iter().map(|column| Value::from(*column)));
    for row in rows {
        text.push_str(&line(row));
    }
    file(&format!("{name}.csv"), KIND, text.into())
}

/// What browsers keep as a file called `name`.
pub fn file(name: &str, kind: &'static str, body: Body) -> Response {
    let mut response = ([(header::CONTENT_TYPE, kind)], body).into_response();
    if let Ok(value) = HeaderValue::try_from(format!("attachment; filename=\"{name}\"")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

/// A line of a table.
pub fn line(values: impl IntoIterator<Item = Value>) -> String {
    let fields: Vec<String> = values.into_iter().map(field).collect();
    fields.join(",") + "\n"
}

/// Text is quoted. What a spreadsheet would take for a formula gets an apostrophe in front: names come from strangers.
fn field(value: Value) -> String {
    let text = match value {
        Value::Null => return String::new(),
        Value::Bool(_) | Value::Number(_) => return value.to_string(),
        Value::String(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => format!("'{text}"),
        Value::String(text) => text,
        other => other.to_string(),
    };
    format!("\"{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::line;

    #[test]
    fn text_is_quoted_and_never_a_formula() {
        let row = [json!("a \"b\""), json!(7), json!(true), json!(null), json!({"a": 1}), json!("=1+1")];
        assert_eq!(line(row), "\"a \"\"b\"\"\",7,true,,\"{\"\"a\"\":1}\",\"'=1+1\"\n");
    }
}
