//! What is written is true: the commands of the README are run as they stand there, and the tests that the promises of
//! security name are there.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::support::server::PASSWORD;

both! {
    /// The five steps from a running server to a provisioned person and the record of it.
    async fn an_identity_provider_is_connected_in_five_steps(server) {
        let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
        let text = std::fs::read_to_string(readme).unwrap();
        let (_, chapter) = text.split_once("## Connect an identity provider").unwrap();
        let (chapter, _) = chapter.split_once("\n## ").unwrap();
        let blocks: Vec<&str> =
            chapter.split("```sh\n").skip(1).map(|rest| rest.split_once("```").unwrap().0).collect();
        assert_eq!(blocks.len(), 5);
        let script = blocks.join("\n").replace("localhost:4242", server.base.trim_start_matches("http://"));
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path().to_owned();
        let output = tokio::task::spawn_blocking(move || {
            let mut shell = Command::new("bash");
            shell.args(["-euo", "pipefail", "-c", &format!("exec < password\n{script}")]).current_dir(&here);
            std::fs::write(here.join("password"), format!("{PASSWORD}\n")).unwrap();
            shell.output().unwrap()
        })
        .await
        .unwrap();
        let shown = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{shown}{}", String::from_utf8_lossy(&output.stderr));
        assert!(shown.contains("\"email\": \"ann@example.com\""), "{shown}");
        assert!(shown.contains("\"createdBy\": \"scim:default\""), "{shown}");
    }
}

/// Adds the names of the tests below a folder.
fn tests_below(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests_below(&path, names);
        } else if path.extension().is_some_and(|it| it == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let name = |rest: &str| rest.split('(').next().unwrap_or_default().to_owned();
            names.extend(text.split("fn ").skip(1).map(name));
        }
    }
}

#[test]
fn every_test_that_a_promise_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut there = BTreeSet::new();
    tests_below(&root.join("tests"), &mut there);
    tests_below(&root.join("src"), &mut there);
    let text = std::fs::read_to_string(root.join("../../docs/security.md")).unwrap();
    let named: Vec<&str> = text.split('`').skip(1).step_by(2).filter(|it| it.contains('_')).collect();
    assert!(named.len() > 40, "{named:?}");
    let missing: Vec<_> = named.iter().filter(|name| !there.contains(**name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
