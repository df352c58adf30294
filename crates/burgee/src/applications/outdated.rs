//! SDKs that are too old.

/// For each SDK, the first version that is new enough, as Unleash draws the line. With an older one, an application may
/// decide otherwise than the server says. Most SDKs got another name when they were rewritten on a common engine.
const NEW_ENOUGH: [(&str, [u32; 3]); 16] = [
    ("unleash-client-node", [5, 3, 2]),
    ("unleash-client-nextjs", [1, 6, 2]),
    ("unleash-client-java", [9, 2, 0]),
    ("unleash-client-go", [4, 1, 0]),
    ("unleash-client-python", [5, 11, 0]),
    ("unleash-client-ruby", [5, 0, 0]),
    ("unleash-client-dotnet", [4, 1, 3]),
    ("unleash-client-php", [2, 3, 0]),
    ("unleash-node-sdk", [6, 6, 0]),
    ("unleash-nextjs-sdk", [1, 6, 2]),
    ("unleash-java-sdk", [11, 0, 2]),
    ("unleash-go-sdk", [5, 0, 3]),
    ("unleash-python-sdk", [6, 3, 0]),
    ("unleash-ruby-sdk", [6, 3, 1]),
    ("unleash-dotnet-sdk", [5, 3, 0]),
    ("unleash-php-sdk", [2, 9, 1]),
];

/// True if `sdk`, written `name:version`, is known and too old.
pub fn is_outdated(sdk: &str) -> bool {
    let Some((name, version)) = sdk.rsplit_once(':') else { return false };
    let least = NEW_ENOUGH.iter().find(|(known, _)| *known == name);
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
            "unleash-client-python:v5.10.9-beta.1",
            "unleash-client-go:3.99.99",
        ] {
            assert!(is_outdated(old), "{old}");
        }
        for new in [
            "unleash-client-node:5.3.2",
            "unleash-node-sdk:6.12.1",
            "unleash-client-java:10.0.0",
            "unleash-client-python:5.11.0",
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
