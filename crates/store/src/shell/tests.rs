use super::{Expired, InTheWay, Runs, ShellError, ShellState};
use coordinate_model::shell::{Aside, Value, VariableName, Variables, WorkflowId};
use coordinate_model::time::UtcMillis;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const DAY: i64 = 24 * 3600 * 1000;

struct Place {
    _folder: tempfile::TempDir,
    file: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("shell.db");
        Self { _folder: folder, file }
    }

    fn state(&self) -> ShellState {
        ShellState::open_or_create(&self.file).unwrap()
    }

    /// A state with these workflows, made at time 0.
    fn with(&self, ids: &[&str]) -> ShellState {
        let mut state = self.state();
        for one in ids {
            assert!(state.init(&id(one), Path::new("/x"), UtcMillis(0)).unwrap());
        }
        state
    }
}

fn id(text: &str) -> WorkflowId {
    text.parse().unwrap()
}

fn ids(texts: &[&str]) -> BTreeSet<WorkflowId> {
    texts.iter().map(|text| id(text)).collect()
}

fn name(text: &str) -> VariableName {
    text.parse().unwrap()
}

fn text(bytes: &[u8]) -> Value {
    Value::Text(bytes.to_vec())
}

#[test]
fn a_missing_file_is_no_state_and_nothing_is_made_by_looking() {
    let place = Place::new();
    assert!(ShellState::open(&place.file).unwrap().is_none());
    assert!(!place.file.exists());
}

