//! A stand-in for a coding agent that does exactly what its script says, also what no agent should do.
//!
//! The script is the file named by `SCRIPTED_AGENT_SCRIPT`, else the fenced `script` blocks of the prompt on standard
//! input. Each execution appends `<COORDINATE_ATTEMPT> <pid>` to the file named by `SCRIPTED_AGENT_COUNTER`.
//! Exit codes of its own: 64 no script or a mistake in it, 74 an action failed.

use coordinate_testkit::script::{Action, parse, script_in_prompt};
use coordinate_testkit::wait_until;
use rustix::process::{Signal, getpid, kill_process, setsid};
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// "For ever" has an end, far beyond any test's limit: a test that was killed leaves nothing on the machine for good.
const FOREVER: Duration = Duration::from_mins(15);

/// The hidden first arguments of the processes that this program starts of itself.
const LINGER: &str = "--linger";
const LINGER_IN_SESSION: &str = "--linger-in-own-session";
const LET_GO: &str = "--let-go";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        [LINGER, marker @ ..] => linger(marker.first().map(Path::new)),
        [LINGER_IN_SESSION, marker] => linger_in_own_session(Path::new(marker)),
        [LET_GO, marker] => spawn_self(&[LINGER_IN_SESSION, marker]).map(|_| ExitCode::SUCCESS),
        _ => follow_script(),
    };
    done.unwrap_or_else(|error| fail(74, &error.to_string()))
}

