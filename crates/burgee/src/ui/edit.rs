//! Forms over things that others may change at the same time. Nobody overwrites what they have not seen: what only one of
//! two people changed is kept, and what both changed differently is asked.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use maud::{Markup, html};

use super::fault::Fault;
use super::frame::Frame;
use super::part::button;
use super::part::form::{self, Field, Problems};
use super::part::notice::{Tone, notice};
use crate::error::Error;

/// Before the names of hidden fields that say what was there when the form was opened.
const WAS: &str = "was_";
/// The longest value of somebody else that is told, in characters.
const LONGEST_TOLD: usize = 200;
/// How many values a form may send.
const MOST: usize = 2000;

/// What stands in the fields of a thing, by name. A box that is not checked is empty.
pub(super) type Values = Vec<(&'static str, String)>;

/// How a box is written.
pub(super) fn checked(on: bool) -> String {
    if on { "true".to_owned() } else { String::new() }
}

/// A text as forms compare it: browsers send line ends of their own, and programs store what they like.
fn plain(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").trim().to_owned()
}

/// A form, as typed.
#[derive(Clone, Debug, Default)]
pub(super) struct Edit {
    values: BTreeMap<String, String>,
    /// What was there when the form was opened.
    was: BTreeMap<String, String>,
    problems: Problems,
    disputed: bool,
}

impl Edit {
    /// The form that shows a thing.
    pub(super) fn of(values: Values) -> Self {
        let values: BTreeMap<String, String> =
            values.into_iter().map(|(name, value)| (name.to_owned(), plain(&value))).collect();
        Self { was: values.clone(), values, ..Self::default() }
    }

    /// What was sent. A name that comes more than once is a list: a line each.
    pub(super) fn read(pairs: Vec<(String, String)>) -> Result<Self, Fault> {
        if pairs.len() > MOST {
            return Err(Fault::unreadable(format!("The form has more than {MOST} values.")));
        }
        let mut edit = Self::default();
        for (name, value) in pairs {
            let value = plain(&value);
            let (side, name) = match name.strip_prefix(WAS) {
                Some(name) => (&mut edit.was, name.to_owned()),
                None => (&mut edit.values, name),
            };
            match side.entry(name) {
                Entry::Occupied(mut list) => {
                    list.get_mut().push('\n');
                    list.get_mut().push_str(&value);
                }
                Entry::Vacant(free) => {
                    free.insert(value);
                }
            }
        }
        Ok(edit)
    }

    /// Puts the edit on top of what is there now. False: somebody else changed the same fields.
    pub(super) fn onto(&mut self, now: Values) -> bool {
        for (name, theirs) in now {
            let theirs = plain(&theirs);
            let was = self.was(name);
            let mine = self.get(name);
            let same = theirs == was;
            if mine == was {
                self.values.insert(name.to_owned(), theirs.clone());
            } else if !same && theirs != mine {
                let told: String = theirs.chars().take(LONGEST_TOLD).collect();
                let told = if told.is_empty() { "empty".to_owned() } else { format!("“{told}”") };
                self.problems.add(name, format!("Somebody else made it {told}. Save to keep yours."));
                self.disputed = true;
            }
            self.was.insert(name.to_owned(), theirs);
        }
        !self.disputed
    }

    /// The same for a list, where nothing is disputed: what was added or taken away, here or elsewhere, is.
    pub(super) fn merge_list(&mut self, name: &str, now: &[String]) {
        let mine = self.list(name);
        let was: BTreeSet<&str> = self.was(name).lines().collect();
        let here: BTreeSet<&str> = mine.iter().map(String::as_str).collect();
        let there: BTreeSet<&str> = now.iter().map(String::as_str).collect();
        let kept = now.iter().map(String::as_str).filter(|item| here.contains(item) || !was.contains(item));
        let added = mine.iter().map(String::as_str);
        let added = added.filter(|item| !was.contains(item) && !there.contains(item));
        let merged: Vec<&str> = kept.chain(added).collect();
        self.values.insert(name.to_owned(), merged.join("\n"));
        self.was.insert(name.to_owned(), now.join("\n"));
    }

    /// What stands in a field.
    pub(super) fn get(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    /// What stands in a field, if anything does.
    pub(super) fn some(&self, name: &str) -> Option<String> {
        self.values.get(name).filter(|value| !value.is_empty()).cloned()
    }

    /// True if a box is checked.
    pub(super) fn on(&self, name: &str) -> bool {
        !self.get(name).is_empty()
    }

    /// What stands in a list.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        self.get(name).lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    /// A whole number; empty is none. What is no number is a problem of its field.
    pub(super) fn number(&mut self, name: &str) -> Option<i64> {
        let text = self.some(name)?;
        let number = text.parse().ok();
        if number.is_none() {
            self.problems.add(name, "Type a whole number, or leave it empty.");
        }
        number
    }

    /// Adds what is wrong with a field.
    pub(super) fn complain(&mut self, name: &str, text: impl Into<String>) {
        self.problems.add(name, text);
    }

    /// What came of saving; what can be mended stays in the form. `about` has words of refusals, each with the field
    /// that they are about.
    pub(super) fn settle<T>(
        &mut self,
        saved: Result<T, Error>,
        about: &[(&str, &str)],
    ) -> Result<Option<T>, Fault> {
        self.settle_by(saved, |sentence| {
            let (_, field) = about.iter().find(|(word, _)| sentence.contains(word))?;
            Some(((*field).to_owned(), sentence.to_owned()))
        })
    }

    /// The same, where more than words tells which field a refusal is about.
    pub(super) fn settle_by<T>(
        &mut self,
        saved: Result<T, Error>,
        located: impl Fn(&str) -> Option<(String, String)>,
    ) -> Result<Option<T>, Fault> {
        match saved.map_err(Fault::from) {
            Ok(done) => Ok(Some(done)),
            Err(fault) if fault.is_about_input() => {
                self.problems = Problems::of(fault.sentences(), located);
                Ok(None)
            }
            Err(fault) => Err(fault),
        }
    }

    /// What is wrong.
    pub(super) fn problems(&self) -> &Problems {
        &self.problems
    }

    /// Puts something else into a field.
    pub(super) fn set(&mut self, name: &str, value: String) {
        self.values.insert(name.to_owned(), value);
    }

    /// What was there when the form was opened; after [`Edit::onto`], what is there now.
    pub(super) fn was(&self, name: &str) -> &str {
        self.was.get(name).map_or("", String::as_str)
    }

    /// True if nothing is wrong with it.
    pub(super) fn sound(&self) -> bool {
        self.problems.none()
    }

    /// The status of the page that shows it.
    pub(super) fn status(&self) -> StatusCode {
        match (self.disputed, self.sound()) {
            (true, _) => StatusCode::CONFLICT,
            (false, true) => StatusCode::OK,
            (false, false) => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }

    /// A field of the form, with what is wrong with it.
    pub(super) fn field<'a>(&'a self, name: &'a str, label: &'a str) -> Field<'a> {
        Field { name, label, problem: self.problems.about(name), ..Field::default() }
    }

    /// What has to be said before the form.
    pub(super) fn notices(&self) -> Markup {
        html! {
            @if self.disputed {
                (notice(Tone::Warning, "Somebody changed this while you were editing", &html! {
                    p { "What only one of you changed is kept. Look at the fields below, then save again." }
                }))
            }
            (form::problems(&self.problems.rest))
        }
    }

    /// The form around its fields. Whoever may not send it sees what is there, and why they may not.
    pub(super) fn form(
        &self,
        frame: &Frame,
        action: &str,
        (id, label): (&str, &str),
        cancel: Option<&str>,
        why_not: Option<&str>,
        fields: &Markup,
    ) -> Markup {
        html! {
            (self.notices())
            @match why_not {
                Some(why) => {
                    (notice(Tone::Info, "You can look at this, but not change it", &html! { p { (why) } }))
                    fieldset.stack disabled { (fields) }
                },
                None => form.stack method="post" action=(frame.at(action)) data-draft novalidate {
                    (self.opened())
                    (fields)
                    div.row {
                        button.button.primary id=(id) { (label) }
                        @if let Some(back) = cancel { (button::link(&frame.at(back), "Cancel")) }
                    }
                },
            }
        }
    }

    /// What was there when the form was opened, for the next time.
    pub(super) fn opened(&self) -> Markup {
        html! { @for (name, value) in &self.was { input type="hidden" name={ (WAS) (name) } value=(value); } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(pairs: &[(&str, &str)]) -> Edit {
        Edit::read(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
            .unwrap()
    }

    fn now(name: &str, text: &str, on: bool) -> Values {
        vec![("name", name.to_owned()), ("text", text.to_owned()), ("on", checked(on))]
    }

    #[test]
    fn what_only_one_changed_is_kept() {
        let mut edit = sent(&[
            ("name", "mine"),
            ("was_name", "old"),
            ("text", "a\r\nb "),
            ("was_text", "a\nb"),
            ("was_on", "true"),
        ]);
        assert!(edit.onto(now("old", "theirs", true)));
        assert_eq!((edit.get("name"), edit.get("text"), edit.on("on")), ("mine", "theirs", false));
        assert_eq!(edit.status(), StatusCode::OK);
    }

    #[test]
    fn what_both_changed_is_asked_once() {
        let mut edit = sent(&[("name", "mine"), ("was_name", "old")]);
        assert!(!edit.onto(now("theirs", "", false)));
        assert_eq!((edit.get("name"), edit.status()), ("mine", StatusCode::CONFLICT));
        assert!(edit.opened().into_string().contains("name=\"was_name\" value=\"theirs\""));
        let mut again = sent(&[("name", "mine"), ("was_name", "theirs")]);
        assert!(again.onto(now("theirs", "", false)));
        let mut same = sent(&[("name", "both"), ("was_name", "old")]);
        assert!(same.onto(now("both", "", false)));
    }

    #[test]
    fn line_ends_are_no_difference() {
        let mut edit =
            sent(&[("name", "mine"), ("was_name", "old"), ("text", "a\r\nb"), ("was_text", "a\r\nb")]);
        assert!(edit.onto(now("old", "a\r\nb", false)));
        assert_eq!(Edit::of(now("", "a\r\nb\r", false)).get("text"), "a\nb");
    }

    #[test]
    fn a_form_is_no_way_to_keep_the_server_busy() {
        let many = |count: usize| vec![("role".to_owned(), "1".to_owned()); count];
        assert!(Edit::read(many(MOST)).is_ok() && Edit::read(many(MOST + 1)).is_err());
    }

    #[test]
    fn lists_take_what_both_did() {
        let mut edit = sent(&[("role", "a"), ("role", "c"), ("was_role", "a\nb")]);
        edit.merge_list("role", &["a", "b", "d"].map(str::to_owned));
        assert_eq!(edit.list("role"), ["a", "d", "c"]);
    }

    #[test]
    fn lists_and_numbers() {
        let mut edit = sent(&[("place", "a"), ("place", "b"), ("count", "x"), ("empty", "")]);
        assert_eq!(edit.list("place"), ["a", "b"]);
        assert_eq!((edit.number("count"), edit.number("empty")), (None, None));
        assert!(!edit.sound());
    }
}
