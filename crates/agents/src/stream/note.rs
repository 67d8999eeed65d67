//! Lines of the [bridge](crate::bridge)'s own among those of a client.

use super::{result, said};
use crate::bridge::Note;
use coordinate_model::event::Observation;

pub(super) fn read(note: Note) -> Vec<Observation> {
    match note {
        Note::Sent { .. } | Note::Waits { .. } => Vec::new(),
        Note::Said { text } => said(&text),
        Note::Session { id } => vec![Observation::Session { id }],
        Note::Used { usage } => vec![Observation::Usage { usage, total: true }],
        Note::Heard { message } => vec![Observation::Heard { message }],
        Note::Settled { request, allowed: true, .. } => {
            vec![Observation::PermissionSettled { request, allowed: true }]
        }
        Note::Settled { request, tool, allowed: false } => {
            vec![Observation::PermissionSettled { request, allowed: false }, Observation::Denied { tool }]
        }
        Note::Ended { cause, message } => vec![result(cause, &message)],
    }
}
