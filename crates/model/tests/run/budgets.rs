//! Budgets: what begins under a limit, what is told and stopped at it, what stays spent.

use crate::rounds::{count, drive};
use crate::simulation::{Live, Rest, Simulation, fold};
use crate::worlds::{any_run, config, habits};
use coordinate_model::budget::{Bound, Budgets, Elsewhere, LimitName, Limits, Measure, Mode, Usual};
use coordinate_model::client::Usage;
use coordinate_model::decide;
use coordinate_model::definition::Scope;
use coordinate_model::event::{AttemptEnding, Created, Event, Observation, Outcome};
use coordinate_model::input::{Answer, Input, Of, Performed};
use coordinate_model::ledger::{Line, expected, lines, total};
use coordinate_model::obligation::{Effect, Obligation};
use coordinate_model::run::{Run, StepState};
use coordinate_model::said::Saying;
use coordinate_model::subrun;
use coordinate_model::time::UtcMillis;
use coordinate_testkit::runs::{created, requested};
use coordinate_testkit::world::{Habits, World};
use proptest::prelude::*;

/// Tokens for the run, and what is set aside for an attempt.
fn tokens(most: u64, reserve: u64) -> Budgets {
    Budgets {
        run: Limits { tokens: Some(most), ..Limits::default() },
        reserve: Usual { tokens: reserve, micro_usd: 0 },
        warn_percent: 80,
        grace_ms: 60_000,
        ..Budgets::default()
    }
}

fn line(run: &Run, measure: Measure) -> Line {
    lines(run).into_iter().find(|line| line.limit.measure == measure).unwrap()
}

fn used(input: u64) -> Observation {
    Observation::Usage { usage: Usage { input, ..Usage::default() }, total: true }
}

/// Every agent tells that it used so much, and ends well.
fn each_uses(tokens: u64) -> impl Fn(&Obligation, &Of) -> Option<Input> {
    let told = std::cell::RefCell::new(std::collections::BTreeSet::new());
    move |one, of| {
        let first = one.key.effect == Effect::Supervise && told.borrow_mut().insert((of.step.clone(), of.attempt));
        first.then(|| Input::Observed { of: of.clone(), offset: 1, observations: vec![used(tokens)] })
    }
}

fn raise(live: &mut Live, budgets: &Budgets) -> Answer {
    live.send(&Input::Budget { budgets: Box::new(budgets.clone()), by: "somebody".to_owned() })
}

/// Goes on with a run that was parked.
fn go_on(mut live: Live, twist: impl Fn(&Obligation, &Of) -> Option<Input>) -> Live {
    let world = World::kind();
    for _ in 0..500 {
        let Some(one) = live.obligations().into_iter().next() else { return live };
        let of = one.key.step.clone().map(|step| Of { step, attempt: one.key.attempt, token: one.token });
        match of.and_then(|of| twist(&one, &of)) {
            Some(input) => drop(live.send(&input)),
            None => world.carry(&live.run, &one).iter().for_each(|input| drop(live.send(input))),
        }
    }
    panic!("no end: {:?}", live.obligations());
}

/// Shows P4.
#[test]
fn a_spent_budget_parks_the_run_and_more_of_it_goes_on() {
    let chain: &[&[u32]] = &[&[], &[1], &[2]];
    let live = drive(created(chain).budget(tokens(100, 10)).build(), each_uses(60));
    assert_eq!((live.run.outcome, line(&live.run, Measure::Tokens).spent), (None, 120));
    assert_eq!(
        live.run.step(&coordinate_model::ids::StepId::new("implement/p3/agent")).unwrap().state,
        StepState::Ready
    );
    assert_eq!(decide::parked(&live.run).unwrap().limit.to_string(), "tokens of the run");
    let told = |wanted: &str| count(&live, |event| event.name() == wanted);
    assert_eq!((told("budget_warned"), told("budget_reached"), told("stop_requested")), (0, 1, 0));
    let mut live = live;
    assert_eq!(live.send(&Input::Drive { epoch: coordinate_model::ids::Token(2), pid: 2 }), Answer::Accepted);
    assert!(live.obligations().is_empty(), "resuming alone gives nothing more to spend");
    assert_eq!(raise(&mut live, &tokens(300, 10)), Answer::Accepted);
    assert_eq!(raise(&mut live, &tokens(300, 10)), Answer::AlreadyDone);
    assert_eq!(line(&live.run, Measure::Tokens).spent, 120, "what was spent stays spent");
    let live = go_on(live, each_uses(60));
    assert_eq!((live.run.outcome, line(&live.run, Measure::Tokens).spent), (Some(Outcome::Succeeded), 180));
}

