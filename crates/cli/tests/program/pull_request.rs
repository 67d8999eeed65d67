//! The pull request at the end of `orchestrate`: a real remote, and a `gh` that is a script.

use crate::support::redact::{redacted, whole};
use crate::support::{Plan, World};
use coordinate_testkit::Outcome;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// Notes each call, keeps the requests in a file, and ends the program that calls it where its mode says so.
const GH: &str = r#"#!/bin/sh
here=$(dirname "$0")
url=https://forge.example/me/repo/pull/1
echo "$1 $2" >> "$here/calls"
mode=$(cat "$here/mode")
case "$1 $2" in
"auth status") [ "$mode" != out ] || { echo "You are not logged into any GitHub hosts." >&2; exit 1; } ;;
"pr list") cat "$here/pulls" 2>/dev/null || true ;;
"pr create")
    for word; do printf '%s\n' "$word"; done > "$here/words"
    case $mode in
    fails) echo "GraphQL: the forge is closed today" >&2; exit 1 ;;
    before) echo on > "$here/mode"; kill -9 $PPID; exit 1 ;;
    after) echo on > "$here/mode"; echo $url >> "$here/pulls"; kill -9 $PPID; exit 1 ;;
    esac
    echo $url >> "$here/pulls"
    echo $url ;;
esac
"#;

struct Forge {
    world: World,
    bin: PathBuf,
}

impl Forge {
    /// A repository with a remote, and a `gh` of this mode.
    fn new(mode: &str) -> Self {
        let plan = Plan::new().sh("one", &[], "`one.txt`", "echo 1 > one.txt");
        let forge = Self::without_remote(mode, &plan);
        let remote = forge.world.env.root().join("remote.git");
        forge.world.git(&["init", "--quiet", "--bare", &remote.display().to_string()]);
        forge.world.git(&["remote", "add", "origin", &remote.display().to_string()]);
        forge.world.git(&["push", "--quiet", "--set-upstream", "origin", "main"]);
        forge
    }

    fn without_remote(mode: &str, plan: &Plan) -> Self {
        let world = World::with_plan(plan);
        let bin = world.env.script("bin/gh", GH).parent().unwrap().to_owned();
        std::fs::set_permissions(bin.join("gh"), std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::write(bin.join("mode"), format!("{mode}\n")).unwrap();
        Self { world, bin }
    }

    fn coordinate(&self, arguments: &[&str], path: &str) -> Outcome {
        self.world.command(arguments).env("PATH", path).output().unwrap().into()
    }

    fn path(&self) -> String {
        format!("{}:{}", self.bin.display(), std::env::var("PATH").unwrap())
    }

    fn run(&self) -> Outcome {
        self.coordinate(&["run", "PLAN.md", "--agent", "offline", "--workflow", "orchestrate"], &self.path())
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.bin.join(name)).unwrap_or_default()
    }

    fn pushed(&self) -> Vec<String> {
        let refs = self.world.git(&["ls-remote", "--heads", "origin", "coordinate/*"]);
        refs.lines().map(|line| line.rsplit('\t').next().unwrap().to_owned()).collect()
    }

    fn warning(&self) -> String {
        self.world.show()["warnings"][0].as_str().unwrap_or_default().to_owned()
    }
}

/// Shows S18.
#[test]
fn a_pull_request_is_opened_and_the_branch_left_alone() {
    let forge = Forge::new("on");
    let before = forge.world.git(&["rev-parse", "main"]);
    let outcome = forge.run();
    redacted(&forge.world, || insta::assert_snapshot!("pull_request_opened", whole(&outcome)));
    let run = forge.world.show();
    assert_eq!(run["pull_request"]["url"], "https://forge.example/me/repo/pull/1");
    let branch = run["pull_request"]["branch"].as_str().unwrap();
    assert_eq!(forge.pushed(), [format!("refs/heads/{branch}")]);
    assert_eq!(forge.world.git(&["rev-parse", "main"]), before, "the user's branch is left alone");
    let merged = forge.world.git(&["rev-parse", &format!("coordinate/{}/main", run["run"].as_str().unwrap())]);
    assert_eq!(forge.world.git(&["ls-remote", "origin", branch]).split('\t').next(), Some(merged.as_str()));
    let words = forge.file("words");
    let body = forge.world.repo.join(run["paths"]["summary"].as_str().unwrap());
    for part in ["--base\nmain\n", &format!("--head\n{branch}\n"), &format!("--body-file\n{}\n", body.display())] {
        assert!(words.contains(part), "{part}: {words}");
    }
}

