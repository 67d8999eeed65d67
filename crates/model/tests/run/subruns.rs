//! Runs below a run: who is led together, how the run below begins, what comes up.

use crate::simulation::{Rest, Simulation};
use coordinate_model::artifact::Metadata;
use coordinate_model::checkpoint::Checkpoint;
use coordinate_model::complexity::Tenths;
use coordinate_model::definition::{Definition, Scope, StateName, builtin, builtin_text};
use coordinate_model::event::{Created, Outcome};
use coordinate_model::replan::Replanning;
use coordinate_model::run::StepState;
use coordinate_model::subrun::{aggregation, below, tracks};
use coordinate_testkit::runs::requested;
use coordinate_testkit::world::{Habits, World};

const WINDOW: u64 = 200_000;

fn sizes(topics: usize, window: u64) -> Vec<usize> {
    tracks(topics, window).iter().map(Vec::len).collect()
}

fn settled(created: Created) -> Simulation {
    let mut simulation = Simulation::new(created, World::kind(), 1);
    assert_eq!(simulation.settle(10_000), Rest::Ended);
    simulation
}

#[test]
fn topics_are_led_together_from_four_on_evenly_and_four_at_most() {
    let table: [(usize, &[usize]); 9] = [
        (0, &[]),
        (1, &[]),
        (3, &[]),
        (4, &[4]),
        (5, &[3, 2]),
        (6, &[3, 3]),
        (8, &[4, 4]),
        (9, &[3, 3, 3]),
        (13, &[4, 3, 3, 3]),
    ];
    for (topics, expected) in table {
        assert_eq!(sizes(topics, WINDOW), expected, "{topics} topics");
        let positions: Vec<u32> = tracks(topics, WINDOW).concat();
        assert!(positions.is_empty() || positions == (0..topics as u32).collect::<Vec<_>>(), "{positions:?}");
    }
}

#[test]
fn reports_that_would_fill_half_of_the_window_are_led_however_few() {
    // Three reports of 3,000 tokens each are half of 18,000.
    assert_eq!(sizes(3, 18_000), [0; 0]);
    assert_eq!(sizes(3, 17_999), [3]);
    assert_eq!(sizes(1, 1_000), [1]);
    assert_eq!(sizes(0, 0), [0; 0]);
}

#[test]
fn a_run_below_follows_from_its_step_alone() {
    let created = requested(Scope::ResearchAndPlan, 6).max_parallel(3).build();
    let run = settled(created.clone()).live.run;
    let led: Vec<_> = run.steps.iter().filter(|step| step.track.is_some()).collect();
    assert_eq!(led.iter().map(|step| step.id.as_str()).collect::<Vec<_>>(), ["research/s1/lead", "research/s2/lead"]);
    let children: Vec<Created> = led.iter().map(|step| below(&created, step).unwrap()).collect();
    for (child, step) in children.iter().zip(&led) {
        assert_eq!(Some(child), below(&created, step).as_ref(), "twice is once");
        assert_eq!(child.run, created.run.below(&step.id));
        assert!(child.run.as_str().parse::<coordinate_model::ids::RunId>().is_ok());
        assert_eq!(child.run.as_str()[..14], created.run.as_str()[..14]);
        assert_eq!(child.parent.as_ref().map(|parent| (&parent.run, &parent.step)), Some((&created.run, &step.id)));
        assert_ne!(child.paths.trees, created.paths.trees);
        let again = toml::to_string(&child.definition).unwrap();
        Definition::parse("below", &again).expect("the workflow below is sound");
    }
    let topics: Vec<Vec<&str>> =
        children.iter().map(|child| child.topics.iter().map(|topic| topic.name.as_str()).collect()).collect();
    assert_eq!(topics, [["topic 1", "topic 2", "topic 3"], ["topic 4", "topic 5", "topic 6"]]);
    assert_eq!(children.iter().map(|child| child.options.max_parallel).collect::<Vec<_>>(), [2, 1]);
    for child in children {
        let run = settled(child).live.run;
        assert_eq!(run.outcome, Some(Outcome::Succeeded));
        assert_eq!(run.steps.len(), 3);
    }
}

