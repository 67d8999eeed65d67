//! `metrics`: what runs cost and gave, and figures that people and scripts record.

use super::{print, print_json};
use crate::args::{MetricsArguments, MetricsCommand};
use crate::context::{Meant, Project, find_run, make_state_folder, runs_below};
use crate::failure::CommandError;
use crate::failure::Exit;
use crate::wiring::SystemClock;
use coordinate_engine::port::Clock;
use coordinate_model::ids::RunId;
use coordinate_model::shell::WorkflowId;
use coordinate_report::metrics::{Metrics, of, text};
use coordinate_report::text::{moment, span};
use coordinate_store::figures::{Figure, Figures};
use serde_json::{Value, json};

pub(crate) fn metrics(project: &Project, options: &MetricsArguments) -> Result<Exit, CommandError> {
    match &options.command {
        Some(MetricsCommand::Add { name, value, run }) => add(project, name, value, run.as_deref()),
        Some(MetricsCommand::List { name, json }) => list(project, name.as_deref(), *json),
        None if options.all => of_all(project, options.json),
        None => of_one(project, options.run.as_deref(), options.json),
    }
}

fn of_one(project: &Project, run: Option<&str>, as_json: bool) -> Result<Exit, CommandError> {
    let journal = project.need_journal()?;
    let id = find_run(&journal, run, Meant::Newest)?;
    let prices = super::budget::prices(project.config()?)?;
    let metrics = of(&journal.load(&id)?, &runs_below(&journal, &journal.storage().headers()?, &id)?, &prices);
    let recorded: Vec<Figure> =
        figures(project)?.into_iter().filter(|figure| figure.run.as_deref() == Some(id.as_str())).collect();
    if as_json {
        let mut value = serde_json::to_value(&metrics).map_err(CommandError::internal)?;
        value["recorded"] = recorded.iter().map(as_value).collect();
        print_json(&value);
        return Ok(Exit::Done);
    }
    print(text(&metrics).trim_end());
    for figure in &recorded {
        print(&format!("recorded    {} = {}", figure.name, figure.body));
    }
    Ok(Exit::Done)
}

fn of_all(project: &Project, as_json: bool) -> Result<Exit, CommandError> {
    let journal = project.need_journal()?;
    let headers = journal.storage().headers()?;
    let prices = super::budget::prices(project.config()?)?;
    let runs: Vec<Metrics> = headers
        .iter()
        .filter(|header| header.parent.is_none())
        .map(|header| Ok(of(&journal.load(&header.run)?, &runs_below(&journal, &headers, &header.run)?, &prices)))
        .collect::<Result<_, CommandError>>()?;
    let total = total(&runs);
    if as_json {
        print_json(&json!({"runs": runs, "total": total}));
        return Ok(Exit::Done);
    }
    for one in &runs {
        let outcome = one.outcome.map_or("open", coordinate_model::event::Outcome::name);
        let saved = one.saving.map_or_else(|| "-".to_owned(), |saving| format!("{} %", saving.percent));
        let (by_agents, files) = (one.delegation, one.artifacts);
        let tokens = one.tokens.map_or_else(String::new, |tokens| format!("  tokens {tokens}"));
        print(&format!(
            "{}  {outcome:<9} {:>10}  retries {}  agents {}/{}  artifacts {}/{}  saved {saved}{tokens}  {}",
            one.run,
            span(one.duration_ms),
            one.retries,
            by_agents.part,
            by_agents.of,
            files.part,
            files.of,
            one.request
        ));
    }
    let duration = span(total["duration_ms"].as_u64().unwrap_or_default());
    print(&format!("{} runs in {duration}, {} retries, {} repairs", runs.len(), total["retries"], total["repairs"]));
    Ok(Exit::Done)
}

fn total(runs: &[Metrics]) -> Value {
    let sum = |figure: fn(&Metrics) -> u64| runs.iter().map(figure).sum::<u64>();
    json!({
        "runs": runs.len(),
        "duration_ms": sum(|one| one.duration_ms),
        "retries": sum(|one| one.retries),
        "repairs": sum(|one| one.repairs),
        "artifacts": sum(|one| one.artifacts.part as u64),
        "tokens": runs.iter().filter_map(|one| one.tokens).reduce(u64::saturating_add),
        "usd": runs.iter().filter_map(|one| one.usd).reduce(|sum, usd| sum + usd),
    })
}

/// The place of the recorded figures.
fn place(project: &Project) -> std::path::PathBuf {
    project.state().join("metrics.db")
}

fn figures(project: &Project) -> Result<Vec<Figure>, CommandError> {
    let place = place(project);
    if !place.exists() {
        return Ok(Vec::new());
    }
    Figures::open(&place).and_then(|figures| figures.all()).map_err(CommandError::internal)
}

fn add(project: &Project, name: &str, value: &str, run: Option<&str>) -> Result<Exit, CommandError> {
    // The names of figures are those of workflows: free of everything that a path or a shell could trip over.
    let name: WorkflowId = name.parse().map_err(|_| {
        CommandError::usage(format!("`{name}` is no name for a figure"))
            .hint("a name has 1 to 64 letters, digits, `.`, `_` or `-`")
    })?;
    let value: Value = serde_json::from_str(value).map_err(|error| {
        CommandError::usage(format!("the value of `{name}` is no JSON: {error}"))
            .hint("a text is quoted: `coordinate metrics add NAME '\"text\"'`")
    })?;
    let run: Option<RunId> = run.map(|run| find_run(&project.need_journal()?, Some(run), Meant::Newest)).transpose()?;
    make_state_folder(&project.state())?;
    let figure = Figure {
        at: SystemClock.now(),
        name: name.as_str().to_owned(),
        run: run.map(|run| run.as_str().to_owned()),
        body: value.to_string(),
    };
    let added = Figures::open(&place(project)).and_then(|mut figures| figures.add(&figure));
    added.map_err(CommandError::internal)?;
    Ok(Exit::Done)
}

fn as_value(figure: &Figure) -> Value {
    let value = serde_json::from_str(&figure.body).unwrap_or(Value::Null);
    json!({"at": moment(figure.at), "name": figure.name, "run": figure.run, "value": value})
}

fn list(project: &Project, name: Option<&str>, as_json: bool) -> Result<Exit, CommandError> {
    let wanted = |figure: &Figure| name.is_none_or(|name| figure.name == name);
    let figures: Vec<Figure> = figures(project)?.into_iter().filter(wanted).collect();
    if as_json {
        print_json(&figures.iter().map(as_value).collect());
        return Ok(Exit::Done);
    }
    for figure in &figures {
        let run = figure.run.as_ref().map_or_else(String::new, |run| format!("  ({run})"));
        print(&format!("{}  {} = {}{run}", moment(figure.at), figure.name, figure.body));
    }
    Ok(Exit::Done)
}
