//! Verifiers that judge a phase's tree by what the phase asks for.

use crate::simulation::Live;
use coordinate_model::event::{Event, Outcome, Work};
use coordinate_model::ids::Oid;
use coordinate_model::input::{Input, Left, Of};
use coordinate_model::judgement::{Finding, Judgement};
use coordinate_model::obligation::{Effect, Obligation};
use coordinate_model::run::StepState;
use coordinate_testkit::runs::created;
use coordinate_testkit::seeded::oid;
use coordinate_testkit::world::World;

/// Carries all out until nothing is left; verifiers say what `judge` says of the tree, agents leave what `leave` says.
fn carry(live: &mut Live, judge: impl Fn(&Oid) -> bool, leave: impl Fn(&str) -> Oid) {
    for _ in 0..200 {
        let Some(one) = live.obligations().into_iter().next() else { return };
        for input in answers(live, &one, &judge, &leave) {
            live.send(&input);
        }
    }
    panic!("no end");
}

fn answers(live: &Live, one: &Obligation, judge: &dyn Fn(&Oid) -> bool, leave: &dyn Fn(&str) -> Oid) -> Vec<Input> {
    let step = one.key.step.as_ref().and_then(|id| live.run.step(id)).filter(|_| one.key.effect == Effect::Verify);
    let Some(step) = step.filter(|step| step.phase.is_some()) else { return World::kind().carry(&live.run, one) };
    let of = Of { step: step.id.clone(), attempt: one.key.attempt, token: one.token };
    let result = match live.run.judged_work(step) {
        Some(work) => {
            let base = step.attempt().and_then(|attempt| attempt.base.as_ref());
            assert_eq!(base, Some(&work.commit), "a verifier sees the phase's commit");
            let passed = judge(&work.tree);
            let finding = Finding {
                requirement: "it greets".to_owned(),
                evidence: "it is silent".to_owned(),
                verdict: if passed { "met" } else { "unmet" }.to_owned(),
            };
            let judgement = Judgement {
                by: "blind-verifier".to_owned(),
                requirement: live.run.requirement(step).unwrap(),
                tree: work.tree.clone(),
                passed,
                findings: vec![finding],
            };
            Left { judgement: Some(Box::new(judgement)), ..Left::default() }
        }
        None => {
            let tree = leave(step.id.as_str());
            let (commit, base) = (oid(format!("commit {}", step.id)), oid("base"));
            Left { work: Some(Work { commit, tree, base, own_commits: false }), ..Left::default() }
        }
    };
    vec![Input::Verified { of, result: Ok(result) }]
}

/// Attempts of verifiers that a process was started for.
fn asked(live: &Live) -> Vec<&str> {
    let started = live.journal.iter().filter_map(|(_, event)| match event {
        Event::AttemptStarted { step, .. } => Some(step.as_str()),
        _ => None,
    });
    started.filter(|step| step.ends_with("judge")).collect()
}

/// Shows N9.
#[test]
fn what_a_verifier_misses_goes_to_repair_and_is_judged_anew() {
    let mut live = Live::begin(created(&[&[]]).blind_verifier().build());
    let repaired = oid("tree of implement/p1/repair#1/agent");
    carry(&mut live, |tree| *tree == repaired, |step| oid(format!("tree of {step}")));
    assert_eq!(live.run.outcome, Some(Outcome::Succeeded));
    assert_eq!(asked(&live), ["implement/p1/judge", "implement/p1/repair#1/judge"]);
    let (_, failure) = live.run.phases.values().next().unwrap().repair.as_ref().unwrap();
    assert_eq!(failure.message, "`blind-verifier` found that phase 1 lacks what it asks for: it greets");
    assert_eq!(failure.context, ["it greets: it is silent"]);
}

/// Shows N9.
#[test]
fn a_tree_is_never_judged_twice_and_the_rounds_have_an_end() {
    let mut live = Live::begin(created(&[&[]]).replan(None).blind_verifier().build());
    carry(&mut live, |_| false, |_| oid("the same tree again and again"));
    assert_eq!(live.run.outcome, Some(Outcome::Failed));
    assert_eq!(asked(&live), ["implement/p1/judge"]);
    let rounds = live.run.created.definition.policy.debug_rounds;
    assert_eq!(live.run.phases.values().next().unwrap().repairs, rounds);
    let judges = live.run.steps.iter().filter(|step| step.id.as_str().ends_with("judge"));
    assert!(judges.clone().all(|step| step.state == StepState::Failed));
    assert_eq!(judges.count(), rounds as usize + 1);
}
