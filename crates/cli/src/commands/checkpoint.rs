//! `checkpoint`: runs as JSON, and JSON of older programs as something that `resume` can go on from.

mod resume;
mod store;

pub(super) use resume::{find, resume};

use super::{note, print, print_bytes, print_json, state};
use crate::args::{
    Arguments, CheckpointCommand, CheckpointFile, CheckpointsCommand, ExportArguments, StateArguments, StateCommand,
};
use crate::context::{Meant, Project, find_run};
use crate::failure::{CommandError, Exit};
use coordinate_engine::journal::Journal;
use coordinate_model::checkpoint::{Checkpoint, Continuation, Imported, Problem, parse};
use coordinate_model::ids::{PhaseNumber, RunId};
use coordinate_model::run::Run;
use coordinate_report::text::moment;
use coordinate_store::shell::ShellState;
use serde_json::{Value, json};
use std::io::Read;
use std::path::Path;
use store::Entry;
pub(super) use store::Store;

pub(super) fn checkpoint(arguments: &Arguments, command: &CheckpointsCommand) -> Result<Exit, CommandError> {
    let project = || Project::find(arguments.project.as_deref(), &arguments.set);
    let named = |workflow: &Option<String>, command| {
        let options = StateArguments { workflow: workflow.clone(), command: StateCommand::Checkpoint(command) };
        state(arguments.project.as_deref(), &options)
    };
    match command {
        CheckpointsCommand::Export(options) => export(&project()?, options),
        CheckpointsCommand::Check(options) => check(options),
        CheckpointsCommand::Import(options) => import(&project()?, options),
        CheckpointsCommand::List { json } => list(&project()?, *json),
        CheckpointsCommand::Schema => {
            print(&Checkpoint::schema());
            Ok(Exit::Done)
        }
        CheckpointsCommand::Save { name, json, workflow_id } => {
            named(workflow_id, CheckpointCommand::Save { name: name.clone(), json: json.clone() })
        }
        CheckpointsCommand::Load { name, workflow_id } => {
            named(workflow_id, CheckpointCommand::Load { name: name.clone() })
        }
    }
}

fn export(project: &Project, options: &ExportArguments) -> Result<Exit, CommandError> {
    let journal = project.need_journal()?;
    let id = find_run(&journal, options.run.as_deref(), Meant::Newest)?;
    let newest = journal.load(&id)?;
    let run = match options.at {
        Some(event) if event > newest.sequence => {
            return Err(CommandError::usage(format!("`{id}` has no event {event}, its newest is {}", newest.sequence)));
        }
        Some(event) => journal.load_at(&id, event)?,
        None => newest,
    };
    let text = text_of(&run);
    let Some(file) = &options.output else {
        print_bytes(text.as_bytes());
        return Ok(Exit::Done);
    };
    coordinate_host::atomic::write(file, text.as_bytes())
        .map_err(|error| CommandError::usage(format!("failed to write `{}`: {error}", file.display())))?;
    note(&format!("wrote `{}`: {id} at event {}", file.display(), run.sequence));
    Ok(Exit::Done)
}

fn text_of(run: &Run) -> String {
    format!("{:#}\n", Checkpoint::of(run, &moment).to_json())
}

/// A file's text, and the name to show for it.
fn read(file: &Path) -> Result<String, CommandError> {
    let fail = |error: std::io::Error| CommandError::usage(format!("failed to read `{}`: {error}", file.display()));
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes).map_err(fail)?;
    } else {
        bytes = std::fs::read(file).map_err(fail)?;
    }
    String::from_utf8(bytes).map_err(|_| CommandError::usage(format!("`{}` is no UTF-8 text", file.display())))
}

fn check(options: &CheckpointFile) -> Result<Exit, CommandError> {
    let (format, problems, sound) = match parse(&read(&options.file)?) {
        Ok(Imported { format, warnings, .. }) => (Some(format.name()), warnings, true),
        Err(error) => (None, error.problems(), false),
    };
    if options.json {
        print_json(
            &json!({"file": options.file.to_string_lossy(), "format": format, "sound": sound, "problems": problems}),
        );
    } else {
        for problem in &problems {
            print(&format!("{}:{problem}", options.file.display()));
        }
        if let Some(format) = format {
            print(&format!("{}: format {format}, can be imported", options.file.display()));
        }
    }
    Ok(if sound { Exit::Done } else { Exit::Usage })
}

