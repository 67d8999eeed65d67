//! Where a command runs: the project, its repository, its journal.

use crate::config::Config;
use crate::failure::CommandError;
use crate::wiring::SystemClock;
use coordinate_engine::journal::Journal;
use coordinate_engine::port::{Holder, RunHeader};
use coordinate_host::attempts;
use coordinate_host::git::GitRepository;
use coordinate_model::digest::hex_sha256;
use coordinate_model::ids::RunId;
use coordinate_store::SqliteStorage;
use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A project on this machine.
pub(crate) struct Project {
    /// Its root.
    pub(crate) root: PathBuf,
    /// Its repository; `None` outside git.
    pub(crate) repository: Option<Arc<GitRepository>>,
    /// The flags of this command.
    pub(crate) flags: Vec<String>,
    config: OnceCell<Config>,
}

/// Which runs a command without a run's id means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meant {
    /// The only one that has not ended.
    Open,
    /// The newest.
    Newest,
}

impl Project {
    /// Finds the project: flag, environment, git's top level of the main work tree, this folder.
    pub(crate) fn find(flag: Option<&Path>, flags: &[String]) -> Result<Self, CommandError> {
        let named = flag.map(Path::to_owned).or_else(|| variable("COORDINATE_PROJECT_DIR"));
        let named = named.or_else(|| variable("CLAUDE_PROJECT_DIR"));
        let here = match &named {
            Some(folder) => folder
                .canonicalize()
                .map_err(|error| CommandError::usage(format!("the project `{}`: {error}", folder.display())))?,
            None => std::env::current_dir().map_err(CommandError::internal)?,
        };
        let repository = GitRepository::open(&here).ok().map(Arc::new);
        let top = repository.as_ref().map(|repository| repository.top_level().to_owned());
        let root = if named.is_some() { here } else { top.unwrap_or(here) };
        if root.to_str().is_none() {
            let shown = root.display();
            return Err(
                CommandError::usage(format!("the project's path `{shown}` is no UTF-8")).hint("rename the folder")
            );
        }
        Ok(Self::at(root, repository, flags))
    }

    /// A project whose root is known.
    pub(crate) fn at(root: PathBuf, repository: Option<Arc<GitRepository>>, flags: &[String]) -> Self {
        Self { root, repository, flags: flags.to_vec(), config: OnceCell::new() }
    }

    /// The configuration in force. It is read once, so that all of a command sees the same, and what is to be told about
    /// its files is told once.
    pub(crate) fn config(&self) -> Result<&Config, CommandError> {
        if let Some(config) = self.config.get() {
            return Ok(config);
        }
        let config = Config::load(&self.root, &self.flags)?;
        config.notices().iter().for_each(|notice| crate::commands::note(notice));
        Ok(self.config.get_or_init(|| config))
    }

    /// The repository, or what to do without one.
    pub(crate) fn need_repository(&self) -> Result<&Arc<GitRepository>, CommandError> {
        self.repository.as_ref().ok_or_else(|| {
            CommandError::usage(format!(
                "`{}` is no git repository, and phases work in git work trees",
                self.root.display()
            ))
            .hint("run `git init && git add -A && git commit -m start` first")
        })
    }

    /// The folder of journals and attempts.
    pub(crate) fn state(&self) -> PathBuf {
        self.root.join(".coordinate/state")
    }

    /// The folder of attempts.
    pub(crate) fn attempts(&self) -> PathBuf {
        self.state().join("attempts")
    }

    /// The folder of work trees: outside the checkout, so that no configuration above it leaks in.
    pub(crate) fn trees(&self, config: &Config) -> PathBuf {
        if let Some(root) = config.text("worktree.root").filter(|root| !root.is_empty()) {
            return self.root.join(root);
        }
        let home = || variable("HOME").map(|home| home.join(".local/state"));
        let state = variable("XDG_STATE_HOME").or_else(home).unwrap_or_else(std::env::temp_dir);
        let name = self.root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let hash = hex_sha256(self.root.as_os_str().as_encoded_bytes());
        state.join("coordinate").join(format!("{name}-{}", hash.get(..8).unwrap_or_default()))
    }

    /// The journal, made if it is not there.
    pub(crate) fn create_journal(&self) -> Result<Journal, CommandError> {
        make_state_folder(&self.state())?;
        self.open_journal()
    }

    fn open_journal(&self) -> Result<Journal, CommandError> {
        let storage = SqliteStorage::open(&self.state().join("journal.db"))?;
        Ok(Journal::new(Arc::new(storage), Arc::new(SystemClock)))
    }

    /// The journal, if this project has one.
    pub(crate) fn journal(&self) -> Result<Option<Journal>, CommandError> {
        if self.state().join("journal.db").exists() { self.open_journal().map(Some) } else { Ok(None) }
    }

