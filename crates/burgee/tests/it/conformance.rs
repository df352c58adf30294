//! The outside suites for SCIM, against the real server on both databases.
//!
//! `./test` installs them in the versions that `conformance/requirements.txt` pins and says where they are.

use std::path::PathBuf;
use std::process::{Command, Output};

use crate::support::TestServer;
use crate::support::server::SCIM_TOKEN;

/// Runs a suite's program; `None`, with the reason, where the suites are not installed.
#[expect(clippy::print_stderr, reason = "whoever runs the tests must see what did not run")]
async fn run(server: &TestServer, program: &str, words: &[&str]) -> Option<Output> {
    let Some(folder) = std::env::var_os("SCIM_SUITES") else {
        eprintln!("skipped: SCIM_SUITES is not set, so {program} is not installed; run ./test");
        return None;
    };
    let mut command = Command::new(PathBuf::from(folder).join(program));
    command.args(words).env("SCIM_CLI_HEADERS", format!("Authorization: Bearer {SCIM_TOKEN}"));
    command.env("NO_COLOR", "1").env("COLUMNS", "200");
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    assert!(server.anonymous().get("/ready").await.status == 200);
    Some(output.unwrap_or_else(|error| panic!("{program}: {error}")))
}

both! {
    /// Every check of scim2-tester passes. How many there are follows from the schemas that we advertise.
    async fn scim2_tester(server) {
        let url = format!("{}/scim/v2", server.base);
        let Some(output) = run(&server, "scim2", &["-u", &url, "test"]).await else { return };
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        let passed = text.lines().filter(|line| line.contains("SUCCESS")).count();
        let failed: Vec<&str> = text.lines().filter(|line| line.starts_with("ERROR") || line.contains("CRITICAL") || line.starts_with("Error")).collect();
        assert!(output.status.success() && failed.is_empty(), "{text}");
        assert!(passed >= 135, "only {passed} checks ran: {text}");
    }

    /// scim-sanity in its strict form finds nothing.
    async fn scim_sanity(server) {
        let url = format!("{}/scim/v2", server.base);
        let words = ["probe", &url, "--token", SCIM_TOKEN, "--i-accept-side-effects", "--json-output"];
        let Some(output) = run(&server, "scim-sanity", &words).await else { return };
        let text = String::from_utf8_lossy(&output.stdout);
        let report: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        let summary = &report["summary"];
        assert_eq!((summary["failed"].as_u64(), summary["passed"].as_u64()), (Some(0), Some(28)), "{report:#}");
    }
}
