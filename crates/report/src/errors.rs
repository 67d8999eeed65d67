//! The page on errors, made from the tables that the model acts by.

use coordinate_model::failure::diagnose::ErrorType;
use coordinate_model::failure::{FailureClass, RULES};
use std::fmt::Write;

const HEAD: &str = "\
A message has five parts: what failed in which state, what was expected, what was found, the context (`|` lines, such as
the end of an output), and what to do next.

## Classes

The class decides what is done. Tries, pauses and rounds are those of the workflow's steps (`coordinate workflows show NAME`):
by default three tries, with a random pause of at most 500 ms that doubles.

| class | meaning | tried again | repaired by an agent | then |
|---|---|---|---|---|
";

const PHRASES: &str = "
## How a class is told from an output

When an agent's program ends with another exit code than 0, the last ten lines of its output tell the class, by these
phrases; the first class that matches counts. Transient is also an HTTP status 408, 425, 429, 500, 502, 503, 504 or 529
where it is named as one (`HTTP 503`, `status code 429`). Without any, the failure is permanent.
A line `FAILURE_CLASS: transient` or `FAILURE_CLASS: permanent` among them counts before all phrases.

| class | phrases |
|---|---|
";

const TYPES: &str = "
## What an error is, finer

When tests or checks fail, the message adds what their output tells: one of these, the first that matches, and the first
`file:line` of the project. A place in a library counts only if no other is named.

| error | what to try |
|---|---|
";

/// The page without its title.
#[must_use]
pub fn reference() -> String {
    let mut text = HEAD.to_owned();
    for class in FailureClass::ALL {
        let handling = class.handling();
        let (retried, repaired) = (yes_or_no(handling.retried), yes_or_no(handling.repairable));
        let _ = writeln!(text, "| {class} | {} | {retried} | {repaired} | {} |", class.meaning(), handling.then);
    }
    text.push_str(PHRASES);
    for rule in RULES {
        let phrases: Vec<String> = rule.phrases.iter().map(|phrase| format!("`{phrase}`")).collect();
        let _ = writeln!(text, "| {} | {} |", rule.class, phrases.join(", "));
    }
    text.push_str(TYPES);
    for error in ErrorType::ALL {
        let _ = writeln!(text, "| {error} | {} |", error.suggestion());
    }
    text
}

fn yes_or_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}
