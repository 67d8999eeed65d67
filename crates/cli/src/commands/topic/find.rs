//! The topics of a project, and the one that is meant.

use crate::context::Project;
use crate::failure::CommandError;
use crate::paths::{ARCHIVE, Topic, topic_named};

/// A topic.
pub(super) struct Found {
    /// Its folder.
    pub(super) topic: Topic,
    /// Whether it is in the archive.
    pub(super) archived: bool,
}

/// All topics, by number.
pub(super) fn all(project: &Project, root: &str) -> Vec<Found> {
    let archive = format!("{root}/{ARCHIVE}");
    let mut found = Vec::new();
    for (folder, archived) in [(root, false), (archive.as_str(), true)] {
        let place = project.root.join(folder);
        for entry in std::fs::read_dir(&place).into_iter().flatten().flatten() {
            let named = topic_named(folder, &entry.file_name().to_string_lossy());
            let topic = named.filter(|_| entry.path().is_dir());
            found.extend(topic.map(|topic| Found { topic, archived }));
        }
    }
    found.sort_by(|a, b| (a.topic.number, &a.topic.name, a.archived).cmp(&(b.topic.number, &b.topic.name, b.archived)));
    found
}

/// The topic that is named by its folder, its number or its name.
pub(super) fn one(found: Vec<Found>, named: &str) -> Result<Found, CommandError> {
    let bare = named.trim_end_matches('/');
    let folder = |found: &Found| found.topic.path == bare || found.topic.path.ends_with(&format!("/{bare}"));
    let number = bare.parse::<u32>().ok().filter(|_| bare.bytes().all(|byte| byte.is_ascii_digit()));
    let other = |found: &Found| found.topic.name == bare || Some(found.topic.number) == number;
    let exact = found.iter().any(folder);
    let mut meant: Vec<Found> =
        found.into_iter().filter(|found| if exact { folder(found) } else { other(found) }).collect();
    match (meant.pop(), meant.as_slice()) {
        (Some(only), []) => Ok(only),
        (Some(last), others) => {
            let error = CommandError::usage(format!("`{named}` means several topics: name one by its folder"));
            Err(others.iter().chain([&last]).fold(error, |error, found| error.hint(found.topic.path.clone())))
        }
        (None, _) => {
            Err(CommandError::usage(format!("there is no topic `{named}`"))
                .hint("list them with `coordinate topic list`"))
        }
    }
}