fn import(project: &Project, options: &CheckpointFile) -> Result<Exit, CommandError> {
    let text = read(&options.file)?;
    let imported = parse(&text).map_err(|error| {
        let error = CommandError::usage(format!("`{}` can not be imported: {error}", options.file.display()));
        error.hint("`coordinate checkpoint check FILE` prints each problem with its place in the file")
    })?;
    for warning in &imported.warnings {
        note(&warned(&options.file, warning));
    }
    let entry = Store::of(project).add(&options.file, &text, imported.checkpoint)?;
    if options.json {
        print_json(&entry.checkpoint.to_json());
        return Ok(Exit::Done);
    }
    print(&format!("imported `{}` from format {}; the file stays as it is", entry.id, imported.format.name()));
    describe(&entry, &|line| print(line));
    Ok(Exit::Done)
}

/// What a file holds, in the newest format, whatever its own is.
pub(super) fn parsed(file: &Path) -> Result<Checkpoint, CommandError> {
    let imported = parse(&read(file)?).map_err(|error| {
        CommandError::usage(format!("`{}` is no checkpoint: {error}", file.display()))
            .hint("`coordinate checkpoint check FILE` prints each problem with its place in the file")
    })?;
    Ok(imported.checkpoint)
}

fn warned(file: &Path, problem: &Problem) -> String {
    format!("{}:{problem}", file.display())
}

/// A checkpoint in a few lines: where it stands, and what `resume` would do.
pub(super) fn describe(entry: &Entry, say: &dyn Fn(&str)) {
    let checkpoint = &entry.checkpoint;
    let updated = checkpoint.updated_at.as_deref().unwrap_or("at an unknown time");
    say(&format!("workflow  {}, state `{}`", checkpoint.definition, checkpoint.state_machine.current_state));
    say(&format!("status    {}, last written {updated}", checkpoint.status.name().replace('_', " ")));
    let next = match checkpoint.continuation() {
        Continuation::Nothing => "nothing is left to do".to_owned(),
        Continuation::Plan { path, done } => format!("run the plan `{path}`{}", taken_as_done(&done)),
        Continuation::Request { text, scope } => {
            let scope = scope.map_or_else(String::new, |scope| format!(" ({scope})"));
            format!("run the request `{}`{scope}", crate::context::first_line(text))
        }
        Continuation::Unknown => "nothing: it names neither a request nor a plan".to_owned(),
    };
    say(&format!("resume    `coordinate resume {}`: {next}", entry.id));
}

fn taken_as_done(done: &[PhaseNumber]) -> String {
    if done.is_empty() {
        return String::new();
    }
    let numbers: Vec<String> = done.iter().map(ToString::to_string).collect();
    let word = if numbers.len() == 1 { "phase" } else { "phases" };
    format!(", with {word} {} taken as done", numbers.join(", "))
}

fn list(project: &Project, as_json: bool) -> Result<Exit, CommandError> {
    let mut entries = Store::of(project).list()?;
    let journal = project.journal()?;
    for entry in &mut entries {
        entry.run = begun(journal.as_ref(), entry.run.take())?;
    }
    let saved = match ShellState::open(&project.state().join("shell.db"))? {
        Some(state) => state.checkpoints()?,
        None => Vec::new(),
    };
    if as_json {
        let imported = entries.iter().map(imported_row);
        let saved = saved.iter().map(|row| {
            json!({"kind": "saved", "id": row.name.as_str(), "workflow": row.workflow.as_str(), "updated": moment(row.updated), "bytes": row.bytes})
        });
        print_json(&imported.chain(saved).collect());
        return Ok(Exit::Done);
    }
    for entry in &entries {
        let checkpoint = &entry.checkpoint;
        let updated = checkpoint.updated_at.as_deref().unwrap_or("-");
        let run = entry.run.as_ref().map_or_else(String::new, |run| format!("  → {run}"));
        let (definition, state) = (&checkpoint.definition, &checkpoint.state_machine.current_state);
        print(&format!("imported  {}  {updated}  {definition}: {state}{run}", entry.id));
    }
    for row in &saved {
        print(&format!("saved     {}  {}  {}  {} bytes", row.name, moment(row.updated), row.workflow, row.bytes));
    }
    Ok(Exit::Done)
}

/// A noted run, if it came to be.
fn begun(journal: Option<&Journal>, run: Option<RunId>) -> Result<Option<RunId>, CommandError> {
    let (Some(journal), Some(run)) = (journal, run) else { return Ok(None) };
    Ok(journal.storage().header(&run)?.map(|header| header.run))
}

fn imported_row(entry: &Entry) -> Value {
    let checkpoint = &entry.checkpoint;
    json!({
        "kind": "imported",
        "id": entry.id.as_str(),
        "format": checkpoint.imported_from,
        "definition": checkpoint.definition,
        "state": checkpoint.state_machine.current_state,
        "status": checkpoint.status,
        "updated": checkpoint.updated_at,
        "run": entry.run,
    })
}