/// Shows N6.
#[test]
fn what_an_attempt_needs_is_set_aside_before_it_begins() {
    let mut live = Live::begin(created(&[&[], &[], &[]]).max_parallel(3).budget(tokens(100, 40)).build());
    let world = World::kind();
    while !live.obligations().iter().any(|one| one.key.effect == Effect::Supervise) {
        let one = live.obligations().remove(0);
        world.carry(&live.run, &one).iter().for_each(|input| drop(live.send(input)));
    }
    let begun = live.run.live().count();
    let of_run = line(&live.run, Measure::Tokens);
    assert_eq!((begun, of_run.reserved, of_run.left()), (2, 80, 20), "a third one would not fit");
    let live = go_on(live, each_uses(10));
    assert_eq!(live.run.outcome, Some(Outcome::Succeeded), "what was set aside is free again");
    assert_eq!(line(&live.run, Measure::Tokens).reserved, 0);
}

/// Each role by its own attempts, and one that has not worked yet by what is said.
#[test]
fn what_a_role_is_expected_to_use_is_the_most_that_it_has_used_in_the_run() {
    let budgets =
        Budgets { usual: [("doc-writer".to_owned(), Usual { tokens: 7, micro_usd: 9 })].into(), ..tokens(1000, 40) };
    let told = std::cell::RefCell::new(std::collections::BTreeSet::new());
    let uses = |one: &Obligation, of: &Of| {
        let mut told = told.borrow_mut();
        let first = one.key.effect == Effect::Supervise && told.insert(of.step.clone());
        let researches = of.step.as_str().starts_with("research");
        let tokens = if researches { [30, 10][usize::from(told.len() > 1)] } else { 5 };
        first.then(|| Input::Observed { of: of.clone(), offset: 1, observations: vec![used(tokens)] })
    };
    let live = drive(requested(Scope::ResearchAndPlan, 2).budget(budgets.clone()).build(), uses);
    assert_eq!(live.run.outcome, Some(Outcome::Succeeded));
    let of_role = |role: &str| expected(&live.run, &budgets, role);
    assert_eq!(of_role("research-specialist"), Usual { tokens: 30, micro_usd: 0 });
    assert_eq!(of_role("plan-architect"), Usual { tokens: 5, micro_usd: 0 });
    assert_eq!(of_role("doc-writer"), Usual { tokens: 7, micro_usd: 9 }, "as it usually uses");
    assert_eq!(of_role("debug-analyst"), Usual { tokens: 40, micro_usd: 0 }, "as nobody knows");
}

#[test]
fn one_alone_begins_while_something_is_left_however_much_it_is_said_to_need() {
    let live = drive(created(&[&[]]).budget(tokens(10, 1_000_000)).build(), each_uses(5));
    assert_eq!(live.run.outcome, Some(Outcome::Succeeded));
    assert!(lines(&live.run)[0].left() == 5);
}

#[test]
fn a_limit_that_is_only_told_stops_nothing() {
    let warned = Budgets { mode: Mode::Warn, ..tokens(100, 10) };
    let live = drive(created(&[&[], &[1], &[2]]).budget(warned).build(), each_uses(45));
    assert_eq!(live.run.outcome, Some(Outcome::Succeeded));
    let told = |wanted: &str| count(&live, |event| event.name() == wanted);
    assert_eq!((told("budget_warned"), told("budget_reached"), told("stop_requested")), (1, 1, 0));
}

