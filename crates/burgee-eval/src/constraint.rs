//! Compiled constraints: parsed once, compared without allocation.

use std::cmp::Ordering;

use ipnet::IpNet;
use jiff::Timestamp;
use regex::Regex;
use semver::Version;

use crate::context::{Context, Field, Known};
use crate::document::{self, Operator};
use crate::scalar;

/// What a constraint, or a segment's constraint, came to before inversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The field matches.
    Match,
    /// The field is there and does not match.
    NoMatch,
    /// The context does not have the field.
    Absent,
    /// The field is there, but is not what the operator compares: a number, an instant, a version, an address.
    Unreadable,
    /// The constraint cannot be evaluated: an unknown operator, or an operand that is missing or not what the
    /// operator compares. It does not hold, inverted or not.
    Broken,
}

#[derive(Debug)]
pub(crate) struct Constraint {
    field: Field,
    inverted: bool,
    test: Test,
}

#[derive(Debug)]
enum Test {
    Broken,
    In(Words),
    NotIn(Words),
    Text { place: Place, fold: bool, words: Words },
    Number(Comparison, f64),
    Time(Comparison, Timestamp),
    // The rare and large ones are boxed, so that all others stay small.
    Version(Comparison, Box<Version>),
    Pattern(Box<Regex>),
    Nothing,
    Networks(Box<[IpNet]>),
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Start,
    End,
    Anywhere,
}

#[derive(Clone, Copy, Debug)]
enum Comparison {
    Equal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Comparison {
    fn accepts(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
        }
    }
}

impl Constraint {
    pub(crate) fn compile(source: &document::Constraint) -> Self {
        Self {
            field: Field::named(&source.context_name),
            inverted: source.inverted,
            test: Test::compile(source).unwrap_or(Test::Broken),
        }
    }

    /// What was found and whether the constraint holds.
    pub(crate) fn judge(&self, context: &Context) -> (Finding, bool) {
        let finding = self.find(context);
        let holds = match finding {
            Finding::Match => !self.inverted,
            Finding::NoMatch | Finding::Absent | Finding::Unreadable => self.inverted,
            Finding::Broken => false,
        };
        (finding, holds)
    }

    fn find(&self, context: &Context) -> Finding {
        if let Test::Broken = self.test {
            return Finding::Broken;
        }
        if let (Test::Time(comparison, bound), Field::Known(Known::CurrentTime)) = (&self.test, &self.field) {
            return compare(*comparison, context.time().map(|time| time.cmp(bound)));
        }
        match self.field.of(context) {
            Some(text) => self.test.find(text),
            None if matches!(self.test, Test::NotIn(_)) => Finding::Match,
            None => Finding::Absent,
        }
    }
}

impl Test {
    /// `None` when the definition makes no sense.
    fn compile(source: &document::Constraint) -> Option<Self> {
        use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};

        let value = source.value.as_deref();
        let number = |comparison| Some(Self::Number(comparison, scalar::number(value?)?));
        let time = |comparison| Some(Self::Time(comparison, scalar::instant(value?)?));
        let version = |comparison| Some(Self::Version(comparison, Box::new(scalar::version(value?)?)));
        let text = |place| {
            let fold = source.case_insensitive;
            Some(Self::Text { place, fold, words: Words::compile(&source.values, fold) })
        };
        match source.operator {
            Operator::In => Some(Self::In(Words::compile(&source.values, false))),
            Operator::NotIn => Some(Self::NotIn(Words::compile(&source.values, false))),
            Operator::StrStartsWith => text(Place::Start),
            Operator::StrEndsWith => text(Place::End),
            Operator::StrContains => text(Place::Anywhere),
            Operator::NumEq => number(Equal),
            Operator::NumGt => number(Greater),
            Operator::NumGte => number(GreaterOrEqual),
            Operator::NumLt => number(Less),
            Operator::NumLte => number(LessOrEqual),
            Operator::DateAfter => time(Greater),
            Operator::DateBefore => time(Less),
            Operator::SemverEq => version(Equal),
            Operator::SemverGt => version(Greater),
            Operator::SemverGte => version(GreaterOrEqual),
            Operator::SemverLt => version(Less),
            Operator::SemverLte => version(LessOrEqual),
            // SDKs agree that an invalid pattern matches nothing, and that inverting that is everything.
            Operator::Regex => Some(
                scalar::pattern(value?, source.case_insensitive)
                    .map_or(Self::Nothing, |regex| Self::Pattern(Box::new(regex))),
            ),
            // They also agree that networks which cannot be read are left out.
            Operator::InCidr => Some(Self::Networks(
                source.values.iter().filter_map(|value| scalar::network(scalar::trim(value))).collect(),
            )),
            Operator::Unknown(_) | Operator::Missing => None,
        }
    }

    fn find(&self, text: &str) -> Finding {
        match self {
            Self::Broken => Finding::Broken,
            Self::Nothing => Finding::NoMatch,
            Self::In(words) => decide(words.contain(text)),
            Self::NotIn(words) => decide(!words.contain(text)),
            Self::Text { place, fold, words } => decide(words.occur(text, *place, *fold)),
            Self::Number(comparison, bound) => {
                compare(*comparison, scalar::number(text).and_then(|number| number.partial_cmp(bound)))
            }
            Self::Time(comparison, bound) => {
                compare(*comparison, scalar::instant(text).map(|time| time.cmp(bound)))
            }
            Self::Version(comparison, bound) => {
                compare(*comparison, scalar::version(text).map(|version| version.cmp_precedence(bound)))
            }
            Self::Pattern(regex) => decide(regex.is_match(text)),
            Self::Networks(networks) => match scalar::address(text) {
                Some(address) => decide(networks.iter().any(|network| network.contains(&address))),
                None => Finding::Unreadable,
            },
        }
    }
}

