//! The first event of a run, made quickly: phases by their dependencies, and the choices that a test is about.

use crate::seeded::{oid, run_id};
use coordinate_model::budget::Budgets;
use coordinate_model::definition::{Definition, Scope, builtin};
use coordinate_model::event::{AgentChoice, AttemptLimits, Base, Created, Options, Paths, ResearchTopic};
use coordinate_model::forecast::{Learned, Settings};
use coordinate_model::ids::PhaseNumber;
use coordinate_model::merge::Merging;
use coordinate_model::plan::{Expectation, Phase, Plan, PlannedFile, Task};
use coordinate_model::replan::Replanning;

/// Builds a [`Created`].
#[derive(Debug, Clone)]
pub struct RunBuilder {
    created: Created,
}

/// The first event of a run of the `implement` workflow on a plan: entry `n` of the slice lists the phases that phase
/// `n + 1` depends on.
///
/// # Panics
/// Never: the workflow is built in.
#[must_use]
pub fn created(dependencies: &[&[u32]]) -> RunBuilder {
    let created = Created {
        run: run_id(1),
        request: "implement the plan".to_owned(),
        scope: Scope::FullImplementation,
        reasons: Vec::new(),
        fix: false,
        topics: Vec::new(),
        tracks: Vec::new(),
        parent: None,
        forked: None,
        revises: None,
        definition: builtin("implement").expect("it is built in"),
        roles: std::collections::BTreeMap::new(),
        standards: coordinate_model::standards::Standards::default(),
        plan: Some(plan(dependencies)),
        plan_hash: None,
        learned: Vec::new(),
        done: Vec::new(),
        paths: paths(),
        options: options(),
        base: Base { branch: Some("refs/heads/main".to_owned()), commit: Some(oid("base")) },
        program: "0.1.0".to_owned(),
    };
    RunBuilder { created }
}

/// The first event of a run of the `coordinate` workflow on a request in plain words, with this many topics.
///
/// # Panics
/// Never: the workflow is built in.
#[must_use]
pub fn requested(scope: Scope, topics: u32) -> RunBuilder {
    let mut builder = created(&[]);
    builder.created.definition = builtin("coordinate").expect("it is built in");
    builder.created.scope = scope;
    builder.created.plan = None;
    let topic = |number| ResearchTopic {
        name: format!("topic {number}"),
        slug: format!("topic_{number}"),
        focus: None,
        report: format!("specs/001_plan/reports/{number:03}_topic_{number}.md"),
    };
    builder.created.topics = (1..=topics).map(topic).collect();
    builder.created.tracks = coordinate_model::subrun::tracks(topics as usize, 200_000);
    builder
}

impl RunBuilder {
    /// Whether debugging ends with a fix.
    #[must_use]
    pub fn fix(mut self, fix: bool) -> Self {
        self.created.fix = fix;
        self
    }

    /// Another run's id.
    #[must_use]
    pub fn numbered(mut self, number: u64) -> Self {
        self.created.run = run_id(number);
        self
    }

    /// Another workflow.
    #[must_use]
    pub fn definition(mut self, definition: Definition) -> Self {
        self.created.definition = definition;
        self
    }

    /// When the plan is changed on the way.
    #[must_use]
    pub fn replan(mut self, replan: Option<Replanning>) -> Self {
        self.created.options.replan = replan;
        self
    }

    /// How work is merged.
    #[must_use]
    pub fn merging(mut self, merging: Merging) -> Self {
        self.created.options.merge = merging;
        self
    }

    /// Gives a phase this many tasks.
    #[must_use]
    pub fn tasks(mut self, number: u32, tasks: u32) -> Self {
        let phases = self.created.plan.iter_mut().flat_map(|plan| &mut plan.phases);
        for phase in phases.filter(|phase| phase.number == PhaseNumber(number)) {
            phase.tasks = (1..=tasks).map(task).collect();
        }
        self
    }

    /// Agents at once.
    #[must_use]
    pub fn max_parallel(mut self, most: u32) -> Self {
        self.created.options.max_parallel = most;
        self
    }

    /// Topics researched at once.
    #[must_use]
    pub fn max_research(mut self, most: Option<u32>) -> Self {
        self.created.options.max_research = most;
        self
    }

    /// Whether failing tests are debugged by the run itself.
    #[must_use]
    pub fn auto_create_debug(mut self, auto: bool) -> Self {
        self.created.options.auto_create_debug = auto;
        self
    }

    /// Whether the agent can use feedback.
    #[must_use]
    pub fn repairs(mut self, repairs: bool) -> Self {
        self.created.options.agent.repairs = repairs;
        self
    }

