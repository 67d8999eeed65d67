//! The words that the rules know: verbs by what they ask for, nouns by what they name.

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

/// Documents that say what is to be done.
pub(crate) const PLAN_NOUNS: &[&str] = &[
    "plan",
    "plans",
    "proposal",
    "proposals",
    "design",
    "designs",
    "roadmap",
    "strategy",
    "strategies",
    "spec",
    "specification",
    "outline",
    "rfc",
    "blueprint",
];

/// Documents that say what is.
pub(crate) const REPORT_NOUNS: &[&str] = &[
    "report",
    "reports",
    "overview",
    "summary",
    "summaries",
    "comparison",
    "analysis",
    "analyses",
    "list",
    "explanation",
    "review",
    "survey",
    "assessment",
    "evaluation",
    "breakdown",
    "findings",
    "research",
    "study",
    "audit",
    "investigation",
    "description",
    "options",
    "recommendation",
    "recommendations",
    "idea",
    "ideas",
    "dive",
    "estimate",
];

/// What can be wrong.
pub(crate) const BUG_NOUNS: &[&str] = &[
    "bug",
    "bugs",
    "error",
    "errors",
    "issue",
    "issues",
    "failure",
    "failures",
    "crash",
    "crashes",
    "leak",
    "leaks",
    "deadlock",
    "deadlocks",
    "race",
    "regression",
    "regressions",
    "exception",
    "exceptions",
    "panic",
    "panics",
    "hang",
    "flake",
    "problem",
    "problems",
    "fault",
    "defect",
    "segfault",
    "outage",
    "corruption",
    "fix",
    "bugfix",
    "hotfix",
];

/// Words that say that something is wrong.
pub(crate) const FAILING: &[&str] = &[
    "fail",
    "fails",
    "failed",
    "failing",
    "crash",
    "crashes",
    "crashed",
    "crashing",
    "broken",
    "break",
    "breaks",
    "broke",
    "hang",
    "hangs",
    "hanging",
    "panics",
    "leak",
    "leaks",
    "leaking",
    "segfaults",
    "throws",
    "wrong",
    "slow",
    "slower",
    "missing",
    "lost",
    "loses",
    "lose",
    "stuck",
    "logged",
    "flaky",
    "error",
    "errors",
    "bug",
    "timeout",
    "times",
    "freezes",
    "deadlock",
    "corrupt",
    "corrupted",
    "incorrect",
    "incorrectly",
    "failure",
    "failures",
    "red",
    "empty",
    "twice",
    "dies",
    "not",
    "never",
    "doesn't",
    "doesnt",
    "don't",
    "dont",
    "won't",
    "isn't",
    "can't",
    "cannot",
    "aren't",
];

/// Predicates that make a bare statement the report of a failure.
pub(crate) const FAILURE_PREDICATES: &[&str] = &[
    "fails",
    "failing",
    "crashes",
    "crashed",
    "crashing",
    "broken",
    "breaks",
    "hangs",
    "hanging",
    "panics",
    "leaks",
    "segfaults",
    "flaky",
];

/// Objects of `fix` that need an edit and no diagnosis.
pub(crate) const COSMETIC: &[&str] = &[
    "typo",
    "typos",
    "spelling",
    "wording",
    "grammar",
    "formatting",
    "indentation",
    "style",
    "lint",
    "lints",
    "whitespace",
    "capitalization",
    "capitalisation",
    "comment",
    "comments",
    "docs",
    "documentation",
    "readme",
    "warnings",
    "changelog",
    "punctuation",
    "casing",
];

pub(crate) const DETERMINERS: &[&str] = &[
    "the", "a", "an", "this", "that", "these", "those", "my", "our", "your", "its", "their", "his", "her", "some",
    "any", "all", "each", "every", "another", "both", "no", "few", "several", "two", "three", "four", "one",
];

pub(crate) const PRONOUNS: &[&str] = &[
    "it",
    "them",
    "they",
    "we",
    "i",
    "you",
    "he",
    "she",
    "me",
    "us",
    "everything",
    "something",
    "anything",
    "nothing",
];

pub(crate) const PREPOSITIONS: &[&str] = &[
    "for",
    "of",
    "in",
    "on",
    "with",
    "from",
    "by",
    "at",
    "into",
    "about",
    "as",
    "per",
    "between",
    "under",
    "over",
    "through",
    "across",
    "against",
    "within",
    "via",
    "using",
    "without",
    "towards",
    "toward",
    "onto",
    "off",
    "out",
    "during",
    "inside",
    "behind",
    "like",
    "regarding",
    "concerning",
    "covering",
    "including",
    "based",
    "according",
    "vs",
    "versus",
    "to",
    "among",
    "around",
    "beyond",
    "upon",
    "everywhere",
    "accordingly",
];

/// Finite verbs and auxiliaries: what stands before them is a subject.
pub(crate) const FINITE: &[&str] = &[
    "is",
    "are",
    "was",
    "were",
    "has",
    "had",
    "does",
    "did",
    "should",
    "will",
    "would",
    "can",
    "could",
    "must",
    "might",
    "may",
    "seems",
    "seem",
    "shows",
    "show",
    "showed",
    "suggests",
    "says",
    "said",
    "takes",
    "took",
    "looks",
    "needs",
    "contains",
    "exists",
    "works",
    "isn't",
    "aren't",
    "wasn't",
    "doesn't",
    "didn't",
    "won't",
    "can't",
    "gets",
    "happens",
    "exits",
    "indicates",
    "returns",
    "returned",
    "uses",
    "keeps",
    "fail",
    "fails",
    "failed",
    "breaks",
    "broke",
    "crashes",
    "crashed",
    "hangs",
    "throws",
    "panics",
    "stopped",
    "stops",
    "have",
];

