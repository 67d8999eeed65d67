//! What besides a tree decides how a command on it ends.

/// The machine, its programs and its variables, as far as a command depends on them.
pub trait Surroundings: Send + Sync {
    /// Lines that are the same as long as a command finds the same: the system, the programs that it starts with their sizes
    /// and times, and these variables. Guards against a verdict that is taken over although the tools were exchanged.
    /// Values of variables are in it by their hashes alone: they may be secrets.
    fn of(&self, command: &str, variables: &[String]) -> Vec<String>;
}
