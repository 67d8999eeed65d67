//! What tests stand on: an environment of their own, real git repositories, a scripted stand-in for a coding agent,
//! and a look at the processes that are left over.
//!
//! Nothing of this crate ships. Set-up that fails ends the test with a panic that names the line that asked for it.

#![expect(clippy::expect_used, reason = "a failed set-up can only end the test")]

pub mod hermetic;
pub mod processes;
pub mod script;
pub mod wait;

pub use hermetic::{Execution, Hermetic, Outcome, hermetic, scripted_agent};
pub use processes::{ProcessEntry, count_processes_with_env, processes_with_env};
pub use wait::wait_until;
