//! The page of the proof, made of the counts.

use super::counts;
use crate::shell::TaskError;
use crate::workspace::Workspace;
use serde_json::{Map, Value};
use std::fmt::Write;

const BEGIN: &str = "# The proof that nothing is lost

Made by `cargo xtask generate` from [proof.json](proof.json), into which the tasks below write what they found; `cargo xtask
tidy` compares. The numbers are of the day and the commit that stand beside them, and of nothing later: every run of the
tests tries a part of the same again.

";

const SWEEP: &str = "## A kill at every point

A point is a call of the program whose effect others can see: a write to the journal, its sync, a write of any other file,
a rename, a removal, a folder, a link; a start of a program, of git where that writes, and of git where that moves refs; a
message to an attempt, a message from one, a line on standard output. Writes to one file with nothing between them are one
point. Each scenario is run once to count them. Then it is run once for each point, and killed there with SIGKILL: just
before the call, or with half of the write done; each third time with everything that it has started. It is resumed until it
ends. Then are compared: how the run ended, the state of each step, the delivered tree file by file, the commits, the
branches, and what lies in the checkout; git must find nothing missing, and no process, work tree, lock or lease may be left.

*Lost* counts the kills after which any of this differs. *Repeated* counts those after which the agent of a step was executed
again that had already succeeded: the agents count that themselves. The program is the one that ships; the points are seen
and hit by a library that is loaded before the C library (`crates/testkit/points/points.c`).

The scenarios are small runs that between them write every kind of event:

- `plan`: phases beside each other, one that stumbles, one that breaks the tests and is repaired, and the delivery
- `request`: a request in plain words, with research and a plan that a person allows
- `replan`: a phase that fails its tests twice is split, by a text that is sent back once
- `people`: at gates people steer, set a budget, leave a phase out, try another again, pause and resume
- `cancel`: a run is cancelled while its agent is at work
- `limits`: a client meets a limit of use, and a budget is warned of and reached
- `forge`: the result goes into a pull request
- `topics`: research of four topics, led by runs below the run
- `moved`: the owner's branch moves on while the run is at work
- `asks`: a client that speaks is told something, asks leave, and is allowed the like of it for good
- `judged`: two phases are seen in one file, one makes way, and what each leaves is looked at by a blind verifier
- `late`: a phase is to change while it is being merged, and the owner's commits break the tests of the result
- `time`: what an agent of a failed run left is brought back, the run is forked, and the fork is put back and ends well

Some of the same scenarios are tried with two more deaths: of the git that the program calls, at its own writes, renames and
removals, which leaves half of an object and its locks; and of what supervises an attempt, which is begun again then. A dead
lock on what is the program's own is taken away, and one that the dead git can be shown to have held; any other one of the
user's repository is named, with what to do.

What this does not see: locks on files and named pipes, which the program makes without the C library. What a git and the
program leave locked that die together, as in a power cut, in what is the user's: the run says which file it is.

`cargo xtask crash-sweep [--scenario NAME] [--stride N] [--jobs N] [--write]`

";

const DAMAGE: &str = "## Damaged files and failing disks

Each event, lease and listing row of the journal has a checksum, gaps are looked for, and a file beside the journal says how far each run
had come, since a damaged write-ahead log ends for SQLite where the damage is. `crates/store/tests/damage.rs` turns bits on
each page of the file, of its log and of the log's index, and cuts them off: what is read then is what was written, or an
error. What is no longer there of a log that was cut off is an error too, also where SQLite says nothing.

Full and read-only disks, syncs that fail, single calls that fail, short writes and a clock that jumps are tried at points of
`plan`, `people` and `forge` by the same library: the run ends as if nothing had been, after `resume` where the driver had to stop.

";

const SIMULATION: &str = "## Simulated worlds

The real driver on a clock that only a seed moves. Storage fails at any call, before or after the commit; drivers die, and
are fenced off by others; carriers are late, or say a word twice; the clock jumps, also back; people pause, resume, answer and cancel.
The run must end, its state must be the fold of its events, no event may be missing or come twice, and nothing is begun that
had succeeded. The same seed goes the same way, so a failure is `cargo xtask simulate --seed N`. Not simulated are the
threads that carry obligations out: in their place speaks a world that knows what they can say.

`cargo xtask simulate [--seeds N] [--seed N] [--write]`

";

const DIFFERENTIAL: &str = "## Two storages, one journal

