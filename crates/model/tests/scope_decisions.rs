//! Reasons, complexity and topics of single requests.

use coordinate_model::definition::Scope;
use coordinate_model::scope::{DecidedBy, Given, Refusal, ScopeDecision, decide, judge, paths_in};

fn decided(request: &str) -> ScopeDecision {
    decide(request, &Given { existing_plans: paths_in(request), ..Given::default() })
}

#[track_caller]
fn check_reason(request: &str, expected: &str) {
    assert_eq!(decided(request).reasons.first().map(String::as_str), Some(expected));
}

#[test]
fn the_first_reason_is_the_clause_that_decided() {
    check_reason(
        "research auth, then write a migration plan for it",
        "“write a migration plan for it” asks for a plan",
    );
    check_reason("improve it", "nothing in the request says what is to be there at the end; it is the default");
    check_reason("Add login. No code yet please.", "“No code” rules code out, which leaves a plan");
    check_reason("add dark mode, plan only", "“plan only” limits it to a plan");
    check_reason("revise docs/auth.md to use sessions", "“revise docs/auth.md” asks to change the plan");
    let override_by = decided("add login").reasons.last().cloned();
    let expected = "to choose another: `--scope research-only|research-and-plan|research-and-revise|debug-only`";
    assert_eq!(override_by.as_deref(), Some(expected));
}

#[test]
fn what_was_told_wins_over_the_words_in_order() {
    let told = |flag, environment| {
        let given = Given { flag, environment, default_scope: Some(Scope::DebugOnly), ..Given::default() };
        let decision = decide("implement x", &given);
        (decision.scope, decision.decided_by, decision.overridden)
    };
    let (plan, only) = (Scope::ResearchAndPlan, Scope::ResearchOnly);
    let request = Some(Scope::FullImplementation);
    assert_eq!(told(Some(plan), Some(only)), (plan, DecidedBy::Flag, request));
    assert_eq!(told(None, Some(only)), (only, DecidedBy::Environment, request));
    assert_eq!(told(None, None), (Scope::FullImplementation, DecidedBy::Deliverable, None));
    let default = Given { default_scope: Some(only), ..Given::default() };
    let decision = decide("the dashboard", &default);
    assert_eq!((decision.scope, decision.decided_by), (only, DecidedBy::Default));
    assert!(decision.reasons[0].ends_with("`default_scope` is set to it"), "{:?}", decision.reasons);
}

#[test]
fn a_classifier_stands_between_an_existing_plan_and_the_words() {
    let answer = r#"{"scope":"debug-only","confidence":0.8,"topics":[{"name":"Locks"},{"name":"Queues"}]}"#;
    let decide = |request: &str, given: Given| {
        let decision = decide(request, &Given { classifier: Some(judge(answer, 0.7, &[])), ..given });
        let topics: Vec<String> = decision.topics.into_iter().map(|topic| topic.name).collect();
        (decision.scope.name(), decision.decided_by, decision.overridden.map(Scope::name), topics.join(" "))
    };
    let text = |text: &str| text.to_owned();
    let (only, request) = (Some(Scope::ResearchOnly), "implement docs/a/plan.md");
    let plans = Given { existing_plans: paths_in(request), ..Given::default() };
    let rules = Some("full-implementation");
    assert_eq!(
        decide("implement x", Given { flag: only, ..Given::default() }),
        ("research-only", DecidedBy::Flag, rules, text("x"))
    );
    assert_eq!(
        decide("implement x", Given { environment: only, ..Given::default() }),
        ("research-only", DecidedBy::Environment, rules, text("x"))
    );
    assert_eq!(decide(request, plans).1, DecidedBy::ExistingPlan);
    assert_eq!(
        decide("implement x", Given::default()),
        ("debug-only", DecidedBy::Classifier, rules, text("Locks Queues"))
    );
    let chosen = Given { topics: Some(vec![text("Mine")]), default_scope: only, ..Given::default() };
    assert_eq!(decide("x", chosen), ("debug-only", DecidedBy::Classifier, Some("research-only"), text("Mine")));
    let fewer = Given { complexity: Some(1), ..Given::default() };
    assert_eq!(decide("fix x", fewer), ("debug-only", DecidedBy::Classifier, None, text("Locks")));
}