const fn decide(matches: bool) -> Finding {
    if matches { Finding::Match } else { Finding::NoMatch }
}

fn compare(comparison: Comparison, ordering: Option<Ordering>) -> Finding {
    ordering.map_or(Finding::Unreadable, |ordering| decide(comparison.accepts(ordering)))
}

/// The operands of a constraint: trimmed, not empty, sorted, each once.
#[derive(Debug)]
pub(crate) struct Words {
    /// One after the other.
    text: Box<str>,
    /// Where each ends.
    ends: Box<[u32]>,
}

impl Words {
    fn compile(values: &[String], fold: bool) -> Self {
        let values = values.iter().map(|value| scalar::trim(value)).filter(|value| !value.is_empty());
        if fold { values.map(str::to_lowercase).collect() } else { values.collect() }
    }

    pub(crate) fn contain(&self, text: &str) -> bool {
        let (mut low, mut high) = (0, self.ends.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            match self.word(middle).cmp(text) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return true,
            }
        }
        false
    }

    fn word(&self, index: usize) -> &str {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start as usize..self.ends[index] as usize]
    }

    fn occur(&self, text: &str, place: Place, fold: bool) -> bool {
        if !fold {
            self.any(|word| match place {
                Place::Start => text.starts_with(word),
                Place::End => text.ends_with(word),
                Place::Anywhere => text.contains(word),
            })
        } else if text.is_ascii() {
            let text = text.as_bytes();
            self.any(|word| {
                let word = word.as_bytes();
                match place {
                    Place::Start => {
                        text.get(..word.len()).is_some_and(|part| part.eq_ignore_ascii_case(word))
                    }
                    Place::End => text
                        .len()
                        .checked_sub(word.len())
                        .is_some_and(|start| text[start..].eq_ignore_ascii_case(word)),
                    Place::Anywhere => text.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word)),
                }
            })
        } else {
            self.occur(&text.to_lowercase(), place, false)
        }
    }

    fn any(&self, test: impl Fn(&str) -> bool) -> bool {
        (0..self.ends.len()).any(|index| test(self.word(index)))
    }
}

impl<S: AsRef<str> + Ord> FromIterator<S> for Words {
    fn from_iter<I: IntoIterator<Item = S>>(words: I) -> Self {
        let mut words: Vec<S> = words.into_iter().collect();
        words.sort_unstable();
        words.dedup();
        let mut text = String::with_capacity(words.iter().map(|word| word.as_ref().len()).sum());
        let mut ends = Vec::with_capacity(words.len());
        for word in &words {
            text.push_str(word.as_ref());
            // More than four gigabytes of operands are cut off.
            let Ok(end) = u32::try_from(text.len()) else { break };
            ends.push(end);
        }
        Self { text: text.into_boxed_str(), ends: ends.into_boxed_slice() }
    }
}

#[cfg(test)]
mod tests;
