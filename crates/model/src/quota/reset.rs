//! When a limit ends, out of a client's words.
//!
//! The words change with every release of a client, so this is the way of last resort: what a client tells in a field of
//! its own counts first. What is not understood gives nothing, and the limit is one whose end nobody told.

use super::zone::zone;
use crate::time::UtcMillis;
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

/// Words that announce the end; longer ones first, since the shorter ones begin like them.
const MARKS: &[&str] = &[
    "suggested retry after",
    "try again after",
    "try again at",
    "try again in",
    "retry-after:",
    "retry after",
    "retry in",
    "resets at",
    "resets in",
    "resets on",
    "reset at",
    "reset in",
    "reset after",
    "reset on",
    "resets:",
    "resets",
    "available again at",
    "available again in",
    "limit reached|",
];

/// A time of the day that has passed for no longer than this was meant so: the words are a little older than we read them.
const JUST_NOW_MS: i64 = 10 * 60_000;

/// The longest announcement that is read, in characters.
const LONGEST: usize = 80;

/// When a limit ends by these words; `local` is the time zone where they name none (`None`: UTC). A moment that has just
/// passed may come back.
#[must_use]
pub fn reset(text: &str, now: UtcMillis, local: Option<&str>) -> Option<UtcMillis> {
    text.lines().find_map(|line| {
        let lower = line.to_ascii_lowercase();
        MARKS.iter().find_map(|mark| {
            let begin = lower.find(mark)? + mark.len();
            let rest: String = line.get(begin..)?.chars().take(LONGEST).collect();
            after(&rest).map(|span| now.plus(span)).or_else(|| moment(&rest, now, local))
        })
    })
}

/// A span from now, in milliseconds: `2h 5m`, `3600s`, `1 day and 2 hours`, `90` (seconds).
fn after(text: &str) -> Option<u64> {
    let words = spaced(text);
    let mut words = words.split_whitespace().peekable();
    let mut sum: Option<u64> = None;
    while let Some(word) = words.next() {
        if word == "and" && sum.is_some() {
            continue;
        }
        let Some(number) = word.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0) else {
            break;
        };
        let unit = match words.peek().map(|unit| unit_ms(unit)) {
            Some(Some(unit)) => {
                words.next();
                unit
            }
            // A bare number is one of seconds where it stands alone.
            None if sum.is_none() && !is_unix(word) => 1_000,
            Some(None) | None => break,
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, and saturating")]
        let millis = (number * f64::from(unit)) as u64;
        sum = Some(sum.unwrap_or_default().saturating_add(millis));
    }
    sum
}

/// The text with blanks between numbers and words, and without commas, brackets and the like.
fn spaced(text: &str) -> String {
    let mut spaced = String::new();
    let mut before = ' ';
    for one in text.to_ascii_lowercase().chars() {
        let one = if matches!(one, ',' | ';' | '(' | ')' | '"' | '!' | '~') { ' ' } else { one };
        if before.is_ascii_digit() && one.is_ascii_alphabetic() {
            spaced.push(' ');
        }
        spaced.push(one);
        before = one;
    }
    spaced.split_whitespace().map(|word| word.trim_end_matches('.')).collect::<Vec<_>>().join(" ")
}

fn unit_ms(word: &str) -> Option<u32> {
    match word {
        "ms" | "millisecond" | "milliseconds" => Some(1),
        "s" | "sec" | "secs" | "second" | "seconds" => Some(1_000),
        "m" | "min" | "mins" | "minute" | "minutes" => Some(60_000),
        "h" | "hr" | "hrs" | "hour" | "hours" => Some(3_600_000),
        "d" | "day" | "days" => Some(86_400_000),
        "w" | "week" | "weeks" => Some(604_800_000),
        _ => None, // tidy: open set
    }
}

