//! `demo`: a small real repository, a real plan, a real run.

use super::drive::{Shown, drive};
use super::{note, print, start};
use crate::args::{DemoArguments, RunArguments};
use crate::context::Project;
use crate::failure::{CommandError, Exit};
use crate::paths::Taking;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Seconds that each phase of the demo takes, so that working in parallel can be seen.
const PAUSE: &str = "0.4";
const SLOW_PAUSE: &str = "4";

const PLAN: &str = include_str!("demo/plan.md");
const README: &str = "# Word tools\n\nThree small tools for texts, made by the plan in `PLAN.md`.\n";
const TESTS: &str = include_str!("demo/tests.sh");
const CONFIG: &str = "[test]\ncommand = \"sh tests/all.sh\"\n";

pub(crate) fn demo(options: &DemoArguments) -> Result<Exit, CommandError> {
    let folder = place(options.dir.as_deref())?;
    let pause = if options.slow { SLOW_PAUSE } else { PAUSE };
    make_repository(&folder, &PLAN.replace("PAUSE", pause))?;
    let folder = folder.canonicalize().map_err(CommandError::internal)?;
    note(&format!("demo repository: {}", folder.display()));
    let project = Project::find(Some(&folder), &[])?;
    let arguments = RunArguments {
        agent: Some("offline".to_owned()),
        workflow: "coordinate".to_owned(),
        ..RunArguments::default()
    };
    let plan = start::read_plan(&project, &folder.join("PLAN.md").to_string_lossy())?;
    note(super::plan::waves_text(&plan.plan, &plan.graph).trim_end());
    let choices = start::choices(&project, &arguments)?;
    let base = start::base(&project)?;
    let journal = project.create_journal()?;
    let created = start::create(&project, plan, None, Vec::new(), choices, base, Taking::Taken)?;
    let (run, begun) = journal.create(created)?;
    let id = run.id().clone();
    let (shown, program) = (folder.display(), program_name());
    if options.slow {
        note(&format!("kill it when you like (process {}), then: cd {shown} && {program} resume", std::process::id()));
    }
    let exit = drive(&project, &journal, &id, Shown::Text, &begun)?;
    if exit != Exit::Done {
        print(&format!("\ngo on with it:\n  cd {shown}\n  {program} resume"));
        return Ok(exit);
    }
    let summary = run.created.paths.summary.clone();
    print(&format!(
        "\nlook at it:\n  cd {shown}\n  git log --graph --oneline\n  cat PLAN.md                 (every phase is ticked)\n  \
         cat {summary}\n  sh bin/report.sh README.md  (what the phases built)\n  {program} show             \
         (every step of the run)\n  {program} logs             (every event)\nkill it and go on:\n  \
         {program} demo --slow"
    ));
    Ok(exit)
}

/// How the user can start this program again from any folder.
fn program_name() -> String {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let installed = std::env::split_paths(&path).any(|folder| folder.join("coordinate").is_file());
    let own = || std::env::current_exe().map(|file| file.display().to_string());
    if installed { "coordinate".to_owned() } else { own().unwrap_or_else(|_| "coordinate".to_owned()) }
}

fn place(named: Option<&Path>) -> Result<PathBuf, CommandError> {
    if let Some(folder) = named {
        let taken = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
        if taken {
            return Err(CommandError::usage(format!("`{}` is not empty", folder.display())).hint("name a new folder"));
        }
        std::fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
        return Ok(folder.to_owned());
    }
    let folder = std::env::temp_dir().join(format!("coordinate-demo-{}", std::process::id()));
    std::fs::create_dir(&folder).map_err(|error| unwritable(&folder, &error))?;
    Ok(folder)
}

fn unwritable(folder: &Path, error: &std::io::Error) -> CommandError {
    CommandError::internal(format!("failed to write `{}`: {error}", folder.display()))
}

fn make_repository(folder: &Path, plan: &str) -> Result<(), CommandError> {
    let files =
        [("PLAN.md", plan), ("README.md", README), ("tests/all.sh", TESTS), (".coordinate/config.toml", CONFIG)];
    for (name, text) in files {
        let path = folder.join(name);
        let written = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(&path, text));
        written.map_err(|error| unwritable(&path, &error))?;
    }
    git(folder, &["init", "--quiet", "--initial-branch=main"])?;
    git(folder, &["add", "--all"])?;
    let identity = ["-c", "user.name=coordinate demo", "-c", "user.email=demo@localhost", "-c", "commit.gpgSign=false"];
    let commit = ["commit", "--quiet", "--no-verify", "--message", "start of the demo"];
    git(folder, &[&identity[..], &commit[..]].concat())
}

fn git(folder: &Path, arguments: &[&str]) -> Result<(), CommandError> {
    let output = Command::new("git").current_dir(folder).args(arguments).output();
    let output = output.map_err(|error| CommandError::internal(format!("failed to start git: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    Err(CommandError::internal(format!(
        "`git {}` failed: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    )))
}
