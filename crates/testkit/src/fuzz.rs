//! A small fuzzer on stable Rust: inputs of a corpus, changed at random from a seed, into a function that must not panic,
//! must end soon, and may assert what it likes. The same seed tries the same inputs.
//!
//! `COORDINATE_FUZZ_SECONDS` is how long a target is tried; without it, a fixed number of inputs. `COORDINATE_FUZZ_SEED` gives
//! other ones. An input that breaks the target is written into `fuzz/corpus/TARGET`, where every later run begins with it.

use crate::seeded::Chance;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Inputs that are tried when nobody says how long.
const INPUTS: u64 = 1_500;

/// Longer than any input may take, in a build without optimisation on a busy machine.
const SLOW: Duration = Duration::from_secs(10);

/// The longest input that is made.
const LONGEST: usize = 64 * 1024;

/// Words that parsers care for.
const WORDS: [&[u8]; 24] = [
    b"\0",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    "\u{202e}".as_bytes(),
    "\u{1f600}".as_bytes(),
    b"\r\n",
    b"\n\n",
    b"---\n",
    b"```",
    b"\"",
    b"'",
    b"\\",
    b"[[",
    b"]]",
    b"{{",
    b"}",
    b"-1",
    b"0",
    b"18446744073709551616",
    b"1e999",
    b"null",
    b"- [x]",
    b"###",
    b"**Dependencies**: [1]",
];

/// What a target is, and where inputs for it lie already.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// Its name, and that of its folder in `fuzz/corpus`.
    pub name: &'a str,
    /// Folders of the repository whose files are inputs too.
    pub folders: &'a [&'a str],
    /// Only files whose names end so.
    pub ends: &'a str,
    /// Whether each line of a file is an input of its own.
    pub lines: bool,
}

/// How much was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tried {
    /// Inputs that lay there.
    pub corpus: u64,
    /// Inputs that were made from them.
    pub made: u64,
}

impl Target<'_> {
    /// Tries the corpus, and what can be made of it.
    ///
    /// # Panics
    /// When an input breaks the target, with the file that it is in; and when there is no corpus.
    pub fn fuzz(&self, check: impl Fn(&[u8])) -> Tried {
        let corpus = self.corpus();
        assert!(!corpus.is_empty(), "`{}` has no corpus", self.name);
        corpus.iter().for_each(|input| self.one(input, &check));
        let mut chance = Chance::new(variable("COORDINATE_FUZZ_SEED").unwrap_or(1));
        let deadline = variable("COORDINATE_FUZZ_SECONDS").map(|seconds| Instant::now() + Duration::from_secs(seconds));
        let mut made = 0;
        while deadline.map_or(made < INPUTS, |deadline| Instant::now() < deadline) {
            self.one(&changed(&mut chance, &corpus), &check);
            made += 1;
        }
        let tried = Tried { corpus: corpus.len() as u64, made };
        self.report(tried);
        tried
    }

    fn one(&self, input: &[u8], check: &impl Fn(&[u8])) {
        let since = Instant::now();
        let ended = catch_unwind(AssertUnwindSafe(|| check(input)));
        let slow = since.elapsed() > SLOW;
        if ended.is_err() || slow {
            let path = self.keep(input);
            let what = if slow { "takes too long" } else { "breaks it" };
            panic!("`{}`: the input in `{}` {what}", self.name, path.display());
        }
    }

    fn keep(&self, input: &[u8]) -> PathBuf {
        let mut hasher = DefaultHasher::new();
        input.hash(&mut hasher);
        let folder = root().join("fuzz/corpus").join(self.name);
        let path = folder.join(format!("found-{:016x}", hasher.finish()));
        let kept = fs::create_dir_all(&folder).and_then(|()| fs::write(&path, input));
        kept.expect("an input that breaks something can be kept");
        path
    }

    /// For `cargo xtask fuzz`, which counts all targets together.
    fn report(&self, tried: Tried) {
        let Some(folder) = std::env::var_os("COORDINATE_FUZZ_TO") else { return };
        let line = format!("{} {}\n", tried.corpus, tried.made);
        fs::write(Path::new(&folder).join(self.name), line).expect("the counts can be written");
    }

    /// All inputs that lie there, in an order that does not change.
    fn corpus(&self) -> Vec<Vec<u8>> {
        let own = root().join("fuzz/corpus").join(self.name);
        let mut files = files_of(&own, "");
        for folder in self.folders {
            files.extend(files_of(&root().join(folder), self.ends));
        }
        let texts = files.into_iter().map(|path| fs::read(path).expect("a file of the corpus can be read"));
        if !self.lines {
            return texts.collect();
        }
        texts.flat_map(|text| text.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>()).collect()
    }
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files_of(folder: &Path, ends: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.is_file() && path.to_string_lossy().ends_with(ends)).collect();
    files.sort();
    files
}

/// One input of the corpus with a few changes.
fn changed(chance: &mut Chance, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut input = chance.pick(corpus).cloned().unwrap_or_default();
    for _ in 0..=chance.below(5) {
        change(chance, &mut input, corpus);
    }
    input.truncate(LONGEST);
    input
}

fn change(chance: &mut Chance, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
    let (from, to) = range(chance, input.len());
    match chance.below(8) {
        0 if !input.is_empty() => input[from.min(to.saturating_sub(1))] ^= 1 << chance.below(8),
        1 => drop(input.drain(from..to)),
        2 => input.truncate(from),
        3 => {
            let piece = input[from..to].to_vec();
            let _gone: Vec<u8> = input.splice(to..to, piece).collect();
        }
        4 => {
            let other = chance.pick(corpus).cloned().unwrap_or_default();
            let (begin, end) = range(chance, other.len());
            let _gone: Vec<u8> = input.splice(from..to, other[begin..end].iter().copied()).collect();
        }
        5 => {
            let word = chance.pick(&WORDS).copied().unwrap_or_default();
            let _gone: Vec<u8> = input.splice(from..to, word.iter().copied()).collect();
        }
        6 => swap_lines(chance, input),
        _ => {
            let word = chance.pick(&WORDS).copied().unwrap_or_default();
            let _gone: Vec<u8> = input.splice(from..from, word.iter().copied()).collect();
        }
    }
}

/// A range, mostly a short one.
fn range(chance: &mut Chance, length: usize) -> (usize, usize) {
    let from = chance.below(length + 1);
    let most = if chance.percent(80) { 12 } else { length };
    (from, (from + chance.below(most + 1)).min(length))
}

fn swap_lines(chance: &mut Chance, input: &mut Vec<u8>) {
    let mut lines: Vec<&[u8]> = input.split(|byte| *byte == b'\n').collect();
    let (one, other) = (chance.below(lines.len()), chance.below(lines.len()));
    lines.swap(one, other);
    *input = lines.join(&b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_inputs_and_all_of_them_differ_from_the_corpus() {
        let corpus = vec![b"### Phase 1: One\n- [ ] write it\n".to_vec(), b"{\"event\":\"x\"}".to_vec()];
        let made = |seed| {
            let mut chance = Chance::new(seed);
            (0..200).map(|_| changed(&mut chance, &corpus)).collect::<Vec<_>>()
        };
        assert_eq!(made(3), made(3));
        assert_ne!(made(3), made(4));
        let others = made(3).iter().filter(|input| !corpus.contains(input)).count();
        assert!(others > 150, "{others}");
    }
}
