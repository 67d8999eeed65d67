//! What is made of many made things, a line each, so that a snapshot sees every change of it.
//!
//! Tests beside the code say what is right in the cases that somebody thought of. These see every other change: a line that
//! differs is a thing that is read otherwise than when somebody last looked. `COORDINATE_READING=NAME/NUMBER`, with
//! `--no-capture`, shows the thing and what is read of it, for each version, to compare the two. Where the change is
//! meant, accept the snapshot as any other.

use crate::seeded::Chance;
use coordinate_model::digest::hex_sha256;
use std::fmt::{Debug, Write as _};

#[expect(clippy::print_stdout, reason = "somebody asked for it")]
fn show(thing: &impl Debug, reading: &str) {
    println!("{thing:#?}\n\n{reading}");
}

/// A line for each of `count` things that are made from their number, with the digest of what is read of it.
///
/// # Panics
/// Not on its own: a text takes all that is written to it.
#[must_use]
pub fn readings<T: Debug>(
    name: &str,
    count: u64,
    make: impl Fn(&mut Chance) -> T,
    read: impl Fn(&T, &mut String),
) -> String {
    let mut lines = String::new();
    for number in 1..=count {
        let thing = make(&mut Chance::new(number));
        let mut reading = String::new();
        read(&thing, &mut reading);
        if wanted(name) == Some(number) {
            show(&thing, &reading);
        }
        let digest = &hex_sha256(reading.as_bytes())[..8];
        writeln!(lines, "{number:04} {digest}").expect("a text takes all");
    }
    lines
}

/// The one that somebody wants to see.
fn wanted(name: &str) -> Option<u64> {
    let text = std::env::var("COORDINATE_READING").ok()?;
    text.strip_prefix(name)?.strip_prefix('/')?.parse().ok()
}
