//! What the history tells.

use super::GitRepository;
use coordinate_engine::port::RepositoryError;
use coordinate_model::ids::Oid;

impl GitRepository {
    /// The subject lines of a commit and all that it reaches, newest first.
    ///
    /// # Errors
    /// When git fails.
    pub fn subjects(&self, commit: &Oid) -> Result<Vec<String>, RepositoryError> {
        let call = self.call("read the history").args(["log", "--format=%s", commit.as_str(), "--"]);
        Ok(call.text()?.lines().map(str::to_owned).collect())
    }
}
