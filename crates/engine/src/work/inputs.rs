//! What an agent is told of the artifacts that it builds on: their metadata, and the whole text only where it is asked
//! for.

use super::StepJob;
use coordinate_model::context::{Depth, Item, tell};
use std::fmt::Write;
use std::path::Path;

/// The list of what to read first: earlier artifacts with what is known of them, then the files that the
/// request names. Nothing if both are empty.
pub(super) fn read_first(step: &StepJob, root: &Path, text: &mut String) {
    let (items, paths) = (&step.carried, &step.named);
    if items.is_empty() && paths.is_empty() {
        return;
    }
    let told = items.iter().any(|item| item.depth > Depth::Path && item.artifact.metadata.is_some());
    let intro = if told {
        "Read first. Of each file its title and the beginning of its summary stand here; open it where you need more:"
    } else {
        "Read first:"
    };
    let _ = writeln!(text, "{intro}");
    for point in points(step, root) {
        text.push_str(&point);
    }
    for path in paths {
        let _ = writeln!(text, "- `{}`", root.join(path).display());
    }
    whole(items, root, step, text);
}

fn points(step: &StepJob, root: &Path) -> Vec<String> {
    let root = root.to_string_lossy();
    // Paths alone need no counting, and so no tables.
    if step.carried.iter().all(|item| item.artifact.metadata.is_none() || item.depth == Depth::Path) {
        return tell(&step.carried, &root, &|_| 0).into_iter().map(|told| told.text).collect();
    }
    let counter = step.job.tools.tokens.counter();
    tell(&step.carried, &root, &|text| counter.count(text)).into_iter().map(|told| told.text).collect()
}

/// The texts of those that are handed whole.
fn whole(items: &[Item], root: &Path, step: &StepJob, text: &mut String) {
    for item in items.iter().filter(|item| item.depth == Depth::Full) {
        let place = root.join(&item.artifact.path);
        // What can not be read is named above, and the agent finds out for itself.
        let Ok(Some(bytes)) = step.job.tools.files.read(&place) else { continue };
        let words = String::from_utf8_lossy(&bytes);
        let _ = writeln!(text, "\n<file path=\"{}\">\n{}\n</file>", place.display(), words.trim_end());
    }
}
