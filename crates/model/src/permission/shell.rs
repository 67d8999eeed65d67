//! A command line as the simple commands that it is made of, as far as its text alone tells.
//!
//! It is read to judge it and not to run it: commands in quotes for a shell, in `$(…)` and in backticks are commands too.
//! What this does not understand makes the whole line unsure, and whoever judges it takes that for the worse.

/// How deep commands may lie in commands.
const DEEPEST: u32 = 8;

/// Programs that run what follows them.
const WRAPPERS: [&str; 17] = [
    "builtin", "command", "doas", "env", "exec", "find", "ionice", "nice", "nohup", "npx", "parallel", "setsid",
    "stdbuf", "sudo", "time", "timeout", "xargs",
];

const SHELLS: [&str; 6] = ["ash", "bash", "dash", "ksh", "sh", "zsh"];

/// A word of a command.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Word {
    /// Its text without quotes.
    pub(super) text: String,
    /// Whether only the shell knows what becomes of it: variables, patterns, commands in it.
    pub(super) open: bool,
}

/// One command without operators.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Simple {
    /// Program and arguments.
    pub(super) words: Vec<Word>,
    /// Whether it sets variables for itself, or writes into files: then it does more than its words say.
    pub(super) beside: bool,
}

impl Simple {
    /// Where in its words a program may stand: at the begin, and behind a program that runs others.
    pub(super) fn programs(&self) -> impl Iterator<Item = &[Word]> {
        let wraps = self.words.first().is_some_and(|word| WRAPPERS.contains(&base(&word.text)));
        let last = if wraps { self.words.len() } else { 1 };
        (0..last).filter_map(|at| self.words.get(at..).filter(|words| !words.is_empty()))
    }
}

/// A command line, read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Line {
    /// Its commands, in the order in which they end.
    pub(super) parts: Vec<Simple>,
    /// Whether something of it was not understood.
    pub(super) unsure: bool,
}

/// Reads a command line.
pub(super) fn read(text: &str) -> Line {
    read_at(text, 0)
}

fn read_at(text: &str, depth: u32) -> Line {
    let mut reader = Reader { chars: text.chars().collect(), depth, ..Reader::default() };
    reader.until(None);
    let Reader { line, .. } = reader;
    line
}

