use super::*;
use crate::document::{Override, Payload};

fn single(operator: Operator, value: &str) -> Constraint {
    let context_name = match operator {
        Operator::DateAfter | Operator::DateBefore => "currentTime",
        _ => "field",
    };
    Constraint {
        context_name: context_name.into(),
        operator,
        value: Some(value.into()),
        ..Constraint::default()
    }
}

fn list(operator: Operator, values: &[&str]) -> Constraint {
    let values = values.iter().map(|value| (*value).into()).collect();
    Constraint { context_name: "field".into(), operator, values, ..Constraint::default() }
}

fn strategy(name: &str, parameters: &[(&str, &str)]) -> Strategy {
    Strategy {
        name: name.into(),
        parameters: parameters.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        ..Strategy::default()
    }
}

fn variant(name: &str, weight: i64) -> Variant {
    Variant { name: name.into(), weight, ..Variant::default() }
}

#[track_caller]
fn refused<T: fmt::Debug>(result: Result<T, Refused>, field: &str) {
    let refused = result.unwrap_err();
    assert_eq!(refused.field, field, "{refused}");
    assert!(!refused.reason.is_empty());
}

/// The value after the check, or the field that was refused.
fn value(operator: Operator, value: &str) -> Result<String, String> {
    match constraint(single(operator, value)) {
        Ok(constraint) => Ok(constraint.value.unwrap()),
        Err(refused) => Err(refused.field),
    }
}

fn parameter(name: &str, parameters: &[(&str, &str)], wanted: &str) -> Result<String, String> {
    match super::strategy(strategy(name, parameters), "flag") {
        Ok(mut strategy) => Ok(strategy.parameters.remove(wanted).unwrap_or_default()),
        Err(refused) => Err(refused.field),
    }
}

#[test]
fn rollouts_are_whole() {
    let rollout = |text| parameter("flexibleRollout", &[("rollout", text)], "rollout");
    for (text, expected) in
        [("99.9", "99"), (" 50 ", "50"), ("0", "0"), ("-0", "0"), ("1e1", "10"), ("100", "100")]
    {
        assert_eq!(rollout(text), Ok(expected.into()), "{text}");
    }
    for text in ["101", "100.1", "-1", "0.5", "", "all", "NaN", "50%"] {
        assert_eq!(rollout(text), Err("parameters.rollout".into()), "{text}");
    }
    assert_eq!(parameter("flexibleRollout", &[], "rollout"), Ok("100".into()));
    for name in ["gradualRolloutUserId", "gradualRolloutSessionId", "gradualRolloutRandom"] {
        assert_eq!(parameter(name, &[("percentage", "33.3")], "percentage"), Ok("33".into()));
        assert_eq!(parameter(name, &[], "percentage"), Err("parameters.percentage".into()));
    }
}

#[test]
fn dates_are_complete() {
    let date = |text| value(Operator::DateAfter, text);
    for unchanged in [
        "2022-01-29T13:00:00.000Z",
        "2022-01-29T13:00:00Z",
        "2022-01-29T13:00:00.000+02:00",
        "2022-01-29T13:00:00-05:30",
    ] {
        assert_eq!(date(unchanged), Ok(unchanged.into()));
    }
    for (text, expected) in [
        ("2020-01-01", "2020-01-01T00:00:00.000Z"),
        (" 2020-01-01T00:00:00Z ", "2020-01-01T00:00:00Z"),
        ("2020-01-01T00:00:00.123456Z", "2020-01-01T00:00:00.123Z"),
        ("2020-01-01T00:00:00.5+01:00", "2019-12-31T23:00:00.500Z"),
        ("2020-01-01T00:00Z", "2020-01-01T00:00:00.000Z"),
    ] {
        assert_eq!(date(text), Ok(expected.into()), "{text}");
    }
    for text in ["", "soon", "2020-01-01T00:00:00", "2020-02-30T00:00:00Z", "-000001-01-01T00:00:00Z"] {
        assert_eq!(date(text), Err("value".into()), "{text}");
    }
    let other =
        Constraint { context_name: "born".into(), ..single(Operator::DateBefore, "2020-01-01T00:00:00Z") };
    refused(constraint(other), "contextName");
}

#[test]
fn values_are_trimmed() {
    let trimmed = constraint(list(Operator::In, &[" acme ", "\u{feff}x", "a b"])).unwrap();
    assert_eq!(trimmed.values, ["acme", "x", "a b"]);
    refused(constraint(list(Operator::In, &["a", " "])), "values[1]");
    assert!(constraint(list(Operator::In, &[])).is_ok());
    assert!(constraint(list(Operator::NotIn, &[])).is_ok());
    for operator in [Operator::StrContains, Operator::StrEndsWith, Operator::StrStartsWith, Operator::InCidr]
    {
        refused(constraint(list(operator, &[])), "values");
    }
}