#[test]
fn without_gh_the_result_is_delivered_and_the_commands_are_told() {
    let forge = Forge::new("on");
    let tools = forge.world.env.root().join("tools");
    std::fs::create_dir_all(&tools).unwrap();
    for program in ["git", "sh"] {
        let found = std::env::split_paths(&std::env::var_os("PATH").unwrap())
            .map(|folder| folder.join(program))
            .find(|file| file.is_file());
        std::os::unix::fs::symlink(found.unwrap(), tools.join(program)).unwrap();
    }
    let arguments = ["run", "PLAN.md", "--agent", "offline", "--workflow", "orchestrate"];
    let outcome = forge.coordinate(&arguments, &tools.display().to_string());
    let run = forge.world.show()["run"].as_str().unwrap().to_owned();
    let text = whole(&outcome).replace(&format!("things-{}", &run[run.len() - 8..]), "things-[ID]");
    redacted(&forge.world, || insta::assert_snapshot!("pull_request_without_gh", text));
    assert_eq!(forge.world.read("one.txt"), "1\n");
    assert_eq!(forge.pushed(), Vec::<String>::new(), "nothing is pushed for a request that can not be opened");
}

/// Shows S18.
#[test]
fn whatever_stands_in_the_way_is_a_warning_and_the_result_is_delivered() {
    for (mode, calls, reason) in [
        ("out", "auth status\n", "`gh` is not logged in"),
        ("fails", "auth status\npr list\npr create\npr list\n", "the forge is closed today"),
    ] {
        let forge = Forge::new(mode);
        let outcome = forge.run();
        assert_eq!(outcome.code, Some(0), "{mode}: {outcome:#?}");
        assert!(forge.warning().contains(reason), "{mode}: {}", forge.warning());
        assert_eq!(forge.file("calls"), calls, "{mode}");
        assert_eq!(forge.world.read("one.txt"), "1\n", "{mode}");
    }
}

#[test]
fn the_commands_that_are_told_do_it() {
    let forge = Forge::new("out");
    forge.run();
    std::fs::write(forge.bin.join("mode"), "on\n").unwrap();
    let warning = forge.warning();
    let (_, commands) = warning.split_once("by hand: ").expect("commands");
    let mut shell = forge.world.env.command("sh");
    let by_hand = shell.current_dir(&forge.world.repo).env("PATH", forge.path()).args(["-c", commands]).output();
    let by_hand = Outcome::from(by_hand.unwrap());
    assert_eq!((by_hand.code, by_hand.stdout.as_str()), (Some(0), "https://forge.example/me/repo/pull/1\n"));
    assert_eq!(forge.pushed().len(), 1);
}

#[test]
fn a_repository_without_a_remote_keeps_its_result() {
    let forge = Forge::without_remote("on", &Plan::new().sh("one", &[], "`one.txt`", "echo 1 > one.txt"));
    let outcome = forge.run();
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert!(
        forge.warning().starts_with("no pull request was opened: the repository has no remote; by hand: git remote")
    );
    assert_eq!((forge.file("calls"), forge.world.read("one.txt")), (String::new(), "1\n".to_owned()));
}

#[test]
fn a_kill_before_or_after_the_request_is_made_ends_with_one() {
    for mode in ["before", "after"] {
        let forge = Forge::new(mode);
        let killed = forge.run();
        assert_eq!(killed.code, None, "{mode}: {killed:#?}");
        assert_eq!(forge.pushed().len(), 1, "{mode}");
        let outcome = forge.coordinate(&["resume"], &forge.path());
        assert_eq!(outcome.code, Some(0), "{mode}: {outcome:#?}");
        assert_eq!(forge.file("pulls"), "https://forge.example/me/repo/pull/1\n", "{mode}");
        assert_eq!(forge.world.show()["pull_request"]["url"], "https://forge.example/me/repo/pull/1", "{mode}");
        assert_eq!(forge.pushed().len(), 1, "{mode}");
        forge.world.env.assert_no_leftovers();
    }
}
