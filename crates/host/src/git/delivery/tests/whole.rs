//! Deliveries that nothing stops.

use super::{assert_delivered, prepare};
use crate::git::testing::{Sandbox, files_in, write_in};
use coordinate_engine::port::{Delivery, DeliveryState, Repository};
use coordinate_model::ids::Oid;
use std::os::unix::fs::{PermissionsExt, symlink};

#[track_caller]
fn assert_goes(sandbox: &Sandbox, delivery: &Delivery) {
    let repository = sandbox.open();
    assert_eq!(repository.delivery_state(delivery).unwrap(), DeliveryState::Possible);
    assert_eq!(repository.deliver(delivery).unwrap(), DeliveryState::Done);
    assert_delivered(sandbox, delivery);
}

#[test]
fn files_of_every_kind_arrive() {
    let sandbox =
        Sandbox::with_commit(&[("changed", "1\n"), ("gone/deep/file", "1\n"), ("run", "1\n"), ("same", "1\n")]);
    std::fs::remove_file(sandbox.top().join("gone/deep/file")).unwrap();
    std::fs::set_permissions(sandbox.top().join("run"), std::fs::Permissions::from_mode(0o755)).unwrap();
    symlink("nowhere", sandbox.top().join("link")).unwrap();
    let odd = [("changed", "2\n"), ("a b/-dash", "x"), ("new\nline", "x"), (":(top)ünï", "x"), ("\"q\"", "x")];
    sandbox.commit(&odd);
    let delivery = prepare(&sandbox);
    write_in(&sandbox.top(), "untracked", "of the user");
    sandbox.git(&["config", "core.excludesFile", ".git/excluded"]);
    sandbox.write(".git/excluded", "untracked\n");
    assert_eq!(sandbox.open().deliver(&delivery).unwrap(), DeliveryState::Done);
    assert_eq!(sandbox.read("untracked"), "of the user");
    std::fs::remove_file(sandbox.top().join("untracked")).unwrap();
    assert_delivered(&sandbox, &delivery);
    assert!(!sandbox.top().join("gone").exists());
    assert!(sandbox.git(&["reflog", "-1"]).contains("coordinate"));
}

#[test]
fn folders_become_files_and_files_become_folders() {
    let sandbox =
        Sandbox::with_commit(&[("file", "1\n"), ("folder/a/b", "1\n"), ("folder/c", "1\n"), ("link/x", "1\n")]);
    for path in ["file", "folder", "link"] {
        let path = sandbox.top().join(path);
        if path.is_dir() { std::fs::remove_dir_all(path).unwrap() } else { std::fs::remove_file(path).unwrap() }
    }
    symlink("folder", sandbox.top().join("link")).unwrap();
    sandbox.commit(&[("file/now/folder", "2\n"), ("folder", "2\n")]);
    let forward = prepare(&sandbox);
    std::fs::create_dir_all(sandbox.top().join("folder/empty/deep")).unwrap();
    assert_goes(&sandbox, &forward);
    let Delivery { branch, old, new, taken_in } = forward;
    assert_goes(&sandbox, &Delivery { branch, old: new, new: old, taken_in });
}

#[test]
fn line_ends_and_filters_are_the_checkouts_own() {
    let attributes = "*.txt text eol=crlf\n*.up filter=upper\n*.auto text=auto\n";
    let sandbox = Sandbox::with_commit(&[("dir/a.txt", "1\n"), ("b.up", "one\n"), ("c.auto", "1\n")]);
    sandbox.git(&["config", "filter.upper.smudge", "tr a-z A-Z"]);
    sandbox.git(&["config", "filter.upper.clean", "tr A-Z a-z"]);
    sandbox.commit(&[(".gitattributes", attributes), ("dir/a.txt", "2\r\n"), ("b.up", "two\n"), ("c.auto", "2\n")]);
    let delivery = prepare(&sandbox);
    assert_goes(&sandbox, &delivery);
    assert_eq!(sandbox.read("dir/a.txt"), "2\r\n");
    assert_eq!(sandbox.read("b.up"), "TWO\n");
    let Delivery { branch, old, new, taken_in } = delivery;
    assert_goes(&sandbox, &Delivery { branch, old: new, new: old, taken_in });
}

