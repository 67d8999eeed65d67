//! All that a run is given at its start: the plan, what of it is done, the choices, the paths.

use super::request::Words;
use super::{forecast, plan, players};
use crate::args::RunArguments;
use crate::config::Config;
use crate::context::Project;
use crate::failure::CommandError;
use crate::paths::{self, Layout, Taking, Wanted, reserve, specs_root, topic_of};
use crate::workflows;
use coordinate_engine::port::Repository;
use coordinate_model::definition::{Definition, Scope};
use coordinate_model::event::{Base, Created, Options, Paths};
use coordinate_model::ids::{PhaseNumber, RunId};
use coordinate_model::plan::{Graph, Source, content_hash};
use coordinate_model::replan::Replanning;
use coordinate_model::role::Role;
use coordinate_model::standards::Standards;
use coordinate_model::subrun;
use coordinate_model::topic;
use std::collections::BTreeMap;
use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

/// A plan that can be worked with.
pub(crate) struct Plan {
    /// As parsed.
    pub(crate) plan: coordinate_model::plan::Plan,
    /// Its graph.
    pub(crate) graph: Graph,
    sources: Vec<Source>,
    place: PathBuf,
    inside: bool,
}

/// What the person chose.
pub(crate) struct Choices {
    /// The workflow.
    pub(crate) definition: Definition,
    /// The roles that it names.
    pub(crate) roles: BTreeMap<String, Role>,
    /// The project's standards.
    pub(crate) standards: Standards,
    /// The options.
    pub(crate) options: Options,
    /// The folder of topics.
    pub(crate) specs: String,
    /// The folder of work trees.
    pub(crate) trees: PathBuf,
    /// How much the agent's model can read at once, in tokens.
    pub(crate) window: u64,
}

impl Choices {
    /// The topics of a request that are led together.
    pub(crate) fn tracks(&self, words: &Words) -> Vec<Vec<u32>> {
        subrun::tracks(words.decision.topics.len(), self.window)
    }
}

impl Plan {
    /// Its hash without its check marks.
    pub(super) fn hash(&self) -> String {
        content_hash(&self.sources)
    }
}

/// Reads the plan that a request names.
pub(crate) fn read_plan(project: &Project, request: &str) -> Result<Plan, CommandError> {
    let named = Path::new(request);
    if !named.exists() {
        return Err(CommandError::usage(format!("there is no plan file `{request}`"))
            .hint("`run` takes a Markdown file with `### Phase N: Name` headings, or a folder of them")
            .hint("a request in plain words is more than one word: `coordinate run \"research …\"`"));
    }
    let place = named.canonicalize().map_err(|error| CommandError::usage(format!("`{request}`: {error}")))?;
    let inside = place.starts_with(&project.root);
    let name = |path: &Path| path.strip_prefix(&project.root).unwrap_or(path).display().to_string();
    let (parsed, sources) = plan::read(&place, &name)?;
    for warning in parsed.diagnostics.iter().filter(|_| !plan::problems(&parsed).1) {
        super::note(&warning.to_string());
    }
    let (plan, graph) = plan::sound_plan(parsed)?;
    Ok(Plan { plan, graph, sources, place, inside })
}

/// The phases that are done already. A tick alone is a claim: a commit in the history must have completed the phase.
pub(crate) fn done_phases(
    project: &Project,
    plan: &Plan,
    options: &RunArguments,
) -> Result<Vec<PhaseNumber>, CommandError> {
    let ticked: Vec<_> = plan.plan.phases.iter().filter(|phase| phase.done()).collect();
    if options.all || ticked.is_empty() {
        return Ok(Vec::new());
    }
    let repository = project.need_repository()?;
    let subjects = match repository.head()?.commit {
        Some(commit) => repository.subjects(&commit)?,
        None => Vec::new(),
    };
    let shown = |phase: &coordinate_model::plan::Phase| {
        let end = format!(": complete phase {} - {}", phase.number, phase.name);
        subjects.iter().any(|subject| subject.starts_with("feat(") && subject.ends_with(&end))
    };
    let doubtful: Vec<String> = ticked
        .iter()
        .filter(|phase| !shown(phase))
        .map(|phase| format!("phase {} - {}", phase.number, phase.name))
        .collect();
    let numbers = || ticked.iter().map(|phase| phase.number).collect();
    if doubtful.is_empty() || options.trust_ticks || options.yes {
        return Ok(numbers());
    }
    let question = format!("ticked, but no commit in the history completes them: {}", doubtful.join(", "));
    if ask(&format!("{question}\ntake them as done? [y/N] "))? {
        return Ok(numbers());
    }
    Err(CommandError::question(question).hint("`--trust-ticks` takes them as done, `--all` does every phase again"))
}