#[test]
fn values_do_not_end_in_backslashes() {
    refused(constraint(list(Operator::StrContains, &["a\\"])), "values[0]");
    assert!(constraint(list(Operator::StrContains, &["\\a", "quo\"te"])).is_ok());
    assert_eq!(parameter("userWithId", &[("userIds", "a\\,b")], "userIds"), Err("parameters.userIds".into()));
}

#[test]
fn names_have_no_quotes() {
    for name in ["", " ", "a\"b", "a\\b"] {
        refused(
            constraint(Constraint { context_name: name.into(), ..single(Operator::NumEq, "1") }),
            "contextName",
        );
    }
    for group in ["a\" or true or 0% sticky on user_id", "a\\", "grüppe"] {
        let parameters = [("rollout", "0"), ("groupId", group)];
        assert_eq!(parameter("flexibleRollout", &parameters, "groupId"), Err("parameters.groupId".into()));
    }
    for stickiness in ["a\"", "a\\", "currentTime"] {
        let parameters = [("stickiness", stickiness)];
        assert_eq!(
            parameter("flexibleRollout", &parameters, "stickiness"),
            Err("parameters.stickiness".into())
        );
    }
}

#[test]
fn groups_and_stickiness_are_explicit() {
    for (name, given) in [("flexibleRollout", ""), ("flexibleRollout", " "), ("gradualRolloutUserId", "")] {
        assert_eq!(parameter(name, &[("groupId", given), ("percentage", "1")], "groupId"), Ok("flag".into()));
    }
    assert_eq!(parameter("flexibleRollout", &[("groupId", "g")], "groupId"), Ok("g".into()));
    assert_eq!(parameter("flexibleRollout", &[("stickiness", "")], "stickiness"), Ok("default".into()));
    assert_eq!(parameter("default", &[], "groupId"), Ok(String::new()));

    let mut varied = strategy("default", &[]);
    varied.variants = vec![variant("a", 1), variant("b", 1)];
    varied.variants[0].stickiness = Some("tenant".into());
    varied.variants[1].stickiness = Some("other".into());
    let varied = super::strategy(varied, "flag").unwrap();
    assert_eq!(varied.parameters["groupId"], "flag");
    assert_eq!(varied.parameters["stickiness"], "tenant");
    assert!(varied.variants.iter().all(|variant| variant.stickiness.as_deref() == Some("tenant")));

    let mut inherited = strategy("flexibleRollout", &[("stickiness", "sessionId")]);
    inherited.variants = vec![Variant { stickiness: Some("userId".into()), ..variant("a", 1) }];
    let inherited = super::strategy(inherited, "flag").unwrap();
    assert_eq!(inherited.variants[0].stickiness.as_deref(), Some("sessionId"));

    let mut unsaid = strategy("flexibleRollout", &[]);
    unsaid.variants = vec![Variant { stickiness: Some("userId".into()), ..variant("a", 1) }];
    let unsaid = super::strategy(unsaid, "flag").unwrap();
    assert_eq!(unsaid.parameters["stickiness"], "default");
    assert_eq!(unsaid.variants[0].stickiness.as_deref(), Some("default"));
}

#[test]
fn numbers_are_plain() {
    for unchanged in ["12.0", "-1", "+5", "1e3", "5.", "0"] {
        assert_eq!(value(Operator::NumEq, unchanged), Ok(unchanged.into()));
    }
    for (text, expected) in [(".5", "0.5"), ("-.5e1", "-5"), (" 7 ", "7")] {
        assert_eq!(value(Operator::NumGt, text), Ok(expected.into()));
    }
    for text in ["", "x", "NaN", "inf", "1e999", "0x10", "1 or true"] {
        assert_eq!(value(Operator::NumLt, text), Err("value".into()), "{text}");
    }
}

#[test]
fn versions_are_strict() {
    assert_eq!(value(Operator::SemverEq, " 1.2.3-rc.1+b "), Ok("1.2.3-rc.1+b".into()));
    for text in ["", "v1.2.3", "1.2", "01.2.3", "9007199254740992.0.0"] {
        assert_eq!(value(Operator::SemverLte, text), Err("value".into()), "{text}");
    }
}

