//! Quiet hours: a span of the day, every day, in a time zone.

use super::zone::zone;
use crate::time::UtcMillis;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Hours of the day in which nothing goes on by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quiet {
    /// Minutes after midnight at which they begin.
    pub from: u16,
    /// Minutes after midnight at which they end; before `from`: on the next day.
    pub to: u16,
    /// The time zone: a name, or an offset such as `+02:00`.
    pub zone: String,
}

impl Quiet {
    /// Reads `23:00-07:00`, with a time zone after it or the given one.
    ///
    /// # Errors
    /// What is wrong with it, as the rest of a sentence.
    pub fn parse(text: &str, local: &str) -> Result<Self, String> {
        let (span, named) = text.trim().split_once(' ').unwrap_or((text.trim(), local));
        let (from, to) = span.split_once('-').ok_or("is no span like `23:00-07:00`")?;
        let minutes = |text: &str| minutes(text).ok_or_else(|| format!("has no time of the day in `{text}`"));
        let quiet = Self { from: minutes(from)?, to: minutes(to)?, zone: named.trim().to_owned() };
        if zone(&quiet.zone).is_none() {
            return Err(format!("names the unknown time zone `{}`", quiet.zone));
        }
        if quiet.from == quiet.to {
            return Err("begins when it ends".to_owned());
        }
        Ok(quiet)
    }

    /// This moment, or the end of the quiet hours that it lies in.
    #[must_use]
    pub fn after(&self, at: UtcMillis) -> UtcMillis {
        let zone = zone(&self.zone).unwrap_or(TimeZone::UTC);
        self.end(at, &zone).filter(|end| *end > at).unwrap_or(at)
    }

    fn end(&self, at: UtcMillis, zone: &TimeZone) -> Option<UtcMillis> {
        let local = Timestamp::from_millisecond(at.0).ok()?.to_zoned(zone.clone());
        let minute = u16::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute())).ok()?;
        let (date, overnight) = (local.date(), self.from > self.to);
        let day = match overnight {
            false if (self.from..self.to).contains(&minute) => date,
            true if minute >= self.from => date.checked_add(1.day()).ok()?,
            true if minute < self.to => date,
            true | false => return None,
        };
        let end = day.to_datetime(time(self.to)?).to_zoned(zone.clone()).ok()?;
        Some(UtcMillis(end.timestamp().as_millisecond()))
    }
}

impl fmt::Display for Quiet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, zone } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02} {zone}", from / 60, from % 60, to / 60, to % 60)
    }
}

fn time(minutes: u16) -> Option<Time> {
    Time::new(i8::try_from(minutes / 60).ok()?, i8::try_from(minutes % 60).ok()?, 0, 0).ok()
}

fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UtcMillis {
        UtcMillis(text.parse::<Timestamp>().unwrap().as_millisecond())
    }

    #[track_caller]
    fn check(quiet: &str, moment: &str, after: &str) {
        let quiet = Quiet::parse(quiet, "UTC").unwrap();
        assert_eq!(quiet.after(at(moment)), at(after), "{quiet} at {moment}");
    }

    #[test]
    fn a_wake_up_in_quiet_hours_is_moved_to_their_end() {
        check("23:00-07:00", "2026-11-21T22:59:59Z", "2026-11-21T22:59:59Z");
        check("23:00-07:00", "2026-11-21T23:00:00Z", "2026-11-22T07:00:00Z");
        check("23:00-07:00", "2026-11-22T06:59:00Z", "2026-11-22T07:00:00Z");
        check("23:00-07:00", "2026-11-22T07:00:00Z", "2026-11-22T07:00:00Z");
        check("12:00-13:30", "2026-11-22T13:00:00Z", "2026-11-22T13:30:00Z");
        check("23:00-07:00 +02:00", "2026-11-21T21:30:00Z", "2026-11-22T05:00:00Z");
        // The night in which the clocks go back is an hour longer.
        check("23:00-07:00 Europe/Paris", "2026-10-24T22:00:00Z", "2026-10-25T06:00:00Z");
        check("23:00-07:00 Europe/Paris", "2026-07-24T22:00:00Z", "2026-07-25T05:00:00Z");
    }

    #[test]
    fn what_is_no_span_says_why() {
        let why = |text: &str| Quiet::parse(text, "UTC").unwrap_err();
        assert_eq!(why("23:00"), "is no span like `23:00-07:00`");
        assert_eq!(why("23-07"), "has no time of the day in `23`");
        assert_eq!(why("24:00-07:00"), "has no time of the day in `24:00`");
        assert_eq!(why("07:00-07:00"), "begins when it ends");
        assert_eq!(why("23:00-07:00 Mars/Base"), "names the unknown time zone `Mars/Base`");
    }

    #[test]
    fn no_moment_is_too_extreme() {
        let quiet = Quiet::parse("23:00-07:00", "Europe/Paris").unwrap();
        for extreme in [i64::MIN, i64::MAX] {
            assert_eq!(quiet.after(UtcMillis(extreme)), UtcMillis(extreme));
        }
    }
}
