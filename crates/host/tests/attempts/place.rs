//! A place for one attempt of a test, which ends whatever the test leaves running.

use coordinate_engine::port::{
    AttemptProgram, AttemptStatus, Attempts, AttemptsError, Ending, Launch, Limits, ProcessIdentity, StopHow,
    TranscriptLine,
};
use coordinate_host::attempts::{ShimAttempts, is_alive};
use coordinate_model::ids::Token;
use rustix::process::{Pid, Signal, kill_process};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Far longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) const SHIM: &str = env!("CARGO_BIN_EXE_shim-under-test");

pub(crate) struct Place {
    folder: tempfile::TempDir,
    pub(crate) attempts: ShimAttempts,
    pub(crate) launch: Launch,
}

impl Place {
    /// An attempt that runs the shell script in the place's `work` folder.
    pub(crate) fn of(script: &str) -> Self {
        let argv = ["sh", "-c", script].map(str::to_owned).to_vec();
        Self::running(argv)
    }

    pub(crate) fn running(argv: Vec<String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let work = folder.path().join("work");
        std::fs::create_dir(&work).unwrap();
        let launch = Launch {
            key: format!("run_test/{}", folder.path().file_name().unwrap().to_str().unwrap()),
            token: Token(5),
            folder: folder.path().join("attempts/a1"),
            program: AttemptProgram { argv, cwd: work, env: Vec::new(), stdin: None },
            limits: Limits { idle_ms: None, hard_ms: None, output_bytes: 1 << 30, grace_ms: 60_000 },
            bound: false,
        };
        Self { folder, attempts: ShimAttempts::new(PathBuf::from(SHIM)), launch }
    }

    pub(crate) fn limited(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.launch.limits);
        self
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Launch)) -> Self {
        change(&mut self.launch);
        self
    }

    pub(crate) fn start(&self) -> ProcessIdentity {
        self.attempts.launch(&self.launch).unwrap()
    }

    pub(crate) fn status(&self) -> AttemptStatus {
        self.attempts.status(&self.launch.folder).unwrap()
    }

    pub(crate) fn stop(&self, token: u64, how: StopHow) {
        self.attempts.stop(&self.launch.folder, Token(token), how).unwrap();
    }

    /// Follows to the end: all lines from `offset` on, and the ending.
    pub(crate) fn follow(&self, offset: u64) -> (Vec<TranscriptLine>, Ending) {
        let (lines, ending) = self.try_follow(offset).unwrap();
        (lines, ending.unwrap())
    }

    pub(crate) fn try_follow(&self, offset: u64) -> Result<(Vec<TranscriptLine>, Option<Ending>), AttemptsError> {
        let mut lines = Vec::new();
        let ending = self.attempts.follow(&self.launch.folder, offset, &mut |line| {
            lines.push(line);
            true
        })?;
        Ok((lines, ending))
    }

    /// Follows until a line with this text has come.
    pub(crate) fn follow_until(&self, text: &str) {
        let ending = self.attempts.follow(&self.launch.folder, 0, &mut |line| line.text != text).unwrap();
        assert_eq!(ending, None, "it ended without saying `{text}`");
    }

    /// Starts, follows to the end and checks that nothing is left; the texts of all lines, and the ending.
    pub(crate) fn run(&self) -> (Vec<String>, Ending) {
        let shim = self.start();
        let (lines, ending) = self.follow(0);
        self.assert_nothing_left(&shim);
        (lines.into_iter().map(|line| line.text).collect(), ending)
    }

    /// No process of the attempt is left, and its shim is not even a zombie.
    #[track_caller]
    pub(crate) fn assert_nothing_left(&self, shim: &ProcessIdentity) {
        assert_eq!(self.carriers(), [0; 0], "processes of the attempt are left");
        assert!(!exists(shim.pid), "the shim is left, alive or as a zombie");
    }

    /// All processes that carry the attempt's key.
    pub(crate) fn carriers(&self) -> Vec<u32> {
        let wanted = format!("COORDINATE_ATTEMPT={}", self.launch.key);
        let pids =
            std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        pids.filter(|pid| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes())
        })
        .collect()
    }

    pub(crate) fn work(&self, name: &str) -> PathBuf {
        self.launch.program.cwd.join(name)
    }

    /// Makes a file that the attempt's script waits for.
    pub(crate) fn allow(&self, name: &str) {
        std::fs::write(self.work(name), "").unwrap();
    }

    /// The process id that the attempt's script writes to a file.
    pub(crate) fn pid_in(&self, name: &str) -> u32 {
        let path = self.work(name);
        until(&format!("`{name}` is written"), || read(&path).ends_with('\n'));
        read(&path).trim().parse().unwrap()
    }

    pub(crate) fn transcript(&self) -> String {
        read(&self.launch.folder.join("transcript"))
    }

    pub(crate) fn kill_shim(&self, shim: &ProcessIdentity) {
        send(shim.pid, Signal::KILL);
        until("the shim is dead", || !is_alive(shim).unwrap());
    }

    /// Launches from another process, which then waits; to be ended with [`Launcher::kill`].
    pub(crate) fn start_elsewhere(&self, env: &[(&str, &str)]) -> Launcher {
        let mut launcher = Command::new(SHIM)
            .args(["launch", &serde_json::to_string(&self.launch).unwrap()])
            .envs(env.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let out = launcher.stdout.take().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut said).unwrap();
        assert_eq!(said, "launched\n");
        Launcher(launcher)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Ok(AttemptStatus::Alive(shim)) = self.attempts.status(&self.launch.folder) {
            send(shim.pid, Signal::KILL);
        }
        let swept = self.attempts.sweep(&self.launch.key);
        if !std::thread::panicking() {
            assert_eq!(swept.unwrap(), 0, "the test left processes behind in {}", self.folder.path().display());
        }
    }
}

/// Another process that launched an attempt.
pub(crate) struct Launcher(Child);

impl Launcher {
    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Launcher {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn send(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), signal).unwrap();
}

pub(crate) fn exists(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

/// Whether a process runs: neither gone nor a zombie that waits for its parent.
pub(crate) fn runs(pid: u32) -> bool {
    let stat = read(Path::new(&format!("/proc/{pid}/stat")));
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z') && !rest.starts_with('X'))
}

fn read(path: &Path) -> String {
    std::fs::read(path).map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default()
}

/// Waits for something that another process does.
#[track_caller]
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
