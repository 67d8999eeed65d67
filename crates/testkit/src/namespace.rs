//! A network namespace in which there is only loopback: real clients look up hosts of their makers when they start,
//! and a test must neither depend on that nor cause it.

use std::io;
use std::path::Path;
use std::process::Command;

/// How a namespace is made: as root, else with a user namespace in which we stay who we are.
const WAYS: [&[&str]; 2] = [&["--net"], &["--map-current-user", "--keep-caps", "--net"]];

/// Brings loopback up, then becomes the command.
const LOOPBACK: &str = "ip link set lo up && exec \"$0\" \"$@\"";

/// A command that starts `program` in a namespace of its own; its arguments are still to be added.
///
/// # Errors
/// When this machine makes none: `unshare` or `ip` is missing, or user namespaces are forbidden.
pub fn command(program: &Path) -> io::Result<Command> {
    let way = WAYS.into_iter().find(|way| works(way)).ok_or_else(|| {
        io::Error::other("no network namespace can be made: install `util-linux` and `iproute2`, or run as root")
    })?;
    let mut command = begun(way);
    command.arg(program);
    Ok(command)
}

fn begun(way: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    command.args(way).args(["--", "sh", "-c", LOOPBACK]);
    command
}

fn works(way: &[&str]) -> bool {
    begun(way).arg("true").output().is_ok_and(|output| output.status.success())
}
