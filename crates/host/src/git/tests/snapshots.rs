//! Snapshots hold everything, and touch nothing.

use crate::git::testing::{AT, Sandbox, files_in, write_in};
use coordinate_engine::port::{Repository, Snapshot};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

const REF: &str = "refs/coordinate/run/one";

fn snapshot(sandbox: &Sandbox, tree: &Path) -> Snapshot {
    sandbox.open().snapshot(tree, REF, "a snapshot", AT).unwrap()
}

/// Content of a file in a revision.
fn show(sandbox: &Sandbox, what: &str) -> String {
    sandbox.git(&["show", what])
}

#[test]
fn a_clean_tree_has_the_tree_of_its_head() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n"), (".gitignore", "target\n")]);
    let tree = sandbox.tree(&sandbox.open(), "one");
    write_in(&tree, "target/out", "built");
    let taken = snapshot(&sandbox, &tree);
    assert!(taken.clean);
    assert_eq!((taken.head, taken.tree), (sandbox.oid("HEAD"), sandbox.oid("HEAD^{tree}")));
    assert_eq!(sandbox.oid(REF), taken.commit);
    assert_eq!(taken.commit, sandbox.oid("HEAD"), "nothing more than HEAD is there to be kept");
}

/// What a ref stood for, newest first: the first file's content and why it was kept.
fn moments(sandbox: &Sandbox) -> Vec<(String, String)> {
    let mut moments = Vec::new();
    let mut next = Some(REF.to_owned());
    while let Some(commit) = next {
        let message = sandbox.git(&["log", "-1", "--format=%B", &commit]);
        let why = message.lines().next().unwrap_or_default().to_owned();
        moments.push((show(sandbox, &format!("{commit}:file")), why));
        next = message.lines().find_map(|line| line.strip_prefix("Earlier: ")).map(str::to_owned);
    }
    moments
}

/// Shows N2.
#[test]
fn every_moment_that_was_kept_is_reachable_from_the_newest() {
    let sandbox = Sandbox::with_commit(&[("file", "0\n")]);
    let repository = sandbox.open();
    let tree = sandbox.tree(&repository, "one");
    let keep = |why: &str| repository.snapshot(&tree, REF, why, AT).unwrap();
    keep("clean");
    for content in ["1", "2", "2", "3"] {
        write_in(&tree, "file", content);
        keep(&format!("with {content}\n"));
    }
    sandbox.git_in(&tree, &["commit", "-q", "-am", "3"]);
    let committed = keep("committed");
    assert!(committed.clean, "its content is HEAD's, and yet the moments before it are kept");
    sandbox.git_in(&tree, &["reset", "-q", "--hard", "main"]);
    keep("taken back");
    let moments = moments(&sandbox);
    let moments: Vec<_> = moments.iter().map(|(content, why)| (content.as_str(), why.as_str())).collect();
    assert_eq!(
        moments,
        [("0", "taken back"), ("3", "committed"), ("3", "with 3"), ("2", "with 2"), ("1", "with 1")],
        "what is the same is kept once, and what git itself threw away is still there"
    );
}

#[test]
fn of_two_that_keep_one_tree_at_once_neither_pushes_the_other_out() {
    let sandbox = Sandbox::with_commit(&[("file", "0\n")]);
    let repository = sandbox.open();
    let trees: Vec<_> = ["one", "two", "three", "four"].iter().map(|name| sandbox.tree(&repository, name)).collect();
    std::thread::scope(|scope| {
        for (number, tree) in trees.iter().enumerate() {
            let repository = &repository;
            scope.spawn(move || {
                for round in 0..3 {
                    write_in(tree, "file", &format!("{number}.{round}"));
                    repository.snapshot(tree, REF, &format!("{number}.{round}"), AT).unwrap();
                }
            });
        }
    });
    let mut contents: Vec<String> = moments(&sandbox).into_iter().map(|(content, _)| content).collect();
    contents.sort();
    let all: Vec<String> = (0..4).flat_map(|number| (0..3).map(move |round| format!("{number}.{round}"))).collect();
    assert_eq!(contents, all);
}

