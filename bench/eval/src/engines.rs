//! The two engines, asked the same questions.

use burgee_eval::{Document, State, Variant};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use unleash_types::client_features::ClientFeatures;
use unleash_yggdrasil::{EngineState, ExtendedVariantDef, ResolvedToggle, UpdateMessage};

/// An engine.
pub trait Engine {
    /// What a document is before it is compiled.
    type Document: Clone + Default;
    /// Who asks.
    type Context;
    /// The document, read.
    fn read(document: &Value) -> anyhow::Result<Self::Document>;
    /// A context, read.
    fn context(json: &Map<String, Value>) -> anyhow::Result<Self::Context>;
    /// The document, compiled. It is taken by those who keep it.
    fn compile(document: &mut Self::Document) -> Self;
    /// Whether a flag is on.
    fn is_enabled(&self, name: &str, context: &Self::Context) -> bool;
    /// Whether a flag has a variant.
    fn has_variant(&self, name: &str, context: &Self::Context) -> bool;
    /// The answer of the Frontend API: all flags that are on.
    fn frontend(&self, context: &Self::Context, out: &mut Vec<u8>) -> anyhow::Result<()>;
}

/// A flag in the answer of the Frontend API.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Toggle<'a, V> {
    name: &'a str,
    enabled: bool,
    variant: V,
    impression_data: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    name: &'a str,
    enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'a burgee_eval::document::Payload>,
    feature_enabled: bool,
}

impl<'a> From<Variant<'a>> for Shown<'a> {
    fn from(variant: Variant<'a>) -> Self {
        let Variant { name, payload, enabled, feature_enabled } = variant;
        Self { name, enabled, payload, feature_enabled }
    }
}

fn write<'a, V: Serialize>(
    toggles: impl Iterator<Item = Toggle<'a, V>>,
    out: &mut Vec<u8>,
) -> anyhow::Result<()> {
    out.extend(b"{\"toggles\":[");
    for (number, toggle) in toggles.filter(|toggle| toggle.enabled).enumerate() {
        if number > 0 {
            out.push(b',');
        }
        serde_json::to_writer(&mut *out, &toggle)?;
    }
    out.extend(b"]}");
    Ok(())
}

impl Engine for State {
    type Document = Document;
    type Context = burgee_eval::Context;

    fn read(document: &Value) -> anyhow::Result<Document> {
        Ok(serde_json::from_value(document.clone())?)
    }

    fn context(json: &Map<String, Value>) -> anyhow::Result<Self::Context> {
        let mut context = burgee_eval::Context::new(Timestamp::UNIX_EPOCH, 1);
        context.read(json);
        Ok(context)
    }

    fn compile(document: &mut Document) -> Self {
        Self::compile(document)
    }

    fn is_enabled(&self, name: &str, context: &Self::Context) -> bool {
        self.is_enabled(name, context).unwrap_or_default()
    }

    fn has_variant(&self, name: &str, context: &Self::Context) -> bool {
        self.variant(name, context).is_some_and(|variant| variant.enabled)
    }

    fn frontend(&self, context: &Self::Context, out: &mut Vec<u8>) -> anyhow::Result<()> {
        let toggles = self.evaluate_all(context).map(|evaluation| Toggle {
            name: evaluation.name,
            enabled: evaluation.enabled,
            variant: Shown::from(evaluation.variant),
            impression_data: evaluation.impression_data,
        });
        write(toggles, out)
    }
}

impl Engine for EngineState {
    type Document = ClientFeatures;
    type Context = unleash_yggdrasil::Context;

    fn read(document: &Value) -> anyhow::Result<ClientFeatures> {
        Ok(serde_json::from_value(document.clone())?)
    }

    fn context(json: &Map<String, Value>) -> anyhow::Result<Self::Context> {
        Ok(serde_json::from_value(json.clone().into())?)
    }

    fn compile(document: &mut ClientFeatures) -> Self {
        let engine = Self::default();
        engine.take_state(UpdateMessage::FullResponse(std::mem::take(document)));
        engine
    }

    fn is_enabled(&self, name: &str, context: &Self::Context) -> bool {
        self.is_enabled(name, context, &None)
    }

    fn has_variant(&self, name: &str, context: &Self::Context) -> bool {
        self.get_variant(name, context, &None).enabled
    }

    fn frontend(&self, context: &Self::Context, out: &mut Vec<u8>) -> anyhow::Result<()> {
        let resolved = self.resolve_all(context, &None).unwrap_or_default();
        let toggles =
            resolved.iter().map(|(name, toggle): (&String, &ResolvedToggle)| Toggle::<&ExtendedVariantDef> {
                name,
                enabled: toggle.enabled,
                variant: &toggle.variant,
                impression_data: toggle.impression_data,
            });
        write(toggles, out)
    }
}
