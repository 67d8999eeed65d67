//! Worlds in which clients say much of their work and people take part in everything, held against what they were before.

use crate::gates::asking;
use crate::simulation::{Simulation, answer};
use crate::telling::tell_all;
use crate::worlds::any_run;
use coordinate_model::budget::{Bound, Budgets, Elsewhere, Limits, Mode, Usual};
use coordinate_model::client::{Cause, ClientResult, Usage, UsageLimit};
use coordinate_model::decide;
use coordinate_model::event::{AgentChoice, AttemptEnding, Created, GateAnswer, Interrupted, Observation};
use coordinate_model::ids::{StepId, Token};
use coordinate_model::input::{Input, Of};
use coordinate_model::obligation::{Effect, Obligation};
use coordinate_model::permission::{PermissionRequest, Policy, Rules, ToolKind};
use coordinate_model::price::{Price, Prices};
use coordinate_model::quota::Quiet;
use coordinate_model::replan::Replanning;
use coordinate_model::role::Role;
use coordinate_model::time::UtcMillis;
use coordinate_testkit::readings::readings;
use coordinate_testkit::seeded::Chance;
use coordinate_testkit::world::{Habits, World};
use std::fmt::Write as _;

const MOST: usize = 240;

fn limits(chance: &mut Chance) -> Limits {
    let mut some = |of: [u64; 4]| chance.pick(&of).copied().filter(|most| *most > 0);
    Limits {
        tokens: some([0, 20_000, 150_000, 600_000]),
        micro_usd: some([0, 0, 300_000, 2_000_000]),
        wall_ms: some([0, 0, 0, 90_000]),
        attempts: some([0, 0, 0, 9]),
    }
}

fn bounded(chance: &mut Chance, role: &str) -> Option<(String, Limits)> {
    chance.percent(15).then(|| (role.to_owned(), limits(chance)))
}

fn budgets(chance: &mut Chance) -> Budgets {
    let price = Price { input: 3_000_000, cached: 300_000, output: 15_000_000 };
    let roles = ["implementer", "research-specialist", "agent", "debugger"];
    Budgets {
        run: limits(chance),
        day: if chance.percent(30) { limits(chance) } else { Limits::default() },
        roles: roles.iter().filter_map(|role| bounded(chance, role)).collect(),
        mode: if chance.percent(25) { Mode::Warn } else { Mode::Enforce },
        warn_percent: 80,
        grace_ms: [0, 500, 30_000][chance.below(3)],
        reserve: Usual { tokens: [0, 20_000][chance.below(2)], micro_usd: [0, 60_000][chance.below(2)] },
        usual: std::iter::once(("implementer".to_owned(), Usual { tokens: 5_000, micro_usd: 9_000 })).collect(),
        prices: Prices::from([("model-1".to_owned(), price)]),
        given: 0,
    }
}

fn policy(chance: &mut Chance) -> Policy {
    let list = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    Policy {
        rules: Rules {
            allow: list(&["Bash(cargo test:*)", "Read"]),
            ask: list(&["Bash(git push:*)", "Edit(ci/**)"]),
            deny: list(&["Bash(rm:*)"]),
        },
        timeout_ms: [None, Some(50), Some(600_000)][chance.below(3)],
        ..Policy::default()
    }
}

fn agent(chance: &mut Chance, name: &str) -> AgentChoice {
    let mut is = || chance.percent(50);
    AgentChoice {
        name: name.to_owned(),
        repairs: true,
        concludes: is(),
        resumes: is(),
        sums_session: is(),
        hears: is(),
        model: is().then(|| "model-1".to_owned()),
        ..AgentChoice::default()
    }
}

/// A run of which much is configured.
fn configured(seed: u64) -> Created {
    let chance = &mut Chance::new(seed);
    let mut created = if chance.percent(25) { asking() } else { any_run(chance.draw()) };
    let options = &mut created.options;
    options.agent = agent(chance, "simulated");
    if chance.percent(50) {
        options.role_agents.insert("implementer".to_owned(), agent(chance, "own"));
    }
    if chance.percent(60) {
        options.budget = Some(Box::new(budgets(chance)));
    }
    options.permissions = chance.percent(70).then(|| Box::new(policy(chance)));
    options.gate_ms = [None, Some(40), Some(1_000_000)][chance.below(3)];
    options.quota.quiet = chance.percent(30).then(|| Quiet { from: 0, to: 60, zone: "UTC".to_owned() });
    options.interrupted = Interrupted { resumed: chance.percent(70), ends_with_driver: chance.percent(50) };
    let eager = Replanning { tasks: 1, failures: 1, limit: 1, forced: chance.percent(50), ..Replanning::default() };
    options.replan = [None, Some(Replanning::default()), Some(eager)][chance.below(3)];
    options.check_command = chance.percent(40).then(|| "make check".to_owned());
    if chance.percent(20) {
        options.test_command = None;
    }
    let budget = if chance.percent(30) { limits(chance) } else { Limits::default() };
    let text = "Do it.\n\n```json schema\n{}\n```\n".to_owned();
    let own = Role {
        name: "implementer".to_owned(),
        idle_minutes: Some(3),
        hard_minutes: Some(5),
        budget,
        text,
        ..Role::default()
    };
    if chance.percent(50) {
        created.roles.insert(own.name.clone(), own);
    }
    created
}

