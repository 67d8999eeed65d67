//! What became of an artifact: whether it is still what was verified, and where it is when its topic has moved.

use crate::commands::specs::{Text, texts};
use crate::context::Project;
use coordinate_model::artifact::{ArtifactKind, unlinked};
use coordinate_model::digest::hex_sha256;
use coordinate_model::event::Artifact;
use coordinate_model::plan::{Source, content_hash};
use coordinate_model::topic;

/// An artifact as it is found.
pub(super) struct Now {
    /// Whether what was verified is there: that holds for those bytes only, but for the lines that lead from one file
    /// of a topic to another, and the ticks of a plan.
    pub(super) verdict: &'static str,
    /// Where it is, or was.
    pub(super) place: String,
}

/// Where artifacts are now. All topics are read once, and only if something is not where it was.
pub(super) struct Places<'a> {
    project: &'a Project,
    root: String,
    texts: Option<Vec<Text>>,
}

impl<'a> Places<'a> {
    pub(super) fn new(project: &'a Project, root: String) -> Self {
        Self { project, root, texts: None }
    }

    /// `changed` are the texts that the run itself gave the file later on, by their hashes.
    pub(super) fn now(&mut self, artifact: &Artifact, changed: &[String]) -> Now {
        let there = |verdict| Now { verdict, place: artifact.path.clone() };
        match std::fs::read(self.project.root.join(&artifact.path)) {
            Ok(bytes) if is_same(&bytes, artifact) || self.is_ticked(&bytes, artifact, changed) => there("verified"),
            Ok(_) => there("changed"),
            Err(_) => self.moved(artifact).unwrap_or_else(|| there("missing")),
        }
    }

    /// Whether it is a plan that was verified, with other marks of completion: it is ticked while it is worked on.
    fn is_ticked(&self, bytes: &[u8], artifact: &Artifact, changed: &[String]) -> bool {
        if artifact.kind != ArtifactKind::Plan.name() {
            return false;
        }
        let asks = |text: &str| content_hash(&[Source::new(artifact.path.clone(), text.to_owned())]);
        let Ok(now) = std::str::from_utf8(bytes).map(asks) else { return false };
        let objects = self.project.state().join("objects");
        let verified = changed.iter().chain([&artifact.hash]);
        verified.filter_map(|hash| std::fs::read_to_string(objects.join(hash)).ok()).any(|text| asks(&text) == now)
    }

    /// The file with the same content, else the one that has its place in the topic of the same number: links that had
    /// to be mended when it moved have changed it.
    fn moved(&mut self, artifact: &Artifact) -> Option<Now> {
        let (project, root) = (self.project, &self.root);
        let texts = self.texts.get_or_insert_with(|| texts(project, root));
        let same = |text: &&Text| is_same(text.text.as_bytes(), artifact);
        if let Some(found) = texts.iter().find(same) {
            return Some(Now { verdict: "moved", place: found.path.clone() });
        }
        let part = in_topic(&artifact.path)?;
        let found = texts.iter().find(|text| in_topic(&text.path) == Some(part))?;
        Some(Now { verdict: "changed", place: found.path.clone() })
    }
}

fn is_same(bytes: &[u8], artifact: &Artifact) -> bool {
    if hex_sha256(bytes) == artifact.hash {
        return true;
    }
    std::str::from_utf8(bytes).is_ok_and(|text| hex_sha256(unlinked(text).as_bytes()) == artifact.hash)
}

/// The number of the topic that a path lies in, and its place there.
fn in_topic(path: &str) -> Option<(u32, &str)> {
    let mut rest = path;
    while let Some((part, below)) = rest.split_once('/') {
        if let Some(number) = topic::number(part) {
            return Some((number, below));
        }
        rest = below;
    }
    None
}
