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

#[cfg(test)]
mod tests {
    use super::Tape;
    use crate::port::Clock as _;
    use coordinate_model::time::UtcMillis;

    #[test]
    fn it_stands_until_it_is_moved_and_is_moved_forward_only() {
        let tape = Tape::at(UtcMillis(50));
        assert_eq!((tape.now(), tape.now(), tape.entropy()), (UtcMillis(50), UtcMillis(50), 0));
        tape.pass();
        assert_eq!(tape.now(), UtcMillis(51));
        tape.reach(UtcMillis(40));
        assert_eq!(tape.now(), UtcMillis(51));
        tape.reach(UtcMillis(90));
        assert_eq!(tape.now(), UtcMillis(90));
        tape.set(UtcMillis(7));
        assert_eq!(tape.now(), UtcMillis(7), "a recording may say what it will");
    }
}
