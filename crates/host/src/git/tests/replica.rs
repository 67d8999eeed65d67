//! A replica has another repository's objects, and its trees are brought to what snapshots keep.

use crate::git::testing::{AT, Sandbox, files_in, write_in};
use coordinate_engine::port::Repository;

const REF: &str = "refs/coordinate/run/one";

/// An attempt that goes on in its tree takes away what it had left before, uncommitted.
#[test]
fn a_tree_is_brought_from_one_snapshot_to_the_next() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n"), (".gitignore", "built\n")]);
    let repository = sandbox.open();
    let tree = sandbox.tree(&repository, "one");
    let keep = || repository.snapshot(&tree, REF, "kept", AT).unwrap().commit;
    write_in(&tree, "half", "half\n");
    write_in(&tree, "folder/half", "half\n");
    let first = keep();
    std::fs::rename(tree.join("half"), tree.join("whole")).unwrap();
    std::fs::remove_dir_all(tree.join("folder")).unwrap();
    let second = keep();
    let replica = repository.replica(&sandbox.root().join("replica"), None, &sandbox.oid("HEAD"), None).unwrap();
    let again = sandbox.root().join("trees/again");
    replica.add_tree(&again, "side/again", &sandbox.oid("HEAD")).unwrap();
    write_in(&again, "built", "ignored\n");
    write_in(&again, "linked", "no work\n");
    let names = || {
        let files = files_in(&again).into_iter().map(|(path, _)| path);
        files.filter(|path| !path.starts_with(".git")).collect::<Vec<_>>().join(" ")
    };
    replica.replay_tree(&again, &first, &["linked".to_owned()]).unwrap();
    assert_eq!(names(), "built file folder/half half linked");
    replica.replay_tree(&again, &second, &["linked".to_owned()]).unwrap();
    assert_eq!(names(), "built file linked whole");
}
