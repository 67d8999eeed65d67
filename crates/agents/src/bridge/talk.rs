//! A conversation as a pure state machine: what comes in, what is to be done. The [pump](super::pump) has the pipes.

use super::Note;
use coordinate_model::said::Said;
use serde_json::Value;

/// What a conversation hears.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Come {
    /// A line of the client.
    Line(Value),
    /// Something that the attempt is told, by its number.
    Said(u32, Said),
    /// A request for leave has waited for too long.
    Overdue(String),
    /// The attempt is to end.
    Stop,
}

/// What a conversation wants done.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Act {
    /// A line for the client.
    Send(Value),
    /// A line of the bridge's own output.
    Note(Note),
    /// The conversation is over: exit with this code.
    End(i32),
}

/// One protocol's conversation.
pub(super) trait Talk {
    /// What is said first.
    fn begin(&mut self) -> Vec<Act>;

    /// What follows from something that came.
    fn hear(&mut self, come: Come) -> Vec<Act>;

    /// The requests for leave that nobody has answered.
    fn asks(&self) -> Vec<String>;
}
