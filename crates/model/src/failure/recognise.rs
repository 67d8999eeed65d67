//! Recognises the class of a failure from what a program printed at its end.
//!
//! By phrases, not by words: an agent talks about timeouts and limits also where it does not meet them.

use super::FailureClass;

/// What the end of an output tells of the class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recognised {
    /// The class.
    pub class: FailureClass,
    /// The line that told.
    pub line: String,
    /// For a usage limit: when it ends, as it was told.
    pub reset: Option<String>,
}

/// Phrases that tell a class, in lower case.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The class.
    pub class: FailureClass,
    /// Any of these tells it.
    pub phrases: &'static [&'static str],
}

/// The one table. Earlier rules win: a full disk is also named by what timed out because of it, and a usage limit
/// comes with the status of a rate limit; where money or room has run out, no waiting helps.
pub const RULES: &[Rule] = &[
    Rule {
        class: FailureClass::Fatal,
        phrases: &[
            "no space left on device",
            "disk quota exceeded",
            "enospc",
            "read-only file system",
            "permission denied",
            "operation not permitted",
            "eacces",
            "disk image is malformed",
            "input/output error",
            "index file corrupt",
            "object file is empty",
        ],
    },
    Rule {
        class: FailureClass::Permanent,
        phrases: &["credit balance is too low", "insufficient_quota", "prompt is too long"],
    },
    Rule {
        class: FailureClass::Quota,
        phrases: &[
            "hit your usage limit",
            "usage limit reached",
            "usage limit exceeded",
            "hit your limit",
            "quota exceeded",
            "exceeded your current quota",
            "hit your session limit",
            "hit your weekly limit",
        ],
    },
    Rule {
        class: FailureClass::Transient,
        phrases: &[
            "rate limit exceeded",
            "rate limit reached",
            "rate_limit_error",
            "rate_limit_exceeded",
            "too many requests",
            "overloaded_error",
            "is overloaded",
            "529 overloaded",
            "request rejected (429)",
            "stream disconnected",
            "currently overloaded",
            "service unavailable",
            "bad gateway",
            "gateway timeout",
            "internal server error",
            "database is locked",
            "resource busy",
            "resource temporarily unavailable",
            "text file busy",
            "connection timed out",
            "request timed out",
            "operation timed out",
            "etimedout",
            "connection reset",
            "econnreset",
            "connection refused",
            "econnrefused",
            "network is unreachable",
            "could not resolve host",
            "temporary failure in name resolution",
            "eai_again",
        ],
    },
];

/// Begins a line in which a program says itself whether its failure may pass: `FAILURE_CLASS: transient` or
/// `FAILURE_CLASS: permanent`. It counts more than any phrase. No other class is taken from it: they need evidence.
pub const CLASS_MARK: &str = "FAILURE_CLASS:";

/// Statuses of HTTP that pass by themselves.
const PASSING: &[&str] = &["408", "425", "429", "500", "502", "503", "504", "529"];

/// How many of the last lines are looked at: what ended a program stands at its end.
const LOOKED_AT: usize = 10;

/// The class that the end of an output tells, if it tells one.
#[must_use]
pub fn recognise(lines: &[String]) -> Option<Recognised> {
    let end = lines.get(lines.len().saturating_sub(LOOKED_AT)..).unwrap_or_default();
    let said = end.iter().rev().find_map(|line| said(line));
    said.or_else(|| by_phrases(end))
}

/// What a line says by [`CLASS_MARK`].
fn said(line: &str) -> Option<Recognised> {
    let line = line.trim();
    let word = line.strip_prefix(CLASS_MARK)?.trim();
    let class = [FailureClass::Transient, FailureClass::Permanent].into_iter().find(|class| class.name() == word)?;
    Some(Recognised { class, line: line.to_owned(), reset: None })
}

