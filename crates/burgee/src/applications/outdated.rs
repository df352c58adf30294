//! SDKs that are too old.

/// For each language, the first version that is new enough. Our own choice: about what was current at the end of 2023,
/// when SDKs had learned of flags that depend on others and of variants of strategies. With an older one, an application
/// may decide otherwise than the server says.
const NEW_ENOUGH: [(&str, [u32; 3]); 8] = [
    ("node", [5, 3, 0]),
    ("java", [9, 1, 0]),
    ("go", [4, 1, 0]),
    ("python", [5, 9, 0]),
    ("ruby", [5, 0, 0]),
    ("dotnet", [4, 1, 0]),
    ("php", [2, 0, 0]),
    ("rust", [0, 8, 0]),
];

/// True if `sdk`, written `name:version`, is known and too old.
pub fn is_outdated(sdk: &str) -> bool {
    let Some((name, version)) = sdk.rsplit_once(':') else { return false };
    let Some(name) = name.strip_prefix("unleash-") else { return false };
    let language = name.strip_prefix("client-").or_else(|| name.strip_suffix("-sdk"));
    let least = NEW_ENOUGH.iter().find(|(known, _)| Some(*known) == language);
    match (least, numbers(version)) {
        (Some((_, least)), Some(version)) => version < *least,
        _ => false,
    }
}

/// `1.2.3`, `v1.2`, `1.2.3-beta.1`; a part that is left out is 0.
fn numbers(version: &str) -> Option<[u32; 3]> {
    let core = version.trim_start_matches('v').split(['-', '+']).next().unwrap_or_default();
    let mut numbers = [0; 3];
    for (place, part) in core.split('.').enumerate().take(3) {
        *numbers.get_mut(place)? = part.parse().ok()?;
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        for old in [
            "unleash-client-node:5.0.0",
            "unleash-node-sdk:4",
            "unleash-client-java:8.10.2",
            "unleash-client-python:v5.8.9-beta.1",
            "unleash-client-go:3.99.99",
        ] {
            assert!(is_outdated(old), "{old}");
        }
        for new in [
            "unleash-client-node:5.3.0",
            "unleash-node-sdk:6.12.1",
            "unleash-client-java:10.0.0",
            "unleash-client-python:5.10.0",
        ] {
            assert!(!is_outdated(new), "{new}");
        }
    }

    #[test]
    fn what_is_not_known_is_not_outdated() {
        for unknown in
            ["", "node:1.0.0", "unleash-client-cobol:0.1.0", "unleash-client-node", "unleash-client-node:?"]
        {
            assert!(!is_outdated(unknown), "{unknown}");
        }
    }
}
