//! The places of a run's artifacts: the topic folder with its number, and the next free number of each kind of file.
//!
//! [`plan`] says what they would be and takes nothing; [`reserve`] takes them. Reserving happens under one lock per
//! project, so that of two processes neither gets a number of the other. A number that was reserved and not written yet
//! is marked beside the journal: nothing but the topic folder itself is made before there is something to write.

use crate::config::Config;
use crate::context::Project;
use crate::failure::CommandError;
use coordinate_host::attempts::{identity_of, is_alive};
use coordinate_model::artifact::ArtifactKind;
use coordinate_model::ids::RunId;
use coordinate_model::topic;
use std::fs::File;
use std::path::{Path, PathBuf};

/// The folder, among the topics, of those that are archived.
pub(crate) const ARCHIVE: &str = "archive";

/// A topic folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Topic {
    /// Its path relative to the project.
    pub(crate) path: String,
    /// Its number.
    pub(crate) number: u32,
    /// Its name, without the number.
    pub(crate) name: String,
}

/// Where the artifacts of a run go, relative to the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    /// The topic.
    pub(crate) topic: Topic,
    /// A report for each topic of research.
    pub(crate) reports: Vec<String>,
    /// The overview of the reports.
    pub(crate) overview: String,
    /// The plan.
    pub(crate) plan: String,
    /// The debug report.
    pub(crate) debug: String,
    /// The summary.
    pub(crate) summary: String,
}

/// Whether places are taken, or only named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taking {
    /// For a run that begins.
    Taken,
    /// For one that might.
    Supposed,
}

/// What a run will write, so that nothing else is reserved for it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wanted<'a> {
    /// The slugs of the topics of research.
    pub(crate) reports: &'a [String],
    /// An overview of the reports.
    pub(crate) overview: bool,
    /// A new plan.
    pub(crate) plan: bool,
    /// A debug report.
    pub(crate) debug: bool,
}

/// The folder of topics, relative to the project.
pub(crate) fn specs_root(project: &Project, config: &Config) -> String {
    match config.text("specs_root").filter(|root| !root.is_empty()) {
        Some(root) => root.trim_end_matches('/').to_owned(),
        None if project.root.join(".claude/specs").is_dir() => ".claude/specs".to_owned(),
        None => "specs".to_owned(),
    }
}

/// The topic that a plan lies in, if it lies in one.
pub(crate) fn topic_of(root: &str, plan: &str) -> Option<Topic> {
    let below = plan.strip_prefix(root)?.strip_prefix('/')?;
    let (folder, _) = below.split_once('/')?;
    topic_named(root, folder)
}

pub(crate) fn topic_named(root: &str, folder: &str) -> Option<Topic> {
    let number = topic::number(folder)?;
    let (_, name) = folder.split_once('_')?;
    Some(Topic { path: format!("{root}/{folder}"), number, name: name.to_owned() })
}

/// What the places of a run would be that began now. Takes nothing and makes nothing.
pub(crate) fn plan(project: &Project, root: &str, name: &str, slugs: &[String]) -> Layout {
    plan_in(project, &choose_topic(project, root, name), slugs)
}

/// The same in a topic that is known.
pub(crate) fn plan_in(project: &Project, topic: &Topic, slugs: &[String]) -> Layout {
    Numbers { project, topic }.layout(slugs)
}

/// Takes the places of a run: its topic, unless it is given, and the numbers of what it will write.
pub(crate) fn reserve(
    project: &Project,
    root: &str,
    run: &RunId,
    topic: Result<Topic, &str>,
    wanted: Wanted<'_>,
) -> Result<Layout, CommandError> {
    let _lock = lock(project)?;
    let topic = match topic {
        Ok(topic) => topic,
        Err(name) => {
            let topic = choose_topic(project, root, name);
            let folder = project.root.join(&topic.path);
            std::fs::create_dir_all(&folder).map_err(|error| unwritable(&folder, &error))?;
            topic
        }
    };
    give_back(project, &topic);
    let numbers = Numbers { project, topic: &topic };
    let layout = numbers.layout(wanted.reports);
    let overview = wanted.overview.then_some(&layout.overview);
    let plan = wanted.plan.then_some(&layout.plan);
    let debug = wanted.debug.then_some(&layout.debug);
    let taken: Vec<&String> =
        layout.reports.iter().chain(overview).chain(plan).chain(debug).chain([&layout.summary]).collect();
    // Before the marks: who is killed between two of them is found by it.
    hold(project, &topic, run, &taken)?;
    taken.into_iter().try_for_each(|path| numbers.mark(path))?;
    Ok(layout)
}

