use jiff::Timestamp;

use super::*;

fn state(json: &str) -> State {
    State::compile(&serde_json::from_str(json).unwrap())
}

fn context() -> Context {
    Context::new(Timestamp::UNIX_EPOCH, 3)
}

fn enabled(state: &State, name: &str) -> bool {
    state.is_enabled(name, &context()).unwrap()
}

#[test]
fn flags_are_found_by_name() {
    let features: Vec<_> =
        (0..1000).map(|i| format!(r#"{{"name":"flag.{i}","enabled":{}}}"#, i % 2 == 0)).collect();
    let state = state(&format!(r#"{{"features":[{}]}}"#, features.join(",")));
    assert_eq!(state.len(), 1000);
    for i in 0..1000 {
        assert_eq!(state.is_enabled(&format!("flag.{i}"), &context()), Some(i % 2 == 0));
    }
    for missing in ["", "flag.", "flag.1000", "FLAG.1"] {
        assert_eq!(state.is_enabled(missing, &context()), None);
        assert!(state.variant(missing, &context()).is_none());
        assert!(state.evaluate(missing, &context()).is_none());
        assert!(state.explain(missing, &context()).is_none());
    }
}

#[test]
fn an_empty_document_has_no_flags() {
    let state = State::compile(&Document::default());
    assert!(state.is_empty());
    assert_eq!(state.is_enabled("f", &context()), None);
    assert_eq!(state.evaluate_all(&context()).len(), 0);
}

#[test]
fn of_flags_and_segments_that_occur_twice_the_last_one_counts() {
    let state = state(
        r#"{"features":[
            {"name":"a","enabled":false},
            {"name":"b","enabled":true,"strategies":[{"name":"default","segments":[1]}]},
            {"name":"a","enabled":true}
        ],"segments":[
            {"id":1,"constraints":[{"contextName":"x","operator":"IN","values":["y"]}]},
            {"id":1,"constraints":[]}
        ]}"#,
    );
    assert!(enabled(&state, "a"));
    assert!(enabled(&state, "b"));
    let context = context();
    let order: Vec<_> = state.evaluate_all(&context).map(|evaluation| evaluation.name).collect();
    assert_eq!(order, ["a", "b"]);
}

#[test]
fn a_mistake_takes_down_its_strategy_only() {
    let state = state(
        r#"{"features":[
            {"name":"operator","enabled":true,"strategies":[
                {"name":"default","constraints":[{"contextName":"x","operator":"FUTURE","inverted":true}]}]},
            {"name":"segment","enabled":true,"strategies":[{"name":"default","segments":[404]}]},
            {"name":"name","enabled":true,"strategies":[{"name":"custom"}]},
            {"name":"all","enabled":true,"strategies":[
                {"name":"default","constraints":[{"contextName":"x","operator":"FUTURE","inverted":true}]},
                {"name":"default","segments":[404]},
                {"name":"custom"},
                {"name":"default"}]}
        ]}"#,
    );
    assert!(["operator", "segment", "name"].iter().all(|name| !enabled(&state, name)));
    assert!(enabled(&state, "all"));
}

#[test]
fn disabled_strategies_never_match() {
    let state = state(
        r#"{"features":[
            {"name":"only","enabled":true,"strategies":[{"name":"default","disabled":true}]},
            {"name":"other","enabled":true,"strategies":[{"name":"default","disabled":true},{"name":"default"}]},
            {"name":"none","enabled":true,"strategies":[]}
        ]}"#,
    );
    assert!(!enabled(&state, "only"));
    assert!(enabled(&state, "other"));
    assert!(enabled(&state, "none"));
}

