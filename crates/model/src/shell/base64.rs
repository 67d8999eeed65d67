//! Base64 with padding (RFC 4648, §4): for values that are no text, where only text can go.

use serde::{Deserialize, Deserializer, Serializer};

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Bytes as text.
#[must_use]
pub fn base64(bytes: &[u8]) -> String {
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

/// The bytes of a text that [`base64`] made; `None` for every other text.
#[must_use]
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for group in text.as_bytes().chunks(4) {
        let digits = group.iter().take_while(|digit| **digit != b'=');
        let digits: Vec<u32> = digits.map(|digit| value_of(*digit)).collect::<Option<_>>()?;
        let bits = digits.iter().zip([18, 12, 6, 0]).fold(0, |bits, (digit, place)| bits | (digit << place));
        let [_, first, second, third] = bits.to_be_bytes();
        bytes.extend([first, second, third].iter().take(digits.len().saturating_sub(1)));
    }
    // One text for the same bytes: padding, stray bits and length are all right exactly when it is made again.
    (base64(&bytes) == text).then_some(bytes)
}

fn value_of(digit: u8) -> Option<u32> {
    DIGITS.iter().position(|one| *one == digit).and_then(|at| u32::try_from(at).ok())
}

/// Bytes of a stored file.
pub(super) mod bytes {
    use super::*;

    pub(in crate::shell) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&base64(bytes))
    }

    pub(in crate::shell) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        decoded(&String::deserialize(deserializer)?)
    }
}

/// A list of bytes of a stored file.
pub(super) mod list {
    use super::*;

    pub(in crate::shell) fn serialize<S: Serializer>(items: &[Vec<u8>], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(items.iter().map(|item| base64(item)))
    }

    pub(in crate::shell) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Vec<u8>>, D::Error> {
        Vec::<String>::deserialize(deserializer)?.iter().map(|item| decoded(item)).collect()
    }
}

fn decoded<E: serde::de::Error>(text: &str) -> Result<Vec<u8>, E> {
    from_base64(text).ok_or_else(|| E::custom("it is no base64"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        let pairs = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        for (plain, encoded) in pairs {
            assert_eq!(base64(plain.as_bytes()), encoded);
            assert_eq!(from_base64(encoded).as_deref(), Some(plain.as_bytes()));
        }
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(from_base64(&base64(&all)), Some(all));
    }

    #[test]
    fn what_was_not_made_by_it_is_refused() {
        for text in ["Z", "Zg", "Zg=", "Zg===", "Zh==", "=", "====", "Zg==Zg==", "Z-==", "Zm9v\n", "Zé=="] {
            assert_eq!(from_base64(text), None, "{text}");
        }
    }
}
