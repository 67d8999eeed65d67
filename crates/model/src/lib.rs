//! The pure core: what a run is, what may happen to it, and what is to be done next.
//!
//! Nothing in this crate reads a file, a clock, the environment or a random number, and nothing in it
//! panics on any input. Bad input gives diagnostics with a place; an impossible journal gives
//! [`Corruption`](run::Corruption).

pub mod artifact;
pub mod budget;
pub mod checkpoint;
pub mod client;
pub mod complexity;
pub mod context;
pub mod decide;
pub mod definition;
pub mod detect;
pub mod digest;
pub mod event;
pub mod failure;
pub mod forecast;
pub mod fork;
pub mod ids;
pub mod input;
pub mod judgement;
pub mod ledger;
pub mod links;
pub mod merge;
pub mod obligation;
pub mod permission;
pub mod plan;
pub mod price;
pub mod quota;
pub mod replan;
pub mod resume;
pub mod retention;
pub mod retry;
pub mod role;
pub mod run;
pub mod said;
pub mod scope;
pub mod shell;
pub mod standards;
pub mod subrun;
pub mod time;
pub mod topic;
pub mod verify;
