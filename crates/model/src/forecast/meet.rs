//! The pairs of phases that may run at once and name the same files.

use super::files::{Named, files};
use super::pattern::{Pattern, is_pattern};
use super::{Learned, MOST_PHASES, Meeting, Shared, Sure};
use crate::ids::PhaseNumber;
use crate::plan::{Graph, Plan};
use std::collections::{BTreeMap, HashMap};

/// The most pairs that are told. Where more meet, one file is everybody's, and each pair more says the same.
const MOST_MEETINGS: usize = 4_096;

/// The most paths that are told of one pair.
const MOST_PATHS: usize = 8;

/// One path of one phase, by the phase's place in the plan.
struct Entry {
    phase: usize,
    path: String,
    sure: Sure,
    pattern: Pattern,
    is_pattern: bool,
}

/// What both of a pair change.
type Pairs = BTreeMap<(usize, usize), BTreeMap<String, Sure>>;

/// All pairs of phases neither of which waits for the other, that name the same files: by their numbers. None for a plan
/// with more than [`MOST_PHASES`] phases.
#[must_use]
pub fn meetings(plan: &Plan, graph: &Graph, learned: &[Learned]) -> Vec<Meeting> {
    if plan.phases.len() > MOST_PHASES {
        return Vec::new();
    }
    let entries = entries(plan, learned);
    let order = Order::of(plan, graph);
    let mut pairs = Pairs::new();
    by_name(&entries, &order, &mut pairs);
    by_pattern(&entries, &order, &mut pairs);
    let mut found: Vec<Meeting> = pairs.into_iter().map(|(pair, paths)| meeting(plan, pair, paths)).collect();
    if found.len() > MOST_MEETINGS {
        found.sort_by_key(|meeting| std::cmp::Reverse(meeting.sure));
        found.truncate(MOST_MEETINGS);
        found.sort_by_key(|meeting| (meeting.first, meeting.second));
    }
    found
}

fn entries(plan: &Plan, learned: &[Learned]) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (at, phase) in plan.phases.iter().enumerate() {
        let mut named: Named = files(plan, phase);
        let more = learned.iter().filter(|learned| learned.phase == phase.number && !phase.files_none);
        for path in more.flat_map(|learned| &learned.paths) {
            named.entry(path.clone()).or_insert(Sure::Learned);
        }
        entries.extend(named.into_iter().map(|(path, sure)| {
            let (pattern, is_pattern) = (Pattern::new(&path), is_pattern(&path));
            Entry { phase: at, path, sure, pattern, is_pattern }
        }));
    }
    entries
}

/// Plain paths: each is looked up together with the folders that it lies in.
fn by_name(entries: &[Entry], order: &Order, pairs: &mut Pairs) {
    let plain = || entries.iter().filter(|entry| !entry.is_pattern);
    let mut known: HashMap<&str, Vec<&Entry>> = HashMap::new();
    for entry in plain() {
        known.entry(&entry.path).or_default().push(entry);
    }
    for entry in plain() {
        let mut folder = Some(entry.path.as_str());
        while let Some(path) = folder {
            for other in known.get(path).into_iter().flatten() {
                note(entry, other, &entry.path, order, pairs);
            }
            folder = path.rsplit_once('/').map(|(above, _)| above);
        }
    }
}

fn by_pattern(entries: &[Entry], order: &Order, pairs: &mut Pairs) {
    for entry in entries.iter().filter(|entry| entry.is_pattern) {
        for other in entries.iter().filter(|other| other.phase != entry.phase) {
            if entry.pattern.meets(&other.pattern) {
                note(entry, other, narrower(entry, other), order, pairs);
            }
        }
    }
}

/// What tells more of a pattern and a path that meet.
fn narrower<'e>(pattern: &'e Entry, other: &'e Entry) -> &'e str {
    let in_folder = pattern.path.strip_prefix(&other.path).is_some_and(|rest| rest.starts_with('/'));
    match (other.is_pattern, in_folder) {
        (true, _) => pattern.path.as_str().max(&other.path),
        (false, true) => &pattern.path,
        (false, false) => &other.path,
    }
}

fn note(one: &Entry, two: &Entry, path: &str, order: &Order, pairs: &mut Pairs) {
    let pair = (one.phase.min(two.phase), one.phase.max(two.phase));
    if pair.0 == pair.1 || order.is_given(pair) {
        return;
    }
    let sure = one.sure.min(two.sure);
    let known = pairs.entry(pair).or_default().entry(path.to_owned()).or_insert(sure);
    *known = (*known).max(sure);
}

fn meeting(plan: &Plan, (first, second): (usize, usize), paths: BTreeMap<String, Sure>) -> Meeting {
    let number = |at: usize| plan.phases.get(at).map_or(PhaseNumber(0), |phase| phase.number);
    let mut paths: Vec<Shared> = paths.into_iter().map(|(path, sure)| Shared { path, sure }).collect();
    paths.sort_by(|a, b| b.sure.cmp(&a.sure).then_with(|| a.path.cmp(&b.path)));
    let more = u32::try_from(paths.len().saturating_sub(MOST_PATHS)).unwrap_or(u32::MAX);
    let sure = paths.first().map_or(Sure::Learned, |path| path.sure);
    paths.truncate(MOST_PATHS);
    Meeting { first: number(first), second: number(second), sure, paths, more }
}

/// Which phases wait for which, also through others: a row of bits for each.
struct Order {
    words: usize,
    before: Vec<u64>,
}

impl Order {
    fn of(plan: &Plan, graph: &Graph) -> Self {
        let words = plan.phases.len().div_ceil(64);
        let mut order = Self { words, before: vec![0; words * plan.phases.len()] };
        let place = |number| plan.phases.binary_search_by_key(&number, |phase| phase.number).ok();
        // Waves hold each phase after all that it waits for.
        for number in graph.waves().into_iter().flatten() {
            let Some(at) = place(number) else { continue };
            for needed in graph.dependencies(number).filter_map(place) {
                order.wait(at, needed);
            }
        }
        order
    }

    /// A phase waits for another one, and for all that this one waits for.
    fn wait(&mut self, at: usize, needed: usize) {
        for word in 0..self.words {
            let above = self.before.get(needed * self.words + word).copied().unwrap_or(0);
            if let Some(own) = self.before.get_mut(at * self.words + word) {
                *own |= above;
            }
        }
        if let Some(own) = self.before.get_mut(at * self.words + needed / 64) {
            *own |= 1 << (needed % 64);
        }
    }

    fn waits(&self, at: usize, needed: usize) -> bool {
        self.before.get(at * self.words + needed / 64).is_some_and(|word| word >> (needed % 64) & 1 == 1)
    }

    /// Whether two phases never run at once.
    fn is_given(&self, (one, two): (usize, usize)) -> bool {
        self.waits(one, two) || self.waits(two, one)
    }
}
