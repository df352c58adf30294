//! Judges a condition while somebody types it, by the rules by which it is stored.

use axum::extract::State;
use maud::{Markup, html};

use crate::access::{Granted, SignedIn};
use crate::constraints;
use crate::ui::fault::Fault;
use crate::ui::guard::{Form, Number};
use crate::ui::part::conditions::{CHECK, Conditions};
use crate::ui::part::form::of_member;
use crate::ui::{Places, Ui};

pub(in crate::ui) fn places(places: Places) -> Places {
    places.action(CHECK, judge)
}

/// What is wrong with a row of the form that is sent; nothing, as long as it is not said yet.
async fn judge(
    _: Granted<SignedIn>,
    State(ui): State<Ui>,
    Number(id): Number,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Markup, Fault> {
    let number = usize::try_from(id).map_err(|_| Fault::nowhere())?;
    let (row, mut conditions) = (format!("c.{number}."), Conditions::default());
    for (name, value) in pairs {
        if let Some(member) = name.strip_prefix(&row) {
            conditions.take(number, member, value.replace("\r\n", "\n"))?;
        }
    }
    let Some(constraint) = conditions.said(number) else { return Ok(html! {}) };
    let mut tx = ui.db.read().await?;
    match constraints::check_one(&mut tx, constraint).await.map_err(Fault::from) {
        Ok(()) => Ok(html! {}),
        Err(fault) if fault.is_about_input() => Ok(html! {
            @for sentence in fault.sentences() { p.field-problem { (of_member(sentence.trim_start_matches('"')).1) } }
        }),
        Err(fault) => Err(fault),
    }
}
