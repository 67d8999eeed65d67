//! A clock that moves only when it is told to, or by a fixed amount each time that it is read.

use coordinate_engine::port::Clock;
use coordinate_model::time::UtcMillis;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// See the module.
#[derive(Debug, Default)]
pub struct VirtualClock {
    now: AtomicI64,
    step: AtomicI64,
    entropy: AtomicU64,
}

impl VirtualClock {
    /// A clock that stands at a time, in milliseconds.
    #[must_use]
    pub fn at(millis: i64) -> Self {
        Self { now: AtomicI64::new(millis), step: AtomicI64::new(0), entropy: AtomicU64::new(0) }
    }

    /// A clock that goes on by so many milliseconds with each look at it, so that nobody waits for ever.
    #[must_use]
    pub fn stepping(millis: i64, step: i64) -> Self {
        let clock = Self::at(millis);
        clock.set_step(step);
        clock
    }

    /// By how much each look moves the clock from now on.
    pub fn set_step(&self, step: i64) {
        self.step.store(step, Ordering::SeqCst);
    }

    /// Moves the clock; backwards too, as a person who sets it does.
    pub fn advance(&self, millis: i64) {
        self.now.fetch_add(millis, Ordering::SeqCst);
    }

    /// The number that is given for chance from now on: 0 makes every pause 0.
    pub fn set_entropy(&self, entropy: u64) {
        self.entropy.store(entropy, Ordering::SeqCst);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> UtcMillis {
        UtcMillis(self.now.fetch_add(self.step.load(Ordering::SeqCst), Ordering::SeqCst))
    }

    fn entropy(&self) -> u64 {
        self.entropy.load(Ordering::SeqCst)
    }
}
