//! The arguments of `fork`, `rewind` and `replay`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct ForkArguments {
    /// The run, or the beginning of its id; without it, the newest
    pub(crate) run: Option<String>,

    /// The event after which the fork begins, as `replay --format json` and `logs --json` number them; or a step, for the
    /// moment before it was first begun
    #[arg(long, value_name = "EVENT|STEP")]
    pub(crate) at: String,

    /// What is different from then on; may be said several times. Keys: agent, model, agent:ROLE, max_parallel,
    /// test_command, budget_tokens, budget_usd, answer:GATE
    #[arg(long = "with", value_name = "KEY=VALUE")]
    pub(crate) with: Vec<String>,

    /// Goes on with the fork at once
    #[arg(long)]
    pub(crate) resume: bool,

    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// How a replay is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReplayFormat {
    /// Progress lines
    Line,
    /// One event a line as JSON
    Json,
    /// The live display
    Progress,
}

/// How fast a replay is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Speed {
    /// So many times as fast as it was.
    Times(f64),
    /// Without a pause.
    Most,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    /// The run, or the beginning of its id; without it, the newest
    pub(crate) run: Option<String>,

    /// How many times as fast as it was; `max`: without a pause. No pause is longer than two seconds
    #[arg(long, value_name = "N|max", default_value = "1", value_parser = speed)]
    pub(crate) speed: Speed,

    /// The first event that is shown
    #[arg(long, value_name = "EVENT", default_value_t = 1)]
    pub(crate) from: u64,

    /// The last event that is shown
    #[arg(long, value_name = "EVENT")]
    pub(crate) to: Option<u64>,

    /// How it is shown; else the live display on a terminal, and lines elsewhere
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<ReplayFormat>,

    /// Runs it once more, in a clone of its own: with the recorded answers of its agents and without any client, and
    /// compares each event with the recorded one
    #[arg(long, conflicts_with_all = ["from", "to", "speed"])]
    pub(crate) execute: bool,

    /// Another answer than the recorded one, and what comes of it: `answer:GATE=approved|rejected`, or `answer:STEP=FILE`
    /// for the file that an agent left
    #[arg(long = "with", value_name = "KEY=VALUE", requires = "execute")]
    pub(crate) with: Vec<String>,

    /// Keeps the clone in this folder, which must not be there yet
    #[arg(long, value_name = "DIR", requires = "execute")]
    pub(crate) keep: Option<PathBuf>,
}

fn speed(text: &str) -> Result<Speed, String> {
    if text == "max" {
        return Ok(Speed::Most);
    }
    let times = text.parse::<f64>().ok().filter(|times| times.is_finite() && *times > 0.0);
    times.map(Speed::Times).ok_or_else(|| "a number above 0, or `max`".to_owned())
}
