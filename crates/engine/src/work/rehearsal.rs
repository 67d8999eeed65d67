//! What each agent of a run would be told, found without a run: the run is folded in memory, as if all went well.
//!
//! The same decisions, the same steps and the same assembly as in a real run make the prompts; so they can not differ
//! from what is sent, except in what only the work itself brings: reports that are not written yet, failures.

use super::artifact::Order;
use super::prompt::prompt;
use super::{StepJob, Tools, Workshop};
use coordinate_model::decide::{advance, create, settle};
use coordinate_model::definition::{Action, Need, StateName, StepKind, Writes};
use coordinate_model::event::{Artifact, AttemptEnding, Created, EntryFacts, GateAnswer, RefMove, Work};
use coordinate_model::ids::{Oid, PhaseNumber, StepId, Token};
use coordinate_model::input::{Context, Input, Left, Performed};
use coordinate_model::obligation::{Detail, Effect, Obligation, outstanding};
use coordinate_model::run::{Corruption, Position, Run};
use coordinate_model::subrun;
use std::path::PathBuf;
use std::sync::Arc;

/// More rounds than any run in which all goes well can take; a definition that never ends must not keep us here.
const MOST_ROUNDS: usize = 10_000;

/// What an agent would be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsed {
    /// For a step of a run below: the step above, whose work that run is.
    pub above: Option<StepId>,
    /// The step.
    pub step: StepId,
    /// Its state.
    pub state: StateName,
    /// The agent's role.
    pub role: String,
    /// The phase that it works on.
    pub phase: Option<PhaseNumber>,
    /// Where it would work.
    pub place: PathBuf,
    /// All that it would be told.
    pub prompt: String,
}

/// The prompts of a run that begins like this, in the order of its work, up to where they depend on what is not there
/// yet: the phases of a plan that is still to be written. Touches nothing.
#[must_use]
pub fn rehearse(tools: Arc<Tools>, created: Created) -> Vec<Rehearsed> {
    let mut rehearsal = Rehearsal { workshop: Workshop::new(tools, Token(0)), prompts: Vec::new(), above: None };
    // What can not be folded would not be begun either: what is known until then is told.
    let _ = rehearsal.play(created);
    rehearsal.prompts
}

struct Rehearsal {
    workshop: Workshop,
    prompts: Vec<Rehearsed>,
    above: Option<StepId>,
}

impl Rehearsal {
    fn play(&mut self, created: Created) -> Result<(), Corruption> {
        let context = Context { now: self.workshop.tools.clock.now(), entropy: 0 };
        let mut run = Run::begin(Position { sequence: 1, at: context.now }, &create(created))?;
        for event in settle(&run) {
            run.apply(Position { sequence: run.sequence + 1, at: context.now }, &event)?;
        }
        for _ in 0..MOST_ROUNDS {
            let Some(obligation) = outstanding(&run).next().cloned() else { return Ok(()) };
            let Some(input) = self.answer(&run, &obligation) else { return Ok(()) };
            advance(&mut run, &input, context)?;
        }
        Ok(())
    }

    /// What happens when all goes well; `None` where that can not be known.
    fn answer(&mut self, run: &Run, obligation: &Obligation) -> Option<Input> {
        if let (Effect::Enter, Detail::State { to }) = (obligation.key.effect, &obligation.detail) {
            return enter(run, to);
        }
        let step = self.workshop.step_job(run, obligation)?;
        let of = step.of.clone();
        match obligation.key.effect {
            Effect::Launch => {
                let place = step.place_of_work();
                let tree = place.to_string_lossy().into_owned();
                self.prompts.push(Rehearsed { above: self.above.clone(), ..told(&step, place) });
                Some(Input::Started { of, pid: 0, tree, session: None })
            }
            Effect::Supervise | Effect::Stop => {
                Some(Input::Ended { of, ending: AttemptEnding::Exited { code: 0 }, snapshot: None, tail: Vec::new() })
            }
            Effect::Verify => Some(Input::Verified { of, result: Ok(left(&step)) }),
            Effect::Perform if step.step.kind == StepKind::SubRun => {
                self.above = Some(of.step.clone());
                let played = subrun::below(&run.created, &step.step).map(|created| self.play(created));
                self.above = None;
                let artifacts = run.topics_of(&step.step).map(|topic| left_at(Writes::Report, &topic.report));
                let (artifacts, warnings, verdicts) = (artifacts.collect(), Vec::new(), Vec::new());
                let done = Performed::Done { artifacts, warnings, verdicts };
                played?.ok().map(|()| Input::Performed { of, result: done })
            }
            Effect::Perform => Some(Input::Performed { result: perform(run, &step), of }),
            Effect::Move => Some(Input::Moved { of }),
            Effect::Deliver => Some(Input::Delivered { of, blocked: None }),
            Effect::Ask => Some(Input::Answer {
                step: of.step,
                answer: GateAnswer::Approved,
                by: String::new(),
                comment: String::new(),
            }),
            // Nothing fails here, so nothing waits; and a run that closes has told all.
            Effect::Wake | Effect::Enter | Effect::Tell | Effect::Close => None,
        }
    }
}

fn enter(run: &Run, to: &StateName) -> Option<Input> {
    let needs = run.created.definition.state(to).map(|state| state.needs.as_slice()).unwrap_or_default();
    if needs.contains(&Need::Plan) && run.plan().is_none() {
        return None;
    }
    let first = needs.contains(&Need::Repository) && run.integration.is_none();
    let integration = run.created.base.commit.clone().filter(|_| first);
    let facts = EntryFacts { integration, ..EntryFacts::default() };
    Some(Input::Entered { state: to.clone(), result: Ok(facts) })
}

fn told(step: &StepJob, place: PathBuf) -> Rehearsed {
    Rehearsed {
        above: None,
        step: step.step.id.clone(),
        state: step.step.of_state.clone(),
        role: step.role.clone(),
        phase: step.step.phase,
        prompt: prompt(step, &place),
        place,
    }
}

fn left(step: &StepJob) -> Left {
    // The commit that it began at stands for the one that it would leave: nothing looks into it.
    let work = |base: &Oid| Work { commit: base.clone(), tree: base.clone(), base: base.clone(), own_commits: false };
    Left {
        work: step.attempt.base.as_ref().map(work),
        artifacts: step.order.iter().map(artifact).collect(),
        ..Left::default()
    }
}

fn artifact(order: &Order) -> Artifact {
    left_at(order.writes, &order.place)
}

fn left_at(writes: Writes, place: &str) -> Artifact {
    Artifact {
        kind: writes.kind().name().to_owned(),
        path: place.to_owned(),
        hash: String::new(),
        bytes: 0,
        metadata: None,
    }
}

fn perform(run: &Run, step: &StepJob) -> Performed {
    let done = || Performed::Done { artifacts: Vec::new(), warnings: Vec::new(), verdicts: Vec::new() };
    match (step.step.kind, run.action(&step.step), &run.integration) {
        (StepKind::Merge, None, Some(head)) => {
            Performed::Merged { movement: RefMove { old: head.clone(), new: head.clone() } }
        }
        (StepKind::Merge, Some(Action::Deliver), _) => {
            Performed::Undeliverable { reason: String::new(), command: String::new() }
        }
        (
            StepKind::Merge | StepKind::Command | StepKind::Check | StepKind::Gate | StepKind::Agent | StepKind::SubRun,
            _,
            _,
        ) => done(),
    }
}
