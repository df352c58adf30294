//! The outside suites, against the real server: for SCIM on both databases, and schemathesis for everything in our own
//! OpenAPI document.
//!
//! `./test` installs them in the versions that `conformance/requirements.txt` pins and says where they are.

use std::path::Path;
use std::process::{Command, Output};

use burgee::provisioning::connection::{Provider, Setup, Strictness};
use serde_json::json;

use crate::scim::connections::open;
use crate::support::server::{ADMIN_TOKEN, SCIM_TOKEN};
use crate::support::{TestServer, outside_tools};

/// Runs a suite's program; `None`, with the reason, where the suites are not installed.
async fn run(
    server: &TestServer,
    program: &str,
    words: &[&str],
    variables: &[(&str, &str)],
) -> Option<Output> {
    let programs = outside_tools(program)?.join("python/bin");
    // What a suite leaves behind goes with the folder.
    let place = tempfile::tempdir().unwrap();
    let mut command = Command::new(programs.join(program));
    command
        .current_dir(&place)
        .args(words)
        .envs(variables.iter().copied())
        .env("NO_COLOR", "1")
        .env("COLUMNS", "200");
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    server.anonymous().get("/ready").await.expect(200);
    Some(output.unwrap_or_else(|error| panic!("{program}: {error}")))
}

/// The token of a connection that insists on the letter.
async fn strict(server: &TestServer) -> String {
    let setup = Setup { mode: Strictness::Strict, ..Setup::named("Strict", "strict", Provider::Generic) };
    open(server, &setup).await.1
}

/// What scim2-tester found: how many checks passed, which did not, and all that it said; `None` where it is not installed.
async fn scim2_tester_finds(
    server: &TestServer,
    token: &str,
    more: &[&str],
) -> Option<(usize, Vec<String>, String)> {
    let url = format!("{}/scim/v2", server.base);
    let bearer = format!("Authorization: Bearer {token}");
    let words = [&["-u", url.as_str()][..], more, &["test"]].concat();
    let output = run(server, "scim2", &words, &[("SCIM_CLI_HEADERS", bearer.as_str())]).await?;
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let passed = text.lines().filter(|line| line.contains("SUCCESS")).count();
    let wrong =
        |line: &&str| line.starts_with("ERROR") || line.contains("CRITICAL") || line.starts_with("Error");
    let failed: Vec<String> = text.lines().filter(wrong).map(str::to_owned).collect();
    assert!(output.status.success() == failed.is_empty(), "{text}");
    Some((passed, failed, text))
}

/// scim-sanity in its strict form finds nothing.
async fn scim_sanity_passes(server: &TestServer, token: &str) {
    let url = format!("{}/scim/v2", server.base);
    let words = ["probe", &url, "--token", token, "--i-accept-side-effects", "--json-output"];
    let Some(output) = run(server, "scim-sanity", &words, &[]).await else { return };
    let text = String::from_utf8_lossy(&output.stdout);
    let report: serde_json::Value =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let summary = &report["summary"];
    assert_eq!((summary["failed"].as_u64(), summary["passed"].as_u64()), (Some(0), Some(28)), "{report:#}");
}

both! {
    /// Every check of scim2-tester passes. How many there are follows from the schemas that we advertise.
    async fn scim2_tester(server) {
        let Some((passed, failed, text)) = scim2_tester_finds(&server, SCIM_TOKEN, &[]).await else { return };
        assert!(failed.is_empty() && passed >= 135, "{passed} passed: {text}");
    }

    /// The same from a connection that insists on the letter. The suite does not know how such a connection says that it
    /// does: so that it goes on nevertheless, it gets a configuration without that.
    async fn scim2_tester_on_the_letter(server) {
        let token = strict(&server).await;
        let client = server.anonymous().with("authorization", &format!("Bearer {token}"));
        let mut config = client.get("/scim/v2/ServiceProviderConfig").await.expect(200).json();
        assert_eq!(config.as_object_mut().unwrap().shift_remove("interopProfileConformant"), Some(json!(true)));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.json");
        std::fs::write(&file, config.to_string()).unwrap();
        let more = ["-c", file.to_str().unwrap()];
        let Some((passed, failed, text)) = scim2_tester_finds(&server, &token, &more).await else { return };
        assert_eq!(failed, ["ERROR service_provider_config_endpoint"], "{text}");
        assert!(passed >= 130, "only {passed} checks passed: {text}");
    }

    async fn scim_sanity(server) {
        scim_sanity_passes(&server, SCIM_TOKEN).await;
    }

    async fn scim_sanity_on_the_letter(server) {
        scim_sanity_passes(&server, &strict(&server).await).await;
    }

    /// Whatever it is asked for, the server answers as its OpenAPI document says, and never with a failure of its own.
    /// `conformance/schemathesis.toml` says what is asked.
    async fn schemathesis(server) {
        let admin = server.admin();
        admin.post("/api/admin/projects", json!({ "id": "harbour", "name": "Harbour" })).await.expect(201);
        for (project, flag) in
            [("default", "bell"), ("default", "compass"), ("harbour", "lantern"), ("harbour", "rope")]
        {
            let flags = format!("/api/admin/projects/{project}/features");
            admin.post(&flags, json!({ "name": flag })).await.expect(201);
            let strategies = format!("{flags}/{flag}/environments/development/strategies");
            admin.post(&strategies, json!({ "name": "flexibleRollout" })).await.expect(200);
        }
        let token = json!({ "tokenName": "sdk", "type": "client", "environment": "development", "projects": ["*"] });
        let token = admin.post("/api/admin/api-tokens", token).await.expect(201).json();

        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/schemathesis.toml");
        let document = format!("{}/docs/openapi.json", server.base);
        let variable = |name: &str, usual: &str| std::env::var(name).unwrap_or_else(|_| usual.to_owned());
        let (examples, seed) = (variable("SCHEMATHESIS_EXAMPLES", "3"), variable("SCHEMATHESIS_SEED", "1"));
        let words = ["--config-file", config.to_str().unwrap(), "run", &document, "--url", &server.base];
        let words = [&words[..], &["--max-examples", &examples, "--seed", &seed]].concat();
        let variables = [("ADMIN_TOKEN", ADMIN_TOKEN), ("CLIENT_TOKEN", token["secret"].as_str().unwrap())];
        let Some(output) = run(&server, "schemathesis", &words, &variables).await else { return };
        let text = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}{errors}");
        let selected = text.lines().find_map(|line| line.trim().strip_prefix("Selected: ")).unwrap();
        let (asked, all) = selected.split_once('/').unwrap();
        let numbers: Vec<usize> = [asked, all].iter().map(|number| number.parse().unwrap()).collect();
        assert_eq!(numbers[1] - numbers[0], 2, "more was left out than the configuration gives reasons for: {text}");
    }
}
