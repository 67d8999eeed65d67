//! What holds for every run: folding, totality, safety, liveness, rounds, gates, and the golden journal.

#![expect(clippy::unwrap_used, reason = "a failed set-up can only end the test")]

mod budgets;
mod clients;
mod definitions;
mod fold;
mod forecast;
mod forks;
mod gates;
mod golden;
mod handling;
mod journals;
mod judges;
mod limits;
mod oracle;
mod overlaps;
mod people;
mod permissions;
mod queue;
mod replans;
mod rounds;
mod said;
mod sessions;
mod simulation;
mod subruns;
mod telling;
mod total;
mod worlds;
