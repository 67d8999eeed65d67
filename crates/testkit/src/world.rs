//! A world that answers every obligation of a run: its agents, trees, tests and branches, as far as a run hears of them.
//!
//! What happens follows from the seed and the obligation alone, so that a world that is asked again, by another driver
//! after a crash, says the same.

use crate::runs::plan;
use crate::seeded::{Chance, number, oid};
use coordinate_model::artifact::ArtifactKind;
use coordinate_model::client::Usage;
use coordinate_model::definition::{Action, Need, StateName, StepKind, Writes};
use coordinate_model::event::{Artifact, AttemptEnding, EntryFacts, Observation, PullRequest, RefMove, Verdict, Work};
use coordinate_model::failure::{Failure, FailureClass, FailureKind};
use coordinate_model::ids::{Oid, PhaseNumber};
use coordinate_model::input::{Input, Left, LeftPlan, Of, Performed};
use coordinate_model::judgement::Judgement;
use coordinate_model::merge::{Apart, Conflict, Link, Next, Probe, next, standings};
use coordinate_model::obligation::{Detail, Effect, Obligation};
use coordinate_model::plan::{Phase, Plan};
use coordinate_model::replan::{Proposal, Replan, ReplanKind};
use coordinate_model::run::{Run, Step};

/// How often things go wrong, in percent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Habits {
    /// Agents end with a failure for good.
    pub agents_fail: u64,
    /// Agents end with a failure that may pass.
    pub agents_stumble: u64,
    /// Supervisors are lost.
    pub agents_lost: u64,
    /// Agents meet a limit of use.
    pub agents_limited: u64,
    /// What an agent left does not count.
    pub work_refused: u64,
    /// Tests and checks fail.
    pub tests_fail: u64,
    /// Tests of a tree fail for what has come together in it, although each part is good by itself.
    pub mixtures_fail: u64,
    /// Merges conflict.
    pub conflicts: u64,
    /// The user's branch moves before it is delivered to.
    pub base_moves: u64,
    /// Agents at work are seen to change the same files.
    pub overlaps: u64,
    /// Verifiers find that something is missing.
    pub judged_wanting: u64,
    /// Everything else fails.
    pub trouble: u64,
    /// The most tokens that an agent tells at a time; 0: it tells none.
    pub tokens: u64,
}

/// See the module.
#[derive(Debug, Clone)]
pub struct World {
    seed: u64,
    habits: Habits,
}

impl World {
    /// A world.
    #[must_use]
    pub fn new(seed: u64, habits: Habits) -> Self {
        Self { seed, habits }
    }

    /// A world in which all goes well.
    #[must_use]
    pub fn kind() -> Self {
        Self::new(0, Habits::default())
    }

    /// What the carrier of an obligation reports, in order. Empty for what people or the clock answer, and for a stop,
    /// which the attempt's end answers.
    #[must_use]
    pub fn carry(&self, run: &Run, obligation: &Obligation) -> Vec<Input> {
        match (&obligation.key.effect, &obligation.detail) {
            (Effect::Enter, Detail::State { to }) => vec![self.enter(run, to)],
            (Effect::Close, _) => vec![Input::Closed { kept: Vec::new(), artifacts: Vec::new() }],
            (Effect::Ask | Effect::Wake | Effect::Stop, _) => Vec::new(),
            _ => self.carry_step(run, obligation).unwrap_or_default(),
        }
    }

