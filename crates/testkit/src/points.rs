//! Points: every call of the real program whose effect others can see, counted, and one of them chosen to kill it at, or
//! to fail.
//!
//! A small library in C (`points/points.c`, compiled when it is first wanted) is loaded before the C library, so the
//! program that is tested is the one that ships: no hook in it, no feature, no other build.

use std::ffi::OsString;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

const SOURCE: &str = include_str!("../points/points.c");

/// Whose points count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// The program itself: drivers, and the short commands beside them.
    Driver,
    /// What supervises and speaks with an attempt.
    Shim,
    /// The git that the program calls.
    Git,
}

/// What happens at the chosen point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// SIGKILL just before the call.
    KillBefore,
    /// SIGKILL just after it.
    KillAfter,
    /// Half of the write is made, then SIGKILL; for other calls: just after.
    KillTorn,
    /// Half of the write is made, and the program is told so.
    Short,
    /// No space is left on the device, from there on.
    Full,
    /// The file system is read-only, from there on.
    ReadOnly,
    /// Syncs fail, from there on.
    SyncFails,
    /// This one call fails, with an I/O error.
    FailsOnce,
    /// The clock jumps by so many seconds.
    Clock(i64),
}

impl Deed {
    /// Whether the process is killed.
    #[must_use]
    pub fn kills(self) -> bool {
        matches!(self, Self::KillBefore | Self::KillAfter | Self::KillTorn)
    }

    fn word(self) -> String {
        match self {
            Self::KillBefore => "before".to_owned(),
            Self::KillAfter => "after".to_owned(),
            Self::KillTorn => "torn".to_owned(),
            Self::Short => "short".to_owned(),
            Self::Full => "full".to_owned(),
            Self::ReadOnly => "readonly".to_owned(),
            Self::SyncFails => "sync".to_owned(),
            Self::FailsOnce => "once".to_owned(),
            Self::Clock(seconds) => format!("clock:{seconds}"),
        }
    }
}

/// One point that was passed, or that something happened at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// From 1, over all counting processes.
    pub number: u64,
    /// What kind of call: `journal write`, `rename`, `ref update` …
    pub kind: String,
    /// The path, or the program.
    pub what: String,
}

/// The points of the processes that are started with its variables.
#[derive(Debug)]
pub struct Points {
    counter: PathBuf,
    log: PathBuf,
}

impl Points {
    /// Counts from 0, in a folder outside of what is tested.
    ///
    /// # Panics
    /// When its files can not be written.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        let points = Self { counter: folder.join("points.counter"), log: folder.join("points.list") };
        fs::write(&points.counter, [0_u8; 8]).expect("a counter can be made");
        fs::write(&points.log, "").expect("a list can be made");
        points
    }

    /// The variables of a process that counts, and at which point what happens.
    #[must_use]
    pub fn variables(&self, who: Who, deed: Option<(u64, Deed)>) -> Vec<(&'static str, OsString)> {
        let whose = match who {
            Who::Driver => "driver",
            Who::Shim => "shim",
            Who::Git => "git",
        };
        let mut variables = vec![
            ("LD_PRELOAD", library().as_os_str().to_owned()),
            ("POINTS_WHO", whose.into()),
            ("POINTS_COUNTER", self.counter.clone().into_os_string()),
            ("POINTS_LOG", self.log.clone().into_os_string()),
        ];
        if let Some((at, deed)) = deed {
            variables.push(("POINTS_AT", at.to_string().into()));
            variables.push(("POINTS_DO", deed.word().into()));
        }
        variables
    }

    /// All points so far. A line that a kill cut off is none.
    #[must_use]
    pub fn list(&self) -> Vec<Point> {
        let text = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&text).lines().filter_map(parse).collect()
    }

    /// The point with this number, if it was reached.
    #[must_use]
    pub fn find(&self, number: u64) -> Option<Point> {
        self.list().into_iter().find(|point| point.number == number)
    }
}

fn parse(line: &str) -> Option<Point> {
    let mut parts = line.splitn(3, '\t');
    let number = parts.next()?.parse().ok()?;
    Some(Point { number, kind: parts.next()?.to_owned(), what: parts.next()?.to_owned() })
}

/// The library, made beside the programs of this build.
///
/// # Panics
/// When there is no C compiler: the project needs one anyway, for SQLite.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let mut hasher = DefaultHasher::new();
        SOURCE.hash(&mut hasher);
        let program = std::env::current_exe().expect("a test knows its program");
        let folder = program.parent().expect("a program lies in a folder");
        let library = folder.join(format!("points-{:016x}.so", hasher.finish()));
        if !library.exists() {
            compile(folder, &library);
        }
        library
    })
}

/// Tests of several processes may do so at once: each makes its own, and the last rename stays.
fn compile(folder: &Path, library: &Path) {
    let (source, made) = ["c", "so"].map(|end| folder.join(format!("points-{}.{end}", std::process::id()))).into();
    fs::write(&source, SOURCE).expect("the source can be written");
    let arguments = ["-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"];
    let status = Command::new("cc").args(arguments).arg(&made).arg(&source).arg("-ldl").status();
    assert!(status.is_ok_and(|status| status.success()), "`cc` does not compile `points/points.c`");
    fs::rename(&made, library).expect("the library gets its name");
    let _tidy = fs::remove_file(source);
}
