//! The account of what agents were handed: as text and as JSON.

use coordinate_model::context::{Account, Produced, Received, Receiver, TARGET_FROM, TARGET_PER_MILLE, less_per_mille};
use serde_json::{Value, json};
use std::fmt::Write;

/// A table of the artifacts, and one for each agent that was handed some of them.
#[must_use]
pub fn text(account: &Account) -> String {
    if account.produced.is_empty() {
        return "the run has left no artifact whose tokens were counted\n".to_owned();
    }
    let mut out = "what was produced, and what is handed up of it (title and summary)\n".to_owned();
    out.push_str(&head("artifact"));
    for one in &account.produced {
        row(&mut out, one.tokens, one.carried, &one.path);
    }
    let (tokens, carried) = account.sums();
    row(&mut out, tokens, carried, "in all");
    for receiver in &account.receivers {
        received(&mut out, receiver);
    }
    if account.receivers.is_empty() {
        out.push_str("\nno agent was handed any of it\n");
    }
    out.push_str("\ntokens are those of cl100k_base: an estimate for every client\n");
    out
}

fn head(last: &str) -> String {
    format!("{:>9} {:>9} {:>8}  {last}\n", "tokens", "handed", "less")
}

fn row(out: &mut String, produced: u64, handed: u64, name: &str) {
    let _ = writeln!(out, "{produced:>9} {handed:>9} {:>8}  {name}", less(handed, produced));
}

/// `95.6 %`.
fn less(handed: u64, produced: u64) -> String {
    percent(less_per_mille(handed, produced))
}

fn percent(per_mille: u64) -> String {
    format!("{}.{} %", per_mille / 10, per_mille % 10)
}

fn received(out: &mut String, receiver: &Receiver) {
    let _ = writeln!(out, "\nwhat {} was handed", receiver.step);
    out.push_str(&head("artifact"));
    for one in &receiver.items {
        row(out, one.produced, one.handed, &format!("{} ({})", one.path, one.depth.name()));
    }
    let (produced, handed) = receiver.sums();
    row(out, produced, handed, "in all");
    let target = percent(TARGET_PER_MILLE);
    let _ = match receiver.reached() {
        Some(true) => writeln!(out, "the target, {target} less, is reached"),
        Some(false) => writeln!(out, "the target, {target} less, is not reached"),
        None => writeln!(out, "the target, {target} less, holds from {TARGET_FROM} artifacts on"),
    };
}

/// The same for programs.
#[must_use]
pub fn json(account: &Account) -> Value {
    let (tokens, carried) = account.sums();
    json!({
        "encoding": "cl100k_base",
        "artifacts": account.produced.iter().map(produced_json).collect::<Vec<_>>(),
        "total": {"tokens": tokens, "carried": carried, "less_per_mille": less_per_mille(carried, tokens)},
        "target": {"less_per_mille": TARGET_PER_MILLE, "from": TARGET_FROM},
        "receivers": account.receivers.iter().map(receiver_json).collect::<Vec<_>>(),
    })
}

fn produced_json(one: &Produced) -> Value {
    json!({
        "path": one.path,
        "type": one.kind,
        "tokens": one.tokens,
        "carried": one.carried,
        "less_per_mille": less_per_mille(one.carried, one.tokens),
    })
}

fn receiver_json(receiver: &Receiver) -> Value {
    let (produced, handed) = receiver.sums();
    json!({
        "step": receiver.step,
        "tokens": produced,
        "handed": handed,
        "less_per_mille": receiver.less(),
        "reached": receiver.reached(),
        "items": receiver.items.iter().map(item_json).collect::<Vec<_>>(),
    })
}

fn item_json(one: &Received) -> Value {
    json!({"path": one.path, "depth": one.depth.name(), "tokens": one.produced, "handed": one.handed})
}
