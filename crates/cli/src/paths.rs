//! The places of a run's artifacts: the topic folder with its number, the summary.

use crate::config::Config;
use crate::context::Project;
use crate::failure::CommandError;
use coordinate_model::topic;
use std::path::Path;

/// A topic folder.
pub(crate) struct Topic {
    /// Its path relative to the project.
    pub(crate) path: String,
    /// Its number.
    pub(crate) number: u32,
}

/// The folder of topics, relative to the project.
pub(crate) fn specs_root(project: &Project, config: &Config) -> String {
    match config.text("specs_root").filter(|root| !root.is_empty()) {
        Some(root) => root.trim_end_matches('/').to_owned(),
        None if project.root.join(".claude/specs").is_dir() => ".claude/specs".to_owned(),
        None => "specs".to_owned(),
    }
}

/// The topic that a plan lies in, if it lies in one.
pub(crate) fn topic_of(root: &str, plan: &str) -> Option<Topic> {
    let below = plan.strip_prefix(root)?.strip_prefix('/')?;
    let (folder, _) = below.split_once('/')?;
    let number = topic::number(folder)?;
    Some(Topic { path: format!("{root}/{folder}"), number })
}

/// Takes the next free topic number. Making the folder is what takes it: of two processes one is told that it is
/// there already, and goes on to the next number.
pub(crate) fn reserve_topic(project: &Project, root: &str, name: &str) -> Result<Topic, CommandError> {
    let folder = project.root.join(root);
    std::fs::create_dir_all(&folder).map_err(|error| unwritable(&folder, &error))?;
    loop {
        let number = highest(&folder, topic::number) + 1;
        let taken = folder.join(format!(".{number:03}"));
        // The number is taken with a name of its own first, because two runs may give it different names.
        match std::fs::create_dir(&taken) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                std::thread::yield_now();
                continue;
            }
            Err(error) => return Err(unwritable(&taken, &error)),
        }
        let path = folder.join(format!("{number:03}_{name}"));
        let free = highest(&folder, topic::number) < number;
        let moved = if free { std::fs::rename(&taken, &path) } else { std::fs::remove_dir(&taken) };
        moved.map_err(|error| unwritable(&path, &error))?;
        if free {
            return Ok(Topic { path: format!("{root}/{number:03}_{name}"), number });
        }
    }
}

/// The next free number of a topic's summaries. It is taken by a mark beside the journal, so that two runs that have
/// not written theirs yet do not take the same.
pub(crate) fn reserve_summary(project: &Project, topic: &Topic) -> Result<String, CommandError> {
    let marks = project.state().join("reserved").join(topic.path.replace('/', "-"));
    std::fs::create_dir_all(&marks).map_err(|error| unwritable(&marks, &error))?;
    let name = topic.path.rsplit('/').next().and_then(|folder| folder.split_once('_')).map_or("run", |(_, name)| name);
    loop {
        let written = highest(&project.root.join(&topic.path).join("summaries"), topic::number);
        let number = written.max(highest(&marks, topic::number)) + 1;
        match std::fs::create_dir(marks.join(format!("{number:03}_summary"))) {
            Ok(()) => return Ok(format!("{}/summaries/{number:03}_{name}_summary.md", topic.path)),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(unwritable(&marks, &error)),
        }
    }
}

fn highest(folder: &Path, number: impl Fn(&str) -> Option<u32>) -> u32 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| number(&entry.file_name().to_string_lossy())).max().unwrap_or(0)
}

fn unwritable(path: &Path, error: &std::io::Error) -> CommandError {
    CommandError::internal(format!("failed to make `{}`: {error}", path.display()))
}
