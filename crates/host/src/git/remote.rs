//! The remote of a branch, and pushing to it.

use super::GitRepository;
use super::command::failure;
use coordinate_engine::port::RepositoryError;
use coordinate_model::ids::Oid;

/// What a branch follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remote {
    /// The remote's name.
    pub(crate) name: String,
    /// The branch there, without `refs/heads/`.
    pub(crate) branch: String,
}

impl GitRepository {
    /// The remote that a branch (full name) follows; else `origin`, if there is one.
    pub(crate) fn remote_of(&self, branch: &str) -> Result<Option<Remote>, RepositoryError> {
        let action = format!("find the remote of `{branch}`");
        let format = "--format=%(upstream:remotename) %(upstream:remoteref)";
        let followed = self.call(&action).args(["for-each-ref", format, "--", branch]).text()?;
        let short = |name: &str| name.strip_prefix("refs/heads/").unwrap_or(name).to_owned();
        // A branch may follow another one of the same repository: its remote is `.`.
        if let Some((name, there)) = followed.split_once(' ').filter(|(name, _)| !name.is_empty() && *name != ".") {
            return Ok(Some(Remote { name: name.to_owned(), branch: short(there) }));
        }
        let all = self.call(&action).arg("remote").text()?;
        let origin = all.lines().find(|name| *name == "origin");
        Ok(origin.map(|name| Remote { name: name.to_owned(), branch: short(branch) }))
    }

    /// Pushes a commit as a branch, never by force. One that is there already is success.
    pub(crate) fn push(&self, remote: &str, commit: &Oid, branch: &str) -> Result<(), RepositoryError> {
        let action = format!("push `{branch}` to `{remote}`");
        let what = format!("{commit}:refs/heads/{branch}");
        let mut call = self.call(&action);
        // A question for a password would wait for ever, in a terminal that shows something else.
        if std::env::var_os("GIT_SSH_COMMAND").is_none() && !self.has_own_ssh()? {
            call = call.env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes");
        }
        call.args(["push", "--quiet", "--no-verify", "--", remote, &what]).run().map(drop)
    }

    fn has_own_ssh(&self) -> Result<bool, RepositoryError> {
        let action = "read `core.sshCommand`";
        let reply = self.call(action).args(["config", "--get", "core.sshCommand"]).accept(1).run()?;
        match reply.code {
            0 => Ok(true),
            1 => Ok(std::env::var_os("GIT_SSH").is_some()),
            code => Err(failure(action, format!("git ended with code {code}"))),
        }
    }
}
