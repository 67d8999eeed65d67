//! Random changes of real texts into everything that reads what others wrote: it never panics, and what it took it gives
//! back.

use coordinate_model::checkpoint;
use coordinate_model::definition::Definition;
use coordinate_model::event::{Event, FORMAT};
use coordinate_model::ids::PhaseNumber;
use coordinate_model::plan::{self, Source};
use coordinate_model::{role, shell};
use coordinate_testkit::fuzz::Target;

fn text(input: &[u8]) -> String {
    String::from_utf8_lossy(input).into_owned()
}

/// A tick changes no phase, and a plan that is ticked is a plan.
#[test]
fn fuzz_plans() {
    let target = Target { name: "plan", folders: &["docs", "benches/reports"], ends: ".md", lines: false };
    target.fuzz(|input| {
        let text = text(input);
        let read = plan::parse(&[Source::new("plan.md", text.as_str())]);
        if read.has_errors() {
            return;
        }
        for phase in &read.plan.phases {
            if let Some(ticked) = plan::tick(&text, phase.number) {
                let again = plan::parse(&[Source::new("plan.md", ticked.as_str())]);
                let numbers = |plan: &plan::Plan| plan.phases.iter().map(|phase| phase.number).collect::<Vec<_>>();
                assert_eq!(numbers(&again.plan), numbers(&read.plan));
            }
        }
        let _unknown = plan::tick(&text, PhaseNumber(u32::MAX));
    });
}

#[test]
fn fuzz_definitions() {
    let folders = &["crates/model/definitions"];
    Target { name: "definition", folders, ends: ".toml", lines: false }.fuzz(|input| {
        if let Ok(definition) = Definition::parse("mine.toml", &text(input)) {
            let stored = serde_json::to_string(&definition).unwrap();
            let again: Definition = serde_json::from_str(&stored).unwrap();
            assert_eq!(again, definition, "what a run stores is what was read");
        }
    });
}

/// An event that is understood is written in a form that means the same.
#[test]
fn fuzz_events() {
    let folders = &["crates/model/tests/golden"];
    Target { name: "event", folders, ends: ".jsonl", lines: true }.fuzz(|input| {
        for format in [1, FORMAT] {
            if let Ok(event) = Event::decode(format, input) {
                let written = serde_json::to_vec(&event).unwrap();
                assert_eq!(Event::decode(FORMAT, &written), Ok(event));
            }
        }
    });
}

#[test]
fn fuzz_roles() {
    let folders = &["crates/model/roles"];
    Target { name: "role", folders, ends: ".md", lines: false }.fuzz(|input| {
        let text = text(input);
        let _read = role::parse("mine.md", &text);
        let _found = role::check("mine.md", &text);
    });
}

#[test]
fn fuzz_checkpoints() {
    let folders = &["crates/model/tests/checkpoints"];
    Target { name: "checkpoint", folders, ends: ".json", lines: false }.fuzz(|input| {
        let _read = checkpoint::parse(&text(input));
    });
}

/// Assignments of a shell file that are read are read again from what is written of them.
#[test]
fn fuzz_shell_state() {
    Target { name: "shell", folders: &[], ends: "", lines: false }.fuzz(|input| {
        let read = shell::read(input);
        for assignment in &read.assignments {
            let word = shell::posix_word(&assignment.value);
            let line = [b"NAME=".as_slice(), &word, b"\n"].concat();
            let again = shell::read(&line);
            assert_eq!(again.assignments.len(), 1, "{line:?}");
            assert_eq!(again.assignments[0].value, assignment.value);
        }
    });
}
