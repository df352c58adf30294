//! What changes in a document, as the delta API and streams tell it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::document::{Document, Feature, Meta, Segment};

/// What a client gets to bring its document up to date.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Delta {
    /// To be applied in this order.
    #[serde(default)]
    pub events: Vec<Event>,
}

/// One step. Its `event_id` is the revision of the document after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Event {
    /// Everything there is: whatever was there before goes.
    Hydration {
        /// The revision.
        event_id: u64,
        /// All flags.
        features: Vec<Feature>,
        /// All segments.
        #[serde(default)]
        segments: Vec<Segment>,
    },
    /// A flag is new, or different.
    FeatureUpdated {
        /// The revision.
        event_id: u64,
        /// The flag as it is now.
        feature: Feature,
    },
    /// A flag is gone.
    FeatureRemoved {
        /// The revision.
        event_id: u64,
        /// Its name.
        feature_name: String,
        /// The project that it left.
        project: String,
    },
    /// A segment is new, or different.
    SegmentUpdated {
        /// The revision.
        event_id: u64,
        /// The segment as it is now.
        segment: Segment,
    },
    /// A segment is gone.
    SegmentRemoved {
        /// The revision.
        event_id: u64,
        /// Its id.
        segment_id: i64,
    },
    /// From a newer server. Changes nothing.
    #[serde(other)]
    Unknown,
}

impl Document {
    /// Applies events in their order. Afterwards flags are sorted by name and segments by id, each once, and the
    /// revision is that of the last event.
    pub fn apply(&mut self, events: impl IntoIterator<Item = Event>) {
        let mut features = by_name(std::mem::take(&mut self.features));
        let mut segments = by_id(self.segments.take().unwrap_or_default());
        for event in events {
            let revision = match event {
                Event::Hydration { event_id, features: all, segments: used } => {
                    (features, segments) = (by_name(all), by_id(used));
                    event_id
                }
                Event::FeatureUpdated { event_id, feature } => {
                    features.insert(feature.name.clone(), feature);
                    event_id
                }
                Event::FeatureRemoved { event_id, feature_name, .. } => {
                    features.remove(&feature_name);
                    event_id
                }
                Event::SegmentUpdated { event_id, segment } => {
                    segments.insert(segment.id, segment);
                    event_id
                }
                Event::SegmentRemoved { event_id, segment_id } => {
                    segments.remove(&segment_id);
                    event_id
                }
                Event::Unknown => continue,
            };
            // The entity tag was that of the document before.
            let meta = self.meta.get_or_insert_default();
            *meta = Meta { revision_id: Some(revision), etag: None, ..std::mem::take(meta) };
        }
        self.features = features.into_values().collect();
        self.segments = Some(segments.into_values().collect());
    }
}

fn by_name(features: Vec<Feature>) -> BTreeMap<String, Feature> {
    features.into_iter().map(|feature| (feature.name.clone(), feature)).collect()
}

fn by_id(segments: Vec<Segment>) -> BTreeMap<i64, Segment> {
    segments.into_iter().map(|segment| (segment.id, segment)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delta(text: &str) -> Vec<Event> {
        serde_json::from_str::<Delta>(text).unwrap().events
    }

    fn names(document: &Document) -> Vec<&str> {
        document.features.iter().map(|feature| feature.name.as_str()).collect()
    }

    #[test]
    fn events_are_applied_in_order() {
        let mut document = Document::default();
        document.apply(delta(
            r#"{"events": [
                {"eventId": 1, "type": "feature-updated", "feature": {"name": "gone"}},
                {"eventId": 2, "type": "hydration", "features": [{"name": "b"}, {"name": "a"}, {"name": "c"}],
                 "segments": [{"id": 2}, {"id": 1, "name": "old"}]},
                {"eventId": 3, "type": "feature-updated", "feature": {"name": "a", "enabled": true}},
                {"eventId": 4, "type": "feature-removed", "featureName": "b", "project": "default"},
                {"eventId": 5, "type": "segment-updated", "segment": {"id": 1, "name": "new"}},
                {"eventId": 6, "type": "segment-removed", "segmentId": 2},
                {"eventId": 7, "type": "from-the-future", "more": [1]}]}"#,
        ));
        assert_eq!(names(&document), ["a", "c"]);
        assert!(document.features[0].enabled);
        let segments = document.segments.as_deref().unwrap();
        assert_eq!(segments, [Segment { id: 1, name: Some("new".into()), constraints: vec![] }]);
        assert_eq!(document.meta.unwrap().revision_id, Some(6));
    }

    #[test]
    fn what_is_not_there_is_removed_already() {
        let mut document = Document::default();
        document.apply(delta(
            r#"{"events": [
                {"eventId": 1, "type": "feature-removed", "featureName": "b", "project": "default"},
                {"eventId": 2, "type": "segment-removed", "segmentId": 2}]}"#,
        ));
        assert!(document.features.is_empty());
        assert_eq!(document.segments, Some(vec![]));
    }

    #[test]
    fn events_are_written_as_they_are_read() {
        let text = r#"{"events":[{"type":"feature-removed","eventId":4,"featureName":"b","project":"p"}]}"#;
        let delta: Delta = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&delta).unwrap(), text);
    }
}
