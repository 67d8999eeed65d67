//! What the offline agent can not do: said before anything is started, with what could.

use super::order::Wanted;
use super::plan::{self, PlanRefusal};
use coordinate_engine::port::{AgentProbe, Assignment};
use coordinate_model::artifact::ArtifactKind;
use coordinate_model::failure::{Failure, FailureClass, FailureKind};
use thiserror::Error;

/// Why an artifact is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum Refusal {
    /// Changing a text takes understanding it.
    #[error("the offline agent can not revise a {0}")]
    Revision(ArtifactKind),
    /// No rule makes such an artifact.
    #[error("the offline agent writes no {0}")]
    Kind(ArtifactKind),
    /// Code is changed by the plan's own commands only.
    #[error("the offline agent mends no code")]
    Mending,
    /// The request gives no plan.
    #[error("the offline agent can make no plan of this request: {0}")]
    Plan(PlanRefusal),
}

/// Why an order can not be carried out, if so.
pub(super) fn of(wanted: &Wanted, revise: bool) -> Option<Refusal> {
    if revise {
        return Some(Refusal::Revision(wanted.kind));
    }
    match wanted.kind {
        ArtifactKind::Report | ArtifactKind::Overview | ArtifactKind::Debug => None,
        ArtifactKind::Plan => plan::plan(wanted).err().map(Refusal::Plan),
        ArtifactKind::Summary | ArtifactKind::Output => Some(Refusal::Kind(wanted.kind)),
    }
}

/// The failure of what is refused; `clients` are all that are known.
pub(super) fn failure(refusal: &Refusal, clients: &[AgentProbe]) -> Failure {
    let failure = Failure::new(FailureClass::Permanent, FailureKind::NoInstructions, refusal.to_string());
    let failure = failure.expected_found(expected(refusal), "none");
    let found = found_clients(clients);
    let failure = match found.first() {
        Some(first) => failure
            .remedy(format!("choose a client that was found on this machine: {}; `--agent {first}`", found.join(", "))),
        None => failure.remedy(
            "choose an agent that can work on its own: `--agent NAME`; no client was found on this machine \
             (`coordinate agents` lists them)",
        ),
    };
    if matches!(refusal, Refusal::Plan(_)) {
        return failure.remedy("or number the steps in the request: `1) … 2) … 3) …`, one for each phase");
    }
    failure
}

fn expected(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Revision(_) | Refusal::Kind(_) | Refusal::Mending => "an agent that can read and write",
        Refusal::Plan(_) => "numbered or bulleted steps in the request",
    }
}

/// The clients that were found and work on their own; `offline` is this one, `command` is any program, and `host` waits
/// for one.
fn found_clients(clients: &[AgentProbe]) -> Vec<&str> {
    let others = ["offline", "command", "host"];
    let real = clients.iter().filter(|client| client.found && !others.contains(&client.name.as_str()));
    real.map(|client| client.name.as_str()).collect()
}

/// The failure of a phase without commands.
pub(super) fn no_blocks(assignment: &Assignment) -> Failure {
    Failure::new(
        FailureClass::Permanent,
        FailureKind::NoInstructions,
        format!("phase {} has no fenced `sh` block, and the offline agent does nothing else", assignment.phase),
    )
    .expected_found("at least one ```sh block in the phase", "none")
    .remedy("choose an agent that can work on its own: `--agent NAME` (`coordinate agents` lists them)")
    .remedy("or write the phase's commands into a ```sh block")
}
