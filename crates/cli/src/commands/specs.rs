//! The Markdown files of all topics, and the links between them when some of them move.

use super::batches::exists;
use crate::context::Project;
use coordinate_engine::port::Files;
use coordinate_host::batch::Operation;
use coordinate_host::files::SystemFiles;
use coordinate_model::links::relinked;

/// A file of a topic.
pub(super) struct Text {
    /// Its path, relative to the project.
    pub(super) path: String,
    /// Its text.
    pub(super) text: String,
}

/// All Markdown files below a folder, by path. What is no UTF-8 is nobody's text and has no links.
pub(super) fn texts(project: &Project, folder: &str) -> Vec<Text> {
    let mut found = Vec::new();
    for path in SystemFiles.walk(&project.root.join(folder)) {
        let path = format!("{folder}/{path}");
        if !path.to_ascii_lowercase().ends_with(".md") {
            continue;
        }
        let text = std::fs::read(project.root.join(&path)).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        found.extend(text.map(|text| Text { path, text }));
    }
    found
}

/// Where files and folders go. What lies in a folder goes with it.
pub(super) struct Moves(pub(super) Vec<(String, String)>);

impl Moves {
    /// The path of a file when all have moved.
    pub(super) fn of(&self, path: &str) -> String {
        let under = |(from, to): &(String, String)| {
            let rest = path.strip_prefix(from.as_str())?;
            (rest.is_empty() || rest.starts_with('/')).then(|| format!("{to}{rest}"))
        };
        self.0.iter().find_map(under).unwrap_or_else(|| path.to_owned())
    }

    /// A text with its links right when all have moved.
    pub(super) fn relinked(&self, project: &Project, text: &Text) -> String {
        let follow = |path: &str| exists(project, path).then(|| self.of(path));
        relinked(&text.text, &text.path, &self.of(&text.path), &follow)
    }

    /// What is to be written so that every link leads where it led. Files are named by their old paths: they are
    /// written before anything moves.
    pub(super) fn rewrites(&self, project: &Project, texts: &[Text]) -> Vec<Operation> {
        let changed = texts.iter().map(|text| (text, self.relinked(project, text)));
        changed.filter(|(text, new)| text.text != *new).map(|(text, new)| write(text, new)).collect()
    }
}

/// Writes another text into a file.
pub(super) fn write(text: &Text, new: String) -> Operation {
    Operation::Write { path: text.path.clone(), before: Some(text.text.clone().into_bytes()), after: new.into_bytes() }
}
