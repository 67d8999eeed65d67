//! Nothing that is said, and nothing that is written, makes the core panic.

use crate::simulation::{Simulation, Written, fold};
use crate::worlds::{any_run, config, habits};
use coordinate_model::budget::{Bound, Budgets, Elsewhere, LimitName, Limits, Measure};
use coordinate_model::client::{Cause, ClientResult, Usage, UsageLimit};
use coordinate_model::decide;
use coordinate_model::definition::StateName;
use coordinate_model::event::{AttemptEnding, EntryFacts, Event, GateAnswer, Observation, RefMove, Verdict};
use coordinate_model::failure::{Failure, FailureClass, FailureKind};
use coordinate_model::ids::{PhaseNumber, StepId, Token};
use coordinate_model::input::{Answer, Input, Of, Performed};
use coordinate_model::judgement::Judgement;
use coordinate_model::merge::{Apart, Conflict, Joined, Link, Probe};
use coordinate_model::obligation::outstanding;
use coordinate_model::run::{Position, Run};
use coordinate_model::time::UtcMillis;
use coordinate_testkit::seeded::{Chance, oid};
use coordinate_testkit::world::World;
use proptest::prelude::*;

/// Somebody who knows the names of things and little else.
struct Babbler<'a> {
    chance: &'a mut Chance,
    run: &'a Run,
}

