//! What holds for every request.

use coordinate_model::definition::Scope;
use coordinate_model::scope::{Given, decide, paths_in};
use coordinate_model::topic;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::collections::BTreeSet;

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(0x0005_c09e),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Words and marks of which requests are made, and things that are nearly requests.
const PIECES: &[&str] = &[
    "research ",
    "plan ",
    "implement ",
    "fix ",
    "the ",
    "a ",
    "bug ",
    "and ",
    "then ",
    ", ",
    ". ",
    "? ",
    ": ",
    "\n- ",
    "\n1. ",
    "2. ",
    "\"",
    "'",
    "`",
    "```",
    "do not ",
    "without ",
    "only ",
    "to ",
    "in order to ",
    "how ",
    "why ",
    "when ",
    "we need to ",
    "could you ",
    "it ",
    "specs/001_a/plans/001_b.md ",
    "/home/user/x ",
    "auth.js ",
    "/ ",
    "- ",
    "—",
    "(",
    ")",
    "> ",
    "compare ",
    "A, B and C ",
    "Überholspur ",
    "登录 ",
    "🚀 ",
    "ﬁ",
    "İ",
    "\u{301}",
    "\t",
    "multi-tenant ",
    "update ",
    "of ",
    "that ",
    "no code ",
    "fails ",
];

fn requests() -> impl Strategy<Value = String> {
    let made = prop::collection::vec(prop::sample::select(PIECES), 0..24).prop_map(|pieces| pieces.concat());
    prop_oneof![3 => made, 1 => any::<String>()]
}

fn is_name(name: &str) -> bool {
    let letters = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    let ends = name.starts_with('_') || name.ends_with('_') || name.contains("__");
    letters && !ends && (1..=50).contains(&name.len())
}

proptest! {
    #![proptest_config(config(1500))]

    #[test]
    fn names_and_slugs_are_names_and_always_the_same(request in requests()) {
        for name in [topic::name(&request), topic::slug(&request)] {
            prop_assert!(is_name(&name), "{name:?}");
        }
        prop_assert_eq!(topic::name(&request), topic::name(&request));
    }

    #[test]
    fn a_decision_is_whole_and_always_the_same(request in requests(), complexity in prop::option::of(0_u32..9)) {
        let given = Given { existing_plans: paths_in(&request), complexity, ..Given::default() };
        let decision = decide(&request, &given);
        prop_assert_eq!(&decision, &decide(&request, &given));
        prop_assert!(decision.reasons.len() >= 2, "{:?}", decision.reasons);
        prop_assert!((1..=8).contains(&decision.complexity));
        prop_assert!(!decision.topics.is_empty() && decision.topics.len() <= decision.complexity as usize);
        let slugs: BTreeSet<&str> = decision.topics.iter().map(|topic| topic.slug.as_str()).collect();
        prop_assert_eq!(slugs.len(), decision.topics.len());
        for topic in &decision.topics {
            prop_assert!(is_name(&topic.slug) && !topic.name.trim().is_empty(), "{topic:?}");
        }
    }

    #[test]
    fn a_flag_decides_whatever_is_said(request in requests(), flag in 0_usize..5) {
        let scope = Scope::ALL[flag];
        let given = Given { flag: Some(scope), environment: Some(Scope::DebugOnly), ..Given::default() };
        prop_assert_eq!(decide(&request, &given).scope, scope);
    }

    #[test]
    fn what_is_quoted_asks_for_nothing(quoted in "[a-z ]{1,40}") {
        let bare = decide("explain the message", &Given::default());
        let decision = decide(&format!("explain the message \"{quoted}\""), &Given::default());
        prop_assert_eq!(bare.scope, decision.scope);
    }
}
