//! Secrets that are told by their looks: no variable of ours holds what an agent reads in a file or is sent by a service.

use memchr::memmem::Finder;
use std::ops::Range;
use std::sync::LazyLock;

/// The longest secret of these. A key that is longer loses its first part, and with that its use.
pub(super) const LONGEST: usize = 8192;

/// The line that begins a private key, and the one that ends it.
const KEY_BEGIN: &str = "-----BEGIN ";
const KEY_MARK: &str = "PRIVATE KEY-----";
const KEY_END: &str = "-----END ";

/// What a secret begins with, and what it is called. What begins alike stands with the longer one first.
const SHAPES: [Shape; 19] = [
    Shape { name: "ANTHROPIC_KEY", prefix: "sk-ant-", least: 16, keeps: 0 },
    Shape { name: "OPENROUTER_KEY", prefix: "sk-or-", least: 24, keeps: 0 },
    Shape { name: "OPENAI_KEY", prefix: "sk-", least: 32, keeps: 0 },
    Shape { name: "GITHUB_TOKEN", prefix: "ghp_", least: 30, keeps: 0 },
    Shape { name: "GITHUB_TOKEN", prefix: "gho_", least: 30, keeps: 0 },
    Shape { name: "GITHUB_TOKEN", prefix: "ghu_", least: 30, keeps: 0 },
    Shape { name: "GITHUB_TOKEN", prefix: "ghs_", least: 30, keeps: 0 },
    Shape { name: "GITHUB_TOKEN", prefix: "github_pat_", least: 30, keeps: 0 },
    Shape { name: "GITLAB_TOKEN", prefix: "glpat-", least: 20, keeps: 0 },
    Shape { name: "GOOGLE_KEY", prefix: "AIza", least: 30, keeps: 0 },
    Shape { name: "AWS_KEY", prefix: "AKIA", least: 16, keeps: 0 },
    Shape { name: "SLACK_TOKEN", prefix: "xoxb-", least: 20, keeps: 0 },
    Shape { name: "SLACK_TOKEN", prefix: "xoxp-", least: 20, keeps: 0 },
    Shape { name: "NPM_TOKEN", prefix: "npm_", least: 30, keeps: 0 },
    Shape { name: "HUGGINGFACE_TOKEN", prefix: "hf_", least: 30, keeps: 0 },
    // Two parts of JSON in base64 and a signature.
    Shape { name: "WEB_TOKEN", prefix: "eyJ", least: 60, keeps: 0 },
    Shape { name: "BEARER_TOKEN", prefix: "Bearer ", least: 20, keeps: 7 },
    Shape { name: "BEARER_TOKEN", prefix: "bearer ", least: 20, keeps: 7 },
    Shape { name: "BASIC_LOGIN", prefix: "Basic ", least: 20, keeps: 6 },
];

/// One kind of secret.
struct Shape {
    name: &'static str,
    prefix: &'static str,
    /// So many characters must follow the prefix, or it is a word of a text.
    least: usize,
    /// So many bytes of the prefix stay to be read.
    keeps: usize,
}

static FINDERS: LazyLock<[Finder<'static>; 19]> = LazyLock::new(|| SHAPES.each_ref().map(|it| Finder::new(it.prefix)));
static KEY: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(KEY_BEGIN));

/// The places of secrets in a text, in no order, with their names.
pub(super) fn places(text: &[u8]) -> Vec<(Range<usize>, &'static str)> {
    let mut found = Vec::new();
    for (shape, finder) in SHAPES.iter().zip(FINDERS.iter()) {
        found.extend(finder.find_iter(text).filter_map(|at| Some((shape.place(text, at)?, shape.name))));
    }
    found.extend(KEY.find_iter(text).filter_map(|at| Some((private_key(text, at)?, "PRIVATE_KEY"))));
    found
}

/// Whether a private key begins in this line and goes on in the next one.
pub(super) fn begins_key(line: &[u8]) -> bool {
    let last = memchr::memmem::rfind(line, KEY_BEGIN.as_bytes()).map(|at| &line[at..]);
    last.is_some_and(|rest| contains(rest, KEY_MARK) && !contains(rest, KEY_END))
}

/// Whether a private key ends in this line.
pub(super) fn ends_key(line: &[u8]) -> bool {
    contains(line, KEY_END)
}

impl Shape {
    fn place(&self, text: &[u8], at: usize) -> Option<Range<usize>> {
        let begins_a_word = at == 0 || !text[at - 1].is_ascii_alphanumeric();
        let begin = at + self.prefix.len();
        let length = text[begin..].iter().take(LONGEST).take_while(|byte| is_of_token(**byte)).count();
        let secret = &text[begin..begin + length];
        // Words joined by hyphens have no digits; keys of this length always do.
        let looks_random = length >= self.least && secret.iter().any(u8::is_ascii_digit);
        (begins_a_word && looks_random).then_some(at + self.keeps..begin + length)
    }
}

/// From its first line to its last, or as far as the text or the string goes in which it stands.
fn private_key(text: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = &text[at..];
    let label = &rest[..rest.len().min(KEY_BEGIN.len() + 40)];
    if !contains(label, KEY_MARK) {
        return None;
    }
    let string = rest.iter().take(LONGEST).position(|byte| *byte == b'"').unwrap_or(rest.len().min(LONGEST));
    let whole = &rest[..string];
    let end = memchr::memmem::find(whole, KEY_END.as_bytes()).map(|end| end + KEY_END.len());
    let end = end.and_then(|end| Some(end + memchr::memmem::find(&whole[end..], b"-----")? + 5));
    Some(at..at + end.unwrap_or(string))
}

fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~+/=".contains(&byte)
}

fn contains(text: &[u8], part: &str) -> bool {
    memchr::memmem::find(text, part.as_bytes()).is_some()
}