#[test]
fn copies_that_the_run_took_in_are_replaced_if_unedited() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    sandbox.commit(&[("specs/plan.md", "- [x] done\n"), ("specs/report.md", "report\n")]);
    let mut delivery = prepare(&sandbox);
    sandbox.write("specs/plan.md", "- [ ] done\n");
    sandbox.write("specs/report.md", "report\n");
    let blob: Oid = sandbox.git(&["hash-object", "specs/plan.md"]).parse().unwrap();
    delivery.taken_in = vec![("specs/plan.md".to_owned(), blob)];
    assert_goes(&sandbox, &delivery);
    assert_eq!(sandbox.read("specs/plan.md"), "- [x] done\n");
}

#[test]
fn a_staged_copy_of_what_was_taken_in_is_no_obstacle() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    sandbox.commit(&[("plan.md", "- [x] done\n")]);
    let mut delivery = prepare(&sandbox);
    sandbox.write("plan.md", "- [ ] done\n");
    sandbox.git(&["add", "plan.md"]);
    delivery.taken_in = vec![("plan.md".to_owned(), sandbox.oid(":plan.md"))];
    assert_goes(&sandbox, &delivery);
}

#[test]
fn a_branch_that_is_checked_out_nowhere_moves_alone() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    sandbox.commit(&[("file", "2\n")]);
    let delivery = prepare(&sandbox);
    sandbox.git(&["checkout", "-q", "-b", "other"]);
    sandbox.write("file", "of the user\n");
    let repository = sandbox.open();
    assert_eq!(repository.delivery_state(&delivery).unwrap(), DeliveryState::Possible);
    for _ in 0..2 {
        assert_eq!(repository.deliver(&delivery).unwrap(), DeliveryState::Done);
    }
    assert_eq!(sandbox.oid("main"), delivery.new);
    assert_eq!(sandbox.read("file"), "of the user\n");
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "M file");
}

#[test]
fn once_done_it_stays_done_whatever_the_user_does() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n"), ("other", "1\n")]);
    sandbox.commit(&[("file", "2\n"), ("other", "2\n")]);
    let delivery = prepare(&sandbox);
    let repository = sandbox.open();
    repository.deliver(&delivery).unwrap();
    sandbox.write("file", "edited\n");
    assert_eq!(repository.deliver(&delivery).unwrap(), DeliveryState::Done);
    sandbox.git(&["add", "file"]);
    assert_eq!(repository.deliver(&delivery).unwrap(), DeliveryState::Done);
    sandbox.git(&["commit", "-q", "-m", "on top"]);
    assert_eq!(repository.deliver(&delivery).unwrap(), DeliveryState::Done);
    sandbox.git(&["checkout", "-q", "--detach"]);
    assert_eq!(repository.deliver(&delivery).unwrap(), DeliveryState::Done);
    assert_eq!(sandbox.read("file"), "edited\n");
}

#[test]
fn flags_and_entries_of_unchanged_files_survive() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n"), ("local", "1\n")]);
    sandbox.commit(&[("file", "2\n")]);
    let delivery = prepare(&sandbox);
    sandbox.git(&["update-index", "--skip-worktree", "local"]);
    sandbox.write("local", "of the user\n");
    assert_eq!(sandbox.open().deliver(&delivery).unwrap(), DeliveryState::Done);
    assert_eq!(sandbox.read("local"), "of the user\n");
    assert!(sandbox.git(&["ls-files", "-v"]).contains("S local"));
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
}