/// Held until the file is closed. Between processes only: one process reserves for one run at a time.
pub(crate) fn lock(project: &Project) -> Result<File, CommandError> {
    let place = project.state().join("reserved");
    std::fs::create_dir_all(&place).map_err(|error| unwritable(&place, &error))?;
    let path = place.join("lock");
    let opened = File::options().create(true).truncate(false).write(true).open(&path);
    let file = opened.map_err(|error| unwritable(&path, &error))?;
    file.lock().map_err(|error| unwritable(&path, &error))?;
    Ok(file)
}

/// The lowest topic of exactly this name that no open run works in; else the next number. Two runs of one request that
/// are under way at once must not write into one another's folder.
fn choose_topic(project: &Project, root: &str, name: &str) -> Topic {
    let folder = project.root.join(root);
    let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    let names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let topics = names.iter().filter_map(|entry| topic_named(root, entry));
    let mut same: Vec<Topic> =
        topics.filter(|topic| topic.name == name && project.root.join(&topic.path).is_dir()).collect();
    same.sort_by_key(|topic| topic.number);
    if let Some(free) = same.into_iter().find(|topic| !is_held(project, topic)) {
        return free;
    }
    // The number of an archived topic is its own for ever.
    let archived = highest(&folder.join(ARCHIVE));
    let number = names.iter().filter_map(|entry| topic::number(entry)).max().unwrap_or(0).max(archived) + 1;
    Topic { path: format!("{root}/{number:03}_{name}"), number, name: name.to_owned() }
}

/// Beside the journal, what is known of a topic that is not in its folder.
fn marks(project: &Project, topic: &Topic) -> PathBuf {
    project.state().join("reserved").join(topic.path.replace('/', "-"))
}

/// Writes down which run works in a topic, and the process that begins it: until the run is in the journal, it is that
/// process's word.
fn hold(project: &Project, topic: &Topic, run: &RunId, taken: &[&String]) -> Result<(), CommandError> {
    let place = marks(project, topic);
    std::fs::create_dir_all(&place).map_err(|error| unwritable(&place, &error))?;
    let process = identity_of(std::process::id()).ok().flatten();
    let record = serde_json::json!({
        "run": run,
        "taken": taken,
        "boot_id": process.as_ref().map(|process| &process.boot_id),
        "pid": process.as_ref().map(|process| process.pid),
        "start_time": process.as_ref().map(|process| process.start_time),
    });
    let path = place.join("holder.json");
    coordinate_host::atomic::write(&path, record.to_string().as_bytes()).map_err(|error| unwritable(&path, &error))
}

/// Who holds a topic, as it was written down. What can not be read holds nothing.
fn holder(project: &Project, topic: &Topic) -> Option<serde_json::Value> {
    serde_json::from_slice(&std::fs::read(marks(project, topic).join("holder.json")).ok()?).ok()
}

/// Whether an open run, or one that is just beginning, works in a topic.
pub(crate) fn is_held(project: &Project, topic: &Topic) -> bool {
    let Some(record) = holder(project, topic) else { return false };
    let run = record["run"].as_str().and_then(|run| run.parse::<RunId>().ok());
    let header = run.and_then(|run| project.journal().ok()??.storage().header(&run).ok()?);
    match header {
        Some(header) => header.outcome.is_none(),
        None => process(&record).is_some_and(|identity| is_alive(&identity).unwrap_or(false)),
    }
}

/// Gives back the numbers of a run that never was: its process was killed before the first event. Otherwise each such kill
/// would leave a gap in them.
fn give_back(project: &Project, topic: &Topic) {
    let Some(record) = holder(project, topic).filter(|record| never_was(project, record)) else { return };
    for path in record["taken"].as_array().into_iter().flatten().filter_map(|path| path.as_str()) {
        // One that stays leaves a gap, and nothing worse.
        let _ = mark_of(project, topic, path).map(std::fs::remove_dir);
    }
}

