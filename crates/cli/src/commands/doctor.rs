//! `doctor` and `init`.

use super::{print, print_json};
use crate::config::{project_file, template};
use crate::context::Project;
use crate::failure::{CommandError, Exit};
use crate::standards;
use crate::wiring::clients;
use coordinate_engine::port::{Agents, Repository};
use coordinate_model::detect::test_command;
use std::process::Command;

/// One thing that was looked at.
struct Finding {
    name: &'static str,
    good: bool,
    detail: String,
}

pub(crate) fn doctor(project: &Project, as_json: bool) -> Result<Exit, CommandError> {
    let mut findings = vec![git(), repository(project), shell(), state(project), configuration(project)];
    findings.extend(batches(project));
    findings.push(standards(project));
    findings.extend(clients()?.probe().into_iter().map(|probe| Finding {
        name: "agent",
        good: true,
        detail: format!("{}: {}", probe.name, probe.detail),
    }));
    let good = findings.iter().all(|finding| finding.good);
    if as_json {
        let rows = findings
            .iter()
            .map(|finding| serde_json::json!({"name": finding.name, "good": finding.good, "detail": finding.detail}));
        print_json(&rows.collect());
    } else {
        for finding in &findings {
            print(&format!("{} {:<14} {}", if finding.good { "✓" } else { "✗" }, finding.name, finding.detail));
        }
    }
    Ok(if good { Exit::Done } else { Exit::Failed })
}

fn version_of(program: &str) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

fn git() -> Finding {
    match version_of("git") {
        Some(version) => Finding { name: "git", good: true, detail: version },
        None => Finding { name: "git", good: false, detail: "not found; install git 2.38 or newer".to_owned() },
    }
}

fn shell() -> Finding {
    let found = Command::new("sh").args(["-c", ":"]).status().is_ok_and(|status| status.success());
    let detail = if found { "found" } else { "`sh` can not be started" };
    Finding { name: "sh", good: found, detail: detail.to_owned() }
}

fn repository(project: &Project) -> Finding {
    let name = "repository";
    match &project.repository {
        None => Finding { name, good: false, detail: "no git repository here; run `git init` and commit".to_owned() },
        Some(repository) => match repository.head() {
            Ok(head) if head.commit.is_some() => {
                let branch = head.branch.unwrap_or_else(|| "a detached HEAD".to_owned());
                let branch = branch.strip_prefix("refs/heads/").unwrap_or(&branch);
                Finding { name, good: true, detail: format!("{} on {branch}", repository.top_level().display()) }
            }
            Ok(_) => Finding { name, good: false, detail: "it has no commit; commit something first".to_owned() },
            Err(error) => Finding { name, good: false, detail: error.to_string() },
        },
    }
}

fn state(project: &Project) -> Finding {
    let name = "journal";
    match project.journal() {
        Ok(None) => Finding { name, good: true, detail: "no runs yet".to_owned() },
        Ok(Some(journal)) => match journal.storage().headers() {
            Ok(headers) => Finding { name, good: true, detail: format!("{} runs", headers.len()) },
            Err(error) => Finding { name, good: false, detail: error.to_string() },
        },
        Err(_) => Finding { name, good: false, detail: format!("`{}` can not be read", project.state().display()) },
    }
}

/// A batch of file operations that was cut off is taken back here, as by every command that needs the files.
fn batches(project: &Project) -> Option<Finding> {
    let name = "batches";
    match super::batches::taken_back(project) {
        Ok(titles) if titles.is_empty() => None,
        Ok(titles) => Some(Finding { name, good: true, detail: format!("taken back: {}", titles.join(", ")) }),
        Err(error) => Some(Finding { name, good: false, detail: error.message().to_owned() }),
    }
}

fn configuration(project: &Project) -> Finding {
    let name = "configuration";
    match project.config() {
        Ok(config) => {
            Finding { name, good: true, detail: format!("work trees in {}", project.trees(config).display()) }
        }
        Err(_) => Finding { name, good: false, detail: "not valid: `coordinate config` says why".to_owned() },
    }
}

fn standards(project: &Project) -> Finding {
    let found = standards::read(project);
    let files: Vec<String> = found.files.iter().map(|file| format!("`{file}`")).collect();
    let detail = if files.is_empty() {
        format!("none; the customs of {} count; `coordinate init` writes an `AGENTS.md`", found.language.name())
    } else {
        files.join(", ")
    };
    Finding { name: "standards", good: true, detail }
}

/// Writes a first `AGENTS.md` where a project has no standards; whatever is there stays.
fn write_standards(project: &Project) -> Result<(), CommandError> {
    let found = standards::read(project);
    let file = project.root.join("AGENTS.md");
    if !found.files.is_empty() || file.exists() {
        return Ok(());
    }
    let test = test_command(&mut |path| std::fs::read_to_string(project.root.join(path)).ok());
    coordinate_host::atomic::write(&file, found.standards.draft(test.as_deref()).as_bytes())
        .map_err(|error| CommandError::internal(format!("failed to write `{}`: {error}", file.display())))?;
    print(&format!("wrote `{}`: what agents are told of this project; make it yours", file.display()));
    Ok(())
}

pub(crate) fn init(project: &Project) -> Result<Exit, CommandError> {
    let file = project_file(&project.root);
    if file.exists() {
        print(&format!("`{}` is there already and was left as it is", file.display()));
        write_standards(project)?;
        return Ok(Exit::Done);
    }
    let folder = project.root.join(".coordinate");
    let written =
        std::fs::create_dir_all(&folder).and_then(|()| coordinate_host::atomic::write(&file, template().as_bytes()));
    written.map_err(|error| CommandError::internal(format!("failed to write `{}`: {error}", file.display())))?;
    write_standards(project)?;
    print(&format!("wrote `{}`; next: write a plan, then `coordinate run PLAN.md`", file.display()));
    Ok(Exit::Done)
}
