//! Names that stand in URLs as they are: of context fields, strategy types, tag types.

/// The longest name, in characters.
const LONGEST: usize = 100;

/// The rule that `name` breaks, if it breaks one. `field` is what the request calls it.
pub fn broken_rule(field: &str, name: &str, shortest: usize, longest: usize) -> Option<String> {
    let friendly = |c: char| c.is_ascii_alphanumeric() || "-_.!~*'()".contains(c);
    let length = name.chars().count();
    let shown = || name.chars().take(LONGEST).collect::<String>();
    if name.is_empty() {
        Some(format!("\"{field}\" is not allowed to be empty."))
    } else if length < shortest {
        Some(format!(
            "\"{field}\" length must be at least {shortest} characters long. You provided \"{name}\"."
        ))
    } else if length > longest {
        Some(format!(
            "\"{field}\" length must be less than or equal to {longest} characters long. You provided \"{}\".",
            shown()
        ))
    } else if !name.chars().all(friendly) || matches!(name, "." | "..") {
        Some(format!("\"{field}\" must be URL friendly. You provided \"{}\".", shown()))
    } else {
        None
    }
}

/// Like [`broken_rule`], with the bounds that most names have.
pub fn unfriendly(field: &str, name: &str) -> Option<String> {
    broken_rule(field, name, 1, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_url_would_escape_is_no_name() {
        for name in ["a", "a-b_c.d!e~f*g'h(i)", "...", &"x".repeat(100)] {
            assert_eq!(unfriendly("name", name), None, "{name}");
        }
        for name in ["", ".", "..", "a b", "a/b", "ü", "a%20", &"x".repeat(101)] {
            assert!(unfriendly("name", name).is_some_and(|rule| rule.starts_with("\"name\" ")), "{name}");
        }
        assert!(broken_rule("name", "a", 2, 50).is_some());
    }
}