#[test]
fn the_matching_strategy_decides_about_the_variant() {
    let state = state(
        r#"{"features":[{"name":"f","enabled":true,"impressionData":true,"project":"p","strategies":[
                {"name":"userWithId","parameters":{"userIds":"1"},"variants":[
                    {"name":"own","weight":1,"payload":{"type":"json","value":"{}"}}]},
                {"name":"userWithId","parameters":{"userIds":"2"},"variants":[{"name":"none","weight":0}]},
                {"name":"userWithId","parameters":{"userIds":"3"}}],
            "variants":[{"name":"shared","weight":1}]}]}"#,
    );
    let evaluate = |user: &str| state.evaluate("f", &context().with("userId", user)).unwrap();
    let own = evaluate("1");
    assert!(own.enabled && own.impression_data);
    assert_eq!(own.project, "p");
    assert_eq!(own.variant.name, "own");
    assert_eq!(own.variant.payload.map(|payload| payload.kind.as_str()), Some("json"));
    assert_eq!(evaluate("2").variant.name, "shared");
    assert_eq!(evaluate("3").variant.name, "shared");
    assert_eq!(evaluate("4").variant, Variant::disabled(false));
}

#[test]
fn variants_without_weight_are_none() {
    let state = state(
        r#"{"features":[{"name":"f","enabled":true,"variants":[
            {"name":"a","weight":0,"overrides":[{"contextName":"userId","values":["1"]}]}]}]}"#,
    );
    let evaluation = state.evaluate("f", &context().with("userId", "1")).unwrap();
    assert_eq!(evaluation.variant, Variant::disabled(true));
    assert_eq!(evaluation.project, "default");
}

#[test]
fn dependencies() {
    let state = state(
        r#"{"features":[
            {"name":"on","enabled":true,"variants":[{"name":"blue","weight":1}]},
            {"name":"bare","enabled":true},
            {"name":"off","enabled":false,"variants":[{"name":"blue","weight":1}]},
            {"name":"itself","enabled":true,"dependencies":[{"feature":"itself"}]},
            {"name":"grandchild","enabled":true,"dependencies":[{"feature":"needs-on"}]},
            {"name":"needs-on","enabled":true,"dependencies":[{"feature":"on"}]},
            {"name":"needs-off","enabled":true,"dependencies":[{"feature":"off","enabled":false,"variants":["x"]}]},
            {"name":"needs-both","enabled":true,"dependencies":[{"feature":"on"},{"feature":"off"}]},
            {"name":"needs-blue","enabled":true,"dependencies":[{"feature":"on","variants":["red","blue"]}]},
            {"name":"needs-red","enabled":true,"dependencies":[{"feature":"on","variants":["red"]}]},
            {"name":"needs-red-of-bare","enabled":true,"dependencies":[{"feature":"bare","variants":["red"]}]},
            {"name":"needs-none-of-bare","enabled":true,"dependencies":[{"feature":"bare","variants":["disabled"]}]},
            {"name":"needs-none-of-off","enabled":true,"dependencies":[{"feature":"off","variants":["disabled"]}]},
            {"name":"needs-missing","enabled":true,"dependencies":[{"feature":"nowhere"}]},
            {"name":"needs-no-missing","enabled":true,"dependencies":[{"feature":"nowhere","enabled":false}]},
            {"name":"circle.a","enabled":true,"dependencies":[{"feature":"circle.b"}]},
            {"name":"circle.b","enabled":true,"dependencies":[{"feature":"circle.a"}]}
        ]}"#,
    );
    let on: Vec<_> =
        state.flags.iter().map(|flag| &*flag.name).filter(|name| enabled(&state, name)).collect();
    assert_eq!(on, ["on", "bare", "needs-on", "needs-off", "needs-blue", "needs-none-of-bare"]);
}

