//! Reads a work tree: the files that git tracks or does not ignore, and the newest history.

use super::survey::{Kind, is_secret};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

/// The largest file that is read, in bytes. What is longer was not written by hand.
const LARGEST: u64 = 512 * 1024;
/// How many bytes are read in all.
const ALL: u64 = 192 * 1024 * 1024;
/// How many commits are looked at.
const COMMITS: &str = "-n1000";
/// Folders that are never entered where git does not say what to leave out.
const LEFT_OUT: &[&str] = &["target", "node_modules", "__pycache__", "dist", "build", "venv"];

/// The files of a tree.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// Paths relative to the tree, `/` between their parts, in the order in which they are read: sources first.
    pub(super) paths: Vec<String>,
    /// Whether git named them.
    pub(super) by_git: bool,
}

/// Lists the files of a tree, without those below `left_out` (relative) and those that may hold secrets.
pub(super) fn files(tree: &Path, left_out: impl Fn(&str) -> bool) -> Files {
    let listed = git(tree, &["ls-files", "-z", "-co", "--exclude-standard"]);
    let by_git = listed.is_some();
    let mut paths: Vec<String> = match listed {
        Some(listed) => listed.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect(),
        None => walked(tree),
    };
    paths.retain(|path| !is_secret(path) && !left_out(path));
    paths.sort_by_cached_key(|path| (Kind::of(path), path.clone()));
    paths.dedup();
    Files { paths, by_git }
}

/// All files below a folder, without hidden ones and those that builds leave.
fn walked(tree: &Path) -> Vec<String> {
    let (mut found, mut open) = (Vec::new(), vec![tree.to_owned()]);
    while let Some(folder) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let Ok(kind) = entry.file_type() else { continue };
            if name.starts_with('.') {
                continue;
            }
            if kind.is_dir() && !LEFT_OUT.contains(&name.as_str()) {
                open.push(entry.path());
            } else if kind.is_file() {
                found.extend(relative(tree, &entry.path()));
            }
        }
    }
    found
}

/// A path below the tree as a report names it; `None` outside.
pub(super) fn relative(tree: &Path, path: &Path) -> Option<String> {
    let below = path.strip_prefix(tree).ok()?;
    let parts: Option<Vec<&str>> = below
        .components()
        .map(|part| match part {
            Component::Normal(part) => part.to_str(),
            Component::Prefix(_) | Component::RootDir | Component::CurDir | Component::ParentDir => None,
        })
        .collect();
    parts.filter(|parts| !parts.is_empty()).map(|parts| parts.join("/"))
}

/// What reading gave besides the texts.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Read {
    /// Files that were read.
    pub(super) files: usize,
    /// Files that were too large, or for which no room was left.
    pub(super) too_large: usize,
    /// Files that are no text.
    pub(super) no_text: usize,
}

/// Gives each file's text to `with`, one after the other, so that no more than one is in memory.
pub(super) fn each(tree: &Path, paths: &[String], mut with: impl FnMut(&str, &str)) -> Read {
    let (mut read, mut left) = (Read::default(), ALL);
    for path in paths {
        match text(tree, path, left) {
            Text::Read(text) => {
                left -= text.len().min(usize::try_from(left).unwrap_or(usize::MAX)) as u64;
                read.files += 1;
                with(path, &text);
            }
            Text::TooLarge => read.too_large += 1,
            Text::None => read.no_text += 1,
        }
    }
    read
}

/// One file's text.
pub(super) fn one(tree: &Path, path: &str) -> Option<String> {
    match text(tree, path, ALL) {
        Text::Read(text) => Some(text),
        Text::TooLarge | Text::None => None,
    }
}

enum Text {
    Read(String),
    TooLarge,
    /// Not a text, not a plain file, or gone.
    None,
}

fn text(tree: &Path, path: &str, room: u64) -> Text {
    let place: PathBuf = tree.join(path);
    // A link may lead out of the tree.
    let plain = std::fs::symlink_metadata(&place).ok().filter(std::fs::Metadata::is_file);
    let Some(about) = plain else { return Text::None };
    if about.len() > LARGEST.min(room) {
        return Text::TooLarge;
    }
    let Ok(bytes) = std::fs::read(&place) else { return Text::None };
    if bytes.iter().take(8192).any(|byte| *byte == 0) {
        return Text::None;
    }
    Text::Read(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// A commit of the newest history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Commit {
    pub(super) hash: String,
    /// `YYYY-MM-DD`.
    pub(super) date: String,
    pub(super) subject: String,
    /// What it touched, relative to the repository.
    pub(super) paths: Vec<String>,
}

/// The newest commits, the newest first; none outside git.
pub(super) fn history(tree: &Path) -> Vec<Commit> {
    let form = "--format=%x01%h%x02%as%x02%s";
    let log = git(tree, &["log", COMMITS, "--no-merges", "--no-renames", "--name-only", "--relative", form]);
    log.as_deref().map(commits).unwrap_or_default()
}

fn commits(log: &str) -> Vec<Commit> {
    log.split('\u{1}').filter_map(commit).collect()
}

fn commit(text: &str) -> Option<Commit> {
    let mut lines = text.lines();
    let mut head = lines.next()?.splitn(3, '\u{2}').map(str::to_owned);
    let (hash, date, subject) = (head.next()?, head.next()?, head.next()?);
    let paths = lines.filter(|line| !line.is_empty()).map(str::to_owned).collect();
    Some(Commit { hash, date, subject, paths })
}

/// What git prints; `None` where it is missing, or fails.
fn git(tree: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(tree)
        .args(["-c", "core.quotePath=false", "-c", "core.abbrev=10", "-c", "log.showSignature=false"])
        .args(arguments);
    // A variable of whoever started this must not point git at another repository.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(name);
    }
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
