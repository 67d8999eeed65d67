//! Revisions, files in trees, commits, merges.

use crate::git::testing::{AT, Sandbox};
use coordinate_engine::port::{CommitSpec, MergeOutcome, Repository};
use coordinate_model::ids::Oid;
use coordinate_model::time::UtcMillis;

/// Names that trip programs over blanks, options, quoting and pathspec magic.
const ODD: &[&str] = &["a b", "-dash", "new\nline", "ünï/çode", "\"quoted\"", ":(top)x", "star*", "tab\there"];

fn spec(tree: Oid, parents: Vec<Oid>) -> CommitSpec {
    CommitSpec { tree, parents, message: "a: message\n\nbody\n".to_owned(), at: AT }
}

#[test]
fn head_is_told_on_a_branch_detached_and_without_commits() {
    let sandbox = Sandbox::new();
    let repository = sandbox.open();
    let head = repository.head().unwrap();
    assert_eq!((head.branch.as_deref(), head.commit), (Some("refs/heads/main"), None));
    let commit = sandbox.commit(&[("file", "1\n")]);
    let head = repository.head().unwrap();
    assert_eq!((head.branch.as_deref(), head.commit), (Some("refs/heads/main"), Some(commit.clone())));
    sandbox.git(&["checkout", "-q", "--detach"]);
    let head = repository.head().unwrap();
    assert_eq!((head.branch, head.commit), (None, Some(commit)));
}

#[test]
fn only_revisions_of_commits_resolve() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    let repository = sandbox.open();
    assert_eq!(repository.resolve("main").unwrap(), Some(sandbox.oid("HEAD")));
    for nothing in ["nope", "HEAD:file", "-x", "a..b", "", "HEAD~9"] {
        assert_eq!(repository.resolve(nothing).unwrap(), None, "{nothing}");
    }
}

#[test]
fn odd_names_are_written_read_listed_and_found_changed() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    let repository = sandbox.open();
    let head = sandbox.oid("HEAD");
    let files: Vec<(String, Vec<u8>)> =
        ODD.iter().map(|name| ((*name).to_owned(), format!("in {name}").into_bytes())).collect();
    let tree = repository.write_files(&head, &files).unwrap();
    for (name, content) in &files {
        assert_eq!(repository.read_file(&tree, name).unwrap().as_ref(), Some(content), "{name}");
        assert_eq!(repository.read_file(&head, name).unwrap(), None, "{name}");
    }
    let mut expected: Vec<&str> = ODD.to_vec();
    expected.sort_unstable();
    assert_eq!(repository.changed_paths(&head, &tree).unwrap(), expected);
    assert_eq!(repository.read_file(&tree, "file").unwrap(), Some(b"1\n".to_vec()));
    assert_eq!(repository.read_file(&tree, "ünï").unwrap(), None);
    assert!(repository.read_file(&tree, "../file").is_err());
    assert_eq!(repository.blob_of(&head, "file").unwrap(), Some(sandbox.oid("HEAD:file")));
    assert_eq!(repository.blob_of(&head, "ünï").unwrap(), None);
    let inside = repository.write_files(&head, &[("a folder/inside".to_owned(), b"1".to_vec())]).unwrap();
    let folders =
        ["a folder", "a folder/inside", "file", "none"].map(|path| repository.has_folder(&inside, path).unwrap());
    assert_eq!(folders, [true, false, false, false]);
}

#[test]
fn writing_keeps_the_mode_and_the_exact_bytes() {
    let sandbox = Sandbox::with_commit(&[(".gitattributes", "* text=auto\n"), ("run.sh", "1\n"), ("dir/file", "1\n")]);
    sandbox.git(&["update-index", "--chmod=+x", "run.sh"]);
    sandbox.git(&["commit", "-q", "-m", "executable"]);
    let repository = sandbox.open();
    let before = sandbox.git(&["status", "--porcelain"]);
    let files = [("run.sh".to_owned(), b"2\r\n\0".to_vec()), ("new".to_owned(), Vec::new())];
    let tree = repository.write_files(&sandbox.oid("HEAD"), &files).unwrap();
    assert_eq!(
        sandbox.listing(tree.as_str()),
        ["100644 .gitattributes", "100644 dir/file", "100644 new", "100755 run.sh"]
    );
    assert_eq!(repository.read_file(&tree, "run.sh").unwrap(), Some(b"2\r\n\0".to_vec()));
    assert_eq!(repository.read_file(&tree, "new").unwrap(), Some(Vec::new()));
    assert!(repository.write_files(&tree, &[("dir".to_owned(), Vec::new())]).is_err());
    assert_eq!(repository.write_files(&tree, &[]).unwrap(), tree);
    assert_eq!(sandbox.git(&["status", "--porcelain"]), before, "the checkout is untouched");
}

#[test]
fn a_path_that_is_not_utf8_is_an_error_that_names_it() {
    use std::os::unix::ffi::OsStrExt;
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    let first = sandbox.oid("HEAD");
    std::fs::write(sandbox.top().join(std::ffi::OsStr::from_bytes(b"caf\xe9")), "x").unwrap();
    let second = sandbox.commit(&[]);
    let error = sandbox.open().changed_paths(&first, &second).unwrap_err().to_string();
    assert!(error.contains("caf\u{fffd}") && error.contains("rename"), "{error}");
}

#[test]
fn ignored_is_what_git_ignores_and_does_not_track() {
    let sandbox = Sandbox::with_commit(&[("kept.log", "1\n")]);
    sandbox.commit(&[(".gitignore", "*.log\n/specs/\n:odd\n")]);
    let repository = sandbox.open();
    for (path, ignored) in
        [("x.log", true), ("kept.log", false), ("specs/001_a/plan.md", true), ("src/a", false), (":odd", true)]
    {
        assert_eq!(repository.is_ignored(path).unwrap(), ignored, "{path}");
    }
}

