//! Death and resume, proved on the real program: it is killed with SIGKILL wherever it may be, and goes on.
//!
//! The number of moments is small by default. `COORDINATE_PROOF_COUNT=50` makes the whole proof, and
//! `COORDINATE_PROOF_SEED` other moments; a failure names the seed that shows it again.

#![expect(clippy::expect_used, reason = "a failed set-up can only end the test")]
#![expect(clippy::print_stdout, reason = "what was killed when is the record of a proof")]

mod adoption;
mod concurrency;
mod delivery;
mod kills;
mod merging;
mod parts;
mod points;
mod requests;
mod subruns;
mod support;
mod sweep;
mod tools;
