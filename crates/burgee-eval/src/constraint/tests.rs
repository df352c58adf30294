use jiff::Timestamp;

use super::*;
use Finding::{Absent, Broken, Match, NoMatch, Unreadable};

fn list(operator: Operator, values: &[&str]) -> document::Constraint {
    document::Constraint {
        context_name: "field".into(),
        operator,
        values: values.iter().map(|value| (*value).into()).collect(),
        ..document::Constraint::default()
    }
}

fn single(operator: Operator, value: &str) -> document::Constraint {
    document::Constraint { value: Some(value.into()), ..list(operator, &[]) }
}

fn ignoring_case(constraint: document::Constraint) -> document::Constraint {
    document::Constraint { case_insensitive: true, ..constraint }
}

fn empty() -> Context {
    Context::new(Timestamp::UNIX_EPOCH, 0)
}

/// Judges without and with inversion, and checks that the two fit together.
fn judge(source: &document::Constraint, context: &Context) -> Finding {
    let (finding, holds) = Constraint::compile(source).judge(context);
    let inverted = document::Constraint { inverted: true, ..source.clone() };
    let (inverted_finding, inverted_holds) = Constraint::compile(&inverted).judge(context);
    assert_eq!(finding, inverted_finding);
    assert_eq!(holds, finding == Match);
    assert_eq!(inverted_holds, !matches!(finding, Match | Broken));
    finding
}

#[track_caller]
fn check(source: &document::Constraint, expected: &[(&str, Finding)]) {
    for (text, finding) in expected {
        assert_eq!(judge(source, &empty().with("field", *text)), *finding, "{text:?} against {source:?}");
    }
}

#[test]
fn lists() {
    let values = ["b", " a ", "", "b", "ä"];
    check(
        &list(Operator::In, &values),
        &[("a", Match), ("b", Match), ("ä", Match), ("A", NoMatch), ("", NoMatch), (" a ", NoMatch)],
    );
    check(&list(Operator::NotIn, &values), &[("a", NoMatch), ("c", Match), ("", Match)]);
    check(&list(Operator::In, &[]), &[("a", NoMatch)]);
    check(&list(Operator::NotIn, &[]), &[("a", Match)]);
    assert_eq!(judge(&list(Operator::In, &values), &empty()), Absent);
    assert_eq!(judge(&list(Operator::NotIn, &values), &empty()), Match);
    // Case matters to lists, whatever the constraint says.
    check(&ignoring_case(list(Operator::In, &values)), &[("A", NoMatch)]);
}

#[test]
fn a_missing_field_matches_only_not_in() {
    for operator in Operator::ALL {
        let value = match operator.as_str().split('_').next() {
            Some("DATE") => "2020-01-01T00:00:00Z",
            Some("SEMVER") => "1.0.0",
            _ => "1",
        };
        let source = document::Constraint { value: Some(value.into()), ..list(operator.clone(), &["1"]) };
        let expected = if *operator == Operator::NotIn { Match } else { Absent };
        assert_eq!(judge(&source, &empty()), expected, "{operator:?}");
    }
}

#[test]
fn texts() {
    let values = ["ab", "Straße"];
    check(
        &list(Operator::StrStartsWith, &values),
        &[
            ("ab", Match),
            ("abc", Match),
            ("Straßenbahn", Match),
            ("a", NoMatch),
            ("ABC", NoMatch),
            ("", NoMatch),
        ],
    );
    check(
        &list(Operator::StrEndsWith, &values),
        &[("cab", Match), ("abc", NoMatch), ("Hauptstraße", NoMatch)],
    );
    check(&list(Operator::StrContains, &values), &[("cabd", Match), ("Straß", NoMatch), ("a b", NoMatch)]);
    for operator in [Operator::StrStartsWith, Operator::StrEndsWith, Operator::StrContains] {
        check(&list(operator.clone(), &[]), &[("a", NoMatch), ("", NoMatch)]);
        check(&list(operator, &["", " "]), &[("a", NoMatch), ("", NoMatch)]);
    }
}