    /// The journal of a project that must have runs.
    pub(crate) fn need_journal(&self) -> Result<Journal, CommandError> {
        self.journal()?.ok_or_else(|| {
            CommandError::usage(format!("there are no runs in `{}`", self.root.display()))
                .hint("begin one with `coordinate run PLAN.md`, or name the project with `--project`")
        })
    }
}

/// Makes the folder of journals and shell state, which keeps itself out of version control.
pub(crate) fn make_state_folder(state: &Path) -> Result<(), CommandError> {
    let fail = |error: std::io::Error| CommandError::internal(format!("failed to make `{}`: {error}", state.display()));
    std::fs::create_dir_all(state).map_err(fail)?;
    let ignore = state.join(".gitignore");
    if !ignore.exists() {
        coordinate_host::atomic::write(&ignore, b"*\n").map_err(fail)?;
    }
    Ok(())
}

/// An environment variable as a path; empty counts as not set.
pub(crate) fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// The run that the user means by the beginning of an id, or by nothing.
pub(crate) fn find_run(journal: &Journal, prefix: Option<&str>, meant: Meant) -> Result<RunId, CommandError> {
    let headers = journal.storage().headers()?;
    let Some(prefix) = prefix else { return default_run(&headers, meant) };
    let bare = prefix.strip_prefix(RunId::PREFIX).unwrap_or(prefix).to_ascii_lowercase();
    let wanted = format!("{}{bare}", RunId::PREFIX);
    let found: Vec<&RunHeader> = headers.iter().filter(|header| header.run.as_str().starts_with(&wanted)).collect();
    // The id of a run below begins like that of the run above, which is meant more often.
    let above: Vec<&RunHeader> = found.iter().copied().filter(|header| header.parent.is_none()).collect();
    match if above.len() == 1 { above } else { found }.as_slice() {
        [only] => said_to(only, meant),
        [] => Err(CommandError::usage(format!("there is no run `{prefix}`")).hint("list them with `coordinate ps`")),
        several => Err(ambiguous(&format!("`{prefix}` means several runs"), several)),
    }
}

/// A run below another is only ever looked at: it stops, goes on and ends with the run above.
fn said_to(header: &RunHeader, meant: Meant) -> Result<RunId, CommandError> {
    match (&header.parent, meant) {
        (Some(above), Meant::Open) => Err(CommandError::usage(format!("`{}` is a part of `{above}`", header.run))
            .hint(format!("say it to `{above}`; this one follows"))),
        (_, Meant::Open | Meant::Newest) => Ok(header.run.clone()),
    }
}

fn default_run(headers: &[RunHeader], meant: Meant) -> Result<RunId, CommandError> {
    let above = || headers.iter().filter(|header| header.parent.is_none());
    let open: Vec<&RunHeader> = above().filter(|header| header.outcome.is_none()).collect();
    match (meant, open.as_slice(), above().next()) {
        (Meant::Newest, _, Some(newest)) => Ok(newest.run.clone()),
        (Meant::Open, [only], _) => Ok(only.run.clone()),
        (Meant::Open, [], _) | (Meant::Newest, _, None) => {
            Err(CommandError::usage("no run is open").hint("list the runs with `coordinate ps`"))
        }
        (Meant::Open, several, _) => Err(ambiguous("several runs are open", several)),
    }
}

fn ambiguous(message: &str, runs: &[&RunHeader]) -> CommandError {
    let error = CommandError::usage(format!("{message}: say which"));
    runs.iter().fold(error, |error, header| error.hint(format!("{}  {}", header.run, first_line(&header.request))))
}

pub(crate) fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(80).collect()
}

/// The runs below a run.
pub(crate) fn runs_below(
    journal: &Journal,
    headers: &[RunHeader],
    above: &RunId,
) -> Result<Vec<coordinate_model::run::Run>, CommandError> {
    let below = headers.iter().filter(|header| header.parent.as_ref() == Some(above));
    below.map(|header| Ok(journal.load(&header.run)?)).collect()
}

/// The process that drives a run, if it lives.
pub(crate) fn driver_of(journal: &Journal, run: &RunId) -> Result<Option<u32>, CommandError> {
    let lease = journal.storage().lease(run)?;
    let holder = lease.and_then(|lease| lease.holder);
    Ok(holder.filter(is_alive).map(|holder| holder.pid))
}

/// Whether a lease's holder still lives. When that can not be found out, it counts as living: taking over from a
/// living driver is worse than asking the user to `unlock`.
pub(crate) fn is_alive(holder: &Holder) -> bool {
    let identity = coordinate_engine::port::ProcessIdentity {
        boot_id: holder.boot_id.clone(),
        pid: holder.pid,
        start_time: holder.start_time,
    };
    attempts::is_alive(&identity).unwrap_or(true)
}
