//! The states of a run's workflow: what is done, where it stands, what comes next.

use coordinate_model::definition::StateName;
use coordinate_model::run::Run;
use std::fmt::Write;

/// How a diagram is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a terminal.
    Text,
    /// Mermaid.
    Mermaid,
    /// Graphviz.
    Dot,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Done,
    Current,
    Next,
    Other,
}

/// Draws the states.
#[must_use]
pub fn draw(run: &Run, format: Format) -> String {
    match format {
        Format::Text => terminal(run),
        Format::Mermaid => mermaid(run),
        Format::Dot => dot(run),
    }
}

/// The states in the order in which they can be reached.
fn ordered(run: &Run) -> Vec<StateName> {
    let definition = &run.created.definition;
    let mut states = vec![definition.initial.clone()];
    let mut at = 0;
    while let Some(name) = states.get(at).cloned() {
        let next = definition.state(&name).map(|state| state.to.clone()).unwrap_or_default();
        for state in next {
            if !states.contains(&state) {
                states.push(state);
            }
        }
        at += 1;
    }
    // The end goes last, wherever it was reached first.
    states.retain(|state| *state != definition.complete);
    states.push(definition.complete.clone());
    states
}

/// The states that a run of this scope passes when all goes well.
fn way(run: &Run) -> Vec<StateName> {
    let definition = &run.created.definition;
    let mut states = vec![definition.initial.clone()];
    while let Some(next) =
        states.last().and_then(|at| definition.next_state(run.scope(), run.created.plan.is_some(), at))
    {
        if states.len() > definition.state.len() {
            break;
        }
        states.push(next.clone());
    }
    states
}

fn mark(run: &Run, state: &StateName) -> Mark {
    let next = run.created.definition.next_state(run.scope(), run.created.plan.is_some(), &run.state);
    if *state == run.state {
        Mark::Current
    } else if run.completed.contains(state) {
        Mark::Done
    } else if run.outcome.is_none() && run.transition.as_ref().or(next) == Some(state) {
        Mark::Next
    } else {
        Mark::Other
    }
}

fn terminal(run: &Run) -> String {
    let way = way(run);
    let ended = run.state == run.created.definition.complete;
    let done = way.iter().filter(|state| run.completed.contains(state) || (ended && **state == run.state)).count();
    let mut text = format!("{} ({}): completed {done} of {}\n", run.id(), run.scope(), way.len());
    for state in ordered(run) {
        let sign = match mark(run, &state) {
            Mark::Done => "✓",
            Mark::Current if ended => "✓",
            Mark::Current => "▶",
            Mark::Next => "→",
            Mark::Other => " ",
        };
        let to = run.created.definition.state(&state).map(|state| state.to.clone()).unwrap_or_default();
        let to: Vec<&str> = to.iter().map(StateName::as_str).collect();
        let to = if to.is_empty() { String::new() } else { format!(" ─▶ {}", to.join(", ")) };
        let note = if way.contains(&state) { "" } else { "  (not on this scope's way)" };
        let _ = writeln!(text, "  {sign} {state:<12}{to}{note}");
    }
    text
}

fn mermaid(run: &Run) -> String {
    let mut text = "stateDiagram-v2\n".to_owned();
    let _ = writeln!(text, "    [*] --> {}", run.created.definition.initial);
    for state in ordered(run) {
        for to in run.created.definition.state(&state).iter().flat_map(|state| &state.to) {
            let _ = writeln!(text, "    {state} --> {to}");
        }
        let class = match mark(run, &state) {
            Mark::Done => "done",
            Mark::Current => "current",
            Mark::Next => "next",
            Mark::Other => continue,
        };
        let _ = writeln!(text, "    class {state} {class}");
    }
    let _ = writeln!(text, "    {} --> [*]", run.created.definition.complete);
    text.push_str(
        "    classDef done fill:#cfc\n    classDef current fill:#ffc\n    classDef next stroke-dasharray: 4\n",
    );
    text
}

fn dot(run: &Run) -> String {
    let mut text = "digraph states {\n".to_owned();
    for state in ordered(run) {
        let style = match mark(run, &state) {
            Mark::Done => " [style=filled, fillcolor=\"#ccffcc\"]",
            Mark::Current => " [style=filled, fillcolor=\"#ffffcc\"]",
            Mark::Next => " [style=dashed]",
            Mark::Other => "",
        };
        let _ = writeln!(text, "    \"{state}\"{style};");
        for to in run.created.definition.state(&state).iter().flat_map(|state| &state.to) {
            let _ = writeln!(text, "    \"{state}\" -> \"{to}\";");
        }
    }
    text.push_str("}\n");
    text
}
