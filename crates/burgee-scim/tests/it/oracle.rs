//! The strict filter grammar, compared with an independent parser: what both accept has the same structure.

use burgee_scim::filter::{Literal, parse};
use burgee_scim::{Filter, Mode};
use proptest::prelude::*;
use scim_v2::filter as theirs;

use crate::props::filter;

/// Prefix notation, with chains of one operator flattened.
fn ours(filter: &Filter) -> String {
    fn chain(word: &str, parts: &[Filter], out: &mut Vec<String>) {
        for part in parts {
            match (word, part) {
                ("and", Filter::And(parts)) | ("or", Filter::Or(parts)) => chain(word, parts, out),
                _ => out.push(ours(part)),
            }
        }
    }
    match filter {
        Filter::And(parts) | Filter::Or(parts) => {
            let word = if matches!(filter, Filter::And(_)) { "and" } else { "or" };
            let mut out = Vec::new();
            chain(word, parts, &mut out);
            format!("({word} {})", out.join(" "))
        }
        Filter::Not(inner) => format!("(not {})", ours(inner)),
        Filter::Test { path, op, .. } if op.as_str() == "pr" => format!("(pr {path})"),
        Filter::Test { path, op, value } => {
            let value = match value {
                Literal::Number(text) => serde_json::from_str::<serde_json::Value>(text).unwrap().to_string(),
                value => value.to_string(),
            };
            format!("({} {path} {value})", op.as_str())
        }
        Filter::Element { path, filter } => format!("[{path} {}]", ours(filter)),
    }
}

fn path(path: &theirs::AttrPath) -> String {
    let uri = path.uri.as_ref().map(|uri| format!("{uri}:")).unwrap_or_default();
    let sub = path.sub_attr.as_ref().map(|sub| format!(".{sub}")).unwrap_or_default();
    format!("{uri}{}{sub}", path.name)
}

fn test(test: &theirs::AttrExp) -> String {
    match test {
        theirs::AttrExp::Present(at) => format!("(pr {})", path(at)),
        theirs::AttrExp::Comparison(at, op, value) => {
            let value = match value {
                theirs::CompValue::False => "false".into(),
                theirs::CompValue::True => "true".into(),
                theirs::CompValue::Null => "null".into(),
                theirs::CompValue::Number(number) => number.to_string(),
                theirs::CompValue::Str(text) => serde_json::Value::from(text.as_str()).to_string(),
            };
            format!("({} {} {value})", format!("{op:?}").to_lowercase(), path(at))
        }
    }
}

macro_rules! logic {
    ($name:ident, $type:ident $(, $variant:pat => $result:expr)?) => {
        fn $name(filter: &theirs::$type) -> String {
            fn chain(word: &str, parts: &[theirs::$type], out: &mut Vec<String>) {
                for part in parts {
                    match (word, part) {
                        ("and", theirs::$type::And(parts)) | ("or", theirs::$type::Or(parts)) => {
                            chain(word, parts.as_slice(), out);
                        }
                        _ => out.push($name(part)),
                    }
                }
            }
            let join = |word: &str, parts: &[theirs::$type]| {
                let mut out = Vec::new();
                chain(word, parts, &mut out);
                format!("({word} {})", out.join(" "))
            };
            match filter {
                theirs::$type::And(parts) => join("and", parts.as_slice()),
                theirs::$type::Or(parts) => join("or", parts.as_slice()),
                theirs::$type::Not(inner) => format!("(not {})", $name(inner)),
                theirs::$type::Attr(exp) => test(exp),
                $($variant => $result,)?
            }
        }
    };
}
logic!(element_filter, ValFilter);
logic!(whole_filter, Filter, theirs::Filter::ValuePath(vp) => format!("[{} {}]", path(&vp.attr), element_filter(&vp.filter)));

/// True if both accept.
fn agree(text: &str) -> bool {
    match (parse(text, Mode::Strict), text.parse::<theirs::Filter>()) {
        (Ok(a), Ok(b)) => {
            assert_eq!(ours(&a), whole_filter(&b), "{text}");
            true
        }
        _ => false,
    }
}

#[test]
fn the_examples_of_the_rfc() {
    for text in [
        r#"userName eq "bjensen""#,
        r#"name.familyName co "O'Malley""#,
        r#"userName sw "J""#,
        r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J""#,
        "title pr",
        r#"meta.lastModified gt "2011-05-13T04:42:34Z""#,
        r#"title pr and userType eq "Employee""#,
        r#"title pr or userType eq "Intern""#,
        r#"schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User""#,
        r#"userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")"#,
        r#"userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")"#,
        r#"userType eq "Employee" and (emails.type eq "work")"#,
        r#"userType eq "Employee" and emails[type eq "work" and value co "@example.com"]"#,
        r#"emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]"#,
    ] {
        assert!(agree(text), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn generated_filters(filter in filter()) {
        agree(&filter.to_string());
    }

    #[test]
    fn near_filters(words in prop::collection::vec(prop::sample::select(vec![
        "a", "b.c", "pr", "eq", "\"x\"", "1", "and", "or", "not", "(", ")", "[", "]", "a pr", "a eq true", " ", "not (",
    ]), 1..14)) {
        agree(&words.join(" "));
    }
}