/// Seconds or milliseconds since 1970.
fn is_unix(word: &str) -> bool {
    matches!(word.len(), 10 | 13) && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// What the words of a moment say, each once.
#[derive(Debug, Default)]
struct Said {
    month: Option<i8>,
    day: Option<i8>,
    year: Option<i16>,
    weekday: Option<Weekday>,
    tomorrow: bool,
    /// Hour, minute.
    time: Option<(i8, i8)>,
    zone: Option<TimeZone>,
}

fn moment(text: &str, now: UtcMillis, local: Option<&str>) -> Option<UtcMillis> {
    let mut said = Said::default();
    for word in text.split_whitespace() {
        let word = word.trim_matches(|one| matches!(one, ',' | ';' | '(' | ')' | '!' | '"' | '\'' | '|'));
        let word = word.trim_end_matches('.');
        if word.is_empty() {
            continue;
        }
        if let Some(whole) = whole(word, local) {
            return Some(whole);
        }
        if !said.take(word) {
            break;
        }
    }
    let zone = said.zone.clone().or_else(|| zone(local?)).unwrap_or(TimeZone::UTC);
    let now = Timestamp::from_millisecond(now.0).ok()?.to_zoned(zone);
    said.after(&now).map(|at| UtcMillis(at.timestamp().as_millisecond()))
}

/// One word that says it all: seconds since 1970, or a date with its time.
fn whole(word: &str, local: Option<&str>) -> Option<UtcMillis> {
    if is_unix(word) {
        let number: i64 = word.parse().ok()?;
        return Some(UtcMillis(if word.len() == 13 { number } else { number.saturating_mul(1000) }));
    }
    if !word.contains('T') && !word.contains('t') {
        return None;
    }
    if let Ok(at) = word.parse::<Timestamp>() {
        return Some(UtcMillis(at.as_millisecond()));
    }
    let zone = local.and_then(zone).unwrap_or(TimeZone::UTC);
    let at = word.parse::<DateTime>().ok()?.to_zoned(zone).ok()?;
    Some(UtcMillis(at.timestamp().as_millisecond()))
}

impl Said {
    /// Takes a word; `false`: it is none of a moment's.
    fn take(&mut self, word: &str) -> bool {
        let lower = word.to_ascii_lowercase();
        match lower.as_str() {
            "at" | "on" | "the" | "of" | "today" | "by" | "around" => return true,
            "tomorrow" => {
                self.tomorrow = true;
                return true;
            }
            "am" | "pm" | "a.m" | "p.m" => return self.take_half(lower.starts_with('p')),
            _ => {} // tidy: open set
        }
        if let Ok(date) = word.parse::<Date>() {
            (self.year, self.month, self.day) = (Some(date.year()), Some(date.month()), Some(date.day()));
            return true;
        }
        self.take_name(&lower) || self.take_time(&lower) || self.take_number(&lower) || self.take_zone(word)
    }

    fn take_name(&mut self, lower: &str) -> bool {
        const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
        const DAYS: [(&str, Weekday); 7] = [
            ("mon", Weekday::Monday),
            ("tue", Weekday::Tuesday),
            ("wed", Weekday::Wednesday),
            ("thu", Weekday::Thursday),
            ("fri", Weekday::Friday),
            ("sat", Weekday::Saturday),
            ("sun", Weekday::Sunday),
        ];
        if !lower.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return false;
        }
        let month = (1..).zip(MONTHS).find(|(_, name)| lower.starts_with(name)).map(|(number, _)| number);
        let weekday = DAYS.into_iter().find(|(name, _)| lower.starts_with(name)).map(|(_, day)| day);
        self.month = self.month.or(month);
        self.weekday = self.weekday.or(weekday);
        month.is_some() || weekday.is_some()
    }

    /// `2:30pm`, `5am`, `14:30`, `14:30:00`.
    fn take_time(&mut self, lower: &str) -> bool {
        let (digits, half) = match (lower.strip_suffix("am"), lower.strip_suffix("pm")) {
            (Some(digits), _) => (digits, Some(false)),
            (None, Some(digits)) => (digits, Some(true)),
            (None, None) => (lower, None),
        };
        if half.is_none() && !digits.contains(':') || self.time.is_some() {
            return false;
        }
        let mut parts = digits.split(':').map(str::parse::<i8>);
        let (Some(Ok(hour)), minute) = (parts.next(), parts.next().unwrap_or(Ok(0)).ok()) else { return false };
        self.time = minute.map(|minute| (hour, minute));
        minute.is_some() && half.is_none_or(|late| self.take_half(late))
    }

    /// Twelve hours are counted twice a day, and the twelfth comes first.
    fn take_half(&mut self, late: bool) -> bool {
        let Some((hour, minute)) = self.time else { return false };
        self.time = Some((hour % 12 + if late { 12 } else { 0 }, minute));
        true
    }

    /// `23`, `23rd`, `2026`; an hour alone where a date stands before it is none of these.
    fn take_number(&mut self, lower: &str) -> bool {
        let digits = lower.trim_end_matches(|one: char| one.is_ascii_alphabetic());
        let Ok(number) = digits.parse::<i16>() else { return false };
        if number >= 2000 {
            self.year = Some(number);
            return true;
        }
        let day = i8::try_from(number).ok().filter(|_| self.day.is_none());
        self.day = self.day.or(day);
        day.is_some()
    }

    fn take_zone(&mut self, word: &str) -> bool {
        let found = zone(word).filter(|_| self.zone.is_none());
        self.zone = self.zone.clone().or_else(|| found.clone());
        found.is_some()
    }

    /// The moment that is meant, said at `now`.
    fn after(&self, now: &Zoned) -> Option<Zoned> {
        let (hour, minute) = self.time.unwrap_or_default();
        let time = Time::new(hour, minute, 0, 0).ok()?;
        let on = |date: Date| date.to_datetime(time).to_zoned(now.time_zone().clone()).ok();
        match (self.month, self.day, self.weekday, self.time) {
            (Some(month), Some(day), _, _) => {
                let year = self.year.unwrap_or_else(|| now.year());
                let at = on(Date::new(year, month, day).ok()?)?;
                let passed = self.year.is_none() && at < now.checked_sub(1.day()).ok()?;
                if passed { on(Date::new(year.checked_add(1)?, month, day).ok()?) } else { Some(at) }
            }
            (_, _, Some(weekday), _) => {
                let date = now.date();
                let today = on(date).filter(|at| date.weekday() == weekday && at > now);
                today.or_else(|| on(date.nth_weekday(1, weekday).ok()?))
            }
            (_, None, None, Some(_)) => {
                let date = now.date();
                let tomorrow = || on(date.checked_add(1.day()).ok()?);
                let today = on(date)?;
                let passed = now.timestamp().as_millisecond() - today.timestamp().as_millisecond() > JUST_NOW_MS;
                if self.tomorrow || passed { tomorrow() } else { Some(today) }
            }
            (None, _, None, None) | (Some(_), None, None, _) | (None, Some(_), None, Some(_)) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A Saturday.
    const NOW: &str = "2026-11-21T12:00:00Z";

    fn read(text: &str, local: Option<&str>) -> Option<String> {
        let now = UtcMillis(NOW.parse::<Timestamp>().unwrap().as_millisecond());
        reset(text, now, local).map(|at| Timestamp::from_millisecond(at.0).unwrap().to_string())
    }

    #[track_caller]
    fn check(text: &str, at: &str) {
        assert_eq!(read(text, None).as_deref(), Some(at), "{text}");
    }

    /// Shows N5.
    #[test]
    fn clients_words_tell_when_a_limit_ends() {
        check("You've hit your session limit · resets 2:30pm (Europe/Paris)", "2026-11-21T13:30:00Z");
        check("You've hit your session limit · resets 2:30am (Europe/Paris)", "2026-11-22T01:30:00Z");
        check("You’ve hit your usage limit. Upgrade to Pro or try again at 6:08 PM.", "2026-11-21T18:08:00Z");
        check("You've hit your usage limit. Please try again at Nov 23rd, 2026 6:08 PM.", "2026-11-23T18:08:00Z");
        check("You've hit your weekly limit · resets at Nov 23, 5am (UTC)", "2026-11-23T05:00:00Z");
        check("You've hit your weekly limit · resets Jan 2 at 3pm (America/New_York)", "2027-01-02T20:00:00Z");
        check("You've hit your weekly limit · resets Mon 9:00 AM", "2026-11-23T09:00:00Z");
        check("You've hit your Opus limit · resets Sat 11am", "2026-11-28T11:00:00Z");
        check("Quota exceeded. Suggested retry after 3600s", "2026-11-21T13:00:00Z");
        check("429 Too Many Requests, retry-after: 90", "2026-11-21T12:01:30Z");
        check("Please retry in 22.5s.", "2026-11-21T12:00:22.5Z");
        check("usage limit reached, try again in 2h 5m", "2026-11-21T14:05:00Z");
        check("try again in 1 day, 2 hours and 3 minutes.", "2026-11-22T14:03:00Z");
        check("Claude AI usage limit reached|1795269600", "2026-11-21T14:00:00Z");
        check("resets at 1795269600", "2026-11-21T14:00:00Z");
        check("resets at 1795269600000", "2026-11-21T14:00:00Z");
        check("resets at 2026-11-22T05:00:00Z", "2026-11-22T05:00:00Z");
        check("resets at 2026-11-22T05:00:00+02:00", "2026-11-22T03:00:00Z");
        check("resets 2026-11-22 05:00 PST", "2026-11-22T13:00:00Z");
        check("resets tomorrow at 14:30", "2026-11-22T14:30:00Z");
        check("resets 12am", "2026-11-22T00:00:00Z");
        check("resets 12pm", "2026-11-21T12:00:00Z");
        check("a line before\nand the limit resets at 17:00 +05:30", "2026-11-22T11:30:00Z");
    }

    #[test]
    fn a_time_without_a_zone_is_one_of_the_given_zone_else_of_utc() {
        assert_eq!(read("resets 2:30pm", Some("Asia/Tokyo")).as_deref(), Some("2026-11-22T05:30:00Z"));
        assert_eq!(read("resets 2:30pm (UTC)", Some("Asia/Tokyo")).as_deref(), Some("2026-11-21T14:30:00Z"));
        assert_eq!(read("resets at 2026-11-22T05:00", Some("+02:00")).as_deref(), Some("2026-11-22T03:00:00Z"));
        assert_eq!(read("resets 2:30pm", Some("nowhere")).as_deref(), Some("2026-11-21T14:30:00Z"));
    }

    #[test]
    fn a_time_that_has_just_passed_was_meant_and_is_not_tomorrow() {
        check("resets 11:55am", "2026-11-21T11:55:00Z");
        check("resets 11:45am", "2026-11-22T11:45:00Z");
    }

    #[test]
    fn what_tells_no_time_gives_nothing() {
        for text in ["", "resets soon", "usage limit reached", "try again at", "resets Nov", "resets 99:99"] {
            assert_eq!(read(text, None), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "(resets|try again (at|in)|retry after) ?[ -~·]{0,40}", now in any::<i64>()) {
            let _ = reset(&text, UtcMillis(now), Some("Europe/Paris"));
        }
    }
}
