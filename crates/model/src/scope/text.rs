//! A request as sentences of tokens. What is quoted, and what is code, becomes one opaque token: its words are about
//! something and ask for nothing.

use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A word or a number.
    Word,
    /// A path or a file's name.
    Path,
    /// A quotation or a code span.
    Quoted,
    /// One punctuation mark.
    Mark,
}

/// A piece of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) kind: Kind,
    /// In lower case; straight apostrophes.
    pub(crate) word: String,
    /// Where it stands in the request, in bytes.
    pub(crate) place: Range<usize>,
}

impl Token {
    /// Whether it is this word.
    pub(crate) fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.word == word
    }

    /// Whether it is one of these words.
    pub(crate) fn is_one(&self, words: &[&str]) -> bool {
        self.kind == Kind::Word && words.contains(&self.word.as_str())
    }

    /// Whether it is this mark.
    pub(crate) fn is_mark(&self, mark: &str) -> bool {
        self.kind == Kind::Mark && self.word == mark
    }
}

/// A sentence, or an item of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sentence {
    /// Its tokens, without the marks that end it.
    pub(crate) tokens: Vec<Token>,
    /// It is an item of a list.
    pub(crate) item: bool,
    /// It ends with a question mark.
    pub(crate) question: bool,
    /// It ends with a colon, so that what follows belongs to it.
    pub(crate) opens: bool,
}

/// Abbreviations whose full stop ends no sentence.
const ABBREVIATIONS: &[&str] = &["e.g", "i.e", "etc", "vs", "cf", "approx", "incl", "resp"];

/// The sentences of a request.
pub(crate) fn sentences(request: &str) -> Vec<Sentence> {
    let mut reader = Reader { request, enumerated: enumerates(request), done: Vec::new(), open: Sentence::default() };
    let inner = unquoted(request);
    let quotes = quotations(request, &inner);
    let mut at = inner.start;
    for quote in quotes {
        reader.read_plain(at..quote.start);
        reader.push(Kind::Quoted, quote.clone());
        at = quote.end;
    }
    reader.read_plain(at..inner.end);
    reader.end();
    reader.done
}

/// The request without quotes around the whole of it, which are the shell's or the mail's and quote nothing.
fn unquoted(request: &str) -> Range<usize> {
    let trimmed = request.trim();
    let start = request.len() - request.trim_start().len();
    let all = start..start + trimmed.len();
    let mut marks = trimmed.chars();
    let pair = (marks.next(), marks.next_back());
    let (Some(open), Some(close)) = pair else { return all };
    let matched = matches!((open, close), ('"', '"') | ('\'', '\'') | ('“', '”') | ('`', '`') | ('«', '»'));
    let inside = all.start + open.len_utf8()..all.end - close.len_utf8();
    let alone = request.get(inside.clone()).is_some_and(|text| !text.contains([open, close]));
    if matched && alone { inside } else { all }
}

/// The places of quotations and code, in order. A mark that nothing closes quotes nothing.
fn quotations(request: &str, inside: &Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = inside.start;
    while let Some(text) = request.get(at..inside.end).filter(|text| !text.is_empty()) {
        let before = request.get(inside.start..at).and_then(|text| text.chars().next_back());
        let next = text.chars().next().map_or(1, char::len_utf8);
        match quotation(text, before) {
            Some(length) => {
                found.push(at..at + length);
                at += length;
            }
            None => at += next,
        }
    }
    found
}

/// The length of the quotation with which a text begins.
fn quotation(text: &str, before: Option<char>) -> Option<usize> {
    let free = before.is_none_or(|c| !c.is_alphanumeric());
    let closed = |open: &str, close: &str| {
        let rest = text.strip_prefix(open)?;
        let length = rest.find(close)?;
        let short = rest.get(..length).is_some_and(|inner| !inner.is_empty() && !inner.contains("\n\n"));
        (short || open == "```").then_some(open.len() + length + close.len())
    };
    if let Some(length) = closed("```", "```").or_else(|| closed("`", "`")) {
        return Some(length);
    }
    let single = || {
        let length = closed("'", "'").or_else(|| closed("‘", "’"))?;
        let after = text.get(length..).and_then(|rest| rest.chars().next());
        after.is_none_or(|c| !c.is_alphanumeric()).then_some(length)
    };
    let line = || (free && text.starts_with("> ") && before.is_none_or(|c| c == '\n')).then(|| line_length(text));
    let double = || closed("\"", "\"").or_else(|| closed("“", "”")).or_else(|| closed("«", "»"));
    if free { double().or_else(single).or_else(line) } else { None }
}

fn line_length(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}

/// Whether a text counts inside its lines, "1. this 2. that", so that such numbers begin items.
fn enumerates(request: &str) -> bool {
    let words: Vec<&str> = request.split_whitespace().collect();
    let has = |mark: &str| words.iter().any(|word| *word == format!("1{mark}") || *word == format!("(1{mark}"));
    has(".") || has(")")
}

