//! Pull requests through `gh`, the command line of GitHub: run with arguments, never through a shell, and without
//! questions.

use crate::git::GitRepository;
use coordinate_engine::port::{Answered, Forge, Proposal};
use coordinate_model::event::PullRequest;
use coordinate_model::shell::posix_word;
use rustix::process::{Pid, Signal, kill_process_group};
use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

/// The longest that one call may take. A dead network must not keep a finished run from ending.
const LIMIT: Duration = Duration::from_secs(60);

/// A forge that is reached by `gh`.
#[derive(Debug, Clone)]
pub struct GithubCli {
    repository: Option<GitRepository>,
    program: OsString,
}

impl GithubCli {
    /// The `gh` that is on PATH, for a repository; without one every request is declined.
    #[must_use]
    pub fn new(repository: Option<GitRepository>) -> Self {
        Self { repository, program: "gh".into() }
    }

    /// What `gh` prints; `Err` is the reason why it does not, as a sentence.
    fn ask(&self, repository: &GitRepository, arguments: &[&str]) -> Result<String, String> {
        let shown = format!("`gh {}`", arguments.get(..2).unwrap_or(arguments).join(" "));
        let output = self.run(repository, arguments).map_err(|error| match error.kind() {
            ErrorKind::NotFound => "the program `gh` is not installed".to_owned(),
            ErrorKind::TimedOut => format!("{shown} did not end within {} s", LIMIT.as_secs()),
            _ => format!("{shown} could not be run: {error}"),
        })?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
        }
        let told = String::from_utf8_lossy(&output.stderr);
        let line = told.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("without a message");
        Err(format!("{shown} failed: {line}"))
    }

    fn run(&self, repository: &GitRepository, arguments: &[&str]) -> std::io::Result<Output> {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(repository.top_level()).process_group(0);
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
            command.env_remove(name);
        }
        command.env("GH_PROMPT_DISABLED", "1").env("GIT_TERMINAL_PROMPT", "0").env("NO_COLOR", "1");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn()?;
        let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let (sender, receiver) = channel();
        std::thread::spawn(move || sender.send(child.wait_with_output()));
        match receiver.recv_timeout(LIMIT) {
            Ok(output) => output,
            Err(_) => {
                // Its children with it: `gh` runs git and credential programs of its own.
                let _ = group.map(|group| kill_process_group(group, Signal::KILL));
                Err(ErrorKind::TimedOut.into())
            }
        }
    }

    /// The pull request that exists for a branch, open or not: one that a person has merged or closed since is not to
    /// be opened again.
    fn existing(&self, repository: &GitRepository, branch: &str) -> Result<Option<String>, String> {
        let arguments =
            ["pr", "list", "--head", branch, "--state", "all", "--limit", "1", "--json", "url", "--jq", ".[].url"];
        let url = self.ask(repository, &arguments)?;
        Ok(url.lines().next().map(str::to_owned).filter(|url| !url.is_empty()))
    }
}

/// The commands that do by hand what was to be done.
struct ByHand {
    push: String,
    create: String,
}

impl ByHand {
    fn new(proposal: &Proposal, remote: &str, base: &str) -> Self {
        let commit = format!("{}:refs/heads/{}", proposal.commit, proposal.branch);
        let body = proposal.body.to_string_lossy();
        let create = ["--head", &proposal.branch, "--base", base, "--title", &proposal.title, "--body-file", &body];
        Self { push: quoted(&["git", "push"], &[remote, &commit]), create: quoted(&["gh", "pr", "create"], &create) }
    }

    fn both(self, reason: impl Into<String>) -> Answered {
        Answered::Declined { reason: reason.into(), commands: vec![self.push, self.create] }
    }
}

/// Words as a line for a shell; only those that need it are quoted, so that it can be read.
fn quoted(program: &[&str], arguments: &[&str]) -> String {
    let plain = |word: &str| {
        let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@=+,".contains(&byte);
        if !word.is_empty() && word.bytes().all(harmless) {
            return word.to_owned();
        }
        String::from_utf8_lossy(&posix_word(word.as_bytes())).into_owned()
    };
    program.iter().chain(arguments).map(|word| plain(word)).collect::<Vec<_>>().join(" ")
}

impl Forge for GithubCli {
    fn propose(&self, proposal: &Proposal) -> Answered {
        let Some(repository) = &self.repository else {
            return Answered::Declined { reason: "this is no git repository".to_owned(), commands: Vec::new() };
        };
        let remote = match repository.remote_of(&proposal.base) {
            Ok(remote) => remote,
            Err(error) => return Answered::Declined { reason: error.to_string(), commands: Vec::new() },
        };
        let Some(remote) = remote else {
            let short = proposal.base.strip_prefix("refs/heads/").unwrap_or(&proposal.base);
            let ByHand { push, create } = ByHand::new(proposal, "origin", short);
            let commands = vec!["git remote add origin URL".to_owned(), push, create];
            return Answered::Declined { reason: "the repository has no remote".to_owned(), commands };
        };
        let by_hand = ByHand::new(proposal, &remote.name, &remote.branch);
        // Nothing is pushed for a request that can not be opened.
        if let Err(reason) = self.ask(repository, &["auth", "status"]) {
            let missing = reason.contains("not installed");
            return by_hand.both(if missing { reason } else { format!("`gh` is not logged in ({reason})") });
        }
        if let Err(error) = repository.push(&remote.name, &proposal.commit, &proposal.branch) {
            return by_hand.both(error.to_string());
        }
        match self.open(repository, proposal, &remote.branch) {
            Ok(url) => Answered::Open(PullRequest { url, branch: proposal.branch.clone() }),
            Err(reason) => {
                let reason = format!("{reason}; the branch `{}` is pushed", proposal.branch);
                Answered::Declined { reason, commands: vec![by_hand.create] }
            }
        }
    }
}

impl GithubCli {
    fn open(&self, repository: &GitRepository, proposal: &Proposal, base: &str) -> Result<String, String> {
        if let Some(url) = self.existing(repository, &proposal.branch)? {
            return Ok(url);
        }
        let body = proposal.body.to_string_lossy();
        let arguments = ["pr", "create", "--head", &proposal.branch, "--base", base, "--title", &proposal.title];
        let created = self.ask(repository, &[&arguments[..], &["--body-file", &body]].concat());
        match created {
            Ok(told) => told.lines().next_back().map(str::to_owned).ok_or_else(|| "`gh` printed no address".to_owned()),
            // A killed driver's `gh` may have gone on and been first.
            Err(reason) => self.existing(repository, &proposal.branch).ok().flatten().ok_or(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_needs_it_is_quoted() {
        let line = quoted(&["gh", "pr"], &["--title", "it's $HOME", "--head", "coordinate/001_a-1", ""]);
        assert_eq!(line, r"gh pr --title 'it'\''s $HOME' --head coordinate/001_a-1 ''");
    }
}
