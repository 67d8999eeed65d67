//! SIGKILL at random moments, of the orchestrator and of Claude Code, whose tools have left what sits in sessions of its
//! own: nothing of it stays, no tool is executed twice, and the run goes on to its good end.

use crate::replayed::come_again;
use crate::support::process::await_that;
use crate::support::{PROGRAM, World};
use crate::within;
use coordinate_testkit::api::script::{Turn, marker};
use coordinate_testkit::clients::{Client, Installed};
use coordinate_testkit::processes::kill;
use coordinate_testkit::seeded::Chance;
use coordinate_testkit::wait_until;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

const PLAN: &str = "# Two\n\n### Phase 1: One\n**Files**: one.txt\n\n- [ ] write one\n\n\
                    ### Phase 2: Two\n**Dependencies**: [1]\n**Files**: two.txt\n\n- [ ] write two\n";

/// Kills of one run.
const KILLS: usize = 2;

/// A little longer than a client's step takes.
const STEP: Duration = Duration::from_millis(2_500);

/// A shell beside the fake API, which must outlive the orchestrators that are killed.
struct Cell {
    shell: Child,
    input: ChildStdin,
    ended: Receiver<String>,
}

impl Cell {
    #[track_caller]
    fn of(world: &World, installed: &Installed) -> Self {
        let mut command = within(world, installed, Client::Claude);
        command.arg("sh").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut shell = command.spawn().expect("the fake API can be started");
        let (input, output) = (shell.stdin.take().expect("a pipe"), shell.stdout.take().expect("a pipe"));
        let (sender, ended) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _nobody_waits = sender.send(line);
            }
        });
        Self { shell, input, ended }
    }

    /// Begins an orchestrator.
    #[track_caller]
    fn begin(&mut self, words: &str) {
        writeln!(self.input, "'{PROGRAM}' {words} > /dev/null 2> last < /dev/null; echo \"ended $?\"")
            .expect("it listens");
    }

    /// How the orchestrator ended, if it did within this time.
    fn ended_within(&self, time: Duration) -> Option<String> {
        self.ended.recv_timeout(time).ok()
    }

    #[track_caller]
    fn close(self) {
        let Self { mut shell, input, .. } = self;
        drop(input);
        assert!(shell.wait().expect("a child can be waited for").success());
    }
}

/// The processes of this world whose command lines fit.
fn found(world: &World, fits: impl Fn(&str) -> bool) -> Vec<u32> {
    world.env.leftovers().into_iter().filter(|process| fits(&process.command)).map(|process| process.pid).collect()
}

/// Not the fake API, whose name begins alike.
fn is_ours(command: &str) -> bool {
    command.split(' ').next() == Some(PROGRAM)
}

fn orchestrators(world: &World) -> Vec<u32> {
    found(world, |command| is_ours(command) && !command.contains("attempt-shim"))
}

fn clients(world: &World) -> Vec<u32> {
    found(world, |command| {
        !command.starts_with(PROGRAM) && command.contains("claude") && command.contains("stream-json")
    })
}

/// What the model does in each phase: four tools that tell of themselves and leave something behind, then the work.
fn work() -> String {
    let tool = |number: usize| {
        let line = format!("echo \"${{COORDINATE_ATTEMPT#*/}}#{number}\" >> \"$HOME/../tools\"");
        Turn { run: Some(format!("{line}; setsid sleep 900 > /dev/null 2>&1 & sleep 0.1")), ..Turn::default() }
    };
    let author = Turn { run: Some("sh \"$HOME/../scripts/author\"".to_owned()), ..Turn::default() };
    let last = Turn { say: Some("Done.".to_owned()), ..Turn::default() };
    marker(&(1..=4).map(tool).chain([author, last]).collect::<Vec<_>>())
}

#[track_caller]
fn survive(installed: &Installed, moment: u64) -> usize {
    let mut chance = Chance::new(moment);
    let world = World::new(&[("PLAN.md", PLAN), ("CLAUDE.md", &format!("# How to work here\n\n{}\n", work()))]);
    let _ = world.author();
    let mut cell = Cell::of(&world, installed);
    cell.begin("run PLAN.md --agent claude -c agent.hard_seconds=120 -c test.command=");
    let (mut kills, mut of_clients) = (0, 0);
    let ended = loop {
        if kills == KILLS {
            break cell.ended_within(Duration::from_secs(240));
        }
        let mut ended = None;
        await_that("a client or the end", || {
            ended = ended.take().or_else(|| cell.ended_within(Duration::ZERO));
            ended.is_some() || !clients(&world).is_empty()
        });
        let patience = STEP / 100 * u32::try_from(chance.draw() % 100).unwrap_or(0);
        if let Some(ended) = ended.or_else(|| cell.ended_within(patience)) {
            break Some(ended);
        }
        if chance.draw().is_multiple_of(2) {
            orchestrators(&world).into_iter().for_each(kill);
            assert_eq!(cell.ended_within(Duration::from_secs(60)).as_deref(), Some("ended 137"));
            cell.begin("resume --yes");
        } else {
            let there = clients(&world);
            of_clients += usize::from(!there.is_empty());
            there.into_iter().for_each(kill);
        }
        kills += 1;
    };
    let last = std::fs::read_to_string(world.repo.join("last")).unwrap_or_default();
    assert_eq!(ended.as_deref(), Some("ended 0"), "moment {moment}: {last}");
    std::fs::remove_file(world.repo.join("last")).expect("the shell has made it");
    cell.close();
    check(&world, of_clients);
    kills
}

#[track_caller]
fn check(world: &World, of_clients: usize) {
    assert_eq!((world.read("one.txt"), world.read("two.txt")), ("one\n".to_owned(), "two\n".to_owned()));
    let tools = std::fs::read_to_string(world.env.root().join("tools")).expect("tools were executed");
    let mut tools: Vec<&str> = tools.lines().collect();
    tools.sort_unstable();
    let all = tools.len();
    tools.dedup();
    assert_eq!(tools.len(), all, "a tool was executed twice: {tools:?}");
    let attempts: std::collections::BTreeSet<_> = tools.iter().filter_map(|tool| tool.split('#').next()).collect();
    // Whose client was not killed is taken over and not begun again.
    assert!(attempts.len() <= 2 + of_clients, "{attempts:?} after {of_clients} kills of clients");
    assert!(wait_until(Duration::from_secs(10), || world.env.leftovers().is_empty()), "{:#?}", world.env.leftovers());
    world.assert_nothing_left();
    come_again(world, Client::Claude);
}

/// Shows S7, N10.
#[test]
fn proof_claude_code_and_its_orchestrator_are_killed() {
    let Some(installed) = Installed::find() else { return };
    let rounds = std::env::var("COORDINATE_PROOF_COUNT").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
    let kills: usize = (0..rounds).map(|moment| survive(&installed, moment)).sum();
    println!("{kills} kills in {rounds} runs");
    assert!(kills > 0, "every moment came too late");
}
