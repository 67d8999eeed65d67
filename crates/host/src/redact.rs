//! Takes secrets out of text before it is stored or shown.

mod shapes;

use memchr::memmem::Finder;
use std::borrow::Cow;
use std::ffi::OsStr;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt as _;

/// Values shorter than this are not redacted: they would hit innocent text everywhere.
const SHORTEST_SECRET: usize = 6;

/// Segments of a variable's name that make its value a secret.
const SECRET_SEGMENTS: [&str; 17] = [
    "KEY",
    "KEYS",
    "APIKEY",
    "TOKEN",
    "TOKENS",
    "SECRET",
    "SECRETS",
    "PASSWORD",
    "PASSWORDS",
    "PASSWD",
    "PASSPHRASE",
    "PASS",
    "CREDENTIAL",
    "CREDENTIALS",
    "CREDS",
    "AUTH",
    "AUTHORIZATION",
];

/// Ends of a name's segment that make its value a secret, as in `PGPASSWORD` or `GITHUBTOKEN`.
const SECRET_SUFFIXES: [&str; 5] = ["PASSWORD", "PASSWD", "TOKEN", "SECRET", "APIKEY"];

/// Last segments that say that the value is only a place or a kind: `SSH_AUTH_SOCK`, `TOKEN_FILE`.
const PLACE_SEGMENTS: [&str; 9] = ["SOCK", "FILE", "PATH", "DIR", "URL", "URI", "TYPE", "METHOD", "HOST"];

/// Knows the secrets of an environment and the looks of common keys and tokens, and replaces each by `[redacted:NAME]`.
///
/// A value is found as it is, as it looks inside a JSON string, and, when it has several lines, line by line.
/// Secrets that a client transforms otherwise (base64, percent encoding) are not recognised.
#[derive(Debug, Default)]
pub struct Redactor {
    secrets: Vec<Secret>,
    longest: usize,
}

#[derive(Debug)]
struct Secret {
    finder: Finder<'static>,
    name: String,
}

/// A place in a text that holds a secret, and what it is called.
struct Hit<'r> {
    place: Range<usize>,
    name: &'r str,
}

impl Redactor {
    /// A redactor for those of the given variables whose names look secret, such as all of `std::env::vars_os()`.
    pub fn from_vars<N: AsRef<OsStr>, V: AsRef<OsStr>>(vars: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut redactor = Self::default();
        for (name, value) in vars {
            let name = name.as_ref().to_string_lossy().to_ascii_uppercase();
            if holds_secret(&name, value.as_ref().as_bytes()) {
                redactor.add(&name, value.as_ref().as_bytes());
            }
        }
        redactor
    }