    fn carry_step(&self, run: &Run, obligation: &Obligation) -> Option<Vec<Input>> {
        let step = run.step(obligation.key.step.as_ref()?)?;
        let of = Of { step: step.id.clone(), attempt: obligation.key.attempt, token: obligation.token };
        Some(match obligation.key.effect {
            Effect::Launch if run.is_held() => vec![ended(of, AttemptEnding::Stopped)],
            Effect::Launch => vec![self.launch(of)],
            Effect::Supervise => {
                self.overlapping(run, step, &of).into_iter().chain(self.supervise(step, &of)).collect()
            }
            Effect::Verify => vec![self.verify(run, step, of)],
            Effect::Perform => vec![Input::Performed { result: self.perform(run, step, &of), of }],
            Effect::Move if self.happens("move", &of, self.habits.trouble) => vec![move_failed(of)],
            Effect::Move => vec![Input::Moved { of }],
            Effect::Deliver if self.happens("overtaken", &of, self.habits.base_moves) => vec![overtaken(run, of)],
            Effect::Deliver => vec![Input::Delivered { of, blocked: None }],
            Effect::Tell => vec![Input::Told { of, upto: u32::MAX }],
            Effect::Enter | Effect::Stop | Effect::Ask | Effect::Wake | Effect::Close => Vec::new(),
        })
    }

    fn happens(&self, what: &str, of: &Of, percent: u64) -> bool {
        number(self.seed, format!("{what}/{}@{}", of.step, of.attempt)) % 100 < percent
    }

    fn enter(&self, run: &Run, to: &StateName) -> Input {
        let needs = run.created.definition.state(to).map(|state| state.needs.clone()).unwrap_or_default();
        let first = needs.contains(&Need::Repository) && run.integration.is_none();
        let facts = EntryFacts { integration: first.then(|| oid("integration")), ..EntryFacts::default() };
        let fails = number(self.seed, format!("enter/{to}")) % 400 < self.habits.trouble;
        let result = if fails { Err(Failure::system("nothing works here")) } else { Ok(facts) };
        Input::Entered { state: to.clone(), result }
    }

    fn launch(&self, of: Of) -> Input {
        if self.happens("launch", &of, self.habits.trouble) {
            let failure = Failure::new(FailureClass::Permanent, FailureKind::NotStarted, "no such program");
            return Input::NotStarted { of, failure };
        }
        let tree = format!("trees/{}", of.step);
        Input::Started { of, pid: 100, tree, session: None }
    }

    /// Somebody else at work whose tree has changed the same file.
    fn overlapping(&self, run: &Run, step: &Step, of: &Of) -> Option<Input> {
        let others = run.live().filter(|other| other.kind == StepKind::Agent && other.phase != step.phase);
        let other = others.filter_map(|other| Some((other, other.attempt()?))).next()?;
        let two = Of { step: other.0.id.clone(), attempt: other.1.number, token: other.1.token };
        let seen = self.happens("overlap", of, self.habits.overlaps);
        seen.then(|| Input::Overlapping { one: of.clone(), two, paths: vec!["src/lib.rs".to_owned()] })
    }

    fn supervise(&self, step: &Step, of: &Of) -> Vec<Input> {
        let known = step.attempt().map_or(0, |attempt| attempt.offset);
        let mut inputs: Vec<Input> =
            (1..=3).filter(|at| at * 100 > known).map(|at| self.observed(of, at * 100)).collect();
        let ending = if step.attempt().is_some_and(|attempt| attempt.stopping) {
            AttemptEnding::Stopped
        } else if self.happens("lost", of, self.habits.agents_lost) {
            AttemptEnding::Lost
        } else if self.happens("limited", of, self.habits.agents_limited) {
            inputs.push(limited(of.clone()));
            return inputs;
        } else if self.happens("stumble", of, self.habits.agents_stumble) {
            AttemptEnding::IdleLimit
        } else if self.happens("fail", of, self.habits.agents_fail) {
            AttemptEnding::Exited { code: 7 }
        } else {
            AttemptEnding::Exited { code: 0 }
        };
        inputs.push(ended(of.clone(), ending));
        inputs
    }

