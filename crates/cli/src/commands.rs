//! The commands.

mod agent;
mod artifacts;
mod batches;
mod budget;
mod checkpoint;
mod claim;
mod classify;
mod clean;
mod config;
mod context;
mod control;
mod demo;
mod detach;
mod diff;
mod doctor;
mod drive;
mod estimate;
mod forecast;
mod fork;
mod inbox;
mod kept;
mod listing;
mod liveness;
mod logs;
mod metrics;
mod migrate;
mod names;
mod next;
mod paths;
mod plan;
mod players;
mod prompts;
mod reference;
mod replay;
mod request;
mod restore;
mod resume;
mod rewind;
mod roles;
mod run;
mod scope;
mod show;
mod specs;
mod split;
mod start;
mod state;
mod steer;
mod topic;
mod verify;
mod workflows;

pub(crate) use scope::parse_scope;

use crate::args::{Arguments, Command, PlanCommand, TopicCommand};
use crate::context::Project;
use crate::failure::{CommandError, Exit};
use coordinate_model::event::GateAnswer;
pub(crate) use state::state;
use std::io::Write;

/// Carries a command out.
pub(crate) fn dispatch(arguments: &Arguments) -> Result<Exit, CommandError> {
    let project = || Project::find(arguments.project.as_deref(), &arguments.settings());
    let quick = || state::quick_project(arguments.project.as_deref(), &arguments.set);
    match &arguments.command {
        Command::Run(options) => run::run(&project()?, options),
        Command::Resume(options) => resume::resume(&project()?, options),
        Command::Ps(options) => listing::ps(&project()?, options.json),
        Command::Show(options) => show::show(&project()?, options),
        Command::Fork(options) => fork::fork(&project()?, options),
        Command::Rewind(options) => rewind::rewind(&project()?, options),
        Command::Replay(options) => replay::replay(&project()?, options),
        Command::Logs(options) => logs::logs(&project()?, options),
        Command::Metrics(options) => metrics::metrics(&project()?, options),
        Command::Budget(options) => budget::budget(&project()?, options),
        Command::Why(which) => show::why(&project()?, which.run.as_deref()),
        Command::Pause(which) => control::pause(&project()?, which.run.as_deref()),
        Command::Cancel(options) => control::cancel(&project()?, options.run.as_deref(), &options.reason),
        Command::Approve(options) => inbox::answer(&project()?, options, GateAnswer::Approved),
        Command::Reject(options) => inbox::answer(&project()?, options, GateAnswer::Rejected),
        Command::Inbox(options) => inbox::inbox(&project()?, options),
        Command::Steer(options) => steer::steer(&project()?, options),
        Command::Unlock(which) => control::unlock(&project()?, which.run.as_deref()),
        Command::Next(options) => next::next(&quick()?, options),
        Command::Heartbeat(options) => claim::heartbeat(&quick()?, options),
        Command::Done(options) => claim::done(&quick()?, options),
        Command::Fail(options) => claim::fail(&quick()?, options),
        Command::Replan(options) => control::replan(&project()?, options),
        Command::Retry(options) => control::retry(&project()?, options),
        Command::Skip(options) => control::skip(&project()?, options),
        Command::Plan(PlanCommand::Check(options)) => plan::check(&options.file),
        Command::Plan(PlanCommand::Waves(options)) => plan::waves(&options.file, options.json),
        Command::Plan(PlanCommand::Forecast(options)) => forecast::run(&project()?, &options.file, options.json),
        Command::Plan(PlanCommand::Graph(options)) => plan::graph(&options.file, options.format),
        Command::Plan(PlanCommand::Expand(options)) => split::split(&project()?, options, split::Way::Apart),
        Command::Plan(PlanCommand::Collapse(options)) => split::split(&project()?, options, split::Way::Together),
        Command::Scope(options) => scope::scope(&quick()?, options),
        Command::Paths(options) => paths::paths(&quick()?, options),
        Command::Artifacts(options) => artifacts::artifacts(&quick()?, options),
        Command::Topic(TopicCommand::Name { text }) => scope::topic_name(text),
        Command::Topic(TopicCommand::List(options)) => topic::list(&project()?, options.json),
        Command::Topic(TopicCommand::Archive(options)) => topic::archive(&project()?, options),
        Command::Topic(TopicCommand::Restore(options)) => topic::restore(&project()?, options),
        Command::Topic(TopicCommand::Move(options)) => topic::rename(&project()?, options),
        Command::Topic(TopicCommand::Update(options)) => topic::update(&project()?, options),
        Command::Verify(what) => verify::verify(&project()?, what),
        Command::State(options) => state(arguments.project.as_deref(), options),
        Command::Checkpoint(command) => checkpoint::checkpoint(arguments, command),
        Command::Migrate(options) => migrate::migrate(&project()?, options.dry_run),
        Command::Clean(options) => clean::clean(&project()?, options),
        Command::Restore(options) => restore::restore(&project()?, options),
        Command::Diff(options) => diff::diff(&project()?, options),
        Command::Agents(options) => listing::agents(&project()?, options.json),
        Command::Workflows(options) => workflows::workflows(&project()?, options),
        Command::Roles(command) => roles::roles(&project()?, command),
        Command::Config(options) => config::config(&project()?, options),
        Command::Doctor(options) => doctor::doctor(&project()?, options.json),
        Command::Init => doctor::init(&project()?),
        Command::Demo(options) => demo::demo(options),
        Command::Drive(options) => detach::driver(&project()?, options),
        Command::Reference { page } => Ok(reference::page(*page)),
        Command::Completions { shell } => {
            let mut command = <Arguments as clap::CommandFactory>::command();
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut command, "coordinate", &mut script);
            print_bytes(&script);
            Ok(Exit::Done)
        }
    }
}

/// Text on standard output, with a line end. A reader that went away is no error of ours.
pub(crate) fn print(text: &str) {
    print_bytes(text.as_bytes());
    print_bytes(b"\n");
}

pub(crate) fn print_bytes(bytes: &[u8]) {
    let _ = std::io::stdout().lock().write_all(bytes);
}

/// A note on standard error.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// JSON on standard output.
pub(crate) fn print_json(value: &serde_json::Value) {
    print(&format!("{value:#}"));
}
