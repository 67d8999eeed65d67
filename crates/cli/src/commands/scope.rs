//! `scope TEXT` and `topic name TEXT`: what a request would mean, without doing anything.

use super::{classify, print, print_json};
use crate::args::{AskedArguments, ScopeArguments};
use crate::context::Project;
use crate::failure::{CommandError, Exit};
use coordinate_model::definition::Scope;
use coordinate_model::plan::parse;
use coordinate_model::scope::{Given, ScopeDecision, paths_in};
use coordinate_model::topic;
use std::io::Read;
use std::path::Path;

/// Variables that name a scope, the stronger first. The second is that of the older shell system.
const VARIABLES: [&str; 2] = ["COORDINATE_SCOPE", "CLAUDE_WORKFLOW_SCOPE"];

pub(crate) fn scope(project: &Project, options: &ScopeArguments) -> Result<Exit, CommandError> {
    let request = request(&options.text)?;
    let decided = classify::decided(project, &request, &options.asked)?;
    // The explanation has the reasons anyway.
    let decision = if options.explain { decided.decision } else { decided.noted() };
    if options.json {
        print_json(&json(&decision));
    } else if options.explain {
        print(explanation(&decision).trim_end());
    } else {
        print(decision.scope.name());
    }
    Ok(Exit::Done)
}

pub(crate) fn topic_name(text: &[String]) -> Result<Exit, CommandError> {
    print(&topic::name(&request(text)?));
    Ok(Exit::Done)
}

/// The words of a command line as one request; `-` reads it.
pub(super) fn request(words: &[String]) -> Result<String, CommandError> {
    let mut text = words.join(" ");
    if text == "-" {
        text.clear();
        std::io::stdin().lock().read_to_string(&mut text).map_err(CommandError::internal)?;
    }
    if text.trim().is_empty() {
        return Err(CommandError::usage("the request is empty").hint("say what is to be done, in plain words"));
    }
    Ok(text)
}

/// What is known besides a request, with what the flags say.
pub(crate) fn given_with(project: &Project, request: &str, asked: &AskedArguments) -> Result<Given, CommandError> {
    let topics = (!asked.topic.is_empty()).then(|| asked.topic.clone());
    Ok(Given { complexity: asked.complexity, topics, ..given(project, request, asked.scope)? })
}

/// What is known besides a request: flag, environment, configuration, and which of its paths are plans.
fn given(project: &Project, request: &str, flag: Option<Scope>) -> Result<Given, CommandError> {
    let config = project.config()?;
    let named = |text: &str, origin: &str| {
        parse_scope(text).map_err(|message| CommandError::usage(format!("{origin}: {message}")))
    };
    let variable =
        VARIABLES.iter().find_map(|name| Some((name, std::env::var(name).ok().filter(|value| !value.is_empty())?)));
    let default = config.text("default_scope").filter(|name| !name.is_empty());
    Ok(Given {
        flag,
        environment: variable.map(|(name, value)| named(&value, name)).transpose()?,
        default_scope: default.map(|name| named(name, "`default_scope`")).transpose()?,
        existing_plans: paths_in(request).into_iter().filter(|path| is_plan(&project.root, path)).collect(),
        ..Given::default()
    })
}

/// A scope by its name.
pub(crate) fn parse_scope(name: &str) -> Result<Scope, String> {
    let known = || Scope::ALL.map(Scope::name).join(", ");
    let found = Scope::ALL.into_iter().find(|scope| scope.name() == name.trim());
    found.ok_or_else(|| format!("there is no scope `{name}`; the scopes are {}", known()))
}

/// Whether a path, from here or from the project's root, is a plan: a Markdown file among plans, or one with phases, or a
/// folder of such.
fn is_plan(root: &Path, path: &str) -> bool {
    [Path::new(path).to_owned(), root.join(path)].iter().any(|place| {
        let markdown = place.extension().is_some_and(|ending| ending == "md");
        let parent = place.parent().and_then(Path::file_name).is_some_and(|name| name == "plans");
        let fits = (place.is_file() && markdown) || (place.is_dir() && parent);
        fits && (parent || has_phases(place))
    })
}

/// Whether a file or folder is a plan: it has phases.
pub(super) fn has_phases(file: &Path) -> bool {
    super::plan::read(file, &|path| path.display().to_string())
        .is_ok_and(|(_, sources)| !parse(&sources).plan.phases.is_empty())
}

/// The published form: exactly these keys.
fn json(decision: &ScopeDecision) -> serde_json::Value {
    serde_json::json!({
        "scope": decision.scope,
        "complexity": decision.complexity,
        "topics": decision.topics,
        "reasons": decision.reasons,
        "plan_path": decision.plan_path,
    })
}

/// The decision with its reasons, for people.
pub(super) fn explanation(decision: &ScopeDecision) -> String {
    use std::fmt::Write;
    let mut text = format!("scope: {}\n", decision.scope);
    for reason in &decision.reasons {
        let _ = writeln!(text, "  {reason}");
    }
    if let Some(overridden) = decision.overridden {
        let _ = writeln!(text, "  the request alone would give {overridden}");
    }
    if decision.fix {
        let _ = writeln!(text, "  a fix is asked for, not only its cause");
    }
    if let Some(plan) = &decision.plan_path {
        let _ = writeln!(text, "plan: {plan}");
    }
    let _ = writeln!(text, "complexity: {}", decision.complexity);
    for topic in &decision.topics {
        let focus = topic.focus.as_ref().map_or_else(String::new, |focus| format!(": {focus}"));
        let _ = writeln!(text, "topic: {}  ({}){focus}", topic.name, topic.slug);
    }
    text
}
