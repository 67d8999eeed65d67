//! Limits of use: what clients say of their end, quiet hours, zones.

use crate::grammar::{Grammar, disturbed, grown};
use crate::one;
use coordinate_model::quota::{Quiet, is_zone, reset};
use coordinate_model::time::UtcMillis;
use coordinate_testkit::readings::readings;
use coordinate_testkit::seeded::Chance;
use std::fmt::Write as _;

/// Saturday, 2026-11-21, noon in UTC.
const NOON: i64 = 1_795_262_400_000;

const WORDS: &Grammar<'static> = &[
    (
        "text",
        &[
            "‹before›‹mark› ‹when›‹end›",
            "‹before›‹mark› ‹when›‹end›",
            "‹mark› ‹when›\n‹mark› ‹when›",
            "a line\n‹mark›‹when›",
        ],
    ),
    ("before", &["", "You've hit your limit · ", "Quota exceeded. ", "é ", "Usage limit reached; Your limit "]),
    (
        "mark",
        &[
            "suggested retry after",
            "try again after",
            "Try again at",
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
            "Resets",
            "available again at",
            "available again in",
            "limit reached|",
            "begins at",
        ],
    ),
    ("end", &["", ".", "!", ")", ", or upgrade", ". Then go on"]),
    (
        "when",
        &[
            "‹span›",
            "‹span›",
            "‹span› ‹span›",
            "‹span›, ‹span› and ‹span›",
            "~‹span›",
            "(‹span›)",
            "‹clock›",
            "‹clock›",
            "‹clock› ‹zone›",
            "‹clock› (‹zone›)",
            "‹date› ‹clock›",
            "‹date› at ‹clock› ‹zone›",
            "‹clock› on ‹date›",
            "‹date›, ‹clock› (‹zone›)",
            "‹date›",
            "tomorrow at ‹clock›",
            "tomorrow",
            "today ‹clock›",
            "‹clock› tomorrow ‹zone›",
            "‹weekday› ‹clock›",
            "‹weekday›",
            "‹weekday› at ‹clock› ‹zone›",
            "‹unix›",
            "‹whole›",
            "‹odd›",
            "‹number›",
            "and ‹span›",
            "‹clock› ‹clock›",
            "‹zone› ‹zone› ‹clock›",
        ],
    ),
    ("span", &["‹number›‹unit›", "‹number› ‹unit›", "‹number›‹unit›."]),
    ("number", &["1", "0", "2.5", "22", "90", "-1", "3600", "1e3", "inf", "1000000000000000"]),
    (
        "unit",
        &[
            "ms",
            "millisecond",
            "milliseconds",
            "s",
            "sec",
            "secs",
            "second",
            "seconds",
            "m",
            "min",
            "mins",
            "minute",
            "minutes",
            "h",
            "hr",
            "hrs",
            "hour",
            "hours",
            "d",
            "day",
            "days",
            "w",
            "week",
            "weeks",
            "moons",
        ],
    ),
    (
        "clock",
        &[
            "2:30pm",
            "2:30 PM",
            "11:50am",
            "11:49am",
            "12am",
            "12:15 p.m.",
            "5am",
            "5 am",
            "17:00",
            "12:00",
            "11:50",
            "00:00",
            "23:59",
            "24:00",
            "9:60",
            "14:30pm",
            "x:30",
            "9:x",
            "127am",
            "pm",
        ],
    ),
    (
        "zone",
        &[
            "UTC",
            "Europe/Paris",
            "America/New_York",
            "PST",
            "cet",
            "+02:00",
            "-0800",
            "UTC+2",
            "GMT-5",
            "+5",
            "-530",
            "+25:00",
            "+1260",
            "+0159",
            "Z",
            "Nowhere",
            "JST",
        ],
    ),
    (
        "date",
        &[
            "Nov 23",
            "Nov 23rd, 2026",
            "November 20",
            "Jan 2",
            "2 January",
            "2026-12-01",
            "Nov 21",
            "Feb 30",
            "the 3rd of Dec",
            "May 1 2030",
            "Nov 20",
            "Dec",
            "Nov 300",
            "23",
            "2027",
            "1999",
            "Oct 1, 2026",
        ],
    ),
    ("weekday", &["Mon", "Tuesday", "wed", "Thursday", "Fri", "Saturday", "sun"]),
    ("unix", &["1795269600", "1795269600000", "17952696000", "179526960"]),
    (
        "whole",
        &[
            "2026-11-22T05:00:00Z",
            "2026-11-22T05:00:00+02:00",
            "2026-11-22T05:00",
            "2026-11-22t05:00:00z",
            "2026-11-22T99:00",
            "2026-11-22 05:00 PST",
        ],
    ),
    ("odd", &["", "soon", "never", "the next hour", "(\"", "a while!", "Monday morning", "at the end of the day"]),
];

