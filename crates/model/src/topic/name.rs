//! Names of topic folders, out of requests and titles.

use crate::digest::hex_sha256;
use crate::scope::{self, DETERMINERS, INTERROGATIVES, MODALS, PREPOSITIONS, is_path};

/// The longest name, in characters.
pub const LONGEST: usize = 50;

/// Verbs that lead a request and say nothing about its topic.
const LEADING: &[&str] = &["research", "analyze", "analyse", "investigate", "explore", "examine"];

/// Short words that mean something.
const TECHNICAL: &[&str] = &[
    "ui", "ux", "ci", "cd", "db", "go", "js", "ts", "ai", "ml", "io", "os", "ip", "id", "qa", "vm", "tv", "pr", "c",
    "r", "py", "rs", "cs", "2d", "3d", "dx", "k8", "hr", "pi", "tz", "wm", "ws", "md", "gc", "jj", "ld", "cc",
];

/// Auxiliaries, conjunctions and pronouns.
const EMPTY: &[&str] = &[
    "is", "are", "was", "were", "be", "been", "being", "am", "has", "have", "had", "do", "does", "did", "and", "or",
    "but", "so", "then", "it", "they", "we", "i", "you", "he", "she", "me", "us", "them", "there", "than", "if",
    "when", "while", "because", "please", "order", "also", "just", "let", "lets", "such", "not", "dont", "who", "whom",
    "i'd", "i'm", "we're", "let's", "yet",
];

/// Prepositions that carry meaning in a title, or are no prepositions there.
const KEPT: &[&str] = &["everywhere", "offline", "accordingly"];

/// Words that say what is to be made and nothing about what.
const PLAIN: &[&str] = &[
    "create",
    "write",
    "make",
    "plan",
    "implementation",
    "implement",
    "fix",
    "report",
    "build",
    "research",
    "draft",
    "design",
    "new",
    "develop",
    "produce",
    "prepare",
    "propose",
    "code",
    "add",
    "execute",
    "propose",
    "one",
    "problem",
    "issue",
    "issues",
    "problems",
    "bug",
    "refactor",
    "proposal",
    "summary",
    "overview",
    "detailed",
];

/// A topic's name out of a request: at most 50 characters of `[a-z0-9_]`, whole words, never empty.
///
/// A request that is too long is named from what it asks for, not from its background.
#[must_use]
pub fn name(request: &str) -> String {
    let whole = words(request);
    let short = join(&whole);
    if short.len() == joined_length(&whole) && !whole.is_empty() {
        return short;
    }
    let clause = from_clause(request);
    let chosen = if clause.is_empty() { whole } else { clause };
    if chosen.is_empty() { fallback("request", request) } else { join(&chosen) }
}

/// A file's name out of a short text: all its words, at most 50 characters of `[a-z0-9_]`, never empty.
#[must_use]
pub fn slug(text: &str) -> String {
    let all = |chunk: &str| -> Vec<String> {
        if is_path(chunk) { path_words(chunk) } else { pieces(chunk).into_iter().map(|(word, _)| word).collect() }
    };
    let words: Vec<String> = text.split_whitespace().flat_map(all).collect();
    if words.is_empty() { fallback("topic", text) } else { join(&words) }
}

fn fallback(kind: &str, text: &str) -> String {
    let hash = hex_sha256(text.as_bytes());
    format!("{kind}_{}", hash.get(..8).unwrap_or_default())
}

/// The words of what a long request asks for. Where these alone say too little, those of its subjects stand before them.
fn from_clause(request: &str) -> Vec<String> {
    let clauses = scope::deciding_clauses(request);
    let Some(clause) = clauses.first() else { return Vec::new() };
    let mut found = words(clause);
    let telling = found.iter().filter(|word| !PLAIN.contains(&word.as_str())).count();
    if telling < 2 {
        let subjects = scope::subjects(request);
        let mut before: Vec<String> = subjects.iter().take(2).flat_map(|subject| words(subject)).collect();
        before.retain(|word| !found.contains(word));
        // The verb stays in front: "fix_…", "create_…".
        let verb = usize::from(!clause.is_empty());
        let rest = found.split_off(verb.min(found.len()));
        found.extend(before);
        found.extend(rest);
    }
    found
}

