//! Real clients for tests, at exact versions, in a folder of the project's own: `cargo xtask test` installs what is
//! missing, `cargo xtask clients` does only that.

mod node;

use crate::shell::{TaskError, cargo, run};
use crate::tools;
use crate::workspace::Workspace;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// The table that the tests read too.
const TABLE: &str = include_str!("../../crates/testkit/clients.txt");

/// The folder of all clients, for the tests too.
const FOLDER: &str = "COORDINATE_CLIENTS";
/// Makes a test that finds no clients a failure.
const REQUIRED: &str = "COORDINATE_CLIENTS_REQUIRED";

/// Programs, their Debian packages, and what needs them.
const NEEDED: &[(&str, &str, &str)] = &[
    ("node", "nodejs", "some clients are JavaScript"),
    ("npm", "npm", "clients come from its registry"),
    ("unshare", "util-linux", "clients are tested without a network"),
    ("ip", "iproute2", "loopback is brought up in a namespace"),
];

/// One line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Client {
    name: &'static str,
    package: &'static str,
    version: &'static str,
    program: &'static str,
}

/// Installs what is missing of the named clients, or of all; `--test` runs their tests and no others.
pub(crate) fn install(workspace: &Workspace, words: &[&str]) -> Result<(), TaskError> {
    let names: Vec<&str> = words.iter().copied().filter(|word| *word != "--test").collect();
    let wanted = chosen(&table(), &names)?;
    for (program, package, why) in NEEDED {
        tools::install_if_missing(program, package, why)?;
    }
    let root = root(workspace);
    fs::create_dir_all(&root).map_err(|cause| failed("make", &root, &cause))?;
    node::install_if_old(&root)?;
    for client in wanted {
        client.install(&root)?;
    }
    println!("{FOLDER}={}", root.display());
    if words.contains(&"--test") { test(workspace) } else { Ok(()) }
}

/// What tells tests where the clients are, that they must be there, and with which node they run.
pub(crate) fn variables(workspace: &Workspace) -> Vec<(&'static str, OsString)> {
    let root = root(workspace);
    let path = node::path(&root).map(|path| ("PATH", path));
    [(FOLDER, root.into_os_string()), (REQUIRED, "1".into())].into_iter().chain(path).collect()
}

fn root(workspace: &Workspace) -> PathBuf {
    std::env::var_os(FOLDER).map_or_else(|| workspace.target.join("clients"), PathBuf::from)
}

fn test(workspace: &Workspace) -> Result<(), TaskError> {
    tools::install_nextest()?;
    run(&mut cargo(&["build", "-p", "coordinate-testkit", "-p", "coordinate-cli", "--bins"]))?;
    let arguments = ["nextest", "run", "-p", "coordinate-testkit", "-p", "coordinate-cli", "--profile", "clients"];
    run(cargo(&arguments).envs(variables(workspace))).map_err(TaskError::told)
}

fn table() -> Vec<Client> {
    TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(Client::read).collect()
}

fn chosen(table: &[Client], names: &[&str]) -> Result<Vec<Client>, TaskError> {
    if names.is_empty() {
        return Ok(table.to_vec());
    }
    let known: Vec<&str> = table.iter().map(|client| client.name).collect();
    let find = |name: &&str| {
        let found = table.iter().find(|client| client.name == *name).copied();
        found.ok_or_else(|| TaskError::usage(format!("no client `{name}`, only `{}`", known.join("`, `"))))
    };
    names.iter().map(find).collect()
}

impl Client {
    fn read(line: &'static str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let mut word = || words.next();
        Some(Self { name: word()?, package: word()?, version: word()?, program: word()? })
    }

    fn install(&self, root: &Path) -> Result<(), TaskError> {
        let place = root.join(format!("{}-{}", self.name, self.version));
        if self.program_in(&place).exists() {
            println!("{} {}: there already", self.name, self.version);
            return Ok(());
        }
        // Beside its place and then renamed: an installation that was broken off never looks whole.
        let begun = root.join(format!(".installing-{}-{}", self.name, std::process::id()));
        let start = Instant::now();
        fs::create_dir_all(&begun).map_err(|cause| failed("make", &begun, &cause))?;
        let done = run(&mut self.npm(root, &begun));
        if done.is_ok() && self.program_in(&begun).exists() {
            fs::rename(&begun, &place).map_err(|cause| failed("rename", &begun, &cause))?;
            println!("{} {}: installed in {:.0} s", self.name, self.version, start.elapsed().as_secs_f64());
            return Ok(());
        }
        fs::remove_dir_all(&begun).map_err(|cause| failed("remove", &begun, &cause))?;
        done.and(Err(TaskError::failed(format!("`{}` has no program `{}`", self.package, self.program))))
    }

    /// With the node that it will run with: some of what is installed is built or chosen for that.
    fn npm(&self, root: &Path, folder: &Path) -> Command {
        let mut command = Command::new("npm");
        command.envs(node::path(root).map(|path| ("PATH", path)));
        command.args(["install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"]).arg(folder);
        command.arg(format!("{}@{}", self.package, self.version));
        command
    }

    fn program_in(&self, folder: &Path) -> PathBuf {
        folder.join("node_modules/.bin").join(self.program)
    }
}

fn failed(what: &str, path: &Path, cause: &std::io::Error) -> TaskError {
    TaskError::failed(format!("failed to {what} `{}`: {cause}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_a_client() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(table().len(), lines);
        assert_eq!(table()[0].package, "@anthropic-ai/claude-code");
    }

    #[test]
    fn all_come_unless_some_are_named() {
        let names = |names: &[&str]| -> Vec<&str> {
            chosen(&table(), names).expect("known").iter().map(|client| client.name).collect()
        };
        assert_eq!(names(&[]), ["claude", "codex", "gemini", "opencode", "claude-acp", "codex-acp"]);
        assert_eq!(names(&["codex-acp"]), ["codex-acp"]);
        assert!(chosen(&table(), &["nobody"]).is_err_and(|error| error.to_string().contains("`claude`")));
    }

    #[test]
    fn a_version_is_exact() {
        let command = table()[1].npm(Path::new("/srv"), Path::new("/srv/x"));
        let last = command.get_args().last().map(|word| word.to_string_lossy().into_owned());
        assert_eq!(last.as_deref(), Some("@openai/codex@0.169.0"));
    }
}