fn now(chance: &mut Chance) -> UtcMillis {
    let minutes = [0, 0, -10, -11, 719, 720, -720, 1_440, 60 * 24 * 31, 60 * 24 * 130][chance.below(10)];
    UtcMillis(NOON + minutes * 60_000 + [0, 0, 1, 30_000][chance.below(4)])
}

#[test]
fn resets() {
    let make = |chance: &mut Chance| {
        let text = grown(chance, WORDS, "‹text›");
        let local = [None, Some("Asia/Tokyo"), Some("+02:00"), Some("nowhere")][chance.below(4)];
        (disturbed(chance, text, 10), now(chance), local)
    };
    let lines = readings("resets", 1_500, make, |(text, now, local), out| {
        write!(out, "{:?}", reset(text, *now, *local)).unwrap();
    });
    insta::assert_snapshot!(lines);
}

const SPANS: &Grammar<'static> = &[
    (
        "span",
        &[
            "‹time›-‹time›",
            "‹time›-‹time›",
            "‹time›-‹time› ‹zone›",
            " ‹time›-‹time›  ‹zone› ",
            "‹time›",
            "‹time› - ‹time›",
        ],
    ),
    ("time", &["23:00", "07:00", "12:00", "13:30", "00:00", "23:59", "24:00", "12:60", "7", "x:y", "12:01"]),
    (
        "zone",
        &["UTC", "Europe/Paris", "+02:00", "-08:00", "+1259", "-1", "Mars/Base", "utc", "etc/UTC", "America/New_York"],
    ),
];

#[test]
fn quiet_hours() {
    let make = |chance: &mut Chance| grown(chance, SPANS, "‹span›");
    let lines = readings("quiet_hours", 300, make, |span, out| {
        let quiet = Quiet::parse(span, "UTC");
        writeln!(out, "{quiet:?}").unwrap();
        let Ok(quiet) = quiet else { return };
        writeln!(out, "{quiet}").unwrap();
        for minutes in [0, 1, 60, 89, 90, 91, 660, 661, 719, 720, 721, 900, 1_139, 1_140, 1_141] {
            write!(out, "{} ", quiet.after(UtcMillis(NOON + minutes * 60_000)).0 - NOON).unwrap();
        }
    });
    insta::assert_snapshot!(lines);
}

/// Zones by what of a day is quiet in them: an offset that is read otherwise moves it.
#[test]
fn zones() {
    let make = |chance: &mut Chance| {
        let text = grown(chance, WORDS, "‹zone›");
        let before = one(chance, &["", "", "", "utc", "GMT", " "]);
        disturbed(chance, format!("{before}{text}"), 30)
    };
    let lines = readings("zones", 200, make, |zone, out| {
        let quiet = Quiet { from: 0, to: 720, zone: zone.clone() };
        let ends =
            [0, 240, 480, 720, 960, 1_200].map(|minutes| quiet.after(UtcMillis(NOON + minutes * 60_000)).0 - NOON);
        write!(out, "{} {ends:?}", is_zone(zone)).unwrap();
    });
    insta::assert_snapshot!(lines);
}

/// The ends of the words that say how long.
#[test]
fn days() {
    let make = |chance: &mut Chance| {
        let day = i64::try_from(chance.draw() % 400_000).unwrap() - 150_000;
        UtcMillis(day * 86_400_000 + [0, 1, 86_399_999][chance.below(3)])
    };
    let lines = readings("days", 300, make, |at, out| {
        let later = at.plus(86_400_000 * 59);
        write!(out, "{} {} {} {} {at}", at.day(), later.day(), later.since(*at), at.since(later)).unwrap();
    });
    insta::assert_snapshot!(lines);
}