fn joined_length(words: &[String]) -> usize {
    words.iter().map(String::len).sum::<usize>() + words.len().saturating_sub(1)
}

/// As many whole words as there is room for; a single word that is too long is cut.
fn join(words: &[String]) -> String {
    let mut name = String::new();
    for word in words {
        let longer = name.len() + usize::from(!name.is_empty()) + word.len();
        if longer > LONGEST {
            break;
        }
        if !name.is_empty() {
            name.push('_');
        }
        name.push_str(word);
    }
    if name.is_empty() {
        let first = words.first().map(String::as_str).unwrap_or_default();
        name = first.get(..LONGEST.min(first.len())).unwrap_or_default().to_owned();
    }
    name
}

/// The words of a request that a name is made of.
fn words(request: &str) -> Vec<String> {
    let chunks: Vec<&str> = request.split_whitespace().collect();
    let lower = |chunk: &str| chunk.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let adverbs = chunks.iter().take_while(|chunk| lower(chunk).ends_with("ly") || lower(chunk) == "please").count();
    let leads = chunks.get(adverbs).is_some_and(|chunk| LEADING.contains(&lower(chunk).as_str()));
    let skipped = if leads { adverbs + 1 } else { 0 };
    let rest = chunks.get(skipped..).unwrap_or_default();
    let found: Vec<String> = rest.iter().flat_map(|chunk| chunk_words(chunk)).collect();
    // "Research" alone is still better than a hash.
    if found.is_empty() && leads { chunks.iter().flat_map(|chunk| chunk_words(chunk)).collect() } else { found }
}

fn chunk_words(chunk: &str) -> Vec<String> {
    let bare = chunk.trim_matches(|c: char| "()[]{}<>\"'`“”‘’«»,;:!?*".contains(c));
    let bare = bare.strip_suffix('.').unwrap_or(bare);
    if is_path(bare) {
        return path_words(bare);
    }
    let kept = |(word, foreign): (String, bool)| (foreign || is_telling(&word)).then_some(word);
    pieces(chunk).into_iter().filter_map(kept).collect()
}

fn is_telling(word: &str) -> bool {
    let function = [DETERMINERS, PREPOSITIONS, INTERROGATIVES, MODALS, EMPTY].iter().any(|list| list.contains(&word));
    let number = word.starts_with(|c: char| c.is_ascii_alphabetic()) && word.ends_with(|c: char| c.is_ascii_digit());
    let long = word.len() >= 3 || TECHNICAL.contains(&word) || number;
    long && (!function || KEPT.contains(&word))
}

/// The pieces of a chunk in Latin letters, and whether they were written in another script: then even short ones stay.
fn pieces(chunk: &str) -> Vec<(String, bool)> {
    let foreign = chunk.chars().any(|c| c.is_alphabetic() && !is_latin(c));
    let plain: String = chunk.chars().filter(|c| !matches!(c, '\'' | '’')).collect();
    let latin = deunicode::deunicode_with_tofu(&plain, " ").to_lowercase();
    let words = latin.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| (word.to_owned(), foreign)).collect()
}

/// Latin letters with their extensions: U+0000 to U+024F, and those with several marks at U+1E00.
fn is_latin(c: char) -> bool {
    matches!(c, '\0'..='\u{24f}' | '\u{1e00}'..='\u{1eff}')
}

/// Segments that say where a machine or a project keeps things, and nothing about what they are.
const PLACES: &[&str] = &[
    "",
    ".",
    "..",
    "~",
    "home",
    "users",
    "root",
    "usr",
    "var",
    "tmp",
    "opt",
    "etc",
    "mnt",
    "srv",
    "src",
    "lib",
    "main",
    "specs",
    "plans",
    "reports",
    "summaries",
    "debug",
    "crates",
    "packages",
    "index",
    "mod",
    "dev",
    "private",
    "volumes",
    "workspace",
    "projects",
];

