//! The verbs that the rules know, by what they ask for.

/// What a verb asks for, before its object is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// To find something out.
    Research,
    /// To find what is wrong, and perhaps mend it.
    Fix,
    /// To think something up.
    Plan,
    /// To change what is there.
    Change,
    /// To make something: its object says what. Without one that is a document it is code.
    Make,
    /// To hand something over: only its object says anything.
    Give,
    /// To carry out what is written.
    Execute,
    /// Asks for nothing by itself.
    Neutral,
}

use Class::{Change, Execute, Fix, Give, Make, Neutral, Plan, Research};

/// Verbs of several words, tried first.
const PHRASES: &[(&str, Class)] = &[
    ("look into", Research),
    ("look at", Research),
    ("look for", Research),
    ("look through", Research),
    ("take a look", Research),
    ("have a look", Research),
    ("dig into", Research),
    ("go through", Research),
    ("read up", Research),
    ("find out", Research),
    ("figure out", Research),
    ("tell me", Research),
    ("show me", Give),
    ("walk me", Research),
    ("track down", Fix),
    ("hunt down", Fix),
    ("come up with", Plan),
    ("work out", Plan),
    ("think up", Plan),
    ("lay out", Plan),
    ("map out", Plan),
    ("put together", Make),
    ("write down", Make),
    ("write up", Make),
    ("carry out", Execute),
    ("start with", Give),
    ("begin with", Give),
    ("set up", Change),
    ("clean up", Change),
    ("speed up", Change),
    ("get rid", Change),
    ("hook up", Change),
    ("roll out", Change),
    ("make sure", Neutral),
    ("make use", Neutral),
    ("do research", Research),
    ("conduct research", Research),
    ("do the following", Neutral),
];

const VERBS: &[(Class, &[&str])] = &[
    (
        Research,
        &[
            "research",
            "analyse",
            "analyze",
            "investigate",
            "explore",
            "examine",
            "study",
            "survey",
            "review",
            "explain",
            "describe",
            "compare",
            "evaluate",
            "assess",
            "audit",
            "inspect",
            "check",
            "verify",
            "summarise",
            "summarize",
            "list",
            "find",
            "identify",
            "understand",
            "learn",
            "read",
            "determine",
            "discover",
            "trace",
            "profile",
            "benchmark",
            "measure",
            "test",
            "clarify",
            "discuss",
            "search",
            "count",
            "brainstorm",
            "recommend",
            "suggest",
            "estimate",
            "gather",
            "collect",
            "contrast",
            "scan",
            "enumerate",
            "catalogue",
            "catalog",
            "know",
            "report",
            "tell",
            "locate",
            "look",
            "walk",
            "characterize",
            "characterise",
            "validate",
            "critique",
            "conduct",
        ],
    ),
    (
        Fix,
        &[
            "fix",
            "debug",
            "troubleshoot",
            "diagnose",
            "repair",
            "resolve",
            "solve",
            "correct",
            "address",
            "bugfix",
            "mend",
        ],
    ),
    (
        Plan,
        &[
            "plan",
            "design",
            "propose",
            "outline",
            "draft",
            "devise",
            "formulate",
            "sketch",
            "architect",
            "strategize",
            "specify",
        ],
    ),
    (
        Change,
        &[
            "implement",
            "add",
            "refactor",
            "rename",
            "remove",
            "migrate",
            "convert",
            "port",
            "rewrite",
            "replace",
            "delete",
            "drop",
            "extract",
            "move",
            "split",
            "merge",
            "integrate",
            "wire",
            "upgrade",
            "update",
            "change",
            "modify",
            "extend",
            "enable",
            "disable",
            "introduce",
            "support",
            "allow",
            "configure",
            "install",
            "deploy",
            "bump",
            "clean",
            "simplify",
            "optimise",
            "optimize",
            "reduce",
            "speed",
            "translate",
            "document",
            "cover",
            "hook",
            "expose",
            "restructure",
            "reorganize",
            "reorganise",
            "code",
            "ship",
            "setup",
            "switch",
            "inline",
            "deduplicate",
            "parallelize",
            "cache",
            "handle",
            "format",
            "apply",
            "adapt",
            "adjust",
            "revise",
            "amend",
            "edit",
            "turn",
            "ensure",
            "unify",
            "consolidate",
            "decouple",
            "modularize",
            "rework",
            "redesign",
            "expand",
            "downgrade",
            "prevent",
            "increase",
            "decrease",
            "shrink",
            "strip",
            "mark",
            "sort",
            "hide",
            "display",
            "rebuild",
            "redo",
            "swap",
            "set",
            "insert",
            "append",
            "attach",
            "automate",
            "bring",
            "touch",
            "reimplement",
            "publish",
            "scaffold",
            "localize",
            "vendor",
            "pin",
            "patch",
            "program",
            "connect",
            "embed",
            "instrument",
            "deprecate",
            "undo",
            "revert",
        ],
    ),
    (Make, &["create", "write", "make", "build", "develop", "generate", "produce"]),
    (
        Give,
        &[
            "give", "provide", "need", "want", "get", "have", "deliver", "prepare", "see", "send", "show", "require",
            "return",
        ],
    ),
    (Execute, &["execute", "run", "continue", "finish", "complete", "resume", "proceed", "follow"]),
    (
        Neutral,
        &[
            "use", "think", "consider", "take", "go", "start", "begin", "do", "keep", "note", "try", "improve",
            "enhance", "help",
        ],
    ),
];

