//! The graph of a plan as text for drawing programs.

use super::{Phase, Plan};
use std::fmt::Write;

/// The graph for Mermaid: an arrow leads from a phase to those that wait for it.
#[must_use]
pub fn mermaid(plan: &Plan) -> String {
    let mut text = String::from("flowchart LR\n");
    for phase in &plan.phases {
        let label = mermaid_label(&label(phase));
        let class = if phase.done() { ":::done" } else { "" };
        line(&mut text, format_args!("    p{}[\"{label}\"]{class}", phase.number));
    }
    for (from, to) in arrows(plan) {
        line(&mut text, format_args!("    p{from} --> p{to}"));
    }
    text.push_str("    classDef done fill:#d5f5d5,stroke:#3a7d3a\n");
    text
}

/// The graph for Graphviz: an arrow leads from a phase to those that wait for it.
#[must_use]
pub fn dot(plan: &Plan) -> String {
    let mut text = String::from("digraph plan {\n    rankdir=LR;\n    node [shape=box];\n");
    for phase in &plan.phases {
        let label = dot_label(&label(phase));
        let style = if phase.done() { ", style=filled, fillcolor=\"#d5f5d5\"" } else { "" };
        line(&mut text, format_args!("    p{} [label=\"{label}\"{style}];", phase.number));
    }
    for (from, to) in arrows(plan) {
        line(&mut text, format_args!("    p{from} -> p{to};"));
    }
    text.push_str("}\n");
    text
}

fn line(text: &mut String, content: std::fmt::Arguments<'_>) {
    // Writing to a string can not fail.
    let _ = writeln!(text, "{content}");
}

fn label(phase: &Phase) -> String {
    let name = if phase.name.is_empty() { String::new() } else { format!(": {}", phase.name) };
    format!("Phase {}{name}", phase.number).chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The dependencies between phases that exist, as (needed, waiting).
fn arrows(plan: &Plan) -> impl Iterator<Item = (u32, u32)> + '_ {
    let numbers: std::collections::HashSet<_> = plan.phases.iter().map(|phase| phase.number).collect();
    let pairs = plan.phases.iter().flat_map(|phase| phase.depends_on.iter().map(|needed| (*needed, phase.number)));
    pairs.filter(move |(needed, _)| numbers.contains(needed)).map(|(needed, waiting)| (needed.0, waiting.0))
}

/// Mermaid ends a label at a quotation mark and reads HTML and its own codes inside.
fn mermaid_label(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => escaped.push_str("#quot;"),
            '#' => escaped.push_str("#35;"),
            '&' => escaped.push_str("#amp;"),
            '<' => escaped.push_str("#lt;"),
            '>' => escaped.push_str("#gt;"),
            '`' => escaped.push_str("#96;"),
            '\\' => escaped.push_str("#92;"),
            c => escaped.push(c),
        }
    }
    escaped
}

fn dot_label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