#[test]
fn what_is_decided_above_is_not_asked_again_below() {
    let replan = Replanning { complexity: Tenths(80), tasks: 10, failures: 2, limit: 2, forced: false };
    let mut created = requested(Scope::ResearchOnly, 6).replan(Some(replan)).build();
    let run = settled(created.clone()).live.run;
    let lead = run.steps.iter().find(|step| step.track.is_some()).unwrap();
    created.definition.state.get_mut(&lead.of_state).unwrap().steps[0].needs = vec!["overview".to_owned()];
    let child = below(&created, lead).unwrap();
    let [step] = child.definition.state(&lead.of_state).unwrap().steps.as_slice() else { panic!("one step on topics") };
    assert_eq!((&step.needs, &step.when), (&Vec::new(), &None), "what it needs and when it applies is settled");
    assert_eq!(child.options.replan, None);
    assert!(child.paths.trees.ends_with(child.run.as_str()), "{}", child.paths.trees);
    created.paths.trees = format!("/trees/{}", created.run);
    assert_eq!(below(&created, lead).unwrap().paths.trees, format!("/trees/{}", child.run));
    created.paths.trees = "/elsewhere".to_owned();
    assert_eq!(below(&created, lead).unwrap().paths.trees, format!("/elsewhere-{}", child.run));
}

#[test]
fn what_is_led_below_keeps_to_the_most_topics_at_once() {
    let created = requested(Scope::ResearchOnly, 9).max_parallel(4).max_research(Some(2)).build();
    let mut simulation = Simulation::new(created.clone(), World::kind(), 1);
    let mut most = 0;
    while simulation.live.run.outcome.is_none() {
        let open = simulation.live.obligations();
        most = most.max(simulation.live.run.live().filter(|step| step.track.is_some()).count());
        simulation.turn(&open);
    }
    assert_eq!(most, 2);
    let run = simulation.live.run;
    let shares = run.steps.iter().filter_map(|step| Some(below(&created, step)?.options.max_parallel));
    assert_eq!(shares.collect::<Vec<_>>(), [1, 1, 1]);
}

#[test]
fn titles_and_places_come_up_once_there_are_any() {
    let created = requested(Scope::ResearchOnly, 4).build();
    let mut run = settled(created.clone()).live.run;
    for (number, artifact) in (1..).zip(run.artifacts.iter_mut().filter(|artifact| artifact.kind == "report")) {
        let text = format!("# Report {number}\n\n## Executive Summary\n\nShort.\n");
        artifact.metadata = Some(Box::new(Metadata::of(&text, &|text| text.len() as u64)));
    }
    let handed = aggregation(&run, &StateName("research".to_owned())).unwrap();
    let exported = Checkpoint::of(&run, &|_| String::new()).supervisor_state;
    assert_eq!(exported.keys().collect::<Vec<_>>(), ["research_supervisor"]);
    assert_eq!(handed.supervisor_id, "research_supervisor");
    assert_eq!(handed.aggregated_metadata.summary, "Report 1; Report 2; Report 3; Report 4");
    assert_eq!(handed.aggregated_metadata.reports_created.len(), 4);
    assert_eq!(handed.aggregated_metadata.context_tokens, 4 * "Report 1\nShort.".len() as u64);
    assert_eq!(aggregation(&run, &StateName("plan".to_owned())), None);
    let failed = Simulation::new(created, World::new(1, Habits { agents_fail: 100, ..Habits::default() }), 1);
    assert_eq!(aggregation(&failed.live.run, &StateName("research".to_owned())), None);
}

#[test]
fn a_failure_below_is_the_failure_of_the_step() {
    let created = requested(Scope::ResearchOnly, 6).build();
    let mut simulation = Simulation::new(created, World::new(1, Habits { agents_fail: 100, ..Habits::default() }), 1);
    assert_eq!(simulation.settle(10_000), Rest::Ended);
    let run = simulation.live.run;
    assert_eq!(run.outcome, Some(Outcome::Failed));
    assert!(run.steps.iter().filter(|step| step.track.is_some()).all(|step| step.state == StepState::Failed));
    assert!(run.closing.unwrap().message.contains("research/s1/lead: a topic could not be researched"));
}

#[test]
fn a_workflow_says_who_is_led() {
    let text = builtin_text("coordinate").unwrap();
    let wrong = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        Definition::parse("mine", &text.replace(from, to)).unwrap_err().to_string()
    };
    let alone = wrong("kind = \"sub-run\"\nfor_each = \"tracks\"", "kind = \"sub-run\"");
    assert!(alone.contains("`kind = \"sub-run\"` and `for_each = \"tracks\"` belong together"), "{alone}");
    let none = text.replace(
        "id = \"lead\"\nkind = \"sub-run\"\nfor_each = \"tracks\"",
        "id = \"lead\"\nkind = \"gate\"\nquestion = \"?\"",
    );
    let none = none.replace(
        "[state.test]\n",
        "[[state.implement.step]]\nid = \"lead\"\nkind = \"sub-run\"\nfor_each = \"tracks\"\n\n[state.test]\n",
    );
    let none = Definition::parse("mine", &none).unwrap_err().to_string();
    assert!(none.contains("leads the steps on topics of its state, and there are none"), "{none}");
    assert!(builtin("supervise").unwrap().state.values().flat_map(|state| &state.steps).any(|step| step.id == "lead"));
}
