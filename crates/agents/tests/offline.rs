//! The offline agent at work: real trees, real git, and the artifacts as whole snapshots.

#![expect(clippy::unwrap_used, reason = "a failed set-up can only end the test")]

use coordinate_agents::{Clients, offline_main};
use coordinate_engine::port::{Agents, ArtifactOrder, Assignment, Limits};
use coordinate_model::artifact::{ArtifactKind, check};
use coordinate_model::event::AgentChoice;
use coordinate_model::failure::{Failure, FailureKind};
use coordinate_model::plan::{Phase, Source, parse};
use std::path::PathBuf;
use std::process::Command;

/// A work tree, and beside it the attempt's folder.
struct World {
    root: tempfile::TempDir,
}

impl World {
    fn new(files: &[(&str, &str)]) -> Self {
        let world = Self { root: tempfile::tempdir().unwrap() };
        std::fs::create_dir(world.root.path().join("tree")).unwrap();
        files.iter().for_each(|(path, text)| world.write(path, text));
        world
    }

    fn tree(&self) -> PathBuf {
        self.root.path().canonicalize().unwrap().join("tree")
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.tree().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Commits all that is there, at a fixed time by a fixed author, so that the hash is always the same.
    fn commit(&self, subject: &str) {
        let git = |arguments: &[&str]| {
            let mut command = Command::new("git");
            command.arg("-C").arg(self.tree()).args(["-c", "user.name=A", "-c", "user.email=a@example.org"]);
            command.env("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z").env("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z");
            command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
            assert!(command.args(arguments).output().unwrap().status.success(), "{arguments:?}");
        };
        git(&["init", "-q"]);
        git(&["add", "-A"]);
        git(&["commit", "-q", "-m", subject]);
    }

    fn order(&self, kind: ArtifactKind, request: &str) -> ArtifactOrder {
        ArtifactOrder {
            kind,
            path: self.tree().join(format!("specs/001_x/{}/001_x.md", kind.folder())),
            revise: false,
            request: request.to_owned(),
            subject: String::new(),
            date: "2026-01-02".to_owned(),
            inputs: Vec::new(),
            test_command: None,
        }
    }

    fn start(&self, order: ArtifactOrder) -> Result<PathBuf, Box<Failure>> {
        let assignment = Assignment {
            session: None,
            agent: AgentChoice { name: "offline".to_owned(), ..AgentChoice::default() },
            role: "research-specialist".to_owned(),
            prompt: String::new(),
            blocks: Vec::new(),
            phase: String::new(),
            run: String::new(),
            step: "research/1/agent".to_owned(),
            attempt: 1,
            tree: self.tree(),
            folder: self.root.path().join("attempt"),
            limits: Limits { idle_ms: None, hard_ms: None, output_bytes: 1, grace_ms: 1 },
            policy: coordinate_model::permission::Policy::default(),
            artifact: Some(order),
        };
        let program = Clients::new("coordinate".into(), "1.0.0").program(&assignment)?;
        Ok(PathBuf::from(&program.argv[2]))
    }

    /// Carries an order out and gives what it left.
    #[track_caller]
    fn leaves(&self, order: ArtifactOrder) -> String {
        let (kind, path) = (order.kind, order.path.clone());
        assert_eq!(offline_main(&self.start(order).unwrap()), 0);
        let text = std::fs::read_to_string(path).unwrap();
        let problems = check(kind, "artifact.md", &text);
        assert!(problems.is_empty(), "{problems:#?}\n{text}");
        text
    }

    #[track_caller]
    fn refuses(&self, order: ArtifactOrder) -> Failure {
        let failure = self.start(order).unwrap_err();
        assert_eq!(failure.kind, FailureKind::NoInstructions);
        assert!(failure.remedy[0].contains("--agent"), "{failure:?}");
        *failure
    }
}

const FILES: &[(&str, &str)] = &[
    (
        "src/retry.rs",
        "//! Retries with backoff.\n\n// TODO: jitter\npub fn retry_delay(attempt: u32) -> u64 {\n    500 << attempt\n}\n",
    ),
    ("src/main.rs", "fn main() {\n    let delay = retry_delay(1);\n}\n"),
    ("tests/retry.rs", "#[test]\nfn the_retry_delay_grows() {\n    assert!(retry_delay(2) > retry_delay(1));\n}\n"),
    ("ignored/retry_delay.rs", "fn retry_delay() {}\n"),
    (".gitignore", "ignored/\n"),
    (".env", "RETRY_DELAY_TOKEN=secret\n"),
    ("specs/000_old/reports/001_retry_delay.md", "# The retry delay\n"),
];

#[test]
fn a_report_names_files_definitions_history_tests_and_marks() {
    let world = World::new(FILES);
    world.commit("net: grow the retry delay");
    let report = world.leaves(world.order(ArtifactKind::Report, "research how the retry delay grows"));
    insta::assert_snapshot!("report", report);
}

#[test]
fn a_report_of_nothing_says_what_was_searched() {
    let world = World::new(FILES);
    world.commit("first");
    let report = world.leaves(world.order(ArtifactKind::Report, "research kubernetes operators"));
    insta::assert_snapshot!("report_of_nothing", report);
}

#[test]
fn without_git_the_folder_is_walked() {
    let world = World::new(&[("src/retry.rs", "fn retry() {}\n"), ("target/retry.rs", "fn retry() {}\n")]);
    let report = world.leaves(world.order(ArtifactKind::Report, "how do we retry"));
    assert!(report.contains("Begin with `src/retry.rs`.") && !report.contains("target/retry.rs"), "{report}");
}

#[test]
fn the_same_tree_gives_the_same_report() {
    let world = World::new(FILES);
    world.commit("first");
    let order = || world.order(ArtifactKind::Report, "the retry delay");
    assert_eq!(world.leaves(order()), world.leaves(order()));
}

#[track_caller]
fn plan(request: &str, inputs: &[&str]) -> String {
    let world = World::new(&[]);
    let mut order = world.order(ArtifactKind::Plan, request);
    order.inputs = inputs.iter().map(|input| world.tree().join(input)).collect();
    let plan = world.leaves(order);
    let parsed = parse(&[Source::new("plan.md", plan.as_str())]);
    assert!(parsed.diagnostics.is_empty(), "{:#?}", parsed.diagnostics);
    plan
}

#[test]
fn numbered_lines_become_phases_with_their_commands() {
    let request = "Add a cache:

1. Write the store
   - the file `store.txt`
   - its index

   ```sh
   echo 1 > store.txt
   ```
2. Write the reader. It opens the store.
3. Write the docs (in parallel with 2)
4. Test all

Thank you.
";
    insta::assert_snapshot!("plan", plan(request, &["specs/001_x/reports/001_caches.md"]));
}

#[test]
fn steps_are_found_in_every_form_of_enumeration() {
    let columns = "add the field [] | migrate the data [1] | drop the column [2]";
    let cases = [
        ("- one\n- two (after 1)\n- three", "one [] | two (after 1) [1] | three []"),
        ("Plan this: 1) add the field, 2) migrate the data and 3) drop the column.", columns),
        ("First add the field, then migrate the data and finally drop the column", columns),
        ("1. one\n2. two\n3. three (independent)", "one [] | two [1] | three (independent) []"),
        ("- one, after 2\n- two", "two [] | one, after 2 [1]"),
        ("- # Phase 9: x\n- **Dependencies**: [7]", "# Phase 9: x [] | **Dependencies**: [7] []"),
    ];
    for (request, expected) in cases {
        let plan = parse(&[Source::new("plan.md", plan(request, &[]))]).plan;
        let phase = |phase: &Phase| {
            let after: Vec<String> = phase.depends_on.iter().map(ToString::to_string).collect();
            format!("{} [{}]", phase.tasks[0].text, after.join(", "))
        };
        assert_eq!(plan.phases.iter().map(phase).collect::<Vec<_>>().join(" | "), expected, "{request}");
    }
}

#[test]
fn a_request_without_steps_is_refused_with_what_could_do_it() {
    let world = World::new(&[]);
    let requests = [
        "plan a cache",
        "plan the first cache",
        "- one",
        "see version 1. It is old.",
        "1. one, after 2\n2. two, after 1",
    ];
    for request in requests {
        let failure = world.refuses(world.order(ArtifactKind::Plan, request));
        assert!(failure.message.contains("can make no plan of this request"), "{request}: {failure:?}");
        assert!(failure.remedy[1].contains("number the steps"), "{failure:?}");
    }
}

#[test]
fn what_takes_understanding_is_refused() {
    let world = World::new(&[]);
    for kind in [ArtifactKind::Summary, ArtifactKind::Output] {
        let failure = world.refuses(world.order(kind, "1. one\n2. two"));
        assert_eq!(failure.message, format!("the offline agent writes no {kind}"));
    }
    let revised = ArtifactOrder { revise: true, ..world.order(ArtifactKind::Plan, "1. one\n2. two") };
    assert_eq!(world.refuses(revised).message, "the offline agent can not revise a plan");
}

/// A report whose words are told on, of a file that others name too.
fn report(subject: &str, file: &str) -> String {
    format!(
        "# How {subject} works\n\n## Executive Summary\n\nIt begins in `{file}`, and `src/config.rs` limits it.\n\n\
         ## Recommendations\n\n- Read `{file}` first.\n- Test {subject}.\n"
    )
}

#[test]
fn an_overview_tells_what_the_reports_say_of_themselves() {
    let reports = "specs/001_x/reports";
    let (one, two) = (format!("{reports}/001_retry.md"), format!("{reports}/002_lock.md"));
    let world = World::new(&[
        (&one, &report("the retry", "src/retry.rs")),
        (&two, &report("the lock", "src/lock.rs")),
        ("README.md", "# Not a report\n"),
    ]);
    let inputs = [one.as_str(), two.as_str(), "README.md"].map(|path| world.tree().join(path)).to_vec();
    let order = ArtifactOrder { inputs, ..world.order(ArtifactKind::Overview, "research the retry and the lock") };
    insta::assert_snapshot!("overview", world.leaves(order));
}

#[test]
fn an_overview_of_nothing_is_not_written() {
    let world = World::new(&[]);
    let order = world.order(ArtifactKind::Overview, "research the retry");
    let path = order.path.clone();
    assert_eq!(offline_main(&world.start(order).unwrap()), 1);
    assert!(!path.exists());
}

#[test]
fn a_debug_report_has_the_end_of_the_output_and_the_places_that_it_names() {
    let world = World::new(FILES);
    world.commit("first");
    let order = |command: &str| ArtifactOrder {
        test_command: Some(command.to_owned()),
        ..world.order(ArtifactKind::Debug, "debug the retry delay")
    };
    let fails = "echo 'test the_retry_delay_grows ... FAILED'\necho 'panicked at src/retry.rs:5:9' >&2\nexit 101";
    insta::assert_snapshot!("debug", world.leaves(order(fails)));
    let passes = world.leaves(order("true"));
    assert!(passes.contains("The test command passes here: the failure was not reproduced."), "{passes}");
}

#[test]
fn without_a_test_nothing_is_run_and_the_report_says_so() {
    let world = World::new(FILES);
    let report = world.leaves(world.order(ArtifactKind::Debug, "debug the retry delay"));
    assert!(report.contains("Nothing was run") && report.contains("`src/retry.rs:4`"), "{report}");
}

#[test]
fn nothing_is_written_outside_the_tree() {
    let world = World::new(FILES);
    let outside = world.root.path().join("outside.md");
    let order = ArtifactOrder { path: outside.clone(), ..world.order(ArtifactKind::Report, "the retry delay") };
    assert_ne!(offline_main(&world.start(order).unwrap()), 0);
    assert!(!outside.exists());
}
