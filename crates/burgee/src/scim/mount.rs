//! Where the service is reached: `/scim`, `/scim/v2`, either of them for one connection by name, and all of these below
//! `/api`, as early versions of Unleash had it.

use percent_encoding::percent_decode_str;

/// A path, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mount<'a> {
    /// The mount point: everything in front of the resource.
    pub(super) point: &'a str,
    /// The connection that it is for, if it is for one.
    pub(super) slug: Option<String>,
    /// The rest.
    pub(super) below: &'a str,
}

impl<'a> Mount<'a> {
    /// Takes a path apart that some route of the service led here.
    pub(super) fn of(path: &'a str) -> Self {
        let mut rest = path;
        for part in ["/api", "/scim", "/v2"] {
            rest = part_of(rest, part).unwrap_or(rest);
        }
        let mut slug = None;
        if let Some(named) = part_of(rest, "/c").and_then(|rest| rest.strip_prefix('/')) {
            let end = named.find('/').unwrap_or(named.len());
            slug = Some(percent_decode_str(&named[..end]).decode_utf8_lossy().into_owned());
            rest = &named[end..];
        }
        Self { point: &path[..path.len() - rest.len()], slug, below: rest }
    }
}

/// What follows a whole segment.
fn part_of<'a>(path: &'a str, part: &str) -> Option<&'a str> {
    path.strip_prefix(part).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_a_mount_point_and_maybe_a_connection() {
        let parts = |path| {
            let Mount { point, slug, below } = Mount::of(path);
            (point, slug.unwrap_or_default(), below)
        };
        assert_eq!(parts("/scim"), ("/scim", String::new(), ""));
        assert_eq!(parts("/scim/Users/1"), ("/scim", String::new(), "/Users/1"));
        assert_eq!(parts("/scim/v2/Users"), ("/scim/v2", String::new(), "/Users"));
        assert_eq!(parts("/scim/v2x/Users"), ("/scim", String::new(), "/v2x/Users"));
        assert_eq!(parts("/scim/c/acme"), ("/scim/c/acme", "acme".into(), ""));
        assert_eq!(parts("/scim/v2/c/acme/Users"), ("/scim/v2/c/acme", "acme".into(), "/Users"));
        assert_eq!(parts("/api/scim/c/a%2Db/Groups"), ("/api/scim/c/a%2Db", "a-b".into(), "/Groups"));
        assert_eq!(parts("/api/scim/v2/Users"), ("/api/scim/v2", String::new(), "/Users"));
        assert_eq!(parts("/scim/c"), ("/scim", String::new(), "/c"));
    }
}
