//! The ports through which a run touches the world, and the driver that carries a run out.
//!
//! This crate knows no implementation: no database, no git, no agent, no terminal, no environment.

pub mod port;
