//! All that others may ask of a run as it stands.

use crate::golden::journals;
use coordinate_model::budget::Budgets;
use coordinate_model::checkpoint::Checkpoint;
use coordinate_model::context::{Account, carried, tell};
use coordinate_model::decide::{budget_due, parked, question_due};
use coordinate_model::digest::hex_sha256;
use coordinate_model::fork::{Open, before, point};
use coordinate_model::ids::PhaseNumber;
use coordinate_model::ledger::{self, Total};
use coordinate_model::resume::{Facts, PlanNow};
use coordinate_model::run::{Lane, Run, Step};
use coordinate_model::subrun::{aggregation, below};
use coordinate_model::time::UtcMillis;
use std::fmt::Write as _;

/// Writes it down.
pub(crate) fn tell_all(run: &Run, out: &mut String) {
    let count = |text: &str| text.len() as u64 / 4;
    let account = Account::of(run, &count);
    let receivers: Vec<_> =
        account.receivers.iter().map(|receiver| (receiver.sums(), receiver.less(), receiver.reached())).collect();
    writeln!(out, "{account:?} {:?} {receivers:?}", account.sums()).unwrap();
    money(run, out);
    later(run, out);
    of_run(run, out);
    for step in &run.steps {
        of_step(run, step, out);
    }
    for number in (0..12).map(PhaseNumber) {
        let (done, worked) = (run.is_phase_done(number), run.is_worked_on(number));
        write!(out, "{:?} {done} {worked} {} ", run.standing(number), run.is_at_work(number)).unwrap();
    }
}

fn money(run: &Run, out: &mut String) {
    let none = Budgets::default();
    let budgets = run.purse.as_deref().map_or(&none, |purse| &purse.budgets);
    let (total, prices) = (ledger::total(run), &budgets.prices);
    let today = ledger::day_total(run, &run.updated.day(), prices);
    let other = ledger::day_total(run, "1999-01-01", prices);
    let sums: [Total; 3] = [total.with(&other), total.without(&today), today.with(&Total { unpriced: true, ..total })];
    let lines: Vec<_> = ledger::lines(run)
        .into_iter()
        .map(|line| {
            let room = [0, 1, line.left(), line.left() + 1].map(|need| line.has_room(need));
            (line.limit.to_string(), line.left(), line.is_spent(), line.is_near(80), room)
        })
        .collect();
    let usual = ["implementer", "agent", "debugger"].map(|role| ledger::expected(run, budgets, role));
    writeln!(out, "{total:?} {today:?} {other:?} {sums:?} {lines:?} {usual:?} {}", budgets.is_empty()).unwrap();
}

/// What is asked of it when somebody comes back to it.
fn later(run: &Run, out: &mut String) {
    let checkpoint = Checkpoint::of(run, &|moment| format!("at {}", moment.0)).to_json();
    let ages = [0_i64, 3_600_000, 90_000_000, 9_000_000_000].map(|age| UtcMillis(run.updated.0 + age));
    let judged = ages.map(|now| Facts::of_run(run, now, PlanNow::Unchanged).map(|facts| facts.judge()));
    writeln!(out, "{checkpoint} {judged:?} {:?}", Open::of(run)).unwrap();
}

fn of_run(run: &Run, out: &mut String) {
    let ids = |steps: &mut dyn Iterator<Item = &Step>| steps.map(|step| step.id.to_string()).collect::<Vec<_>>();
    let lists = [
        ids(&mut run.held_back()),
        ids(&mut run.asking()),
        ids(&mut run.left_behind()),
        ids(&mut run.going_in().into_iter()),
        ids(&mut run.live()),
        ids(&mut run.waiting()),
        ids(&mut run.failures().map(|(step, _)| step)),
    ];
    let due = (run.parked_until(), budget_due(run), question_due(run), parked(run));
    let players = (&run.mender().name, &run.planner().name, run.can_replan(), run.is_still(), run.is_held());
    writeln!(out, "{lists:?} {due:?} {players:?} {:?} {:?}", run.newest_verdict(), run.active_replan()).unwrap();
    let state = run.steps.last().map(|step| (aggregation(run, &step.of_state), run.visit(&step.of_state)));
    writeln!(out, "{state:?} {} {:?} {:?}", run.debug_rounds(), run.base_commit(), run.next_token()).unwrap();
}

fn of_step(run: &Run, step: &Step, out: &mut String) {
    let items = carried(run, step);
    let count = |text: &str| text.len() as u64 / 4;
    let told = tell(&items, "topic", &count);
    let lane = Lane::of(step.kind);
    writeln!(out, "{} {items:?} {told:?} {lane:?} {:?} {:?}", step.id, run.place(step), run.role(step)).unwrap();
    let answers = [
        run.is_of_now(step),
        run.is_queued(step),
        run.judges(step),
        run.hears(step),
        run.may_begin(step),
        run.is_within_limits(step),
        run.waits_for_another(step),
        run.makes_way(step).is_some(),
        run.made_way(step).is_some(),
        step.state.is_live(),
        step.state.is_over(),
    ];
    let players: Vec<&str> = run.players(step).map(|agent| agent.name.as_str()).collect();
    let now = run.player_now(step).map(|agent| &agent.name);
    writeln!(out, "{answers:?} {players:?} {now:?} {} {:?}", step.state.name(), run.policy(step)).unwrap();
    let merge = (run.conflict(step), run.repair_of(step), run.base_of(step), run.batch(&step.id).len());
    let work = (run.judged_work(step), run.requirement(step), run.known_judgement(step), run.foreseen(step));
    writeln!(out, "{merge:?} {work:?} {:?} {:?}", run.group(step), run.replan_of(step)).unwrap();
    let steering = run.steering(step).count();
    let costs: Vec<_> = step
        .attempts
        .iter()
        .map(|attempt| (ledger::cost(run, step, attempt, &Budgets::default().prices), run.agent_of(step, attempt)))
        .collect();
    writeln!(out, "{steering} {costs:?} {:?}", run.topics_of(step).count()).unwrap();
    let below = below(&run.created, step).map(|created| serde_json::to_string(&created).unwrap());
    writeln!(out, "{below:?}").unwrap();
}

/// What is told of the journals of released formats at each of their events, and where they can be forked.
#[test]
fn golden_journals_are_told_as_before() {
    let mut lines = String::new();
    for (number, journal) in journals().iter().enumerate() {
        let ((position, first), rest) = journal.split_first().unwrap();
        let mut run = Run::begin(*position, first).unwrap();
        let mut told = String::new();
        for (place, (position, event)) in rest.iter().enumerate() {
            run.apply(*position, event).unwrap();
            let at = point(journal, position.sequence).map(|point| point.at);
            writeln!(told, "{at:?} {:?}", run.steps.last().map(|step| before(journal, &step.id))).unwrap();
            if place % 3 == 0 {
                tell_all(&run, &mut told);
            }
        }
        writeln!(lines, "{number:02} {}", &hex_sha256(told.as_bytes())[..16]).unwrap();
    }
    insta::assert_snapshot!(lines);
}
