//! Case-insensitive comparison.

use unicode_normalization::UnicodeNormalization;

/// The one key under which texts are compared when their attribute is not case-exact, here and in database columns.
///
/// Unicode normalization form C, simple case folding (so `ß` and `ss`, or `İ` and `i`, stay different), and form C
/// again, because folding may leave a sequence that composes.
pub fn fold(s: &str) -> String {
    if s.is_ascii() {
        return s.to_ascii_lowercase();
    }
    s.nfc().map(fold_char).nfc().collect()
}

fn fold_char(c: char) -> char {
    unicode_case_mapping::case_folded(c).and_then(|folded| char::from_u32(folded.get())).unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn simple_folding_keeps_what_only_full_folding_would_merge() {
        assert_eq!(fold("ANN@X.io"), "ann@x.io");
        assert_eq!(fold("STRASSE"), "strasse");
        assert_eq!(fold("Straße"), "straße");
        assert_eq!(fold("STRAẞE"), "straße");
        assert_eq!(fold("İstanbul"), "İstanbul");
        assert_ne!(fold("İ"), fold("i"));
        assert_eq!(fold("ISPARTA"), fold("isparta"));
        assert_ne!(fold("ı"), fold("i"));
        assert_eq!(fold("ΣΑΣ"), fold("σας"));
        assert_eq!(fold("K"), "k");
    }

    #[test]
    fn normal_forms_are_equal() {
        assert_eq!(fold("CAFE\u{301}"), fold("café"));
        assert_eq!(fold("I\u{307}"), fold("İ"));
        assert_eq!(fold("J\u{30C}"), fold("ǰ"));
    }
}
