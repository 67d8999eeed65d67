//! The files that a text names: in links, in code, or as words that look like nothing but a path.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Endings that make a name without a folder the name of a file: `main.rs` is one, `self.field` is not.
const ENDINGS: &[&str] = &[
    "rs",
    "toml",
    "lock",
    "md",
    "mdx",
    "txt",
    "json",
    "jsonl",
    "yml",
    "yaml",
    "sh",
    "bash",
    "zsh",
    "fish",
    "ps1",
    "py",
    "pyi",
    "ipynb",
    "js",
    "mjs",
    "cjs",
    "jsx",
    "ts",
    "tsx",
    "vue",
    "svelte",
    "go",
    "mod",
    "java",
    "kt",
    "kts",
    "scala",
    "rb",
    "php",
    "c",
    "h",
    "cc",
    "cpp",
    "hpp",
    "cs",
    "fs",
    "swift",
    "m",
    "lua",
    "vim",
    "el",
    "ex",
    "exs",
    "erl",
    "hs",
    "ml",
    "clj",
    "zig",
    "nix",
    "tf",
    "sql",
    "proto",
    "graphql",
    "html",
    "css",
    "scss",
    "less",
    "xml",
    "svg",
    "ini",
    "cfg",
    "conf",
    "env",
    "csv",
    "tsv",
    "snap",
    "gradle",
    "cmake",
    "mk",
    "dockerfile",
    "rst",
    "adoc",
    "tex",
    "service",
];
/// Files that are known without an ending.
const NAMES: &[&str] = &["Makefile", "Dockerfile", "Justfile", "Rakefile", "Gemfile", "LICENSE", "CODEOWNERS"];
/// The longest path that is one.
const LONGEST: usize = 200;

/// The files, each once, in the order of the text. What stands in blocks of code is an example and names nothing.
pub(super) fn paths(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut block = false;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => block = true,
            Event::End(TagEnd::CodeBlock) => block = false,
            Event::Start(Tag::Link { dest_url, .. }) => note(&dest_url, &mut found),
            Event::Code(code) => note(&code, &mut found),
            Event::Text(text) if !block => text.split_whitespace().for_each(|word| note(word, &mut found)),
            _ => {}
        }
    }
    found
}

/// The files that stand between backticks, each once, in the order of the text.
pub(crate) fn in_code(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for event in Parser::new(text) {
        if let Event::Code(code) = event {
            note(&code, &mut found);
        }
    }
    found
}

fn note(word: &str, found: &mut Vec<String>) {
    if let Some(path) = path(word)
        && !found.iter().any(|known| known == path)
    {
        found.push(path.to_owned());
    }
}

/// The path in a word: without marks around it, without the line behind it, without the way from the text's own folder.
fn path(word: &str) -> Option<&str> {
    let word = word.trim_matches(|c: char| "()[]{}<>\"'`*,;!?".contains(c)).trim_end_matches(['.', ':']);
    let word = without_line(word.split('#').next().unwrap_or_default());
    let word = ["../", "./"].iter().fold(word, |word, step| word.trim_start_matches(*step));
    let allowed = |c: char| c.is_alphanumeric() || "/._-+@~".contains(c);
    if word.is_empty() || word.len() > LONGEST || word.contains("//") || !word.chars().all(allowed) {
        return None;
    }
    let (folder, name) = word.rsplit_once('/').map_or((None, word), |(folder, name)| (Some(folder), name));
    (is_file(name, folder.is_some()) && folder != Some("")).then_some(word)
}

/// `main.rs:12:3` and `main.rs:12-20` without their lines.
fn without_line(word: &str) -> &str {
    let digits =
        |text: &str| text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(|c| "0123456789-:".contains(c));
    word.split_once(':').filter(|(_, line)| digits(line)).map_or(word, |(path, _)| path)
}

fn is_file(name: &str, in_folder: bool) -> bool {
    let Some((stem, ending)) = name.rsplit_once('.') else { return NAMES.contains(&name) };
    let hidden = stem.is_empty();
    let known = ENDINGS.contains(&ending.to_ascii_lowercase().as_str());
    let likely = in_folder && ending.len() <= 10 && ending.starts_with(|c: char| c.is_ascii_alphabetic());
    (known || likely && !hidden) && (!hidden || in_folder || ending == "env")
}