/// Asks on a terminal; without one nobody says yes.
pub(super) fn ask(question: &str) -> Result<bool, CommandError> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(false);
    }
    let _ = std::io::stderr().lock().write_all(question.as_bytes());
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(CommandError::internal)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

/// What the flags and the configuration choose.
pub(crate) fn choices(project: &Project, options: &RunArguments) -> Result<Choices, CommandError> {
    let config = project.config()?;
    let definition = workflows::find(project, &options.workflow)?;
    let definition = if config.flag("verify.blind") { definition.with_blind_verifier() } else { definition };
    if let Some(told) = workflows::overriding(project, &options.workflow) {
        super::note(&told);
    }
    let mut roles = crate::roles::of_run(project, config, &definition)?;
    crate::permissions::of_roles(&mut roles);
    let agent = super::agent::choose(config, options)?;
    let budget = super::budget::of_run(project, options.limits, &roles, &agent)?;
    let wanted = options.max_parallel.map(u64::from).or_else(|| config.number("max_parallel")).unwrap_or(3);
    // A workflow that works one after another says so in its policy; nobody's taste makes it parallel.
    let most = if definition.policy.max_parallel == 1 { 1 } else { u32::try_from(wanted).unwrap_or(u32::MAX).max(1) };
    let role_agents = players::of_roles(project, options, &roles, &agent)?;
    let permissions = crate::permissions::of_run(config)?;
    crate::permissions::check(permissions.as_deref(), &roles, |role| role_agents.get(role).unwrap_or(&agent))?;
    Ok(Choices {
        options: Options {
            max_parallel: most,
            max_research: at_most(config, "parallel_research_agents"),
            auto_create_debug: config.flag("auto_create_debug"),
            replan: Some(Replanning { forced: options.force_replan, ..config.replanning() }),
            permissions,
            gate_ms: config.number("gates.timeout_minutes").filter(|at| *at > 0).map(|at| at.saturating_mul(60_000)),
            role_agents,
            quota: config.quota(players::fallback(config, &agent)?)?,
            interrupted: config.interrupted()?,
            agent,
            test_command: config.text("test.command").map(str::to_owned),
            check_command: config.text("check.command").filter(|command| !command.is_empty()).map(str::to_owned),
            forecast: Some(config.forecast()?),
            verdicts: Some(Box::new(config.verdicts())),
            test_limit_ms: config.number("test.limit_seconds").unwrap_or(1800).saturating_mul(1000),
            limits: config.limits(),
            tree_setup: config.list("worktree.setup"),
            tree_links: config.list("worktree.link"),
            merge: config.merging(options.merge.as_deref())?,
            snapshot_ms: config.snapshot_ms(),
            budget,
        },
        roles,
        standards: crate::standards::read(project).standards,
        specs: specs_root(project, config),
        trees: project.trees(config),
        window: config.number("agent.window").unwrap_or(200_000),
        definition,
    })
}

/// A number of things at once; 0 is no limit.
fn at_most(config: &Config, name: &str) -> Option<u32> {
    config.number(name).filter(|most| *most > 0).map(|most| u32::try_from(most).unwrap_or(u32::MAX))
}

/// Where the run begins. Asked before anything is written, so that a refused run leaves nothing behind.
pub(crate) fn base(project: &Project) -> Result<Base, CommandError> {
    let head = project.need_repository()?.head()?;
    if head.commit.is_none() {
        return Err(CommandError::usage("the repository has no commit yet, and work trees begin at one")
            .hint("run `git add -A && git commit -m start` first"));
    }
    Ok(Base { branch: head.branch, commit: head.commit })
}

