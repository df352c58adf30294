//! Reads the story and tells it to a server.
//!
//! One request per line: `METHOD path [body]`. `@name` before it says who asks: `@nobody`, or somebody whom an earlier
//! `sign-in name password` brought in; otherwise it is whoever holds the admin token. `keep name /pointer` after it
//! keeps a part of the answer, and `{{name}}` is what was kept. `#` begins a comment.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::client::{Answer, Client};

const STORY: &str = include_str!("story.http");

/// One request.
pub struct Step {
    pub line: usize,
    pub method: Method,
    pub path: String,
    pub body: Option<String>,
    who: String,
    keep: Vec<(String, String)>,
}

/// All of them, in order.
pub fn read() -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let text = std::env::var("REPLAY_STORY").map(|path| std::fs::read_to_string(path).unwrap());
    let text = text.as_deref().unwrap_or(STORY);
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(rest) = line.strip_prefix("keep ") {
            let (name, pointer) = rest.split_once(' ').unwrap();
            steps.last_mut().unwrap().keep.push((name.to_owned(), pointer.to_owned()));
            continue;
        }
        let (who, line) = match line.strip_prefix('@') {
            Some(rest) => rest.split_once(' ').unwrap(),
            None => ("", line),
        };
        let (who, method, rest) = if let Some(rest) = line.strip_prefix("sign-in ") {
            let (name, password) = rest.split_once(' ').unwrap();
            let body = json!({"username": name, "password": password});
            (name, "POST", format!("/auth/simple/login {body}"))
        } else {
            let (method, rest) = line.split_once(' ').unwrap();
            (who, method, rest.to_owned())
        };
        let (path, body) = match rest.split_once(' ') {
            Some((path, body)) => (path.to_owned(), Some(body.to_owned())),
            None => (rest, None),
        };
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        steps.push(Step { line: index + 1, method, path, body, who: who.to_owned(), keep: Vec::new() });
    }
    steps
}

/// Tells the story to one server.
pub struct Player {
    nobody: Client,
    people: BTreeMap<String, Client>,
    kept: BTreeMap<String, String>,
}

impl Player {
    /// `admin` is who asks unless the story says otherwise.
    pub fn new(nobody: Client, admin: Client) -> Self {
        let people = BTreeMap::from([(String::new(), admin), ("nobody".to_owned(), nobody.clone())]);
        Self { nobody, people, kept: BTreeMap::new() }
    }

    /// Tells all of it; one answer per step.
    pub async fn play(mut self, steps: &[Step]) -> Vec<Answer> {
        let mut answers = Vec::new();
        for step in steps {
            answers.push(self.tell(step).await);
        }
        answers
    }

    async fn tell(&mut self, step: &Step) -> Answer {
        let signing_in = step.path == "/auth/simple/login";
        let client = if signing_in { &self.nobody } else { &self.people[&step.who] };
        let body = step.body.as_ref().map(|body| self.fill(body));
        let answer = client.ask(step.method.clone(), &self.fill(&step.path), body, "application/json").await;
        if signing_in && answer.status == 200 {
            let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
            self.people.insert(step.who.clone(), self.nobody.with("cookie", &cookie));
        }
        for (name, pointer) in &step.keep {
            let body: Value = serde_json::from_str(&answer.text).unwrap_or_default();
            let value = match body.pointer(pointer) {
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => "missing".to_owned(),
            };
            self.kept.insert(name.clone(), value);
        }
        answer
    }

    fn fill(&self, text: &str) -> String {
        self.kept
            .iter()
            .fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{{{name}}}}}"), value))
    }
}