    /// How much it may spend.
    #[must_use]
    pub fn budget(mut self, budgets: Budgets) -> Self {
        self.created.options.budget = Some(Box::new(budgets));
        self
    }

    /// The agents that go on where a limit of use holds the first one back.
    #[must_use]
    pub fn fallback(mut self, agents: Vec<AgentChoice>) -> Self {
        self.created.options.quota.fallback = agents;
        self
    }

    /// Whether the first failure stops the state.
    #[must_use]
    pub fn fail_fast(mut self, fail_fast: bool) -> Self {
        self.created.definition.policy.fail_fast = fail_fast;
        self
    }

    /// What is done about phases that change the same files.
    #[must_use]
    pub fn forecast(mut self, settings: Settings) -> Self {
        self.created.options.forecast = Some(settings);
        self
    }

    /// Lets a phase say that it changes these files.
    #[must_use]
    pub fn files(mut self, number: u32, paths: &[&str]) -> Self {
        let phases = self.created.plan.iter_mut().flat_map(|plan| &mut plan.phases);
        for phase in phases.filter(|phase| phase.number == PhaseNumber(number)) {
            let planned = |path: &&str| PlannedFile { path: (*path).to_owned(), expectation: Expectation::Glob };
            phase.files = paths.iter().map(planned).collect();
            phase.files_none = false;
        }
        self
    }

    /// What the history showed of a phase.
    #[must_use]
    pub fn learned(mut self, number: u32, paths: &[&str]) -> Self {
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        self.created.learned.push(Learned { phase: PhaseNumber(number), paths });
        self
    }

    /// Lets a verifier judge each phase.
    #[must_use]
    pub fn blind_verifier(mut self) -> Self {
        self.created.definition = self.created.definition.with_blind_verifier();
        self
    }

    /// Phases that are done already.
    #[must_use]
    pub fn done(mut self, phases: &[u32]) -> Self {
        self.created.done = phases.iter().copied().map(PhaseNumber).collect();
        self
    }

    /// The event's content.
    #[must_use]
    pub fn build(self) -> Created {
        self.created
    }
}

/// A plan whose phases have nothing but numbers and dependencies.
#[must_use]
pub fn plan(dependencies: &[&[u32]]) -> Plan {
    let phases = (1..).zip(dependencies).map(|(number, depends_on)| phase(number, depends_on)).collect();
    Plan { title: "A plan".to_owned(), phases, declared_waves: None, files: vec!["plan.md".to_owned()] }
}

fn phase(number: u32, depends_on: &[u32]) -> Phase {
    Phase {
        number: PhaseNumber(number),
        name: format!("part {number}"),
        marked_complete: false,
        depends_on: depends_on.iter().copied().map(PhaseNumber).collect(),
        depends_line: number,
        depends_file: "plan.md".to_owned(),
        objective: None,
        complexity: None,
        risk: None,
        estimated_time: None,
        files: Vec::new(),
        files_none: true,
        tasks: Vec::new(),
        stages: Vec::new(),
        body: String::new(),
        blocks: Vec::new(),
        file: "plan.md".to_owned(),
        line: number,
    }
}

fn task(line: u32) -> Task {
    Task { text: format!("task {line}"), done: false, line, stage: None }
}

fn paths() -> Paths {
    Paths {
        project: "project".to_owned(),
        trees: "trees".to_owned(),
        topic: "specs/001_plan".to_owned(),
        topic_number: 1,
        plan: Some("plan.md".to_owned()),
        debug: Some("specs/001_plan/debug/001_plan.md".to_owned()),
        named: Vec::new(),
        overview: None,
        summary: "specs/001_plan/summaries/001_summary.md".to_owned(),
    }
}

fn options() -> Options {
    Options {
        max_parallel: 3,
        max_research: None,
        auto_create_debug: true,
        replan: Some(Replanning::default()),
        permissions: None,
        gate_ms: None,
        agent: AgentChoice { name: "simulated".to_owned(), repairs: true, ..AgentChoice::default() },
        test_command: Some("make test".to_owned()),
        check_command: None,
        forecast: None,
        verdicts: None,
        test_limit_ms: 60_000,
        limits: AttemptLimits::default(),
        tree_setup: Vec::new(),
        tree_links: Vec::new(),
        snapshot_ms: coordinate_model::event::SNAPSHOT_MS,
        role_agents: std::collections::BTreeMap::new(),
        quota: coordinate_model::quota::Quota::default(),
        interrupted: coordinate_model::event::Interrupted::default(),
        budget: None,
        merge: Merging::default(),
    }
}