impl Babbler<'_> {
    fn step(&mut self) -> StepId {
        match self.chance.below(12) {
            0 => StepId::new(""),
            1 => StepId::new("implement/p99/agent"),
            _ => self.chance.pick(&self.run.steps).map_or_else(|| StepId::new("x"), |step| step.id.clone()),
        }
    }

    fn attempt(&mut self) -> u32 {
        *self.chance.pick(&[0, 1, 1, 1, 2, 3, u32::MAX]).unwrap()
    }

    /// Mostly the right token of the right attempt, so that the babble gets further than the door.
    fn of(&mut self) -> Of {
        let step = self.step();
        let known = self.run.step(&step).and_then(|step| step.attempt()).map(|known| (known.number, known.token));
        match known.filter(|_| self.chance.percent(80)) {
            Some((attempt, token)) => Of { step, attempt, token },
            None => Of { step, attempt: self.attempt(), token: Token(self.number()) },
        }
    }

    fn number(&mut self) -> u64 {
        *self.chance.pick(&[0, 1, 2, 3, 17, 1_000, u64::MAX - 1, u64::MAX]).unwrap()
    }

    fn time(&mut self) -> UtcMillis {
        UtcMillis(*self.chance.pick(&[i64::MIN, -1, 0, 1_000, 5_000, i64::MAX]).unwrap())
    }

    fn state(&mut self) -> StateName {
        let names =
            ["initialize", "research", "plan", "implement", "test", "debug", "document", "complete", "", "nowhere"];
        StateName((*self.chance.pick(&names).unwrap()).to_owned())
    }

    fn failure(&mut self) -> Failure {
        let classes = [FailureClass::Transient, FailureClass::Permanent, FailureClass::Quota, FailureClass::Fatal];
        let kinds = [FailureKind::TestFailure, FailureKind::Lost, FailureKind::System];
        let (class, kind) = (*self.chance.pick(&classes).unwrap(), *self.chance.pick(&kinds).unwrap());
        Failure::new(class, kind, "babble")
    }

    fn ending(&mut self) -> AttemptEnding {
        match self.chance.below(7) {
            0 | 1 => AttemptEnding::Exited { code: 0 },
            2 => AttemptEnding::Exited { code: i32::MIN },
            3 => AttemptEnding::Lost,
            4 => AttemptEnding::Stopped,
            5 => AttemptEnding::IdleLimit,
            _ => AttemptEnding::NotStarted { reason: String::new() },
        }
    }

    fn observations(&mut self) -> Vec<Observation> {
        let usage = Usage { input: u64::MAX, cached: self.number(), output: 1, micro_usd: Some(u64::MAX) };
        let result = |cause| Observation::Result { result: ClientResult { cause, message: String::new() } };
        match self.chance.below(7) {
            6 => {
                vec![Observation::Below { usage, attempts: u32::MAX }, Observation::Model { name: "gpt-5".to_owned() }]
            }
            0 => vec![Observation::Usage { usage, total: self.chance.percent(50) }],
            1 => vec![Observation::LimitReached { limit: UsageLimit::default() }, result(Some(Cause::Service))],
            2 => vec![Observation::Denied { tool: String::new() }, result(None)],
            3 => vec![result(Some(Cause::Other))],
            _ => vec![],
        }
    }

    fn budgets(&mut self) -> Budgets {
        let run = Limits { tokens: Some(self.number()), micro_usd: None, wall_ms: Some(self.number()), attempts: None };
        let day = Limits { micro_usd: Some(self.number()), ..Limits::default() };
        let role = Limits { attempts: Some(self.number()), ..Limits::default() };
        let roles = [("implementation-executor".to_owned(), role)].into();
        Budgets { run, day, roles, grace_ms: self.number(), warn_percent: self.attempt(), ..Budgets::default() }
    }

    fn limit(&mut self) -> LimitName {
        let measure = *self.chance.pick(&Measure::ALL).unwrap();
        let bound = if self.chance.percent(50) { Bound::Run } else { Bound::Role("x".to_owned()) };
        LimitName { bound, measure }
    }

    fn elsewhere(&mut self) -> Elsewhere {
        Elsewhere { day: self.time().day(), tokens: self.number(), micro_usd: self.number() }
    }

    fn movement(&mut self) -> RefMove {
        RefMove { old: oid(self.number()), new: oid(self.number()) }
    }

    fn verdict(&mut self) -> Verdict {
        let passed = self.chance.percent(50);
        Verdict {
            command: String::new(),
            tree: oid(self.number()),
            passed,
            duration_ms: self.number(),
            tail: vec![],
            failing: vec![],
            environment: None,
            before: None,
        }
    }

    fn probe(&mut self) -> Probe {
        let command = self.chance.percent(50).then(String::new);
        Probe { commit: oid(self.number()), tree: oid(self.number()), command }
    }

    fn conflict(&mut self) -> Conflict {
        let (ours, theirs, marked) = (oid(self.number()), oid(self.number()), oid(self.number()));
        Conflict { ours, theirs, paths: Vec::new(), marked }
    }

    fn link(&mut self) -> Link {
        let joined = match self.chance.percent(50) {
            true => Ok(self.probe()),
            false => Err(Box::new(Apart { failure: self.failure(), conflict: self.conflict() })),
        };
        Link { step: self.step(), joined }
    }

    fn joined(&mut self) -> Vec<Joined> {
        let one = |babbler: &mut Self| Joined {
            step: babbler.step(),
            attempt: babbler.attempt(),
            commit: oid(babbler.number()),
        };
        (0..self.chance.below(3)).map(|_| one(self)).collect()
    }

    fn performed(&mut self) -> Performed {
        match self.chance.below(5) {
            0 => Performed::Done { artifacts: vec![], warnings: vec![], verdicts: vec![self.verdict()] },
            1 => Performed::Failed { failure: self.failure(), verdicts: vec![] },
            2 if self.chance.percent(20) => Performed::Merged { movement: self.movement() },
            2 => {
                let links = (0..self.chance.below(4)).map(|_| self.link()).collect();
                let verdict = self.chance.percent(50).then(|| self.verdict());
                Performed::Chained { base: self.probe(), links, verdict }
            }
            3 if self.chance.percent(50) => {
                Performed::BaseMoved { commit: oid(self.number()), blocked: (String::new(), String::new()) }
            }
            3 => Performed::Deliverable { branch: "b".to_owned(), movement: self.movement() },
            _ => Performed::Undeliverable { reason: String::new(), command: String::new() },
        }
    }

    fn input(&mut self) -> Input {
        let by = "a babbler".to_owned();
        match self.chance.below(21) {
            0 => Input::Drive { epoch: Token(self.number()), pid: 0 },
            1 => Input::Entered { state: self.state(), result: Ok(EntryFacts::default()) },
            2 if self.chance.percent(10) => Input::Entered { state: self.state(), result: Err(self.failure()) },
            2 | 3 => Input::Started { of: self.of(), pid: 1, tree: String::new(), session: None },
            4 if self.chance.percent(30) => Input::NotStarted { of: self.of(), failure: self.failure() },
            4 | 5 => Input::Observed { of: self.of(), offset: self.number(), observations: self.observations() },
            6 | 7 => Input::Ended { of: self.of(), ending: self.ending(), snapshot: None, tail: vec![] },
            8 => Input::Verified { of: self.of(), result: Err(self.failure()) },
            9 | 10 => Input::Performed { of: self.of(), result: self.performed() },
            11 => Input::Moved { of: self.of() },
            12 if self.chance.percent(50) => {
                Input::BaseMoved { of: self.of(), commit: oid(3), blocked: (String::new(), String::new()) }
            }
            12 => Input::Delivered { of: self.of(), blocked: None },
            13 => Input::MoveFailed { of: self.of(), failure: self.failure() },
            14 if self.chance.percent(50) => {
                Input::Overlapping { one: self.of(), two: self.of(), paths: vec![String::new()] }
            }
            14 => Input::Due { step: self.step(), due: self.time() },
            15 => Input::Answer { step: self.step(), answer: GateAnswer::Approved, by, comment: String::new() },
            16 if self.chance.percent(2) => Input::Cancel { by, reason: String::new() },
            16 => Input::Pause { by },
            17 => Input::Budget { budgets: Box::new(self.budgets()), by },
            18 => Input::BudgetDue,
            19 => Input::SpentElsewhere { elsewhere: self.elsewhere() },
            _ => Input::Resume { by },
        }
    }

    fn event(&mut self) -> Event {
        let (step, attempt, state) = (self.step(), self.attempt(), self.state());
        match self.chance.below(28) {
            0 => Event::DriverTook { epoch: Token(self.number()), pid: 0 },
            1 => Event::TransitionIntended { from: self.run.state.clone(), to: state },
            2 => Event::TransitionCompleted { from: self.run.state.clone(), to: state, facts: EntryFacts::default() },
            3 | 4 => Event::AttemptLeased {
                step,
                attempt,
                token: Token(self.number()),
                base: None,
                agent: None,
                session: None,
                reserved: None,
                rides: self.chance.percent(30).then(|| self.step()),
            },
            5 | 6 => Event::AttemptStarted { step, attempt, pid: 1, tree: String::new(), session: None },
            7 => Event::AgentObserved { step, attempt, offset: self.number(), observations: self.observations() },
            8 => Event::StopRequested { step, attempt },
            9 => Event::AttemptEnded { step, attempt, ending: self.ending(), snapshot: None, limit: None },
            10 if self.chance.percent(30) => {
                Event::OverlapSeen { earlier: step, later: self.step(), paths: vec![], pauses: self.chance.percent(50) }
            }
            11 if self.chance.percent(30) => {
                let judgement = Judgement {
                    by: String::new(),
                    requirement: String::new(),
                    tree: oid(self.number()),
                    passed: self.chance.percent(50),
                    findings: vec![],
                };
                Event::PhaseJudged { step, attempt, judgement: Box::new(judgement) }
            }
            10 => Event::AttemptEnded { step, attempt, ending: self.ending(), snapshot: None, limit: None },
            11 => Event::VerdictRecorded { step, verdict: self.verdict(), of: vec![] },
            12 => Event::StepSucceeded { step, attempt, work: None, artifacts: vec![], warnings: vec![] },
            13 => Event::StepFailed { step, attempt, failure: self.failure() },
            14 => Event::RetryScheduled { step, attempt, due: self.time(), counted: true, failure: self.failure() },
            15 => Event::RetryDue { step },
            16 => {
                let phase = PhaseNumber(attempt);
                let conflict = self.chance.percent(50).then(|| Box::new(self.conflict()));
                let (failure, asks) = (self.failure(), self.chance.percent(50));
                Event::RepairAdded { phase, round: attempt, base: oid(1), failure, conflict, asks }
            }
            17 if self.chance.percent(30) => Event::BaseMoved { step, attempt, number: attempt, commit: oid(2) },
            17 if self.chance.percent(30) => {
                let conflict = self.chance.percent(50).then(|| Box::new(self.conflict()));
                let (failure, asks) = (self.failure(), self.chance.percent(50));
                Event::BaseRepairAdded { number: attempt, round: 1, base: oid(1), failure, conflict, asks }
            }
            17 => Event::MergeIntended { step, attempt, movement: self.movement(), after: self.joined() },
            18 => Event::Merged { step, attempt, commit: oid(self.number()) },
            19 => Event::Delivered { step, attempt },
            20 => Event::GateOpened { step, question: String::new(), closes: None },
            21 => Event::GateAnswered { step, answer: GateAnswer::Rejected, by: String::new(), comment: String::new() },
            22 => {
                Event::RunEnded { outcome: coordinate_model::event::Outcome::Failed, kept: vec![], artifacts: vec![] }
            }
            23 => Event::BudgetReached { limit: self.limit(), spent: self.number(), most: self.number() },
            24 => Event::BudgetWarned { limit: self.limit(), spent: self.number(), most: self.number() },
            25 => Event::BudgetChanged { budgets: Box::new(self.budgets()), by: String::new() },
            26 => Event::SpentElsewhere { elsewhere: self.elsewhere() },
            27 => Event::StepRetried { step, by: String::new() },
            28 => Event::StepSkipped { step, by: String::new(), reason: String::new() },
            _ => Event::Resumed { by: String::new() },
        }
    }
}

