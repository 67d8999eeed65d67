//! Verification of artifacts on a real file system.

#![expect(clippy::unwrap_used, reason = "a failed set-up can only end the test")]

use coordinate_engine::verification::{artifact, links};
use coordinate_host::files::SystemFiles;
use coordinate_model::artifact::ArtifactKind;
use coordinate_model::failure::FailureKind;
use coordinate_model::verify::Verdict;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A project with these files, and a folder beside it.
fn project(files: &[(&str, &str)]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap().join("project");
    for (path, text) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    std::fs::create_dir_all(root.join("../outside")).unwrap();
    std::fs::write(root.join("../outside/secret.md"), "secret").unwrap();
    (folder, root)
}

fn output(root: &Path, path: &str) -> Verdict {
    artifact(&SystemFiles, root, path, ArtifactKind::Output)
}

#[track_caller]
fn refused(verdict: &Verdict, kind: FailureKind) {
    assert!(!verdict.ok(), "{verdict:#?}");
    assert_eq!(verdict.to_failure().kind, kind, "{verdict:#?}");
}

#[test]
fn a_file_is_named_from_the_root_however_it_is_given() {
    let (_folder, root) = project(&[("out/a.txt", "abc")]);
    for path in ["out/a.txt", "./out/../out/a.txt", root.join("out/a.txt").to_str().unwrap()] {
        let verdict = output(&root, path);
        assert!(verdict.ok(), "{verdict:#?}");
        assert_eq!((verdict.name.as_str(), verdict.bytes), ("out/a.txt", Some(3)));
    }
}

#[test]
fn what_is_missing_is_told_with_its_neighbours() {
    let (_folder, root) = project(&[("out/a.txt", "abc")]);
    let verdict = output(&root, "out/b.txt");
    refused(&verdict, FailureKind::MissingFile);
    assert_eq!(verdict.folder.unwrap().newest, ["a.txt"]);
    let verdict = output(&root, "nowhere/b.txt");
    refused(&verdict, FailureKind::MissingFile);
    assert!(!verdict.folder.unwrap().exists);
    refused(&output(&root, "out"), FailureKind::MissingFile);
}

#[test]
fn nothing_outside_the_project_is_taken_or_read() {
    let (_folder, root) = project(&[("a.txt", "abc")]);
    symlink(root.join("../outside"), root.join("link")).unwrap();
    symlink(root.join("../outside/secret.md"), root.join("secret.md")).unwrap();
    let outside = root.join("../outside/secret.md");
    let absolute = outside.to_str().unwrap();
    for path in ["../outside/secret.md", "link/secret.md", "secret.md", "link/not_yet.md", absolute, "/etc/hostname"] {
        let verdict = output(&root, path);
        refused(&verdict, FailureKind::OutsideProject);
        assert_eq!((verdict.bytes, verdict.folder), (Some(0), None), "{path}");
    }
}

#[test]
fn a_project_that_is_named_through_a_link_is_the_project() {
    let (folder, root) = project(&[("a.txt", "abc")]);
    let alias = folder.path().join("alias");
    symlink(&root, &alias).unwrap();
    assert!(output(&alias, "a.txt").ok());
    symlink("a.txt", root.join("b.txt")).unwrap();
    assert!(output(&alias, "b.txt").ok(), "a link inside the project is no way out");
}

#[test]
fn links_count_from_the_files_own_folder() {
    let text = "[a](a.md#x) [up](../src/main.rs:3) [web](https://example.org)\n[root](src/main.rs)\n[gone](gone.md)\n";
    let (_folder, root) = project(&[("docs/x.md", text), ("docs/a.md", "a"), ("src/main.rs", "")]);
    let verdict = links(&SystemFiles, &root, "docs/x.md");
    refused(&verdict, FailureKind::BrokenLink);
    let found: Vec<_> =
        verdict.problems.iter().map(|problem| (problem.line.unwrap(), problem.found.as_str())).collect();
    assert_eq!(found, [(2, "a path from the project's root"), (3, "no such file")]);
}

#[test]
fn a_plan_may_be_a_folder() {
    let overview = "# P\n\n### Phase 1: A\n- [ ] a\n\n### Phase 2: B\nDependencies: [1]\n- [ ] b\n";
    let (_folder, root) = project(&[("plan/000_plan.md", overview), ("empty/x.txt", "x")]);
    let plan = |path| artifact(&SystemFiles, &root, path, ArtifactKind::Plan);
    assert!(plan("plan").ok(), "{:#?}", plan("plan"));
    refused(&plan("empty"), FailureKind::PlanInvalid);
    refused(&plan("nowhere"), FailureKind::MissingFile);
}
