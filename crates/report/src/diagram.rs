//! The states of a run's workflow: what is done, where it stands, what comes next.

use crate::estimate;
use coordinate_model::checkpoint::{Checkpoint, Status};
use coordinate_model::definition::{Definition, Scope, StateName};
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
    /// A picture that shows by itself.
    Svg,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Done,
    Current,
    Next,
    Other,
}

/// What is drawn: of a run, or of what a checkpoint holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing {
    /// What it is of.
    title: String,
    /// The states in the order in which they can be reached, each with where it leads to.
    states: Vec<(StateName, Vec<StateName>)>,
    /// The states that its scope passes when all goes well.
    way: Vec<StateName>,
    completed: Vec<StateName>,
    current: StateName,
    complete: StateName,
    next: Option<StateName>,
    /// The word for its end, if it has ended.
    ended: Option<String>,
    left: Option<u64>,
}

impl Drawing {
    /// A run, with the milliseconds that are left of it, if that is known.
    #[must_use]
    pub fn of_run(run: &Run, left: Option<u64>) -> Self {
        let definition = &run.created.definition;
        let table = |name: &StateName| definition.state(name).map(|state| state.to.clone()).unwrap_or_default();
        let next = definition.next_state(run.scope(), run.created.plan.is_some(), &run.state);
        Self {
            title: format!("{} ({})", run.id(), run.scope()),
            states: ordered(&definition.initial, &definition.complete, table),
            way: way(run),
            completed: run.completed.clone(),
            current: run.state.clone(),
            complete: definition.complete.clone(),
            next: run.transition.as_ref().or(next).cloned().filter(|_| run.outcome.is_none()),
            ended: run.outcome.map(|outcome| outcome.name().to_owned()),
            left,
        }
    }

    /// What a checkpoint holds; `definition` is its workflow, where that is known here.
    #[must_use]
    pub fn of_checkpoint(checkpoint: &Checkpoint, definition: Option<&Definition>, left: Option<u64>) -> Self {
        let machine = &checkpoint.state_machine;
        let named = |name: &str| StateName(name.to_owned());
        let (initial, complete) = definition.map_or_else(
            || (named("initialize"), named("complete")),
            |definition| (definition.initial.clone(), definition.complete.clone()),
        );
        // Older formats have no table: the workflow's own is what they went by.
        let known = |name: &StateName| definition.and_then(|definition| Some(definition.state(name)?.to.clone()));
        let table =
            |name: &StateName| machine.transition_table.get(name).cloned().or_else(|| known(name)).unwrap_or_default();
        let way = checkpoint_way(checkpoint, definition);
        let at = way.iter().position(|state| *state == machine.current_state);
        let ended = match checkpoint.status {
            Status::Completed => Some("completed".to_owned()),
            Status::Failed => Some("failed".to_owned()),
            Status::Cancelled => Some("cancelled".to_owned()),
            Status::InProgress | Status::Unknown => None,
        };
        Self {
            title: format!("{} ({})", checkpoint.checkpoint_id, checkpoint.scope.map_or("no scope", Scope::name)),
            states: ordered(&initial, &complete, table),
            next: at.and_then(|at| way.get(at + 1)).cloned().filter(|_| ended.is_none()),
            way,
            completed: machine.completed_states.clone(),
            current: machine.current_state.clone(),
            complete,
            ended,
            left,
        }
    }

    /// How far it has come: `completed 2 of 5`.
    fn progress(&self) -> String {
        let done = self.way.iter().filter(|state| self.is_done(state)).count();
        let left = self.ended.clone().unwrap_or_else(|| estimate::words(self.left));
        format!("completed {done} of {}, {left}", self.way.len())
    }

    /// The end is done as soon as it is entered.
    fn is_done(&self, state: &StateName) -> bool {
        let here = *state == self.current;
        if here { self.complete == *state } else { self.completed.contains(state) }
    }

    fn mark(&self, state: &StateName) -> Mark {
        if *state == self.current {
            Mark::Current
        } else if self.completed.contains(state) {
            Mark::Done
        } else if self.next.as_ref() == Some(state) {
            Mark::Next
        } else {
            Mark::Other
        }
    }
}

/// The states that a checkpoint's scope passes: by its workflow, else as far as it came.
#[must_use]
pub fn checkpoint_way(checkpoint: &Checkpoint, definition: Option<&Definition>) -> Vec<StateName> {
    let by_workflow = definition.zip(checkpoint.scope).map(|(definition, scope)| {
        passed(definition, scope, checkpoint.plan_path.is_some() && scope == Scope::FullImplementation)
    });
    by_workflow.filter(|way| way.len() > 1).unwrap_or_else(|| {
        let machine = &checkpoint.state_machine;
        machine.completed_states.iter().chain([&machine.current_state]).cloned().collect()
    })
}

/// Draws the states.
#[must_use]
pub fn draw(drawing: &Drawing, format: Format) -> String {
    match format {
        Format::Text => terminal(drawing),
        Format::Mermaid => mermaid(drawing),
        Format::Dot => dot(drawing),
        Format::Svg => svg(drawing),
    }
}