    /// The length in bytes of the longest secret: one that begins in a text may end this much later.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.longest.max(shapes::LONGEST)
    }

    /// Whether a private key begins in this line and does not end in it. The lines up to [`ends_key`](Self::ends_key) are
    /// secret then; each by itself looks like nothing.
    #[must_use]
    pub fn begins_key(&self, line: &[u8]) -> bool {
        shapes::begins_key(line)
    }

    /// Whether a private key ends in this line.
    #[must_use]
    pub fn ends_key(&self, line: &[u8]) -> bool {
        shapes::ends_key(line)
    }

    /// The text without secrets.
    #[must_use]
    pub fn redact<'t>(&self, text: &'t [u8]) -> Cow<'t, [u8]> {
        let hits = self.hits(text);
        if hits.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut clean = Vec::with_capacity(text.len());
        let mut done = 0;
        for hit in hits {
            clean.extend_from_slice(&text[done..hit.place.start]);
            clean.extend_from_slice(format!("[redacted:{}]", hit.name).as_bytes());
            done = hit.place.end;
        }
        clean.extend_from_slice(&text[done..]);
        Cow::Owned(clean)
    }

    /// The text without secrets.
    #[must_use]
    pub fn redact_text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.redact(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            Cow::Owned(clean) => Cow::Owned(String::from_utf8_lossy(&clean).into_owned()),
        }
    }

    /// The place nearest to `at` where the text can be cut in two without cutting a secret or a character.
    /// `text` must reach [`longest`](Self::longest) bytes beyond `at`, or be all there is. Never 0 for `at` above 3.
    #[must_use]
    pub fn cut(&self, text: &[u8], at: usize) -> usize {
        let is_inside_character = |index: usize| text.get(index).is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000);
        let at = (at.saturating_sub(3)..=at).rev().find(|index| !is_inside_character(*index)).unwrap_or(at);
        match self.hits(text).into_iter().find(|hit| hit.place.start < at && at < hit.place.end) {
            Some(hit) if hit.place.start > 0 => hit.place.start,
            Some(hit) => hit.place.end,
            None => at,
        }
    }

    fn add(&mut self, name: &str, value: &[u8]) {
        let visible: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let mut forms: Vec<Vec<u8>> = vec![value.to_vec()];
        forms.extend(value.split(|byte| *byte == b'\n').map(|line| line.trim_ascii().to_vec()));
        for form in forms.clone() {
            forms.extend(inside_json(&form));
        }
        forms.retain(|form| form.len() >= SHORTEST_SECRET);
        forms.sort();
        forms.dedup();
        for form in forms {
            self.longest = self.longest.max(form.len());
            self.secrets.push(Secret { finder: Finder::new(&form).into_owned(), name: visible.clone() });
        }
    }

    /// All places with secrets, in order; places that touch one another's bytes are one.
    fn hits(&self, text: &[u8]) -> Vec<Hit<'_>> {
        let mut hits: Vec<Hit<'_>> = Vec::new();
        for Secret { finder, name } in &self.secrets {
            let length = finder.needle().len();
            hits.extend(finder.find_iter(text).map(|start| Hit { place: start..start + length, name }));
        }
        // After those with a name of their own: of two at one place the first gives the name.
        hits.extend(shapes::places(text).into_iter().map(|(place, name)| Hit { place, name }));
        hits.sort_by_key(|hit| (hit.place.start, std::cmp::Reverse(hit.place.end)));
        hits.dedup_by(|later, earlier| {
            let overlaps = later.place.start < earlier.place.end;
            if overlaps {
                earlier.place.end = earlier.place.end.max(later.place.end);
            }
            overlaps
        });
        hits
    }
}

fn holds_secret(name: &str, value: &[u8]) -> bool {
    let segments: Vec<&str> = name.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let last = segments.last().copied().unwrap_or_default();
    // `MAX_OUTPUT_TOKENS=128000` is a number of tokens, and redacting it would spoil every such number.
    let is_count = matches!(last, "TOKENS" | "KEYS") && value.iter().all(u8::is_ascii_digit);
    if value.len() < SHORTEST_SECRET || is_count || PLACE_SEGMENTS.contains(&last) {
        return false;
    }
    let is_password = segments.len() > 1 && last == "PWD";
    is_password || segments.iter().any(|segment| is_secret_segment(segment))
}

fn is_secret_segment(segment: &str) -> bool {
    SECRET_SEGMENTS.contains(&segment) || SECRET_SUFFIXES.iter().any(|suffix| segment.ends_with(suffix))
}