#[test]
fn texts_ignoring_case() {
    let values = ["Ab", "STRASSE", "Σ"];
    let start = ignoring_case(list(Operator::StrStartsWith, &values));
    check(
        &start,
        &[
            ("aBc", Match),
            ("strasse", Match),
            ("straße", NoMatch),
            ("σ", Match),
            ("a", NoMatch),
            ("", NoMatch),
        ],
    );
    let end = ignoring_case(list(Operator::StrEndsWith, &values));
    check(&end, &[("xAB", Match), ("ΟΔΥΣΣΕΥΣ", NoMatch), ("öAB", Match), ("b", NoMatch)]);
    let contained = ignoring_case(list(Operator::StrContains, &values));
    check(&contained, &[("xaBx", Match), ("ÖaBÖ", Match), ("a-b", NoMatch), ("Hauptstrasse 1", Match)]);
    // The Kelvin sign is a k when case does not matter, on either side.
    check(&ignoring_case(list(Operator::StrContains, &["\u{212a}"])), &[("k", Match), ("\u{212a}", Match)]);
    check(&ignoring_case(list(Operator::StrContains, &["k"])), &[("\u{212a}", Match)]);
}

#[test]
fn numbers() {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let operators = [
        (Operator::NumEq, [Equal].as_slice()),
        (Operator::NumGt, &[Greater]),
        (Operator::NumGte, &[Greater, Equal]),
        (Operator::NumLt, &[Less]),
        (Operator::NumLte, &[Less, Equal]),
    ];
    for (operator, accepted) in operators {
        let source = single(operator, " 12.0 ");
        for (text, ordering) in [
            ("12", Equal),
            ("12.000", Equal),
            (" 12 ", Equal),
            ("1.2e1", Equal),
            ("-13", Less),
            ("12.000001", Greater),
        ] {
            let expected = if accepted.contains(&ordering) { Match } else { NoMatch };
            check(&source, &[(text, expected)]);
        }
        check(&source, &[("", Unreadable), ("twelve", Unreadable), ("NaN", Unreadable), ("inf", Unreadable)]);
    }
    for value in ["", "x", "NaN", "inf", "1,5"] {
        check(&single(Operator::NumEq, value), &[("1", Broken)]);
    }
    check(&list(Operator::NumEq, &["1"]), &[("1", Broken)]);
}

#[test]
fn dates() {
    let after = single(Operator::DateAfter, "2022-01-29T13:00:00.000Z");
    let before = single(Operator::DateBefore, "2022-01-29T13:00:00.000Z");
    for (text, is_after, is_before) in [
        ("2022-01-29T13:00:00Z", NoMatch, NoMatch),
        ("2022-01-29T15:00:00+02:00", NoMatch, NoMatch),
        ("2022-01-29T13:00:00.000000001Z", Match, NoMatch),
        ("2022-01-30", Match, NoMatch),
        ("2022-01-29T12:59:59.999Z", NoMatch, Match),
        ("soon", Unreadable, Unreadable),
        ("", Unreadable, Unreadable),
    ] {
        check(&after, &[(text, is_after)]);
        check(&before, &[(text, is_before)]);
    }
    check(&single(Operator::DateAfter, "soon"), &[("2022-01-30", Broken)]);
}

#[test]
fn the_current_time_is_now_unless_the_context_says_otherwise() {
    let after = document::Constraint {
        context_name: "currentTime".into(),
        ..single(Operator::DateAfter, "2022-01-29T13:00:00.000Z")
    };
    let at = |now: &str| Context::new(now.parse().unwrap(), 0);
    assert_eq!(judge(&after, &at("2022-01-29T13:00:00.001Z")), Match);
    assert_eq!(judge(&after, &at("2022-01-29T13:00:00Z")), NoMatch);
    assert_eq!(judge(&after, &at("2000-01-01T00:00:00Z").with("currentTime", "2030-01-01")), Match);
    assert_eq!(judge(&after, &at("2030-01-01T00:00:00Z").with("currentTime", "soon")), Unreadable);
    // Only dates have that default.
    let listed = document::Constraint { context_name: "currentTime".into(), ..list(Operator::In, &["a"]) };
    assert_eq!(judge(&listed, &at("2030-01-01T00:00:00Z")), Absent);
}

