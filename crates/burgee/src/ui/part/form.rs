//! Forms: fields with their labels, hints and what is wrong with them.

use std::collections::BTreeMap;

use maud::{Markup, html};

/// What is wrong, by the name of the field that it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::ui) struct Problems {
    by_field: BTreeMap<String, String>,
    /// What is about no field in particular.
    pub(in crate::ui) rest: Vec<String>,
}

impl Problems {
    /// Puts each sentence to the field that `located` finds, with what it says about it.
    pub(in crate::ui) fn of(
        sentences: Vec<String>,
        located: impl Fn(&str) -> Option<(String, String)>,
    ) -> Self {
        let mut problems = Self::default();
        for sentence in sentences {
            match located(&sentence) {
                Some((field, text)) => problems.add(field, text),
                None => problems.rest.push(sentence),
            }
        }
        problems
    }

    /// One more, about a field.
    pub(in crate::ui) fn add(&mut self, field: impl Into<String>, text: impl Into<String>) {
        self.by_field.insert(field.into(), text.into());
    }

    /// What is wrong with a field.
    pub(in crate::ui) fn about(&self, field: &str) -> Option<&str> {
        self.by_field.get(field).map(String::as_str)
    }

    /// True if nothing is wrong.
    pub(in crate::ui) fn none(&self) -> bool {
        self.by_field.is_empty() && self.rest.is_empty()
    }
}

/// The row of a list, its member and the text, if a refusal is about one: `"variants[1].name" is empty`.
pub(in crate::ui) fn in_row(list: &str, sentence: &str) -> Option<(usize, String, String)> {
    let plain = sentence.strip_prefix('"').unwrap_or(sentence);
    let (index, rest) = plain.strip_prefix(list)?.strip_prefix('[')?.split_once("].")?;
    let (member, text) = of_member(rest);
    Some((index.parse().ok()?, member, text))
}

/// The member that a refusal begins with, and what it says about it.
pub(in crate::ui) fn of_member(sentence: &str) -> (String, String) {
    let end = sentence.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(sentence.len());
    let (member, text) = sentence.split_at(end);
    let bare = |text: &str| text.trim_start_matches(['"', ':', ' ']).to_owned();
    let text = match text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        Some((index, text)) => format!("Value {}: {}", index.parse().unwrap_or(0) + 1, bare(text)),
        None => bare(text),
    };
    (member.to_owned(), text)
}

/// What surrounds a field.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::ui) struct Field<'a> {
    /// The name under which it is sent, and its id.
    pub(in crate::ui) name: &'a str,
    /// What it is called.
    pub(in crate::ui) label: &'a str,
    /// What helps to fill it in.
    pub(in crate::ui) hint: Option<&'a str>,
    /// What is wrong with what was typed.
    pub(in crate::ui) problem: Option<&'a str>,
    /// True if it may be left empty.
    pub(in crate::ui) optional: bool,
    /// True if it need not say that: no field of the form has to be filled in.
    pub(in crate::ui) unmarked: bool,
}