fn usage(chance: &mut Chance) -> Usage {
    let micro_usd = chance.percent(50).then(|| chance.draw() % 90_000);
    Usage { input: chance.draw() % 30_000, cached: chance.draw() % 4_000, output: chance.draw() % 2_000, micro_usd }
}

fn request(chance: &mut Chance) -> PermissionRequest {
    let command = ["git push", "git push --force", "rm -rf x", "cargo test", "git $X", "make"][chance.below(6)];
    let asked = PermissionRequest { id: format!("r{}", chance.below(4)), ..PermissionRequest::default() };
    match chance.below(3) {
        0 => {
            PermissionRequest { tool: "Edit".to_owned(), kind: ToolKind::Edit, path: Some("ci/x".to_owned()), ..asked }
        }
        _ => PermissionRequest {
            tool: "Bash".to_owned(),
            kind: ToolKind::Execute,
            command: Some(command.to_owned()),
            ..asked
        },
    }
}

/// What a client says of its work.
fn observation(chance: &mut Chance) -> Observation {
    let until = chance.percent(60).then(|| UtcMillis(2_000_000 + (chance.draw() % 9_000_000).cast_signed()));
    let causes =
        [None, None, Some(Cause::Service), Some(Cause::UsageLimit), Some(Cause::Interrupted), Some(Cause::Other)];
    let long = "é".repeat(119 + chance.below(3));
    let words = ["", "overloaded", "\n usage limit reached, resets 5pm", "it broke", &long];
    match chance.below(12) {
        0 => Observation::Session { id: "s".to_owned() },
        1 => Observation::Message { text: "I go on".to_owned() },
        2 => Observation::Claim {
            line: ["SCOPE_DRIFT: more is needed", "PHASE_COMPLETE: 1"][chance.below(2)].to_owned(),
        },
        3 | 4 => Observation::Usage { usage: usage(chance), total: chance.percent(50) },
        5 => Observation::Model { name: ["model-1-latest", "unknown"][chance.below(2)].to_owned() },
        6 => Observation::LimitReached { limit: UsageLimit { window: "five_hour".to_owned(), until } },
        7 => Observation::Denied { tool: "Bash".to_owned() },
        8 | 9 => Observation::PermissionAsked { request: request(chance) },
        10 => Observation::PermissionSettled { request: format!("r{}", chance.below(4)), allowed: chance.percent(50) },
        _ => Observation::Result {
            result: ClientResult { cause: causes[chance.below(6)], message: words[chance.below(5)].to_owned() },
        },
    }
}

fn ending(chance: &mut Chance) -> AttemptEnding {
    match chance.below(9) {
        0..3 => AttemptEnding::Exited { code: 0 },
        3 => AttemptEnding::Exited { code: 1 },
        4 => AttemptEnding::Signaled { signal: [2, 9, 11, 15][chance.below(4)] },
        5 => AttemptEnding::IdleLimit,
        6 => AttemptEnding::Stalled,
        7 => AttemptEnding::HardLimit,
        _ => [AttemptEnding::OutputLimit, AttemptEnding::Lost][chance.below(2)].clone(),
    }
}

/// A client that is at work says something, asks, or ends.
fn of_client(simulation: &mut Simulation, one: &Obligation) -> Option<Input> {
    let chance = &mut simulation.chance;
    let step = one.key.step.clone()?;
    let of = Of { step: step.clone(), attempt: one.key.attempt, token: one.token };
    if one.key.effect == Effect::Launch {
        let session = chance.percent(60).then(|| "s".to_owned());
        return Some(Input::Started { of, pid: 9, tree: "trees/own".to_owned(), session });
    }
    let offset = simulation.live.run.step(&step)?.attempt()?.offset + 1;
    if one.key.effect != Effect::Supervise {
        return Some(Input::Told { of, upto: 1 });
    }
    if chance.percent(90) {
        return Some(Input::Observed {
            of,
            offset,
            observations: (0..=chance.below(2)).map(|_| observation(chance)).collect(),
        });
    }
    let lines = ["usage limit reached", "connection refused", "bad gateway", "no space left on device", "all is well"];
    let tail = (0..chance.below(3)).map(|_| lines[chance.below(5)].to_owned()).collect();
    Some(Input::Ended { of, ending: ending(chance), snapshot: None, tail })
}

