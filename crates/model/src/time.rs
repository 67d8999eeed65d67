//! Points in time as data. The model never asks what time it is: drivers say so in each input's context.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Milliseconds since 1970-01-01T00:00:00Z. Used for display and for due times, never for ordering events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UtcMillis(pub i64);

impl UtcMillis {
    /// This moment plus a span in milliseconds, saturating at the ends of the range.
    #[must_use]
    pub fn plus(self, millis: u64) -> Self {
        Self(self.0.saturating_add(i64::try_from(millis).unwrap_or(i64::MAX)))
    }

    /// Milliseconds from `earlier` to this moment; 0 when the clock went backwards.
    #[must_use]
    pub fn since(self, earlier: Self) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }

    /// The day in UTC, `2026-11-21`: days since 1970 to a date of the proleptic Gregorian calendar, by eras of 400 years
    /// that begin in March (<https://howardhinnant.github.io/date_algorithms.html#civil_from_days>).
    #[must_use]
    pub fn day(self) -> String {
        let days = self.0.div_euclid(86_400_000) + 719_468;
        let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        format!("{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Display for UtcMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}ms", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        let days = [0, 951_782_400_000, 951_868_800_000, 1_795_000_000_123, -1, 4_107_542_400_000];
        let shown: Vec<String> = days.into_iter().map(|at| UtcMillis(at).day()).collect();
        assert_eq!(shown, ["1970-01-01", "2000-02-29", "2000-03-01", "2026-11-18", "1969-12-31", "2100-03-01"]);
        for extreme in [i64::MIN, i64::MAX] {
            assert!(!UtcMillis(extreme).day().is_empty());
        }
    }
}