#[test]
fn one_draw_per_context_holds_everywhere() {
    let state = state(
        r#"{"features":[
            {"name":"parent","enabled":true,
             "strategies":[{"name":"gradualRolloutRandom","parameters":{"percentage":"50"}}],
             "variants":[{"name":"a","weight":1,"stickiness":"random"},{"name":"b","weight":1}]},
            {"name":"child","enabled":true,"dependencies":[{"feature":"parent","variants":["a"]}]},
            {"name":"twice","enabled":true,"strategies":[
                {"name":"gradualRolloutRandom","parameters":{"percentage":"50"}},
                {"name":"gradualRolloutRandom","parameters":{"percentage":"50"}}]}
        ]}"#,
    );
    let mut counts = [0; 3];
    for random in 0..4000 {
        let context = Context::new(Timestamp::UNIX_EPOCH, random);
        let parent = state.evaluate("parent", &context).unwrap();
        let child = state.is_enabled("child", &context).unwrap();
        assert_eq!(child, parent.enabled && parent.variant.name == "a");
        counts[0] += u32::from(parent.enabled);
        counts[1] += u32::from(child);
        counts[2] += u32::from(state.is_enabled("twice", &context).unwrap());
    }
    assert!((1850..2150).contains(&counts[0]), "{counts:?}");
    assert!((850..1150).contains(&counts[1]), "{counts:?}");
    assert!((2850..3150).contains(&counts[2]), "{counts:?}");
}

#[test]
fn states_are_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<State>();
}

#[test]
fn an_answer_knows_what_it_rests_on() {
    let strategy = |name: &str, rest: &str| format!(r#"{{"name":"{name}"{rest}}}"#);
    let everybody = strategy("default", "");
    let rollout = |percent: u8, by: &str| {
        let parameters = format!(r#","parameters":{{"rollout":"{percent}","stickiness":"{by}"}}"#);
        strategy("flexibleRollout", &parameters)
    };
    let users = |ids: &str| strategy("userWithId", &format!(r#","parameters":{{"userIds":"{ids}"}}"#));
    let user = r#"{"contextName":"userId","operator":"IN","values":["7"]}"#;
    let constrained = strategy("default", &format!(r#","constraints":[{user}]"#));
    let variants = |weights: &[u32]| {
        let one = |(number, weight): (usize, &u32)| format!(r#"{{"name":"v{number}","weight":{weight}}}"#);
        let list: Vec<String> = weights.iter().enumerate().map(one).collect();
        strategy("default", &format!(r#","variants":[{}]"#, list.join(",")))
    };
    for (strategies, expected) in [
        (String::new(), Ground::Everybody),
        (everybody.clone(), Ground::Everybody),
        (rollout(100, "default"), Ground::Everybody),
        (rollout(100, "userId"), Ground::Match),
        (rollout(99, "default"), Ground::Share),
        (rollout(0, "default"), Ground::NoMatch),
        (users("7"), Ground::Match),
        (users("8"), Ground::NoMatch),
        (format!("{},{everybody}", users("8")), Ground::Match),
        (format!("{everybody},{}", users("8")), Ground::Everybody),
        (constrained, Ground::Match),
        (variants(&[1]), Ground::Everybody),
        (variants(&[0, 1, 0]), Ground::Everybody),
        (variants(&[1, 1]), Ground::Share),
    ] {
        let state = state(&format!(
            r#"{{"features":[
                {{"name":"on","enabled":true,"strategies":[{strategies}]}},
                {{"name":"off","enabled":false,"strategies":[{strategies}]}}]}}"#
        ));
        let context = context().with("userId", "7").with("tenant", "t");
        let ground = |name: &str| state.evaluate(name, &context).unwrap().ground;
        assert_eq!(ground("on"), expected, "{strategies}");
        assert_eq!(ground("off"), Ground::Switch);
    }
    let state = state(
        r#"{"features":[{"name":"child","enabled":true,"dependencies":[{"feature":"parent"}]},
            {"name":"orphan","enabled":true,"dependencies":[{"feature":"nobody"}]},{"name":"parent","enabled":true}]}"#,
    );
    assert_eq!(state.evaluate("child", &context()).unwrap().ground, Ground::Match);
    assert_eq!(state.evaluate("orphan", &context()).unwrap().ground, Ground::NoMatch);
}