/// Modal verbs: a base form after them belongs to a statement.
pub(crate) const MODALS: &[&str] = &[
    "can", "could", "should", "will", "would", "may", "might", "must", "shall", "cannot", "can't", "we'll", "i'll",
    "they'll", "it'll",
];

/// Words that begin a subordinate clause anywhere.
pub(crate) const SUBORDINATORS: &[&str] = &[
    "when", "whenever", "while", "once", "after", "before", "until", "till", "if", "unless", "since", "because",
    "although", "though", "whereas", "assuming", "as",
];

/// Words that begin a question or an embedded clause.
pub(crate) const INTERROGATIVES: &[&str] = &[
    "how", "what", "why", "whether", "which", "where", "who", "whose", "what's", "how's", "where's", "why's", "who's",
];

/// Words at the beginning of a clause that say nothing.
pub(crate) const FILLERS: &[&str] = &[
    "please",
    "pls",
    "plz",
    "now",
    "then",
    "also",
    "first",
    "firstly",
    "second",
    "secondly",
    "third",
    "next",
    "finally",
    "lastly",
    "just",
    "kindly",
    "maybe",
    "perhaps",
    "ok",
    "okay",
    "hi",
    "hey",
    "hello",
    "so",
    "well",
    "again",
    "only",
    "still",
    "afterwards",
    "additionally",
    "instead",
    "and",
    "or",
    "but",
    "plus",
    "yet",
    "therefore",
    "thus",
    "hence",
    "better",
    "always",
    "ideally",
    "rather",
    "thanks",
    "thx",
    "today",
    "asap",
    "both",
    "either",
    "etc",
    "too",
    "later",
    "claude",
];

/// Nouns that a following infinitive explains: `a plan to …`, `ways to …`.
pub(crate) const EXPLAINED: &[&str] = &[
    "plan",
    "plans",
    "way",
    "ways",
    "option",
    "options",
    "approach",
    "approaches",
    "strategy",
    "strategies",
    "step",
    "steps",
    "effort",
    "design",
    "proposal",
    "need",
    "needs",
    "ability",
    "attempt",
    "attempts",
    "decision",
    "reason",
    "reasons",
    "roadmap",
    "cost",
    "costs",
    "methods",
    "method",
    "techniques",
    "opportunities",
    "possibility",
    "possibilities",
    "risk",
    "risks",
    "how",
    "what",
    "where",
    "when",
    "whether",
    "which",
    "who",
    "needed",
    "required",
    "necessary",
    "able",
    "going",
    "used",
    "has",
    "have",
    "had",
    "ready",
    "supposed",
    "likely",
    "possible",
    "hard",
    "easy",
    "best",
    "wants",
    "want",
    "wanted",
    "starts",
    "started",
    "tries",
    "tried",
    "begins",
    "begin",
    "fails",
    "fail",
    "failed",
    "takes",
    "take",
    "ways",
    "feasible",
    "try",
    "sense",
    "idea",
    "ideas",
    "intend",
    "meant",
    "decide",
    "plans",
    "considering",
    "chance",
];

/// Words that make a preceding `build` or `plan` part of a compound noun.
pub(crate) const COMPOUNDS: &[&str] = &[
    "system",
    "systems",
    "script",
    "scripts",
    "pipeline",
    "pipelines",
    "process",
    "step",
    "steps",
    "phase",
    "phases",
    "command",
    "commands",
    "file",
    "files",
    "tool",
    "tools",
    "state",
    "states",
    "status",
    "time",
    "times",
    "server",
    "stage",
    "stages",
    "artifacts",
    "documents",
    "docs",
    "logs",
    "output",
    "job",
    "jobs",
    "task",
    "tasks",
    "suite",
    "suites",
    "runner",
    "runners",
    "mode",
    "modes",
    "workflow",
    "workflows",
    "agents",
    "results",
    "data",
    "flags",
    "target",
    "targets",
    "infrastructure",
    "environment",
    "environments",
    "coverage",
];

/// Words that name nothing in particular as the object of a forbidden change.
pub(crate) const GENERIC_OBJECTS: &[&str] = &[
    "code",
    "it",
    "this",
    "that",
    "anything",
    "them",
    "yet",
    "now",
    "any",
    "the",
    "file",
    "files",
    "source",
    "sources",
    "please",
    "plan",
    "plans",
    "or",
    "actual",
    "production",
    "existing",
    "real",
    "so",
    "far",
    "codebase",
    "repository",
    "repo",
    "of",
    "single",
    "line",
    "a",
    "change",
    "changes",
    "edit",
    "edits",
    "for",
    "moment",
    "at",
    "all",
    "things",
    "stuff",
    "implementation",
    "in",
    "here",
    "everything",
    "today",
    "first",
    "still",
    "just",
    "itself",
    "implement",
    "execute",
    "start",
    "begin",
];

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
