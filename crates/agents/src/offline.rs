//! The built-in agent: works without any client, and never pretends.
//!
//! It runs the fenced `sh` blocks of a phase, surveys a repository for the words of a request, turns a request's own
//! enumeration into a plan, and runs a failing test for a debug report. Everything else it refuses before it starts,
//! with the clients that could do it.

mod artifact;
mod blocks;
mod debug;
mod markdown;
mod order;
mod overview;
mod plan;
mod refusal;
mod report;
mod search;
mod survey;
#[cfg(test)]
mod totality;
mod tree;
mod write;

use crate::unwritable;
use coordinate_engine::port::{AgentProbe, Assignment, AttemptProgram, StreamName, TranscriptLine};
use coordinate_model::event::Observation;
use coordinate_model::failure::Failure;
use order::{Block, Order, Wanted};
use std::io::Write;
use std::path::Path;

/// Marks the lines in which the offline agent tells what it does.
const MARK: &str = "@coordinate ";

/// The exit code when the order itself can not be read.
const BAD_ORDER: i32 = 2;

/// The process for an assignment; `clients` is asked only for a refusal, which names those that were found.
pub(crate) fn program(
    program: &Path,
    assignment: &Assignment,
    clients: impl FnOnce() -> Vec<AgentProbe>,
) -> Result<AttemptProgram, Failure> {
    let order = order(assignment, clients)?;
    let path = assignment.folder.join("order.json");
    let order = serde_json::to_vec(&order).map_err(|error| Failure::system(error.to_string()))?;
    std::fs::create_dir_all(&assignment.folder).map_err(|error| unwritable(&assignment.folder, &error))?;
    std::fs::write(&path, order).map_err(|error| unwritable(&path, &error))?;
    Ok(AttemptProgram {
        argv: vec![
            program.to_string_lossy().into_owned(),
            "offline-agent".to_owned(),
            path.to_string_lossy().into_owned(),
        ],
        cwd: assignment.tree.clone(),
        // Without it a block would take the run that this program itself was started in, if there is one.
        env: vec![("COORDINATE_RUN".to_owned(), assignment.run.clone())],
        stdin: None,
    })
}

/// What there is to do, or why it can not be done.
fn order(assignment: &Assignment, clients: impl FnOnce() -> Vec<AgentProbe>) -> Result<Order, Failure> {
    if let Some(artifact) = &assignment.artifact {
        let wanted = Wanted::of(assignment, artifact);
        return match refusal::of(&wanted, artifact.revise) {
            Some(reason) => Err(refusal::failure(&reason, &clients())),
            None => Ok(Order::Artifact(wanted)),
        };
    }
    let is_shell = |info: &str| info.split_whitespace().next() == Some("sh");
    let shell = assignment.blocks.iter().filter(|block| is_shell(&block.info));
    let blocks: Vec<Block> = shell.map(|block| Block { line: block.line, text: block.text.clone() }).collect();
    match (blocks.is_empty(), assignment.phase.is_empty()) {
        (false, _) => Ok(Order::Blocks { blocks }),
        (true, false) => Err(refusal::no_blocks(assignment)),
        (true, true) => Err(refusal::failure(&refusal::Refusal::Mending, &clients())),
    }
}

/// Plays the offline agent: the child process of an attempt. Returns its exit code.
#[must_use]
pub fn offline_main(order: &Path) -> i32 {
    let parsed = std::fs::read(order).map_err(|error| error.to_string());
    match parsed.and_then(|bytes| serde_json::from_slice(&bytes).map_err(|error| error.to_string())) {
        Ok(Order::Blocks { blocks }) => blocks::run_all(&blocks),
        Ok(Order::Artifact(wanted)) => artifact::leave(&wanted),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "failed to read the order `{}`: {error}", order.display());
            BAD_ORDER
        }
    }
}

fn tell(observation: &Observation) {
    if let Ok(text) = serde_json::to_string(observation) {
        let mut out = std::io::stdout();
        let _ = writeln!(out, "{MARK}{text}");
        let _ = out.flush();
    }
}