struct Reader<'a> {
    request: &'a str,
    enumerated: bool,
    done: Vec<Sentence>,
    open: Sentence,
}

impl Reader<'_> {
    fn push(&mut self, kind: Kind, place: Range<usize>) {
        let text = self.request.get(place.clone()).unwrap_or_default();
        let bare = text.trim_matches(['`', '"', '\'']);
        let kind = if kind == Kind::Quoted && is_path(bare) { Kind::Path } else { kind };
        let word = if kind == Kind::Path { bare.to_owned() } else { text.to_lowercase().replace('’', "'") };
        self.open.tokens.push(Token { kind, word, place });
    }

    fn end(&mut self) {
        let sentence = std::mem::take(&mut self.open);
        if !sentence.tokens.is_empty() {
            self.done.push(sentence);
        }
    }

    fn read_plain(&mut self, place: Range<usize>) {
        let request = self.request;
        let Some(text) = request.get(place.clone()) else { return };
        let mut from = place.start;
        for (index, line) in text.split('\n').enumerate() {
            if index > 0 {
                self.line_break(line);
            }
            self.read_line(line, from, index > 0 || self.open.tokens.is_empty());
            from += line.len() + 1;
        }
    }

    /// A line may be wrapped anywhere. It begins something new after a blank line, with a mark, or with a capital.
    fn line_break(&mut self, next: &str) {
        let next = next.trim_start();
        let begins = next.is_empty() || marker(next).is_some() || next.starts_with(char::is_uppercase);
        let opened = self.open.tokens.last().is_some_and(|token| token.is_mark(":"));
        if begins || opened {
            self.open.opens = opened;
            self.end();
        }
    }

    fn read_line(&mut self, line: &str, from: usize, begins: bool) {
        let mut at = 0;
        if let Some(length) = begins.then(|| marker(line)).flatten() {
            self.end();
            self.open.item = !line.trim_start().starts_with('#');
            at = length;
        }
        for chunk in chunks(line, at) {
            let text = line.get(chunk.clone()).unwrap_or_default();
            if self.enumerated && is_number_mark(text) {
                self.open.opens = self.open.tokens.last().is_some_and(|token| token.is_mark(":"));
                self.end();
                self.open.item = true;
            } else {
                self.read_chunk(text, from + chunk.start);
            }
        }
    }

    /// A piece between two spaces: marks, a core, marks.
    fn read_chunk(&mut self, chunk: &str, from: usize) {
        if let Some(at) = chunk.find(['—', '–']).or_else(|| chunk.find("--").filter(|at| *at > 0)) {
            let length = chunk.get(at..).map_or(0, |rest| if rest.starts_with("--") { 2 } else { 3 });
            self.read_chunk(chunk.get(..at).unwrap_or_default(), from);
            self.push(Kind::Mark, from + at..from + at + length);
            self.read_chunk(chunk.get(at + length..).unwrap_or_default(), from + at + length);
            return;
        }
        let core = chunk.trim_start_matches(is_opening);
        let start = from + chunk.len() - core.len();
        for (at, mark) in chunk.char_indices().take_while(|(at, _)| from + at < start) {
            self.push(Kind::Mark, from + at..from + at + mark.len_utf8());
        }
        let core = core.trim_end_matches(is_closing);
        let end = start + core.len();
        self.read_core(core, start);
        let tail = self.request.get(end..from + chunk.len()).unwrap_or_default();
        for (at, mark) in tail.char_indices() {
            self.read_closing(core, mark, end + at..end + at + mark.len_utf8());
        }
    }

    fn read_core(&mut self, core: &str, start: usize) {
        let both = core.split_once('/').filter(|(a, b)| super::verbs::is_known(a) && super::verbs::is_known(b));
        match both {
            Some((first, second)) => {
                let middle = start + first.len();
                self.push(Kind::Word, start..middle);
                self.push(Kind::Mark, middle..middle + 1);
                self.push(Kind::Word, middle + 1..middle + 1 + second.len());
            }
            None if core.is_empty() => {}
            None if core == "-" => self.push(Kind::Mark, start..start + 1),
            None => {
                let kind = if is_path(core) { Kind::Path } else { Kind::Word };
                self.push(kind, start..start + core.len());
            }
        }
    }

    fn read_closing(&mut self, core: &str, mark: char, place: Range<usize>) {
        let abbreviated = mark == '.' && ABBREVIATIONS.contains(&core.to_lowercase().as_str());
        match mark {
            '.' if abbreviated => {}
            '.' | '!' | '?' | '…' | '。' | '？' | '！' => {
                self.open.question = matches!(mark, '?' | '？');
                self.end();
            }
            _ => self.push(Kind::Mark, place),
        }
    }
}

fn is_opening(c: char) -> bool {
    matches!(c, '(' | '[' | '{' | '<' | '*' | '"' | '\'' | '“' | '‘' | '«' | ',' | ';')
}

