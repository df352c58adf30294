//! The differences that we want.

use regex::Regex;

use super::story::Step;

const CHOSEN: &str = include_str!("chosen.txt");

/// Each line: a pattern for `METHOD path`, one for the place in the answer (`status`, `location`, `body` or a path into
/// the JSON), and the reason; `*` stands for anything.
pub struct Chosen(Vec<Line>);

struct Line {
    request: Regex,
    place: Regex,
    used: bool,
    text: String,
}

impl Chosen {
    pub fn read() -> Self {
        let text = std::env::var("REPLAY_CHOSEN").map(|path| std::fs::read_to_string(path).unwrap());
        let text = text.as_deref().unwrap_or(CHOSEN);
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self(lines.map(Line::read).collect())
    }

    /// True if a line explains the difference.
    pub fn explains(&mut self, step: &Step, at: &str) -> bool {
        let request = format!("{} {}", step.method, step.path);
        let mut explained = false;
        for line in &mut self.0 {
            if line.request.is_match(&request) && line.place.is_match(at) {
                line.used = true;
                explained = true;
            }
        }
        explained
    }

    /// Lines that explained nothing.
    pub fn unused(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|line| !line.used).map(|line| line.text.as_str())
    }
}

impl Line {
    fn read(line: &str) -> Self {
        let parts: Vec<&str> = line.splitn(3, '|').map(str::trim).collect();
        let [request, place, reason] = parts.as_slice() else { panic!("not a chosen difference: {line}") };
        assert!(!reason.is_empty(), "a chosen difference needs its reason: {line}");
        let glob =
            |text: &str| Regex::new(&format!("^{}$", regex::escape(text).replace(r"\*", ".*"))).unwrap();
        Self { request: glob(request), place: glob(place), used: false, text: line.to_owned() }
    }
}