#[test]
fn changes_of_every_kind_are_held_and_the_tree_is_left_alone() {
    let sandbox = Sandbox::with_commit(&[("changed", "1\n"), ("gone", "1\n"), ("turned", "1\n"), ("run", "1\n")]);
    let tree = sandbox.tree(&sandbox.open(), "one");
    write_in(&tree, "changed", "2\n");
    std::fs::remove_file(tree.join("gone")).unwrap();
    std::fs::remove_file(tree.join("turned")).unwrap();
    write_in(&tree, "turned/into a\nfolder", "x");
    std::fs::set_permissions(tree.join("run"), std::fs::Permissions::from_mode(0o755)).unwrap();
    symlink("changed", tree.join("-link")).unwrap();
    write_in(&tree, ":(top)odd", "odd");
    let (files, index) = (files_in(&tree), sandbox.git_in(&tree, &["ls-files", "-s", "--debug"]));
    let taken = snapshot(&sandbox, &tree);
    assert!(!taken.clean);
    assert_eq!(
        sandbox.listing(REF),
        ["120000 -link", "100644 :(top)odd", "100644 changed", "100755 run", "100644 \"turned/into a\\nfolder\""]
    );
    assert_eq!(show(&sandbox, &format!("{REF}:changed")), "2");
    assert_eq!(files_in(&tree), files);
    assert_eq!(sandbox.git_in(&tree, &["ls-files", "-s", "--debug"]), index);
    assert_eq!(snapshot(&sandbox, &tree), taken, "taken twice it is the same");
    let left: Vec<_> = sandbox.top().join(".git/worktrees/one").read_dir().unwrap().flatten().collect();
    assert!(!left.iter().any(|entry| entry.file_name().to_string_lossy().starts_with("coordinate-index")), "{left:?}");
}

#[test]
fn staged_content_that_is_nowhere_else_is_held_beside() {
    let sandbox = Sandbox::with_commit(&[("file", "head\n")]);
    let tree = sandbox.tree(&sandbox.open(), "one");
    write_in(&tree, "file", "staged\n");
    sandbox.git_in(&tree, &["add", "file"]);
    write_in(&tree, "file", "head\n");
    let taken = snapshot(&sandbox, &tree);
    assert!(!taken.clean, "the files are as in HEAD, but the index is not");
    assert_eq!(show(&sandbox, &format!("{REF}:file")), "head");
    assert_eq!(show(&sandbox, &format!("{REF}^2:file")), "staged");
}

#[test]
fn an_unfinished_merge_is_held_with_its_stages() {
    let sandbox = Sandbox::with_commit(&[("file", "base\n")]);
    let tree = sandbox.tree(&sandbox.open(), "one");
    sandbox.commit(&[("file", "theirs\n")]);
    write_in(&tree, "file", "ours\n");
    sandbox.git_in(&tree, &["commit", "-q", "-am", "ours"]);
    assert!(!sandbox.try_git(&tree, &["merge", "main"]).status.success());
    write_in(&tree, "file", "half resolved\n");
    let taken = snapshot(&sandbox, &tree);
    assert!(!taken.clean);
    assert_eq!(show(&sandbox, &format!("{REF}:file")), "half resolved");
    for (stage, content) in [(1, "base"), (2, "ours"), (3, "theirs")] {
        assert_eq!(show(&sandbox, &format!("{REF}^2:.coordinate-unmerged/{stage}/file")), content);
    }
}