/// The run is driven until its only agent works and has used up all; the input that follows is a test's.
fn at_the_limit(hears: bool) -> Live {
    let mut first = created(&[&[]]).budget(tokens(50, 10)).build();
    first.options.agent.hears = hears;
    let mut live = Live::begin(first);
    let world = World::kind();
    while !live.obligations().iter().any(|one| one.key.effect == Effect::Supervise) {
        let one = live.obligations().remove(0);
        world.carry(&live.run, &one).iter().for_each(|input| drop(live.send(input)));
    }
    let of = supervised(&live);
    live.send(&Input::Observed { of, offset: 1, observations: vec![used(70)] });
    live
}

fn supervised(live: &Live) -> Of {
    let one = live.obligations().into_iter().find(|one| one.key.effect == Effect::Supervise).unwrap();
    Of { step: one.key.step.unwrap(), attempt: one.key.attempt, token: one.token }
}

/// Shows N6.
#[test]
fn who_works_at_the_limit_gets_a_time_of_grace_and_no_try_is_counted() {
    let mut live = at_the_limit(false);
    let due = decide::budget_due(&live.run).unwrap();
    assert_eq!(due.since(live.context().now), 60_000);
    assert_eq!(live.send(&Input::BudgetDue), Answer::AlreadyDone, "not before its time");
    live.reach(due);
    assert_eq!(live.send(&Input::BudgetDue), Answer::Accepted);
    assert_eq!(live.send(&Input::BudgetDue), Answer::AlreadyDone);
    assert_eq!(decide::budget_due(&live.run), None, "it was told once");
    assert_eq!(count(&live, |event| matches!(event, Event::StopRequested { .. })), 1);
    let of = supervised(&live);
    let ended = Input::Ended { of, ending: AttemptEnding::Signaled { signal: 15 }, snapshot: None, tail: Vec::new() };
    live.send(&ended);
    let step = &live.run.steps[0];
    assert_eq!((step.state, step.counted, step.attempts.len()), (StepState::Ready, 0, 1));
    assert!(live.obligations().is_empty() && decide::parked(&live.run).is_some());
}

#[test]
fn who_can_hear_it_is_told_to_come_to_an_end() {
    let words = |live: &Live| {
        let said = live.run.steps[0].said.iter().map(|message| (message.said.by.clone(), message.said.what.clone()));
        said.collect::<Vec<_>>()
    };
    assert_eq!(words(&at_the_limit(false)), []);
    let heard = words(&at_the_limit(true));
    let [(by, Saying::Steer { text })] = heard.as_slice() else { panic!("{heard:?}") };
    assert_eq!(by, "the budget");
    assert!(text.contains("tokens of the run") && text.contains("60 seconds") && text.contains("commit"), "{text}");
}

#[test]
fn a_client_that_was_ended_before_it_told_has_used_what_was_set_aside() {
    let mut first = created(&[&[]]).budget(tokens(1_000, 100)).build();
    first.options.agent.concludes = true;
    let lost = std::cell::Cell::new(false);
    let live = drive(first, |one, of| {
        let first = one.key.effect == Effect::Supervise && !lost.replace(true);
        let ending = AttemptEnding::Lost;
        first.then(|| Input::Ended { of: of.clone(), ending, snapshot: None, tail: Vec::new() })
    });
    assert!(line(&live.run, Measure::Tokens).spent >= 100, "{:?}", lines(&live.run));
}

#[test]
fn attempts_are_counted_and_the_last_one_ends_its_work() {
    let attempts = Budgets { run: Limits { attempts: Some(2), ..Limits::default() }, ..tokens(1, 1) };
    let live = drive(created(&[&[], &[1], &[2]]).budget(attempts).build(), |_, _| None);
    assert_eq!((live.run.outcome, line(&live.run, Measure::Attempts).spent), (None, 2));
    assert_eq!(decide::parked(&live.run).unwrap().limit.measure, Measure::Attempts);
    let enough = Budgets { run: Limits { attempts: Some(3), ..Limits::default() }, ..tokens(1, 1) };
    let live = drive(created(&[&[], &[1], &[2]]).budget(enough).build(), |_, _| None);
    assert_eq!(live.run.outcome, Some(Outcome::Succeeded), "nobody wanted a fourth");
    assert_eq!(count(&live, |event| event.name() == "budget_reached"), 0);
}

