//! Programs that the tests need and a new machine may lack. What is missing is installed, at an exact version where
//! the version matters, and nothing that is there is replaced.

use crate::shell::{TaskError, cargo, run, works};
use crate::workspace::Workspace;
use std::path::PathBuf;
use std::process::Command;

const NEXTEST: &str = "cargo-nextest@0.9.143";
const DENY_VERSION: &str = "0.20.2";

/// Debian packages: the program that shows that one is there, the package, and what needs it. Add a line when a test
/// needs another program, and only then.
const DEBIAN: &[(&str, &str, &str)] = &[
    ("git", "git", "worktrees, commits and refs are made by the real git"),
    ("cc", "gcc", "SQLite is compiled in"),
    ("setsid", "util-linux", "processes that leave their session"),
    ("dash", "dash", "shell state is loaded by every shell"),
    ("zsh", "zsh", "shell state is loaded by every shell"),
    ("fish", "fish", "shell state is loaded by every shell"),
    ("kill", "procps", "signals sent by tests from outside"),
];

/// Installs all that is missing.
pub(crate) fn install(workspace: &Workspace) -> Result<(), TaskError> {
    for (program, package, why) in DEBIAN {
        install_if_missing(program, package, why)?;
    }
    for component in ["fmt", "clippy"] {
        if !works(&mut cargo(&[component, "--version"])) {
            run(Command::new("rustup").args(["component", "add", component_name(component)]))?;
        }
    }
    install_nextest()?;
    install_deny(workspace)
}

/// Installs a Debian package if its program is not on the path.
pub(crate) fn install_if_missing(program: &str, package: &str, why: &str) -> Result<(), TaskError> {
    if on_path(program) { Ok(()) } else { install_package(package, why) }
}

/// cargo-nextest runs every test.
pub(crate) fn install_nextest() -> Result<(), TaskError> {
    if works(&mut cargo(&["nextest", "--version"])) {
        return Ok(());
    }
    run(&mut cargo(&["install", "--locked", NEXTEST]))
}

/// The program that checks licences, bans and sources, kept below the target folder: it is the project's, not the
/// user's. Without optimisation it builds in half the time and still checks in a second.
fn install_deny(workspace: &Workspace) -> Result<(), TaskError> {
    let installed = Command::new(deny(workspace)).arg("--version").output();
    if installed.is_ok_and(|out| String::from_utf8_lossy(&out.stdout).trim().ends_with(DENY_VERSION)) {
        return Ok(());
    }
    let package = format!("cargo-deny@{DENY_VERSION}");
    let root = workspace.target.join("tools");
    run(cargo(&["install", "--locked", "--debug", &package, "--root"])
        .arg(root)
        .env("CARGO_TARGET_DIR", workspace.target.join("tools-build")))
}

/// Where `cargo-deny` lies.
pub(crate) fn deny(workspace: &Workspace) -> PathBuf {
    workspace.target.join("tools/bin/cargo-deny")
}

fn component_name(subcommand: &str) -> &str {
    if subcommand == "fmt" { "rustfmt" } else { subcommand }
}

fn on_path(program: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| folder.join(program).is_file())
}

fn install_package(package: &str, why: &str) -> Result<(), TaskError> {
    if !on_path("apt-get") {
        return Err(TaskError::failed(format!("`{package}` is missing ({why}): install it with your system's tools")));
    }
    let apt = |arguments: &[&str]| {
        // Without root rights apt-get says so itself; `sudo` is tried only where there is one.
        let mut command = if on_path("sudo") { Command::new("sudo") } else { Command::new("apt-get") };
        if on_path("sudo") {
            command.arg("apt-get");
        }
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    run(&mut apt(&["update", "--quiet"]))?;
    run(&mut apt(&["install", "--yes", "--quiet", "--no-install-recommends", package]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_looked_for_on_the_path() {
        assert!(on_path("git"));
        assert!(!on_path("no-such-program-of-anyone"));
    }

    #[test]
    fn every_package_says_what_needs_it() {
        assert!(
            DEBIAN.iter().all(|(program, package, why)| !program.is_empty() && !package.is_empty() && why.len() > 10)
        );
    }
}