    fn observed(&self, of: &Of, offset: u64) -> Input {
        let mut observations = vec![Observation::tool_started("sh", format!("line {offset}"))];
        if let Some(input) =
            number(self.seed, format!("tokens/{}@{}/{offset}", of.step, of.attempt)).checked_rem(self.habits.tokens)
        {
            let usage = Usage { input, cached: 0, output: 1, micro_usd: Some(input.saturating_mul(3)) };
            observations.push(Observation::Usage { usage, total: false });
        }
        Input::Observed { of: of.clone(), offset, observations }
    }

    fn verify(&self, run: &Run, step: &Step, of: Of) -> Input {
        if self.happens("verify", &of, self.habits.work_refused) {
            let kind = if run.writes(step).is_some() { FailureKind::ContractUnmet } else { FailureKind::NoWork };
            let failure = Failure::new(FailureClass::AgentMisbehaved, kind, "nothing was done");
            return Input::Verified { of, result: Err(failure) };
        }
        if let Some(judged) = run.judged_work(step) {
            let left = Left { judgement: Some(Box::new(self.judgement(run, step, &of, judged))), ..Left::default() };
            return Input::Verified { of, result: Ok(left) };
        }
        let base = step.attempt().and_then(|attempt| attempt.base.clone()).unwrap_or_else(|| oid("nothing"));
        let name = format!("{}@{}", of.step, of.attempt);
        let work =
            Work { commit: oid(format!("commit {name}")), tree: oid(format!("tree {name}")), base, own_commits: false };
        let written = run.writes(step).map(|writes| artifact(writes, &name));
        let proposal = run.replan_of(step).and_then(|replan| Some(changed(run.plan()?, replan, &name)));
        let plan = run.writes(step).filter(|writes| writes.kind() == ArtifactKind::Plan && proposal.is_none());
        let left = Left {
            work: Some(work),
            artifacts: written.into_iter().filter(|_| proposal.is_none()).collect(),
            proposal,
            plan: plan.map(|_| LeftPlan {
                plan: Box::new(self.plan(&name)),
                hash: oid(&name).to_string(),
                diff: String::new(),
                learned: Vec::new(),
            }),
            warnings: Vec::new(),
            judgement: None,
        };
        Input::Verified { of, result: Ok(left) }
    }

    fn judgement(&self, run: &Run, step: &Step, of: &Of, judged: &Work) -> Judgement {
        let passed = !self.happens("judge", of, self.habits.judged_wanting);
        Judgement {
            by: run.role(step).to_owned(),
            requirement: run.requirement(step).unwrap_or_default(),
            tree: judged.tree.clone(),
            passed,
            findings: Vec::new(),
        }
    }

