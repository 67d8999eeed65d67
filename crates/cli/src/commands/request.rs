//! A request in plain words: what it means, and the first event of its run.

use super::start::{Choices, run_id, text};
use super::{classify, scope};
use crate::args::{AskedArguments, RunArguments};
use crate::context::Project;
use crate::failure::CommandError;
use crate::paths::{self, Layout, Taking, Topic, Wanted, topic_of};
use crate::workflows;
use coordinate_engine::port::{Files, Repository};
use coordinate_host::files::SystemFiles;
use coordinate_model::definition::{Definition, Need, Scope, When, Writes};
use coordinate_model::digest::hex_sha256;
use coordinate_model::event::{Base, Created, Paths, ResearchTopic};
use coordinate_model::scope::{ScopeDecision, paths_in};
use coordinate_model::topic;
use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

/// What the command line asks for.
pub(crate) enum Requested {
    /// To work by a plan: its path as it was named, and the request's words where there are some.
    Plan(String, Option<Words>),
    /// Anything else.
    Words(Words),
}

/// A request in plain words, read.
pub(crate) struct Words {
    /// The request.
    pub(crate) text: String,
    /// What it asks for.
    pub(crate) decision: ScopeDecision,
}

/// A plan that is to be revised.
struct Revised {
    path: String,
    topic: Topic,
    hash: String,
}

/// Reads the request: a file with phases is a plan, everything else is plain words.
pub(crate) fn read(project: &Project, options: &RunArguments) -> Result<Requested, CommandError> {
    let text = match (&options.request_file, options.request.as_slice()) {
        (Some(file), _) => from_file(file)?,
        (None, [only]) if only == "-" => standard_input()?,
        (None, [only]) if Path::new(only).is_dir() || scope::has_phases(Path::new(only)) => {
            no_other_scope(options, only)?;
            return Ok(Requested::Plan(only.clone(), None));
        }
        (None, [only]) if Path::new(only).is_file() => from_file(Path::new(only))?,
        (None, [only]) if looks_like_a_path(only) => return Ok(Requested::Plan(only.clone(), None)),
        (None, words) => words.join(" "),
    };
    if text.trim().is_empty() {
        return Err(CommandError::usage("the request is empty")
            .hint("say what is to be done in plain words, or name a plan: `coordinate run PLAN.md`"));
    }
    understand(project, text, options)
}

/// What a text asks for, whatever files are named as it is.
pub(crate) fn understand(project: &Project, text: String, options: &RunArguments) -> Result<Requested, CommandError> {
    let decision = decided(project, &text, options)?;
    let words = Words { text, decision };
    match (words.decision.scope, &words.decision.plan_path) {
        (Scope::FullImplementation, Some(plan)) => Ok(Requested::Plan(text_of(&found(project, plan)), Some(words))),
        _ => Ok(Requested::Words(words)),
    }
}

/// What a request asks for. A workflow that has one scope has decided already, unless the user names another.
fn decided(project: &Project, text: &str, options: &RunArguments) -> Result<ScopeDecision, CommandError> {
    let definition = workflows::find(project, &options.workflow)?;
    let mut scopes = definition.scope.keys();
    let (Some(only), None, None) = (scopes.next(), scopes.next(), options.asked.scope) else {
        return Ok(classify::decided(project, text, &options.asked)?.noted());
    };
    let asked = AskedArguments { scope: Some(*only), ..options.asked.clone() };
    let mut decision = classify::decided(project, text, &asked)?.noted();
    decision.reasons = vec![format!("the workflow `{}` has this scope only", definition.name)];
    Ok(decision)
}

fn no_other_scope(options: &RunArguments, plan: &str) -> Result<(), CommandError> {
    match options.asked.scope {
        None | Some(Scope::FullImplementation) => Ok(()),
        Some(other) => Err(CommandError::usage(format!("a plan alone is implemented; it can not be {other}"))
            .hint(format!("say what is to become of it: `coordinate run \"revise {plan} …\"`"))),
    }
}

fn from_file(path: &Path) -> Result<String, CommandError> {
    std::fs::read_to_string(path).map_err(|error| CommandError::usage(format!("`{}`: {error}", path.display())))
}

fn standard_input() -> Result<String, CommandError> {
    let mut text = String::new();
    std::io::stdin().lock().read_to_string(&mut text).map_err(CommandError::internal)?;
    Ok(text)
}

/// One word with a slash or a Markdown ending is the name of a file, and not a request.
fn looks_like_a_path(word: &str) -> bool {
    !word.contains(char::is_whitespace) && (word.contains('/') || word.to_ascii_lowercase().ends_with(".md"))
}