/// A program's name without its folder.
pub(super) fn base(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

#[derive(Default)]
struct Reader {
    chars: Vec<char>,
    at: usize,
    depth: u32,
    line: Line,
    part: Simple,
    word: Option<Word>,
    /// What the next word is the target of.
    redirect: Option<Redirect>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Redirect {
    Reads,
    Writes,
}

impl Reader {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at.saturating_add(ahead)).copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek(0);
        self.at += usize::from(next.is_some());
        next
    }

    fn doubt(&mut self) {
        self.line.unsure = true;
    }

    fn word(&mut self) -> &mut Word {
        self.word.get_or_insert_default()
    }

    /// Reads to the end, or to the character that closes what was opened.
    fn until(&mut self, close: Option<char>) {
        loop {
            match self.next() {
                found if found == close => break,
                None => {
                    self.doubt();
                    break;
                }
                Some(found) => self.take(found),
            }
        }
        self.end_part();
    }

    fn take(&mut self, found: char) {
        match found {
            ' ' | '\t' => self.end_word(),
            '&' if self.peek(0) == Some('>') => self.redirect('>'),
            '\n' | ';' | '&' | '|' => self.end_part(),
            '(' => {
                // Behind words it makes a function or a list.
                if self.word.is_some() || !self.part.words.is_empty() {
                    self.doubt();
                }
                self.end_part();
                self.inside(')');
            }
            ')' => {
                self.doubt();
                self.end_part();
            }
            '<' | '>' => self.redirect(found),
            '#' if self.word.is_none() => {
                while self.peek(0).is_some_and(|c| c != '\n') {
                    self.at += 1;
                }
            }
            other => self.take_in_word(other),
        }
    }

    fn take_in_word(&mut self, found: char) {
        match found {
            '\\' => match self.next() {
                Some('\n') => {}
                Some(literal) => self.word().text.push(literal),
                None => self.doubt(),
            },
            '\'' => self.single(),
            '"' => self.double(),
            '$' => self.dollar(),
            '`' => self.command_in_word('`'),
            '*' | '?' | '[' | '{' => {
                let word = self.word();
                word.open = true;
                word.text.push(found);
            }
            literal => self.word().text.push(literal),
        }
    }

    fn single(&mut self) {
        self.word();
        loop {
            match self.next() {
                Some('\'') => return,
                Some(literal) => self.word().text.push(literal),
                None => return self.doubt(),
            }
        }
    }

    fn double(&mut self) {
        self.word();
        loop {
            match self.next() {
                Some('"') => return,
                Some('\\') => match self.next() {
                    Some('\n') => {}
                    Some(literal @ ('$' | '`' | '"' | '\\')) => self.word().text.push(literal),
                    Some(other) => self.word().text.extend(['\\', other]),
                    None => return self.doubt(),
                },
                Some('$') => self.dollar(),
                Some('`') => self.command_in_word('`'),
                Some(literal) => self.word().text.push(literal),
                None => return self.doubt(),
            }
        }
    }

    fn dollar(&mut self) {
        match self.peek(0) {
            Some('(') => {
                self.at += 1;
                self.command_in_word(')');
            }
            Some('{') => {
                self.word().open = true;
                let inner: String = self.chars.iter().skip(self.at).take_while(|c| **c != '}').collect();
                // What stands in for a missing value may hold commands.
                if inner.contains(['$', '`', '\'', '"', '\\']) {
                    self.doubt();
                }
                self.at = self.at.saturating_add(inner.chars().count()).saturating_add(1);
            }
            Some('\'') => {
                self.doubt();
                self.word().open = true;
            }
            Some(name) if name.is_alphanumeric() || "_@*#?$!-".contains(name) => {
                self.word().open = true;
                self.at += 1;
                while self.peek(0).is_some_and(|c| c.is_alphanumeric() || c == '_') {
                    self.at += 1;
                }
            }
            Some(_) | None => self.word().text.push('$'),
        }
    }

    /// Commands whose output becomes a part of the word under way.
    fn command_in_word(&mut self, close: char) {
        let mut word = self.word.take().unwrap_or_default();
        word.open = true;
        let (part, redirect) = (std::mem::take(&mut self.part), self.redirect.take());
        self.inside(close);
        (self.part, self.redirect, self.word) = (part, redirect, Some(word));
    }

    fn inside(&mut self, close: char) {
        if self.depth >= DEEPEST {
            self.doubt();
            self.at = self.chars.len();
            return;
        }
        self.depth += 1;
        self.until(Some(close));
        self.depth -= 1;
    }

    fn redirect(&mut self, first: char) {
        if self.peek(0) == Some('(') {
            self.at += 1;
            return self.command_in_word(')');
        }
        // A number before it is no word of the command.
        let number = self.word.as_ref().is_some_and(|word| !word.open && word.text.chars().all(|c| c.is_ascii_digit()));
        self.word = self.word.take().filter(|_| !number);
        self.end_word();
        let mut operator = String::from(first);
        while let Some(more) = self.peek(0).filter(|c| "<>&|".contains(*c)) {
            operator.push(more);
            self.at += 1;
        }
        if operator == "<<" {
            // Lines of text follow, and then maybe commands.
            self.doubt();
            self.at = self.chars.len();
            return;
        }
        self.redirect = Some(if operator.contains('>') { Redirect::Writes } else { Redirect::Reads });
    }

    fn end_word(&mut self) {
        let Some(mut word) = self.word.take() else { return };
        if matches!(word.text.as_str(), "[" | "{" | "{}") {
            word.open = false;
        }
        match self.redirect.take() {
            Some(Redirect::Reads) => {}
            Some(Redirect::Writes) => {
                let harmless = word.text == "/dev/null" || word.text.chars().all(|c| c.is_ascii_digit() || c == '-');
                self.part.beside |= word.open || !harmless;
            }
            None => self.part.words.push(word),
        }
    }

    fn end_part(&mut self) {
        self.end_word();
        if self.redirect.take().is_some() {
            self.doubt();
        }
        let mut part = std::mem::take(&mut self.part);
        while let Some(first) = part.words.first() {
            match first.text.as_str() {
                "if" | "then" | "elif" | "else" | "while" | "until" | "do" | "!" | "{" | "fi" | "done" | "}" => {}
                "for" | "case" | "select" | "function" | "coproc" | "[[" | "esac" => self.doubt(),
                other if is_assignment(other) => part.beside = true,
                _ => break, // tidy: open set
            }
            part.words.remove(0);
        }
        self.unfold(&part);
        if !part.words.is_empty() || part.beside {
            self.line.parts.push(part);
        }
    }

    /// What a shell is given as a text is commands too.
    fn unfold(&mut self, part: &Simple) {
        for words in part.programs() {
            let Some(program) = words.first() else { continue };
            let given = match base(&program.text) {
                name if SHELLS.contains(&name) => {
                    let is_c = |word: &Word| word.text.starts_with('-') && word.text.ends_with('c');
                    words.iter().position(is_c).and_then(|at| words.get(at.saturating_add(1))).cloned()
                }
                "eval" => Some(joined(words.get(1..).unwrap_or_default())),
                _ => None, // tidy: open set
            };
            let Some(given) = given else { continue };
            if given.open || self.depth >= DEEPEST {
                self.doubt();
            }
            if self.depth < DEEPEST {
                let inner = read_at(&given.text, self.depth + 1);
                self.line.unsure |= inner.unsure;
                self.line.parts.extend(inner.parts);
            }
        }
    }
}

