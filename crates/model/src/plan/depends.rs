//! Lists of phases as people write them: `[1, 2]`, `Phase 1, Phase 2`, `[phase_1]`, `Phases 1-3`, `none`.

use std::borrow::Cow;

/// Why a list of phases can not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// This part of it is no phase.
    Text(String),
    /// A bracket of it lacks its other half.
    Unbalanced,
}

/// An inclusive range of phase numbers; a single phase has equal ends.
pub(super) type Span = (u32, u32);

/// Reads a list of phases.
pub(super) fn read(text: &str) -> Result<Vec<Span>, Unreadable> {
    if !balanced(text) {
        return Err(Unreadable::Unbalanced);
    }
    if is_none(text) {
        return Ok(Vec::new());
    }
    let listed = without_notes(text);
    if listed.trim().is_empty() {
        return Err(Unreadable::Text(text.trim().chars().take(40).collect()));
    }
    let tokens = Lexer { text: &listed, at: 0 }.tokens()?;
    spans(&tokens)
}

/// Whether each bracket has its other half. What an open one holds may stand anywhere, or be lost.
fn balanced(text: &str) -> bool {
    let count = |bracket: u8| text.bytes().filter(|byte| *byte == bracket).count();
    count(b'[') == count(b']') && count(b'(') == count(b')')
}

/// Whether a text says that there is nothing: empty, `none`, `-`, `n/a`, `none - first phase`.
pub(super) fn is_none(text: &str) -> bool {
    let bare = |text| str::trim_matches(text, |c: char| c.is_whitespace() || "[]{}`\"'*_.()".contains(c));
    let noted = without_notes(text);
    // `(none)` is none, `(see above)` is not.
    let bare = if noted.trim().is_empty() { bare(text) } else { bare(&noted) };
    let words = ["", "none", "n/a", "na", "nil", "null", "nothing", "-", "–", "—", "∅", "no", "no dependencies"];
    if words.iter().any(|word| word.eq_ignore_ascii_case(bare)) {
        return true;
    }
    if !bare.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("none")) {
        return false;
    }
    let reason = bare[4..].trim_start_matches(['*', '_', '`', ' ']);
    // `none - phase 1 first` is no clear answer: only words may follow.
    reason.starts_with(['-', '–', '—', '.', ';', ':', ',']) && !reason.contains(|c: char| c.is_numeric())
}