impl Field<'_> {
    fn around(&self, control: &Markup) -> Markup {
        html! {
            div.field {
                label for=(self.name) { (self.label) (self.mark()) }
                (control)
                @if let Some(problem) = self.problem { p.field-problem id={ (self.name) "-problem" } { (problem) } }
                @if let Some(hint) = self.hint { p.hint id={ (self.name) "-hint" } { (hint) } }
            }
        }
    }

    fn mark(&self) -> Markup {
        html! { @if self.optional && !self.unmarked { span.muted { " (optional)" } } }
    }

    fn described(&self) -> Option<String> {
        let mut ids = Vec::new();
        ids.extend(self.problem.map(|_| format!("{}-problem", self.name)));
        ids.extend(self.hint.map(|_| format!("{}-hint", self.name)));
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    fn invalid(&self) -> Option<&'static str> {
        self.problem.map(|_| "true")
    }

    /// One line of text. `kind` is that of the input; `complete` is what browsers may fill in.
    pub(in crate::ui) fn text(self, kind: &str, value: &str, complete: &str) -> Markup {
        self.around(&html! {
            input id=(self.name) name=(self.name) type=(kind) value=(value) autocomplete=(complete) spellcheck="false"
                required[!self.optional] aria-invalid=[self.invalid()] aria-describedby=[self.described()];
        })
    }

    /// Several lines of text.
    pub(in crate::ui) fn lines(self, value: &str) -> Markup {
        self.around(&html! {
            textarea id=(self.name) name=(self.name) rows="3" required[!self.optional] aria-invalid=[self.invalid()]
                aria-describedby=[self.described()] { (value) }
        })
    }

    /// One of a few; each has a value and a label.
    pub(in crate::ui) fn choice(self, options: &[(&str, &str)], chosen: &str) -> Markup {
        self.around(&html! {
            select id=(self.name) name=(self.name) aria-invalid=[self.invalid()] aria-describedby=[self.described()] {
                @for (value, label) in options { option value=(value) selected[*value == chosen] { (label) } }
            }
        })
    }

    /// One of a few that need an explanation; each has a value, a label and what it means.
    pub(in crate::ui) fn radios(self, options: &[(&str, &str, &str)], chosen: &str) -> Markup {
        html! {
            fieldset.choices aria-describedby=[self.described()] {
                legend { (self.label) }
                @for (value, label, meaning) in options { (radio(self.name, value, label, meaning, *value == chosen)) }
                @if let Some(problem) = self.problem { p.field-problem id={ (self.name) "-problem" } { (problem) } }
                @if let Some(hint) = self.hint { p.hint id={ (self.name) "-hint" } { (hint) } }
            }
        }
    }

    /// Any of some, sent as a list; each has a value, a label and what it means.
    pub(in crate::ui) fn checks(self, options: &[(&str, &str, &str)], chosen: &[String]) -> Markup {
        html! {
            fieldset.choices aria-describedby=[self.described()] {
                legend { (self.label) (self.mark()) }
                @if let Some(hint) = self.hint { p.hint id={ (self.name) "-hint" } { (hint) } }
                @if let Some(problem) = self.problem { p.field-problem id={ (self.name) "-problem" } { (problem) } }
                div.choice-list {
                    @for (value, label, meaning) in options {
                        @let id = format!("{}-{value}", self.name);
                        div.check {
                            input type="checkbox" id=(id) name=(self.name) value=(value) checked[chosen.iter().any(|it| it == value)]
                                aria-describedby=[(!meaning.is_empty()).then(|| format!("{id}-hint"))];
                            div { label for=(id) { (label) } @if !meaning.is_empty() { p.hint id={ (id) "-hint" } { (meaning) } } }
                        }
                    }
                }
            }
        }
    }

    /// One of several groups; each option has a value and a label.
    pub(in crate::ui) fn grouped(self, groups: &[(&str, Vec<(&str, String)>)], chosen: &str) -> Markup {
        self.around(&html! {
            select id=(self.name) name=(self.name) aria-invalid=[self.invalid()] aria-describedby=[self.described()] {
                @for (group, options) in groups {
                    optgroup label=(group) {
                        @for (value, label) in options { option value=(value) selected[*value == chosen] { (label) } }
                    }
                }
            }
        })
    }

    /// One of many, found by typing. Without scripts it is a plain field with suggestions.
    pub(in crate::ui) fn combo(self, options: &[&str], value: &str) -> Markup {
        let list = format!("{}-list", self.name);
        self.around(&html! {
            input id=(self.name) name=(self.name) list=(list) value=(value) autocomplete="off" required[!self.optional]
                aria-invalid=[self.invalid()] aria-describedby=[self.described()];
            datalist id=(list) { @for option in options { option value=(option) {} } }
        })
    }
}

/// A value that is not changed here, with the reason.
pub(in crate::ui) fn fixed(label: &str, value: &str, why: &str) -> Markup {
    html! {
        div.field {
            p.fixed-label { (label) }
            p.fixed { (super::icon::lock()) (value) }
            p.hint { (why) }
        }
    }
}

/// What a list is narrowed by.
pub(in crate::ui) struct Pick<'a> {
    /// The name under which it is sent.
    pub(in crate::ui) name: &'a str,
    /// What it is called by who does not see it.
    pub(in crate::ui) label: &'a str,
    /// What is chosen now.
    pub(in crate::ui) chosen: &'a str,
}

/// One of a few, in the row of filters; the script sends the form at once.
pub(in crate::ui) fn pick(it: &Pick<'_>, options: &[(&str, &str)]) -> Markup {
    html! {
        select.narrows id={ "pick-" (it.name) } name=(it.name) aria-label=(it.label) data-sends {
            @for (value, label) in options { option value=(value) selected[*value == it.chosen] { (label) } }
        }
    }
}

/// Yes or no, sent with the form.
pub(in crate::ui) fn check(name: &str, label: &str, hint: &str, on: bool) -> Markup {
    html! {
        div.check {
            input type="checkbox" id=(name) name=(name) value="true" checked[on] aria-describedby={ (name) "-hint" };
            div { label for=(name) { (label) } p.hint id={ (name) "-hint" } { (hint) } }
        }
    }
}

/// One of a few that need an explanation; for choices that have more between them than [`Field::radios`] draws.
pub(in crate::ui) fn radio(name: &str, value: &str, label: &str, hint: &str, on: bool) -> Markup {
    let id = format!("{name}-{value}");
    html! {
        div.check {
            input type="radio" id=(id) name=(name) value=(value) checked[on] aria-describedby={ (id) "-hint" };
            div { label for=(id) { (label) } p.hint id={ (id) "-hint" } { (hint) } }
        }
    }
}

/// What is wrong with the form as a whole.
pub(in crate::ui) fn problems(sentences: &[String]) -> Markup {
    html! {
        @if !sentences.is_empty() {
            div.notice.problem role="alert" {
                (super::icon::alert())
                div { @for sentence in sentences { p { (sentence) } } }
            }
        }
    }
}
