//! Times and durations for people.

use coordinate_model::time::UtcMillis;

/// A moment as RFC 3339 in UTC, in seconds.
#[must_use]
pub fn moment(at: UtcMillis) -> String {
    jiff::Timestamp::from_second(at.0.div_euclid(1000)).map_or_else(|_| at.to_string(), |time| time.to_string())
}

/// A day, `2026-11-21`, in UTC.
#[must_use]
pub fn day(at: UtcMillis) -> String {
    at.day()
}

/// A span in milliseconds: `850 ms`, `4.2 s`, `3 min 07 s`, `2 h 05 min`.
#[must_use]
pub fn span(millis: u64) -> String {
    let seconds = millis / 1000;
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{seconds}.{} s", millis % 1000 / 100),
        60_000..3_600_000 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_short() {
        let shown: Vec<String> = [0, 850, 4_200, 187_000, 7_500_000].into_iter().map(span).collect();
        assert_eq!(shown, ["0 ms", "850 ms", "4.2 s", "3 min 07 s", "2 h 05 min"]);
    }

    #[test]
    fn moments_are_utc() {
        assert_eq!(moment(UtcMillis(1_795_000_000_123)), "2026-11-18T11:06:40Z");
        assert_eq!(day(UtcMillis(0)), "1970-01-01");
        assert_eq!(moment(UtcMillis(i64::MAX)), format!("{}ms", i64::MAX));
    }
}