#[test]
fn a_roles_limit_holds_for_that_role_alone() {
    let role = |name: &str| {
        let limits = Limits { tokens: Some(50), ..Limits::default() };
        Budgets { run: Limits::default(), roles: [(name.to_owned(), limits)].into(), ..tokens(1, 1) }
    };
    let chain: &[&[u32]] = &[&[], &[1]];
    let live = drive(created(chain).budget(role("implementation-executor")).build(), each_uses(60));
    let parked = decide::parked(&live.run).unwrap();
    assert_eq!(parked.limit.bound, Bound::Role("implementation-executor".to_owned()));
    let live = drive(created(chain).budget(role("doc-writer")).build(), each_uses(60));
    assert_eq!(live.run.outcome, Some(Outcome::Succeeded));
}

#[test]
fn what_other_runs_spent_today_counts_and_another_day_has_its_limit_whole() {
    let day = Limits { tokens: Some(100), ..Limits::default() };
    let budgets = Budgets { run: Limits::default(), day, ..tokens(1, 10) };
    let mut live = Live::begin(created(&[&[], &[1], &[2]]).budget(budgets).build());
    let today = live.context().now.day();
    let elsewhere = Elsewhere { day: today, tokens: 60, micro_usd: 0 };
    assert_eq!(live.send(&Input::SpentElsewhere { elsewhere: elsewhere.clone() }), Answer::Accepted);
    assert_eq!(live.send(&Input::SpentElsewhere { elsewhere }), Answer::AlreadyDone);
    let mut live = go_on(live, each_uses(50));
    assert_eq!(line(&live.run, Measure::Tokens).spent, 110);
    assert_eq!(decide::parked(&live.run).unwrap().limit.bound, Bound::Day);
    live.pass(24 * 3_600_000);
    let elsewhere = Elsewhere { day: live.context().now.day(), tokens: 0, micro_usd: 0 };
    live.send(&Input::SpentElsewhere { elsewhere });
    let live = go_on(live, each_uses(50));
    assert_eq!((live.run.outcome, line(&live.run, Measure::Tokens).spent), (Some(Outcome::Succeeded), 100));
}

fn time(most: u64) -> Budgets {
    Budgets { run: Limits { wall_ms: Some(most), ..Limits::default() }, ..tokens(1, 1) }
}

/// A run whose only agent is at work since its clock said 1 000.
fn working(budgets: Budgets) -> Live {
    let mut live = Live::begin(created(&[&[]]).budget(budgets).build());
    let world = World::kind();
    while !live.obligations().iter().any(|one| one.key.effect == Effect::Supervise) {
        let one = live.obligations().remove(0);
        world.carry(&live.run, &one).iter().for_each(|input| drop(live.send(input)));
    }
    live
}

#[test]
fn time_counts_while_somebody_works_and_not_while_the_run_stands() {
    let mut live = working(time(1_000_000));
    let worked = |live: &Live| line(&live.run, Measure::Time).spent;
    live.pass(5_000);
    let of = supervised(&live);
    live.send(&Input::Observed { of: of.clone(), offset: 1, observations: Vec::new() });
    assert_eq!(worked(&live), 5_000);
    // The driver is killed; a day later somebody pauses the run, and resumes it.
    live.pass(86_400_000);
    live.send(&Input::Pause { by: "somebody".to_owned() });
    live.pass(1_000);
    live.send(&Input::Drive { epoch: coordinate_model::ids::Token(2), pid: 2 });
    assert_eq!(worked(&live), 5_000);
    live.pass(3_000);
    live.send(&Input::Observed { of, offset: 2, observations: Vec::new() });
    assert_eq!(worked(&live), 8_000);
}

#[test]
fn a_silent_agent_is_stopped_when_the_time_is_spent() {
    let mut live = working(Budgets { grace_ms: 0, ..time(30_000) });
    let due = decide::budget_due(&live.run).unwrap();
    assert_eq!(due, UtcMillis(31_000));
    live.reach(due);
    live.send(&Input::BudgetDue);
    live.send(&Input::BudgetDue);
    assert_eq!(count(&live, |event| matches!(event, Event::StopRequested { .. })), 1);
    assert!(line(&live.run, Measure::Time).is_spent());
}