fn joined(words: &[Word]) -> Word {
    let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    Word { text: texts.join(" "), open: words.iter().any(|word| word.open) }
}

fn is_assignment(word: &str) -> bool {
    let Some((name, _)) = word.split_once('=') else { return false };
    let name = name.trim_end_matches('+');
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let line = read(text);
        let word = |word: &Word| if word.open { format!("<{}>", word.text) } else { word.text.clone() };
        let part = |part: &Simple| {
            let words: Vec<String> = part.words.iter().map(word).collect();
            format!("{}{}", words.join("·"), if part.beside { "+" } else { "" })
        };
        let parts: Vec<String> = line.parts.iter().map(part).collect();
        format!("{}{}", parts.join(" / "), if line.unsure { " ?" } else { "" })
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(shown(text), expected, "{text}");
    }

    #[test]
    fn words_and_quotes() {
        check("git  push origin", "git·push·origin");
        check("echo 'git push' \"a b\" c\\ d", "echo·git push·a b·c d");
        check("echo git push # and more", "echo·git·push");
        check("ls *.rs $HOME ${X}", "ls·<*.rs>·<>·<>");
        check("g'i't pu\"sh\"", "git·push");
        check("", "");
    }

    #[test]
    fn operators_part_commands() {
        check("a && b || c | d; e & f\ng", "a / b / c / d / e / f / g");
        check("(a; b) | c", "a / b / c");
        check("if a; then b; else c; fi", "a / b / c");
        check("while a; do b; done", "a / b");
    }

    #[test]
    fn commands_in_words_are_commands() {
        check("echo $(git push)", "git·push / echo·<>");
        check("echo \"x $(git push) y\" `rm z`", "git·push / rm·z / echo·<x  y>·<>");
        check("diff <(a) <(b)", "a / b / diff·<>·<>");
        check("bash -lc 'git push; x'", "git·push / x / bash·-lc·git push; x");
        check("sudo sh -c \"rm -r x\"", "rm·-r·x / sudo·sh·-c·rm -r x");
        check("eval git push", "git·push / eval·git·push");
    }

    #[test]
    fn what_writes_or_sets_does_more_than_its_words() {
        check("a > b", "a+");
        check("a 2>&1 >/dev/null < c", "a");
        check("a &> b", "a+");
        check("PATH=/x git status", "git·status+");
        check("> x", "+");
    }

    #[test]
    fn what_is_not_understood_makes_it_unsure() {
        for text in
            ["a 'b", "a \"b", "a $(b", "a )", "f() { x; }", "for x in a; do b; done", "cat <<E\nx\nE", "sh -c $x"]
        {
            assert!(read(text).unsure, "{text}");
        }
        let deep = format!("{}a{}", "$(".repeat(40), ")".repeat(40));
        assert!(read(&deep).unsure);
    }
}