/// A run in the middle of its life.
fn midlife(seed: u64, habits: coordinate_testkit::world::Habits, turns: usize) -> Simulation {
    let mut simulation = Simulation::new(any_run(seed), World::new(seed, habits), seed);
    for _ in 0..turns {
        if simulation.live.run.outcome.is_some() {
            break;
        }
        let open = simulation.live.obligations();
        simulation.turn(&open);
    }
    simulation
}

/// Events of another order, with some left out: each fits, or is corruption.
fn shuffle(journal: &[Written], chance: &mut Chance) {
    let mut run = fold(&journal[..1]);
    for _ in 0..journal.len() * 2 {
        let (_, event) = chance.pick(journal).unwrap();
        let mut next = run.clone();
        let position = Position { sequence: run.sequence + 1, at: UtcMillis(0) };
        if next.apply(position, event).is_ok() {
            run = next;
        }
        let _ = outstanding(&run).count();
        let _ = decide::settle(&run);
    }
}

proptest! {
    #![proptest_config(config(40))]

    #[test]
    fn any_inputs_at_any_time_are_answered(seed in any::<u64>(), habits in habits(), turns in 0..200_usize) {
        let mut simulation = midlife(seed, habits, turns);
        for _ in 0..200 {
            let input = Babbler { chance: &mut simulation.chance, run: &simulation.live.run }.input();
            simulation.live.send(&input);
        }
    }

    #[test]
    fn any_events_fold_or_are_corruption(seed in any::<u64>(), habits in habits(), turns in 0..200_usize) {
        let mut simulation = midlife(seed, habits, turns);
        let mut run = simulation.live.run.clone();
        for _ in 0..200 {
            let event = Babbler { chance: &mut simulation.chance, run: &run }.event();
            let mut next = run.clone();
            if next.apply(Position { sequence: run.sequence + 1, at: UtcMillis(0) }, &event).is_ok() {
                run = next;
            }
            let _ = outstanding(&run).count();
            let _ = decide::settle(&run);
        }
        shuffle(&simulation.live.journal, &mut simulation.chance);
    }

    #[test]
    fn who_was_fenced_off_writes_nothing(seed in any::<u64>(), habits in habits(), turns in 0..200_usize) {
        let mut simulation = midlife(seed, habits, turns);
        for obligation in simulation.live.obligations() {
            for mut input in simulation.world.carry(&simulation.live.run, &obligation) {
                let Some(of) = of_mut(&mut input) else { continue };
                of.token = Token(of.token.0 + 1);
                let before = simulation.live.journal.len();
                prop_assert_eq!(simulation.live.send(&input), Answer::Fenced);
                prop_assert_eq!(simulation.live.journal.len(), before);
            }
        }
    }
}

fn of_mut(input: &mut Input) -> Option<&mut Of> {
    match input {
        Input::Started { of, .. }
        | Input::NotStarted { of, .. }
        | Input::Observed { of, .. }
        | Input::Ended { of, .. }
        | Input::Verified { of, .. }
        | Input::Performed { of, .. }
        | Input::Moved { of }
        | Input::Delivered { of, .. }
        | Input::BaseMoved { of, .. }
        | Input::MoveFailed { of, .. } => Some(of),
        _ => None,
    }
}

#[test]
fn an_event_out_of_its_place_is_corruption() {
    let mut run = fold(&Simulation::new(any_run(1), World::kind(), 1).live.journal);
    let event = Event::Resumed { by: String::new() };
    for sequence in [0, run.sequence, run.sequence + 2, u64::MAX] {
        let error = run.apply(Position { sequence, at: UtcMillis(0) }, &event).unwrap_err();
        assert_eq!(error.sequence, sequence);
        assert_eq!(
            error.to_string().split(':').next(),
            Some(format!("journal is corrupt at event {sequence}").as_str())
        );
    }
    assert!(Run::begin(Position { sequence: 1, at: UtcMillis(0) }, &event).is_err());
}
