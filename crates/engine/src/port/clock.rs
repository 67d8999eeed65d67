//! Time and chance.

use coordinate_model::time::UtcMillis;

/// Where the time and random numbers come from.
pub trait Clock: Send + Sync {
    /// The time of day.
    fn now(&self) -> UtcMillis;

    /// A random number.
    fn entropy(&self) -> u64;
}
