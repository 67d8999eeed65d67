//! What tests stand on: an environment of their own, real git repositories, a scripted stand-in for a coding agent,
//! a look at the processes that are left over, and a simulated world for runs: seeded ids, a clock that only moves when
//! told to, answers to every obligation, and storage that fails when it is told to.
//!
//! Nothing of this crate ships. Set-up that fails ends the test with a panic that names the line that asked for it.

#![expect(clippy::expect_used, reason = "a failed set-up can only end the test")]

pub mod api;
pub mod clients;
pub mod faults;
pub mod fuzz;
pub mod hermetic;
pub mod namespace;
pub mod points;
pub mod processes;
pub mod readings;
pub mod runs;
pub mod script;
pub mod seeded;
pub mod virtual_clock;
pub mod wait;
pub mod world;

pub use hermetic::{Execution, Hermetic, Outcome, hermetic, scripted_acp_agent, scripted_agent};
pub use processes::{ProcessEntry, count_processes_with_env, processes_with_env};
pub use wait::wait_until;
