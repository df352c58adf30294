//! How somebody likes their pages: dark or light, and how moments are told.

use axum::response::Response;
use serde::Deserialize;

use crate::gate::Open;
use crate::ui::Places;
use crate::ui::frame::{Frame, Theme, Times, is_own};
use crate::ui::guard::Form;

pub(in crate::ui) fn places(places: Places) -> Places {
    places.action("/theme", choose).action("/times", choose_times)
}

#[derive(Deserialize)]
struct Choice {
    theme: String,
    back: String,
}

async fn choose(_: Open, frame: Frame, Form(choice): Form<Choice>) -> Response {
    let back = if is_own(&choice.back) { choice.back.as_str() } else { "/" };
    let mut response = frame.go(back);
    frame.keep_theme(response.headers_mut(), Theme::named(&choice.theme));
    response
}

#[derive(Deserialize)]
struct Told {
    times: String,
    back: String,
}

async fn choose_times(_: Open, frame: Frame, Form(told): Form<Told>) -> Response {
    let back = if is_own(&told.back) { told.back.as_str() } else { "/" };
    let mut response = frame.go(back);
    frame.keep_times(response.headers_mut(), Times::named(&told.times));
    response
}
