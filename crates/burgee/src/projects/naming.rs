//! How flags are to be named in a project, and which links they come with.

use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind, Result};

/// The longest pattern, example, description, title or address, in characters.
const LONGEST: usize = 1000;
/// As many links as a new flag can come with.
const MOST_LINKS: usize = 50;
/// As large as a compiled pattern may become, in bytes.
const LARGEST: usize = 1 << 20;

/// How flags are to be named. Without a pattern, any name will do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Naming {
    /// A regular expression that the whole name must match.
    pub pattern: Option<String>,
    /// A name that matches.
    pub example: Option<String>,
    /// For people.
    pub description: Option<String>,
}

/// A link that every new flag gets; `{{project}}` and `{{feature}}` stand for ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LinkTemplate {
    /// What people read.
    pub title: Option<String>,
    /// The address.
    pub url_template: String,
}

impl Naming {
    /// Refuses a pattern that cannot be used and an example that does not match it. An empty pattern is none.
    pub fn checked(self) -> Result<Self> {
        for text in [&self.pattern, &self.example, &self.description].into_iter().flatten() {
            short("A naming pattern, its example and its description", text)?;
        }
        let empty = |text: Option<String>| text.filter(|text| !text.is_empty());
        let naming = Self {
            pattern: empty(self.pattern),
            example: empty(self.example),
            description: empty(self.description),
        };
        let Some(pattern) = &naming.pattern else {
            if naming.example.is_some() {
                return Err(Error::bad_data(
                    "You've provided a feature flag naming example, but no feature flag naming pattern. You must \
                     specify a pattern to use an example.",
                ));
            }
            return Ok(naming);
        };
        if pattern.contains(char::is_whitespace) {
            return Err(Error::bad_data(
                "A naming pattern cannot contain white space: names of flags have none.",
            ));
        }
        compile(pattern)?;
        match &naming.example {
            Some(example) if !naming.allows(example)? => Err(Error::bad_data(format!(
                "You've provided a feature flag naming example (\"{example}\") that doesn't match your feature flag \
                 naming pattern (\"{pattern}\"). Please provide an example that matches your supplied pattern."
            ))),
            _ => Ok(naming),
        }
    }

    /// True if a flag may have this name.
    pub fn allows(&self, name: &str) -> Result<bool> {
        match &self.pattern {
            Some(pattern) => Ok(compile(pattern)?.is_match(name)),
            None => Ok(true),
        }
    }
}

impl LinkTemplate {
    /// Refuses lists that no flag should come with.
    pub fn checked(templates: Vec<Self>) -> Result<Vec<Self>> {
        if templates.len() > MOST_LINKS {
            return Err(Error::bad_data(format!("A project has at most {MOST_LINKS} link templates.")));
        }
        for template in &templates {
            short("A link", &template.url_template)?;
            short("The title of a link", template.title.as_deref().unwrap_or_default())?;
            let address = template.url_template.strip_prefix("https://");
            let address = address.or_else(|| template.url_template.strip_prefix("http://"));
            if address.is_none_or(|rest| rest.is_empty() || rest.contains(char::is_whitespace)) {
                return Err(Error::bad_data(format!(
                    "\"{}\" is not a link: it must begin with http:// or https:// and have no white space.",
                    template.url_template
                )));
            }
        }
        Ok(templates)
    }
}

/// Refuses a name that the stored `naming` of a project does not allow.
pub fn check(naming: Option<&str>, name: &str) -> Result<()> {
    let Some(naming) = naming else { return Ok(()) };
    let naming: Naming = serde_json::from_str(naming)?;
    if naming.allows(name)? {
        return Ok(());
    }
    let example = naming.example.map(|example| format!(" An example is \"{example}\".")).unwrap_or_default();
    let message = format!(
        "The feature flag name \"{name}\" does not match the project's naming pattern: \"{}\".{example}",
        naming.pattern.unwrap_or_default()
    );
    Err(Error::rejected(Kind::Pattern, message))
}

/// A pattern always stands for whole names, as if between `^` and `$`.
fn compile(pattern: &str) -> Result<Regex> {
    regex::RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(LARGEST).build().map_err(|error| {
        let why = error.to_string();
        let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
        Error::bad_data(format!(
            "The naming pattern \"{pattern}\" cannot be used: {why}. Look-around and references back are not supported."
        ))
    })
}

fn short(what: &str, text: &str) -> Result<()> {
    if text.chars().count() <= LONGEST {
        return Ok(());
    }
    Err(Error::bad_data(format!("{what} may have at most {LONGEST} characters.")))
}
