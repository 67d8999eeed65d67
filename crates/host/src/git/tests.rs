//! The whole port against real git.

mod concurrency;
mod locks;
mod objects;
mod refs;
mod reset;
mod snapshots;
mod trees;
