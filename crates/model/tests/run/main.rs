//! What holds for every run: folding, totality, safety, liveness, rounds, gates, and the golden journal.

mod fold;
mod gates;
mod golden;
mod oracle;
mod rounds;
mod simulation;
mod total;
mod worlds;