/// The first event of a run. From here on things are written: the topic's number, the summary's.
pub(crate) fn create(
    project: &Project,
    plan: Plan,
    words: Option<&Words>,
    done: Vec<PhaseNumber>,
    choices: Choices,
    base: Base,
    taking: Taking,
) -> Result<Created, CommandError> {
    let id = run_id(taking)?;
    let (plan, layout) = place(project, &choices, &id, plan, taking)?;
    let name = project_path(project, &plan.place);
    let learned = forecast::learned(project, &plan.plan);
    Ok(Created {
        request: words.map_or_else(|| format!("implement the plan {name}"), |words| words.text.trim().to_owned()),
        scope: Scope::FullImplementation,
        reasons: words
            .map_or_else(|| vec!["a plan alone is implemented".to_owned()], |words| words.decision.reasons.clone()),
        fix: false,
        topics: Vec::new(),
        tracks: Vec::new(),
        parent: None,
        forked: None,
        revises: None,
        definition: choices.definition,
        roles: choices.roles,
        standards: choices.standards,
        plan_hash: Some(plan.hash()),
        plan: Some(plan.plan),
        learned,
        done,
        paths: Paths {
            project: text(&project.root),
            trees: text(&choices.trees.join(id.as_str())),
            topic: layout.topic.path,
            topic_number: layout.topic.number,
            plan: Some(name),
            debug: Some(layout.debug),
            named: Vec::new(),
            overview: None,
            summary: layout.summary,
        },
        options: choices.options,
        base,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        run: id,
    })
}

pub(crate) fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn project_path(project: &Project, place: &Path) -> String {
    text(place.strip_prefix(&project.root).unwrap_or(place))
}

/// A new id; for what is only supposed one that no run ever gets, so that nobody looks for it.
pub(crate) fn run_id(taking: Taking) -> Result<RunId, CommandError> {
    let ulid = match taking {
        Taking::Taken => ulid::Ulid::new().to_string().to_lowercase(),
        Taking::Supposed => "0".repeat(26),
    };
    format!("{}{ulid}", RunId::PREFIX).parse().map_err(CommandError::internal)
}

fn title(plan: &Plan) -> String {
    let stem = || plan.place.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    if plan.plan.title.trim().is_empty() { stem() } else { plan.plan.title.clone() }
}

/// Takes the topic of a plan, and brings the plan into it if it lies outside the project.
fn place(
    project: &Project,
    choices: &Choices,
    id: &RunId,
    plan: Plan,
    taking: Taking,
) -> Result<(Plan, Layout), CommandError> {
    let named = topic::name(&title(&plan));
    let own = topic_of(&choices.specs, &project_path(project, &plan.place)).filter(|_| plan.inside);
    if taking == Taking::Supposed {
        let layout = match &own {
            Some(topic) => paths::plan_in(project, topic, &[]),
            None => paths::plan(project, &choices.specs, &named, &[]),
        };
        let place = if plan.inside { plan.place.clone() } else { project.root.join(&layout.plan) };
        return Ok((Plan { place, ..plan }, layout));
    }
    let wanted = Wanted { plan: !plan.inside, debug: true, ..Wanted::default() };
    let layout = reserve(project, &choices.specs, id, own.ok_or(named.as_str()), wanted)?;
    let plan = if plan.inside { plan } else { bring_in(project, &layout, plan)? };
    Ok((plan, layout))
}

/// A plan from outside the project is copied into a topic, where its ticks can be committed.
fn bring_in(project: &Project, layout: &Layout, plan: Plan) -> Result<Plan, CommandError> {
    let folder = plan.place.is_dir();
    let file = project.root.join(&layout.plan);
    let place = if folder { file.with_extension("") } else { file };
    for source in &plan.sources {
        let file = Path::new(&source.path).file_name().unwrap_or_default();
        let path = if folder { place.join(file) } else { place.clone() };
        let written = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        let written = written.and_then(|()| coordinate_host::atomic::write(&path, source.text.as_bytes()));
        written.map_err(|error| CommandError::internal(format!("failed to write `{}`: {error}", path.display())))?;
    }
    super::note(&format!("the plan lies outside the project; it was copied to `{}`", project_path(project, &place)));
    read_plan(project, &text(&place))
}
