//! The merge queue: batches, bisection, repair of conflicts, the user's branch that moves meanwhile, where the result goes.

use crate::support::process::await_that;
use crate::support::{Plan, World, step};
use coordinate_testkit::Outcome;
use serde_json::Value;

/// An agent that does what a phase's number says: 1 and 2 change the same line. As the one who mends it brings both sides
/// together, or does whatever the test has put in its place.
pub(crate) const AGENT: &str = r##"#!/bin/sh
set -eu
here=$(dirname "$0")
if [ "$COORDINATE_ROLE" = debug-specialist ]; then
    cp "$COORDINATE_PROMPT_FILE" "$here/prompt-$(printf %s "$COORDINATE_STEP" | tr '/#' '-.')"
    if [ -e "$here/mend.sh" ]; then . "$here/mend.sh"; exit; fi
    sed -i '/^<<<<<<< /d; /^=======$/d; /^>>>>>>> /d' shared.txt
    exit
fi
case $COORDINATE_PHASE in
1) sed -i 's/^middle$/middle of the left/' shared.txt ;;
2) sed -i 's/^middle$/middle of the right/' shared.txt ;;
esac
mkdir -p parts
echo "$COORDINATE_PHASE" > "parts/$COORDINATE_PHASE"
"##;

/// As long as the test wants it so, the tests of the tree that has part 1 alone do not end.
const TESTS: &str = r#"set -eu
! grep -q '^<<<<<<<' shared.txt
here=$HOME/../scripts
echo run >> "$here/tests"
if [ "$(ls parts | wc -l)" = 1 ]; then
    touch "$here/testing"
    while [ ! -e "$here/go" ]; do sleep 0.02; done
fi
if [ -e parts/3 ] && [ -e parts/4 ]; then test -e parts/both || { echo 'FAILED: 3 does not go with 4'; exit 1; }; fi
"#;

pub(crate) struct Queue {
    pub(crate) world: World,
    agent: String,
}

impl Queue {
    pub(crate) fn new(phases: &[(&str, &[u32])]) -> Self {
        let mut plan = Plan::new();
        for (name, after) in phases {
            plan = plan.sh(name, after, "", &format!("intent of {name}"));
        }
        let files = [
            ("PLAN.md", plan.text()),
            ("shared.txt", "top\nmiddle\nbottom\n".to_owned()),
            ("test.sh", TESTS.to_owned()),
        ];
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let world = World::new(&files);
        let script = world.env.script("agent", AGENT);
        Self { world, agent: format!("sh '{}'", script.display()) }
    }

    fn arguments(&self, more: &[&str]) -> Vec<String> {
        let first =
            ["run", "PLAN.md", "--agent", "command", "--agent-command", &self.agent, "-c", "test.command=sh test.sh"];
        first.iter().chain(more).map(|word| (*word).to_owned()).collect()
    }