#[test]
fn submodules_come_change_and_go_without_their_files_being_touched() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    sandbox.git(&["clone", "-q", ".", "../library"]);
    sandbox.git(&["submodule", "--quiet", "add", "../library", "sub"]);
    sandbox.commit(&[]);
    sandbox.git_in(&sandbox.top().join("sub"), &["commit", "-q", "--allow-empty", "-m", "newer"]);
    sandbox.commit(&[("file", "2\n")]);
    let newer = sandbox.git(&["rev-parse", ":sub"]);
    let delivery = prepare(&sandbox);
    write_in(&sandbox.top(), "sub/file", "of the user\n");
    assert_eq!(sandbox.open().deliver(&delivery).unwrap(), DeliveryState::Done);
    assert_eq!(sandbox.read("sub/file"), "of the user\n");
    assert_eq!(sandbox.git(&["rev-parse", ":sub"]), newer);
    assert_eq!(sandbox.open().deliver(&delivery).unwrap(), DeliveryState::Done);
    let (with, without) = (delivery.new.clone(), sandbox.oid("HEAD~2"));
    let away = Delivery { old: with.clone(), new: without.clone(), ..delivery.clone() };
    assert_eq!(sandbox.open().deliver(&away).unwrap(), DeliveryState::Done);
    assert_eq!(sandbox.read("sub/file"), "of the user\n");
    std::fs::remove_dir_all(sandbox.top().join("sub")).unwrap();
    let back = Delivery { old: without, new: with, ..delivery };
    assert_eq!(sandbox.open().deliver(&back).unwrap(), DeliveryState::Done);
    assert!(sandbox.top().join("sub").read_dir().unwrap().next().is_none());
}

#[test]
fn the_linked_tree_of_a_bare_repository_is_moved() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    sandbox.commit(&[("file", "2\n"), ("new", "2\n")]);
    let delivery = prepare(&sandbox);
    sandbox.git(&["branch", "result", delivery.new.as_str()]);
    sandbox.git(&["clone", "-q", "--bare", ".", "../bare.git"]);
    sandbox.git(&["-C", "../bare.git", "worktree", "add", "-q", "../linked", "main"]);
    let linked = sandbox.root().join("linked");
    let repository = sandbox.open_at(&linked).unwrap();
    assert_eq!(repository.deliver(&delivery).unwrap(), DeliveryState::Done);
    assert_eq!(std::fs::read_to_string(linked.join("file")).unwrap(), "2\n");
    assert_eq!(sandbox.git_in(&linked, &["status", "--porcelain"]), "");
    assert_eq!(sandbox.git_in(&linked, &["rev-parse", "HEAD"]), delivery.new.to_string());
}

#[test]
fn hooks_are_not_run() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n")]);
    sandbox.commit(&[("file", "2\n")]);
    let delivery = prepare(&sandbox);
    let hook = sandbox.script("refuse", "exit 1");
    for name in ["reference-transaction", "post-index-change", "post-checkout", "post-merge"] {
        let place = sandbox.top().join(".git/hooks").join(name);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::copy(&hook, place).unwrap();
    }
    assert_eq!(sandbox.open().deliver(&delivery).unwrap(), DeliveryState::Done);
    assert_eq!(sandbox.oid("main"), delivery.new);
}

#[test]
fn a_git_folder_on_another_disk_is_no_obstacle() {
    let sandbox = Sandbox::with_commit(&[("file", "1\n"), ("gone", "1\n")]);
    std::fs::remove_file(sandbox.top().join("gone")).unwrap();
    sandbox.commit(&[("file", "2\n"), (".gitignore", "built\n")]);
    let delivery = prepare(&sandbox);
    sandbox.git(&["branch", "result", delivery.new.as_str()]);
    // Memory is another disk; where a machine has none there, this is a plain delivery.
    let elsewhere = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let place = elsewhere.path().join("git");
    sandbox.git(&["clone", "-q", "--separate-git-dir", place.to_str().unwrap(), ".", "../far"]);
    let far = sandbox.root().join("far");
    assert_eq!(sandbox.open_at(&far).unwrap().deliver(&delivery).unwrap(), DeliveryState::Done);
    assert_eq!(sandbox.git_in(&far, &["status", "--porcelain", "--ignored"]), "");
    let files = [(".gitignore", "built\n"), ("file", "2\n")].map(|(name, text)| (name.to_owned(), text.to_owned()));
    assert_eq!(files_in(&far), files);
    assert_eq!(sandbox.git_in(&far, &["rev-parse", "main"]), delivery.new.to_string());
}
