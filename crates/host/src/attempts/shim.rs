//! The shim: the small process between an attempt's program and the rest of the world.

use super::ATTEMPT_VARIABLE;
use super::control::Control;
use super::folder::AttemptFolder;
use super::launch::{READY, TAKEN};
use super::process::identity_of;
use super::signals::{Signals, reap_all};
use super::supervision::Supervision;
use super::transcript::TranscriptWriter;
use super::tree;
use crate::lock::ProcessLock;
use crate::redact::Redactor;
use coordinate_engine::port::{Ending, Launch};
use rustix::io::Errno;
use rustix::process::{getpid, set_child_subreaper, setsid};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Runs the attempt in `folder` to its end; what `coordinate attempt-shim FOLDER` does. Returns the exit code: 0 when
/// a status was written, 3 when the folder is or was another shim's, 1 when the shim itself failed, which is then
/// said in `shim.log`, and the attempt counts as lost.
///
/// Makes the calling process a session leader and a subreaper and waits for all of its children: call it only in a
/// process that does nothing else.
#[must_use]
pub fn shim_main(folder: &Path) -> i32 {
    match run(&AttemptFolder::new(folder)) {
        Ok(true) => 0,
        Ok(false) => {
            say(TAKEN);
            3
        }
        Err(error) => {
            // Standard error is `shim.log`; where it cannot be written either, the missing status tells enough.
            let _ = writeln!(io::stderr(), "the shim of `{}` failed: {error}", folder.display());
            1
        }
    }
}

/// `false` when the folder is not free.
fn run(folder: &AttemptFolder) -> io::Result<bool> {
    lead_session()?;
    let Some(_lock) = ProcessLock::try_hold(&folder.lock())? else { return Ok(false) };
    // An earlier shim had the folder and is gone: running it again would do its work twice.
    if folder.read_shim()?.is_some() {
        return Ok(false);
    }
    let launch = folder
        .read_launch()?
        .ok_or_else(|| io::Error::new(ErrorKind::NotFound, "there is no `launch.json`; launch the attempt again"))?;
    // Before there is anything to lose: a signal that just killed the shim would leave its tree behind.
    let signals = Signals::take()?;
    let control = Control::listen(&folder.control(), launch.token)?;
    let transcript = TranscriptWriter::create(&folder.transcript(), redactor(&launch))?;
    let own = identity_of(std::process::id())?.ok_or_else(|| io::Error::other("`/proc` does not show this process"))?;
    folder.write_shim(&own)?;
    say(READY);
    let ending = attend(&launch, control, signals, transcript)?;
    folder.write_ending(ending)?;
    Ok(true)
}

/// Leaves the launcher's session, whose end would otherwise reach us as signals, and becomes the parent of every
/// descendant that loses its own: none can leave the tree.
fn lead_session() -> io::Result<()> {
    match setsid() {
        // Already the leader of a group, as when started by hand from a terminal.
        Ok(_) | Err(Errno::PERM) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(set_child_subreaper(Some(getpid()))?)
}

/// Tells the launcher; one that died in the meantime needs no answer.
fn say(answer: &str) {
    let mut out = io::stdout();
    let _ = writeln!(out, "{answer}").and_then(|()| out.flush());
}

fn redactor(launch: &Launch) -> Redactor {
    let own = launch.program.env.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    Redactor::from_vars(std::env::vars_os().chain(own))
}

/// Runs the program and returns how it ended once its whole tree is gone.
fn attend(launch: &Launch, control: Control, signals: Signals, transcript: TranscriptWriter) -> io::Result<Ending> {
    let child = match start(launch) {
        Ok(child) => child,
        Err(reason) => return transcript.finish().map(|()| Ending::NotStarted { reason }),
    };
    let outcome = Supervision::of(launch, child, control, signals, transcript).and_then(Supervision::run);
    if outcome.is_err() {
        // We can supervise no longer, so nothing may go on unsupervised.
        end_everything()?;
    }
    outcome
}

fn end_everything() -> io::Result<()> {
    while !reap_all(|_, _| {})? {
        tree::kill_descendants()?;
        match rustix::process::wait(rustix::process::WaitOptions::empty()) {
            Ok(_) | Err(Errno::INTR | Errno::CHILD) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Starts the program in a process group of its own: a script's `kill 0` must not reach the shim.
fn start(launch: &Launch) -> Result<Child, String> {
    let program = &launch.program;
    let (name, arguments) = program.argv.split_first().ok_or("no program is named; give `argv` at least one word")?;
    let stdin = match &program.stdin {
        None => Stdio::null(),
        Some(path) => File::open(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?.into(),
    };
    Command::new(name)
        .args(arguments)
        .current_dir(&program.cwd)
        // Programs believe it before they ask the system: one that is inherited leads them into the user's checkout.
        .env("PWD", &program.cwd)
        .env_remove("OLDPWD")
        .envs(program.env.iter().map(|(name, value)| (name, value)))
        .env(ATTEMPT_VARIABLE, &launch.key)
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(|error| format!("cannot start `{name}` in `{}`: {error}", program.cwd.display()))
}
