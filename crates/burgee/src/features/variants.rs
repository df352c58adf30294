//! Shares of variants: fixed ones keep what they were given, the others divide what is left.

use burgee_eval::document::Variant;

use crate::error::{Error, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// All weights together.
const WHOLE: i64 = 1000;
/// How many variants one list may have.
const LIMIT: usize = 100;

/// Checks a list and divides the whole among it, sorted by name. Fixed weights stay; what they leave is divided
/// evenly among the variable ones, the first ones taking one more where it does not come out even.
pub fn distribute(mut variants: Vec<Variant>) -> Result<Vec<Variant>> {
    if variants.is_empty() {
        return Ok(variants);
    }
    if variants.len() > LIMIT {
        return Err(Error::bad_data(format!("A list can have at most {LIMIT} variants.")));
    }
    let heavy = variants.iter().enumerate().find(|(_, variant)| !(0..=WHOLE).contains(&variant.weight));
    if let Some((index, variant)) = heavy {
        let bound = if variant.weight < 0 { ">= 0" } else { "<= 1000" };
        let weight = variant.weight;
        return Err(Error::invalid(vec![format!(
            "The `variants/{index}/weight` property must be {bound}. You sent {weight}."
        )]));
    }
    let fixed = |variant: &Variant| variant.weight_type.as_deref() == Some("fix");
    variants.sort_by(|a, b| a.name.cmp(&b.name));
    let taken: i64 = variants.iter().filter(|variant| fixed(variant)).map(|variant| variant.weight).sum();
    let shares = i64::try_from(variants.iter().filter(|variant| !fixed(variant)).count()).unwrap_or(WHOLE);
    if shares == 0 {
        return Err(Error::bad_data("There must be at least one \"variable\" variant"));
    }
    if taken > WHOLE || (taken == WHOLE && variants.iter().all(fixed)) {
        return Err(Error::bad_data("The traffic distribution total must equal 100%"));
    }
    let left = WHOLE - taken;
    for (index, variant) in variants.iter_mut().filter(|variant| !fixed(variant)).enumerate() {
        let extra = i64::from(i64::try_from(index).unwrap_or(WHOLE) < left % shares);
        variant.weight = left / shares + extra;
        variant.weight_type = Some("variable".to_owned());
    }
    burgee_eval::canonical::variants(variants).map_err(|refused| Error::invalid(vec![refused.to_string()]))
}

/// Replaces the variants that a flag itself has in an environment, from before strategies had their own.
pub async fn set(
    tx: &mut Change,
    (project, feature, environment): (&str, &str, &str),
    variants: Vec<Variant>,
) -> Result<Vec<Variant>> {
    let after = distribute(variants)?;
    let (before,): (String,) = tx
        .one(sql!(
            "SELECT variants FROM feature_environments WHERE feature = $1 AND environment = $2",
            feature,
            environment
        ))
        .await?;
    let before: Vec<Variant> = serde_json::from_str(&before)?;
    if before == after {
        return Ok(after);
    }
    tx.execute(sql!(
        "UPDATE feature_environments SET variants = $3 WHERE feature = $1 AND environment = $2",
        feature,
        environment,
        serde_json::to_string(&after)?
    ))
    .await?;
    let state = |variants: &[Variant]| serde_json::json!({ "variants": variants });
    let event = Event::updated(Fact::FeatureVariantsUpdated, &state(&before), &state(&after));
    tx.record(event.within(Some(project.to_owned()), Some(environment.to_owned())).on(feature));
    Ok(after)
}