    #[track_caller]
    fn run(&self, more: &[&str]) -> Outcome {
        self.put("go", "");
        let words = self.arguments(more);
        self.world.coordinate(&words.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Runs it, and lets the first merge's tests end only when all other phases wait for theirs.
    #[track_caller]
    pub(crate) fn run_together(&self, waiting: usize, more: &[&str]) -> Outcome {
        let words = self.arguments(more);
        let started = self.world.start(&words.iter().map(String::as_str).collect::<Vec<_>>());
        await_that("the tests of the first merge", || self.script("testing").exists());
        await_that("the others in the queue", || self.ready() == waiting);
        self.put("go", "");
        started.finish()
    }

    fn ready(&self) -> usize {
        let run = self.world.show();
        let steps = run["steps"].as_array().expect("steps");
        steps.iter().filter(|step| step["kind"] == "merge" && step["state"] == "ready").count()
    }

    fn script(&self, name: &str) -> std::path::PathBuf {
        self.world.env.root().join("scripts").join(name)
    }

    pub(crate) fn put(&self, name: &str, text: &str) {
        self.world.env.script(name, text);
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.script(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// How often the tests ran.
    fn tests(&self) -> usize {
        self.text("tests").lines().count()
    }

    fn events(&self, name: &str) -> Vec<Value> {
        let log = self.world.coordinate(&["logs", "--json"]);
        let lines = crate::support::json_lines(&log.stdout);
        lines.into_iter().filter(|event| event["event"] == name).collect()
    }
}

fn completions(subjects: &[String]) -> Vec<&str> {
    let number = |subject: &String| subject.split("complete phase ").nth(1).map(|rest| rest.to_owned());
    let mut found: Vec<&str> =
        subjects.iter().filter(|subject| number(subject).is_some()).map(String::as_str).collect();
    found.sort_unstable();
    found
}

/// Shows N3.
#[test]
fn two_phases_that_edit_the_same_lines_end_merged_and_green() {
    let queue = Queue::new(&[("left", &[]), ("right", &[])]);
    let outcome = queue.run(&[]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert!(outcome.stderr.contains("goes to repair, round 1"), "{outcome:#?}");
    let text = queue.world.read("shared.txt");
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["bottom", "middle of the left", "middle of the right", "top"]);
    assert_eq!(completions(&queue.world.subjects("main")).len(), 2);
    let run = queue.world.show();
    // The later side as it was before is nowhere else: that of the other one is in the history.
    let kept = queue.world.refs("refs/coordinate");
    let [side] = &kept.iter().filter(|name| name.ends_with("-agent.work")).collect::<Vec<_>>()[..] else {
        panic!("{kept:?}");
    };
    assert_eq!(queue.world.git(&["show", &format!("{side}:shared.txt")]).matches("middle of the ").count(), 1);
    let warnings = run["warnings"].to_string();
    assert!(!warnings.contains("took only"), "both sides are in what it made: {warnings}");
    assert!(warnings.contains("`implement/p1/agent` ended without its line `PHASE_COMPLETE: 1`"), "{warnings}");
    assert_eq!(
        run["verdicts"].as_array().and_then(|verdicts| verdicts.last()).map(|last| &last["passed"]),
        Some(&true.into())
    );
    queue.world.assert_no_trees();
}

#[test]
fn a_repair_of_a_conflict_is_told_both_intents() {
    let queue = Queue::new(&[("left", &[]), ("right", &[])]);
    let outcome = queue.run(&[]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let first = if queue.script("prompt-implement-p2-repair.1-agent").exists() { "2" } else { "1" };
    let prompt = queue.text(&format!("prompt-implement-p{first}-repair.1-agent"));
    for part in [
        "does not merge: conflict in `shared.txt`",
        "## Both sides",
        "- `shared.txt`",
        "leave no marker",
        "intent of left",
        "intent of right",
        ", merged as ",
        "It changed `PLAN.md`, `parts/",
        "`, `shared.txt`: `git show ",
    ] {
        assert!(prompt.contains(part), "{part}: {prompt}");
    }
}

#[test]
fn a_repair_is_not_told_of_what_its_work_stood_on_already() {
    let queue = Queue::new(&[("first", &[]), ("right", &[1]), ("left", &[1])]);
    let first = "1) sed -i 's/^top$/top of the first/' shared.txt ;;\n3) sed";
    queue.put("agent", &AGENT.replace("1) sed", first));
    let outcome = queue.run(&[]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let second = if queue.script("prompt-implement-p3-repair.1-agent").exists() { "3" } else { "2" };
    let prompt = queue.text(&format!("prompt-implement-p{second}-repair.1-agent"));
    assert!(prompt.contains("intent of right") && prompt.contains("intent of left"), "{prompt}");
    assert!(!prompt.contains("intent of first"), "{prompt}");
}

/// What a side had of its own that looks like a marker stays; files may change further, and old ones may go.
#[test]
fn a_repair_may_do_more_than_bring_both_sides_together() {
    let queue = Queue::new(&[("left", &[]), ("right", &[])]);
    queue.world.write("old.txt", "old\n");
    queue.world.write("test.sh", "true\n");
    queue.world.git(&["add", "--all"]);
    queue.world.git(&["commit", "--quiet", "--message", "an old file"]);
    queue.put("agent", &AGENT.replace("middle of the left/", "middle of the left\\n>>>>>>> example/"));
    queue.put(
        "mend.sh",
        "printf 'top\\n>>>>>>> example\\nboth\\nbottom\\n' > shared.txt\nrm old.txt\n\
                          for part in parts/*; do echo more >> \"$part\"; done\n",
    );
    let outcome = queue.run(&[]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert!(outcome.stderr.contains("goes to repair, round 1"), "{outcome:#?}");
    assert_eq!(queue.world.read("shared.txt"), "top\n>>>>>>> example\nboth\nbottom\n");
    assert_eq!((queue.world.read("parts/1"), queue.world.has("old.txt")), ("1\nmore\n".to_owned(), false));
}

#[test]
fn a_file_that_one_side_removed_may_go() {
    let queue = Queue::new(&[("left", &[]), ("right", &[])]);
    queue.put("agent", &AGENT.replace("1) sed -i 's/^middle$/middle of the left/' shared.txt", "1) rm shared.txt"));
    queue.put("mend.sh", "rm -f shared.txt\n");
    let outcome = queue.run(&[]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert!(outcome.stderr.contains("goes to repair, round 1"), "{outcome:#?}");
    assert!(!queue.world.has("shared.txt"));
    let warnings = queue.world.show()["warnings"].to_string();
    assert!(!warnings.contains("took only"), "{warnings}");
}

#[test]
fn markers_that_are_left_are_no_repair() {
    let queue = Queue::new(&[("left", &[]), ("right", &[])]);
    queue.put("mend.sh", "echo more >> shared.txt\n");
    let before = queue.world.git(&["rev-parse", "main"]);
    let outcome = queue.run(&[]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    assert!(outcome.stdout.contains("markers of the conflict are left in `shared.txt`"), "{outcome:#?}");
    assert_eq!(queue.world.git(&["rev-parse", "main"]), before);
    let kept = queue.world.refs("refs/coordinate");
    assert!(kept.iter().any(|name| name.ends_with("-merge.conflict")), "{kept:?}");
    assert!(kept.iter().any(|name| name.ends_with("-agent.work")), "{kept:?}");
}

#[test]
fn a_side_that_is_thrown_away_is_no_repair() {
    let queue = Queue::new(&[("left", &[]), ("right", &[])]);
    queue.put("mend.sh", "sed -i '/^<<<<<<< /d; /^=======$/d; /^>>>>>>> /d' shared.txt; git rm -q -r -f parts\n");
    let outcome = queue.run(&[]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    assert!(outcome.stdout.contains("what one side added was deleted: `parts/1`, `parts/2`"), "{outcome:#?}");
}

#[test]
fn one_side_taken_whole_is_told_to_the_user() {
    let queue = Queue::new(&[("left", &[]), ("right", &[])]);
    queue.put("mend.sh", "git show HEAD^2:shared.txt > shared.txt\n");
    let outcome = queue.run(&[]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let warnings = queue.world.show()["warnings"].to_string();
    assert!(warnings.contains("took only the newer work in `shared.txt`"), "{warnings}");
}

#[test]
fn a_person_allows_a_repair_or_keeps_both_sides() {
    for (answer, code) in [("approve", 0), ("reject", 1)] {
        let queue = Queue::new(&[("left", &[]), ("right", &[])]);
        let waits = queue.run(&["-c", "merge.repair=gate"]);
        assert_ne!(waits.code, Some(0), "{waits:#?}");
        let run = queue.world.show();
        let id = run["run"].as_str().expect("an id").to_owned();
        let steps = run["steps"].as_array().expect("steps");
        let gate =
            steps.iter().find(|step| step["kind"] == "gate").unwrap_or_else(|| panic!("no question: {waits:#?}"));
        let gate = gate["id"].as_str().expect("an id").to_owned();
        assert!(gate.ends_with("/repair#1/ask"), "{gate}");
        assert!(waits.stderr.contains("let an agent repair it? (phase"), "{waits:#?}");
        let said = queue.world.coordinate(&[answer, &id, &gate]);
        assert_eq!(said.code, Some(0), "{said:#?}");
        let outcome = queue.world.coordinate(&["resume", &id, "--yes"]);
        assert_eq!(outcome.code, Some(code), "{outcome:#?}");
        let kept = queue.world.refs("refs/coordinate");
        let conflict = kept.iter().any(|name| name.ends_with("-merge.conflict"));
        assert_eq!(conflict, code == 1, "{kept:?}");
        if code == 1 {
            assert!(outcome.stdout.contains("both sides are kept"), "{outcome:#?}");
        }
    }
}

/// Shows N3.
#[test]
fn what_waits_is_merged_together_and_tested_once() {
    let queue = Queue::new(&[("one", &[]), ("two", &[]), ("three", &[]), ("five", &[])]);
    // Nothing of it conflicts, and nothing goes wrong.
    queue.put("agent", &AGENT.replace("sed -i 's/^middle", "true 's/^middle").replace("parts/$C", "parts/x$C"));
    let outcome = queue.run_together(3, &["--max-parallel", "4"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(completions(&queue.world.subjects("main")).len(), 4);
    let moves = queue.events("merge_intended");
    let together: Vec<usize> = moves.iter().map(|event| event["after"].as_array().map_or(0, Vec::len)).collect();
    assert_eq!(&together[..2], [0, 2], "{moves:#?}");
    // One for the first, one for the three, and none more: the last test of all is on the same tree.
    assert_eq!(queue.tests(), 2);
    queue.world.assert_nothing_left();
}

/// Shows N3.
#[test]
fn the_guilty_phase_of_a_batch_is_found_and_the_others_go_in() {
    let queue = Queue::new(&[("one", &[]), ("two", &[]), ("three", &[]), ("four", &[])]);
    queue.put("agent", &AGENT.replace("sed -i 's/^middle", "true 's/^middle"));
    queue.put("mend.sh", "touch parts/both\n");
    let outcome = queue.run_together(3, &["--max-parallel", "4"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let subjects = queue.world.subjects("main");
    assert_eq!(completions(&subjects).len(), 4, "{subjects:?}");
    let run = queue.world.show();
    let repaired: Vec<u64> =
        run["phases"].as_array().expect("phases").iter().map(|phase| phase["repairs"].as_u64().unwrap_or(0)).collect();
    assert_eq!(repaired.iter().sum::<u64>(), 1, "{run:#}");
    assert!(repaired[2] + repaired[3] == 1, "{repaired:?}");
    assert!(outcome.stderr.contains("fails with phases "), "{outcome:#?}");
    assert!(queue.world.has("parts/both"));
    let guilty = if repaired[2] == 1 { 3 } else { 4 };
    let prompt = queue.text(&format!("prompt-implement-p{guilty}-repair.1-agent"));
    assert!(prompt.contains("It was merged onto the phases below"), "{prompt}");
    assert!(prompt.matches("intent of ").count() > 1, "{prompt}");
    queue.world.assert_nothing_left();
}

#[test]
fn a_batch_of_one_is_as_without_a_queue() {
    let queue = Queue::new(&[("one", &[]), ("two", &[]), ("three", &[]), ("five", &[])]);
    queue.put("agent", &AGENT.replace("sed -i 's/^middle", "true 's/^middle").replace("parts/$C", "parts/x$C"));
    let outcome = queue.run_together(3, &["--max-parallel", "4", "-c", "merge.batch=1"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(queue.tests(), 4);
}

/// The user commits while the run works.
pub(crate) fn with_commit(file: &str, text: &str, mend: Option<&str>, more: &[&str]) -> (Queue, Outcome) {
    let queue = Queue::new(&[("left", &[]), ("next", &[1])]);
    if let Some(mend) = mend {
        queue.put("mend.sh", mend);
    }
    let words = queue.arguments(more);
    let started = queue.world.start(&words.iter().map(String::as_str).collect::<Vec<_>>());
    await_that("the tests of the first merge", || queue.script("testing").exists());
    queue.world.write(file, text);
    queue.world.git(&["add", file]);
    queue.world.git(&["commit", "--quiet", "--message", "of the user"]);
    queue.put("go", "");
    (queue, started.finish())
}

/// Shows N3.
#[test]
fn commits_of_the_user_are_taken_in_before_the_result_is_delivered() {
    let (queue, outcome) = with_commit("mine.txt", "mine\n", None, &[]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(queue.world.read("mine.txt"), "mine\n");
    assert_eq!(queue.world.read("parts/2"), "2\n");
    let run = queue.world.show();
    assert_eq!(run["delivery"]["delivery"], "delivered");
    assert_eq!(step(&run, "document/base#1/merge")["state"], "succeeded");
    assert!(queue.world.subjects("main").contains(&"of the user".to_owned()));
    assert!(outcome.stderr.contains("its commits are taken in first"), "{outcome:#?}");
    queue.world.assert_nothing_left();
}

#[test]
fn a_branch_that_moves_during_each_test_is_left_with_the_command() {
    let queue = Queue::new(&[("left", &[])]);
    queue.world.write("again.txt", "");
    queue
        .world
        .write("test.sh", "cd \"$REPO\"\necho again >> again.txt\ngit commit --quiet --message again again.txt\n");
    queue.world.git(&["add", "--all"]);
    queue.world.git(&["commit", "--quiet", "--message", "such tests"]);
    queue.put("go", "");
    let words = queue.arguments(&[]);
    let mut command = queue.world.command(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let outcome = Outcome::from(command.env("REPO", &queue.world.repo).output().expect("it starts"));
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let delivery = queue.world.show()["delivery"].clone();
    let id = queue.world.show()["run"].as_str().expect("an id").to_owned();
    assert_eq!(delivery["reason"], "`main` moved again and again", "{delivery:#}");
    assert_eq!(delivery["command"], format!("git merge coordinate/{id}/main"));
    assert!(!queue.world.has("parts/1"), "the user's files are as they were");
}

#[test]
fn commits_of_the_user_that_conflict_are_repaired() {
    let (queue, outcome) = with_commit("shared.txt", "top\nmiddle of mine\nbottom\n", None, &[]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let text = queue.world.read("shared.txt");
    assert!(text.contains("middle of mine\n") && text.contains("middle of the left\n"), "{text}");
    let run = queue.world.show();
    assert_eq!(run["delivery"]["delivery"], "delivered");
    assert_eq!(step(&run, "document/base#1/repair#1/merge")["state"], "succeeded");
    let prompt = queue.text("prompt-document-base.1-repair.1-agent");
    assert!(prompt.contains("the new commits of the user's branch") && prompt.contains("intent of left"), "{prompt}");
    assert_eq!(queue.world.git(&["status", "--porcelain", "--untracked-files=no"]), "");
}

#[test]
fn a_plan_that_the_user_commits_meanwhile_keeps_its_ticks() {
    let queue = Queue::new(&[("left", &[]), ("next", &[1])]);
    let plan = queue.world.read("PLAN.md");
    queue.world.git(&["rm", "--quiet", "--cached", "PLAN.md"]);
    queue.world.git(&["commit", "--quiet", "--message", "no plan yet"]);
    let words = queue.arguments(&[]);
    let started = queue.world.start(&words.iter().map(String::as_str).collect::<Vec<_>>());
    await_that("the tests of the first merge", || queue.script("testing").exists());
    queue.world.git(&["add", "PLAN.md"]);
    queue.world.git(&["commit", "--quiet", "--message", "the plan"]);
    queue.put("go", "");
    let outcome = started.finish();
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(queue.world.show()["delivery"]["delivery"], "delivered");
    assert_ne!(queue.world.read("PLAN.md"), plan);
    assert!(!queue.world.read("PLAN.md").contains("- [ ]"), "{}", queue.world.read("PLAN.md"));
    queue.world.assert_nothing_left();
}

#[test]
fn a_branch_that_was_rewritten_is_left_alone() {
    let queue = Queue::new(&[("left", &[])]);
    let words = queue.arguments(&[]);
    let started = queue.world.start(&words.iter().map(String::as_str).collect::<Vec<_>>());
    await_that("the tests of the first merge", || queue.script("testing").exists());
    queue.world.git(&["commit", "--quiet", "--amend", "--message", "another first"]);
    let mine = queue.world.git(&["rev-parse", "main"]);
    queue.put("go", "");
    let outcome = started.finish();
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(queue.world.git(&["rev-parse", "main"]), mine);
    let run = queue.world.show();
    assert_eq!(run["delivery"]["delivery"], "deferred");
    assert!(run["delivery"]["reason"].as_str().is_some_and(|why| why.contains("has moved")), "{run:#}");
}

#[test]
fn the_result_may_wait_where_it_is() {
    let queue = Queue::new(&[("left", &[])]);
    let before = queue.world.git(&["rev-parse", "main"]);
    let outcome = queue.run(&["--merge", "none"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(queue.world.git(&["rev-parse", "main"]), before);
    let run = queue.world.show();
    let command = run["delivery"]["command"].as_str().expect("a command").to_owned();
    assert!(outcome.stdout.contains(&command), "{outcome:#?}");
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    queue.world.git(&words);
    assert_eq!(queue.world.read("parts/1"), "1\n");
}

#[test]
fn a_pull_request_that_can_not_be_opened_leaves_the_commands() {
    let queue = Queue::new(&[("left", &[])]);
    let before = queue.world.git(&["rev-parse", "main"]);
    let outcome = queue.run(&["--merge", "pr"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(queue.world.git(&["rev-parse", "main"]), before);
    let run = queue.world.show();
    assert_eq!(run["delivery"]["reason"], "no pull request was opened: the repository has no remote");
    assert!(run["delivery"]["command"].as_str().is_some_and(|command| command.contains("gh pr create")), "{run:#}");
}

#[test]
fn what_is_no_choice_is_refused() {
    let queue = Queue::new(&[("left", &[])]);
    let flag = queue.run(&["--merge", "nowhere"]);
    assert_eq!(flag.code, Some(2), "{flag:#?}");
    let key = queue.run(&["-c", "merge.repair=never"]);
    assert_eq!(key.code, Some(2), "{key:#?}");
    assert!(key.stderr.contains("`merge.repair` can not be `never`"), "{key:#?}");
    assert!(key.stderr.contains("it is one of `agent`, `gate`, `off`"), "{key:#?}");
}
