//! A survey of a repository for the words of a request: which files answer it, counted and not judged.
//!
//! [`Terms`] says what is looked for, [`measure()`] counts it in one file, [`rank()`] orders the files, [`look()`] finds
//! the lines in one. All of it is pure: texts come in, numbers and lines come out.

mod closer;
mod filler;
mod kind;
mod language;
mod measure;
mod rank;
#[cfg(test)]
mod ranking;
mod terms;
mod word;

pub(super) use closer::{Closer, Excerpt, Line, excerpt_at, look};
pub(super) use kind::{Kind, is_secret};
pub(super) use language::Language;
pub(super) use measure::{Measure, measure};
pub(super) use rank::{Ranked, rank};
pub(super) use terms::Terms;
