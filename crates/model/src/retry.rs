//! Pauses between tries: exponential backoff with full jitter
//! (<https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>).

use crate::definition::Retry;

/// The longest pause, in milliseconds.
const CAP_MS: u64 = 60_000;

/// The pause after the `tries`-th failed try, in milliseconds: anything from 0 to the doubled base.
#[must_use]
pub fn pause(retry: Retry, tries: u32, entropy: u64) -> u64 {
    let doubled = retry.base_ms.saturating_mul(1_u64.checked_shl(tries.saturating_sub(1)).unwrap_or(u64::MAX));
    entropy % doubled.min(CAP_MS).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows S14.
    #[test]
    fn a_pause_never_exceeds_its_doubled_base_or_the_cap() {
        let retry = Retry { tries: 3, base_ms: 500 };
        assert_eq!(pause(retry, 1, 500), 500);
        assert_eq!(pause(retry, 1, 501), 0);
        assert_eq!(pause(retry, 2, 1000), 1000);
        assert_eq!(pause(retry, 90, 60_000), 60_000);
        assert!(pause(Retry { tries: 1, base_ms: u64::MAX }, 3, u64::MAX) <= CAP_MS);
    }
}
