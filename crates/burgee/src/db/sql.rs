//! SQL text and its arguments: registered literals, and statements put together from parts.

use std::sync::OnceLock;

use crate::clock::Time;
use crate::db::dialect::{Engine, explain, render};

/// A literal statement. `sql!` makes them; every one is registered, so that a test can prepare each on both
/// databases and hold bookkeeping statements to their tables.
pub struct Statement {
    text: &'static str,
    bookkeeping: bool,
    rendered: [OnceLock<String>; 2],
}

inventory::collect!(Registered);

/// What the registry holds.
pub struct Registered(pub &'static Statement);

impl Statement {
    /// Called by `sql!` and `keep!` only.
    pub const fn new(text: &'static str, bookkeeping: bool) -> Self {
        Self { text, bookkeeping, rendered: [OnceLock::new(), OnceLock::new()] }
    }

    /// The text for one engine.
    pub fn text(&'static self, engine: Engine) -> &'static str {
        if self.text.contains('{') {
            self.rendered[engine as usize].get_or_init(|| render(self.text, engine))
        } else {
            self.text
        }
    }

    /// True for statements that write outside the audited tables.
    pub fn is_bookkeeping(&self) -> bool {
        self.bookkeeping
    }

    /// Every statement of the program.
    pub fn all() -> impl Iterator<Item = &'static Statement> {
        inventory::iter::<Registered>.into_iter().map(|registered| registered.0)
    }
}

/// One typed argument. NULLs keep their type, because PostgreSQL wants to know it.
#[derive(Clone, Debug)]
pub enum Value {
    /// BIGINT.
    Int(Option<i64>),
    /// TEXT.
    Text(Option<String>),
    /// BOOLEAN.
    Bool(Option<bool>),
}

macro_rules! value_from {
    ($($from:ty => $variant:ident, $convert:expr;)*) => {$(
        impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Self::$variant(Some(($convert)(value)))
            }
        }
        impl From<Option<$from>> for Value {
            fn from(value: Option<$from>) -> Self {
                Self::$variant(value.map($convert))
            }
        }
    )*};
}

value_from! {
    i64 => Int, |v| v;
    Time => Int, Time::millis;
    bool => Bool, |v| v;
    &str => Text, str::to_owned;
    String => Text, |v| v;
    &String => Text, String::clone;
}

/// A statement with its arguments, ready to run.
pub struct Sql {
    pub(super) text: Text,
    pub(super) args: Vec<Value>,
}

pub(super) enum Text {
    Fixed(&'static Statement),
    Built(String),
}

impl Sql {
    /// Called by `sql!` only.
    pub fn fixed(statement: &'static Statement, args: Vec<Value>) -> Self {
        Self { text: Text::Fixed(statement), args }
    }

    /// Starts a statement whose shape depends on the request. Only literals may be pushed; values are bound.
    pub fn build(start: &'static str) -> Self {
        Self { text: Text::Built(start.to_owned()), args: Vec::new() }
    }

    /// Appends literal text.
    pub fn push(&mut self, text: &'static str) -> &mut Self {
        if let Text::Built(built) = &mut self.text {
            built.push_str(text);
        }
        self
    }

    /// Appends a parameter.
    pub fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.args.push(value.into());
        if let Text::Built(built) = &mut self.text {
            built.push('$');
            built.push_str(&self.args.len().to_string());
        }
        self
    }
}

impl Sql {
    /// The same statement, to see its plan instead of its result.
    pub(super) fn explained(mut self, engine: Engine) -> Self {
        let text = match self.text {
            Text::Fixed(statement) => statement.text(engine).to_owned(),
            Text::Built(built) => built,
        };
        self.text = Text::Built(format!("{}{text}", explain(engine)));
        self
    }
}

/// A statement for [`Db::bookkeep`](crate::db::Db::bookkeep): its table needs no audit.
pub struct Keep(pub(super) Sql);

impl Keep {
    /// Called by `keep!` only.
    pub fn fixed(statement: &'static Statement, args: Vec<Value>) -> Self {
        Self(Sql::fixed(statement, args))
    }
}

/// `sql!("SELECT … WHERE id = $1", id)`: one text for both databases, registered.
/// `{list:$n}` stands for the strings, `{ids:$n}` for the whole numbers of a JSON array given as the n-th argument;
/// `column {among:$n}` asks for one of the strings.
#[macro_export]
macro_rules! sql {
    ($text:expr $(, $arg:expr)* $(,)?) => {
        $crate::statement!($crate::db::Sql, false, $text $(, $arg)*)
    };
}

/// Like [`sql!`], for tables that need no audit (see [`Db::bookkeep`](crate::db::Db::bookkeep)).
#[macro_export]
macro_rules! keep {
    ($text:expr $(, $arg:expr)* $(,)?) => {
        $crate::statement!($crate::db::Keep, true, $text $(, $arg)*)
    };
}

/// The common part of [`sql!`] and [`keep!`].
#[macro_export]
macro_rules! statement {
    ($kind:ty, $bookkeeping:expr, $text:expr $(, $arg:expr)*) => {{
        static STATEMENT: $crate::db::Statement = $crate::db::Statement::new($text, $bookkeeping);
        $crate::db::inventory::submit! { $crate::db::Registered(&STATEMENT) }
        <$kind>::fixed(&STATEMENT, vec![$($crate::db::Value::from($arg)),*])
    }};
}