#[test]
fn a_commit_is_the_same_object_each_time_and_needs_nothing_of_the_user() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    sandbox.git(&["config", "commit.gpgSign", "true"]);
    sandbox.git(&["config", "gpg.program", "/nonexistent/gpg"]);
    sandbox.git(&["config", "i18n.commitEncoding", "ISO-8859-1"]);
    let repository = sandbox.open();
    let spec = spec(sandbox.oid("HEAD^{tree}"), vec![sandbox.oid("HEAD")]);
    let first = repository.commit(&spec).unwrap();
    assert_eq!(sandbox.open().commit(&spec).unwrap(), first);
    let raw = sandbox.git(&["cat-file", "commit", first.as_str()]);
    let expected = format!(
        "tree {}\nparent {}\nauthor coordinate <coordinate@localhost> 1700000000 +0000\n\
         committer coordinate <coordinate@localhost> 1700000000 +0000\n\na: message\n\nbody",
        spec.tree,
        sandbox.oid("HEAD")
    );
    assert_eq!(raw, expected);
}

#[test]
fn the_users_identity_is_used_where_it_is_whole() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    sandbox.git(&["config", "user.name", "Zoë"]);
    let author = |sandbox: &Sandbox| {
        let commit = sandbox.open().commit(&spec(sandbox.oid("HEAD^{tree}"), Vec::new())).unwrap();
        sandbox.git(&["log", "-1", "--format=%an <%ae>", commit.as_str()])
    };
    assert_eq!(author(&sandbox), "coordinate <coordinate@localhost>");
    sandbox.git(&["config", "user.email", "zoe@example.org"]);
    assert_eq!(author(&sandbox), "Zoë <zoe@example.org>");
    sandbox.git(&["config", "user.name", "..."]);
    assert_eq!(author(&sandbox), "coordinate <coordinate@localhost>");
}

#[test]
fn a_date_before_the_epoch_is_the_epoch() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    let spec = CommitSpec { at: UtcMillis(-5000), ..spec(sandbox.oid("HEAD^{tree}"), Vec::new()) };
    let commit = sandbox.open().commit(&spec).unwrap();
    assert_eq!(sandbox.git(&["log", "-1", "--format=%at", commit.as_str()]), "0");
}

#[test]
fn sides_that_do_not_meet_merge_cleanly() {
    let sandbox = Sandbox::with_commit(&[("a", "1\n"), ("b", "1\n")]);
    let theirs = sandbox.commit(&[("a", "2\n")]);
    sandbox.git(&["reset", "-q", "--hard", "HEAD~"]);
    let ours = sandbox.commit(&[("b", "2\n")]);
    let repository = sandbox.open();
    let MergeOutcome::Clean(tree) = repository.merge(&ours, &theirs).unwrap() else { panic!("a conflict") };
    assert_eq!(repository.read_file(&tree, "a").unwrap(), Some(b"2\n".to_vec()));
    assert_eq!(repository.read_file(&tree, "b").unwrap(), Some(b"2\n".to_vec()));
    assert_eq!(repository.merge(&ours, &ours).unwrap(), MergeOutcome::Clean(repository.tree_of(&ours).unwrap()));
    assert!(repository.is_ancestor(&sandbox.oid("HEAD~"), &ours).unwrap());
    assert!(!repository.is_ancestor(&ours, &theirs).unwrap());
}

#[test]
fn every_kind_of_conflict_is_told_with_its_path() {
    let long = "line\n".repeat(20);
    let sandbox = Sandbox::with_commit(&[("both ways\n", "1\n"), ("gone", "1\n"), ("moved", &long), ("plain", "1\n")]);
    std::fs::remove_file(sandbox.top().join("gone")).unwrap();
    std::fs::remove_file(sandbox.top().join("moved")).unwrap();
    let theirs = sandbox.commit(&[("both ways\n", "2\n"), ("new", "theirs\n"), ("plain", "2\n")]);
    sandbox.git(&["reset", "-q", "--hard", "HEAD~"]);
    sandbox.git(&["mv", "moved", "renamed"]);
    let ours = sandbox.commit(&[("both ways\n", "3\n"), ("gone", "2\n"), ("new", "ours\n")]);
    let MergeOutcome::Conflicts { paths, messages, tree } = sandbox.open().merge(&ours, &theirs).unwrap() else {
        panic!("no conflict")
    };
    assert_eq!(paths, ["both ways\n", "gone", "moved", "new", "renamed"]);
    for kind in ["(content)", "(modify/delete)", "(rename/delete)", "(add/add)"] {
        assert!(messages.contains(kind), "{kind} in {messages}");
    }
    let marked = sandbox.open().read_file(&tree, "new").unwrap().unwrap();
    let marked = String::from_utf8(marked).unwrap();
    assert_eq!(marked, format!("<<<<<<< {ours}\nours\n=======\ntheirs\n>>>>>>> {theirs}\n"));
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
}

#[test]
fn histories_without_a_common_commit_are_an_error() {
    let sandbox = Sandbox::with_commit(&[("a", "1\n")]);
    let repository = sandbox.open();
    let other = repository.commit(&spec(sandbox.oid("HEAD^{tree}"), Vec::new())).unwrap();
    let error = repository.merge(&sandbox.oid("HEAD"), &other).unwrap_err().to_string();
    assert!(error.contains("unrelated histories"), "{error}");
}