/// The states in the order in which they can be reached.
fn ordered(
    initial: &StateName,
    complete: &StateName,
    table: impl Fn(&StateName) -> Vec<StateName>,
) -> Vec<(StateName, Vec<StateName>)> {
    let mut states = vec![initial.clone()];
    let mut at = 0;
    while let Some(name) = states.get(at).cloned() {
        for state in table(&name) {
            if !states.contains(&state) {
                states.push(state);
            }
        }
        at += 1;
    }
    // The end goes last, wherever it was reached first.
    states.retain(|state| state != complete);
    states.push(complete.clone());
    states.into_iter().map(|name| (name.clone(), table(&name))).collect()
}

/// The states that a run of this scope passes when all goes well.
#[must_use]
pub fn way(run: &Run) -> Vec<StateName> {
    passed(&run.created.definition, run.scope(), run.created.plan.is_some())
}

fn passed(definition: &Definition, scope: Scope, has_plan: bool) -> Vec<StateName> {
    let mut states = vec![definition.initial.clone()];
    while let Some(next) = states.last().and_then(|at| definition.next_state(scope, has_plan, at)) {
        if states.len() > definition.state.len() {
            break;
        }
        states.push(next.clone());
    }
    states
}

fn terminal(drawing: &Drawing) -> String {
    let mut text = format!("{}: {}\n", drawing.title, drawing.progress());
    for (state, to) in &drawing.states {
        let sign = match drawing.mark(state) {
            Mark::Done => "✓",
            Mark::Current if drawing.is_done(state) => "✓",
            Mark::Current => "▶",
            Mark::Next => "→",
            Mark::Other => " ",
        };
        let to: Vec<&str> = to.iter().map(StateName::as_str).collect();
        let to = if to.is_empty() { String::new() } else { format!(" ─▶ {}", to.join(", ")) };
        let note = if drawing.way.contains(state) { "" } else { "  (not on this scope's way)" };
        let _ = writeln!(text, "  {sign} {state:<12}{to}{note}");
    }
    text
}

fn mermaid(drawing: &Drawing) -> String {
    let mut text = format!("stateDiagram-v2\n    %% {}\n", drawing.progress());
    let ends = (drawing.states.first(), drawing.states.last());
    if let Some((initial, _)) = ends.0 {
        let _ = writeln!(text, "    [*] --> {initial}");
    }
    for (state, to) in &drawing.states {
        for to in to {
            let _ = writeln!(text, "    {state} --> {to}");
        }
        let class = match drawing.mark(state) {
            Mark::Done => "done",
            Mark::Current => "current",
            Mark::Next => "next",
            Mark::Other => continue,
        };
        let _ = writeln!(text, "    class {state} {class}");
    }
    if let Some((complete, _)) = ends.1 {
        let _ = writeln!(text, "    {complete} --> [*]");
    }
    text.push_str(
        "    classDef done fill:#cfc\n    classDef current fill:#ffc\n    classDef next stroke-dasharray: 4\n",
    );
    text
}

fn dot(drawing: &Drawing) -> String {
    let mut text = format!("digraph states {{\n    label=\"{}\";\n", drawing.progress());
    for (state, to) in &drawing.states {
        let style = match drawing.mark(state) {
            Mark::Done => " [style=filled, fillcolor=\"#ccffcc\"]",
            Mark::Current => " [style=filled, fillcolor=\"#ffffcc\"]",
            Mark::Next => " [style=dashed]",
            Mark::Other => "",
        };
        let _ = writeln!(text, "    \"{state}\"{style};");
        for to in to {
            let _ = writeln!(text, "    \"{state}\" -> \"{to}\";");
        }
    }
    text.push_str("}\n");
    text
}

/// Sizes of the picture, in its own units.
const ROW: usize = 44;
const WIDTH: usize = 480;

/// The states one below the other, each with where it leads to: arcs that cross one another would say less.
fn svg(drawing: &Drawing) -> String {
    let states = &drawing.states;
    let height = (states.len() + 1) * ROW;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
         font-size=\"13\">\n<text x=\"10\" y=\"24\">{}: {}</text>\n",
        escaped(&drawing.title),
        escaped(&drawing.progress())
    );
    for (at, (state, to)) in states.iter().enumerate() {
        let top = (at + 1) * ROW;
        let (fill, dash) = match drawing.mark(state) {
            Mark::Done => ("#ccffcc", ""),
            Mark::Current => ("#ffffcc", ""),
            Mark::Next => ("#ffffff", " stroke-dasharray=\"4\""),
            Mark::Other => ("#ffffff", ""),
        };
        let to: Vec<&str> = to.iter().map(StateName::as_str).collect();
        let leads = if to.is_empty() { String::new() } else { format!("→ {}", to.join(", ")) };
        let middle = top + 20;
        let _ = writeln!(
            text,
            "<rect x=\"10\" y=\"{top}\" width=\"130\" height=\"32\" rx=\"6\" fill=\"{fill}\" stroke=\"#444444\"{dash}/>\
             <text x=\"20\" y=\"{middle}\">{}</text><text x=\"155\" y=\"{middle}\">{}</text>",
            escaped(state.as_str()),
            escaped(&leads)
        );
    }
    text.push_str("</svg>\n");
    text
}

/// A text in which nothing is markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
