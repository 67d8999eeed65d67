//! Tokens, counted with the byte-pair encoding `cl100k_base`.
//!
//! Each client has a tokenizer of its own, and most of them are not published. One count for all of them, that never
//! changes, is an estimate of each: for prose and code in English they differ by some per cent.

use coordinate_engine::port::{Counter, Tokens};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tiktoken_rs::CoreBPE;

/// The encoding. `o200k_base` counts the same within a per cent here, and its tables are twice as large.
#[derive(Default)]
pub struct Cl100k {
    loaded: Mutex<Weak<Encoding>>,
}

/// The tables; `None` if they could not be read, which only a broken build can bring about.
struct Encoding(Option<CoreBPE>);

/// The bytes of a token in English prose, for when there are no tables.
const BYTES: u64 = 4;

impl Tokens for Cl100k {
    fn counter(&self) -> Arc<dyn Counter> {
        // A panic while loading leaves nothing loaded, which is what this begins with.
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.upgrade().unwrap_or_else(|| {
            let encoding = Arc::new(Encoding(tiktoken_rs::cl100k_base().ok()));
            *loaded = Arc::downgrade(&encoding);
            encoding
        })
    }
}

impl Counter for Encoding {
    fn count(&self, text: &str) -> u64 {
        self.0.as_ref().map_or((text.len() as u64).div_ceil(BYTES), |encoding| encoding.count_ordinary(text) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_counts() {
        let counter = Cl100k::default().counter();
        let counts = ["", "hello world", "tiktoken is great!", "Grüße", "日本語", "fn main() {}\n"]
            .map(|text| counter.count(text));
        assert_eq!(counts, [0, 2, 6, 3, 4, 4]);
    }

    #[test]
    fn special_tokens_are_text_like_any_other() {
        assert!(Cl100k::default().counter().count("<|endoftext|>") > 1);
    }

    #[test]
    fn tables_are_loaded_once_for_all_and_go_with_the_last() {
        let tokens = Cl100k::default();
        let first = tokens.counter();
        let second = tokens.counter();
        assert!(Arc::ptr_eq(&first, &second));
        drop((first, second));
        assert!(tokens.loaded.lock().unwrap().upgrade().is_none());
    }
}
