//! Reading the fields of a JSON object, each with its place, and keeping those that nobody asked for.

use super::Others;
use crate::plan::Severity;
use serde::Serialize;
use serde_json::{Map, Value};
use std::fmt;

/// Something that is wrong with a checkpoint, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The place as a JSON pointer (RFC 6901); empty for the whole.
    pub place: String,
    /// Whether it can be imported all the same.
    pub severity: Severity,
    /// What is wrong, and what to do.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.place.is_empty() { "/" } else { &self.place };
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{place}: {severity}: {}", self.message)
    }
}

/// The fields of one object. What is taken out is understood; the rest is kept by [`Self::rest`].
#[derive(Debug, Default)]
pub(super) struct Fields {
    place: String,
    map: Map<String, Value>,
    pub(super) problems: Vec<Problem>,
}

impl Fields {
    pub(super) fn new(place: String, map: Map<String, Value>) -> Self {
        Self { place, map, problems: Vec::new() }
    }

    /// A field's place.
    pub(super) fn at(&self, name: &str) -> String {
        format!("{}/{}", self.place, name.replace('~', "~0").replace('/', "~1"))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.map.get(name).is_some_and(|value| !value.is_null())
    }

    /// A field that is looked at and left where it is.
    pub(super) fn peek(&self, name: &str) -> Option<&Value> {
        self.map.get(name)
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.map.keys().cloned().collect()
    }

    pub(super) fn keep(&mut self, name: &str, value: Value) {
        self.map.insert(name.to_owned(), value);
    }

    /// Keeps what is left of an object below, if anything is.
    pub(super) fn keep_rest(&mut self, name: &str, rest: Others) {
        if !rest.is_empty() {
            self.keep(name, Value::Object(rest));
        }
    }

    /// What nobody asked for. Fields without a value say nothing and are left out.
    pub(super) fn rest(self) -> Others {
        self.map.into_iter().filter(|(_, value)| !value.is_null()).collect()
    }

    pub(super) fn error(&mut self, name: &str, message: impl Into<String>) {
        self.say(self.at(name), Severity::Error, message.into());
    }

    /// An error in an entry of a list.
    pub(super) fn error_in(&mut self, name: &str, entry: usize, message: String) {
        self.say(format!("{}/{entry}", self.at(name)), Severity::Error, message);
    }

    pub(super) fn warn(&mut self, name: &str, message: impl Into<String>) {
        self.say(self.at(name), Severity::Warning, message.into());
    }

    fn say(&mut self, place: String, severity: Severity, message: String) {
        self.problems.push(Problem { place, severity, message });
    }

    /// A field's value; null counts as missing, as it did in every older format.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.map.remove(name).filter(|value| !value.is_null())
    }

    /// A field that must be of a kind. One that is not is an error, and stays where it is.
    fn read<T>(&mut self, name: &str, wanted: &str, read: impl FnOnce(&Value) -> Option<T>) -> Option<T> {
        let value = self.take(name)?;
        let found = read(&value);
        if found.is_none() {
            self.error(name, format!("must be {wanted}, and is {}", kind(&value)));
            self.keep(name, value);
        }
        found
    }

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.read(name, "a text", |value| value.as_str().map(str::to_owned))
    }

    /// The first of several names that has a text.
    pub(super) fn text_of(&mut self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.text(name))
    }

    /// A number that is whole and not negative. Shell scripts wrote some as texts: those are read too.
    pub(super) fn count(&mut self, name: &str) -> Option<u32> {
        self.number(name, "a whole number, 0 or more", count)
    }

    pub(super) fn large_count(&mut self, name: &str) -> Option<u64> {
        self.number(name, "a whole number, 0 or more", |value| {
            value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
        })
    }

    /// Seconds since 1970; parts of a second are left out.
    pub(super) fn seconds(&mut self, name: &str) -> Option<i64> {
        self.number(name, "a number of seconds", |value| {
            let number = || value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
            value.as_i64().or_else(|| number().filter(|seconds| seconds.abs() < 1e15).map(floor))
        })
    }

    fn number<T>(&mut self, name: &str, wanted: &str, read: impl FnOnce(&Value) -> Option<T>) -> Option<T> {
        let is_text = self.map.get(name).is_some_and(Value::is_string);
        let found = self.read(name, wanted, read)?;
        if is_text {
            self.warn(name, "is a number written as a text; it is read as the number");
        }
        Some(found)
    }

    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        self.read(name, "true or false", |value| match value {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => text.parse().ok(),
            Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
        })
    }

    pub(super) fn list(&mut self, name: &str) -> Vec<Value> {
        self.read(name, "a list", |value| value.as_array().cloned()).unwrap_or_default()
    }

    pub(super) fn map(&mut self, name: &str) -> Map<String, Value> {
        self.read(name, "an object", |value| value.as_object().cloned()).unwrap_or_default()
    }

    /// A list of counts, such as phases; each that is none is an error of its own.
    pub(super) fn counts(&mut self, name: &str) -> Vec<u32> {
        let list = self.list(name);
        let read = list.iter().enumerate().filter_map(|(at, value)| {
            let found = count(value);
            if found.is_none() {
                self.error_in(name, at, format!("must be a whole number, 0 or more, and is {}", kind(value)));
            }
            found
        });
        read.collect()
    }

    /// The fields of an object below; none if it is not there. Give it back with [`Self::close`].
    pub(super) fn open(&mut self, name: &str) -> Self {
        Self::new(self.at(name), self.map(name))
    }

    /// Takes over what was found below, and gives the rest of that object.
    pub(super) fn close(&mut self, mut inner: Self) -> Others {
        self.problems.append(&mut inner.problems);
        inner.rest()
    }
}

/// A count, also when a shell script wrote it as a text.
pub(super) fn count(value: &Value) -> Option<u32> {
    let number = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok());
    number.and_then(|number| u32::try_from(number).ok())
}

#[expect(clippy::cast_possible_truncation, reason = "the caller has shown that it is small enough")]
fn floor(seconds: f64) -> i64 {
    seconds.floor() as i64
}

/// What a value is, for a message.
pub(super) fn kind(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("the text `{}`", text.chars().take(40).collect::<String>()),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}