#[test]
fn repositories_made_inside_are_held_file_by_file() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    let tree = sandbox.tree(&sandbox.open(), "one");
    for inner in ["with commit", "with commit/inner", "without"] {
        let folder = tree.join(inner);
        std::fs::create_dir_all(folder.join("sub")).unwrap();
        sandbox.git_in(&folder, &["init", "-q"]);
        write_in(&folder, "sub/file", inner);
        write_in(&folder, ".gitignore", "built\n");
        write_in(&folder, "built", "x");
    }
    sandbox.git_in(&tree.join("with commit"), &["add", "sub"]);
    sandbox.git_in(&tree.join("with commit"), &["commit", "-q", "-m", "inside"]);
    assert!(!snapshot(&sandbox, &tree).clean);
    let expected = [
        "100644 file",
        "100644 with commit/.gitignore",
        "100644 with commit/inner/.gitignore",
        "100644 with commit/inner/sub/file",
        "100644 with commit/sub/file",
        "100644 without/.gitignore",
        "100644 without/sub/file",
    ];
    assert_eq!(sandbox.listing(REF), expected);
}

#[test]
fn a_repository_that_was_committed_as_a_mere_name_is_held_beside() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    let tree = sandbox.tree(&sandbox.open(), "one");
    let inner = tree.join("inner");
    std::fs::create_dir(&inner).unwrap();
    sandbox.git_in(&inner, &["init", "-q"]);
    write_in(&inner, "work", "of hours");
    sandbox.git_in(&inner, &["add", "-A"]);
    sandbox.git_in(&inner, &["commit", "-q", "-m", "inside"]);
    sandbox.git_in(&tree, &["add", "-A"]);
    sandbox.git_in(&tree, &["commit", "-q", "-m", "outside"]);
    assert_eq!(sandbox.git_in(&tree, &["status", "--porcelain"]), "");
    let taken = snapshot(&sandbox, &tree);
    assert!(!taken.clean, "git calls it clean, but the files are in no object of this repository");
    assert_eq!(show(&sandbox, &format!("{REF}^2:inner/work")), "of hours");
}

#[test]
fn a_changed_submodule_is_held_and_an_unchanged_one_is_clean() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    sandbox.git(&["clone", "-q", ".", "../library"]);
    sandbox.git(&["submodule", "--quiet", "add", "../library", "sub"]);
    sandbox.commit(&[]);
    let tree = sandbox.tree(&sandbox.open(), "one");
    assert!(snapshot(&sandbox, &tree).clean, "not initialised");
    sandbox.git_in(&tree, &["submodule", "--quiet", "update", "--init"]);
    assert!(snapshot(&sandbox, &tree).clean, "initialised");
    write_in(&tree, "sub/file", "changed\n");
    assert!(!snapshot(&sandbox, &tree).clean);
    assert_eq!(show(&sandbox, &format!("{REF}^2:sub/file")), "changed");
    sandbox.git_in(&tree.join("sub"), &["commit", "-q", "-am", "inside"]);
    let taken = snapshot(&sandbox, &tree);
    let inside = sandbox.git_in(&tree.join("sub"), &["rev-parse", "HEAD"]);
    let entry = sandbox.git(&["ls-tree", taken.tree.as_str(), "sub"]);
    assert!(entry.contains(&inside), "{entry}");
    std::fs::remove_dir_all(sandbox.top().join(".git/worktrees/one/modules")).unwrap();
    write_in(&tree, "sub/file", "changed again\n");
    snapshot(&sandbox, &tree);
    assert_eq!(show(&sandbox, &format!("{REF}^2:sub/file")), "changed again", "also of a damaged one");
}

#[test]
fn changes_that_git_was_told_not_to_see_are_held() {
    let sandbox = Sandbox::with_commit(&[("assumed", "1\n"), ("skipped", "1\n"), ("absent", "1\n"), ("hidden", "1\n")]);
    let tree = sandbox.tree(&sandbox.open(), "one");
    sandbox.git_in(&tree, &["update-index", "--assume-unchanged", "assumed"]);
    sandbox.git_in(&tree, &["update-index", "--skip-worktree", "skipped", "absent"]);
    std::fs::remove_file(tree.join("absent")).unwrap();
    sandbox.git_in(&tree, &["rm", "-q", "--cached", "hidden"]);
    write_in(&tree, ".gitignore", "hidden\n");
    for path in ["assumed", "skipped", "hidden"] {
        write_in(&tree, path, "2\n");
    }
    assert!(!snapshot(&sandbox, &tree).clean);
    for (path, content) in [("assumed", "2"), ("skipped", "2"), ("hidden", "2"), ("absent", "1")] {
        assert_eq!(show(&sandbox, &format!("{REF}:{path}")), content, "{path}");
    }
}