/// What the base form of one word asks for.
fn base_class(word: &str) -> Option<Class> {
    VERBS.iter().find(|(_, words)| words.contains(&word)).map(|(class, _)| *class)
}

/// The verb with which some words begin: its class, and of how many words it is. Slips of the pen in long verbs are
/// forgiven.
pub(crate) fn verb(words: &[&str]) -> Option<(Class, usize)> {
    for (phrase, class) in PHRASES {
        let parts: Vec<&str> = phrase.split(' ').collect();
        if words.starts_with(&parts) {
            return Some((*class, parts.len()));
        }
    }
    let first = words.first()?;
    base_class(first).or_else(|| base_class(&mended(first)?)).map(|class| (class, 1))
}

/// Whether a word is the base form of a verb.
pub(crate) fn is_base(word: &str) -> bool {
    base_class(word).is_some_and(|class| class != Neutral)
}

/// The base form and class of `implementing` or `fixing`.
pub(crate) fn gerund(word: &str) -> Option<(String, Class)> {
    let stem = word.strip_suffix("ing").filter(|stem| stem.len() > 1)?;
    inflected(stem)
}

/// The base form and class of `implemented` or `split`.
pub(crate) fn participle(word: &str) -> Option<(String, Class)> {
    let irregular = match word {
        "written" => "write",
        "rewritten" => "rewrite",
        "built" => "build",
        "split" => "split",
        "found" => "find",
        _ => "",
    };
    if let Some(class) = base_class(irregular) {
        return Some((irregular.to_owned(), class));
    }
    inflected(word.strip_suffix("ed")?)
}

fn inflected(stem: &str) -> Option<(String, Class)> {
    let mut undoubled = stem.to_owned();
    let last = undoubled.pop();
    let doubled = last.is_some() && undoubled.ends_with(|c| Some(c) == last);
    let mut forms = vec![stem.to_owned(), format!("{stem}e")];
    if doubled {
        forms.push(undoubled.clone());
    }
    if last == Some('i') {
        forms.push(format!("{undoubled}y"));
    }
    forms.into_iter().find_map(|form| base_class(&form).map(|class| (form, class)))
}

/// Whether this is a verb in its base form, or `and`: then `a/b` is two words and no path.
pub(crate) fn is_known(word: &str) -> bool {
    let lower = word.to_lowercase();
    base_class(&lower).is_some() || lower == "and"
}

/// A known verb that is one letter, or one exchange of two, away from a long word.
fn mended(word: &str) -> Option<String> {
    if word.len() < 6 || !word.is_ascii() || word.ends_with('s') || word.ends_with('d') || word.ends_with("ing") {
        return None;
    }
    let near = |verb: &&&str| verb.len() >= 6 && is_slip(word.as_bytes(), verb.as_bytes());
    VERBS.iter().flat_map(|(_, verbs)| verbs.iter()).find(near).map(|verb| (*verb).to_owned())
}

/// Whether one word becomes the other by one letter more, less or other, or by two neighbours exchanged.
fn is_slip(a: &[u8], b: &[u8]) -> bool {
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (rest_a, rest_b) = (a.get(same..).unwrap_or_default(), b.get(same..).unwrap_or_default());
    let tail = |slice: &[u8], from: usize| slice.get(from..).unwrap_or_default().to_vec();
    match (rest_a, rest_b) {
        ([x, y, ..], [p, q, ..]) if x == q && y == p => tail(rest_a, 2) == tail(rest_b, 2),
        _ if a.len() == b.len() => tail(rest_a, 1) == tail(rest_b, 1),
        _ if a.len() + 1 == b.len() => rest_a == tail(rest_b, 1),
        _ if a.len() == b.len() + 1 => tail(rest_a, 1) == rest_b,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_are_known_also_misspelt() {
        assert_eq!(verb(&["research", "x"]), Some((Research, 1)));
        assert_eq!(verb(&["reserch", "x"]), Some((Research, 1)));
        assert_eq!(verb(&["impelment"]), Some((Change, 1)));
        assert_eq!(verb(&["come", "up", "with"]), Some((Plan, 3)));
        assert_eq!(verb(&["planet"]), None);
        assert_eq!(verb(&["reports"]), None);
    }

    #[test]
    fn forms_lead_to_their_base() {
        assert_eq!(gerund("planning"), Some(("plan".to_owned(), Plan)));
        assert_eq!(gerund("removing"), Some(("remove".to_owned(), Change)));
        assert_eq!(participle("rewritten"), Some(("rewrite".to_owned(), Change)));
        assert_eq!(participle("modified"), Some(("modify".to_owned(), Change)));
        assert_eq!(gerund("ing"), None);
    }
}