fn follow_script() -> io::Result<ExitCode> {
    count_execution()?;
    let Some(text) = script_text()? else {
        return Ok(fail(64, "no script: set `SCRIPTED_AGENT_SCRIPT`, or put a fenced `script` block into the prompt"));
    };
    let actions = match parse(&text) {
        Ok(actions) => actions,
        Err(error) => return Ok(fail(64, &error.to_string())),
    };
    for action in actions {
        if let Some(code) = perform(&action)? {
            return Ok(ExitCode::from(code));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// One line in one write to a file opened for appending: executions at the same time never mix their lines.
fn count_execution() -> io::Result<()> {
    let Some(counter) = std::env::var_os("SCRIPTED_AGENT_COUNTER") else { return Ok(()) };
    let attempt = attempt().unwrap_or_else(|| "-".to_owned());
    let line = format!("{attempt} {}\n", std::process::id());
    OpenOptions::new().create(true).append(true).open(counter)?.write_all(line.as_bytes())
}

fn script_text() -> io::Result<Option<String>> {
    if let Some(path) = std::env::var_os("SCRIPTED_AGENT_SCRIPT") {
        return fs::read_to_string(path).map(Some);
    }
    let mut prompt = String::new();
    io::stdin().read_to_string(&mut prompt)?;
    Ok(script_in_prompt(&prompt))
}

fn attempt() -> Option<String> {
    std::env::var("COORDINATE_ATTEMPT").ok()
}

/// Does one action. `Some` ends the script with this code.
fn perform(action: &Action) -> io::Result<Option<u8>> {
    match action {
        Action::Write(path, text) => write_file(path, text.as_bytes())?,
        Action::Append(path, text) => open_to_append(path)?.write_all(text.as_bytes())?,
        Action::Touch(path) => drop(open_to_append(path)?),
        Action::HalfWrite(path, text) => half_write(path, text)?,
        Action::Say(text) => say(&mut io::stdout(), text)?,
        Action::Err(text) => say(&mut io::stderr(), text)?,
        Action::Bytes(bytes) => write_out(bytes)?,
        Action::Flood(bytes) => flood(*bytes)?,
        Action::Exit(code) => return Ok(Some(exit_byte(*code))),
        Action::Crash => std::process::abort(),
        Action::KillSelf(signal) => kill_self(*signal)?,
        Action::Hang => stay(),
        Action::IgnoreTerm => ignore_term()?,
        Action::ForkChild(marker) => fork_child(marker.as_deref())?,
        Action::ForkSession(marker) => fork_session(marker)?,
        Action::Commit(message) => return commit(message),
        Action::WaitFor(path) => wait_for(path)?,
        Action::Shell(command) => return run_to_end(Command::new("sh").args(["-c", command])),
        Action::IfAttempt(number, then) if is_attempt(*number) => return perform(then),
        Action::IfRole(role, then) if std::env::var("COORDINATE_ROLE").is_ok_and(|own| own == *role) => {
            return perform(then);
        }
        Action::IfAttempt(..) | Action::IfRole(..) => {}
    }
    Ok(None)
}

fn is_attempt(number: u32) -> bool {
    attempt().is_some_and(|own| own.ends_with(&format!("@{number}")))
}

/// As the kernel does it: the lowest byte counts.
fn exit_byte(code: i32) -> u8 {
    code.to_le_bytes()[0]
}

fn write_file(path: &Path, content: &[u8]) -> io::Result<()> {
    make_folder_of(path)?;
    fs::write(path, content)
}

fn open_to_append(path: &Path) -> io::Result<fs::File> {
    make_folder_of(path)?;
    OpenOptions::new().create(true).append(true).open(path)
}

fn make_folder_of(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

fn half_write(path: &Path, text: &str) -> io::Result<()> {
    let whole = if text.is_empty() { fs::read(path)? } else { text.as_bytes().to_vec() };
    write_file(path, &whole[..whole.len() / 2])?;
    std::process::abort()
}

fn say(stream: &mut dyn Write, text: &str) -> io::Result<()> {
    writeln!(stream, "{text}")?;
    stream.flush()
}

fn write_out(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

fn flood(bytes: u64) -> io::Result<()> {
    let mut line = [b'x'; 1024];
    line[1023] = b'\n';
    let mut left = bytes;
    while left > 0 {
        let size = left.min(1024);
        write_out(&line[1024 - usize::try_from(size).unwrap_or(1024)..])?;
        left -= size;
    }
    Ok(())
}

fn kill_self(number: i32) -> io::Result<()> {
    let signal = Signal::from_named_raw(number).ok_or_else(|| io::Error::other("no signal has this number"))?;
    // Twice: the standard library's handler for SEGV and BUS only puts the default back, and waits for the same
    // access to fail again, which a sent signal never does.
    kill_process(getpid(), signal)?;
    kill_process(getpid(), signal)?;
    Ok(())
}

/// A handler that only sets a flag: the signal arrives and nothing follows.
fn ignore_term() -> io::Result<()> {
    signal_hook::flag::register(signal_hook::consts::SIGTERM, Arc::new(AtomicBool::new(false)))?;
    Ok(())
}

fn stay() {
    wait_quietly(FOREVER);
}

/// Parked threads wake now and then for no reason, and on a signal; only the clock ends this.
fn wait_quietly(time: Duration) {
    let deadline = std::time::Instant::now() + time;
    while let Some(left) = deadline.checked_duration_since(std::time::Instant::now()) {
        std::thread::park_timeout(left);
    }
}

fn fork_child(marker: Option<&Path>) -> io::Result<()> {
    let marker_text = marker.map(|path| path.to_string_lossy().into_owned());
    let mut arguments = vec![LINGER];
    arguments.extend(marker_text.as_deref());
    spawn_self(&arguments)?;
    marker.map_or(Ok(()), wait_for)
}

/// Twice removed: the process between ends at once, so that the one that stays has no parent of ours, and by its own
/// session it is out of reach of any signal to our group.
fn fork_session(marker: &Path) -> io::Result<()> {
    spawn_self(&[LET_GO, &marker.to_string_lossy()])?.wait()?;
    wait_for(marker)
}

fn spawn_self(arguments: &[&str]) -> io::Result<std::process::Child> {
    Command::new(std::env::current_exe()?).args(arguments).stdin(Stdio::null()).spawn()
}

fn linger_in_own_session(marker: &Path) -> io::Result<ExitCode> {
    setsid()?;
    linger(Some(marker))
}

fn linger(marker: Option<&Path>) -> io::Result<ExitCode> {
    if let Some(marker) = marker {
        write_marker(marker)?;
    }
    stay();
    Ok(ExitCode::SUCCESS)
}

/// By rename: whoever sees the file sees the whole number.
fn write_marker(marker: &Path) -> io::Result<()> {
    let unfinished = marker.with_extension("unfinished");
    write_file(&unfinished, std::process::id().to_string().as_bytes())?;
    fs::rename(unfinished, marker)
}

fn wait_for(path: &Path) -> io::Result<()> {
    if wait_until(FOREVER, || path.exists()) {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::TimedOut, format!("`{}` never came", path.display())))
}

fn commit(message: &str) -> io::Result<Option<u8>> {
    if let Some(code) = run_to_end(Command::new("git").args(["add", "--all"]))? {
        return Ok(Some(code));
    }
    run_to_end(Command::new("git").args(["commit", "--quiet", "--message", message]))
}

/// `None` when the command succeeded, else the code to end with: its own, or 128 + the signal as a shell has it.
fn run_to_end(command: &mut Command) -> io::Result<Option<u8>> {
    use std::os::unix::process::ExitStatusExt;
    let status = command.stdin(Stdio::null()).status()?;
    if status.success() {
        return Ok(None);
    }
    Ok(Some(exit_byte(status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)))))
}

fn fail(code: u8, message: &str) -> ExitCode {
    // Nobody may be left to read it; the code says enough.
    let _unread = writeln!(io::stderr(), "scripted-agent: {message}");
    ExitCode::from(code)
}
