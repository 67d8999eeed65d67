//! Words of instructions: is this an order, a path, a command of a client?

/// Words that begin a statement, a wish or a heading, and no order.
const STATEMENTS: &[&str] = &[
    "a",
    "an",
    "the",
    "this",
    "that",
    "these",
    "those",
    "it",
    "its",
    "there",
    "here",
    "you",
    "your",
    "we",
    "our",
    "i",
    "they",
    "he",
    "she",
    "agent",
    "agents",
    "should",
    "must",
    "will",
    "would",
    "can",
    "could",
    "may",
    "might",
    "is",
    "are",
    "was",
    "were",
    "be",
    "been",
    "has",
    "have",
    "had",
    "does",
    "did",
    "how",
    "what",
    "why",
    "who",
    "which",
    "maybe",
    "perhaps",
    "please",
    "optional",
    "optionally",
    "ability",
    "responsible",
];

/// Words that may stand before an order.
const BEFORE: &[&str] =
    &["always", "never", "then", "first", "next", "finally", "also", "only", "now", "afterwards", "and"];

/// Words that end like other forms, and are none.
const ORDERS: &[&str] = &["bring", "string", "ping", "ring", "sing", "swing", "fling", "sling", "spring", "cling"];

/// Why the text of a task is no order; `None` if it is one, or can not be judged.
pub(super) fn no_order(text: &str) -> Option<&'static str> {
    let words = text.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase());
    let first = words.filter(|word| !word.is_empty()).find(|word| !BEFORE.contains(&word.as_str()))?;
    if STATEMENTS.contains(&first.as_str()) {
        return Some("it begins like a statement");
    }
    if first.ends_with("ing") && first.len() > 4 && !ORDERS.contains(&first.as_str()) {
        return Some("it names an activity");
    }
    is_third_person(&first).then_some("it tells what somebody does")
}

/// `creates`, `reads`: words that are known as orders, with an `s`.
fn is_third_person(word: &str) -> bool {
    let stem = word.strip_suffix("es").filter(|stem| VERBS.contains(stem));
    stem.or_else(|| word.strip_suffix('s').filter(|stem| VERBS.contains(stem))).is_some()
}

const VERBS: &[&str] = &[
    "add",
    "analyse",
    "analyze",
    "apply",
    "ask",
    "build",
    "call",
    "change",
    "check",
    "choose",
    "collect",
    "commit",
    "compare",
    "compute",
    "convert",
    "copy",
    "count",
    "create",
    "decide",
    "delete",
    "describe",
    "document",
    "end",
    "ensure",
    "estimate",
    "explain",
    "extract",
    "fetch",
    "find",
    "fix",
    "follow",
    "generate",
    "give",
    "handle",
    "identify",
    "implement",
    "include",
    "keep",
    "list",
    "look",
    "make",
    "mark",
    "mend",
    "merge",
    "move",
    "note",
    "open",
    "order",
    "parse",
    "pass",
    "perform",
    "plan",
    "print",
    "produce",
    "provide",
    "put",
    "read",
    "record",
    "remove",
    "report",
    "research",
    "return",
    "review",
    "run",
    "save",
    "search",
    "send",
    "sort",
    "start",
    "stop",
    "summarise",
    "summarize",
    "take",
    "test",
    "track",
    "update",
    "use",
    "validate",
    "verify",
    "wait",
    "watch",
    "write",
];

/// The relative path in a line, if there is one: one in backticks with a slash, or one that begins with `./` or `../`.
pub(super) fn relative_path(line: &str) -> Option<String> {
    let quoted = line.split('`').skip(1).step_by(2).map(str::trim);
    let quoted = quoted.filter(|word| !word.contains(char::is_whitespace) && word.contains('/') && is_relative(word));
    let bare = line.split_whitespace().map(|word| word.trim_matches(|c: char| "`\"'(),;:".contains(c)));
    let bare = bare.filter(|word| (word.starts_with("./") || word.starts_with("../")) && word.len() > 3);
    quoted.chain(bare).next().map(str::to_owned)
}

fn is_relative(word: &str) -> bool {
    let begins = |marks: &[&str]| marks.iter().any(|mark| word.starts_with(mark));
    let is_path = word.chars().all(|c| c.is_alphanumeric() || "/._-*{}".contains(c));
    is_path && !begins(&["/", "~", "$", "{{", "@", "-"]) && !word.contains("://")
}

/// Folders that stand at the root of a file system: `/tmp` is no command of a client.
const ROOTS: &[&str] = &[
    "bin",
    "boot",
    "dev",
    "etc",
    "home",
    "lib",
    "media",
    "mnt",
    "opt",
    "proc",
    "root",
    "run",
    "sbin",
    "srv",
    "sys",
    "tmp",
    "usr",
    "var",
    "work",
    "workspace",
];

/// The slash command in a line, if there is one: `/plan`. Another session has no such commands, or others.
pub(super) fn slash_command(line: &str) -> Option<String> {
    let words = line.split(|c: char| c.is_whitespace() || "`\"'(),;".contains(c));
    words.map(|word| word.trim_end_matches(['.', ':', '!', '?'])).find(|word| is_slash_command(word)).map(str::to_owned)
}

fn is_slash_command(word: &str) -> bool {
    let Some(name) = word.strip_prefix('/') else { return false };
    let plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_:".contains(c));
    name.len() > 1 && name.starts_with(|c: char| c.is_ascii_lowercase()) && plain && !ROOTS.contains(&name)
}

/// What templates have where something is to be filled in; lower case.
const GAPS: &[&str] =
    &["[insert ", "[fill in", "<insert ", "<fill in", "[todo", "todo:", "tbd:", "$arguments", "lorem ipsum"];

/// The placeholder in a line that nothing replaces, if there is one.
pub(super) fn unresolved(line: &str, known: &[&str]) -> Option<String> {
    let mut rest = line;
    while let Some((_, behind)) = rest.split_once("{{") {
        let Some((name, after)) = behind.split_once("}}") else { break };
        let whole = format!("{{{{{name}}}}}");
        if !known.contains(&whole.as_str()) {
            return Some(whole);
        }
        rest = after;
    }
    let lower = line.to_lowercase();
    GAPS.iter().find(|gap| lower.contains(*gap)).map(|gap| (*gap).trim_end().to_owned())
}
