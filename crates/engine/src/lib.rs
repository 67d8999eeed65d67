//! The ports through which a run touches the world, and the driver that carries a run out.
//!
//! This crate knows no implementation: no database, no git, no agent, no terminal, no environment.

pub mod driver;
pub mod fork;
pub mod journal;
pub mod port;
pub mod replay;
pub mod schema;
pub mod verification;
pub mod work;
