//! Languages: which file is written in which, and which of its lines define something.

/// The languages whose definitions are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::offline) enum Language {
    Rust,
    Python,
    Script,
    Go,
    C,
    Java,
    Ruby,
    Shell,
    /// Anything else: its text counts, its lines define nothing.
    Other,
}

impl Language {
    /// The language of a path, and the word behind a fence for it.
    pub(in crate::offline) fn of(path: &str) -> (Self, &'static str) {
        let name = path.rsplit('/').next().unwrap_or(path);
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        match ending {
            "rs" => (Self::Rust, "rust"),
            "py" | "pyi" => (Self::Python, "python"),
            "js" | "jsx" | "mjs" | "cjs" => (Self::Script, "js"),
            "ts" | "tsx" | "mts" | "vue" | "svelte" => (Self::Script, "ts"),
            "go" => (Self::Go, "go"),
            "c" | "h" => (Self::C, "c"),
            "cc" | "cpp" | "cxx" | "hpp" | "hh" | "hxx" | "m" | "mm" => (Self::C, "cpp"),
            "java" => (Self::Java, "java"),
            "kt" | "kts" | "scala" | "cs" | "swift" | "php" | "dart" => (Self::Java, ""),
            "rb" | "rake" => (Self::Ruby, "ruby"),
            "sh" | "bash" | "zsh" => (Self::Shell, "sh"),
            _ => (Self::Other, ""),
        }
    }

    /// The name that a line defines, if it does.
    pub(in crate::offline) fn defined(self, line: &str) -> Option<&str> {
        let code = line.trim_start();
        let indented = code.len() < line.len();
        match self {
            Self::Rust => keyword(code, RUST_BEFORE, RUST).or_else(|| code.strip_prefix("macro_rules! ").map(name)),
            Self::Python => keyword(code, &["async"], &["def", "class"]).or_else(|| constant(code, indented)),
            Self::Script => keyword(code, SCRIPT_BEFORE, SCRIPT)
                .or_else(|| variable(code, indented))
                .or_else(|| member(code, indented)),
            Self::Go => go_method(code)
                .or_else(|| keyword(code, &[], &["func", "type"]))
                .or_else(|| go_variable(code, indented)),
            Self::C => keyword(
                code,
                &["typedef", "static", "template", "enum"],
                &["struct", "class", "enum", "union", "namespace", "#define"],
            )
            .or_else(|| c_function(line, indented)),
            Self::Java => keyword(
                code,
                JAVA_BEFORE,
                &[
                    "class",
                    "interface",
                    "enum",
                    "record",
                    "object",
                    "trait",
                    "fun",
                    "func",
                    "function",
                    "def",
                    "protocol",
                    "struct",
                ],
            )
            .or_else(|| java_method(code)),
            Self::Ruby => keyword(code, &[], &["def", "class", "module"]).map(|name| name.trim_start_matches("self.")),
            Self::Shell => shell_function(code),
            Self::Other => None,
        }
        .filter(|name| !name.is_empty())
    }

    /// Whether a line is a comment, or the middle of one.
    pub(super) fn is_comment(self, line: &str) -> bool {
        let code = line.trim_start();
        let hash = code.starts_with('#') && !code.starts_with("#[") && !code.starts_with("#include");
        match self {
            Self::Rust | Self::Go | Self::Java | Self::Script | Self::C => {
                code.starts_with("//") || code.starts_with("/*") || code.starts_with('*')
            }
            Self::Python | Self::Ruby | Self::Shell => hash,
            Self::Other => false,
        }
    }
}

const RUST_BEFORE: &[&str] = &["pub", "async", "unsafe", "const", "extern", "default"];
const RUST: &[&str] = &["fn", "struct", "enum", "trait", "mod", "type", "static", "const", "union"];
const SCRIPT_BEFORE: &[&str] = &["export", "default", "async", "abstract", "declare"];
const SCRIPT: &[&str] = &["function", "class", "interface", "enum", "type", "namespace", "function*"];
const JAVA_BEFORE: &[&str] = &[
    "public",
    "private",
    "protected",
    "internal",
    "static",
    "final",
    "abstract",
    "sealed",
    "open",
    "data",
    "override",
    "async",
    "inline",
    "suspend",
    "partial",
    "fileprivate",
    "case",
    "mutating",
];

/// The name behind one of `kinds`, with any of `before` in front of that.
fn keyword<'a>(code: &'a str, before: &[&str], kinds: &[&str]) -> Option<&'a str> {
    let mut rest = code;
    // More than this many words in front of a definition is a sentence.
    for _ in 0..6 {
        let (word, after) = rest.split_once([' ', '\t'])?;
        let after = after.trim_start();
        // `const` may be either: the next word decides.
        let next_is_kind = after.split([' ', '\t']).next().is_some_and(|next| kinds.contains(&next));
        if kinds.contains(&word) && !next_is_kind {
            return Some(name(after));
        }
        let modifier = word.split('(').next().unwrap_or(word);
        let known = before.contains(&modifier) || word.starts_with('"') || (kinds.contains(&word) && next_is_kind);
        if !known {
            return None;
        }
        rest = after;
    }
    None
}

/// The name that a text begins with.
fn name(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(text.len());
    let owner = text.get(end..).and_then(|rest| rest.strip_prefix('.').filter(|_| text.starts_with("self")));
    owner.map_or(text.get(..end).unwrap_or_default(), name)
}