/// Whether it is certain that a run was not begun and will not be.
fn never_was(project: &Project, record: &serde_json::Value) -> bool {
    let Some(run) = record["run"].as_str().and_then(|run| run.parse::<RunId>().ok()) else { return false };
    let is_dead = process(record).is_some_and(|identity| !is_alive(&identity).unwrap_or(true));
    is_dead
        && match project.journal() {
            Ok(Some(journal)) => journal.storage().header(&run).is_ok_and(|header| header.is_none()),
            Ok(None) => true,
            Err(_) => false,
        }
}

/// The process that has written a record.
fn process(record: &serde_json::Value) -> Option<coordinate_engine::port::ProcessIdentity> {
    Some(coordinate_engine::port::ProcessIdentity {
        boot_id: record["boot_id"].as_str()?.to_owned(),
        pid: u32::try_from(record["pid"].as_u64()?).ok()?,
        start_time: record["start_time"].as_u64()?,
    })
}

/// The mark of a file's number; `None` for a path that is none of the topic's.
fn mark_of(project: &Project, topic: &Topic, path: &str) -> Option<PathBuf> {
    let below = Path::new(path.strip_prefix(&topic.path)?.trim_start_matches('/'));
    let is_name = |part: std::path::Component<'_>| matches!(part, std::path::Component::Normal(_));
    below.components().all(is_name).then(|| marks(project, topic).join(below))
}

/// The numbers of a topic's files.
struct Numbers<'a> {
    project: &'a Project,
    topic: &'a Topic,
}

impl Numbers<'_> {
    fn layout(&self, slugs: &[String]) -> Layout {
        let name = &self.topic.name;
        let first = self.next(ArtifactKind::Report);
        let report = |(number, slug): (u32, &String)| self.file(ArtifactKind::Report, number, slug);
        let one = |kind, end: &str| self.file(kind, self.next(kind), &format!("{name}_{end}"));
        Layout {
            topic: self.topic.clone(),
            reports: (first..).zip(slugs).map(report).collect(),
            overview: self.overview(),
            plan: one(ArtifactKind::Plan, "plan"),
            debug: one(ArtifactKind::Debug, "debug"),
            summary: one(ArtifactKind::Summary, "summary"),
        }
    }

    fn file(&self, kind: ArtifactKind, number: u32, name: &str) -> String {
        format!("{}/{}/{number:03}_{name}.md", self.topic.path, kind.folder())
    }

    /// The first name that is free: `OVERVIEW.md`, then `OVERVIEW_002.md`. Its name tells what it is, so that it needs no
    /// number unless an earlier run left one.
    fn overview(&self) -> String {
        let folder = ArtifactKind::Overview.folder();
        let written = self.project.root.join(&self.topic.path).join(folder);
        let reserved = marks(self.project, self.topic).join(folder);
        let name =
            |number: u32| if number == 1 { "OVERVIEW.md".to_owned() } else { format!("OVERVIEW_{number:03}.md") };
        let free = |name: &String| !written.join(name).exists() && !reserved.join(name).exists();
        let name = (1..=u32::MAX).map(name).find(free).unwrap_or_default();
        format!("{}/{folder}/{name}", self.topic.path)
    }

    /// The next free number of a kind: after all that is written, and all that is reserved.
    fn next(&self, kind: ArtifactKind) -> u32 {
        let written = self.project.root.join(&self.topic.path).join(kind.folder());
        let reserved = marks(self.project, self.topic).join(kind.folder());
        highest(&written).max(highest(&reserved)) + 1
    }

    fn mark(&self, path: &str) -> Result<(), CommandError> {
        let Some(mark) = mark_of(self.project, self.topic, path) else { return Ok(()) };
        std::fs::create_dir_all(&mark).map_err(|error| unwritable(&mark, &error))
    }
}

fn highest(folder: &Path) -> u32 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| topic::number(&entry.file_name().to_string_lossy())).max().unwrap_or(0)
}

fn unwritable(path: &Path, error: &std::io::Error) -> CommandError {
    CommandError::internal(format!("failed to make `{}`: {error}", path.display()))
}
