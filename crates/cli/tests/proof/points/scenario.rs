//! The runs that are swept: small, with hardly any waiting, and between them with every kind of event.

mod asks;
mod author;
mod forge;
mod judged;
mod late;
mod limits;
mod moved;
mod people;
mod plan;
mod replan;
mod request;
mod time;
mod topics;

use crate::support::Project;
use std::path::Path;

/// How a scenario's run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Succeeded,
    Cancelled,
    Failed,
}

/// One of them.
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) project: fn() -> Project,
    /// The commands that people give when the run stands still, by the exit code that its driver ended with.
    pub(super) people: fn(&Project, i32) -> Vec<Vec<String>>,
    /// What people do next when a run has ended, by what is there; until there is nothing more to do.
    pub(super) later: fn(&Project) -> Option<Vec<String>>,
    pub(super) ending: Ending,
}

const fn scenario(name: &'static str, project: fn() -> Project) -> Scenario {
    Scenario { name, project, people: nobody, later: |_| None, ending: Ending::Succeeded }
}

/// All of them.
pub(super) const SCENARIOS: &[Scenario] = &[
    scenario("plan", plan::project),
    Scenario { people: request::people, ..scenario("request", request::project) },
    scenario("replan", replan::project),
    Scenario { people: people::people, ..scenario("people", people::project) },
    Scenario { ending: Ending::Cancelled, ..scenario("cancel", people::cancelled) },
    Scenario { people: limits::people, ..scenario("limits", limits::project) },
    scenario("forge", forge::project),
    scenario("topics", topics::project),
    scenario("moved", moved::project),
    scenario("asks", asks::project),
    scenario("judged", judged::project),
    scenario("late", late::project),
    Scenario { later: time::later, ..scenario("time", time::project) },
];

fn nobody(_: &Project, _: i32) -> Vec<Vec<String>> {
    Vec::new()
}

fn words(commands: &[&[&str]]) -> Vec<Vec<String>> {
    commands.iter().map(|words| words.iter().map(|word| (*word).to_owned()).collect()).collect()
}

/// The names of all kinds of events in the order of the model's source, where a new one is seen at once.
pub(super) fn kinds_of_events() -> Vec<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/src/event.rs");
    let text = std::fs::read_to_string(source).expect("the model's source is there");
    let (_, after) = text.split_once("pub enum Event {\n").expect("the events are an enum");
    let (body, _) = after.split_once("\n}\n").expect("it ends");
    let variants = body.lines().filter_map(|line| line.strip_prefix("    "));
    let named = variants.filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()));
    named.map(|line| snake(line.split(['(', ' ', ',']).next().unwrap_or_default())).collect()
}

fn snake(name: &str) -> String {
    let part = |(at, letter): (usize, char)| {
        let line = if at > 0 && letter.is_ascii_uppercase() { "_" } else { "" };
        format!("{line}{}", letter.to_ascii_lowercase())
    };
    name.char_indices().map(part).collect()
}