Random inputs, late and foreign ones among them, go into a journal in memory and one on disk: answers, events, states,
leases and listings are equal (`crates/engine/tests/driver/differential.rs`).

";

const FUZZ: &str = "## Random texts

Real texts are changed at random, and given to everything that reads what others wrote. None may make it panic or hang, and what it took it
must give back the same. An input that does is kept in `fuzz/corpus`, where every later run begins.

`cargo xtask fuzz [--seconds N] [--seed N] [--target NAME] [--write]`

";

/// The whole page.
pub(crate) fn page(workspace: &Workspace) -> Result<String, TaskError> {
    Ok(text(&counts(workspace)))
}

fn text(all: &Map<String, Value>) -> String {
    let sections = [
        BEGIN.to_owned(),
        SWEEP.to_owned(),
        sweep(&all.get("sweep").cloned().unwrap_or_default()),
        DAMAGE.to_owned(),
        SIMULATION.to_owned(),
        simulation(&all.get("simulation").cloned().unwrap_or_default()),
        DIFFERENTIAL.to_owned(),
        FUZZ.to_owned(),
        fuzz(&all.get("fuzz").cloned().unwrap_or_default()),
    ];
    format!("{}\n", sections.concat().trim_end())
}

/// The day and the commit of a finding.
fn of(finding: &Value) -> String {
    let part = |name: &str| finding["made"][name].as_str().unwrap_or("unknown").to_owned();
    format!("on {}, of commit `{}`", part("day"), part("commit"))
}

fn sweep(scenarios: &Value) -> String {
    let Some(scenarios) = scenarios.as_object().filter(|all| !all.is_empty()) else {
        return "Not run yet.\n\n".to_owned();
    };
    let mut text = String::new();
    for (name, scenario) in scenarios {
        let every = match scenario["stride"].as_u64() {
            Some(stride) if stride > 1 => format!("one point in {stride}"),
            Some(_) | None => "every point".to_owned(),
        };
        let _infallible = writeln!(text, "- `{name}`: {every}, {}", of(scenario));
    }
    text.push_str("\n| scenario | point | points | kills | lost | repeated |\n|---|---|--:|--:|--:|--:|\n");
    let mut sums = [0; 4];
    for (name, scenario) in scenarios {
        for (kind, counts) in scenario["kinds"].as_object().into_iter().flatten() {
            let counts: [u64; 4] = std::array::from_fn(|at| counts[at].as_u64().unwrap_or(0));
            row(&mut text, name, kind, counts);
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
    }
    row(&mut text, "**all**", "", sums);
    text.push('\n');
    text
}

fn row(text: &mut String, scenario: &str, kind: &str, [points, kills, lost, repeated]: [u64; 4]) {
    let _infallible = writeln!(text, "| {scenario} | {kind} | {points} | {kills} | {lost} | {repeated} |");
}

fn simulation(found: &Value) -> String {
    match (found["seeds"].as_u64(), found["turns"].as_u64()) {
        (Some(seeds), Some(turns)) => {
            format!("{seeds} seeds, {turns} turns of the world, none of them failed: {}.\n\n", of(found))
        }
        (_, _) => "Not run yet.\n\n".to_owned(),
    }
}

fn fuzz(found: &Value) -> String {
    let Some(targets) = found["targets"].as_object() else { return "Not run yet.\n\n".to_owned() };
    let mut text = format!("Without a finding {}:\n\n| target | corpus | inputs made |\n|---|--:|--:|\n", of(found));
    for (name, counts) in targets {
        let number = |at: usize| counts[at].as_u64().unwrap_or(0);
        let _infallible = writeln!(text, "| {name} | {} | {} |", number(0), number(1));
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_was_not_run_is_said() {
        assert_eq!(text(&Map::new()).matches("Not run yet.").count(), 3);
    }

    #[test]
    fn counts_are_summed_and_a_part_is_called_one() {
        let made = json!({"day": "2026-11-21", "commit": "abc"});
        let part = json!({"made": made, "stride": 7, "kinds": {"rename": [70, 10, 1, 0], "start": [7, 1, 0, 2]}});
        let text = sweep(&json!({"plan": part}));
        assert!(text.starts_with("- `plan`: one point in 7, on 2026-11-21, of commit `abc`\n"), "{text}");
        assert!(text.ends_with("| **all** |  | 77 | 11 | 1 | 2 |\n\n"), "{text}");
    }
}
