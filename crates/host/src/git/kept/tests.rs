//! What is kept is listed moment by moment, and comes back without destroying anything.

use super::{Brought, Extent, KeptTree};
use crate::git::GitRepository;
use crate::git::testing::{AT, Sandbox, files_in, write_in};
use coordinate_engine::port::Repository;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

const REF: &str = "refs/coordinate/run/one@1";

/// A repository, and what two moments of a tree left in it.
struct Kept {
    sandbox: Sandbox,
    repository: GitRepository,
    tree: PathBuf,
}

impl Kept {
    fn new() -> Self {
        let sandbox = Sandbox::with_commit(&[("file", "1\n"), ("kept/as is", "1\n"), (".gitignore", "ignored\n")]);
        let repository = sandbox.open();
        let tree = sandbox.tree(&repository, "one");
        let kept = Self { sandbox, repository, tree };
        kept.moment("file", "1\n2\n", "after a tool call");
        write_in(&kept.tree, "new/script", "#!/bin/sh\n");
        let script = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(kept.tree.join("new/script"), script).unwrap();
        symlink("../file", kept.tree.join("new/link")).unwrap();
        kept.moment("ignored", "never kept", "as it was left");
        kept
    }

    fn moment(&self, path: &str, content: &str, why: &str) {
        write_in(&self.tree, path, content);
        self.repository.snapshot(&self.tree, REF, &format!("one@1 {why}\n"), AT).unwrap();
    }

    fn list(&self) -> Vec<KeptTree> {
        self.repository.kept_trees("refs/coordinate/run").unwrap()
    }

    fn newest(&self) -> KeptTree {
        self.list().remove(0)
    }

    fn bring(&self, paths: &[&str]) -> Brought {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        self.repository.bring_back(&self.newest(), &paths, &self.sandbox.root().join("space")).unwrap()
    }
}

fn back(paths: &[&str]) -> Brought {
    Brought::Back(paths.iter().map(|path| (*path).to_owned()).collect())
}

fn blocked(paths: &[&str]) -> Brought {
    Brought::Blocked(paths.iter().map(|path| (*path).to_owned()).collect())
}

/// Shows N2.
#[test]
fn every_moment_is_listed_with_how_much_it_changed() {
    let kept = Kept::new();
    let head = kept.sandbox.oid("HEAD");
    kept.repository.move_ref("refs/coordinate/run/two", &head, None).unwrap();
    let list = kept.list();
    let said: Vec<(&str, &str)> = list.iter().map(|kept| (kept.name.as_str(), kept.why.as_str())).collect();
    let expected = [("one@1", "one@1 as it was left"), ("one@1~1", "one@1 after a tool call"), ("two", "a commit")];
    assert_eq!(said, expected);
    assert!(list.iter().all(|kept| kept.head == head));
    let pairs: Vec<_> = list.iter().map(|kept| (kept.head.clone(), kept.commit.clone())).collect();
    let extents = kept.repository.extents(&pairs).unwrap();
    let of = |files, added, removed| Extent { files, added, removed };
    assert_eq!(extents, [of(3, 3, 0), of(1, 1, 0), of(0, 0, 0)]);
    assert_eq!(kept.repository.extents(&[]).unwrap(), []);
    let (one, other) = (&list[1].commit, &list[0].commit);
    let difference = kept.repository.difference(one, other, &["new/script".to_owned()], false).unwrap();
    assert!(String::from_utf8_lossy(&difference).contains("+#!/bin/sh"), "{difference:?}");
    let changed = kept.repository.changed_files(one, other, &[]).unwrap();
    assert_eq!(changed.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["new/link", "new/script"]);
}

/// Shows N2.
#[test]
fn a_tree_comes_back_into_a_folder_and_never_over_one() {
    let kept = Kept::new();
    let folder = kept.sandbox.root().join("back/one");
    assert_eq!(kept.repository.write_kept(&kept.newest(), &[], &folder).unwrap(), 5);
    let in_tree = files_in(&kept.tree).into_iter().filter(|(path, _)| path != "ignored");
    assert_eq!(files_in(&folder), in_tree.collect::<Vec<_>>());
    assert_eq!(folder.join("new/script").metadata().unwrap().permissions().mode() & 0o111, 0o111);
    let error = kept.repository.write_kept(&kept.newest(), &[], &folder).unwrap_err().to_string();
    assert!(error.contains("is there already; name another folder"), "{error}");
    let error = kept.repository.write_kept(&kept.newest(), &["gone".to_owned()], &folder.with_file_name("two"));
    assert!(error.unwrap_err().to_string().contains("`one@1` has no file at `gone`"));
    assert_eq!(kept.sandbox.root().join("back").read_dir().unwrap().count(), 1, "something was left");
}

/// Shows N2.
#[test]
fn files_come_back_where_that_destroys_nothing() {
    let kept = Kept::new();
    let sandbox = &kept.sandbox;
    assert_eq!(kept.bring(&["file", "new", "kept"]), back(&["file", "new/link", "new/script"]));
    assert_eq!((sandbox.read("file"), sandbox.read("new/script")), ("1\n2\n".to_owned(), "#!/bin/sh\n".to_owned()));
    assert_eq!(sandbox.top().join("new/link").read_link().unwrap(), PathBuf::from("../file"));
    assert_eq!(kept.bring(&["file", "new/"]), back(&[]), "all is there");
    assert_eq!(sandbox.root().join("space").read_dir().unwrap().count(), 0);
}

#[test]
fn what_stands_in_the_way_stays_and_nothing_is_done() {
    let kept = Kept::new();
    let sandbox = &kept.sandbox;
    let before = |what: &str| (what.to_owned(), files_in(&sandbox.top()));
    let check = |what: &str, expected: &[&str]| {
        let found = before(what);
        assert_eq!(kept.bring(&["file", "new"]), blocked(expected), "{what}");
        assert_eq!(before(what), found);
    };
    sandbox.write("file", "edited");
    check("an edited file", &["file"]);
    sandbox.git(&["add", "file"]);
    sandbox.write("file", "1\n");
    check("a staged edit", &["file"]);
    sandbox.git(&["reset", "-q", "--hard"]);
    sandbox.write("new/script", "mine");
    check("an untracked file", &["new/script"]);
    sandbox.write(".git/info/exclude", "new\n");
    check("an ignored file", &["new/script"]);
    std::fs::remove_dir_all(sandbox.top().join("new")).unwrap();
    sandbox.write("new", "a file in place of the folder");
    check("a file in place of the folder", &["new/link", "new/script"]);
    std::fs::remove_file(sandbox.top().join("new")).unwrap();
    std::fs::create_dir(sandbox.root().join("outside")).unwrap();
    symlink(sandbox.root().join("outside"), sandbox.top().join("new")).unwrap();
    check("a link out of the checkout", &["new/link", "new/script"]);
    assert_eq!(sandbox.root().join("outside").read_dir().unwrap().count(), 0);
}

#[test]
fn a_branch_has_the_tree_on_top_of_what_it_was_taken_on() {
    let kept = Kept::new();
    let commit = kept.repository.branch_from(&kept.newest(), "saved/one").unwrap();
    let sandbox = &kept.sandbox;
    assert_eq!((sandbox.oid("saved/one"), sandbox.oid("saved/one^")), (commit, sandbox.oid("HEAD")));
    assert_eq!(sandbox.oid("saved/one^{tree}"), kept.newest().tree);
    for (name, why) in [("saved/one", "there is a branch of this name"), ("a..b", "not a valid branch name")] {
        let error = kept.repository.branch_from(&kept.newest(), name).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}
