//! Moments on the command line.

use coordinate_model::time::UtcMillis;

/// Reads a moment as this program prints it. What is printed has seconds, so a whole second means all of it.
pub(crate) fn read(text: &str) -> Result<UtcMillis, String> {
    let time: jiff::Timestamp = text.parse().map_err(|cause| format!("{cause}; write it like 2026-11-21T14:30:00Z"))?;
    let rest = if time.subsec_nanosecond() == 0 { 999 } else { 0 };
    Ok(UtcMillis(time.as_millisecond() + rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_second_counts_to_its_end() {
        assert_eq!(read("2026-11-18T11:06:40Z"), Ok(UtcMillis(1_795_000_000_999)));
        assert_eq!(read("2026-11-18T13:06:40+02:00"), Ok(UtcMillis(1_795_000_000_999)));
        assert_eq!(read("2026-11-18T11:06:40.123Z"), Ok(UtcMillis(1_795_000_000_123)));
        let refused = read("yesterday").map_err(|message| message.ends_with("; write it like 2026-11-21T14:30:00Z"));
        assert_eq!(refused, Err(true));
    }
}