/// A path of a request, from here or from the project's root.
fn found(project: &Project, path: &str) -> PathBuf {
    let here = PathBuf::from(path);
    if here.exists() { here } else { project.root.join(path) }
}

fn text_of(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The commit that work begins at; outside git, and before the first commit, only what needs none is done.
pub(crate) fn base(project: &Project, words: &Words) -> Result<Base, CommandError> {
    if words.decision.scope == Scope::FullImplementation || words.decision.fix {
        return super::start::base(project);
    }
    let head = project.repository.as_ref().map(|repository| repository.head()).transpose()?;
    Ok(head.map_or(Base { branch: None, commit: None }, |head| Base { branch: head.branch, commit: head.commit }))
}

/// Whether the workflow can do what is asked, before anything is written.
pub(crate) fn check(project: &Project, words: &Words, choices: &Choices) -> Result<(), CommandError> {
    let (definition, scope) = (&choices.definition, words.decision.scope);
    if !definition.scope.contains_key(&scope) {
        return Err(lacks(project, definition, scope));
    }
    let first = definition.first_state(scope, false).and_then(|state| definition.state(state));
    if first.is_some_and(|state| state.needs.contains(&Need::Plan)) {
        let message = format!("the workflow `{}` works by a plan, and the request names none", definition.name);
        return Err(CommandError::usage(message)
            .hint(format!("name one: `coordinate run --workflow {} PLAN.md`", definition.name))
            .hint("or let it be planned first: `--workflow coordinate`"));
    }
    revised(project, words, &choices.specs).map(drop)
}

/// The error for a scope that a workflow does not have.
pub(super) fn lacks(project: &Project, definition: &Definition, scope: Scope) -> CommandError {
    let known: Vec<&str> = definition.scope.keys().map(|scope| scope.name()).collect();
    CommandError::usage(format!("the workflow `{}` has no scope {scope}", definition.name))
        .hint(format!("it has: {}", known.join(", ")))
        .hint(format!("`--workflow` with one that has it: {}", workflows::with_scope(project, scope).join(", ")))
        .hint("or choose another scope with `--scope`")
}

/// The names of its topics of research, as parts of file names.
pub(crate) fn slugs(words: &Words, choices: &Choices) -> Vec<String> {
    if !writes(words, choices, Writes::Report) {
        return Vec::new();
    }
    words.decision.topics.iter().map(|topic| topic.slug.clone()).collect()
}

/// Whether the reports are put together into an overview.
pub(crate) fn has_overview(words: &Words, choices: &Choices) -> bool {
    writes(words, choices, Writes::Overview)
}

/// Whether the states of this scope write this. Research comes first in its scopes; a plan is written where the way
/// through the states leads past it.
fn writes(words: &Words, choices: &Choices, what: Writes) -> bool {
    let (definition, scope) = (&choices.definition, words.decision.scope);
    let mut at = definition.initial.clone();
    for _ in 0..definition.state.len() {
        let Some(next) = definition.next_state(scope, false, &at) else { return false };
        let steps = definition.state(next).map(|state| state.steps.as_slice()).unwrap_or_default();
        let topics = u32::try_from(words.decision.topics.len()).unwrap_or(u32::MAX);
        let counts = |when: &When| {
            (when.scope.is_empty() || when.scope.contains(&scope))
                && (when.supervised.is_none_or(|supervised| supervised != choices.tracks(words).is_empty())
                    // The runs below write the reports.
                    || what == Writes::Report)
                && when.topics_min.is_none_or(|least| least <= topics)
                && when.topics_max.is_none_or(|most| topics <= most)
        };
        if steps.iter().any(|step| step.writes == Some(what) && step.when.as_ref().is_none_or(counts)) {
            return true;
        }
        at = next.clone();
    }
    false
}

/// The places that a run of this request would have.
pub(crate) fn layout(project: &Project, words: &Words, choices: &Choices) -> Result<Layout, CommandError> {
    let slugs = slugs(words, choices);
    let mut layout = paths::plan(project, &choices.specs, &topic::name(&words.text), &slugs);
    if let Some(revised) = revised(project, words, &choices.specs)? {
        layout = paths::plan_in(project, &revised.topic, &slugs);
        layout.plan = revised.path;
    }
    Ok(layout)
}

/// The first event of the run. From here on things are written, unless it is only supposed: the topic, the numbers of its
/// files.
pub(crate) fn create(
    project: &Project,
    words: &Words,
    choices: Choices,
    base: Base,
    taking: Taking,
) -> Result<Created, CommandError> {
    let id = run_id(taking)?;
    let revised = revised(project, words, &choices.specs)?;
    let slugs = slugs(words, &choices);
    let wanted = Wanted {
        reports: &slugs,
        overview: has_overview(words, &choices),
        plan: writes(words, &choices, Writes::Plan),
        // What is implemented may have to be debugged.
        debug: matches!(words.decision.scope, Scope::DebugOnly | Scope::FullImplementation),
    };
    let name = topic::name(&words.text);
    let topic = revised.as_ref().map_or(Err(name.as_str()), |revised| Ok(revised.topic.clone()));
    let layout = match taking {
        Taking::Taken => paths::reserve(project, &choices.specs, &id, topic, wanted)?,
        Taking::Supposed => layout(project, words, &choices)?,
    };
    let plan = wanted.plan.then(|| layout.plan.clone());
    let topics = words.decision.topics.iter().zip(&layout.reports).map(|(topic, report)| ResearchTopic {
        name: topic.name.clone(),
        slug: topic.slug.clone(),
        focus: topic.focus.clone(),
        report: report.clone(),
    });
    let tracks = choices.tracks(words);
    Ok(Created {
        request: words.text.trim().to_owned(),
        scope: words.decision.scope,
        reasons: words.decision.reasons.clone(),
        fix: words.decision.fix,
        topics: topics.collect(),
        tracks: if slugs.is_empty() { Vec::new() } else { tracks },
        parent: None,
        forked: None,
        revises: revised.as_ref().map(|revised| revised.hash.clone()),
        definition: choices.definition,
        roles: choices.roles,
        standards: choices.standards,
        plan: None,
        plan_hash: None,
        learned: Vec::new(),
        done: Vec::new(),
        paths: Paths {
            project: text(&project.root),
            trees: text(&choices.trees.join(id.as_str())),
            topic: layout.topic.path,
            topic_number: layout.topic.number,
            plan: revised.map(|revised| revised.path).or(plan),
            debug: wanted.debug.then_some(layout.debug),
            named: named(project, &words.text),
            overview: wanted.overview.then_some(layout.overview),
            summary: layout.summary,
        },
        options: choices.options,
        base,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        run: id,
    })
}

/// The most files that a request brings along by naming their folder.
const MOST_NAMED: usize = 64;

/// The files of the project that a request names, and those of the topic folders that it names: what is not committed yet
/// would otherwise not be there for an agent to read.
fn named(project: &Project, request: &str) -> Vec<String> {
    let mut files = BTreeSet::new();
    for path in paths_in(request) {
        let Ok(place) = found(project, &path).canonicalize() else { continue };
        let below = if place.is_dir() { SystemFiles.walk(&place) } else { vec![String::new()] };
        for file in below.iter().filter(|file| place.is_file() || file.ends_with(".md")).take(MOST_NAMED) {
            let file = if file.is_empty() { place.clone() } else { place.join(file) };
            files.extend(file.strip_prefix(&project.root).ok().map(text_of));
        }
    }
    files.into_iter().filter(|file| !file.starts_with(".git/") && !file.starts_with(".coordinate/")).collect()
}

/// The plan that the request wants revised: each way that it can be wrong has its own message.
fn revised(project: &Project, words: &Words, specs: &str) -> Result<Option<Revised>, CommandError> {
    if words.decision.scope != Scope::ResearchAndRevise {
        return Ok(None);
    }
    let Some(named) = &words.decision.plan_path else {
        return Err(CommandError::usage("the request names no existing plan to revise")
            .hint("name it by its path: `coordinate run \"revise specs/001_topic/plans/001_plan.md to …\"`"));
    };
    let wrong = |what: &str| CommandError::usage(format!("`{named}` can not be revised: {what}"));
    let place = found(project, named).canonicalize().map_err(|error| wrong(&error.to_string()))?;
    let Ok(inside) = place.strip_prefix(&project.root) else {
        return Err(wrong("it lies outside the project").hint(format!("the project is `{}`", project.root.display())));
    };
    if place.is_dir() {
        return Err(wrong("it is a folder, and one file is revised at a time").hint("name one of its files"));
    }
    let path = text_of(inside);
    let Some(topic) = topic_of(specs, &path) else {
        return Err(
            wrong("it lies in no topic").hint(format!("a plan that can be revised lies in `{specs}/NNN_name/plans/`"))
        );
    };
    let (parsed, _) = super::plan::read(&place, &|_| path.clone())?;
    super::plan::sound_plan(parsed)?;
    let bytes = std::fs::read(&place).map_err(|error| wrong(&error.to_string()))?;
    Ok(Some(Revised { path, topic, hash: hex_sha256(&bytes) }))
}
