//! Waiting for another process: a condition that is polled up to a deadline.

use std::time::{Duration, Instant};

/// Time between two looks at a condition. Short against what a person notices, long against the cost of a look.
const PAUSE: Duration = Duration::from_millis(5);

/// Polls `condition` until it holds or `limit` has passed; says whether it held.
///
/// The time that passes is never what a test is about: only that the condition comes true at all.
#[must_use]
pub fn wait_until(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    loop {
        if condition() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        std::thread::sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_that_comes_true_is_seen() {
        let mut looks = 0;
        assert!(wait_until(Duration::from_secs(10), || {
            looks += 1;
            looks == 3
        }));
        assert_eq!(looks, 3);
    }

    #[test]
    fn a_condition_that_never_holds_is_looked_at_once_and_given_up() {
        let mut looks = 0;
        assert!(!wait_until(Duration::ZERO, || {
            looks += 1;
            false
        }));
        assert_eq!(looks, 1);
    }
}