fn is_closing(c: char) -> bool {
    is_opening(c)
        || matches!(c, '.' | '!' | '?' | ':' | ')' | ']' | '}' | '>' | '”' | '’' | '»' | '…' | '。' | '？' | '！')
}

/// The places of what stands between spaces.
fn chunks(line: &str, from: usize) -> impl Iterator<Item = Range<usize>> + '_ {
    let text = line.get(from..).unwrap_or_default();
    text.split_whitespace().map(move |chunk| {
        let at = chunk.as_ptr() as usize - line.as_ptr() as usize;
        at..at + chunk.len()
    })
}

/// The length of a list's or heading's mark at the beginning of a line, with the spaces around it.
fn marker(line: &str) -> Option<usize> {
    let lead = line.len() - line.trim_start().len();
    let rest = line.trim_start();
    let (mark, after) = rest.split_once(' ')?;
    let bullet = matches!(mark, "-" | "*" | "+" | "•" | "#" | "##" | "###" | "####");
    if !bullet && !is_number_mark(mark) {
        return None;
    }
    let boxed = ["[ ] ", "[x] "].iter().find(|boxed| after.starts_with(**boxed)).map_or(0, |boxed| boxed.len());
    Some(lead + mark.len() + 1 + boxed)
}

/// `1.`, `2)`, `(3)`, `a)`.
fn is_number_mark(text: &str) -> bool {
    let Some(number) = text.strip_suffix(['.', ')']) else { return false };
    let number = number.strip_prefix('(').unwrap_or(number);
    let digits = (1..=2).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    digits || (number.len() == 1 && text.ends_with(')') && number.bytes().all(|byte| byte.is_ascii_lowercase()))
}

/// Endings of files, so that `auth.js` is a path and `Node.js` is still read as a name of one.
const ENDINGS: &[&str] = &[
    "md", "txt", "rs", "js", "ts", "tsx", "jsx", "py", "go", "rb", "java", "c", "h", "cpp", "hpp", "cs", "sh", "bash",
    "zsh", "lua", "toml", "yaml", "yml", "json", "xml", "html", "css", "sql", "lock", "cfg", "ini", "conf", "log",
    "csv", "vim", "el", "kt", "swift", "php", "ex", "exs", "hs", "ml", "proto", "tf", "nix", "svg", "pdf",
];

/// Whether a word looks like a path: it has segments, or the ending of a file.
pub(crate) fn is_path(word: &str) -> bool {
    if word.is_empty() || word.contains("://") || word.contains(char::is_whitespace) {
        return false;
    }
    let segments = word.split(['/', '\\']).filter(|part| !part.is_empty()).count();
    let rooted = ["/", "./", "../", "~/"].iter().any(|root| word.starts_with(root)) && segments > 0;
    let short =
        |word: &str| word.split(['/', '\\']).all(|part| part.len() < 3 || part.bytes().all(|b| b.is_ascii_uppercase()));
    let named = word.rsplit_once('.').is_some_and(|(stem, ending)| {
        let name = stem.rsplit(['/', '\\']).next().unwrap_or_default();
        !name.is_empty() && ENDINGS.contains(&ending.to_ascii_lowercase().as_str())
    });
    let either = matches!(word, "and/or" | "he/she" | "read/write" | "client/server" | "input/output");
    rooted || named || (segments > 1 && !short(word) && !either)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(request: &str, expected: &str) {
        let shown = |sentence: &Sentence| {
            let words: Vec<&str> = sentence.tokens.iter().map(|token| token.word.as_str()).collect();
            format!("{}{}", if sentence.item { "- " } else { "" }, words.join(" "))
        };
        let found: Vec<String> = sentences(request).iter().map(shown).collect();
        assert_eq!(found.join(" | "), expected);
    }

    #[test]
    fn sentences_end_at_marks_blank_lines_and_items() {
        check("Do this. Then that! Why?", "do this | then that | why");
        check("one\ntwo\n\nthree", "one two | three");
        check("Steps:\n1. first\n2. second", "steps : | - first | - second");
        check("do: 1. first 2. second", "do : | - first | - second");
        check("see e.g. this, version 2.0 of it", "see e.g this , version 2.0 of it");
        check("a — b (c)", "a — b ( c )");
    }

    #[test]
    fn quotations_and_code_are_one_token() {
        check("say \"fix it\" now", "say \"fix it\" now");
        check("the user's 'old plan' is don't", "the user's 'old plan' is don't");
        check("run `cargo test`", "run `cargo test`");
        check("open `src/a.rs`", "open src/a.rs");
        check("\"fix the bug\"", "fix the bug");
        check("a \" b", "a \" b");
    }

    #[test]
    fn paths_are_known_by_their_look() {
        for path in ["/etc", "src/a.rs", "auth.js", "./x", "specs/001_a/plans/001_b.md", "docs/guide"] {
            assert!(is_path(path), "{path}");
        }
        for word in ["and/or", "TCP/IP", "v1.2", "e.g", "https://a.b/c", "I/O", "3.14", "/"] {
            assert!(!is_path(word), "{word}");
        }
    }
}
