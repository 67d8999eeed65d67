//! What clients ask leave for: answered by rules, by people and by the clock, once, and remembered for who asks again.

use crate::simulation::Live;
use coordinate_model::definition::Definition;
use coordinate_model::event::{AttemptEnding, Created, GateAnswer, Observation};
use coordinate_model::ids::StepId;
use coordinate_model::input::{Answer, Input, Of};
use coordinate_model::obligation::{Detail, Effect};
use coordinate_model::permission::{PermissionRequest, Policy, Question, Rule, TIMEOUT, ToolKind};
use coordinate_model::run::{Step, StepState};
use coordinate_model::said::Saying;
use coordinate_testkit::runs::created;
use coordinate_testkit::world::World;

const AGENT: &str = "implement/p1/agent";
const HOUR: i64 = 3_600_000;

fn rules(texts: &[&str]) -> Vec<Rule> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn asking() -> Created {
    let mut created = created(&[&[]]).build();
    created.options.agent.hears = true;
    let mut policy = Policy::default();
    policy.rules.ask = rules(&["Bash(git push)"]);
    policy.rules.deny = rules(&["Bash(git push --force:*)"]);
    created.options.permissions = Some(Box::new(policy));
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

fn ask(live: &mut Live, of: &Of, offset: u64, id: &str, command: &str) {
    let (id, tool, command) = (id.to_owned(), "Bash".to_owned(), Some(command.to_owned()));
    let request = PermissionRequest { id, tool, kind: ToolKind::Execute, command, ..PermissionRequest::default() };
    let observations = vec![Observation::PermissionAsked { request }];
    assert_eq!(live.send(&Input::Observed { of: of.clone(), offset, observations }), Answer::Accepted);
}

fn permit(live: &mut Live, attempt: u32, request: &str, answer: GateAnswer, always: Option<&str>) -> Answer {
    live.send(&Input::Permit {
        step: StepId::new(AGENT),
        attempt,
        request: request.to_owned(),
        answer,
        by: "ann".to_owned(),
        comment: "not today".to_owned(),
        always: always.map(|rule| rule.parse().unwrap()),
    })
}

fn agent(live: &Live) -> &Step {
    live.run.step(&StepId::new(AGENT)).unwrap()
}

fn questions(live: &Live) -> &[Question] {
    &agent(live).questions
}

/// The answers that the agent was given, with who gave them.
fn answers(live: &Live) -> Vec<(u32, String, bool, String)> {
    let said = agent(live).said.iter().filter_map(|message| match &message.said.what {
        Saying::Permission { request, allowed, .. } => {
            Some((message.attempt.unwrap(), request.clone(), *allowed, message.said.by.clone()))
        }
        Saying::Steer { .. } => None,
    });
    said.collect()
}

fn given(attempt: u32, id: &str, allowed: bool, by: &str) -> (u32, String, bool, String) {
    (attempt, id.to_owned(), allowed, by.to_owned())
}

fn end(live: &mut Live, of: Of) {
    live.send(&Input::Ended { of, ending: AttemptEnding::Lost, snapshot: None, tail: Vec::new() });
    let waiting = live.obligations().into_iter().find(|one| one.key.effect == Effect::Wake).unwrap();
    let Detail::Until { due } = waiting.detail else { panic!("no time") };
    live.reach(due);
    live.send(&Input::Due { step: StepId::new(AGENT), due });
}

/// Shows N7.
#[test]
fn what_is_to_be_asked_waits_for_a_person_and_the_rest_goes_on() {
    let mut live = Live::begin(asking());
    let of = until(&mut live, Effect::Supervise);
    ask(&mut live, &of, 1, "1", "git push origin");
    ask(&mut live, &of, 2, "2", "cargo test");
    ask(&mut live, &of, 3, "3", "git push --force origin");
    let denied = "the rule `Bash(git push --force:*)`";
    assert_eq!(answers(&live), [given(1, "2", true, "the rules"), given(1, "3", false, denied)]);
    assert_eq!((questions(&live).len(), questions(&live)[0].is_open()), (1, true));
    assert_eq!(live.run.asking().count(), 1);
    assert_eq!(permit(&mut live, 1, "1", GateAnswer::Approved, None), Answer::Accepted);
    assert_eq!(answers(&live).pop().unwrap(), given(1, "1", true, "ann"));
    assert_eq!((live.run.asking().count(), agent(&live).attempt().unwrap().asks.len()), (0, 0));
    assert_eq!(permit(&mut live, 1, "1", GateAnswer::Approved, None), Answer::AlreadyDone);
    let late = permit(&mut live, 1, "1", GateAnswer::Rejected, None);
    assert_eq!(late, Answer::NotWaiting { reason: "it was approved by ann already".to_owned() });
    assert!(matches!(permit(&mut live, 1, "9", GateAnswer::Approved, None), Answer::NotWaiting { .. }));
}

#[test]
fn a_no_with_words_steers() {
    let mut live = Live::begin(asking());
    let of = until(&mut live, Effect::Supervise);
    ask(&mut live, &of, 1, "1", "git push");
    permit(&mut live, 1, "1", GateAnswer::Rejected, None);
    let words: Vec<_> = live.run.steering(agent(&live)).filter_map(|message| message.steering()).collect();
    assert_eq!(words, ["ann refused `Bash: git push`: not today"]);
}

/// Shows P3.
#[test]
fn what_nobody_answers_in_time_is_closed() {
    let mut live = Live::begin(asking());
    let of = until(&mut live, Effect::Supervise);
    ask(&mut live, &of, 1, "1", "git push");
    let due = coordinate_model::decide::question_due(&live.run).unwrap();
    assert_eq!(live.send(&Input::QuestionsDue), Answer::AlreadyDone);
    live.pass(HOUR);
    assert_eq!(live.context().now, due);
    let late = permit(&mut live, 1, "1", GateAnswer::Approved, None);
    assert!(matches!(late, Answer::NotWaiting { .. }), "{late:?}");
    assert_eq!(live.send(&Input::QuestionsDue), Answer::Accepted);
    assert_eq!(answers(&live), [given(1, "1", false, TIMEOUT)]);
    assert_eq!(coordinate_model::decide::question_due(&live.run), None);
    let late = permit(&mut live, 1, "1", GateAnswer::Approved, None);
    assert_eq!(late, Answer::NotWaiting { reason: "it is closed: nobody answered in time".to_owned() });
}

/// Shows N7.
#[test]
fn an_answer_stands_for_the_next_try_that_asks_for_the_very_same_once() {
    let mut live = Live::begin(asking());
    let of = until(&mut live, Effect::Supervise);
    ask(&mut live, &of, 1, "1", "git push");
    end(&mut live, of);
    assert_eq!(live.run.asking().count(), 1, "it can still be answered");
    assert_eq!(permit(&mut live, 1, "1", GateAnswer::Approved, None), Answer::Accepted);
    let of = until(&mut live, Effect::Supervise);
    ask(&mut live, &of, 1, "a", "git push");
    ask(&mut live, &of, 2, "b", "git push");
    ask(&mut live, &of, 3, "c", "git push origin");
    assert_eq!(answers(&live), [given(1, "1", true, "ann"), given(2, "a", true, "ann")]);
    let open: Vec<_> = questions(&live).iter().filter(|one| one.is_open()).map(|one| one.request.id.as_str()).collect();
    assert_eq!(open, ["b", "c"]);
}

#[test]
fn an_unanswered_question_is_asked_anew_by_the_next_try() {
    let mut live = Live::begin(asking());
    let of = until(&mut live, Effect::Supervise);
    ask(&mut live, &of, 1, "1", "git push");
    end(&mut live, of);
    let of = until(&mut live, Effect::Supervise);
    ask(&mut live, &of, 1, "a", "git push");
    let open: Vec<_> = questions(&live).iter().map(|one| (one.attempt, one.request.id.as_str())).collect();
    assert_eq!(open, [(2, "a")]);
}

#[test]
fn a_client_that_waits_no_more_takes_its_question_back() {
    let mut live = Live::begin(asking());
    let of = until(&mut live, Effect::Supervise);
    ask(&mut live, &of, 1, "1", "git push");
    let observations = vec![Observation::PermissionSettled { request: "1".to_owned(), allowed: false }];
    live.send(&Input::Observed { of, offset: 2, observations });
    assert_eq!(live.run.asking().count(), 0);
    assert!(matches!(permit(&mut live, 1, "1", GateAnswer::Approved, None), Answer::NotWaiting { .. }));
}

#[test]
fn a_rule_that_is_added_answers_the_like_of_it() {
    let mut created = asking();
    let policy = created.options.permissions.as_mut().unwrap();
    policy.rules.ask.clear();
    policy.otherwise = coordinate_model::permission::Otherwise::Ask;
    let mut live = Live::begin(created);
    let of = until(&mut live, Effect::Supervise);
    ask(&mut live, &of, 1, "1", "cargo test");
    permit(&mut live, 1, "1", GateAnswer::Approved, Some("Bash(cargo test:*)"));
    ask(&mut live, &of, 2, "2", "cargo test -p x");
    ask(&mut live, &of, 3, "3", "cargo run");
    assert_eq!(answers(&live).pop().unwrap(), given(1, "2", true, "the rule `Bash(cargo test:*)`"));
    assert_eq!(live.run.asking().count(), 1);
}

#[test]
fn whoever_said_always_is_not_asked_again_and_what_denies_still_does() {
    let mut live = Live::begin(asking());
    let of = until(&mut live, Effect::Supervise);
    ask(&mut live, &of, 1, "1", "git push");
    permit(&mut live, 1, "1", GateAnswer::Approved, Some("Bash(git push)"));
    ask(&mut live, &of, 2, "2", "git push");
    assert_eq!(answers(&live).pop().unwrap(), given(1, "2", true, "the rule `Bash(git push)`"));
    permit(&mut live, 1, "1", GateAnswer::Approved, Some("Bash(git push --force)"));
    ask(&mut live, &of, 3, "3", "git push --force");
    assert!(!answers(&live).pop().unwrap().2);
}

#[test]
fn the_rules_of_a_role_count_beside_those_of_the_run() {
    let mut created = asking();
    let name = "implementation-executor".to_owned();
    let mut role = created.role(&name).into_owned();
    role.rules.deny = rules(&["Bash(cargo publish)"]);
    created.roles.insert(name.clone(), role);
    let mut live = Live::begin(created);
    let of = until(&mut live, Effect::Supervise);
    assert_eq!(live.run.role(agent(&live)), name);
    ask(&mut live, &of, 1, "1", "cargo publish");
    assert_eq!(answers(&live), [given(1, "1", false, "the rule `Bash(cargo publish)`")]);
}

const GATED: &str = r#"
format = 1
name = "gated"
description = "asks before it goes on"
initial = "initialize"
complete = "complete"

[scope.full-implementation]
first = "implement"
last = "implement"

[state.initialize]
to = ["implement"]

[state.implement]
to = ["complete"]
on_success = "complete"
needs = ["repository"]

[[state.implement.step]]
id = "short"
kind = "gate"
question = "now?"
timeout_minutes = 30

[[state.implement.step]]
id = "long"
kind = "gate"
question = "ever?"

[state.complete]
to = []
"#;

/// Shows P3.
#[test]
fn a_gate_is_closed_after_its_own_time_or_that_of_the_run() {
    let definition = Definition::parse("gated.toml", GATED).unwrap();
    let mut created = created(&[&[]]).definition(definition).build();
    created.options.gate_ms = Some(3_600_000);
    let mut live = Live::begin(created);
    until(&mut live, Effect::Ask);
    let state = |live: &Live, gate: &str| live.run.step(&StepId::new(gate)).unwrap().state;
    let (short, long) = ("implement/short", "implement/long");
    live.pass(HOUR / 2);
    let answer = |step: &str| Input::Answer {
        step: StepId::new(step),
        answer: GateAnswer::Approved,
        by: "ann".to_owned(),
        comment: String::new(),
    };
    assert!(matches!(live.send(&answer(short)), Answer::NotWaiting { .. }), "late");
    assert_eq!(live.send(&Input::QuestionsDue), Answer::Accepted);
    assert_eq!((state(&live, short), state(&live, long)), (StepState::Failed, StepState::Waiting));
    assert_eq!(live.run.answers[&StepId::new(short)].by, TIMEOUT);
    // Whoever drives it next closes what was left alone meanwhile.
    live.pass(HOUR);
    live.send(&Input::Drive { epoch: coordinate_model::ids::Token(2), pid: 2 });
    assert_eq!(state(&live, long), StepState::Failed);
}
