//! What SDKs make up or get wrong: it harms nobody else.

use burgee::applications::Registration;
use burgee::metrics::Tally;
use burgee::published::Scope;
use serde_json::{Value, json};

use super::metrics::{BULK, METRICS, client, count_rows, counted, sums, written};
use super::{fetch, flag};

const REGISTER: &str = "/api/client/register";

fn started(name: &str) -> Value {
    json!({
        "appName": name, "instanceId": "i", "sdkVersion": "unleash-node-sdk:6.12.1", "interval": 15,
        "strategies": ["default", "byMoon"], "started": "2026-01-01T00:00:00Z",
    })
}

both! {
    async fn made_up_projects_stop_no_registration(server) {
        let (admin, edge) = (server.admin(), client(&server, "client", &["*"]).await);
        let many: Vec<String> = (0..300).map(|number| format!("p{number}")).collect();
        let registration = |name: &str, projects: Value| json!({"appName": name, "environment": "development", "projects": projects});
        let applications = json!([
            registration("odd", json!(["a\0b", "x".repeat(256)])), registration("many", json!(many)),
        ]);
        edge.post(BULK, json!({"applications": applications, "metrics": []})).await.expect(202);
        edge.post(REGISTER, started("shop")).await.expect(202);
        let poison = Registration {
            application: "shop".into(), instance: "i".into(), environment: "development".into(), projects: vec!["a\0b".into()],
            sdk: None, strategies: Vec::new(), ip: None, at: server.app.clock.now(),
        };
        server.app.registrations.note(poison).unwrap_err();
        written(&server).await;
        let list = admin.get("/api/admin/metrics/applications").await.expect(200).json()["applications"].clone();
        let names: Vec<&Value> = list.as_array().unwrap().iter().map(|app| &app["appName"]).collect();
        assert_eq!(names, ["many", "odd", "shop"]);
        let projects = async |name: &str| count_rows(&server, &format!("SELECT COUNT(*) FROM application_usage WHERE application = '{name}'")).await;
        assert_eq!((projects("many").await, projects("odd").await), (100, 1));
    }

    async fn a_sign_of_life_takes_nothing_away(server) {
        let sdk = client(&server, "client", &["*"]).await;
        sdk.post(REGISTER, started("shop")).await.expect(202);
        fetch(&sdk.with("unleash-appname", "shop").with("unleash-instanceid", "i")).await;
        written(&server).await;
        let rows = server.rows("SELECT a.strategies, i.sdk FROM applications a JOIN application_instances i ON i.application = a.name").await;
        let texts: Vec<Option<&str>> = rows.iter().flatten().map(Option::as_deref).collect();
        assert_eq!(texts, [Some("[\"default\",\"byMoon\"]"), Some("unleash-node-sdk:6.12.1")]);
    }

    async fn labels_that_prometheus_would_not_take_are_left_out(server) {
        let sdk = client(&server, "client", &["*"]).await;
        let spread = |labels: Value| json!({"labels": labels, "count": 1, "sum": 1, "buckets": [{"le": 1, "count": 1}]});
        let samples = json!([
            spread(json!({"le": "7"})), spread(json!({"__name__": "x"})), spread(json!({"a-b": "x", "a_b": "y"})),
            spread(json!({"metric-type": "x"})), spread(json!({"app-Name": "fine"})),
        ]);
        let mut body = counted(&server, &json!({}));
        body["impactMetrics"] = json!([{"name": "took", "help": "h", "type": "histogram", "samples": samples}]);
        sdk.post(METRICS, body).await.expect(202);
        let text = server.anonymous().get("/internal-backstage/impact/metrics").await.expect(200).text;
        let counts: Vec<&str> = text.lines().filter(|line| line.starts_with("took_count")).collect();
        assert_eq!(counts, ["took_count{appName=\"shop\",app_Name=\"fine\",environment=\"development\",metric_type=\"histogram\",origin=\"sdk\"} 1"]);
    }

    async fn made_up_applications_count_as_one(server) {
        flag(&server, "default", "boat").await;
        let edge = client(&server, "client", &["*"]).await;
        for part in 0..3 {
            let count = |number: u32| json!({"featureName": "boat", "appName": format!("app{number}"), "environment": "development", "yes": 1});
            let metrics: Vec<Value> = (part * 335..(part + 1) * 335).map(count).collect();
            edge.post(BULK, json!({"applications": [], "metrics": metrics})).await.expect(202);
        }
        edge.post(METRICS, counted(&server, &json!({"boat": {"yes": 1}}))).await.expect(202);
        written(&server).await;
        let count = async |sql: &str| count_rows(&server, sql).await;
        assert_eq!(count("SELECT COUNT(DISTINCT application) FROM flag_usage").await, 1001);
        assert_eq!(count("SELECT yes FROM flag_usage WHERE application = 'other' AND per = 'day'").await, 6);
        assert_eq!(count("SELECT COUNT(*) FROM applications WHERE name = 'other'").await, 1, "its instances are the others'");
    }

    async fn what_the_database_refuses_stops_nothing_else(server) {
        const MOST: i64 = (1 << 53) - 1;
        flag(&server, "default", "boat").await;
        let scope = Scope { environment: "development".into(), projects: None };
        let now = server.app.clock.now();
        let report = |application: &str, yes: u64| {
            let tally = Tally { name: "boat".into(), yes, ..Tally::default() };
            server.app.usage.report(&server.app.published.flags(), &scope, application, (now, now), &[tally]);
        };
        // PostgreSQL takes no such name.
        report("a\0b", 1);
        written(&server).await;
        let before = sums(&server.admin(), "boat").await.0;
        for _ in 0..2 {
            report("shop", u64::MAX);
            report("shop", 1);
            written(&server).await;
        }
        assert_eq!(sums(&server.admin(), "boat").await.0, before + MOST, "as much as can be counted");
    }
}