#[test]
fn a_run_below_gets_its_share_and_more_when_there_is_more() {
    let first = requested(Scope::ResearchOnly, 6).max_parallel(4).budget(tokens(1_000, 100)).build();
    assert!(!first.tracks.is_empty());
    let mut live = Live::begin(first.clone());
    let world = World::kind();
    while !live.obligations().iter().any(|one| one.key.effect == Effect::Perform) {
        let one = live.obligations().remove(0);
        world.carry(&live.run, &one).iter().for_each(|input| drop(live.send(input)));
    }
    let leads: Vec<_> = live.run.live().cloned().collect();
    let share = |step: &coordinate_model::run::Step| step.attempt().unwrap().reserved.unwrap().tokens;
    assert_eq!(leads.iter().map(share).collect::<Vec<_>>(), [Some(500), Some(500)]);
    let below = subrun::below(&first, &leads[0]).unwrap();
    let budgets = below.options.budget.clone().unwrap();
    assert_eq!((budgets.run.tokens, budgets.given), (Some(500), 1));
    let mut limited = first.clone();
    let above = limited.options.budget.as_mut().unwrap();
    above.day.tokens = Some(9);
    above.roles.insert("planner".to_owned(), above.day);
    let same = subrun::below(&limited, &leads[0]).unwrap().options.budget;
    assert_eq!(same, Some(budgets), "limits of the day and of roles are kept to above");
    // It spends all of that and stands still; what the other one has not used is its next share.
    let below = drive(below, each_uses(200)).run;
    assert_eq!(total(&below).tokens, 600);
    let usage = Usage { input: 600, ..Usage::default() };
    let of = |live: &Live, at: usize| {
        let step = live.run.step(&leads[at].id).unwrap();
        let attempt = step.attempt().unwrap();
        Of { step: step.id.clone(), attempt: attempt.number, token: attempt.token }
    };
    let told =
        Input::Observed { of: of(&live, 0), offset: 9, observations: vec![Observation::Below { usage, attempts: 3 }] };
    live.send(&told);
    assert_eq!(line(&live.run, Measure::Tokens).spent, 600);
    live.send(&Input::Performed { of: of(&live, 0), result: Performed::Parked });
    let again = live.run.step(&leads[0].id).unwrap().clone();
    assert_eq!((again.state, again.counted), (StepState::Ready, 0), "it waits until the other one is done");
    let done = world.carry(&live.run, &live.obligations()[0]);
    done.iter().for_each(|input| drop(live.send(input)));
    let again = live.run.step(&leads[0].id).unwrap().clone();
    assert_eq!((again.attempts.len(), share(&again)), (2, Some(400)));
    let raised = subrun::raised(&first, &again, &below).unwrap();
    assert_eq!((raised.run.tokens, raised.given), (Some(1_000), 2));
    let mut child = Live::begin(subrun::below(&first, &leads[0]).unwrap());
    raise(&mut child, &raised);
    assert_eq!(subrun::raised(&first, &again, &child.run), None, "given twice is given once");
}

/// Some limits, tight enough to be met.
fn some_budgets(seed: u64) -> Budgets {
    let limit = |bits: u32, most: u64| (seed >> bits & 1 == 1).then(|| 1 + (seed >> (bits + 8)) % most);
    Budgets {
        run: Limits {
            tokens: limit(0, 2_000),
            micro_usd: limit(1, 5_000),
            wall_ms: limit(2, 4_000),
            attempts: limit(3, 9),
        },
        grace_ms: seed % 500,
        reserve: Usual { tokens: seed % 200, micro_usd: seed % 300 },
        ..tokens(1, 1)
    }
}

fn doubled(budgets: &Budgets) -> Budgets {
    let twice = |limit: Option<u64>| limit.map(|most| most * 2 + 10);
    let run = budgets.run;
    let run = Limits {
        tokens: twice(run.tokens),
        micro_usd: twice(run.micro_usd),
        wall_ms: twice(run.wall_ms),
        attempts: twice(run.attempts),
    };
    Budgets { run, ..budgets.clone() }
}

