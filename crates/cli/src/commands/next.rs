//! `next`: gives a step of a run with the agent `host` to a worker, or says whether it is worth to come again.

use super::claim::{HOST, Token};
use super::{note, print, print_bytes, print_json};
use crate::args::NextArguments;
use crate::context::{Meant, Project, driver_of, find_run};
use crate::failure::{CommandError, Exit};
use crate::wiring::program;
use coordinate_agents::worker::{Desk, Work};
use coordinate_engine::journal::Journal;
use coordinate_engine::port::{AttemptStatus, Attempts};
use coordinate_engine::work::attempt_folder;
use coordinate_host::attempts::ShimAttempts;
use coordinate_model::ids::RunId;
use coordinate_model::run::{Run, Waiting};
use coordinate_model::shell::posix_word;
use coordinate_report::why::why;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How often the journal is asked for news.
const POLL: Duration = Duration::from_millis(100);

/// The longest time without a look of its own: that a driver has died is no news of the journal.
const LOOK: Duration = Duration::from_secs(2);

/// What a worker finds.
enum Found {
    Claimed(Box<Claimed>),
    /// Nothing now; these runs are being worked on.
    Idle(Vec<RunId>),
    /// A person must answer first.
    Waiting(RunId, String),
    /// It is open, and nobody drives it.
    Undriven(RunId),
    /// It has ended; no run is open at all, where none is named.
    Ended(Option<(RunId, &'static str)>),
}

/// A step that is this worker's now.
struct Claimed {
    token: Token,
    attempt: u32,
    work: Work,
    prompt: String,
}

pub(crate) fn next(project: &Project, options: &NextArguments) -> Result<Exit, CommandError> {
    let journal = project.need_journal()?;
    let only = options.run.as_deref().map(|run| find_run(&journal, Some(run), Meant::Open)).transpose()?;
    let begun = Instant::now();
    let wait = Duration::from_secs(options.wait);
    loop {
        // Before the look: what comes after it is news.
        let known = journal.storage().change_counter()?;
        let found = look(project, &journal, only.as_ref())?;
        let left = wait.saturating_sub(begun.elapsed());
        match found {
            Found::Idle(_) if !left.is_zero() => await_news(&journal, known, left)?,
            found => return Ok(tell(&found, options)),
        }
    }
}

fn await_news(journal: &Journal, known: u64, longest: Duration) -> Result<(), CommandError> {
    let begun = Instant::now();
    let longest = longest.min(LOOK);
    while begun.elapsed() < longest && journal.storage().change_counter()? == known {
        std::thread::sleep(POLL.min(longest));
    }
    Ok(())
}

fn look(project: &Project, journal: &Journal, only: Option<&RunId>) -> Result<Found, CommandError> {
    let runs = candidates(journal, only)?;
    if let Some(other) = runs.iter().find(|run| Some(run.id()) == only && !has_workers(run)) {
        let (id, agent) = (other.id(), &other.created.options.agent.name);
        return Err(CommandError::usage(format!("`{id}` has no steps for workers: its agent is `{agent}`"))
            .hint(format!("begin a run with `--agent {HOST}`")));
    }
    for run in runs.iter().filter(|run| has_workers(run)) {
        if let Some(claimed) = take(project, run)? {
            return Ok(Found::Claimed(Box::new(claimed)));
        }
    }
    // A run below another one stands still where that does, and ends before it.
    let above = runs.iter().filter(|run| has_workers(run) && (run.created.parent.is_none() || Some(run.id()) == only));
    above.map(|run| standing(journal, run)).try_fold(Found::Ended(None), |one, other| Ok(first_of(one, other?)))
}

/// The open runs, the oldest first; of a named one and those below it, whether it is open or not.
fn candidates(journal: &Journal, only: Option<&RunId>) -> Result<Vec<Run>, CommandError> {
    let headers = journal.storage().headers()?.into_iter().rev();
    let wanted = headers.filter(|header| match only {
        Some(id) => header.run == *id || header.parent.as_ref() == Some(id) && header.outcome.is_none(),
        None => header.outcome.is_none(),
    });
    Ok(wanted.map(|header| journal.load(&header.run)).collect::<Result<_, _>>()?)
}

fn has_workers(run: &Run) -> bool {
    let options = &run.created.options;
    let players = std::iter::once(&options.agent).chain(options.role_agents.values()).chain(&options.quota.fallback);
    players.into_iter().any(|agent| agent.name == HOST)
}

/// How a run stands from which nothing can be taken.
fn standing(journal: &Journal, run: &Run) -> Result<Found, CommandError> {
    let id = run.id().clone();
    if let Some(outcome) = run.outcome {
        return Ok(Found::Ended(Some((id, outcome.name()))));
    }
    if driver_of(journal, &id)?.is_some() {
        return Ok(Found::Idle(vec![id]));
    }
    let asks = run.waiting().any(|step| matches!(step.waiting, Some(Waiting::Answer { .. })));
    Ok(if asks { Found::Waiting(id, why(run, None)) } else { Found::Undriven(id) })
}

/// Of two runs the one that says more about whether to come again.
fn first_of(one: Found, other: Found) -> Found {
    match (one, other) {
        (Found::Idle(mut runs), Found::Idle(more)) => {
            runs.extend(more);
            Found::Idle(runs)
        }
        (one @ Found::Idle(_), _) => one,
        (_, other @ Found::Idle(_)) => other,
        (one @ (Found::Waiting(..) | Found::Undriven(_)), _) => one,
        (Found::Ended(_) | Found::Claimed(_), other) => other,
    }
}

/// Takes the first step that waits for a worker. Of several that try at once each gets another one.
fn take(project: &Project, run: &Run) -> Result<Option<Claimed>, CommandError> {
    // What is about to be stopped is no work.
    if run.paused.is_some() || run.closing.is_some() {
        return Ok(None);
    }
    let attempts = ShimAttempts::new(program()?);
    for step in run.live() {
        let Some(attempt) = step.attempt() else { continue };
        let folder = attempt_folder(&project.attempts(), run.id(), &step.id, attempt.number);
        let desk = Desk::of(&folder);
        let free = desk.claimed().map_err(CommandError::internal)?.is_none();
        let Some(work) = desk.work().map_err(CommandError::internal)?.filter(|_| free) else { continue };
        let status = attempts.status(&folder).map_err(CommandError::internal)?;
        if !matches!(status, AttemptStatus::Alive(_)) {
            continue;
        }
        // Read before it is claimed: a step that nobody can be told of stays free.
        let prompt = std::fs::read_to_string(&work.prompt)
            .map_err(|error| CommandError::internal(format!("failed to read `{}`: {error}", work.prompt.display())))?;
        let token = Token::new(run.id(), &folder);
        if !desk.claim(token.as_str()).map_err(CommandError::internal)? {
            continue;
        }
        return Ok(Some(Claimed { token, attempt: attempt.number, work, prompt }));
    }
    Ok(None)
}

/// The exit code says for a loop what to do: 0 work, 4 come again, anything else stop.
fn tell(found: &Found, options: &NextArguments) -> Exit {
    if options.json {
        print_json(&json_of(found));
    } else {
        tell_people(found, options.shell);
    }
    match found {
        Found::Claimed(_) => Exit::Done,
        Found::Idle(_) => Exit::Parked,
        Found::Waiting(..) => Exit::Waiting,
        Found::Undriven(_) | Found::Ended(_) => Exit::Stopped,
    }
}

fn tell_people(found: &Found, shell: bool) {
    match found {
        Found::Claimed(claimed) if shell => print_bytes(&exports(claimed)),
        Found::Claimed(claimed) => print(&text_of(claimed)),
        Found::Idle(_) => note("nothing waits for a worker now; come again"),
        Found::Waiting(run, why) => note(&format!("{run} waits {why}")),
        Found::Undriven(run) => note(&format!("nobody drives this run: coordinate resume {run}")),
        Found::Ended(Some((run, outcome))) => note(&format!("{run} has ended: {outcome}")),
        Found::Ended(None) => note("no run with workers is open"),
    }
}

/// Lines that a shell may `eval`: each value is one quoted word, whatever it holds.
fn exports(claimed: &Claimed) -> Vec<u8> {
    let mut variables = claimed.work.environment.clone();
    variables.insert("COORDINATE_CLAIM".to_owned(), claimed.token.to_string());
    let mut lines = Vec::new();
    // What the step before had and this one has not must not stay.
    for name in ["ARTIFACT", "ARTIFACT_KIND", "SUBJECT", "REQUEST", "INPUTS"] {
        variables.entry(format!("COORDINATE_{name}")).or_default();
    }
    for (name, value) in variables {
        lines.extend_from_slice(format!("export {name}=").as_bytes());
        lines.extend_from_slice(&posix_word(value.as_bytes()));
        lines.push(b'\n');
    }
    lines
}

fn json_of(found: &Found) -> Value {
    match found {
        Found::Claimed(claimed) => claimed_json(claimed),
        Found::Idle(runs) => json!({"state": "idle", "runs": runs}),
        Found::Waiting(run, why) => json!({"state": "waiting", "run": run, "why": why}),
        Found::Undriven(run) => json!({"state": "undriven", "run": run, "resume": format!("coordinate resume {run}")}),
        Found::Ended(ended) => {
            let (run, outcome) = ended.clone().unzip();
            json!({"state": "ended", "run": run, "outcome": outcome})
        }
    }
}

fn claimed_json(claimed: &Claimed) -> Value {
    let Claimed { token, attempt, work, prompt } = claimed;
    json!({
        "state": "claimed",
        "claim": token.as_str(),
        "run": work.run,
        "step": work.step,
        "attempt": attempt,
        "role": work.role,
        "phase": if work.phase.is_empty() { Value::Null } else { json!(work.phase) },
        "tree": work.tree,
        "artifact": work.artifact,
        "prompt_file": work.prompt,
        "prompt": prompt,
        "environment": work.environment,
        "heartbeat_seconds": heartbeat(work),
        "silence_seconds": work.idle_ms.map(|idle| idle / 1000),
        "hard_seconds": work.hard_ms.map(|hard| hard / 1000),
    })
}

/// How often a worker should say that it lives, in seconds: twice may be missed.
fn heartbeat(work: &Work) -> Option<u64> {
    work.idle_ms.map(|idle| (idle / 3000).max(1))
}

fn text_of(claimed: &Claimed) -> String {
    let Claimed { token, attempt, work, prompt } = claimed;
    let mut lines = vec![
        format!("claim     {token}"),
        format!("run       {}", work.run),
        format!("step      {} (attempt {attempt})", work.step),
        format!("role      {}", work.role),
        format!("tree      {}", work.tree.display()),
    ];
    lines.extend(work.artifact.iter().map(|artifact| format!("artifact  {}", artifact.path.display())));
    lines.push(format!("prompt    {}", work.prompt.display()));
    lines.extend(heartbeat(work).map(|beat| {
        let idle = work.idle_ms.unwrap_or_default() / 1000;
        format!("silence   at most {idle} s: say `coordinate heartbeat {token}` every {beat} s")
    }));
    lines.extend([
        format!("done      coordinate done {token} -m 'COMPLETION LINES'"),
        format!("failed    coordinate fail {token} -m 'WHY'"),
        String::new(),
        prompt.trim_end().to_owned(),
    ]);
    lines.join("\n")
}
