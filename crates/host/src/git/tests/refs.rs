//! Refs move only from where they were expected.

use crate::git::testing::Sandbox;
use coordinate_engine::port::{Repository, RepositoryError};

#[test]
fn a_ref_moves_from_the_expected_place_only_and_repeating_is_success() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    let (first, second) = (sandbox.oid("HEAD"), sandbox.commit(&[("file", "2\n")]));
    let third = sandbox.commit(&[("file", "3\n")]);
    let repository = sandbox.open();
    let name = "refs/coordinate/run_1/main";
    for _ in 0..2 {
        repository.move_ref(name, &first, None).unwrap();
    }
    for _ in 0..2 {
        repository.move_ref(name, &second, Some(&first)).unwrap();
    }
    let error = repository.move_ref(name, &third, Some(&first)).unwrap_err();
    assert!(
        matches!(&error, RepositoryError::RefMoved { found, expected, .. }
            if *found == second.to_string() && *expected == first.to_string()),
        "{error}"
    );
    let error = repository.move_ref(name, &third, None).unwrap_err();
    assert!(matches!(&error, RepositoryError::RefMoved { expected, .. } if expected == "nothing"), "{error}");
    let error = repository.move_ref("refs/coordinate/none", &third, Some(&first)).unwrap_err();
    assert!(matches!(&error, RepositoryError::RefMoved { found, .. } if found == "nothing"), "{error}");
    assert_eq!(sandbox.oid(name), second);
}

#[test]
fn refs_are_listed_by_whole_parts_and_deleted_twice() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    let head = sandbox.oid("HEAD");
    let repository = sandbox.open();
    for name in ["refs/coordinate/a/x", "refs/coordinate/a/y/z", "refs/coordinate/ab"] {
        repository.move_ref(name, &head, None).unwrap();
    }
    let names =
        |prefix: &str| -> Vec<String> { repository.refs(prefix).unwrap().into_iter().map(|(name, _)| name).collect() };
    assert_eq!(names("refs/coordinate/a"), ["refs/coordinate/a/x", "refs/coordinate/a/y/z"]);
    assert_eq!(names("refs/coordinate/a/"), names("refs/coordinate/a"));
    assert_eq!(names("refs/nothing"), Vec::<String>::new());
    for _ in 0..2 {
        repository.delete_ref("refs/coordinate/a/x").unwrap();
    }
    assert_eq!(names("refs/coordinate/a"), ["refs/coordinate/a/y/z"]);
}

#[test]
fn a_name_outside_of_refs_writes_nothing() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    let error = sandbox.open().move_ref("stray", &sandbox.oid("HEAD"), None).unwrap_err().to_string();
    assert!(error.contains("refs/"), "{error}");
    assert!(!sandbox.top().join(".git/stray").exists());
}

#[test]
fn hooks_that_would_refuse_are_not_run() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    let hook = sandbox.script("refuse", "echo no >&2; exit 1");
    for name in ["reference-transaction", "post-checkout", "pre-commit", "post-index-change"] {
        let place = sandbox.top().join(".git/hooks").join(name);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::copy(&hook, place).unwrap();
    }
    let refused = sandbox.try_git(&sandbox.top(), &["update-ref", "refs/heads/x", "HEAD"]);
    assert!(!refused.status.success(), "the hook works for the user");
    let repository = sandbox.open();
    repository.move_ref("refs/heads/y", &sandbox.oid("HEAD"), None).unwrap();
    sandbox.tree(&repository, "one");
}
