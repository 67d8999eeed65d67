//! Any program as an agent: the prompt on its standard input and as a file, artifacts by contract.

use crate::unwritable;
use coordinate_engine::port::{Assignment, AttemptProgram, StreamName, TranscriptLine};
use coordinate_model::event::{AgentChoice, Observation};
use coordinate_model::failure::{Failure, FailureClass, FailureKind};
use coordinate_model::role::claim;
use std::path::{Path, PathBuf};

/// The longest text of an observation, in characters.
const LONGEST: usize = 4096;

pub(crate) fn check(agent: &AgentChoice) -> Result<(), Failure> {
    if agent.argv.first().is_some_and(|program| !program.is_empty()) {
        return Ok(());
    }
    Err(Failure::new(FailureClass::Permanent, FailureKind::UnmetNeeds, "the command agent has no program")
        .expected_found("a program", "none")
        .remedy("name it: `--agent command --agent-command 'PROGRAM ARGUMENTS'`")
        .remedy("or in `.coordinate/config.toml`: `[agent] command = [\"PROGRAM\", \"ARGUMENT\"]`"))
}

pub(crate) fn program(assignment: &Assignment) -> Result<AttemptProgram, Failure> {
    check(&assignment.agent)?;
    let prompt = write_prompt(assignment)?;
    let env = environment(assignment, &prompt);
    Ok(AttemptProgram { argv: assignment.agent.argv.clone(), cwd: assignment.tree.clone(), env, stdin: Some(prompt) })
}

/// Puts the prompt into the attempt's folder.
pub(crate) fn write_prompt(assignment: &Assignment) -> Result<PathBuf, Failure> {
    let prompt = assignment.folder.join("prompt.md");
    std::fs::create_dir_all(&assignment.folder).map_err(|error| unwritable(&assignment.folder, &error))?;
    std::fs::write(&prompt, &assignment.prompt).map_err(|error| unwritable(&prompt, &error))?;
    Ok(prompt)
}

/// What a program is told of its assignment by variables.
pub(crate) fn environment(assignment: &Assignment, prompt: &Path) -> Vec<(String, String)> {
    let variable = |name: &str, value: String| (format!("COORDINATE_{name}"), value);
    let mut env = vec![
        variable("RUN", assignment.run.clone()),
        variable("STEP", assignment.step.clone()),
        variable("PHASE", assignment.phase.clone()),
        variable("ROLE", assignment.role.clone()),
        variable("TREE", assignment.tree.to_string_lossy().into_owned()),
        variable("PROMPT_FILE", prompt.to_string_lossy().into_owned()),
    ];
    if let Some(order) = &assignment.artifact {
        let inputs: Vec<String> = order.inputs.iter().map(|path| path.to_string_lossy().into_owned()).collect();
        env.extend([
            variable("ARTIFACT", order.path.to_string_lossy().into_owned()),
            variable("ARTIFACT_KIND", order.kind.name().to_owned()),
            variable("SUBJECT", order.subject.clone()),
            variable("REQUEST", order.request.clone()),
            variable("INPUTS", inputs.join("\n")),
        ]);
    }
    env
}

/// Progress and completion lines are kept; the rest is in the transcript.
pub(crate) fn read(line: &TranscriptLine) -> Vec<Observation> {
    if line.stream != StreamName::Out {
        return Vec::new();
    }
    let text: String = line.text.chars().take(LONGEST).collect();
    if let Some(progress) = text.strip_prefix("PROGRESS:") {
        return vec![Observation::Message { text: progress.trim().to_owned() }];
    }
    let claimed = claim(&text).map(|claim| format!("{}: {}", claim.name, claim.value));
    claimed.into_iter().map(|line| Observation::Claim { line }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_and_completion_lines_are_observed() {
        let line = |text: &str| TranscriptLine { stream: StreamName::Out, text: text.to_owned(), next_offset: 1 };
        assert_eq!(read(&line("anything")), []);
        assert_eq!(read(&line("note: created")), []);
        assert_eq!(read(&line("PROGRESS: half way")), [Observation::Message { text: "half way".to_owned() }]);
        let claim = "REPORT_CREATED: reports/001.md".to_owned();
        assert_eq!(read(&line(&claim)), [Observation::Claim { line: claim.clone() }]);
        assert_eq!(read(&line("**REPORT_CREATED:** `reports/001.md`")), [Observation::Claim { line: claim }]);
        let tests = "TESTS_FAILED: 3".to_owned();
        assert_eq!(read(&line(&tests)), [Observation::Claim { line: tests.clone() }]);
    }
}