/// `NAME = …` at the left margin.
fn constant(code: &str, indented: bool) -> Option<&str> {
    let found = name(code);
    let rest = code.get(found.len()..)?.trim_start();
    let assigned = rest.starts_with('=') && !rest.starts_with("==") || rest.starts_with(": ");
    (!indented && assigned && found.chars().next().is_some_and(char::is_alphabetic) && !is_control(found))
        .then_some(found)
}

/// `const name = …` at the left margin.
fn variable(code: &str, indented: bool) -> Option<&str> {
    if indented { None } else { keyword(code, &["export", "declare"], &["const", "let", "var"]) }
}

/// `name(…) {` inside a class.
fn member(code: &str, indented: bool) -> Option<&str> {
    let code = ["async ", "static ", "get ", "set ", "private ", "public ", "protected "]
        .iter()
        .fold(code, |code, word| code.strip_prefix(word).unwrap_or(code));
    let found = name(code);
    let opens = code.get(found.len()..)?.starts_with('(') && code.trim_end().ends_with('{');
    (indented && opens && !is_control(found)).then_some(found)
}

/// `func (r *T) Name(…`
fn go_method(code: &str) -> Option<&str> {
    let (_, after) = code.strip_prefix("func (")?.split_once(") ")?;
    Some(name(after))
}

fn go_variable(code: &str, indented: bool) -> Option<&str> {
    if indented { None } else { keyword(code, &[], &["var", "const"]) }
}

/// `type name(…` at the left margin that ends no statement.
fn c_function(line: &str, indented: bool) -> Option<&str> {
    let (head, _) = line.split_once('(')?;
    let declares = line.trim_end().ends_with(';') || line.contains('=');
    if indented || declares || !head.contains(' ') {
        return None;
    }
    let found = head.rsplit([' ', '*', '&', ':']).next()?;
    (!is_control(found) && name(found) == found).then_some(found)
}

/// `modifiers Type name(…) {`
fn java_method(code: &str) -> Option<&str> {
    let (head, _) = code.split_once('(')?;
    let modified = JAVA_BEFORE.iter().any(|word| head.strip_prefix(word).is_some_and(|rest| rest.starts_with(' ')));
    let found = head.rsplit(' ').next()?;
    (modified && !code.contains('=') && name(found) == found).then_some(found)
}

/// `name() {` or `function name`.
fn shell_function(code: &str) -> Option<&str> {
    if let Some(rest) = code.strip_prefix("function ") {
        return Some(shell_name(rest));
    }
    let found = shell_name(code);
    code.get(found.len()..)?.trim_start().starts_with("()").then_some(found)
}

fn shell_name(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_alphanumeric() || "_-.:".contains(c))).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

fn is_control(word: &str) -> bool {
    ["if", "for", "while", "switch", "catch", "return", "else", "elif", "with", "try", "lambda", "function"]
        .contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_are_seen_in_each_language() {
        let cases = [
            ("a.rs", "    pub(crate) async fn park(&self) {", "park"),
            ("a.rs", "pub const fn max() -> u8 {", "max"),
            ("a.rs", "const MOST: usize = 3;", "MOST"),
            ("a.rs", "macro_rules! spawn {", "spawn"),
            ("a.rs", "pub struct Park<T> {", "Park"),
            ("a.py", "    async def refresh(self):", "refresh"),
            ("a.py", "class Store(Base):", "Store"),
            ("a.py", "LIMIT = 3", "LIMIT"),
            ("a.ts", "export default async function load() {", "load"),
            ("a.ts", "export const limit = 3", "limit"),
            ("a.js", "  refresh(token) {", "refresh"),
            ("a.go", "func (s *Store) Refresh(ctx context.Context) error {", "Refresh"),
            ("a.go", "func New() *Store {", "New"),
            ("a.go", "type Store struct {", "Store"),
            ("a.go", "var ErrGone = errors.New(\"gone\")", "ErrGone"),
            ("a.c", "static int parse_line(const char *line)", "parse_line"),
            ("a.h", "struct parser {", "parser"),
            ("A.java", "    public static Token refresh(Token old) {", "refresh"),
            ("A.java", "public final class Store {", "Store"),
            ("a.rb", "  def self.refresh(token)", "refresh"),
            ("a.rb", "module Store", "Store"),
            ("a.sh", "refresh_token() {", "refresh_token"),
            ("a.sh", "function refresh {", "refresh"),
        ];
        for (path, line, name) in cases {
            assert_eq!(Language::of(path).0.defined(line), Some(name), "{path}: {line}");
        }
    }

    #[test]
    fn other_lines_define_nothing() {
        let cases = [
            ("a.rs", "// the fn that parks"),
            ("a.rs", "let x = park();"),
            ("a.rs", "use std::fmt;"),
            ("a.py", "    x = 3"),
            ("a.py", "if x == 3:"),
            ("a.js", "  if (token) {"),
            ("a.c", "  return parse(line);"),
            ("a.c", "int parse(const char *);"),
            ("A.java", "    refresh(token);"),
            ("a.sh", "refresh token"),
            ("a.md", "def x"),
        ];
        for (path, line) in cases {
            assert_eq!(Language::of(path).0.defined(line), None, "{path}: {line}");
        }
    }
}
