//! A batch that is cut off anywhere leaves the old tree or the new one.

use super::*;
use std::cell::Cell;
use std::collections::BTreeMap;

/// A disk that fails at its nth change: once, or from then on, as after a kill; with the change done or not.
struct Failing {
    at: usize,
    for_ever: bool,
    done: bool,
    count: Cell<usize>,
}

impl Failing {
    fn new(at: usize, for_ever: bool, done: bool) -> Self {
        Self { at, for_ever, done, count: Cell::new(0) }
    }

    fn change(&self, change: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let count = self.count.get() + 1;
        self.count.set(count);
        let fails = count == self.at || (self.for_ever && count > self.at);
        if !fails {
            return change();
        }
        if count == self.at && self.done {
            change()?;
        }
        Err(io::Error::other("no more"))
    }
}

impl Disk for Failing {
    fn write(&self, path: &Path, bytes: &[u8], mode: Option<u32>) -> io::Result<()> {
        self.change(|| SystemDisk.write(path, bytes, mode))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.change(|| SystemDisk.remove(path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.change(|| SystemDisk.rename(from, to))
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        self.change(|| SystemDisk.make_folder(path))
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.change(|| SystemDisk.remove_folder(path))
    }

    fn discard(&self, path: &Path) -> io::Result<()> {
        self.change(|| SystemDisk.discard(path))
    }
}

/// A project, and where its batches are recorded.
struct World {
    _folder: tempfile::TempDir,
    root: PathBuf,
    records: PathBuf,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (root, records) = (folder.path().join("project"), folder.path().join("state/batches"));
        for (path, text) in [("specs/001_a/plans/001_a.md", "plan"), ("specs/001_a/note.md", "note"), ("b.md", "b")] {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Self { _folder: folder, root, records }
    }

    fn open<'d>(&self, disk: &'d dyn Disk) -> Batches<'d> {
        Batches::open(&self.root, &self.records, disk).unwrap()
    }

    fn write(&self, path: &str, text: &str) {
        std::fs::write(self.root.join(path), text).unwrap();
    }

    /// Everything below the root; folders end in a slash.
    fn tree(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        walk(&self.root, "", &mut found);
        found
    }

    fn records(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.records).unwrap().flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
        names.retain(|name| name != "lock");
        names
    }
}

fn walk(folder: &Path, prefix: &str, found: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            found.insert(format!("{name}/"), String::new());
            walk(&entry.path(), &format!("{name}/"), found);
        } else {
            found.insert(name, std::fs::read_to_string(entry.path()).unwrap());
        }
    }
}

/// One of everything: a file that changes and moves with its folder, a new one, one that goes, a folder that goes.
fn operations() -> Vec<Operation> {
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        Operation::Rename { from: "specs/001_a".to_owned(), to: "specs/archive/001_a".to_owned() },
        Operation::Write {
            path: "specs/001_a/note.md".to_owned(),
            before: Some(text("note")),
            after: text("note, moved"),
        },
        Operation::Write { path: "x/y/new.md".to_owned(), before: None, after: text("new") },
        Operation::Remove { path: "old/c.md".to_owned(), before: text("c") },
        Operation::RemoveFolder { path: "old".to_owned() },
        Operation::Write { path: "b.md".to_owned(), before: Some(text("b")), after: text("b2") },
    ]
}

fn world() -> World {
    let world = World::new();
    std::fs::create_dir(world.root.join("old")).unwrap();
    world.write("old/c.md", "c");
    world
}

/// The tree before, the tree after, and how many changes lead from one to the other.
fn ends() -> (BTreeMap<String, String>, BTreeMap<String, String>, usize) {
    let world = world();
    let before = world.tree();
    let disk = Failing::new(usize::MAX, false, false);
    assert!(world.open(&disk).perform("one", "a batch", operations()).unwrap());
    assert_eq!(world.records(), Vec::<String>::new());
    (before, world.tree(), disk.count.get())
}

#[test]
fn a_batch_does_all_and_again_nothing() {
    let world = world();
    let batches = world.open(&SystemDisk);
    assert!(batches.perform("one", "a batch", operations()).unwrap());
    let tree = world.tree();
    let shown: Vec<String> = tree.iter().map(|(path, text)| format!("{path} {text}")).collect();
    let expected = [
        "b.md b2",
        "specs/ ",
        "specs/archive/ ",
        "specs/archive/001_a/ ",
        "specs/archive/001_a/note.md note, moved",
        "specs/archive/001_a/plans/ ",
        "specs/archive/001_a/plans/001_a.md plan",
        "x/ ",
        "x/y/ ",
        "x/y/new.md new",
    ];
    assert_eq!(shown, expected);
    assert!(!batches.perform("two", "a batch", operations()).unwrap());
    assert_eq!(world.tree(), tree);
}

