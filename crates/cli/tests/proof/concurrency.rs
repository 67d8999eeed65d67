//! Many processes on one project at once.

use crate::support::{Driver, End, Project, text};
use coordinate_testkit::Outcome;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

/// A plan of three phases whose marks and files bear the plan's name.
fn plan(name: &str) -> String {
    let mut text = format!("# Make {name} parts\n");
    for (number, needs) in [(1, ""), (2, "1"), (3, "1")] {
        text.push_str(&format!(
            "\n### Phase {number}: Make {name} {number}\n**Dependencies**: [{needs}]\n\n- [ ] Make it\n\n```sh\n\
             mkdir -p {name}\nsleep 0.1\necho '{name} {number}' > {name}/{number}.txt\n\
             printf '{name} {number}\\n' >> \"$PROOF_MARKS\"\n```\n"
        ));
    }
    text
}

/// Words that only a program that lost a race for a lock would say to a user.
#[track_caller]
fn assert_no_lock_error(what: &str, text: &str) {
    let text = text.to_lowercase();
    for word in ["locked", "busy", "lock file", "index.lock", "could not lock", "unable to create", "panicked"] {
        assert!(!text.contains(word), "{what}: {text}");
    }
}

/// One of twenty short processes: it reads, or says something that nobody waits for.
#[track_caller]
fn short(project: &Project, number: usize, run: &str) -> Outcome {
    let arguments: &[&str] = match number % 10 {
        0 | 1 => &["ps", "--json"],
        2 | 3 => &["show", run, "--json"],
        4 => &["why", run],
        5 => &["approve", run, "no/such/gate"],
        6 => &["reject", run, "no/such/gate"],
        7 => &["logs", run, "--json"],
        8 => &["pause", "run_00000000000000000000000000"],
        _ => &["show", run, "--diagram"],
    };
    let refused = matches!(number % 10, 5 | 6 | 8);
    let outcome = project.call(arguments);
    assert_eq!(outcome.code, Some(if refused { 2 } else { 0 }), "{arguments:?}: {outcome:#?}");
    assert_no_lock_error(arguments[0], &outcome.stderr);
    outcome
}

/// Its id, as soon as it has said it.
#[track_caller]
fn id(driver: &mut Driver) -> String {
    assert!(driver.read_until(|event| event["run"].is_string()), "it printed no event");
    text(driver.events.last().expect("an event was read"), "run").to_owned()
}

#[track_caller]
fn start(project: &Project, plan: &str) -> Driver {
    let arguments = ["run", plan, "--agent", "offline", "-c", "test.command=true", "--json"];
    Driver::spawn(&mut project.command(&arguments))
}

#[track_caller]
fn assert_unmixed(project: &Project, run: &str, name: &str, end: &End) {
    assert!(end.events.iter().all(|event| event["run"] == run), "an event of another run was printed");
    let shown = project.json(&["show", run, "--json"]);
    assert_eq!(shown["outcome"], "succeeded");
    let names: Vec<&str> =
        shown["phases"].as_array().expect("phases").iter().map(|phase| text(phase, "name")).collect();
    assert_eq!(names, [1, 2, 3].map(|number| format!("Make {name} {number}")));
}

#[test]
fn two_runs_and_twenty_short_processes() {
    let (red, blue) = (plan("red"), plan("blue"));
    let project = Project::new(&[("red.md", &red), ("blue.md", &blue)], &[]);
    let mut drivers = [start(&project, "red.md"), start(&project, "blue.md")];
    let ids = drivers.each_mut().map(id);
    let go_on = AtomicBool::new(true);
    let ends: [End; 2] = std::thread::scope(|scope| {
        for number in 0..20 {
            let (project, go_on, run) = (&project, &go_on, &ids[number % 2]);
            scope.spawn(move || {
                short(project, number, run);
                // And on, as long as the runs go on, so that they meet them at every point.
                while number < 4 && go_on.load(Ordering::Relaxed) {
                    short(project, number * 5, run);
                }
            });
        }
        let ends = drivers.map(Driver::end);
        go_on.store(false, Ordering::Relaxed);
        ends
    });
    for ((run, end), name) in ids.iter().zip(&ends).zip(["red", "blue"]) {
        end.assert_succeeded();
        assert_no_lock_error(name, &end.last().to_string());
        assert_unmixed(&project, run, name, end);
    }
    assert_both_results(&project, &ends);
}

/// One run moved the branch; the other found it moved, took that in, and moved it too.
#[track_caller]
fn assert_both_results(project: &Project, ends: &[End; 2]) {
    let deliveries = ends.each_ref().map(|end| end.last()["delivery"].clone());
    assert!(deliveries.iter().all(|delivery| delivery["delivery"] == "delivered"), "{deliveries:#?}");
    for name in ["red", "blue"] {
        for number in 1..=3 {
            let path = project.root.join(format!("{name}/{number}.txt"));
            assert_eq!(std::fs::read_to_string(path).expect("the part is there"), format!("{name} {number}\n"));
        }
    }
    assert_eq!(project.marks().len(), 6, "each phase was executed once");
    assert_eq!(project.completions("HEAD").len(), 6);
    project.env.assert_no_leftovers();
}

#[test]
fn sixteen_runs_at_once_have_topics_and_ids_of_their_own() {
    let text_of = "# Do little\n\n### Phase 1: Little\nFiles: none\n- [ ] Do it\n\n```sh\ntrue\n```\n";
    let project = Project::new(&[("little.md", text_of)], &[]);
    let drivers: Vec<Driver> = (0..16).map(|_| start(&project, "little.md")).collect();
    let (mut runs, mut topics, mut delivered) = (BTreeSet::new(), BTreeSet::new(), 0);
    for driver in drivers {
        let end = driver.end();
        end.assert_succeeded();
        let run = text(end.last(), "run").to_owned();
        let shown = project.json(&["show", &run, "--json"]);
        topics.insert(text(&shown["paths"], "topic").to_owned());
        delivered += usize::from(end.last()["delivery"]["delivery"] == "delivered");
        runs.insert(run);
    }
    let wanted: BTreeSet<String> = (1..=16).map(|number| format!("specs/{number:03}_little")).collect();
    assert_eq!((runs.len(), topics), (16, wanted));
    assert!(delivered >= 1, "the branch moves for the first, and for as many as take that in");
    project.env.assert_no_leftovers();
}
