//! Numbers of things, in words.

use std::fmt::Display;

/// `no flag`, `1 flag`, `2 flags`.
pub(in crate::ui) fn of<N: Copy + Display + PartialEq + From<u8>>(count: N, one: &str) -> String {
    if count == N::from(0) {
        format!("no {one}")
    } else if count == N::from(1) {
        format!("1 {one}")
    } else {
        format!("{count} {one}s")
    }
}

/// `0 people`, `1 person`, `2 people`.
pub(in crate::ui) fn some(count: i64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// `1 flag is`, `2 flags are`.
pub(in crate::ui) fn are(count: i64, one: &str) -> String {
    format!("{} {}", of(count, one), if count == 1 { "is" } else { "are" })
}
