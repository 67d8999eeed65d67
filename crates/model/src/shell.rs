//! Values that shells hold: their names, how they are written for each shell, how old files of them are read.
//!
//! A shell variable holds any bytes but NUL, so values are bytes here, never text. Nothing in a value means anything:
//! what is written for a shell is quoted so that no byte of it can be executed or expanded.

mod assignments;
mod name;
mod quote;

pub use assignments::{Assignment, Passed, Read, read};
pub use name::{InvalidName, VariableName, WorkflowId};
pub use quote::{Dialect, Unrepresentable, posix_word, render};

use std::collections::BTreeMap;

/// What a variable holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Bytes without NUL.
    Text(Vec<u8>),
    /// Any number of them.
    List(Vec<Vec<u8>>),
}

/// All variables of a workflow, in the order of their names.
pub type Variables = BTreeMap<VariableName, Value>;

/// Base64 with padding (RFC 4648, §4): for values that are no text, where only text can go.
#[must_use]
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = (byte(0) << 16) | (byte(1) << 8) | byte(2);
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        let pairs = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        for (plain, encoded) in pairs {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }
}