/// The text without what stands in parentheses: a note, or the target of a link.
fn without_notes(text: &str) -> Cow<'_, str> {
    if !text.contains('(') {
        return Cow::Borrowed(text);
    }
    let mut depth = 0_usize;
    let mut kept = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' if depth > 0 => depth -= 1,
            _ if depth == 0 => kept.push(c),
            _ => {}
        }
    }
    Cow::Owned(kept)
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token<'a> {
    Number(u32),
    /// `phase` and the like, of which a number must follow.
    Phase(&'a str),
    Separator,
    /// `-`, `–`, `..`, `to`: a range, or what stands before a phase's name.
    To(&'a str),
    Colon,
    Word(&'a str),
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    fn tokens(mut self) -> Result<Vec<Token<'a>>, Unreadable> {
        let mut tokens = Vec::new();
        while let Some(token) = self.next()? {
            tokens.push(token);
        }
        Ok(tokens)
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self, length: usize) -> &'a str {
        let taken = self.rest().get(..length).unwrap_or_default();
        self.at += length;
        taken
    }

    fn next(&mut self) -> Result<Option<Token<'a>>, Unreadable> {
        let neutral = |c: char| c.is_whitespace() || matches!(c, '[' | ']' | '`' | '"' | '\'' | '*' | '_' | '#');
        self.at += self.rest().len() - self.rest().trim_start_matches(neutral).len();
        let Some(first) = self.rest().chars().next() else { return Ok(None) };
        let token = match first {
            ',' | ';' | '&' | '+' => {
                self.take(first.len_utf8());
                Token::Separator
            }
            ':' => {
                self.take(1);
                Token::Colon
            }
            '-' | '–' | '—' | '…' => Token::To(self.take(first.len_utf8())),
            '.' => return self.dots(),
            _ if first.is_ascii_digit() => self.number()?,
            _ if first.is_alphabetic() => self.word(),
            _ => return Err(Unreadable::Text(self.unreadable())),
        };
        Ok(Some(token))
    }

    /// Two or three dots make a range; one at the very end is a full stop.
    fn dots(&mut self) -> Result<Option<Token<'a>>, Unreadable> {
        let dots = self.rest().len() - self.rest().trim_start_matches('.').len();
        if matches!(dots, 2 | 3) {
            return Ok(Some(Token::To(self.take(dots))));
        }
        if self.rest().trim_matches(['.', ' ', '*', '_']).is_empty() {
            return Ok(None);
        }
        Err(Unreadable::Text(self.unreadable()))
    }

    fn number(&mut self) -> Result<Token<'a>, Unreadable> {
        let rest = self.rest();
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let after = &rest[digits..];
        let fraction = after.strip_prefix('.').is_some_and(|tail| tail.starts_with(|c: char| c.is_ascii_digit()));
        if fraction || after.starts_with(char::is_alphanumeric) {
            return Err(Unreadable::Text(self.unreadable()));
        }
        match rest[..digits].parse() {
            Ok(number) => {
                self.take(digits);
                Ok(Token::Number(number))
            }
            Err(_) => Err(Unreadable::Text(self.unreadable())),
        }
    }

    fn word(&mut self) -> Token<'a> {
        let rest = self.rest();
        let length = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
        let numbered = rest[length..].starts_with(|c: char| c.is_ascii_digit());
        let word = self.take(length);
        match word.to_lowercase().as_str() {
            "phase" | "phases" => Token::Phase(word),
            "p" | "ph" if numbered => Token::Phase(word),
            "and" => Token::Separator,
            "to" | "through" | "thru" => Token::To(word),
            _ => Token::Word(word),
        }
    }

    /// What can not be read, up to the next comma and not too much of it.
    fn unreadable(&self) -> String {
        let part = self.rest().split([',', ';', ']']).next().unwrap_or_default().trim();
        part.chars().take(40).collect()
    }
}

/// Reads the tokens as phases and ranges.
fn spans(tokens: &[Token<'_>]) -> Result<Vec<Span>, Unreadable> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            Token::Separator => {}
            Token::Phase(word) => at = phase_of(tokens, at, word, &mut found)?,
            Token::Number(number) => at = range_of(tokens, at, *number, &mut found)?,
            Token::To(text) | Token::Word(text) => return Err(Unreadable::Text((*text).to_owned())),
            Token::Colon => return Err(Unreadable::Text(":".to_owned())),
        }
    }
    Ok(found)
}

