use std::fmt::Write as _;
use std::time::Instant;

use burgee_scim::filter::{MAX_DEPTH, MAX_NODES, MAX_URL_TEXT, check, matches, parse, parse_body};
use burgee_scim::{Checked, Error, GROUP, Mode, Op, Operand, ScimType, USER};
use serde_json::json;

use crate::{BOTH, CORE, ENT, ann, object, refused};

fn checked(text: &str, mode: Mode) -> Result<Checked, Error> {
    check(&parse(text, mode)?, &USER, mode)
}

#[track_caller]
fn finds(text: &str, mode: Mode) -> bool {
    matches(&checked(text, mode).unwrap_or_else(|e| panic!("{text}: {e}")), &ann())
}

#[track_caller]
fn both(text: &str, expected: bool) {
    for mode in BOTH {
        assert_eq!(finds(text, mode), expected, "{text} ({mode:?})");
    }
}

#[test]
fn texts_compare_folded() {
    both(r#"userName eq "ann@X.IO""#, true);
    both(r#"userName eq "bob@x.io""#, false);
    both(r#"userName ne "ANN@x.io""#, false);
    both(r#"userName sw "ANN""#, true);
    both(r#"userName ew "X.io""#, true);
    both(r#"userName co "N@X""#, true);
    both(r#"userName co "zz""#, false);
    both(r#"userName gt "ANA""#, true);
    both(r#"userName lt "ANA""#, false);
    both(r#"userName ge "ann@x.io""#, true);
    both(r#"userName le "ann@x.io""#, true);
    both(r#"userName gt "ann@x.io""#, false);
    both(r#"name.familyName eq "LEE""#, true);
}

#[test]
fn case_exact_texts_compare_exactly() {
    both(r#"externalId eq "Ext-1""#, true);
    both(r#"externalId eq "ext-1""#, false);
    both(r#"id eq "01USER""#, true);
    both(r#"id eq "01user""#, false);
    both(r#"groups.value eq "01GROUP""#, true);
    both(r#"groups.value eq "01group""#, false);
    both(r#"meta.resourceType eq "User""#, true);
    both(r#"meta.resourceType eq "user""#, false);
}

#[test]
fn unicode() {
    let find = |name: &str, text: &str| {
        let filter = checked(&format!("displayName eq \"{text}\""), Mode::Strict).unwrap();
        matches(&filter, &object(json!({ "displayName": name })))
    };
    assert!(find("İstanbul", "İSTANBUL"));
    assert!(!find("İstanbul", "istanbul"));
    assert!(!find("Straße", "STRASSE"));
    assert!(find("Straße", "STRAẞE"));
    assert!(find("café", "CAFE\u{301}"));
}

#[test]
fn names_operators_and_keywords_in_any_case() {
    both(r#"USERNAME EQ "ann@x.io" AND NOT (Active EQ false)"#, true);
    both(r#"Name.FamilyName Eq "lee" oR userName pr"#, true);
}

#[test]
fn absent_null_and_not() {
    both("title pr", false);
    both("userName pr", true);
    both("title eq null", true);
    both("title ne null", false);
    both("userName eq null", false);
    both("userName ne null", true);
    both(r#"title ne "x""#, true);
    both(r#"title eq "x""#, false);
    both(r#"not (title eq "x")"#, true);
    both(r#"title lt "x""#, false);
    both("not (title pr)", true);
    both("addresses eq null", true);
    both("emails eq null", false);
    for (text, op) in [("title gt null", "gt"), ("title co null", "co")] {
        assert!(refused(checked(text, Mode::Tolerant), ScimType::InvalidFilter).contains("null"), "{op}");
    }
    assert!(!matches(&checked("title pr", Mode::Strict).unwrap(), &object(json!({ "title": "" }))));
    assert!(!matches(&checked("title pr", Mode::Strict).unwrap(), &object(json!({ "title": null }))));
}

#[test]
fn booleans() {
    both("active eq true", true);
    both("active ne true", false);
    both("active pr", true);
    assert!(finds(r#"active eq "True""#, Mode::Tolerant));
    assert!(finds("active eq True", Mode::Tolerant));
    refused(checked(r#"active eq "True""#, Mode::Strict), ScimType::InvalidFilter);
    refused(checked(r#"active eq "yes""#, Mode::Tolerant), ScimType::InvalidFilter);
    for mode in BOTH {
        for op in ["gt", "ge", "lt", "le"] {
            refused(checked(&format!("active {op} true"), mode), ScimType::InvalidFilter);
        }
        for op in ["co", "sw", "ew"] {
            refused(checked(&format!("active {op} \"t\""), mode), ScimType::InvalidFilter);
            refused(checked(&format!("x509Certificates.value {op} \"t\""), mode), ScimType::InvalidFilter);
        }
        refused(checked(r#"x509Certificates.value gt "t""#, mode), ScimType::InvalidFilter);
    }
}

#[test]
fn instants_compare_chronologically() {
    both(r#"meta.created eq "2026-01-02T04:04:05+01:00""#, true);
    both(r#"meta.created gt "2026-01-02T03:04:04.999Z""#, true);
    both(r#"meta.created lt "2026-01-02T03:04:05.0000001Z""#, true);
    both(
        r#"meta.lastModified ge "2026-01-01T00:00:00Z" and meta.lastModified le "2026-03-01T00:00:00Z""#,
        true,
    );
    assert!(finds("meta.Created gt 2015-10-10T14:38:21.8617979-07:00", Mode::Tolerant));
    for mode in BOTH {
        refused(checked(r#"meta.created eq "yesterday""#, mode), ScimType::InvalidFilter);
        refused(checked(r#"meta.created sw "2026""#, mode), ScimType::InvalidFilter);
        refused(checked(r"meta.created eq 5", mode), ScimType::InvalidFilter);
    }
}

#[test]
fn complex_attributes() {
    both("name pr", true);
    both("emails pr", true);
    both("addresses pr", false);
    both(r#"emails eq "ANN@home.example""#, true);
    both(r#"emails co "@x""#, true);
    both(&format!(r#"{ENT}:manager eq "01BOSS""#), true);
    both(&format!(r"{ENT}:manager pr"), true);
    both(r#"groups eq "01GROUP""#, true);
    for mode in BOTH {
        refused(checked(r#"name eq "Ann""#, mode), ScimType::InvalidFilter);
        refused(checked(r#"addresses co "x""#, mode), ScimType::InvalidFilter);
    }
    let Checked::Test(test) = checked(r#"emails eq "A@x""#, Mode::Strict).unwrap() else { panic!() };
    assert_eq!((test.attr.key().as_str(), test.op), ("emails.value", Op::Eq));
    assert_eq!(test.operand, Operand::Folded("a@x".into()));
}

#[test]
fn any_value_or_one_element() {
    both(r#"emails.type eq "home" and emails.value eq "ann@x.io""#, true);
    both(r#"emails[type eq "home" and value eq "ann@x.io"]"#, false);
    both(r#"emails[type eq "work" and value co "@X.io"]"#, true);
    both(r#"emails[not (type eq "work")]"#, true);
    both(r#"emails[type ne "work"]"#, true);
    both(r#"emails[type ne "work" and type ne "home"]"#, false);
    both(r"emails[primary pr]", true);
    both(r"emails[primary eq null]", true);
    both(r"emails[display pr]", false);
    both(r#"emails.value ne "ann@x.io""#, false);
    both(r#"emails.value ne "bob@x.io""#, true);
    both(r#"addresses[type ne "work"]"#, false);
    both(r#"emails[(type eq "work" or type eq "other") and primary eq true] and active eq true"#, true);
    both(r#"name[familyName eq "lee"]"#, true);
    assert!(finds(r#"emails[type eq "work"].value eq "ann@x.io""#, Mode::Tolerant));
    assert!(!finds(r#"emails[type eq "home"].value eq "ann@x.io""#, Mode::Tolerant));
    assert!(finds(r#"emails[type eq "work"].value pr"#, Mode::Tolerant));
    refused(checked(r#"emails[type eq "work"].value eq "ann@x.io""#, Mode::Strict), ScimType::InvalidFilter);
}

#[test]
fn precedence() {
    both(r"title pr and title pr or userName pr", true);
    both(r"title pr and (title pr or userName pr)", false);
    both(r"userName pr or title pr and title pr", true);
    both(r"not (title pr) and userName pr", true);
    both(r"not (title pr or userName pr)", false);
    both(r"not(title pr)", true);
    both(r"not (not (userName pr))", true);
    both("  (  (userName   pr)\tand\n(active eq true) ) ", true);
}

#[test]
fn urn_forms() {
    both(&format!(r#"{CORE}:userName eq "ann@x.io""#), true);
    both(&format!(r#"{CORE}:name.familyName eq "lee""#), true);
    both(&format!(r#"{CORE}:emails[type eq "work"]"#), true);
    both(&format!(r#"{ENT}:department eq "ops""#), true);
    both(&format!(r#"{ENT}:manager.value eq "01BOSS""#), true);
    both(&format!(r#"{}:DEPARTMENT eq "ops""#, ENT.to_uppercase()), true);
    assert!(finds(&format!(r#"{ENT}.department eq "ops""#), Mode::Tolerant));
}

#[test]
fn unknown_attributes() {
    for mode in BOTH {
        for text in [r#"nosuch eq "x""#, "name.nosuch pr", r#"emails[nosuch eq "x"]"#, "userName.x pr"] {
            let detail = refused(checked(text, mode), ScimType::InvalidFilter);
            assert!(detail.contains("is not an attribute"), "{detail}");
        }
        refused(checked(&format!("{CORE}:nosuch pr"), mode), ScimType::InvalidFilter);
        refused(checked(&format!("{ENT} pr"), mode), ScimType::InvalidFilter);
    }
    for path in [format!("{ENT}:nosuch"), format!("{ENT}:manager.nosuch"), "urn:x:2.0:Thing:color".into()] {
        let is = |test: &str| checked(&format!("{path} {test}"), Mode::Tolerant).unwrap();
        assert_eq!(is("pr"), Checked::Const(false));
        assert_eq!(is(r#"eq "x""#), Checked::Const(false));
        assert_eq!(is(r#"ne "x""#), Checked::Const(true));
        assert_eq!(is("eq null"), Checked::Const(true));
        assert_eq!(is("ne null"), Checked::Const(false));
        assert_eq!(is(r#"gt "x""#), Checked::Const(false));
        refused(checked(&format!("{path} pr"), Mode::Strict), ScimType::InvalidFilter);
    }
    let constant = |text: &str| checked(&format!("{text} and urn:x:y pr"), Mode::Tolerant).unwrap();
    assert_eq!(constant("userName pr"), Checked::Const(false));
    let kept = checked("userName pr or urn:x:y pr", Mode::Tolerant).unwrap();
    assert!(matches!(kept, Checked::Test(_)), "constants only ever stand alone: {kept:?}");
    assert_eq!(checked("urn:x:y[a eq 1]", Mode::Tolerant).unwrap(), Checked::Const(false));
}

#[test]
fn sensitive_attributes() {
    for mode in BOTH {
        for text in [r#"password eq "x""#, "password pr", "PASSWORD eq null"] {
            refused(checked(text, mode), ScimType::Sensitive);
        }
    }
}

#[test]
fn normal_form_has_no_ne() {
    let Checked::Not(inner) = checked(r#"userName ne "x""#, Mode::Strict).unwrap() else { panic!() };
    let Checked::Test(test) = *inner else { panic!() };
    assert_eq!(test.op, Op::Eq);
    assert_eq!(
        checked("title eq null", Mode::Strict).unwrap(),
        checked("not (title pr)", Mode::Strict).unwrap()
    );
    assert_eq!(checked("title ne null", Mode::Strict).unwrap(), checked("title pr", Mode::Strict).unwrap());
    assert_eq!(
        checked("not (not (title pr))", Mode::Strict).unwrap(),
        checked("title pr", Mode::Strict).unwrap()
    );
}

#[test]
fn tolerant_literals() {
    for text in [
        "userName eq ann@x.io",
        "userName eq 'ann@x.io'",
        "userName sw A",
        "name.FamilyName eq lee and (emails.Value co x.io or emails.Value co nothing)",
        "(userName eq ann@x.io)",
        "emails[type eq work]",
        r#"userName eq"ann@x.io""#,
    ] {
        assert!(finds(text, Mode::Tolerant), "{text}");
    }
    for text in ["userName eq ann@x.io", "userName eq 'ann@x.io'", "userName eq 8", "userName eq true"] {
        refused(checked(text, Mode::Strict), ScimType::InvalidFilter);
    }
    let number = object(json!({ ENT: { "employeeNumber": "0012" } }));
    let filter = checked(&format!("{ENT}:employeeNumber eq 0012"), Mode::Tolerant).unwrap();
    assert!(matches(&filter, &number));
    let quoted = object(json!({ "displayName": "O'Neil \"x\" \\" }));
    let find = |text: &str, mode| matches(&checked(text, mode).unwrap(), &quoted);
    assert!(find(r#"displayName eq "O'Neil \"x\" \\""#, Mode::Strict));
    assert!(find(r#"displayName eq "O\u0027Neil \"x\" \\""#, Mode::Strict));
    assert!(find(r#"displayName eq 'O\'Neil "x" \\'"#, Mode::Tolerant));
}

#[test]
fn syntax_errors_say_where_and_what() {
    let detail = |text: &str| refused(parse(text, Mode::Tolerant), ScimType::InvalidFilter);
    assert_eq!(detail(""), "character 1: expected an attribute name, found the end of the text");
    assert_eq!(
        detail("userName"),
        "character 9: expected an operator (eq, ne, co, sw, ew, gt, ge, lt, le, pr), found the end of the text"
    );
    assert!(detail("userName is \"x\"").starts_with("character 10: expected an operator"));
    assert!(detail("userName eq").starts_with("character 12: expected a JSON string"));
    assert_eq!(
        detail("(userName pr"),
        "character 13: expected \"and\", \"or\" or \")\", found the end of the text"
    );
    assert_eq!(
        detail("userName pr)"),
        "character 12: expected \"and\", \"or\" or the end of the filter, found \")\""
    );
    assert!(detail("not userName pr").starts_with("character 5: expected \"(\" after not"));
    assert!(detail("userName pr and").starts_with("character 16: expected an attribute name"));
    assert_eq!(detail("displayName eq \"é"), "character 16: the string is not closed");
    assert_eq!(
        detail("emails[type eq \"é\" and phones[a pr]]"),
        "character 30: a value path inside a value path"
    );
    assert!(detail(r#"userName eq "a\q""#).starts_with("character 13"));
    assert!(detail(r#"userName eq "\ud800""#).starts_with("character 13"));
    assert!(detail(r#"userName eq "a\u0000""#).contains("NUL"));
    for text in [
        "emails[]",
        "emails[type pr",
        "a..b pr",
        "a.b.c eq 1 x",
        ".a pr",
        "1a pr",
        "a eq 1 b",
        "emails[type pr] x",
        "()",
    ] {
        detail(text);
    }
    let long = format!("userName {}", "x".repeat(500));
    assert!(detail(&long).len() < 160, "echoes no more than an excerpt");
}

#[test]
fn limits() {
    let nested = |n: usize| format!("{}userName pr{}", "(".repeat(n), ")".repeat(n));
    let negated = |n: usize| format!("{}userName pr{}", "not (".repeat(n), ")".repeat(n));
    for mode in BOTH {
        parse(&nested(MAX_DEPTH), mode).unwrap();
        parse(&negated(MAX_DEPTH), mode).unwrap();
        refused(parse(&nested(MAX_DEPTH + 1), mode), ScimType::InvalidFilter);
        refused(parse(&negated(MAX_DEPTH + 1), mode), ScimType::InvalidFilter);
        refused(parse(&"(".repeat(MAX_URL_TEXT), mode), ScimType::InvalidFilter);
        refused(parse(&"a[".repeat(1000), mode), ScimType::InvalidFilter);
        let many = |n: usize| vec!["title pr"; n].join(" or ");
        parse(&many(MAX_NODES), mode).unwrap();
        refused(parse(&many(MAX_NODES + 1), mode), ScimType::TooMany);
        let padded = |n: usize| format!("userName eq \"{}\"", "x".repeat(n - 14));
        parse(&padded(MAX_URL_TEXT), mode).unwrap();
        refused(parse(&padded(MAX_URL_TEXT + 1), mode), ScimType::InvalidFilter);
        parse_body(&padded(MAX_URL_TEXT + 1), mode).unwrap();
        refused(parse_body(&padded(64 * 1024 + 1), mode), ScimType::InvalidFilter);
    }
}

#[test]
fn hostile_texts_are_linear() {
    let n = MAX_URL_TEXT;
    let mut chain = String::new();
    while chain.len() < n - 40 {
        write!(chain, "{}a eq 'b' and ", "(".repeat(usize::from(chain.is_empty()))).unwrap();
    }
    let hostile = [
        " ".repeat(n),
        "(".repeat(n),
        format!("{}a pr{}", "(".repeat(32), " ".repeat(n - 40)),
        "not ".repeat(n / 4),
        format!("a eq \"{}", "\\".repeat(n - 7)),
        format!("a eq '{}", "\\'".repeat(n / 2 - 4)),
        format!("a{}", ".a".repeat(n / 2 - 1)),
        format!("a{}", ":a".repeat(n / 2 - 1)),
        "a eq b or ".repeat(n / 10),
        "é".repeat(n / 2),
        chain,
    ];
    for text in &hostile {
        assert!(text.len() <= n);
        let best = (0..5)
            .map(|_| {
                let start = Instant::now();
                let _ = parse(text, Mode::Tolerant).and_then(|f| check(&f, &USER, Mode::Tolerant));
                start.elapsed()
            })
            .min()
            .unwrap();
        // The promise is one millisecond for an optimised build; quadratic work would miss even this.
        assert!(best.as_millis() < 10, "{best:?} for {:?}…", &text.chars().take(20).collect::<String>());
    }
}

#[test]
fn printing() {
    let print = |text: &str| parse(text, Mode::Tolerant).unwrap().to_string();
    assert_eq!(print("a eq 1 AND (b PR or not(c co 'x'))"), r#"a eq 1 and (b pr or not (c co "x"))"#);
    assert_eq!(print("(a pr and b pr) or c pr"), "a pr and b pr or c pr");
    assert_eq!(print("e[type eq work].value sw x"), r#"e[type eq "work" and value sw "x"]"#);
}

#[test]
fn groups() {
    let group = object(
        json!({ "id": "01G", "displayName": "Pilots", "members": [{ "value": "01A", "type": "User" }] }),
    );
    for mode in BOTH {
        let find = |text: &str| matches(&check(&parse(text, mode).unwrap(), &GROUP, mode).unwrap(), &group);
        assert!(find(r#"displayName eq "PILOTS""#));
        assert!(find(r#"id eq "01G" and members eq "01A""#));
        assert!(!find(r#"id eq "01G" and members eq "01a""#));
        assert!(find(r#"members[value eq "01A" and type eq "user"]"#));
        refused(check(&parse("userName pr", mode).unwrap(), &GROUP, mode), ScimType::InvalidFilter);
    }
}