pub(crate) fn read(line: &TranscriptLine) -> Vec<Observation> {
    if line.stream != StreamName::Out {
        return Vec::new();
    }
    let told = line.text.strip_prefix(MARK).and_then(|text| serde_json::from_str(text).ok());
    told.into_iter().collect()
}

/// A block's beginning as its first command, behind the shell's own mark; its end says nothing to people.
pub(crate) fn shown(line: &TranscriptLine) -> Option<String> {
    match read(line).pop() {
        None => Some(line.text.clone()),
        Some(Observation::ToolStarted { detail, .. }) => Some(format!("$ {detail}")),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coordinate_engine::port::Limits;
    use coordinate_model::event::AgentChoice;
    use coordinate_model::failure::FailureKind;
    use coordinate_model::plan::CodeBlock;

    fn assignment(folder: &Path, blocks: &[(&str, &str)]) -> Assignment {
        let block =
            |(info, text): &(&str, &str)| CodeBlock { info: (*info).to_owned(), text: (*text).to_owned(), line: 7 };
        Assignment {
            session: None,
            agent: AgentChoice { name: "offline".to_owned(), ..AgentChoice::default() },
            role: "implementation-executor".to_owned(),
            prompt: String::new(),
            blocks: blocks.iter().map(block).collect(),
            phase: "3".to_owned(),
            run: String::new(),
            step: "implement/p3/agent".to_owned(),
            attempt: 1,
            tree: folder.to_owned(),
            folder: folder.to_owned(),
            limits: Limits { idle_ms: None, hard_ms: None, output_bytes: 1, grace_ms: 1 },
            policy: coordinate_model::permission::Policy::default(),
            artifact: None,
        }
    }

    #[test]
    fn a_phase_without_shell_blocks_is_refused_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let failure =
            program(Path::new("coordinate"), &assignment(folder.path(), &[("rust", "x"), ("shell", "y")]), Vec::new);
        let failure = failure.unwrap_err();
        assert_eq!(failure.kind, FailureKind::NoInstructions);
        assert!(failure.remedy[0].contains("--agent"), "{failure:?}");
    }

    #[test]
    fn blocks_run_in_order_and_the_first_failure_stops() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("mark");
        let write = format!("echo one > {0}", mark.display());
        let fails = format!("echo two >> {0}\nfalse\necho three >> {0}", mark.display());
        let blocks = [("sh", write.as_str()), ("text", "exit 9"), ("sh", fails.as_str()), ("sh", "exit 9")];
        let program = program(Path::new("coordinate"), &assignment(folder.path(), &blocks), Vec::new).unwrap();
        assert_eq!(offline_main(Path::new(&program.argv[2])), 1);
        assert_eq!(std::fs::read_to_string(mark).unwrap(), "one\ntwo\n");
    }

    #[test]
    fn an_unset_variable_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let blocks = [("sh", "echo \"$COORDINATE_NEVER_SET\"")];
        let program = program(Path::new("coordinate"), &assignment(folder.path(), &blocks), Vec::new).unwrap();
        assert_ne!(offline_main(Path::new(&program.argv[2])), 0);
    }

    #[test]
    fn only_marked_lines_are_observations() {
        let line = |text: &str| TranscriptLine { stream: StreamName::Out, text: text.to_owned(), next_offset: 1 };
        assert_eq!(read(&line("hello")), []);
        assert_eq!(read(&line("@coordinate {broken")), []);
        let ended = Observation::tool_ended("sh", true);
        assert_eq!(read(&line(r#"@coordinate {"what":"tool_ended","tool":"sh","ok":true}"#)), [ended]);
    }

    #[test]
    fn marked_lines_are_shown_as_commands() {
        let shown = |text: &str| {
            super::shown(&TranscriptLine { stream: StreamName::Out, text: text.to_owned(), next_offset: 1 })
        };
        assert_eq!(shown("hello"), Some("hello".to_owned()));
        let started = r#"@coordinate {"what":"tool_started","tool":"sh","detail":"make"}"#;
        assert_eq!(shown(started), Some("$ make".to_owned()));
        assert_eq!(shown(r#"@coordinate {"what":"tool_ended","tool":"sh","ok":true}"#), None);
    }
}