#[test]
fn networks() {
    assert!(constraint(list(Operator::InCidr, &["10.0.0.0/8", "::1", " 2001:db8::/32 "])).is_ok());
    refused(constraint(list(Operator::InCidr, &["10.0.0.0/8", "10.0.0.0/33"])), "values[1]");
    let ips = |ips| parameter("remoteAddress", &[("IPs", ips)], "IPs");
    assert_eq!(ips(" 10.0.0.0/8, 127.0.0.1 "), Ok("10.0.0.0/8, 127.0.0.1".into()));
    assert_eq!(ips("127.0.0.1,,2001:DB8:0::1"), Ok("127.0.0.1,2001:db8::1".into()));
    assert_eq!(ips("::1/128"), Ok("::1".into()));
    for text in ["2001:db8::/32", "127.0.0", "quo\"te", "10.0.0.0/255.0.0.0"] {
        assert_eq!(ips(text), Err("parameters.IPs".into()), "{text}");
    }
}

#[test]
fn lists_of_parameters() {
    let users = |ids| parameter("userWithId", &[("userIds", ids)], "userIds");
    assert_eq!(users("a, b ,c"), Ok("a, b ,c".into()));
    assert_eq!(users(" a,,b, "), Ok("a,b".into()));
    assert_eq!(users(" , "), Ok(String::new()));
    let hosts = |names| parameter("applicationHostname", &[("hostNames", names)], "hostNames");
    assert_eq!(hosts("web-1,web-2"), Ok("web-1,web-2".into()));
    assert_eq!(hosts("web\""), Err("parameters.hostNames".into()));
}

#[test]
fn patterns_mean_the_same_everywhere() {
    assert_eq!(value(Operator::Regex, r"^user\d{3}$"), Ok(r"^user\d{3}$".into()));
    for pattern in ["", "(", "(?=a)b", r"(a)\1", "(?x)a", "a{1001}", r"(\w{1000}){1000}"] {
        assert_eq!(value(Operator::Regex, pattern), Err("value".into()), "{pattern}");
    }
}

#[test]
fn operators_are_known() {
    refused(constraint(single(Operator::Unknown("FUTURE".into()), "a")), "operator");
    refused(constraint(single(Operator::Missing, "a")), "operator");
    for operator in Operator::ALL {
        let missing = Constraint { value: None, ..single(operator.clone(), "") };
        if !operator.takes_values() {
            refused(constraint(missing), "value");
        }
    }
}

#[test]
fn variants_have_names_and_weight() {
    let fine = variants(vec![variant("a", 0), variant("b", 1000)]).unwrap();
    assert!(fine.iter().all(|variant| variant.stickiness.as_deref() == Some("default")));
    assert_eq!(variants(vec![]), Ok(vec![]));
    refused(variants(vec![variant("a", 0), variant("b", 0)]), "variants");
    refused(variants(vec![variant("a", 1), variant("a", 1)]), "variants[1].name");
    refused(variants(vec![variant("", 1)]), "variants[0].name");
    refused(variants(vec![variant("a", 1001)]), "variants[0].weight");
    refused(variants(vec![variant("a", -1), variant("b", 1)]), "variants[0].weight");
    for (kind, value, fine) in [
        ("json", "{\"a\":[1]}", true),
        ("json", "{", false),
        ("number", "1.5", true),
        ("number", "many", false),
        ("csv", "a,b", true),
        ("string", "", true),
        ("xml", "<a/>", false),
    ] {
        let payload = Some(Payload { kind: kind.into(), value: value.into() });
        assert_eq!(variants(vec![Variant { payload, ..variant("a", 1) }]).is_ok(), fine, "{kind} {value}");
    }
}

#[test]
fn fields_are_named_by_their_path() {
    let mut outer = strategy("default", &[]);
    outer.constraints = vec![list(Operator::In, &["a"]), list(Operator::In, &["a", "b", " "])];
    refused(super::strategy(outer, "flag"), "constraints[1].values[2]");
    let mut outer = strategy("default", &[]);
    outer.variants = vec![variant("a", 1), variant("b", 1)];
    outer.variants[1].overrides = vec![Override::default()];
    refused(super::strategy(outer, "flag"), "variants[1].overrides");
    refused(super::strategy(strategy("", &[]), "flag"), "name");
    let error = constraint(single(Operator::NumEq, "x")).unwrap_err();
    assert_eq!(error.to_string(), "value: \"x\" is not a finite number");
}

#[test]
fn parents_that_should_be_off_have_no_variants() {
    let parent = |enabled| Dependency { feature: "p".into(), enabled, variants: vec!["a".into()] };
    assert_eq!(dependency(parent(Some(false))).unwrap().variants, Vec::<String>::new());
    assert_eq!(dependency(parent(None)).unwrap().variants, ["a"]);
    refused(dependency(Dependency::default()), "feature");
}
