//! The clock of a replay: it says what the recording says.

use crate::port::Clock;
use coordinate_model::time::UtcMillis;
use std::sync::atomic::{AtomicI64, Ordering};

/// A clock that stands until it is set.
#[derive(Debug, Default)]
pub struct Tape(AtomicI64);

impl Tape {
    /// A clock that says this.
    #[must_use]
    pub fn at(now: UtcMillis) -> Self {
        Self(AtomicI64::new(now.0))
    }

    /// Sets it.
    pub fn set(&self, now: UtcMillis) {
        self.0.store(now.0, Ordering::SeqCst);
    }

    /// Lets it come to a moment, if it is not past it.
    pub fn reach(&self, moment: UtcMillis) {
        self.0.fetch_max(moment.0, Ordering::SeqCst);
    }

    /// Lets a moment pass.
    pub fn pass(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Clock for Tape {
    fn now(&self) -> UtcMillis {
        UtcMillis(self.0.load(Ordering::SeqCst))
    }

    /// What was made of random numbers is in the recording's events, and differs.
    fn entropy(&self) -> u64 {
        0
    }
}
