//! Somebody, as an address describes them: the context in which flags are asked for.

use serde_json::{Map, Value};

/// How many fields somebody may be described by.
const MOST: usize = 50;

/// Somebody, as the address describes them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Somebody {
    /// Fields that the form asks for, and `userId`.
    pub(super) fields: Vec<(String, String)>,
    /// Other fields, a line each: `name = value`.
    pub(super) more: String,
}

impl Somebody {
    pub(super) fn of(pairs: &[(String, String)]) -> Self {
        let mut somebody = Self::default();
        for (name, value) in pairs {
            if name == "more" {
                somebody.more = value.replace("\r\n", "\n");
            } else if let Some(field) = name.strip_prefix("c.") {
                somebody.fields.push((field.to_owned(), value.clone()));
            }
        }
        somebody
    }

    pub(super) fn get(&self, field: &str) -> &str {
        self.fields.iter().find(|(name, _)| name == field).map_or("", |(_, value)| value)
    }

    /// What is told about them; `Err`: what cannot be read.
    pub(super) fn context(&self) -> Result<Map<String, Value>, String> {
        let lines = self.more.lines().map(str::trim).filter(|line| !line.is_empty());
        let lines = lines.map(|line| {
            let (name, value) = line
                .split_once('=')
                .ok_or_else(|| format!("“{line}” says no field. Write lines like country = DE."))?;
            Ok::<_, String>((name.trim().to_owned(), value.trim().to_owned()))
        });
        let mut context = Map::new();
        for pair in lines.chain(self.fields.iter().cloned().map(Ok)) {
            let (name, value) = pair?;
            if !value.is_empty() {
                context.insert(name, value.into());
            }
        }
        if context.len() > MOST {
            return Err(format!("There may be {MOST} fields."));
        }
        Ok(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_is_described_by_fields_and_lines() {
        let of = |pairs: &[(&str, &str)]| {
            let pairs: Vec<(String, String)> =
                pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            Somebody::of(&pairs)
        };
        let context =
            of(&[("c.userId", "7"), ("c.plan", ""), ("more", "country = DE\r\n\r\nurl=a=b"), ("x", "y")])
                .context();
        let wanted = serde_json::json!({ "userId": "7", "country": "DE", "url": "a=b" });
        assert_eq!(context.map(Value::from), Ok(wanted));
        assert!(of(&[("more", "country DE")]).context().unwrap_err().contains("country DE"));
        let many = (0..60).map(|n| format!("f{n}=1")).collect::<Vec<_>>().join("\n");
        assert!(of(&[("more", &many)]).context().is_err());
    }
}
