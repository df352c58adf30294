//! `GET /api/client/streaming`: every stream sees every change once, in order, after it came back, too.

use std::time::Duration;

use serde_json::{Value, json};

use super::delta::Follower;
use super::{fetch, flag, sdk, token, turn};
use crate::support::TestServer;

/// An open stream.
pub struct Stream {
    response: reqwest::Response,
    buffer: String,
}

/// A server-sent event.
#[derive(Debug, Default)]
pub struct Event {
    pub id: String,
    pub name: String,
    data: String,
}

impl Event {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap()
    }
}

impl Stream {
    async fn open(server: &TestServer, secret: &str, last: Option<&str>) -> reqwest::Response {
        Self::ask(&server.base, secret, last).await
    }

    async fn ask(base: &str, secret: &str, last: Option<&str>) -> reqwest::Response {
        let mut request = crate::support::http()
            .build()
            .unwrap()
            .get(format!("{base}/api/client/streaming"))
            .header("authorization", secret)
            .header("unleash-client-spec", "5.2.0")
            .header("accept", "text/event-stream")
            .header("accept-encoding", "gzip");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        request.send().await.unwrap()
    }

    async fn begin(server: &TestServer, secret: &str, last: Option<&str>) -> Self {
        Self::of(Self::open(server, secret, last).await)
    }

    /// What comes in an answer.
    pub fn of(response: reqwest::Response) -> Self {
        assert_eq!(response.status(), 200);
        Self { response, buffer: String::new() }
    }

    async fn again(base: &str, secret: &str, last: &str) -> Self {
        Self::of(Self::ask(base, secret, Some(last)).await)
    }

    /// The next event; comments are none. `None`: the stream ended.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(end) = self.buffer.find("\n\n") {
                let block: String = self.buffer.drain(..end + 2).collect();
                let mut event = Event::default();
                for line in block.trim_end().lines() {
                    match line.split_once(": ") {
                        Some(("id", text)) => text.clone_into(&mut event.id),
                        Some(("event", text)) => text.clone_into(&mut event.name),
                        Some(("data", text)) => text.clone_into(&mut event.data),
                        _ => assert!(line.starts_with(':'), "no part of an event: {line}"),
                    }
                }
                if !event.data.is_empty() {
                    return Some(event);
                }
                continue;
            }
            let chunk = tokio::time::timeout(Duration::from_secs(10), self.response.chunk()).await;
            let chunk = chunk.expect("an event in time").ok().flatten()?;
            self.buffer.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

both! {
    async fn a_stream_begins_with_everything_and_goes_on_with_changes(server) {
        flag(&server, "default", "boat").await;
        let secret = token(&server, "client", &["*"]).await;
        let response = Stream::open(&server, &secret, None).await;
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(header("content-type").as_deref(), Some("text/event-stream"));
        assert_eq!(header("transfer-encoding").as_deref(), Some("chunked"));
        assert_eq!(header("cache-control").as_deref(), Some("no-cache"));
        assert_eq!(header("content-encoding"), None);
        let mut stream = Stream::of(response);
        let first = stream.next().await.unwrap();
        assert_eq!(first.name, "unleash-connected");
        assert_eq!(first.json()["events"][0]["type"], "hydration");
        assert_eq!(first.json()["events"][0]["eventId"].to_string(), first.id);

        turn(&server, "default", "boat", false).await;
        let second = stream.next().await.unwrap();
        assert_eq!(second.name, "unleash-updated");
        assert_eq!(second.json()["events"][0]["feature"]["enabled"], false);
        assert_eq!(second.json()["events"][0]["eventId"].to_string(), second.id);

        // Who comes again gets what they missed, and nothing twice.
        drop(stream);
        flag(&server, "default", "buoy").await;
        let mut stream = Stream::begin(&server, &secret, Some(&second.id)).await;
        let missed = stream.next().await.unwrap();
        assert_eq!(missed.name, "unleash-updated");
        let flags = missed.json()["events"].as_array().unwrap().clone();
        assert!(flags.iter().all(|event| event["feature"]["name"] == "buoy"), "{flags:?}");
        for odd in ["", "x", "9000000000"] {
            let mut stream = Stream::begin(&server, &secret, Some(odd)).await;
            assert_eq!(stream.next().await.unwrap().name, "unleash-connected", "{odd}");
        }
    }

    async fn an_admin_ends_all_streams(server) {
        flag(&server, "default", "boat").await;
        let secret = token(&server, "client", &["*"]).await;
        let mut stream = Stream::begin(&server, &secret, None).await;
        let last = stream.next().await.unwrap().id;
        server.admin().post("/api/admin/streaming/disconnect-all", json!({})).await.expect(200);
        assert!(stream.next().await.is_none(), "it has ended");
        let mut again = Stream::begin(&server, &secret, Some(&last)).await;
        turn(&server, "default", "boat", false).await;
        assert_eq!(again.next().await.unwrap().name, "unleash-updated", "who comes again goes on");
    }

    async fn a_stream_ends_with_its_token(server) {
        flag(&server, "default", "boat").await;
        let secret = token(&server, "client", &["*"]).await;
        let other = token(&server, "client", &["default"]).await;
        let mut streams = [Stream::begin(&server, &secret, None).await, Stream::begin(&server, &other, None).await];
        for stream in &mut streams {
            stream.next().await.unwrap();
        }
        server.admin().delete(&format!("/api/admin/api-tokens/{secret}")).await.done();
        assert!(streams[0].next().await.is_none(), "it has ended");
        assert_eq!(Stream::open(&server, &secret, None).await.status(), 401);
        turn(&server, "default", "boat", false).await;
        assert!(streams[1].next().await.is_some(), "the other one goes on");
        server.app.stopping.cancel();
        assert!(streams[1].next().await.is_none(), "a server that stops keeps nobody waiting");
    }
}

