//! Whole life cycles of companies, as Okta and Entra ID provision them, over a network that loses answers and sends requests
//! twice, and against a server that is killed in the middle of it. At the end both sides agree exactly.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use idp::{Directory, Entra, Faults, IdentityProvider, Okta, Wire, differences};
use serde_json::json;
use tokio::process::{Child, Command};

use crate::support::TestServer;
use crate::support::server::SCIM_TOKEN;

/// A company, its identity provider, and a second look at the service without faults.
struct Life<P> {
    company: Directory,
    provider: P,
    look: Wire,
}

impl<P: IdentityProvider> Life<P> {
    /// Provisions what has changed; then the service must say exactly what the company means.
    async fn settle(&mut self, after: &str) {
        self.provider.cycle(&self.company).await.unwrap();
        let expected = self.provider.expected(&self.company);
        let found = differences(&mut self.look, &expected).await.unwrap();
        assert!(found.is_empty(), "after {after}:\n{}", found.join("\n"));
    }

    /// From the first day to the last.
    async fn whole(mut self) {
        self.settle("the first cycle").await;
        for _ in 0..3 {
            self.company.week();
            self.settle("a week").await;
        }
        let leaving = self.company.some(12, true);
        for key in &leaving {
            self.company.leave(key);
        }
        self.settle("many have left").await;
        for key in &leaving[..8] {
            self.company.come_back(key);
        }
        self.settle("most of them came back").await;
        self.provider.restart();
        self.settle("provisioning was restarted").await;
        for key in &leaving[8..] {
            self.company.forget(key);
        }
        let team = self.company.teams.keys().next().cloned().unwrap();
        self.company.dissolve(&team);
        self.company.found_team();
        self.company.week();
        self.settle("some were purged, and a team was dissolved").await;
    }
}

/// A connection of its own for a company; the ways to it, with faults and without.
/// It takes fifty calls a second: whoever is faster is told to wait.
async fn connect(server: &TestServer, slug: &str, seed: u64) -> (Wire, Wire) {
    let admin = server.admin();
    let setup = json!({ "name": slug, "slug": slug, "rate": 50, "enabled": true });
    let made = admin.post("/api/admin/provisioning/connections", setup).await.expect(201).json();
    let path = format!("/api/admin/provisioning/connections/{}/tokens", made["id"]);
    let token = admin.post(&path, json!({})).await.expect(201).json();
    let base = format!("{}/scim/v2/c/{slug}", server.base);
    let secret = token["secret"].as_str().unwrap();
    (Wire::to(&base, secret).with(Faults::new(seed, 4, 4)), Wire::to(&base, secret))
}

both! {
    async fn companies_beside_each_other_are_what_their_identity_providers_say(server) {
        let (okta, look_okta) = connect(&server, "okta", 1).await;
        let (custom, look_custom) = connect(&server, "okta-custom", 2).await;
        let (entra, look_entra) = connect(&server, "entra", 3).await;
        let (flagged, look_flagged) = connect(&server, "entra-flagged", 4).await;
        let company = |seed| Directory::founded(seed, 24, 3);
        tokio::join!(
            Life { company: company(1), provider: Okta::catalogue(okta), look: look_okta }.whole(),
            Life { company: company(2), provider: Okta::custom(custom), look: look_custom }.whole(),
            Life { company: company(3), provider: Entra::new(entra, false), look: look_entra }.whole(),
            Life { company: company(4), provider: Entra::new(flagged, true), look: look_flagged }.whole(),
        );
    }
}

both! {
    async fn a_mass_leave_waits_for_an_admin_and_both_sides_agree_all_the_time(server) {
        let (wire, look) = connect(&server, "okta", 6).await;
        let company = Directory::founded(6, 30, 2);
        let mut life = Life { company, provider: Okta::catalogue(wire), look };
        life.settle("the first cycle").await;
        server.rows("UPDATE users SET created_at = created_at - 7200000").await;
        server.rows("UPDATE group_users SET joined_at = joined_at - 7200000").await;
        let access = async || {
            let sql = "SELECT COUNT(*) FROM users u JOIN scim_users s ON s.user_id = u.id WHERE u.active = TRUE";
            server.rows(sql).await[0][0].clone().unwrap()
        };
        let leaving = life.company.some(14, true);
        for key in &leaving {
            life.company.leave(key);
        }
        // Ten may go in any case; the others keep access, and the identity provider believes that all are gone.
        life.settle("many have left").await;
        assert_eq!(access().await, "20");
        life.company.come_back(&leaving[13]);
        life.company.week();
        life.settle("one of them came back, and a week").await;
        let path = "/api/admin/provisioning/connections";
        let all = server.admin().get(path).await.expect(200).json();
        let id = all["connections"].as_array().unwrap().iter().find(|it| it["slug"] == "okta").unwrap()["id"].clone();
        let done = server.admin().post(&format!("{path}/{id}/hold/apply"), json!({})).await.expect(200).json();
        assert!(done["count"].as_i64().unwrap() > 0 && done["left"] == 0, "{done}");
        life.settle("the admin has applied it").await;
        let wanted = server.rows("SELECT COUNT(*) FROM scim_users WHERE active = TRUE").await[0][0].clone().unwrap();
        assert_eq!(access().await, wanted);
    }
}

/// Starts the program itself, as an operator does.
fn start(folder: &Path, port: u16) -> Child {
    Command::new(env!("CARGO_BIN_EXE_burgee"))
        .env("DATABASE_URL", format!("sqlite:{}", folder.join("burgee.db").display()))
        .env("HTTP_PORT", port.to_string())
        .env("INIT_SCIM_TOKEN", SCIM_TOKEN)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn a_server_that_is_killed_again_and_again_loses_nothing() {
    crate::support::cryptography();
    let folder = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let base = format!("http://127.0.0.1:{port}/scim");
    let wire = || Wire::to(&base, SCIM_TOKEN);
    let mut life =
        Life { company: Directory::founded(5, 30, 2), provider: Entra::new(wire(), false), look: wire() };
    let mut server = start(folder.path(), port);
    let mut deaths = 0;
    {
        let weeks = async {
            life.provider.cycle(&life.company).await.unwrap();
            life.company.week();
            life.provider.cycle(&life.company).await.unwrap();
        };
        let killer = async {
            loop {
                tokio::time::sleep(Duration::from_millis(700)).await;
                server.kill().await.unwrap();
                server = start(folder.path(), port);
                deaths += 1;
            }
        };
        tokio::select! { () = weeks => {}, () = killer => {} }
    }
    assert!(deaths > 0, "it was over before the server died once");
    life.settle("the server died again and again").await;
    let (sent, again) = life.provider.sent();
    assert!(again > 0, "of {sent} requests, none was lost");
    server.kill().await.unwrap();
}
