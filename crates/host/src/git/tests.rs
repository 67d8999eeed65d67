//! The whole port against real git.

mod blind;
mod concurrency;
mod locks;
mod objects;
mod refs;
mod replica;
mod reset;
mod snapshots;
mod trees;
