//! temp
use crate::port::Files;
use coordinate_model::artifact::ArtifactKind;
use coordinate_model::failure::{Failure, FailureClass, FailureKind};
use std::path::Path;
/// temp
pub struct Verdict(bool, String);
impl Verdict {
    /// temp
    pub fn ok(&self) -> bool { self.0 }
    /// temp
    pub fn to_failure(&self) -> Failure { Failure::new(FailureClass::AgentMisbehaved, FailureKind::MissingFile, self.1.clone()) }
}
/// temp
pub fn artifact(files: &dyn Files, root: &Path, path: &str, _kind: ArtifactKind) -> Verdict {
    Verdict(files.read(&root.join(path)).ok().flatten().is_some_and(|b| !b.is_empty()), format!("`{path}` is not there"))
}