    /// A plan of a few phases, each of which may need any before it.
    fn plan(&self, name: &str) -> Plan {
        let mut chance = Chance::new(number(self.seed, format!("plan/{name}")));
        let phases = 1 + chance.draw() as u32 % 5;
        let graph: Vec<Vec<u32>> =
            (1..=phases).map(|phase| (1..phase).filter(|_| chance.percent(40)).collect()).collect();
        plan(&graph.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    fn perform(&self, run: &Run, step: &Step, of: &Of) -> Performed {
        let (head, user) = (run.integration.clone().unwrap_or_else(|| oid("none")), run.base_commit().cloned());
        match (step.kind, run.action(step)) {
            (StepKind::Command, Some(Action::PullRequest)) if !self.happens("forge", of, self.habits.trouble) => {
                let url = "https://forge.example/pull/1".to_owned();
                Performed::Requested { request: PullRequest { url, branch: "coordinate/001_plan-1".to_owned() } }
            }
            (StepKind::Merge, Some(Action::Deliver)) if run.pull_request.is_some() => Performed::Undeliverable {
                reason: "a pull request is open".to_owned(),
                command: "gh pr merge".to_owned(),
            },
            (StepKind::Merge, Some(Action::Deliver)) if self.happens("moved", of, self.habits.base_moves) => {
                Performed::BaseMoved { commit: users(run), blocked: blocked() }
            }
            (StepKind::Merge, Some(Action::Deliver)) => match (&run.created.base.branch, user) {
                (Some(branch), Some(old)) if !self.happens("deliver", of, self.habits.trouble) => {
                    Performed::Deliverable { branch: branch.clone(), movement: RefMove { old, new: head } }
                }
                (_, _) => Performed::Undeliverable {
                    reason: "tracked files were changed".to_owned(),
                    command: "git merge".to_owned(),
                },
            },
            (StepKind::Merge, Some(_)) => self.own_commit(of, head),
            (StepKind::Merge, None) => self.chain(run, step, &head),
            (StepKind::Check, _) => self.check(of, &head),
            (StepKind::SubRun, _) => self.below(run, step, of),
            (StepKind::Agent | StepKind::Command | StepKind::Gate, _) => done(Vec::new()),
        }
    }

    /// The outcome of a run below.
    fn below(&self, run: &Run, step: &Step, of: &Of) -> Performed {
        if self.happens("below", of, self.habits.agents_fail) {
            let failure =
                Failure::new(FailureClass::Permanent, FailureKind::ExitCode, "a topic could not be researched");
            return Performed::Failed { failure, verdicts: Vec::new() };
        }
        let report = |place: &str| Artifact { path: place.to_owned(), ..artifact(Writes::Report, place) };
        let artifacts = run.topics_of(step).map(|topic| report(&topic.report)).collect();
        Performed::Done { artifacts, warnings: Vec::new(), verdicts: Vec::new() }
    }

    fn own_commit(&self, of: &Of, old: Oid) -> Performed {
        if self.happens("conflict", of, self.habits.conflicts) {
            let failure = Failure::new(FailureClass::Permanent, FailureKind::Conflict, "does not merge");
            return Performed::Failed { failure, verdicts: Vec::new() };
        }
        let new = oid(format!("{old} + {}@{}", of.step, of.attempt));
        Performed::Merged { movement: RefMove { old, new } }
    }

    /// The candidates of a batch. Whether a tree's tests fail follows from the tree alone, as it does outside: from its parts,
    /// in whatever company they go in, or from their mixture.
    fn chain(&self, run: &Run, leader: &Step, head: &Oid) -> Performed {
        let base = probe(head);
        let mut tip = head.clone();
        let (mut links, mut spoilt, mut bad) = (Vec::new(), Vec::new(), false);
        for step in run.batch(&leader.id) {
            let joined = self.join(step, &tip);
            if let Ok(probe) = &joined {
                tip = probe.commit.clone();
                bad |= number(self.seed, format!("tests/{}", step.id)) % 100 < self.habits.tests_fail;
                spoilt.push(bad);
            }
            links.push(Link { step: step.id.clone(), joined });
        }
        let probes: Vec<&Probe> = links.iter().filter_map(|link| link.joined.as_ref().ok()).collect();
        let known = |command: &str, tree: &Oid| run.verdict(command, tree).map(|verdict| verdict.passed);
        let verdict = match next(&standings(&base, &probes, known)) {
            Next::Test(0) => Some(self.tested(head, false)),
            Next::Test(at) => probes.get(at - 1).zip(spoilt.get(at - 1)).map(|(it, bad)| self.tested(&it.commit, *bad)),
            Next::Take | Next::Guilty(_) => None,
        };
        Performed::Chained { base, links, verdict }
    }

    fn join(&self, step: &Step, tip: &Oid) -> Result<Probe, Box<Apart>> {
        let name = format!("{tip} + {}", step.id);
        if number(self.seed, format!("conflict/{name}")) % 100 >= self.habits.conflicts {
            return Ok(probe(&oid(name)));
        }
        let failure = Failure::new(FailureClass::Permanent, FailureKind::Conflict, "does not merge");
        let (theirs, marked) = (oid(step.id.as_str()), oid(format!("marked {name}")));
        let conflict = Conflict { ours: tip.clone(), theirs, paths: vec!["shared.txt".to_owned()], marked };
        Err(Box::new(Apart { failure, conflict }))
    }

    fn tested(&self, commit: &Oid, spoilt: bool) -> Verdict {
        let mixture = number(self.seed, format!("mixture/{commit}")) % 100 < self.habits.mixtures_fail;
        verdict(commit, !spoilt && !mixture)
    }

    fn check(&self, of: &Of, head: &Oid) -> Performed {
        if self.happens("trouble", of, self.habits.trouble) {
            let failure = Failure::new(FailureClass::Transient, FailureKind::System, "the machine is busy");
            return Performed::Failed { failure, verdicts: Vec::new() };
        }
        if self.happens("tests", of, self.habits.tests_fail) {
            let failure = Failure::new(FailureClass::Permanent, FailureKind::TestFailure, "`make test` fails");
            return Performed::Failed { failure, verdicts: vec![verdict(head, false)] };
        }
        done(vec![verdict(head, true)])
    }
}

/// A plan that was changed as it was asked for.
fn changed(plan: &Plan, replan: &Replan, name: &str) -> Proposal {
    let mut plan = plan.clone();
    let target = replan.phase;
    let needed = plan.phases.iter().any(|phase| phase.depends_on.contains(&target));
    if replan.kind == ReplanKind::Collapse && !needed && plan.phases.len() > 1 {
        plan.phases.retain(|phase| phase.number != target);
    }
    for phase in plan.phases.iter_mut().filter(|phase| phase.number == target && replan.kind.holds()) {
        phase.body = format!("as {name} says");
        phase.tasks.truncate(2);
    }
    if matches!(replan.kind, ReplanKind::Add | ReplanKind::Split) {
        let last = plan.phases.last().cloned();
        plan.phases.extend(last.map(|last| Phase {
            number: PhaseNumber(last.number.0 + 1),
            depends_on: vec![target],
            tasks: Vec::new(),
            ..last
        }));
    }
    Proposal { plan: Box::new(plan), hash: oid(name).to_string(), files: Vec::new(), diff: "+ changed".to_owned() }
}

fn artifact(writes: Writes, name: &str) -> Artifact {
    Artifact {
        kind: writes.kind().name().to_owned(),
        path: format!("{name}.md"),
        hash: String::new(),
        bytes: 1,
        metadata: None,
    }
}

fn verdict(of: &Oid, passed: bool) -> Verdict {
    let tree = oid(format!("tree of {of}"));
    Verdict {
        command: "make test".to_owned(),
        tree,
        passed,
        duration_ms: 10,
        tail: Vec::new(),
        failing: Vec::new(),
        environment: None,
        before: None,
    }
}

fn probe(commit: &Oid) -> Probe {
    Probe { commit: commit.clone(), tree: oid(format!("tree of {commit}")), command: Some("make test".to_owned()) }
}

/// Where the user's branch goes next.
fn users(run: &Run) -> Oid {
    oid(format!("user's commit {}", run.bases.len() + 1))
}

fn blocked() -> (String, String) {
    ("the branch has moved".to_owned(), "git merge".to_owned())
}

fn overtaken(run: &Run, of: Of) -> Input {
    Input::BaseMoved { of, commit: users(run), blocked: blocked() }
}

fn done(verdicts: Vec<Verdict>) -> Performed {
    Performed::Done { artifacts: Vec::new(), warnings: Vec::new(), verdicts }
}

fn ended(of: Of, ending: AttemptEnding) -> Input {
    Input::Ended { of, ending, snapshot: Some(oid("snapshot")), tail: vec!["the last line".to_owned()] }
}

fn limited(of: Of) -> Input {
    let (ending, tail) = (AttemptEnding::Exited { code: 1 }, vec!["usage limit reached, try again in 2 h".to_owned()]);
    Input::Ended { of, ending, snapshot: None, tail }
}

fn move_failed(of: Of) -> Input {
    Input::MoveFailed { of, failure: Failure::system("the branch was moved by somebody else") }
}