/// Shows S26.
#[test]
fn cut_off_at_any_change_the_tree_is_the_old_or_the_new_one() {
    let (before, after, changes) = ends();
    assert!(changes > 12, "{changes}");
    for at in 1..=changes {
        for done in [false, true] {
            let world = world();
            let disk = Failing::new(at, true, done);
            let outcome = world.open(&disk).perform("one", "a batch", operations());
            let taken_back = world.open(&SystemDisk).taken_back().to_vec();
            let tree = world.tree();
            assert!(tree == before || tree == after, "cut off at {at}, done: {done}: {tree:#?}");
            assert_eq!(
                tree == after,
                outcome.is_ok() || (taken_back.is_empty() && tree == after),
                "at {at}: {outcome:?}"
            );
            assert_eq!(world.records(), Vec::<String>::new(), "at {at}");
            // The same again does the rest, or nothing.
            let again = world.open(&SystemDisk).perform("two", "a batch", operations()).unwrap();
            assert_eq!((again, world.tree()), (tree == before, after.clone()), "at {at}");
        }
    }
}

#[test]
fn one_failure_at_any_change_is_taken_back_at_once() {
    let (before, after, changes) = ends();
    for (at, done) in (1..=changes).flat_map(|at| [(at, false), (at, true)]) {
        let world = world();
        let disk = Failing::new(at, false, done);
        let outcome = world.open(&disk).perform("one", "a batch", operations());
        let expected = if outcome.is_ok() { &after } else { &before };
        assert_eq!(&world.tree(), expected, "failed at {at}, done: {done}: {outcome:?}");
    }
}

#[test]
fn a_roll_back_that_is_cut_off_is_gone_on_with() {
    let (before, _, changes) = ends();
    let began = changes - 2;
    for at in 1..20 {
        let world = world();
        let _ = world.open(&Failing::new(began, true, true)).perform("one", "a batch", operations());
        let _ = Batches::open(&world.root, &world.records, &Failing::new(at, true, true));
        drop(world.open(&SystemDisk));
        assert_eq!(world.tree(), before, "cut off at {at}");
    }
}

#[test]
fn what_somebody_changed_since_is_never_written_over() {
    let (before, _, changes) = ends();
    let world = world();
    let _ = world.open(&Failing::new(changes - 2, true, true)).perform("one", "a batch", operations());
    world.write("b.md", "mine");
    let tree = world.tree();
    for _ in 0..2 {
        let Err(BatchError::Stuck { paths, folder, .. }) = Batches::open(&world.root, &world.records, &SystemDisk)
        else {
            panic!("the change was not seen")
        };
        assert_eq!((paths, world.tree()), (vec!["b.md".to_owned()], tree.clone()));
        assert!(folder.is_dir());
    }
    world.write("b.md", "b");
    assert_eq!(world.open(&SystemDisk).taken_back(), ["a batch"]);
    assert_eq!(world.tree(), before);
}

#[test]
fn what_the_caller_has_not_seen_stops_the_batch_before_it_begins() {
    let world = world();
    world.write("b.md", "edited");
    let tree = world.tree();
    let error = world.open(&SystemDisk).perform("one", "a batch", operations()).unwrap_err();
    assert!(matches!(&error, BatchError::Changed { path } if path == "b.md"), "{error}");
    assert_eq!(world.tree(), tree);
    std::fs::create_dir_all(world.root.join("specs/archive/001_a")).unwrap();
    let error = world.open(&SystemDisk).perform("one", "a batch", operations()).unwrap_err();
    assert!(matches!(&error, BatchError::Taken { path } if path == "specs/archive/001_a"), "{error}");
}

#[test]
fn nothing_outside_the_project_is_touched() {
    let world = world();
    let outside = world.root.parent().unwrap().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("x.md"), "x").unwrap();
    std::os::unix::fs::symlink(&outside, world.root.join("out")).unwrap();
    std::os::unix::fs::symlink(outside.join("x.md"), world.root.join("link.md")).unwrap();
    let paths = ["../outside/x.md", "/etc/x.md", "out/x.md", "out/deep/x.md", "link.md", "", "a/../../x.md"];
    for path in paths {
        let write = Operation::Write { path: path.to_owned(), before: Some(b"x".to_vec()), after: b"y".to_vec() };
        let error = world.open(&SystemDisk).perform("one", "a batch", vec![write]).unwrap_err();
        assert!(matches!(error, BatchError::Refused { .. }), "{path}: {error}");
    }
    assert_eq!(std::fs::read_to_string(outside.join("x.md")).unwrap(), "x");
}

#[test]
fn a_file_keeps_its_permissions() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = world();
    let place = world.root.join("b.md");
    std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o640)).unwrap();
    let mode = || place.metadata().unwrap().permissions().mode() & 0o777;
    world.open(&SystemDisk).perform("one", "a batch", operations()).unwrap();
    assert_eq!(mode(), 0o640);
}

#[test]
fn a_record_of_a_newer_program_is_left_alone() {
    let world = world();
    let folder = world.records.join("one");
    drop(world.open(&SystemDisk));
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("batch.json"), r#"{"format": 2, "moon": 1}"#).unwrap();
    let error = recover(&world.root, &world.records).unwrap_err();
    assert!(error.to_string().contains("newer format 2"), "{error}");
    assert!(folder.is_dir());
}
