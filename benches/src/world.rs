//! A world that does what a run wants, at once or by starting a program that does nothing.

use coordinate_engine::driver::{Executor, Outbox};
use coordinate_model::event::{AttemptEnding, EntryFacts, Work};
use coordinate_model::ids::Oid;
use coordinate_model::input::{Input, Left, Of, Performed};
use coordinate_model::merge::{Link, Probe};
use coordinate_model::obligation::{Detail, Effect, Obligation, ObligationKey};
use coordinate_model::run::{Run, Step};
use std::process::Command;
use std::time::Instant;

/// Answers every obligation.
pub(crate) struct World {
    spawns: bool,
    last: Option<Instant>,
    laps: Vec<u128>,
}

impl World {
    /// Everything is done at once.
    pub(crate) fn instant() -> Self {
        Self { spawns: false, last: None, laps: Vec::new() }
    }

    /// Each step starts `true` and waits for it.
    pub(crate) fn spawning() -> Self {
        Self { spawns: true, ..Self::instant() }
    }

    /// Microseconds from the start of each step to the start of the next.
    pub(crate) fn laps(&self) -> Vec<u128> {
        self.laps.clone()
    }

    fn lap(&mut self) {
        let now = Instant::now();
        self.laps.extend(self.last.map(|last| now.duration_since(last).as_micros()));
        self.last = Some(now);
    }
}

impl Executor for World {
    fn start(&mut self, run: &Run, obligation: &Obligation, outbox: &Outbox) {
        let key = obligation.key.clone();
        if obligation.key.effect == Effect::Perform {
            self.lap();
        }
        if self.spawns && obligation.key.effect == Effect::Perform {
            let (outbox, input) = (outbox.clone(), answer(run, obligation));
            std::thread::spawn(move || {
                let ended = Command::new("true").status().expect("`true` can be started");
                assert!(ended.success(), "`true` succeeds");
                outbox.send(input);
                outbox.finished(key);
            });
            return;
        }
        outbox.send(answer(run, obligation));
        outbox.finished(key);
    }

    fn cancel(&mut self, _key: &ObligationKey) {}

    fn abandon(&mut self, _run: &Run) {}
}

fn oid(seed: u64) -> Oid {
    format!("{seed:040x}").parse().expect("40 hexadecimal digits are a name")
}

fn answer(run: &Run, obligation: &Obligation) -> Input {
    if let Detail::State { to } = &obligation.detail {
        let integration = run.integration.is_none().then(|| oid(0));
        return Input::Entered { state: to.clone(), result: Ok(EntryFacts { integration, ..EntryFacts::default() }) };
    }
    let Some(step) = obligation.key.step.as_ref().and_then(|id| run.step(id)) else {
        return Input::Closed { kept: Vec::new(), artifacts: Vec::new() };
    };
    let of = Of { step: step.id.clone(), attempt: obligation.key.attempt, token: obligation.token };
    match obligation.key.effect {
        Effect::Launch => Input::Started { of, pid: 1, tree: String::new(), session: None },
        Effect::Supervise => {
            Input::Ended { of, ending: AttemptEnding::Exited { code: 0 }, snapshot: None, tail: Vec::new() }
        }
        Effect::Verify => {
            let work = Work { commit: oid(1), tree: oid(2), base: oid(0), own_commits: false };
            Input::Verified { of, result: Ok(Left { work: Some(work), ..Left::default() }) }
        }
        Effect::Perform => Input::Performed { of, result: perform(run, step) },
        Effect::Move => Input::Moved { of },
        Effect::Deliver => Input::Delivered { of, blocked: None },
        Effect::Tell => Input::Told { of, upto: u32::MAX },
        Effect::Enter | Effect::Stop | Effect::Ask | Effect::Wake | Effect::Close => {
            Input::Closed { kept: Vec::new(), artifacts: Vec::new() }
        }
    }
}

fn perform(run: &Run, step: &Step) -> Performed {
    match step.phase {
        Some(_) if step.id.as_str().ends_with("/merge") => chain(run, step),
        Some(_) | None => Performed::Done { artifacts: Vec::new(), warnings: Vec::new(), verdicts: Vec::new() },
    }
}

/// A batch without tests: all of it goes in.
fn chain(run: &Run, leader: &Step) -> Performed {
    let probe = |number: u64| Probe { commit: oid(number), tree: oid(number), command: None };
    let batch = (1..).zip(run.batch(&leader.id));
    let links = batch.map(|(at, step)| Link { step: step.id.clone(), joined: Ok(probe(run.sequence + at)) }).collect();
    Performed::Chained { base: probe(0), links, verdict: None }
}