#[test]
fn commits_aside_of_the_branch_and_an_orphan_branch_are_held() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    let tree = sandbox.tree(&sandbox.open(), "one");
    write_in(&tree, "file", "on the branch\n");
    sandbox.git_in(&tree, &["commit", "-q", "-am", "on the branch"]);
    let tip = sandbox.oid("side/one");
    sandbox.git_in(&tree, &["checkout", "-q", "--detach", "main"]);
    let taken = snapshot(&sandbox, &tree);
    assert_eq!((taken.head, sandbox.oid(&format!("{REF}^2"))), (sandbox.oid("main"), tip));
    sandbox.git_in(&tree, &["checkout", "-q", "--orphan", "fresh"]);
    let taken = snapshot(&sandbox, &tree);
    assert_eq!(taken.head, taken.commit, "there is no other commit to name");
    assert!(!taken.clean);
}

#[test]
fn settings_that_refuse_line_ends_or_split_the_index_do_no_harm() {
    let sandbox = Sandbox::with_commit(&[(".gitattributes", "* text=auto\n"), ("file", "1\n")]);
    for (key, value) in [("core.safecrlf", "true"), ("core.autocrlf", "true"), ("core.splitIndex", "true")] {
        sandbox.git(&["config", key, value]);
    }
    let tree = sandbox.tree(&sandbox.open(), "one");
    sandbox.git_in(&tree, &["update-index", "--split-index"]);
    assert!(snapshot(&sandbox, &tree).clean);
    write_in(&tree, "mixed", "a\nb\r\n");
    assert!(!snapshot(&sandbox, &tree).clean);
    assert_eq!(sandbox.listing(REF), ["100644 .gitattributes", "100644 file", "100644 mixed"]);
}

#[test]
fn a_change_in_the_tick_in_which_the_index_was_written_is_seen() {
    let sandbox = Sandbox::with_commit(&[("file", "aaaa\n")]);
    sandbox.git(&["config", "core.trustctime", "false"]);
    sandbox.git(&["config", "core.checkStat", "minimal"]);
    let tree = sandbox.tree(&sandbox.open(), "one");
    let index = sandbox.top().join(".git/worktrees/one/index");
    let moment = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
    let set_time = |path: &Path| {
        let times = std::fs::FileTimes::new().set_modified(moment);
        std::fs::File::options().write(true).open(path).unwrap().set_times(times).unwrap();
    };
    // Same size and time as in the index: only that the index is no younger tells git to look at the content.
    set_time(&tree.join("file"));
    sandbox.git_in(&tree, &["update-index", "--refresh"]);
    set_time(&index);
    write_in(&tree, "file", "bbbb\n");
    set_time(&tree.join("file"));
    snapshot(&sandbox, &tree);
    assert_eq!(show(&sandbox, &format!("{REF}:file")), "bbbb");
}

#[test]
fn a_tree_whose_git_file_is_gone_is_never_taken_for_another_repository() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    let repository = sandbox.open();
    let tree = sandbox.top().join("inside");
    repository.add_tree(&tree, "side/inside", &sandbox.oid("HEAD")).unwrap();
    std::fs::remove_file(tree.join(".git")).unwrap();
    write_in(&tree, "new", "x");
    repository.snapshot(&tree, REF, "a snapshot", AT).unwrap();
    assert_eq!(sandbox.listing(REF), ["100644 file", "100644 new"]);
}
