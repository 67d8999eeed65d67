//! Tokens: how long a text is for a model.

use std::sync::Arc;

/// Counts tokens. The count of a text never changes: what is told of a text is chosen by it.
pub trait Counter: Send + Sync {
    /// The tokens of a text.
    fn count(&self, text: &str) -> u64;
}

/// Where counters come from.
pub trait Tokens: Send + Sync {
    /// A counter. Its tables are large: they are loaded with the first and go with the last, so that neither a short
    /// command nor a run that waits for its agents holds any.
    fn counter(&self) -> Arc<dyn Counter>;
}