/// Somebody answers, steers, raises a budget, or turns to a single step.
fn of_person(simulation: &mut Simulation) -> Option<Input> {
    let run = &simulation.live.run;
    let chance = &mut simulation.chance;
    let by = "ann".to_owned();
    let steps: Vec<StepId> = run.steps.iter().map(|step| step.id.clone()).collect();
    let step = chance.pick(&steps)?.clone();
    let word = if chance.percent(60) { GateAnswer::Approved } else { GateAnswer::Rejected };
    Some(match chance.below(16) {
        0..4 => {
            let asking = run.asking().find_map(|step| Some((step, step.questions.iter().find(|one| one.is_open())?)));
            let (step, question) = asking?;
            let always = chance.percent(30).then(|| "Bash(git push:*)".parse().unwrap());
            let (attempt, request) = (question.attempt, question.request.id.clone());
            Input::Permit {
                step: step.id.clone(),
                attempt,
                request,
                answer: word,
                by,
                comment: "so".to_owned(),
                always,
            }
        }
        4 => Input::Steer {
            step: chance.percent(50).then_some(step),
            text: ["go on", " "][chance.below(2)].to_owned(),
            by,
        },
        5 => Input::Steer { step: None, text: "go on".to_owned(), by },
        6 => Input::Budget { budgets: Box::new(budgets(chance)), by },
        7 => Input::SpentElsewhere {
            elsewhere: Elsewhere {
                day: ["1970-01-01", "1970-01-02"][chance.below(2)].to_owned(),
                tokens: chance.draw() % 90_000,
                micro_usd: chance.draw() % 90_000,
            },
        },
        8 | 9 => {
            let failed = run.failures().map(|(step, _)| step.id.clone()).next();
            Input::Retry { step: failed.unwrap_or(step), by }
        }
        10 => Input::Skip { step, by, reason: "for later".to_owned() },
        11 => Input::Pause { by },
        12 => Input::Resume { by },
        13 => Input::QuestionsDue,
        14 => Input::Drive { epoch: Token(run.driver.map_or(0, |(epoch, _)| epoch.0) + 1), pid: 3 },
        _ => answer(step.as_str(), word),
    })
}

/// A run that is parked is given more, or somebody ends it.
fn unpark(simulation: &mut Simulation) {
    let mut given = simulation.live.run.purse.as_deref().unwrap().budgets.clone();
    given.run = Limits::default();
    given.day = Limits::default();
    given.roles.clear();
    let by = "ann".to_owned();
    simulation.live.send(&match simulation.chance.percent(80) {
        true => Input::Budget { budgets: Box::new(given), by },
        false => Input::Cancel { by, reason: "too dear".to_owned() },
    });
}

fn take_part(simulation: &mut Simulation, open: &[Obligation]) {
    if !open.is_empty() && open.iter().all(|one| one.key.effect == Effect::Ask) && simulation.chance.percent(50) {
        simulation.answer_all(open);
    }
    if open.is_empty() && decide::parked(&simulation.live.run).is_some() {
        unpark(simulation);
    }
    let input = if simulation.chance.percent(70) {
        let at_work = |one: &&Obligation| matches!(one.key.effect, Effect::Launch | Effect::Supervise | Effect::Tell);
        let at_work: Vec<&Obligation> = open.iter().filter(at_work).collect();
        let one = simulation.chance.pick(&at_work).copied().cloned();
        one.and_then(|one| of_client(simulation, &one))
    } else {
        of_person(simulation)
    };
    if let Some(input) = input {
        simulation.live.send(&input);
    }
}

#[test]
fn people() {
    let make = |chance: &mut Chance| {
        let tokens = [0, 40_000][chance.below(2)];
        let habits = Habits {
            tests_fail: 30,
            conflicts: 10,
            mixtures_fail: 15,
            judged_wanting: 20,
            tokens,
            ..Habits::default()
        };
        (chance.draw(), habits)
    };
    let lines = readings("people", 60, make, |(seed, habits), out| {
        let mut simulation = Simulation::new(configured(*seed), World::new(*seed, *habits), *seed);
        for turn in 0..MOST {
            if simulation.live.run.outcome.is_some() {
                break;
            }
            let open = simulation.live.obligations();
            if simulation.chance.percent(35) {
                take_part(&mut simulation, &open);
            }
            if turn == 90 {
                tell_all(&simulation.live.run, out);
            }
            let open = simulation.live.obligations();
            simulation.turn(&open);
        }
        tell_all(&simulation.live.run, out);
        for (position, event) in &simulation.live.journal {
            writeln!(out, "{} {} {}", position.sequence, position.at.0, serde_json::to_string(event).unwrap()).unwrap();
        }
    });
    insta::assert_snapshot!(lines);
}

#[test]
fn bounds_have_names() {
    let bounds = [Bound::Run, Bound::Day, Bound::Role("x".to_owned())];
    let made = configured(3);
    insta::assert_snapshot!(format!("{bounds:?} {:?}", made.limits_of("implementer")));
}