/// After the word `phase`: its number, also as in `phase-1`.
fn phase_of(tokens: &[Token<'_>], at: usize, word: &str, found: &mut Vec<Span>) -> Result<usize, Unreadable> {
    match (tokens.get(at), tokens.get(at + 1)) {
        (Some(Token::Number(number)), _) => range_of(tokens, at + 1, *number, found),
        (Some(Token::To("-")), Some(Token::Number(number))) => range_of(tokens, at + 2, *number, found),
        _ => Err(Unreadable::Text(word.to_owned())),
    }
}

/// After a number: the end of a range, or the phase's name, or nothing.
fn range_of(tokens: &[Token<'_>], at: usize, number: u32, found: &mut Vec<Span>) -> Result<usize, Unreadable> {
    let end = match (tokens.get(at), tokens.get(at + 1), tokens.get(at + 2)) {
        (Some(Token::To(_)), Some(Token::Number(end)), _) => Some((*end, at + 2)),
        (Some(Token::To(_)), Some(Token::Phase(_)), Some(Token::Number(end))) => Some((*end, at + 3)),
        _ => None,
    };
    match end {
        Some((end, _)) if end < number => Err(Unreadable::Text(format!("{number}-{end}"))),
        Some((end, at)) => {
            found.push((number, end));
            after_phase(tokens, at)
        }
        None => {
            found.push((number, number));
            after_phase(tokens, at)
        }
    }
}

/// Skips what may follow a phase up to the next separator: `complete`, or its name behind a colon or
/// a dash. A number or another phase in there may be a dependency and is not skipped.
fn after_phase(tokens: &[Token<'_>], mut at: usize) -> Result<usize, Unreadable> {
    let named = match tokens.get(at) {
        Some(Token::Colon) => Some(":"),
        Some(Token::To(dash @ ("-" | "–" | "—"))) => Some(*dash),
        _ => None, // tidy: open set
    };
    let settled = |word: &str| ["complete", "completed", "done", "finished", "only", "first"].contains(&word);
    if let (Some(mark), None | Some(Token::Separator)) = (named, tokens.get(at + 1)) {
        return Err(Unreadable::Text(mark.to_owned()));
    }
    let named = named.is_some();
    while let Some(token) = tokens.get(at) {
        match token {
            Token::Separator => return Ok(at),
            Token::Word(word) if named || settled(&word.to_lowercase()) => {}
            Token::Colon | Token::To(_) if named => {}
            Token::Number(number) => return Err(Unreadable::Text(number.to_string())),
            Token::Word(word) | Token::To(word) | Token::Phase(word) => {
                return Err(Unreadable::Text((*word).to_owned()));
            }
            Token::Colon => return Err(Unreadable::Text(":".to_owned())),
        }
        at += 1;
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[Span]) {
        assert_eq!(read(text).as_deref(), Ok(expected), "{text:?}");
    }

    #[track_caller]
    fn check_unreadable(text: &str, part: &str) {
        assert_eq!(read(text), Err(Unreadable::Text(part.to_owned())), "{text:?}");
    }

    #[test]
    fn every_notation_of_a_list_is_read() {
        for text in ["[1, 2]", "1, 2", "Phase 1, Phase 2", "[phase_1, phase_2]", "phase-1 and phase-2", "Phases 1 & 2"]
        {
            check(text, &[(1, 1), (2, 2)]);
        }
        for text in ["`1`, `2`", "[\"phase_1\", 'phase_2']", "[Phase 1](a.md), [Phase 2](b.md)", "**1**, #2", "P1; p2."]
        {
            check(text, &[(1, 1), (2, 2)]);
        }
        for text in ["Phases 1-3", "1–3", "1—3", "Phase 1 to Phase 3", "phases 1 through 3", "1..3", "[1 - 3]"] {
            check(text, &[(1, 3)]);
        }
        check("Phase 1 (the schema), Phase 2 complete", &[(1, 1), (2, 2)]);
        check("Phase 1: Set up, Phase 2 - the rest", &[(1, 1), (2, 2)]);
        check("[1-2, 5]", &[(1, 2), (5, 5)]);
        check("[1, 2,]", &[(1, 1), (2, 2)]);
    }

    #[test]
    fn every_way_to_say_none_is_read() {
        for text in ["", " ", "[]", "[ ]", "-", "—", "none", "None.", "`none`", "**None**", "N/A", "[none]", "null"] {
            check(text, &[]);
        }
        check("None (can run beside Phase 2)", &[]);
        check("None - the first one", &[]);
        check("none, starts at once", &[]);
    }

    #[test]
    fn what_is_no_phase_is_told() {
        check_unreadable("serde", "serde");
        check_unreadable("[1, serde]", "serde");
        check_unreadable("1.5", "1.5");
        check_unreadable("phase 2b, 3", "2b");
        check_unreadable("99999999999", "99999999999");
        check_unreadable("Phase one", "Phase");
        check_unreadable("3-1", "3-1");
        check_unreadable("Stage 1", "Stage");
        check_unreadable("None - after phase 1", "None");
        check_unreadable("Phase 1: needs phase 2", "phase");
        check_unreadable("all of the above", "all");
        check_unreadable("1 2", "2");
        for text in ["[1, 2", "1]", "[", "1 (2", "1, 2)", "(none"] {
            assert_eq!(read(text), Err(Unreadable::Unbalanced), "{text}");
        }
    }
}
