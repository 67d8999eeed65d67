//! The operating system: process trees under shims, atomic files, locks, and the git program.
pub mod atomic;
pub mod attempts;
pub mod batch;
pub mod files;
pub mod forge;
pub mod git;
pub mod lock;
pub mod redact;
pub mod stored;
pub mod surroundings;
pub mod terminal;
pub mod watch;