#[test]
fn a_plan_that_the_classifier_wants_revised_is_the_one_that_is_named() {
    let request = "docs/a/plan.md is somehow not what we meant";
    let plans = paths_in(request);
    let answer = judge(r#"{"scope":"research-and-revise","confidence":1}"#, 0.7, &plans);
    let decision = decide(request, &Given { existing_plans: plans, classifier: Some(answer), ..Given::default() });
    assert_eq!((decision.scope, decision.decided_by), (Scope::ResearchAndRevise, DecidedBy::Classifier));
    assert_eq!(decision.plan_path.as_deref(), Some("docs/a/plan.md"));
}

#[test]
fn where_the_classifier_does_not_count_the_decision_is_that_of_the_rules_and_says_so() {
    let rules = decide("implement x", &Given::default());
    let refused = Given { classifier: Some(Err(Refusal::Slow { seconds: 10 })), ..Given::default() };
    let mut decision = decide("implement x", &refused);
    assert_eq!(decision.reasons.remove(1), "the classifier did not decide: it took longer than 10 s; the rules did");
    assert_eq!(decision, rules);
}

#[test]
fn a_plan_that_is_named_is_given_back() {
    assert_eq!(decided("implement docs/a/plan.md").plan_path.as_deref(), Some("docs/a/plan.md"));
    assert_eq!(decided("review `docs/a/plan.md`").plan_path.as_deref(), Some("docs/a/plan.md"));
    assert_eq!(decide("implement docs/a/plan.md", &Given::default()).plan_path, None);
}

#[test]
fn a_fix_is_told_from_a_cause() {
    assert!(decided("fix the crash in the parser").fix);
    assert!(!decided("debug the crash in the parser").fix);
    assert!(!decided("why does the parser crash?").fix);
    assert!(decided("why does the parser crash? Fix it.").fix);
    assert!(!decided("fix the crash, but do not change any code yet").fix);
}

#[track_caller]
fn check_topics(request: &str, complexity: u32, topics: &[&str]) {
    let decision = decided(request);
    let names: Vec<&str> = decision.topics.iter().map(|topic| topic.name.as_str()).collect();
    assert_eq!((decision.complexity, names.as_slice()), (complexity, topics), "{request}");
}

/// Shows S2.
#[test]
fn complexity_counts_lists_and_kinds_of_verbs() {
    check_topics("authentication", 1, &["authentication"]);
    check_topics("fix the token refresh bug", 1, &["token refresh bug"]);
    check_topics("implement OAuth2 authentication for the API", 2, &["OAuth2 authentication", "API"]);
    check_topics("research authentication patterns", 2, &["authentication patterns"]);
    check_topics("compare Redis, Memcached and Hazelcast", 3, &["Redis", "Memcached", "Hazelcast"]);
    check_topics("research caching and plan the switch to Redis", 3, &["caching", "Redis"]);
    check_topics("refactor the session store", 3, &["session store"]);
    check_topics("describe the microservices", 4, &["microservices"]);
    check_topics("add multi-tenant billing to the portal", 4, &["multi-tenant billing", "portal"]);
    check_topics("research locking, plan it and implement it", 4, &["locking"]);
}

#[test]
fn the_user_sets_the_number_and_the_topics() {
    let request = "compare A1, B1, C1, D1, E1 and F1";
    let six = decide(request, &Given { complexity: Some(6), ..Given::default() });
    assert_eq!((six.complexity, six.topics.len()), (6, 6));
    let topics = Some(vec!["Locks".to_owned(), "locks".to_owned()]);
    let chosen = decide(request, &Given { topics, complexity: Some(6), ..Given::default() });
    let slugs: Vec<&str> = chosen.topics.iter().map(|topic| topic.slug.as_str()).collect();
    assert_eq!((chosen.complexity, slugs.as_slice()), (2, ["locks", "locks_2"].as_slice()));
}