/// How the value looks between the quotes of a JSON string: clients print their events as JSON.
fn inside_json(value: &[u8]) -> Option<Vec<u8>> {
    let quoted = serde_json::to_string(std::str::from_utf8(value).ok()?).ok()?;
    Some(quoted.as_bytes()[1..quoted.len() - 1].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(vars: &[(&str, &str)], text: &str, expected: &str) {
        assert_eq!(Redactor::from_vars(vars.iter().copied()).redact_text(text), expected);
    }

    #[test]
    fn values_of_secret_names_are_replaced() {
        check(&[("ANTHROPIC_API_KEY", "sk-ant-123")], "a sk-ant-123 b", "a [redacted:ANTHROPIC_API_KEY] b");
        check(
            &[("github_token", "ghp_abcdef")],
            "ghp_abcdefghp_abcdef",
            "[redacted:GITHUB_TOKEN][redacted:GITHUB_TOKEN]",
        );
        check(&[("PGPASSWORD", "hunter22")], "hunter22", "[redacted:PGPASSWORD]");
        check(&[("MYSQL_PWD", "hunter22")], "hunter22", "[redacted:MYSQL_PWD]");
        check(&[("a.b-secret", "hunter22")], "hunter22", "[redacted:A_B_SECRET]");
    }

    #[test]
    fn other_values_stay() {
        check(&[("MONKEY", "banana-split")], "banana-split", "banana-split");
        check(&[("PWD", "/home/someone")], "/home/someone", "/home/someone");
        check(&[("SSH_AUTH_SOCK", "/run/agent.sock")], "/run/agent.sock", "/run/agent.sock");
        check(&[("MAX_OUTPUT_TOKENS", "128000")], "128000", "128000");
        check(&[("API_KEY", "short")], "short", "short");
    }

    #[test]
    fn secrets_are_found_inside_json_and_line_by_line() {
        let vars = [("SIGNING_KEY", "-----BEGIN\nab\"cd/efgh\n-----END--")];
        check(&vars, r#"{"k":"-----BEGIN\nab\"cd/efgh\n-----END--"}"#, r#"{"k":"[redacted:SIGNING_KEY]"}"#);
        check(&vars, "ab\"cd/efgh", "[redacted:SIGNING_KEY]");
    }

    #[test]
    fn overlapping_secrets_leave_no_rest() {
        let vars = [("A_KEY", "abcdefgh"), ("B_KEY", "efghijkl"), ("C_KEY", "abcdefgh-longer")];
        check(&vars, "xabcdefghijkly", "x[redacted:A_KEY]y");
        check(&vars, "abcdefgh-longer", "[redacted:C_KEY]");
    }

    #[test]
    fn keys_and_tokens_are_told_by_their_looks() {
        let long = "a1B2".repeat(10);
        for (prefix, name) in [
            ("sk-ant-api03-", "ANTHROPIC_KEY"),
            ("sk-proj-", "OPENAI_KEY"),
            ("ghp_", "GITHUB_TOKEN"),
            ("github_pat_", "GITHUB_TOKEN"),
            ("AIza", "GOOGLE_KEY"),
            ("AKIA", "AWS_KEY"),
            ("xoxb-", "SLACK_TOKEN"),
        ] {
            check(&[], &format!("k=\"{prefix}{long}\";"), &format!("k=\"[redacted:{name}]\";"));
        }
        check(&[], &format!("Authorization: Bearer {long}\n"), "Authorization: Bearer [redacted:BEARER_TOKEN]\n");
        check(&[("MY_KEY", &format!("sk-ant-{long}"))], &format!("sk-ant-{long}"), "[redacted:MY_KEY]");
    }

    #[test]
    fn words_that_begin_like_keys_stay() {
        for text in [
            "a risk-averse-and-otherwise-rather-long-hyphenated-word",
            "sk-learn-is-a-library-with-a-name-that-goes-on-and-on-and-on",
            "Bearer of good news",
            "ghp_short1",
            "-----BEGIN CERTIFICATE-----",
            "Basic understanding",
        ] {
            check(&[], text, text);
        }
    }

    #[test]
    fn a_private_key_is_hidden_to_its_end() {
        let key = "-----BEGIN RSA PRIVATE KEY-----\\nMIIEow\\nabc\\n-----END RSA PRIVATE KEY-----";
        check(&[], &format!("{{\"text\":\"{key}\\n\"}}"), "{\"text\":\"[redacted:PRIVATE_KEY]\\n\"}");
        check(
            &[],
            "{\"t\":\"-----BEGIN PRIVATE KEY-----\\nMII\",\"b\":1}",
            "{\"t\":\"[redacted:PRIVATE_KEY]\",\"b\":1}",
        );
    }

    #[test]
    fn a_cut_spares_secrets_and_characters() {
        let redactor = Redactor::from_vars([("A_KEY", "abcdefgh")]);
        assert_eq!(redactor.cut(b"0123abcdefgh4567", 8), 4);
        assert_eq!(redactor.cut(b"abcdefgh4567", 5), 8);
        assert_eq!(redactor.cut(b"0123456789", 5), 5);
        assert_eq!(redactor.cut("0123\u{20ac}789".as_bytes(), 6), 4);
        assert_eq!(redactor.cut(&[0x80; 20], 10), 10);
    }
}
