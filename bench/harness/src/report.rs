//! Times, targets and the table.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

/// Durations of one kind of request.
#[derive(Default)]
pub struct Times(Vec<Duration>);

impl Times {
    /// Adds one.
    pub fn push(&mut self, took: Duration) {
        self.0.push(took);
    }

    /// The time that `percent` of the requests did not exceed, in milliseconds.
    pub fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
        sorted.get(place).map_or(0.0, |took| took.as_secs_f64() * 1000.0)
    }

    /// The median in milliseconds.
    pub fn p50(&self) -> f64 {
        self.percentile(50)
    }

    /// What all but the slowest hundredth took at most, in milliseconds.
    pub fn p99(&self) -> f64 {
        self.percentile(99)
    }

    /// `p50 / p99`.
    pub fn text(&self) -> String {
        format!("{:.2} / {:.2}", self.p50(), self.p99())
    }
}

/// A measured value, and whether it is what it should be. `None`: there is no target.
#[derive(Clone)]
struct Cell {
    text: String,
    reached: Option<bool>,
}

/// What should be measured on which engine: the words, then the number for each column.
#[derive(Clone, Copy)]
pub struct Target(pub &'static str, pub [f64; 2]);

/// The table: one line for each measurement, one column for each database.
pub struct Report {
    engines: Vec<&'static str>,
    lines: Vec<(String, &'static str, [Option<Cell>; 2])>,
    column: usize,
}

impl Report {
    /// An empty table.
    pub(crate) fn new() -> Self {
        Self { engines: vec!["SQLite", "PostgreSQL"], lines: Vec::new(), column: 0 }
    }

    /// Chooses the column that is filled from now on.
    pub(crate) fn column(&mut self, column: usize) {
        self.column = column;
        tell(&format!("== {}", self.engines[column]));
    }

    /// A value without a target.
    pub fn plain(&mut self, name: &str, text: String) {
        self.set(name, "", text, None);
    }

    /// A value that should be `target` at most.
    pub fn at_most(&mut self, name: &str, text: String, value: f64, target: Target) {
        self.set(name, target.0, text, Some(value <= target.1[self.column]));
    }

    /// A value that should be `target` at least.
    pub fn at_least(&mut self, name: &str, text: String, value: f64, target: Target) {
        self.set(name, target.0, text, Some(value >= target.1[self.column]));
    }

    fn set(&mut self, name: &str, target: &'static str, text: String, reached: Option<bool>) {
        let cell = Cell { text, reached };
        tell(&format!("{name}: {}", cell.show()));
        let place = self.lines.iter().position(|line| line.0 == name).unwrap_or_else(|| {
            self.lines.push((name.to_owned(), target, [None, None]));
            self.lines.len() - 1
        });
        self.lines[place].2[self.column] = Some(cell);
    }

    /// The table in Markdown.
    pub(crate) fn table(&self) -> String {
        let mut text =
            format!("| Measurement | {} | Target |\n|---|---|---|---|\n", self.engines.join(" | "));
        for (name, target, cells) in &self.lines {
            let show = |cell: &Option<Cell>| cell.as_ref().map_or_else(|| "–".to_owned(), Cell::show);
            // Writing to a String does not fail.
            let _ = writeln!(text, "| {name} | {} | {} | {target} |", show(&cells[0]), show(&cells[1]));
        }
        text
    }
}

impl Cell {
    fn show(&self) -> String {
        let mark = match self.reached {
            None => "",
            Some(true) => " ✓",
            Some(false) => " ✗ missed",
        };
        format!("{}{mark}", self.text)
    }
}

/// Bytes as MiB.
pub fn mib(bytes: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "for people to read")]
    let bytes = bytes as f64;
    bytes / 1024.0 / 1024.0
}

/// Events in a second.
pub fn rate(count: usize, took: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / took.as_secs_f64()
}

/// Progress, on standard error.
pub fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
