//! The rules of `docs/architecture.md`, as far as a program can see them.

use std::fs;
use std::path::{Path, PathBuf};

/// Which modules a module may use. What stands here for a folder holds for everything in it.
const RINGS: &[(&str, &[&str])] = &[
    ("db", &["clock", "error"]),
    ("access", &["clock", "db", "entropy", "error", "events"]),
    ("events", &["access", "audience", "clock", "db", "entropy", "error"]),
    ("audience", &["db", "error", "events"]),
    ("owners", &["access", "clock", "db", "error", "events", "instance"]),
    ("people", &["access", "audience", "clock", "db", "entropy", "error", "events", "owners"]),
    (
        "provisioning",
        &[
            "access", "audience", "clock", "db", "entropy", "error", "events", "outbound", "owners",
            "people", "projects",
        ],
    ),
    ("environments", &["access", "clock", "db", "entropy", "error", "events", "people"]),
    ("projects", &["access", "clock", "db", "entropy", "environments", "error", "events", "people"]),
    ("constraints", &["access", "db", "error"]),
    ("contexts", &["access", "clock", "constraints", "db", "error", "events", "names"]),
    ("segments", &["access", "audience", "clock", "constraints", "db", "error", "events"]),
    ("strategies", &["db", "error", "events", "names"]),
    ("feature_types", &["db", "error", "events"]),
    ("tags", &["access", "db", "error", "events", "names"]),
    (
        "features",
        &[
            "access",
            "clock",
            "constraints",
            "db",
            "entropy",
            "error",
            "events",
            "names",
            "owners",
            "projects",
        ],
    ),
    ("instance", &["access", "clock", "db", "entropy", "error", "events"]),
    (
        "transfer",
        &[
            "access",
            "audience",
            "contexts",
            "db",
            "entropy",
            "environments",
            "error",
            "events",
            "features",
            "owners",
            "people",
            "projects",
            "segments",
            "strategies",
            "tags",
        ],
    ),
    (
        "moving",
        &["access", "clock", "db", "entropy", "error", "events", "people", "projects", "provisioning"],
    ),
    ("outbound", &["error"]),
    ("applications", &["access", "clock", "db", "error", "events"]),
    ("playground", &["access", "audience", "clock", "db", "error", "features"]),
    ("published", &["audience", "clock", "db", "entropy", "error", "events", "instance", "people"]),
    ("metrics", &["access", "applications", "clock", "db", "error", "features", "names", "published"]),
    ("telemetry", &["db", "error"]),
    ("gate", &["access", "app", "error", "people", "provisioning", "published"]),
    (
        "ui",
        &[
            "access",
            "app",
            "applications",
            "audience",
            "clock",
            "constraints",
            "config",
            "contexts",
            "db",
            "entropy",
            "environments",
            "error",
            "events",
            "feature_types",
            "features",
            "gate",
            "instance",
            "metrics",
            "owners",
            "people",
            "playground",
            "projects",
            "provisioning",
            "published",
            "segments",
            "strategies",
            "tags",
        ],
    ),
    (
        "api",
        &[
            "access",
            "app",
            "applications",
            "audience",
            "clock",
            "config",
            "constraints",
            "contexts",
            "db",
            "entropy",
            "environments",
            "error",
            "events",
            "feature_types",
            "features",
            "gate",
            "instance",
            "metrics",
            "owners",
            "people",
            "playground",
            "projects",
            "provisioning",
            "published",
            "segments",
            "strategies",
            "tags",
            "telemetry",
            "transfer",
        ],
    ),
    (
        "scim",
        &[
            "access",
            "app",
            "clock",
            "db",
            "entropy",
            "error",
            "events",
            "people",
            "projects",
            "provisioning",
            "telemetry",
        ],
    ),
    ("demo", &["app", "clock", "config", "entropy", "error", "jobs"]),
];

/// The modules that speak HTTP; the gate is what they share, and the demo is a client of theirs.
const PROTOCOLS: [&str; 5] = ["api", "demo", "gate", "scim", "ui"];

fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                walk(&entry, found);
            } else if entry.extension().is_some_and(|end| end == "rs") {
                found.push(entry);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    walk(&root, &mut paths);
    let name = |path: &Path| path.strip_prefix(&root).unwrap().display().to_string();
    paths.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

fn module(path: &str) -> &str {
    path.split(['/', '.']).next().unwrap()
}

/// The modules of the crate that a source names: `crate::people::…`, `use crate::{keep, sql}`.
fn used(source: &str) -> Vec<&str> {
    let word = |text: &str| text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.match_indices("crate::").map(|(place, name)| &line[place + name.len()..]))
        .map(|rest| &rest[..word(rest)])
        .collect()
}

#[test]
fn every_ring_knows_only_the_ones_inside_it() {
    let mut broken = Vec::new();
    for (path, source) in sources() {
        let Some((ring, allowed)) = RINGS.iter().find(|(ring, _)| *ring == module(&path)) else { continue };
        for name in used(&source) {
            let own = name == *ring || matches!(name, "sql" | "keep" | "statement" | "");
            if !own && !allowed.contains(&name) {
                broken.push(format!("{path} uses {name}"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn protocols_contain_no_sql_and_nothing_else_speaks_http() {
    let mut broken = Vec::new();
    for (path, source) in sources() {
        let protocol = PROTOCOLS.contains(&module(&path));
        for word in ["sql!(", "keep!(", "Sql::build"] {
            if protocol && source.contains(word) {
                broken.push(format!("{path} contains {word}"));
            }
        }
        if !protocol && module(&path) != "app" && source.contains("axum::") {
            broken.push(format!("{path} speaks HTTP"));
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn handlers_are_registered_at_one_door() {
    let tables = ["api/routes.rs", "ui/mod.rs"];
    for (path, source) in sources() {
        if tables.contains(&path.as_str()) {
            assert!(source.contains("use crate::gate::handler::on;"), "{path} registers handlers by itself");
        } else if ["api", "ui"].contains(&module(&path)) && path != "api/mod.rs" {
            assert!(!source.contains("axum::routing"), "{path} goes past gate::handler::on");
        }
    }
}

#[test]
fn only_changes_and_books_begin_to_write() {
    for (path, source) in sources() {
        if source.contains(".begin_write(") {
            assert!(
                path == "db/mod.rs" || path == "events/change.rs",
                "{path} writes without grant and event"
            );
        }
    }
}

#[test]
fn only_admission_lets_identity_providers_in() {
    for (path, source) in sources() {
        if source.contains("provisioner(") {
            assert!(
                path == "access/grant.rs" || path == "provisioning/connection/admission.rs",
                "{path} acts as an identity provider without its token"
            );
        }
    }
}