#[test]
fn versions() {
    let source = |operator| single(operator, "2.0.0-alpha.2");
    check(
        &source(Operator::SemverEq),
        &[("2.0.0-alpha.2", Match), ("2.0.0-alpha.2+build.7", Match), ("2.0.0", NoMatch)],
    );
    check(
        &source(Operator::SemverGt),
        &[
            ("2.0.0-alpha.10", Match),
            ("2.0.0-beta", Match),
            ("2.0.0", Match),
            ("2.0.0-alpha", NoMatch),
            ("1.9.9", NoMatch),
        ],
    );
    check(&source(Operator::SemverGte), &[("2.0.0-alpha.2+x", Match), ("2.0.0-alpha.1", NoMatch)]);
    check(
        &source(Operator::SemverLt),
        &[("2.0.0-alpha.1", Match), ("2.0.0-alpha.2", NoMatch), ("10.0.0", NoMatch)],
    );
    check(&source(Operator::SemverLte), &[("2.0.0-alpha.2", Match), ("2.0.0-alpha.3", NoMatch)]);
    for text in ["v2.0.0", "2.0", "2.0.0.0", "02.0.0", "", "latest", "99999999999999999999.0.0"] {
        check(&source(Operator::SemverLt), &[(text, Unreadable)]);
        check(&single(Operator::SemverEq, text), &[("2.0.0", Broken)]);
    }
}

#[test]
fn patterns() {
    check(&single(Operator::Regex, "b+"), &[("abbc", Match), ("", NoMatch), ("B", NoMatch)]);
    check(&ignoring_case(single(Operator::Regex, "^b$")), &[("B", Match), ("bb", NoMatch)]);
    check(&single(Operator::Regex, ""), &[("anything", Match)]);
    // Not a definition that takes the constraint down: it matches nothing, and inverted everything.
    for invalid in ["(", "(?=a)", r"(a)\1", r"(\w{1000}){1000}"] {
        check(&single(Operator::Regex, invalid), &[("a", NoMatch)]);
    }
    check(&list(Operator::Regex, &["a"]), &[("a", Broken)]);
    let long = "a".repeat(100_000);
    check(&single(Operator::Regex, "(a*)*b"), &[(&long, NoMatch)]);
}

#[test]
fn networks() {
    let source =
        list(Operator::InCidr, &["10.1.0.0/16", " 192.168.0.1 ", "broken", "2001:db8::/32", "10.2.3.4/16"]);
    check(
        &source,
        &[
            ("10.1.255.255", Match),
            ("10.2.0.1", Match),
            ("192.168.0.1", Match),
            ("2001:DB8::1", Match),
            ("10.3.0.0", NoMatch),
            ("192.168.0.2", NoMatch),
            ("2001:db9::1", NoMatch),
            ("::ffff:10.1.0.1", NoMatch),
            ("10.1.0.0/16", Unreadable),
            ("broken", Unreadable),
            ("", Unreadable),
        ],
    );
    check(&list(Operator::InCidr, &["broken"]), &[("10.0.0.1", NoMatch)]);
    check(&list(Operator::InCidr, &["0.0.0.0/0"]), &[("255.255.255.255", Match), ("::1", NoMatch)]);
}

#[test]
fn unknown_operators_never_hold() {
    for operator in [Operator::Unknown("NOT_A_VALID_OPERATOR".into()), Operator::Missing] {
        let source = document::Constraint { value: Some("a".into()), ..list(operator, &["a"]) };
        assert_eq!(judge(&source, &empty()), Broken);
        check(&source, &[("a", Broken)]);
    }
}
