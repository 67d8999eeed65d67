//! Verification of artifacts on the disk: looks at them through the port, and lets the model judge.

use crate::port::{Files, PathKind};
use crate::schema::Schema;
use coordinate_model::artifact::ArtifactKind;
use coordinate_model::links::{FileLink, file_links};
use coordinate_model::plan::Source;
use coordinate_model::verify::{Check, Content, Folder, Leads, Observed, Verdict, judge, judge_by};
use std::path::{Component, Path, PathBuf};

/// How many of the newest names of an artifact's folder are told.
const NEWEST: usize = 5;

/// Whether an artifact is there, inside the project, and keeps the contract of its kind, links that lead to files
/// included. `path` is relative to `root`, or absolute. A plan may be a folder of files.
#[must_use]
pub fn artifact(files: &dyn Files, root: &Path, path: &str, kind: ArtifactKind) -> Verdict {
    judge(Check::Artifact(kind), &observe(files, root, path))
}

/// Whether a file is there, inside the project, and holds JSON that keeps a schema. `options` name the schema to
/// `coordinate verify`.
#[must_use]
pub fn output(files: &dyn Files, root: &Path, path: &str, (options, schema): (&str, &Schema)) -> Verdict {
    let seen = observe(files, root, path);
    judge_by(Check::Artifact(ArtifactKind::Output), &seen, options, &|text| schema.problems(text))
}

/// Whether the links of a text lead to files.
#[must_use]
pub fn links(files: &dyn Files, root: &Path, path: &str) -> Verdict {
    judge(Check::Links, &observe(files, root, path))
}

/// All that can be seen of a file of the project.
#[must_use]
pub fn observe(files: &dyn Files, root: &Path, path: &str) -> Observed {
    let root = plain(root);
    let place = plain(&root.join(path));
    let inside = is_inside(files, &root, &place);
    let content = if inside { content(files, &root, &place) } else { Content::Nothing };
    let links = match &content {
        Content::Text(text) => file_links(text).into_iter().map(|link| lead(files, &root, &place, link)).collect(),
        Content::Nothing | Content::Folder(_) | Content::Unreadable { .. } | Content::Bytes => Vec::new(),
    };
    let bytes = match files.kind(&place) {
        PathKind::File(bytes) if inside => bytes,
        PathKind::File(_) | PathKind::Folder | PathKind::Nothing => 0,
    };
    Observed { path: shown(&root, &place), inside, bytes, content, folder: folder(files, &root, &place), links }
}

/// The texts of a plan: one file, or the Markdown files of a folder.
#[must_use]
pub fn plan_sources(files: &dyn Files, root: &Path, path: &str) -> Vec<Source> {
    let place = root.join(path);
    match content(files, root, &place) {
        Content::Text(text) => vec![Source::new(path, text)],
        Content::Folder(sources) => sources,
        Content::Nothing | Content::Unreadable { .. } | Content::Bytes => Vec::new(),
    }
}

/// A path without `.` and `..`, by its words alone: what it means when no link is on the way.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            // At the root there is nothing above.
            Component::ParentDir => drop(plain.pop()),
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => plain.push(part),
        }
    }
    plain
}

/// Both by its words and with links followed, as far as the path is there.
fn is_inside(files: &dyn Files, root: &Path, place: &Path) -> bool {
    let real_root = files.real(root).unwrap_or_else(|| root.to_owned());
    let nearest = place.ancestors().find_map(|ancestor| files.real(ancestor));
    let by_words = place.starts_with(root) || place.starts_with(&real_root);
    by_words && nearest.is_none_or(|real| real.starts_with(&real_root))
}

fn shown(root: &Path, place: &Path) -> String {
    match place.strip_prefix(root) {
        Ok(inside) if inside.as_os_str().is_empty() => ".".to_owned(),
        Ok(inside) => inside.to_string_lossy().into_owned(),
        Err(_) => place.to_string_lossy().into_owned(),
    }
}

fn content(files: &dyn Files, root: &Path, place: &Path) -> Content {
    match files.kind(place) {
        PathKind::Nothing => return Content::Nothing,
        PathKind::Folder => return Content::Folder(sources(files, root, place)),
        PathKind::File(_) => {}
    }
    match files.read(place) {
        Err(error) => Content::Unreadable { cause: error.cause },
        Ok(None) => Content::Nothing,
        Ok(Some(bytes)) => String::from_utf8(bytes).map_or(Content::Bytes, Content::Text),
    }
}

/// The Markdown files of a folder: a plan in several files.
fn sources(files: &dyn Files, root: &Path, folder: &Path) -> Vec<Source> {
    let is_markdown = |name: &String| !name.contains('/') && Path::new(name).extension().is_some_and(|end| end == "md");
    let read = |name: String| {
        let bytes = files.read(&folder.join(&name)).ok()??;
        Some(Source::new(shown(root, &folder.join(name)), String::from_utf8(bytes).ok()?))
    };
    files.walk(folder).into_iter().filter(is_markdown).filter_map(read).collect()
}

fn folder(files: &dyn Files, root: &Path, place: &Path) -> Folder {
    let path = place.parent().unwrap_or(place);
    let exists = files.kind(path) == PathKind::Folder;
    Folder { path: shown(root, path), exists, newest: files.newest(path, NEWEST) }
}

fn lead(files: &dyn Files, root: &Path, place: &Path, link: FileLink) -> (FileLink, Leads) {
    let own = place.parent().unwrap_or(root);
    let is_there = |folder: &Path| link.names().iter().any(|name| files.kind(&folder.join(name)) != PathKind::Nothing);
    let leads = match () {
        () if is_there(own) => Leads::Somewhere,
        () if is_there(root) => Leads::FromRootOnly,
        () => Leads::Nowhere,
    };
    (link, leads)
}
