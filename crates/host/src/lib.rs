//! (being built)
pub mod atomic;
pub mod attempts;
pub mod lock;
pub mod redact;