#[test]
fn only_the_owner_may_read_the_file() {
    let place = Place::new();
    let mut state = place.with(&["w"]);
    state.set(&id("w"), &name("A"), &text(b"secret"), UtcMillis(1)).unwrap();
    for suffix in ["", "-wal"] {
        let file = format!("{}{suffix}", place.file.display());
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn values_are_read_back_after_reopening_byte_for_byte() {
    let place = Place::new();
    let bytes: Vec<u8> = (1..=255).collect();
    let mut state = place.with(&["w"]);
    state.set(&id("w"), &name("A"), &text(&bytes), UtcMillis(1)).unwrap();
    state.set(&id("w"), &name("E"), &Value::List(Vec::new()), UtcMillis(1)).unwrap();
    state.append(&id("w"), &name("L"), &[bytes.clone(), Vec::new()], UtcMillis(1)).unwrap();
    state.append(&id("w"), &name("L"), &[b"z".to_vec()], UtcMillis(2)).unwrap();
    drop(state);
    let state = ShellState::open(&place.file).unwrap().unwrap();
    let list = Value::List(vec![bytes.clone(), Vec::new(), b"z".to_vec()]);
    assert_eq!(state.get(&id("w"), &name("L")).unwrap(), Some(list.clone()));
    assert_eq!(state.get(&id("w"), &name("E")).unwrap(), Some(Value::List(Vec::new())));
    let all: Vec<Value> = state.variables(&id("w")).unwrap().into_values().collect();
    assert_eq!(all, [text(&bytes), Value::List(Vec::new()), list]);
}

#[test]
fn a_list_becomes_a_text_and_back_without_old_elements() {
    let place = Place::new();
    let mut state = place.with(&["w"]);
    let (w, a) = (id("w"), name("A"));
    state.append(&w, &a, &[b"1".to_vec(), b"2".to_vec()], UtcMillis(1)).unwrap();
    state.set(&w, &a, &text(b"t"), UtcMillis(2)).unwrap();
    assert!(matches!(state.append(&w, &a, &[b"3".to_vec()], UtcMillis(3)), Err(ShellError::NotAList { .. })));
    assert_eq!(state.get(&w, &a).unwrap(), Some(text(b"t")));
    state.set(&w, &a, &Value::List(vec![b"4".to_vec()]), UtcMillis(4)).unwrap();
    assert_eq!(state.get(&w, &a).unwrap(), Some(Value::List(vec![b"4".to_vec()])));
    state.unset(&w, &[a.clone(), name("MISSING")], UtcMillis(5)).unwrap();
    assert_eq!(state.get(&w, &a).unwrap(), None);
}

#[test]
fn workflows_do_not_see_each_other_and_a_missing_one_is_an_error() {
    let place = Place::new();
    let mut state = place.with(&["one", "two"]);
    state.set(&id("one"), &name("A"), &text(b"1"), UtcMillis(1)).unwrap();
    assert_eq!(state.get(&id("two"), &name("A")).unwrap(), None);
    let gone = |result: Result<(), ShellError>| matches!(result, Err(ShellError::NoWorkflow { .. }));
    assert!(gone(state.get(&id("three"), &name("A")).map(drop)));
    assert!(gone(state.variables(&id("three")).map(drop)));
    assert!(gone(state.set(&id("three"), &name("A"), &text(b"1"), UtcMillis(1))));
    assert!(!state.init(&id("one"), Path::new("/y"), UtcMillis(2)).unwrap());
    assert_eq!(state.get(&id("one"), &name("A")).unwrap(), Some(text(b"1")));
}

#[test]
fn clearing_keeps_aggregations_only() {
    let place = Place::new();
    let mut state = place.with(&["w"]);
    let w = id("w");
    state.set(&w, &name("A"), &text(b"1"), UtcMillis(1)).unwrap();
    state.save_checkpoint(&w, &id("resume"), (b"{}", false), UtcMillis(1)).unwrap();
    state.save_checkpoint(&w, &id("research_supervisor"), (b"{ }", true), UtcMillis(1)).unwrap();
    assert!(state.clear(&w, false, UtcMillis(2)).unwrap());
    assert!(!state.clear(&w, false, UtcMillis(3)).unwrap());
    assert!(matches!(state.get(&w, &name("A")), Err(ShellError::NoWorkflow { .. })));
    assert!(state.workflows().unwrap().is_empty());
    assert_eq!(state.checkpoint(&w, &id("resume")).unwrap(), None);
    assert_eq!(state.checkpoint(&w, &id("research_supervisor")).unwrap(), Some(b"{ }".to_vec()));
    assert!(state.init(&w, Path::new("/x"), UtcMillis(4)).unwrap());
    assert_eq!(state.variables(&w).unwrap().len(), 0);
    assert!(state.clear(&w, true, UtcMillis(5)).unwrap());
    assert_eq!(state.checkpoints().unwrap(), []);
}

#[test]
fn pruning_takes_old_state_and_never_that_of_an_open_run() {
    let place = Place::new();
    let mut state = place.with(&["old", "open", "fresh", "ended"]);
    let now = UtcMillis(8 * DAY);
    state.save_checkpoint(&id("old"), &id("c"), (b"1", false), UtcMillis(0)).unwrap();
    state.set(&id("fresh"), &name("A"), &text(b"1"), UtcMillis(2 * DAY)).unwrap();
    state.set(&id("ended"), &name("A"), &text(b"1"), UtcMillis(8 * DAY)).unwrap();
    let runs = runs(&["open"], &["ended"]);
    assert_eq!(pruned(&mut state, &runs, now), ["old", "ended"]);
    let left: Vec<WorkflowId> = state.workflows().unwrap().into_iter().map(|one| one.id).collect();
    assert_eq!(left, [id("open"), id("fresh")]);
    // The checkpoint has longer than the variables.
    assert!(state.checkpoint(&id("old"), &id("c")).unwrap().is_some());
    assert_eq!(pruned(&mut state, &runs, UtcMillis(31 * DAY)), ["old", "fresh"]);
    assert!(state.checkpoint(&id("old"), &id("c")).unwrap().is_none());
    assert_eq!(pruned(&mut state, &runs, UtcMillis(99 * DAY)), Vec::<String>::new());
}

fn runs(open: &[&str], ended: &[&str]) -> Runs {
    Runs { open: ids(open), ended: ids(ended) }
}

/// Prunes, and names the workflows of which something went.
#[track_caller]
fn pruned(state: &mut ShellState, runs: &Runs, now: UtcMillis) -> Vec<String> {
    let named = |expired: &[Expired]| expired.iter().map(|one| one.aside.workflow.clone()).collect::<Vec<_>>();
    let before = named(&state.expired(runs, now).unwrap());
    let gone: Result<_, ShellError> = state.prune(runs, now, |_| Ok(()));
    let gone = named(&gone.unwrap());
    assert_eq!(before, gone, "the list is another than what went");
    gone
}

/// Some state that is too old at `LATER`: all bytes, lists, an aggregation, and checkpoints of two ages.
fn old_state(place: &Place) -> ShellState {
    let mut state = place.with(&["w"]);
    let w = id("w");
    let bytes: Vec<u8> = (1..=255).collect();
    state.set(&w, &name("A"), &text(&bytes), UtcMillis(1)).unwrap();
    state.set(&w, &name("N"), &text(b""), UtcMillis(1)).unwrap();
    state.set(&w, &name("E"), &Value::List(Vec::new()), UtcMillis(1)).unwrap();
    state.append(&w, &name("L"), &[bytes, Vec::new(), b"$(x)".to_vec()], UtcMillis(2)).unwrap();
    state.save_checkpoint(&w, &id("c"), (b"{ \"n\": 1.50 }\n", false), UtcMillis(3)).unwrap();
    state.save_checkpoint(&w, &id("s"), (b"{ }", true), UtcMillis(3)).unwrap();
    state
}

const LATER: UtcMillis = UtcMillis(40 * DAY);

fn put_aside(state: &mut ShellState) -> Vec<Expired> {
    let gone: Result<_, ShellError> = state.prune(&Runs::default(), LATER, |_| Ok(()));
    gone.unwrap()
}

/// All that a workflow has.
fn all(state: &ShellState) -> (Variables, BTreeMap<WorkflowId, Vec<u8>>) {
    let named = state.checkpoints().unwrap().into_iter().map(|row| row.name);
    let named = named.map(|name| (name.clone(), state.checkpoint(&id("w"), &name).unwrap().unwrap())).collect();
    (state.variables(&id("w")).unwrap(), named)
}

#[test]
fn what_was_pruned_comes_back_exactly_and_is_kept_anew() {
    let place = Place::new();
    let mut state = old_state(&place);
    let before = all(&state);
    let gone = put_aside(&mut state);
    assert_eq!((gone.len(), gone[0].why.as_str()), (1, "not changed for 39 days"));
    assert!(state.variables(&id("w")).is_err());
    assert_eq!(state.checkpoint(&id("w"), &id("s")).unwrap(), Some(b"{ }".to_vec()), "an aggregation went");
    assert_eq!(state.restore(&gone[0].aside, LATER).unwrap(), None);
    assert_eq!(all(&state), before);
    assert_eq!(pruned(&mut state, &Runs::default(), UtcMillis(LATER.0 + DAY)), Vec::<String>::new());
    // A restore that was cut off is done again and changes nothing.
    assert_eq!(state.restore(&gone[0].aside, LATER).unwrap(), None);
    assert_eq!(all(&state), before);
    // It can be put aside and brought back once more, also into a new file.
    let again = state.expired(&Runs::default(), UtcMillis(99 * DAY)).unwrap();
    let elsewhere = Place::new();
    let mut other = elsewhere.state();
    assert_eq!(other.restore(&again[0].aside, LATER).unwrap(), None);
    assert_eq!(other.variables(&id("w")).unwrap(), state.variables(&id("w")).unwrap());
}

#[test]
fn nothing_is_removed_that_was_not_kept() {
    let place = Place::new();
    let mut state = old_state(&place);
    let before = all(&state);
    let error = ShellError::Foreign { place: "disk full".to_owned() };
    let refused = state.prune(&Runs::default(), LATER, |_| Err(error)).unwrap_err();
    assert!(refused.to_string().contains("disk full"));
    assert_eq!(all(&state), before);
    let fresh: Result<_, ShellError> = state.prune(&runs(&["w"], &[]), LATER, |_| panic!("nothing is to be kept"));
    assert_eq!(fresh.unwrap(), []);
}

#[test]
fn new_state_in_the_way_of_a_restore_stays_as_it_is() {
    let place = Place::new();
    let mut state = old_state(&place);
    let gone = put_aside(&mut state).remove(0).aside;
    let w = id("w");
    state.init(&w, Path::new("/y"), LATER).unwrap();
    state.set(&w, &name("A"), &text(b"new"), LATER).unwrap();
    assert_eq!(state.restore(&gone, LATER).unwrap(), Some(InTheWay::State));
    assert_eq!(state.variables(&w).unwrap().into_values().collect::<Vec<_>>(), [text(b"new")]);
    state.save_checkpoint(&w, &id("c"), (b"2", false), LATER).unwrap();
    let only_checkpoints = Aside { variables: None, ..gone };
    assert_eq!(state.restore(&only_checkpoints, LATER).unwrap(), Some(InTheWay::Checkpoint("c".to_owned())));
    assert_eq!(state.checkpoint(&w, &id("c")).unwrap(), Some(b"2".to_vec()));
}

#[test]
fn checkpoints_alone_come_back_to_a_workflow_with_or_without_state() {
    let place = Place::new();
    let mut state = old_state(&place);
    let w = id("w");
    state.set(&w, &name("N"), &text(b"in use"), UtcMillis(39 * DAY)).unwrap();
    let before = all(&state);
    let gone = put_aside(&mut state).remove(0);
    assert_eq!((&gone.aside.variables, gone.why.as_str()), (&None, "saved 39 days ago"));
    assert_eq!(all(&state).0, before.0);
    assert_eq!(state.restore(&gone.aside, LATER).unwrap(), None);
    assert_eq!(all(&state), before);
    let elsewhere = Place::new();
    let mut other = elsewhere.state();
    assert_eq!(other.restore(&gone.aside, LATER).unwrap(), None);
    assert!(other.variables(&w).is_err() && other.checkpoint(&w, &id("c")).unwrap().is_some());
}

#[test]
fn foreign_and_newer_files_are_refused_with_the_remedy() {
    let place = Place::new();
    std::fs::write(&place.file, "no database, but long enough to be taken for the head of one").unwrap();
    assert!(matches!(ShellState::open(&place.file), Err(ShellError::Foreign { .. })));
    std::fs::write(&place.file, "").unwrap();
    assert!(matches!(ShellState::open(&place.file), Err(ShellError::Foreign { .. })));
    std::fs::remove_file(&place.file).unwrap();
    place.state().connection.pragma_update(None, "user_version", 2).unwrap();
    let error = ShellState::open(&place.file).unwrap_err();
    assert!(error.to_string().contains("install a newer"), "{error}");
}

#[test]
fn threads_that_make_and_write_it_at_once_lose_nothing() {
    let place = Place::new();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let place = &place;
            scope.spawn(move || {
                let mut state = place.state();
                state.init(&id("w"), Path::new("/x"), UtcMillis(0)).unwrap();
                for item in 0..10 {
                    let item = format!("{thread}-{item}").into_bytes();
                    state.append(&id("w"), &name("L"), &[item], UtcMillis(1)).unwrap();
                }
            });
        }
    });
    let Some(Value::List(items)) = place.state().get(&id("w"), &name("L")).unwrap() else { panic!("no list") };
    assert_eq!(items.len(), 80);
    assert_eq!(items.iter().collect::<BTreeSet<_>>().len(), 80);
    assert_eq!(
        std::fs::read_dir(place.file.parent().unwrap())
            .unwrap()
            .flatten()
            .filter(|entry| {
                let name = entry.file_name();
                name.to_string_lossy().contains("ThreadId")
            })
            .count(),
        0,
        "drafts are left"
    );
}
