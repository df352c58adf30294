//! Documents as installations have them: 1.1 strategies and 1.2 constraints a flag, variants on 40 % of the flags, segments
//! on 20 %, parents on 6 %. The same size is always the same document.

use serde_json::{Map, Value, json};

/// Numbers that look like chance and are always the same.
struct Dice(u64);

impl Dice {
    /// A number below `sides`.
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn percent(&mut self, percent: u64) -> bool {
        self.roll(100) < percent
    }
}

const SEGMENTS: u64 = 20;

/// A document with so many flags.
pub fn document(flags: usize) -> Value {
    let mut dice = Dice(7);
    let features: Vec<Value> = (0..flags).map(|number| feature(&mut dice, number)).collect();
    let segments: Vec<Value> = (0..SEGMENTS)
        .map(|id| json!({"id": id, "name": format!("segment-{id}"), "constraints": [constraint(&mut dice)]}))
        .collect();
    json!({"version": 2, "features": features, "segments": segments})
}

fn feature(dice: &mut Dice, number: usize) -> Value {
    let name = format!("team-{}.feature-number-{number}", number % 17);
    let strategies = if dice.percent(10) { 2 } else { 1 };
    let strategies: Vec<Value> = (0..strategies).map(|_| strategy(dice, &name)).collect();
    // Parents come first and have no parents themselves.
    let dependencies: Vec<Value> = if number > 10 && dice.percent(6) {
        vec![json!({"feature": format!("team-{}.feature-number-{}", number % 10, number % 10)})]
    } else {
        Vec::new()
    };
    let variants = if dice.percent(40) { variants(dice) } else { Vec::new() };
    json!({
        "name": name, "type": "release", "project": format!("project-{}", number % 5),
        "enabled": dice.percent(85), "stale": false, "impressionData": dice.percent(10),
        "description": "What this flag is for, in one sentence",
        "strategies": strategies, "variants": variants, "dependencies": dependencies,
    })
}

fn strategy(dice: &mut Dice, group: &str) -> Value {
    // 1.09 a strategy: with 1.1 strategies, 1.2 a flag.
    let constraints: Vec<Value> = (0..[0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 3]
        [usize::try_from(dice.roll(11)).unwrap_or_default()])
        .map(|_| constraint(dice))
        .collect();
    let segments: Vec<u64> = if dice.percent(18) { vec![dice.roll(SEGMENTS)] } else { Vec::new() };
    let rollout = [100, 100, 50, 25, 10][usize::try_from(dice.roll(5)).unwrap_or_default()];
    json!({
        "name": "flexibleRollout",
        "parameters": {"groupId": group, "rollout": rollout.to_string(), "stickiness": "default"},
        "constraints": constraints, "segments": segments, "variants": [],
    })
}

fn constraint(dice: &mut Dice) -> Value {
    let list = |dice: &mut Dice, word: &str, most: u64| -> Vec<String> {
        (0..=dice.roll(most)).map(|_| format!("{word}-{}", dice.roll(50))).collect()
    };
    let inverted = dice.percent(10);
    match dice.roll(10) {
        0..=3 => {
            json!({"contextName": "userId", "operator": "IN", "values": list(dice, "user", 12), "inverted": !inverted})
        }
        4 | 5 => {
            json!({"contextName": "country", "operator": "IN", "values": list(dice, "country", 5), "inverted": inverted})
        }
        6 => {
            json!({"contextName": "email", "operator": "STR_ENDS_WITH", "values": ["@example.com", "@example.org"], "inverted": inverted})
        }
        7 => {
            json!({"contextName": "age", "operator": "NUM_GTE", "value": dice.roll(60).to_string(), "inverted": inverted})
        }
        8 => {
            json!({"contextName": "appVersion", "operator": "SEMVER_GT", "value": format!("{}.{}.0", dice.roll(5), dice.roll(9)), "inverted": inverted})
        }
        _ => {
            json!({"contextName": "currentTime", "operator": "DATE_AFTER", "value": "2025-01-01T00:00:00.000Z", "inverted": inverted})
        }
    }
}

fn variants(dice: &mut Dice) -> Vec<Value> {
    (0..2 + dice.roll(2))
        .map(|number| {
            json!({
                "name": format!("variant-{number}"), "weight": 333, "weightType": "variable", "stickiness": "default",
                "payload": {"type": "string", "value": format!("what the application gets, {number}")},
            })
        })
        .collect()
}

/// Contexts as SDKs send them.
pub fn contexts(count: u64) -> Vec<Map<String, Value>> {
    (0..count)
        .map(|number| {
            let context = json!({
                "userId": format!("user-{}", number % 50), "sessionId": format!("session-{number}"), "appName": "web",
                "environment": "production", "currentTime": "2026-01-01T00:00:00.000Z",
                "properties": {
                    "country": format!("country-{}", number % 50), "email": format!("user-{number}@example.com"),
                    "age": (number % 90).to_string(), "appVersion": format!("{}.4.1", number % 6), "tier": "gold",
                },
            });
            context.as_object().cloned().unwrap_or_default()
        })
        .collect()
}
