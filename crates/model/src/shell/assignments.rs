//! Reads a file of shell assignments, as the older shell scripts left them, without executing anything.
//!
//! Quotes and escapes are taken as bash takes them. Expansions are not: `$HOME`, `$(…)` and backticks stay in the
//! value as they stand, because to find out what they meant would be to execute them.

use super::VariableName;

/// One assignment that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The line that it begins on, from 1.
    pub line: usize,
    /// The name.
    pub name: VariableName,
    /// The value.
    pub value: Vec<u8>,
}

/// Something that was passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// The line that it begins on, from 1.
    pub line: usize,
    /// Why.
    pub reason: String,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Read {
    /// Its assignments, in order; a later one of the same name counts.
    pub assignments: Vec<Assignment>,
    /// What was no assignment.
    pub passed: Vec<Passed>,
}

/// Reads a file's bytes. Every input gives a result.
#[must_use]
pub fn read(bytes: &[u8]) -> Read {
    let mut reader = Reader { bytes, at: 0, line: 1 };
    let mut read = Read::default();
    while let Some(words) = reader.command() {
        command(words, &mut read);
    }
    read
}

/// A word, the line it begins on, and where its first `=` outside quotes stands.
struct Word {
    line: usize,
    bytes: Vec<u8>,
    equals: Option<usize>,
    problem: Option<&'static str>,
}

fn command(mut words: Vec<Word>, read: &mut Read) {
    let is_plain = |word: &Word, text: &str| word.equals.is_none() && word.bytes == text.as_bytes();
    let exported = words.first().is_some_and(|word| ["export", "declare", "typeset"].iter().any(|t| is_plain(word, t)));
    if exported {
        words.remove(0);
        words.retain(|word| !(word.equals.is_none() && word.bytes.starts_with(b"-")));
    }
    // `A=1 program`: no assignment but a command, of which nothing is taken.
    if let Some(other) = words.iter().find(|word| word.equals.is_none()) {
        let reason = if exported { "a name without a value" } else { "no assignment" };
        read.passed.push(Passed { line: other.line, reason: reason.to_owned() });
        if !exported {
            return;
        }
    }
    for word in words {
        match assignment(&word) {
            Some(Ok(assignment)) => read.assignments.push(assignment),
            Some(Err(reason)) => read.passed.push(Passed { line: word.line, reason }),
            None => {}
        }
    }
}

