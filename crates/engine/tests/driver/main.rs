//! The journal and the driver against storages in memory and on disk, with a deterministic executor and no real work.

#![expect(clippy::unwrap_used, reason = "a failed set-up can only end the test")]

mod crashes;
mod differential;
mod foreign;
mod hand;
mod journals;
mod leases;
mod scheduler;
mod simulation;
mod time;
mod unsteady;
