//! unleash-api-client: the server-side SDK for Rust; the story is told in `story.mjs`.

use std::env::var;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use unleash_api_client::Context;
use unleash_api_client::client::{ClientBuilder, FeatureKey};
use unleash_api_client::http::{Method, Request, Response, Transport};

/// The SDK wants the names of flags as a type; here they are text.
#[derive(Clone, Copy, Debug)]
struct Named;

impl FeatureKey for Named {
    fn name(self) -> &'static str {
        ""
    }
}

/// HTTP without TLS, which notes refusals.
struct Plain(reqwest::Client, Arc<AtomicBool>);

#[async_trait::async_trait]
impl Transport for Plain {
    async fn execute(&self, request: Request) -> anyhow::Result<Response> {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
        };
        let mut asked = self.0.request(method, request.url);
        for (name, value) in request.headers {
            asked = asked.header(name, value);
        }
        if let Some(body) = request.body {
            asked = asked.header("content-type", "application/json").body(body);
        }
        let answer = asked.send().await?;
        let status = answer.status().as_u16();
        self.1.fetch_or(matches!(status, 401 | 403), Ordering::Relaxed);
        Ok(Response { status, body: answer.bytes().await?.to_vec() })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let refused = Arc::new(AtomicBool::new(false));
    let sdk =
        ClientBuilder::default().interval(200).enable_string_features().into_client_with_transport::<Named>(
            &format!("{}/api", var("BASE")?),
            "rust",
            "one",
            Some(var("TOKEN")?),
            Arc::new(Plain(reqwest::Client::new(), refused.clone())),
        )?;
    sdk.register().await.map_err(|error| anyhow::anyhow!(error))?;
    tokio::select! {
        () = sdk.poll_for_updates() => anyhow::bail!("the SDK stopped"),
        told = tell(&sdk, &refused) => told,
    }
}

async fn tell(sdk: &unleash_api_client::Client<Named>, refused: &AtomicBool) -> anyhow::Result<()> {
    let contexts: Vec<Value> = serde_json::from_str(&var("CONTEXTS")?)?;
    let flags: Vec<String> = serde_json::from_str(&var("FLAGS")?)?;
    until(|| sdk.cached_state().is_some()).await;
    let mut answers = Vec::new();
    for context in contexts {
        let context: Context = serde_json::from_value(context)?;
        let answer = |flag: &String| {
            let variant = sdk.get_variant_str(flag, &context);
            json!([
                sdk.is_enabled_str(flag, Some(&context), false),
                variant.name,
                variant.payload.get("value")
            ])
        };
        answers.push(flags.iter().map(answer).collect::<Vec<_>>());
    }
    println!("{}", json!({ "answers": answers }));
    until(|| sdk.is_enabled_str("flip", None, false)).await;
    println!("{}", json!({ "saw": "flip" }));
    until(|| refused.load(Ordering::Relaxed)).await;
    println!("{}", json!({ "saw": "refused" }));
    Ok(())
}

async fn until(mut good: impl FnMut() -> bool) {
    while !good() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
