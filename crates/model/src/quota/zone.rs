//! Time zones by their names, out of the tables that are built in: nothing of the machine is asked.

use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use std::sync::LazyLock;

static TABLES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Short names that clients use, in lower case, with the place whose time they mean.
const SHORT: &[(&str, &str)] = &[
    ("pt", "America/Los_Angeles"),
    ("pst", "America/Los_Angeles"),
    ("pdt", "America/Los_Angeles"),
    ("mt", "America/Denver"),
    ("mst", "America/Denver"),
    ("mdt", "America/Denver"),
    ("ct", "America/Chicago"),
    ("cst", "America/Chicago"),
    ("cdt", "America/Chicago"),
    ("et", "America/New_York"),
    ("est", "America/New_York"),
    ("edt", "America/New_York"),
    ("bst", "Europe/London"),
    ("cet", "Europe/Paris"),
    ("cest", "Europe/Paris"),
    ("jst", "Asia/Tokyo"),
];

/// Whether there is a time zone of this name.
#[must_use]
pub fn is_zone(name: &str) -> bool {
    zone(name).is_some()
}

/// The zone of a name (`Europe/Paris`, `PST`), or of an offset (`+02:00`, `UTC+2`).
pub(super) fn zone(name: &str) -> Option<TimeZone> {
    let lower = name.trim().to_ascii_lowercase();
    if matches!(lower.as_str(), "utc" | "gmt" | "z" | "etc/utc") {
        return Some(TimeZone::UTC);
    }
    let short = SHORT.iter().find(|(short, _)| *short == lower).map(|(_, place)| *place);
    let bare = lower.strip_prefix("utc").or_else(|| lower.strip_prefix("gmt")).unwrap_or(&lower);
    offset(bare).or_else(|| TABLES.get(short.unwrap_or(name.trim())).ok())
}

/// `+2`, `-0800`, `+05:30`.
fn offset(text: &str) -> Option<TimeZone> {
    let (sign, digits) = match text.chars().next()? {
        '+' => (1, text.get(1..)?),
        '-' => (-1, text.get(1..)?),
        _ => return None, // tidy: open set
    };
    let digits = digits.replace(':', "");
    if digits.is_empty() || digits.len() > 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i32 = digits.parse().ok()?;
    let (hours, minutes) = if digits.len() > 2 { (number / 100, number % 100) } else { (number, 0) };
    let seconds = sign * (hours * 3600 + minutes * 60);
    (minutes < 60).then(|| Offset::from_seconds(seconds).ok().map(TimeZone::fixed)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_offsets_are_zones_and_words_are_not() {
        for name in ["UTC", "Europe/Paris", "America/New_York", "PST", "+02:00", "UTC+2", "-0800", "GMT-5"] {
            assert!(is_zone(name), "{name}");
        }
        for name in ["", "soon", "+", "+25:99", "+123456", "Europe/Nowhere", "p.m."] {
            assert!(!is_zone(name), "{name}");
        }
    }
}