/// The last two or three segments of a path that mean something, as words.
fn path_words(path: &str) -> Vec<String> {
    let segments: Vec<&str> = path.split(['/', '\\']).collect();
    let owner =
        |at: usize| at.checked_sub(1).and_then(|at| segments.get(at)).is_some_and(|s| matches!(*s, "home" | "Users"));
    let last = segments.iter().rposition(|segment| !segment.is_empty()).unwrap_or_default();
    let named = |(at, segment): (usize, &&str)| {
        let stem = if at == last { segment.rsplit_once('.').map_or(*segment, |(stem, _)| stem) } else { *segment };
        let bare = stem.trim_start_matches('.');
        let numbered = super::number(bare).and_then(|_| bare.split_once('_')).map_or(bare, |(_, rest)| rest);
        let place = PLACES.contains(&numbered.to_lowercase().as_str()) || (owner(at) && at != last);
        (!place).then(|| numbered.to_owned())
    };
    let telling: Vec<String> = segments.iter().enumerate().filter_map(named).collect();
    let tail = telling.get(telling.len().saturating_sub(3)..).unwrap_or_default();
    let mut words: Vec<String> = Vec::new();
    for (word, _) in tail.iter().flat_map(|segment| pieces(segment)) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(request: &str, expected: &str) {
        assert_eq!(name(request), expected);
    }

    /// Shows S3.
    #[test]
    fn names_are_those_of_the_requirement() {
        check("Research the /home/user/nvim/docs directory", "nvim_docs_directory");
        check("fix the token refresh bug", "fix_token_refresh_bug");
        check(
            "research authentication patterns to create implementation plan",
            "authentication_patterns_create_implementation_plan",
        );
        check("analyze the codebase structure", "codebase_structure");
        check("OAuth2 & JWT: Secure Authentication (2025)", "oauth2_jwt_secure_authentication_2025");
    }

    #[test]
    fn filler_goes_and_technical_words_stay() {
        check("carefully research the UI of the Go client", "ui_go_client");
        check("Add OAuth2 & JWT: Login", "add_oauth2_jwt_login");
        check("explore the v2 API in order to find out how it is versioned", "v2_api_find_versioned");
        check("research", "research");
        check("plan", "plan");
        check("Why is the CI so slow?", "ci_slow");
    }

    #[test]
    fn paths_give_their_last_telling_segments() {
        check("fix the parser in crates/engine/src/driver.rs", "fix_parser_engine_driver");
        check("implement specs/012_auth/plans/001_auth_plan.md", "implement_auth_plan");
        check("review /home/user/a/deep/tree/of/code/store/shell.rs", "review_code_store_shell");
        check("look at /", "look");
    }

    #[test]
    fn long_requests_are_named_from_what_they_ask_for() {
        check(
            "The coordinate command has grown over the years and does not do what its users want any more, \
             which is why several of them left. Add a dry run to the coordinate command.",
            "add_dry_run_coordinate_command",
        );
        check(
            "Research the session store and the token cache of the login service in depth, with all their callers, and \
             create a plan to fix this",
            "create_session_store_token_cache_plan",
        );
    }

    #[test]
    fn other_scripts_are_transliterated() {
        check("修复登录错误", "xiu_fu_deng_lu_cuo_wu");
        check("Исправить ошибку входа", "ispravit_oshibku_vkhoda");
        check("Überprüfe die Größe", "uberprufe_die_grosse");
    }

    #[test]
    fn names_are_never_empty() {
        assert!(name("…").starts_with("request_"));
        assert!(name("").starts_with("request_"));
        assert_eq!(name("how is it?"), name("how is it?"));
        assert_eq!(name(&"x".repeat(80)).len(), LONGEST);
        assert_eq!(name(&"word ".repeat(30)).len(), 49);
        assert_eq!(slug("C++"), "c");
        assert_eq!(slug("specs/012_auth/plans/001_auth_plan.md"), "auth_plan");
        assert!(slug("++").starts_with("topic_"));
    }
}