fn budgeted(seed: u64) -> Created {
    let mut created = any_run(seed);
    created.options.budget = Some(Box::new(some_budgets(seed)));
    created
}

/// Every lease fits into what was left before it, or is one alone.
fn check_leases(simulation: &Simulation) {
    let journal = &simulation.live.journal;
    let mut run = fold(&journal[..1]);
    for (position, event) in &journal[1..] {
        if let Event::AttemptLeased { reserved: Some(reserved), .. } = event {
            for line in lines(&run) {
                let need = match line.limit.measure {
                    Measure::Tokens => reserved.tokens.unwrap_or(0),
                    Measure::Money => reserved.micro_usd.unwrap_or(0),
                    Measure::Time | Measure::Attempts => 0,
                };
                let alone = line.reserved == 0;
                assert!(line.spent < line.most && (alone || need <= line.left()), "{line:?} {event:?}");
            }
        }
        run.apply(*position, event).unwrap();
    }
    assert_eq!(run, simulation.live.run, "one fold is another");
}

/// What is spent beyond a limit is what attempts used beyond what was set aside for them, and one alone.
fn check_overrun(run: &Run) {
    for line in lines(run).iter().filter(|line| line.limit == of_run(Measure::Tokens)) {
        let attempts = || run.steps.iter().flat_map(|step| &step.attempts).filter(|attempt| attempt.reserved.is_some());
        let set_aside = |attempt: &coordinate_model::run::Attempt| attempt.reserved.unwrap().tokens.unwrap_or(0);
        let beyond =
            attempts().map(|attempt| attempt.usage.unwrap_or_default().tokens().saturating_sub(set_aside(attempt)));
        let most = line.most + beyond.sum::<u64>() + attempts().map(set_aside).max().unwrap_or(0);
        assert!(line.spent <= most, "{line:?}");
        assert!(run.live().next().is_some() || line.reserved == 0, "{line:?}");
    }
}

fn of_run(measure: Measure) -> LimitName {
    LimitName { bound: Bound::Run, measure }
}

proptest! {
    #![proptest_config(config(40))]

    /// Shows P4, N6.
    #[test]
    fn every_world_ends_if_it_is_given_enough_and_never_spends_beyond_what_was_set_aside(
        seed in any::<u64>(),
        habits in habits(),
    ) {
        let habits = Habits { tokens: 1 + seed % 300, ..habits };
        let mut simulation = Simulation::new(budgeted(seed), World::new(seed, habits), seed);
        simulation.unrest = seed % 20;
        for _ in 0..60 {
            match simulation.settle(20_000) {
                Rest::Ended => break,
                Rest::Gate => {
                    let open = simulation.live.obligations();
                    simulation.answer_all(&open);
                }
                Rest::Parked => {
                    let run = &simulation.live.run;
                    check_overrun(run);
                    prop_assert!(run.live().next().is_none());
                    let (spent, budgets) = (total(run).tokens, run.purse.as_ref().unwrap().budgets.clone());
                    simulation.forget();
                    raise(&mut simulation.live, &doubled(&budgets));
                    prop_assert_eq!(total(&simulation.live.run).tokens, spent);
                }
            }
        }
        prop_assert!(simulation.live.run.outcome.is_some());
        check_leases(&simulation);
    }

    /// Shows S22.
    #[test]
    fn a_stored_fold_goes_on_as_the_fold_itself(seed in any::<u64>(), habits in habits(), at in any::<u64>()) {
        let habits = Habits { tokens: 1 + seed % 300, ..habits };
        let mut simulation = Simulation::new(budgeted(seed), World::new(seed, habits), seed);
        simulation.settle(20_000);
        let journal = &simulation.live.journal;
        let (before, after) = journal.split_at(1 + usize::try_from(at).unwrap_or(0) % journal.len());
        let mut again: Run = serde_json::from_str(&serde_json::to_string(&fold(before)).unwrap()).unwrap();
        again.reindex();
        for (position, event) in after {
            again.apply(*position, event).unwrap();
        }
        prop_assert_eq!(&again, &simulation.live.run);
        prop_assert_eq!(lines(&again), lines(&simulation.live.run));
    }
}
