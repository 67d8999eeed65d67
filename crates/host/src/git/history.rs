//! What the history tells.

use super::GitRepository;
use coordinate_engine::port::RepositoryError;
use coordinate_model::forecast::Past;
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

    pub(super) fn read_history(&self, commit: &Oid, most: usize) -> Result<Vec<Past>, RepositoryError> {
        let most = format!("--max-count={most}");
        let form = ["log", "--no-merges", "--no-renames", "--name-only", "--no-show-signature", "--format=%x01%s"];
        let call = self.call("read the history").args(form).args([most.as_str(), commit.as_str(), "--"]);
        Ok(parse_history(&String::from_utf8_lossy(&call.run()?.out)))
    }
}

/// Each commit begins with a line that has its subject behind a mark; its paths follow, one a line.
fn parse_history(text: &str) -> Vec<Past> {
    let mut history = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        match (line.strip_prefix('\u{1}'), history.last_mut()) {
            (Some(subject), _) => history.push(Past { subject: subject.to_owned(), paths: Vec::new() }),
            // A path that git quotes is one that no plan names.
            (None, Some(Past { paths, .. })) if !line.starts_with('"') => paths.push(line.to_owned()),
            (None, _) => {}
        }
    }
    history
}
