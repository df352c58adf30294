//! What people do with flags, a line each.

use serde_json::{Value, json};

use super::caller::{Caller, text};
use super::company::Flag;
use crate::error::Result;

pub(super) const DEV: &str = "development";
pub(super) const STAGING: &str = "staging";
pub(super) const LIVE: &str = "production";

impl Flag {
    fn path(self) -> String {
        format!("/api/admin/projects/{}/features/{}", self.0, self.1)
    }

    fn at(self, environment: &str) -> String {
        format!("{}/environments/{environment}", self.path())
    }

    pub(super) async fn make(self, who: &Caller, kind: &str, description: &str) -> Result<()> {
        let body = json!({ "name": self.1, "type": kind, "description": description });
        who.post(&format!("/api/admin/projects/{}/features", self.0), body).await.map(drop)
    }

    pub(super) async fn describe(self, who: &Caller, kind: &str, description: &str) -> Result<()> {
        who.put(&self.path(), json!({ "type": kind, "description": description })).await.map(drop)
    }

    pub(super) async fn turn(self, who: &Caller, on: bool, environment: &str) -> Result<()> {
        let way = if on { "on" } else { "off" };
        who.post(&format!("{}/{way}", self.at(environment)), json!({})).await.map(drop)
    }

    /// Turns it on in several environments, one after the other.
    pub(super) async fn on(self, who: &Caller, environments: &[&str]) -> Result<()> {
        for environment in environments {
            self.turn(who, true, environment).await?;
        }
        Ok(())
    }

    /// Adds a strategy that rolls out gradually, with whatever else it has. Tells its id.
    pub(super) async fn roll_out(
        self,
        who: &Caller,
        environment: &str,
        percent: u8,
        title: &str,
        more: Value,
    ) -> Result<String> {
        let mut body = json!({
            "name": "flexibleRollout",
            "title": title,
            "parameters": { "rollout": percent.to_string(), "stickiness": "default", "groupId": self.1 },
        });
        if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
            body.extend(more);
        }
        let made = who.post(&format!("{}/strategies", self.at(environment)), body).await?;
        Ok(text(&made, "/id")?.to_owned())
    }

    /// More people, or fewer.
    pub(super) async fn widen(
        self,
        who: &Caller,
        environment: &str,
        strategy: &str,
        percent: u8,
    ) -> Result<()> {
        let path = format!("{}/strategies/{strategy}", self.at(environment));
        let change =
            json!([{ "op": "replace", "path": "/parameters/rollout", "value": percent.to_string() }]);
        who.patch(&path, change).await.map(drop)
    }

    pub(super) async fn tag(self, who: &Caller, kind: &str, value: &str) -> Result<()> {
        let body = json!({ "type": kind, "value": value });
        who.post(&format!("/api/admin/features/{}/tags", self.1), body).await.map(drop)
    }

    pub(super) async fn link(self, who: &Caller, url: &str, title: &str) -> Result<()> {
        who.post(&format!("{}/link", self.path()), json!({ "url": url, "title": title })).await.map(drop)
    }

    pub(super) async fn favour(self, who: &Caller) -> Result<()> {
        who.post(&format!("{}/favorites", self.path()), json!({})).await.map(drop)
    }

    /// It counts only where another one is on.
    pub(super) async fn depend_on(self, who: &Caller, parent: Self) -> Result<()> {
        who.post(&format!("{}/dependencies", self.path()), json!({ "feature": parent.1 })).await.map(drop)
    }

    pub(super) async fn mark_stale(self, who: &Caller) -> Result<()> {
        let body = json!({ "features": [self.1], "stale": true });
        who.post(&format!("/api/admin/projects/{}/stale", self.0), body).await.map(drop)
    }

    pub(super) async fn complete(self, who: &Caller) -> Result<()> {
        who.post(&format!("{}/lifecycle/complete", self.path()), json!({ "status": "kept" })).await.map(drop)
    }

    pub(super) async fn archive(self, who: &Caller) -> Result<()> {
        who.delete(&self.path()).await.map(drop)
    }
}