fn by_phrases(end: &[String]) -> Option<Recognised> {
    RULES.iter().find_map(|rule| {
        let tells = |line: &&String| {
            let lower = line.to_lowercase();
            let status = || rule.class == FailureClass::Transient && has_passing_status(&lower);
            rule.phrases.iter().any(|phrase| lower.contains(phrase)) || status()
        };
        let line = end.iter().rev().find(tells)?;
        let reset = (rule.class == FailureClass::Quota).then(|| end.iter().find_map(|line| reset(line))).flatten();
        Some(Recognised { class: rule.class, line: line.trim().to_owned(), reset })
    })
}

/// `HTTP 429`, `status: 503`, `status code 529`, `API Error: 500`. A bare number says nothing.
fn has_passing_status(lower: &str) -> bool {
    let words: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.windows(3).any(|window| match window {
        [first, second, number] if PASSING.contains(number) => {
            matches!(*second, "http" | "status") || matches!((*first, *second), ("status", "code") | ("api", "error"))
        }
        _ => false,
    }) || matches!(words.as_slice(), ["http" | "status", number, ..] if PASSING.contains(number))
}

/// When a limit ends: the rest of the line after the words that announce it.
fn reset(line: &str) -> Option<String> {
    let lower = line.to_ascii_lowercase();
    let marks = ["try again at ", "try again in ", "resets at ", "resets in ", "resets "];
    let begin = marks.iter().find_map(|mark| lower.find(mark).map(|at| at + mark.len()))?;
    let rest = line.get(begin..)?.trim().trim_end_matches(['.', '!']);
    // A time zone in brackets belongs to the time; a bracket that was opened before it does not.
    let rest = if rest.contains('(') { rest } else { rest.trim_end_matches(')') };
    (!rest.is_empty()).then(|| rest.chars().take(60).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, class: Option<FailureClass>, reset: Option<&str>) {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let found = recognise(&lines);
        assert_eq!(found.as_ref().map(|found| found.class), class, "{text}");
        assert_eq!(found.and_then(|found| found.reset).as_deref(), reset, "{text}");
    }

    /// Shows S14.
    #[test]
    fn every_phrase_of_the_table_tells_its_class() {
        for rule in RULES {
            for phrase in rule.phrases {
                check(&format!("before\nError: {}!", phrase.to_uppercase()), Some(rule.class), None);
            }
        }
    }

    #[test]
    fn real_messages_have_their_class() {
        use FailureClass::{Fatal, Quota, Transient};
        check("API Error: 529 {\"type\":\"overloaded_error\"}", Some(Transient), None);
        check("request failed with status code 503", Some(Transient), None);
        check("HTTP/1.1 429 Too Many", None, None);
        check("HTTP 429", Some(Transient), None);
        check("sqlite3.OperationalError: database is locked", Some(Transient), None);
        check("You've hit your usage limit. Please try again at 3:45 PM.", Some(Quota), Some("3:45 PM"));
        check("429 Too Many Requests\nusage limit reached\nYour limit resets in 2 h", Some(Quota), Some("2 h"));
        check("write failed: No space left on device\nrequest timed out", Some(Fatal), None);
        check("bash: ./run.sh: Permission denied", Some(Fatal), None);
    }

    #[test]
    fn what_a_program_says_of_its_failure_counts_more_than_phrases() {
        use FailureClass::{Permanent, Transient};
        check("the mirror is away\nFAILURE_CLASS: transient", Some(Transient), None);
        check("no space left on device\nFAILURE_CLASS: transient\n", Some(Transient), None);
        check("connection refused\n FAILURE_CLASS: permanent ", Some(Permanent), None);
        check("FAILURE_CLASS: transient\nFAILURE_CLASS: permanent", Some(Permanent), None);
        check("FAILURE_CLASS: fatal", None, None);
        check("FAILURE_CLASS: quota\nconnection refused", Some(Transient), None);
    }

    #[test]
    fn talk_is_no_failure() {
        check("", None, None);
        check("assertion failed: expected 500, got 404", None, None);
        check("added a timeout to the network code\n3 tests failed", None, None);
        check("added a rate limit and a usage limit; the operator is an overloaded one", None, None);
        check(&format!("connection refused\n{}", "more\n".repeat(10)), None, None);
    }
}