#[tokio::test]
async fn there_are_no_more_streams_than_allowed() {
    let server = TestServer::sqlite_with(&["--streaming-max-connections", "2"]).await;
    let secret = token(&server, "client", &["*"]).await;
    let one = Stream::begin(&server, &secret, None).await;
    let _two = Stream::begin(&server, &secret, None).await;
    assert_eq!(Stream::open(&server, &secret, None).await.status(), 429);
    drop(one);
    // The server notices with the next thing that it has to say.
    for number in 0..100 {
        flag(&server, "default", &format!("flag{number}")).await;
        if Stream::open(&server, &secret, None).await.status() == 200 {
            return;
        }
    }
    panic!("a stream that is closed stays counted");
}

/// Many streams at once: each is told of every change once and in order, also when it comes again in between.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_streams_see_the_same() {
    const STREAMS: usize = 1000;
    const CHANGES: usize = 10;
    let server = TestServer::sqlite().await;
    flag(&server, "default", "boat").await;
    let secret = token(&server, "client", &["*"]).await;
    let mut waiting = tokio::task::JoinSet::new();
    let begun = std::sync::Arc::new(tokio::sync::Barrier::new(STREAMS + 1));
    let last = format!("last{CHANGES}");
    for number in 0..STREAMS {
        let stream = Stream::begin(&server, &secret, None).await;
        let (begun, last, secret) = (begun.clone(), last.clone(), secret.clone());
        let base = server.base.clone();
        waiting.spawn(async move {
            let mut stream = stream;
            let mut follower = Follower::default();
            let mut at = 0;
            let mut seen = 0;
            loop {
                let event = stream.next().await.expect("the stream goes on");
                let id: i64 = event.id.parse().unwrap();
                assert!(id > at, "once, and in order");
                at = id;
                follower.apply(&event.json());
                seen += 1;
                if seen == 1 {
                    begun.wait().await;
                }
                if follower.flags.contains_key(&last) {
                    return follower;
                }
                if seen % 3 == number % 3 {
                    stream = Stream::again(&base, &secret, &event.id).await;
                }
            }
        });
    }
    let all = tokio::time::timeout(Duration::from_secs(30), begun.wait()).await;
    all.expect("every stream begins");
    for change in 1..=CHANGES {
        turn(&server, "default", "boat", change % 2 == 0).await;
        let name = if change == CHANGES { last.clone() } else { format!("flag{change}") };
        server.admin().post("/api/admin/projects/default/features", json!({"name": name})).await.expect(201);
    }
    let document = fetch(&sdk(&server, &["*"]).await).await.json();
    let mut count = 0;
    while let Some(follower) = waiting.join_next().await {
        follower.unwrap().must_be(&document);
        count += 1;
    }
    assert_eq!(count, STREAMS);
}