fn assignment(word: &Word) -> Option<Result<Assignment, String>> {
    let equals = word.equals?;
    let name = String::from_utf8_lossy(&word.bytes[..equals]).into_owned();
    let value = word.bytes[equals + 1..].to_vec();
    Some(match (word.problem, name.parse()) {
        (Some(problem), _) => Err(format!("`{name}`: {problem}")),
        (None, Err(error)) => Err(super::InvalidName::to_string(&error)),
        (None, Ok(_)) if value.contains(&0) => Err(format!("`{name}` holds NUL, which no shell variable can")),
        (None, Ok(name)) => Ok(Assignment { line: word.line, name, value }),
    })
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    line: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        if byte == b'\n' {
            self.line += 1;
        }
        Some(byte)
    }

    /// The words of the next command that has any; `None` at the end.
    fn command(&mut self) -> Option<Vec<Word>> {
        let mut words = Vec::new();
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' => drop(self.next()),
                b'#' => self.comment(),
                b'\n' | b';' | b'&' | b'|' => {
                    self.next();
                    if !words.is_empty() {
                        return Some(words);
                    }
                }
                _ => words.push(self.word()),
            }
        }
        (!words.is_empty()).then_some(words)
    }

    fn comment(&mut self) {
        while self.peek().is_some_and(|byte| byte != b'\n') {
            self.next();
        }
    }

    fn word(&mut self) -> Word {
        let mut word = Word { line: self.line, bytes: Vec::new(), equals: None, problem: None };
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' => break,
                // Line ends of another system are none of the value.
                b'\r' if matches!(self.bytes.get(self.at + 1), None | Some(b'\n')) => break,
                b'(' => {
                    word.problem = Some("an array or a function, which is not read");
                    let end = self.closing(self.at + 1, b')');
                    self.take(end.unwrap_or(self.bytes.len()), &mut word.bytes);
                }
                b'=' => {
                    word.equals.get_or_insert(word.bytes.len());
                    self.next();
                    word.bytes.push(b'=');
                }
                _ => self.part(byte, &mut word),
            }
        }
        word
    }

    /// One quoted part, expansion or single byte of a word.
    fn part(&mut self, first: u8, word: &mut Word) {
        let second = self.bytes.get(self.at + 1).copied();
        let closed = match (first, second) {
            (b'\'', _) => self.skip(1).single(&mut word.bytes),
            (b'"', _) => self.skip(1).double(&mut word.bytes),
            (b'$', Some(b'"')) => self.skip(2).double(&mut word.bytes),
            (b'$', Some(b'\'')) => self.skip(2).ansi(&mut word.bytes),
            (b'$' | b'`', _) => {
                self.expansion(&mut word.bytes);
                true
            }
            (b'\\', _) => {
                self.next();
                word.bytes.extend(self.next().filter(|byte| *byte != b'\n'));
                true
            }
            _ => {
                self.next();
                word.bytes.push(first);
                true
            }
        };
        if !closed {
            word.problem = Some("a quote that is never closed");
        }
    }

    fn skip(&mut self, count: usize) -> &mut Self {
        for _ in 0..count {
            self.next();
        }
        self
    }

    fn take(&mut self, end: usize, into: &mut Vec<u8>) {
        while self.at < end {
            into.extend(self.next());
        }
    }

    /// Up to the closing quote; false when there is none.
    fn single(&mut self, into: &mut Vec<u8>) -> bool {
        while let Some(byte) = self.next() {
            if byte == b'\'' {
                return true;
            }
            into.push(byte);
        }
        false
    }

    fn double(&mut self, into: &mut Vec<u8>) -> bool {
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.next();
                    return true;
                }
                b'$' | b'`' => self.expansion(into),
                b'\\' => {
                    self.next();
                    match self.next() {
                        Some(b'\n') => {}
                        Some(escaped @ (b'"' | b'\\' | b'$' | b'`')) => into.push(escaped),
                        other => {
                            into.push(b'\\');
                            into.extend(other);
                        }
                    }
                }
                _ => {
                    self.next();
                    into.push(byte);
                }
            }
        }
        false
    }

    /// `$'…'`: the escapes of C.
    fn ansi(&mut self, into: &mut Vec<u8>) -> bool {
        while let Some(byte) = self.next() {
            match byte {
                b'\'' => return true,
                b'\\' => self.escape(into),
                _ => into.push(byte),
            }
        }
        false
    }

    fn escape(&mut self, into: &mut Vec<u8>) {
        let Some(kind) = self.next() else { return into.push(b'\\') };
        match kind {
            b'a' => into.push(7),
            b'b' => into.push(8),
            b'e' | b'E' => into.push(27),
            b'f' => into.push(12),
            b'n' => into.push(b'\n'),
            b'r' => into.push(b'\r'),
            b't' => into.push(b'\t'),
            b'v' => into.push(11),
            b'\\' | b'\'' | b'"' | b'?' => into.push(kind),
            b'c' => into.extend(self.next().map(|byte| byte & 0x1f)),
            b'0'..=b'7' => {
                self.at -= 1;
                let value = self.number(8, 3).unwrap_or_default();
                into.push(value.to_le_bytes()[0]);
            }
            b'x' => match self.number(16, 2) {
                Some(value) => into.push(value.to_le_bytes()[0]),
                None => into.extend_from_slice(b"\\x"),
            },
            b'u' | b'U' => match self.number(16, if kind == b'u' { 4 } else { 8 }).and_then(char::from_u32) {
                Some(character) => into.extend(character.to_string().bytes()),
                None => into.extend([b'\\', kind]),
            },
            _ => into.extend([b'\\', kind]),
        }
    }

    fn number(&mut self, radix: u32, most: usize) -> Option<u32> {
        let mut value = None;
        for _ in 0..most {
            let Some(digit) = self.peek().and_then(|byte| char::from(byte).to_digit(radix)) else { break };
            value = Some(value.unwrap_or(0_u32).wrapping_mul(radix).wrapping_add(digit));
            self.next();
        }
        value
    }

    /// An expansion, taken as it stands, with all that is inside it; a lone `$` or backtick is only itself.
    fn expansion(&mut self, into: &mut Vec<u8>) {
        let end = match (self.peek(), self.bytes.get(self.at + 1)) {
            (Some(b'$'), Some(b'(')) => self.closing(self.at + 2, b')'),
            (Some(b'$'), Some(b'{')) => self.closing(self.at + 2, b'}'),
            (Some(b'`'), _) => self.closing(self.at + 1, b'`'),
            _ => None,
        };
        self.take(end.unwrap_or(self.at + 1), into);
    }

    /// The place after the byte that closes a group which begins before `from`. What stands in quotes or in groups
    /// inside it closes nothing.
    fn closing(&self, from: usize, close: u8) -> Option<usize> {
        let mut open = vec![close];
        let mut at = from;
        while let Some(byte) = self.bytes.get(at).copied() {
            let inside = open.last().copied();
            at += 1;
            match byte {
                b'\\' if inside != Some(b'\'') => at += 1,
                _ if Some(byte) == inside => {
                    open.pop();
                    if open.is_empty() {
                        return Some(at);
                    }
                }
                _ if inside == Some(b'\'') => {}
                b'"' => open.push(b'"'),
                b'\'' if inside != Some(b'"') => open.push(b'\''),
                b'(' if inside != Some(b'"') || self.bytes.get(at.wrapping_sub(2)) == Some(&b'$') => open.push(b')'),
                b'{' if self.bytes.get(at.wrapping_sub(2)) == Some(&b'$') => open.push(b'}'),
                b'`' => open.push(b'`'),
                _ => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(file: &str, expected: &[(&str, &str)]) {
        let read = read(file.as_bytes());
        let found: Vec<(String, String)> = read
            .assignments
            .iter()
            .map(|one| (one.name.to_string(), String::from_utf8_lossy(&one.value).into_owned()))
            .collect();
        let found: Vec<(&str, &str)> = found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(found, expected, "{:?}", read.passed);
    }

    #[test]
    fn quotes_and_escapes_are_those_of_bash() {
        check("export A=\"v\"\n", &[("A", "v")]);
        check("export A=\"a \\\" \\\\ \\$x \\` \\n\"", &[("A", "a \" \\ $x ` \\n")]);
        check("A='it'\\''s \"$x\"'", &[("A", "it's \"$x\"")]);
        check("export A=$'a\\n\\x41\\101\\u00e4\\'\\q'", &[("A", "a\nAAä'\\q")]);
        check("A=plain\\ word B=\"x\"'y'z # rest\n", &[("A", "plain word"), ("B", "xyz")]);
        check("export A=\"one\ntwo\"; export B=\"x\\\ny\"\r\n", &[("A", "one\ntwo"), ("B", "xy")]);
        check("export A=\nexport B=\"\"\nexport A=\"last\"", &[("A", ""), ("B", ""), ("A", "last")]);
        check("declare -x A=\"b=c\"", &[("A", "b=c")]);
    }

    #[test]
    fn expansions_are_taken_literally() {
        check("A=\"$(touch x)\"", &[("A", "$(touch x)")]);
        check("A=\"$(echo \"a b\")\" B=1", &[("A", "$(echo \"a b\")"), ("B", "1")]);
        check(
            "A=$(echo ')' a) B=`touch \"y z\"` C=${X:-a b}",
            &[("A", "$(echo ')' a)"), ("B", "`touch \"y z\"`"), ("C", "${X:-a b}")],
        );
        check("A=\"$HOME/x\" B=$ C=\"`\"", &[("A", "$HOME/x"), ("B", "$"), ("C", "`")]);
    }

    #[test]
    fn what_is_no_assignment_is_passed_over_with_its_line() {
        let lines = |file: &str| read(file.as_bytes()).passed.iter().map(|passed| passed.line).collect::<Vec<_>>();
        assert_eq!(lines("#!/bin/bash\n\nset -e\nexport A=1\nexport B\n"), [3, 5]);
        assert_eq!(lines("A=1 touch x\n"), [1]);
        assert_eq!(lines("A=(1 2\n3)\nB=2\n"), [1]);
        assert_eq!(lines("A=\"open\n"), [1]);
        assert_eq!(lines("PATH=/x\n9=1\n"), [1, 2]);
        check("A=(1 2\n3)\nB=2\n", &[("B", "2")]);
    }

    proptest! {
        #[test]
        fn what_is_quoted_is_read_back(value in prop::collection::vec(1_u8.., 0..60)) {
            let file = [b"export A=".to_vec(), super::super::posix_word(&value), b"\n".to_vec()].concat();
            let found = read(&file);
            prop_assert_eq!(&found.assignments[0].value, &value);
        }

        #[test]
        fn any_bytes_are_read(file in prop::collection::vec(any::<u8>(), 0..200)) {
            let found = read(&file);
            prop_assert!(found.assignments.iter().all(|one| one.line >= 1));
        }

        #[test]
        fn any_shell_like_text_is_read(file in "[A-C=\"'$(){}`\\\\ \n#;x]{0,60}") {
            let found = read(file.as_bytes());
            prop_assert!(found.assignments.iter().all(|one| !one.value.contains(&0)));
        }
    }
}
