//! What is said to agents: it is told once, to whoever can hear it, and answers wait for nobody who is gone.

use crate::simulation::Live;
use coordinate_model::event::{AttemptEnding, Created, Observation};
use coordinate_model::ids::StepId;
use coordinate_model::input::{Answer, Input, Of};
use coordinate_model::obligation::Effect;
use coordinate_model::permission::{PermissionRequest, ToolKind};
use coordinate_model::run::Step;
use coordinate_model::said::Saying;
use coordinate_testkit::runs::created;
use coordinate_testkit::world::World;

const AGENT: &str = "implement/p1/agent";

fn hearing() -> Created {
    let mut created = created(&[&[]]).build();
    created.options.agent.hears = true;
    created
}

/// Carries a run on until there is an obligation of this effect.
fn until(live: &mut Live, effect: Effect) -> Of {
    for _ in 0..100 {
        if let Some(one) = live.obligations().into_iter().find(|one| one.key.effect == effect) {
            return Of { step: one.key.step.unwrap(), attempt: one.key.attempt, token: one.token };
        }
        let one = live.obligations().into_iter().next().unwrap();
        World::kind().carry(&live.run, &one).iter().for_each(|input| drop(live.send(input)));
    }
    panic!("no {effect:?}: {:?}", live.obligations());
}

fn steer(live: &mut Live, text: &str) -> Answer {
    live.send(&Input::Steer { step: None, text: text.to_owned(), by: "ann".to_owned() })
}

fn see(live: &mut Live, of: &Of, offset: u64, observation: Observation) {
    let input = Input::Observed { of: of.clone(), offset, observations: vec![observation] };
    assert_eq!(live.send(&input), Answer::Accepted);
}

fn agent(live: &Live) -> &Step {
    live.run.step(&StepId::new(AGENT)).unwrap()
}

/// What became of each message to the agent: the attempt that it was handed to, and whether that took it.
fn fate(live: &Live) -> Vec<(Option<u32>, bool)> {
    let reached = |message: &coordinate_model::said::Message| message.told.as_ref().map(|told| told.attempt);
    agent(live).said.iter().map(|message| (reached(message), message.heard)).collect()
}

fn is_telling(live: &Live) -> bool {
    live.obligations().iter().any(|one| one.key.effect == Effect::Tell)
}

#[test]
fn words_reach_an_agent_at_work_that_hears() {
    let mut live = Live::begin(hearing());
    let of = until(&mut live, Effect::Supervise);
    assert_eq!(steer(&mut live, "use tabs"), Answer::Accepted);
    assert_eq!((fate(&live), is_telling(&live)), (vec![(None, false)], true));
    steer(&mut live, "no, spaces");
    let told = |upto| Input::Told { of: of.clone(), upto };
    assert_eq!(live.send(&told(1)), Answer::Accepted);
    assert_eq!(live.send(&told(1)), Answer::AlreadyDone);
    assert_eq!((fate(&live), is_telling(&live)), (vec![(Some(1), false), (None, false)], true));
    live.send(&told(2));
    assert!(!is_telling(&live));
    see(&mut live, &of, 1, Observation::Heard { message: 1 });
    assert_eq!(fate(&live), [(Some(1), true), (Some(1), false)]);
}

#[test]
fn words_that_were_not_heard_are_in_the_next_prompt() {
    for hears in [true, false] {
        let mut created = hearing();
        created.options.agent.hears = hears;
        let mut live = Live::begin(created);
        let of = until(&mut live, Effect::Supervise);
        steer(&mut live, "use tabs");
        assert_eq!(is_telling(&live), hears);
        live.send(&Input::Ended { of, ending: AttemptEnding::Lost, snapshot: None, tail: Vec::new() });
        assert!(!is_telling(&live));
        let waiting = live.obligations().into_iter().find(|one| one.key.effect == Effect::Wake).unwrap();
        let coordinate_model::obligation::Detail::Until { due } = waiting.detail else { panic!("no time") };
        live.send(&Input::Due { step: StepId::new(AGENT), due });
        assert_eq!(until(&mut live, Effect::Launch).attempt, 2);
        assert_eq!(fate(&live), [(Some(2), true)]);
        until(&mut live, Effect::Supervise);
        assert!(!is_telling(&live));
        let words: Vec<_> = live.run.steering(agent(&live)).filter_map(|message| message.steering()).collect();
        assert_eq!(words, ["use tabs"]);
    }
}

#[test]
fn words_to_nobody_are_refused() {
    let mut live = Live::begin(hearing());
    let refused = |answer: Answer| matches!(answer, Answer::NotWaiting { .. });
    assert!(refused(steer(&mut live, " ")));
    let of = until(&mut live, Effect::Verify);
    let to = |step: &str| Input::Steer { step: Some(StepId::new(step)), text: "x".to_owned(), by: String::new() };
    assert!(refused(live.send(&to("implement/p9/agent"))));
    assert!(refused(live.send(&to("implement/p1/merge"))));
    assert_eq!(live.send(&to(AGENT)), Answer::Accepted);
    live.send(&Input::Verified { of, result: Ok(coordinate_model::input::Left::default()) });
    assert!(refused(live.send(&to(AGENT))));
}

fn asks(id: &str, path: &str) -> Observation {
    let (id, tool, path) = (id.to_owned(), "Write".to_owned(), Some(path.to_owned()));
    Observation::PermissionAsked {
        request: PermissionRequest { id, tool, kind: ToolKind::Edit, path, ..PermissionRequest::default() },
    }
}

#[test]
fn a_request_for_leave_is_answered_at_once_and_told() {
    let mut live = Live::begin(hearing());
    let of = until(&mut live, Effect::Supervise);
    see(&mut live, &of, 1, asks("7", "a.txt"));
    see(&mut live, &of, 2, asks("8", "/etc/passwd"));
    let allowed = |what: &Saying| match what {
        Saying::Permission { request, allowed, .. } => (request.clone(), *allowed),
        Saying::Steer { .. } => panic!("nobody steers"),
    };
    let answers: Vec<_> = agent(&live).said.iter().map(|message| allowed(&message.said.what)).collect();
    assert_eq!(answers, [("7".to_owned(), true), ("8".to_owned(), false)]);
    assert!(agent(&live).attempt().unwrap().asks.is_empty());
    assert!(is_telling(&live));
}

#[test]
fn an_answer_is_for_the_attempt_that_asked() {
    let mut live = Live::begin(hearing());
    let of = until(&mut live, Effect::Supervise);
    see(&mut live, &of, 1, asks("7", "a.txt"));
    live.send(&Input::Ended { of, ending: AttemptEnding::Stopped, snapshot: None, tail: Vec::new() });
    until(&mut live, Effect::Supervise);
    assert_eq!((fate(&live), is_telling(&live)), (vec![(None, false)], false));
}
