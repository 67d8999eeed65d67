//! What was said to agents, and whether it reached them.

use coordinate_model::run::Run;
use coordinate_model::said::{Message, Saying};

/// One line for each time that somebody steered, and for each answer of a person to a request for leave.
#[must_use]
pub fn lines(run: &Run) -> Vec<String> {
    let steps = run.steps.iter();
    let said = steps.flat_map(|step| step.said.iter().map(move |message| (step.id.as_str(), message)));
    said.filter_map(|(step, message)| match &message.said.what {
        Saying::Steer { text } => {
            let first = text.lines().next().unwrap_or_default();
            Some(format!("`{step}` ← {first} ({}; {})", message.said.by, fate(step, message)))
        }
        Saying::Permission { .. } => None,
    })
    .collect()
}

/// What became of it.
fn fate(step: &str, message: &Message) -> String {
    let Some(told) = &message.told else { return "not told yet".to_owned() };
    let whom = if told.step.as_str() == step {
        format!("attempt {}", told.attempt)
    } else {
        format!("`{}`, attempt {}", told.step, told.attempt)
    };
    if message.heard { format!("reached {whom}") } else { format!("handed to {whom}, which has not taken it") }
}
