//! The live display on a real terminal, and what is shown where there is none.

use crate::support::terminal::{Shown, on_lost_terminal, on_terminal};
use crate::support::{Plan, World};

fn world() -> World {
    let plan = Plan::new()
        .sh("base", &[], "`base.txt`", "echo base > base.txt")
        .sh("left", &[1], "`left.txt`", "echo left > left.txt")
        .sh("right", &[1], "`right.txt`", "echo right > right.txt");
    World::with_plan(&plan)
}

fn run(world: &World, term: &str, size: (u16, u16), more: &[(&str, &str)]) -> Shown {
    let mut command = world.command(&["run", "PLAN.md", "--all", "--agent", "offline", "-c", "test.command=true"]);
    command.env_remove("NO_COLOR").env("TERM", term).envs(more.iter().copied());
    let shown = on_terminal(command, size);
    assert_eq!(shown.code, Some(0), "{}", shown.raw);
    shown
}

/// Whether a drawing had a line with all of these parts.
fn had(shown: &Shown, parts: &[&str]) -> bool {
    let lines = shown.frames.iter().flat_map(|frame| frame.lines());
    lines.into_iter().any(|line| parts.iter().all(|part| line.contains(part)))
}

/// Shows S20.
#[test]
fn a_terminal_shows_states_waves_tasks_tests_and_time() {
    let world = world();
    let shown = run(&world, "xterm-256color", (100, 40), &[]);
    for parts in [
        &["✓ initialize", "▶ implement", "· test", "· document"] as &[&str],
        &["wave 1", "░░░░░░░░░░░░░░░░░░░░ 0/1", "phases 1"],
        &["wave 1", "████████████████████ 1/1"],
        &["wave 2", "██████████░░░░░░░░░░ 1/2", "phases 2, 3"],
        &["phase 1 - base (agent, "],
        &["tests: no tests yet", "spend: n/a"],
        &["tests: `true` passes"],
        &["time left unknown: no history"],
    ] {
        assert!(had(&shown, parts), "{parts:?} in {:#?}", shown.frames);
    }
    // What has happened stays, and the display itself is gone at the end.
    for part in ["✓ phase 3 - right is merged", "┌ state implement complete in", "└ next:      test"] {
        assert!(shown.screen.contains(part), "{part}: {}", shown.screen);
    }
    assert!(!shown.screen.contains("wave 1 ░") && !shown.screen.contains("▶ "), "{}", shown.screen);
    assert!(shown.raw.contains("\u{1b}[32m"), "colours");
    world.env.assert_no_leftovers();
}

#[test]
fn earlier_runs_tell_how_long_it_will_take() {
    let world = world();
    assert_eq!(world.run_offline(&["-c", "test.command=true"]).code, Some(0));
    let shown = run(&world, "xterm", (100, 40), &[]);
    assert!(had(&shown, &["coordinate run_", ", about ", " left"]), "{:#?}", shown.frames);
}

#[test]
fn no_color_drops_colours_and_nothing_else() {
    let shown = run(&world(), "xterm", (100, 40), &[("NO_COLOR", "1")]);
    assert!(had(&shown, &["▶ implement"]), "{:#?}", shown.frames);
    assert!(!shown.raw.contains("\u{1b}[32m") && !shown.raw.contains("\u{1b}[1"), "{}", shown.raw);
}

/// Shows S20.
#[test]
fn a_dumb_terminal_and_a_small_window_get_plain_lines() {
    for (term, size) in [("dumb", (100, 40)), ("", (100, 40)), ("xterm", (30, 40)), ("xterm", (100, 5))] {
        let shown = run(&world(), term, size, &[]);
        assert!(!shown.raw.contains('\u{1b}'), "{term} {size:?}: {}", shown.raw);
        let lines = shown.screen.replace('\n', "");
        for part in ["PROGRESS: [implement] - ✓ phase 1 - base is done", "PROGRESS: [implement] - ┌ state implement"]
        {
            assert!(lines.contains(part), "{term} {size:?} {part}: {lines}");
        }
    }
}

#[test]
fn a_terminal_that_goes_away_does_not_end_the_run() {
    let world = world();
    let mut command = world.command(&["run", "PLAN.md", "--agent", "offline"]);
    command.env("TERM", "xterm");
    assert_eq!(on_lost_terminal(command), Some(0));
    assert_eq!(world.show()["outcome"], "succeeded");
}
