use super::{ShellError, ShellState};
use coordinate_model::shell::{Value, VariableName, WorkflowId};
use coordinate_model::time::UtcMillis;
use std::collections::BTreeSet;
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
    let pruned = state.prune(&ids(&["open"]), &ids(&["ended"]), now).unwrap();
    assert_eq!(pruned.workflows, [id("old"), id("ended")]);
    let left: Vec<WorkflowId> = state.workflows().unwrap().into_iter().map(|one| one.id).collect();
    assert_eq!(left, [id("open"), id("fresh")]);
    // The checkpoint has longer than the variables.
    assert!(state.checkpoint(&id("old"), &id("c")).unwrap().is_some());
    assert_eq!(state.prune(&ids(&["open"]), &ids(&[]), UtcMillis(31 * DAY)).unwrap().workflows, [id("fresh")]);
    assert!(state.checkpoint(&id("old"), &id("c")).unwrap().is_none());
    assert_eq!(state.prune(&ids(&["open"]), &ids(&[]), UtcMillis(99 * DAY)).unwrap().workflows, []);
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
