//! The closed list of keys: what each holds, its default, and what it means.

use crate::failure::CommandError;
use coordinate_model::price::micro;
use toml::Value;

/// What a key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    /// From 0 to 1.
    Share,
    /// A whole number between these, both included.
    Between(i64, i64),
    /// A number with or without a point, 0 or more.
    Amount,
    /// Points with at most one decimal, from 1 to 100.
    Points,
    Flag,
    List,
}

/// A key, its kind, its default as TOML (empty: none), and what it means.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) default: &'static str,
    pub(super) help: &'static str,
}

pub(super) const KEYS: [Key; 74] = [
    Key {
        name: "default_scope",
        kind: Kind::Text,
        default: "",
        help: "the scope of a request that does not say what it asks for; else `research-and-plan`",
    },
    Key { name: "max_parallel", kind: Kind::Number, default: "3", help: "agents and commands at once" },
    Key {
        name: "parallel_research_agents",
        kind: Kind::Number,
        default: "",
        help: "of these, the most that research topics at once; else as many as `max_parallel`",
    },
    Key {
        name: "auto_create_debug",
        kind: Kind::Flag,
        default: "true",
        help: "failing tests are debugged by the run itself; `false`: the run ends and says how to debug them",
    },
    Key {
        name: "specs_root",
        kind: Kind::Text,
        default: "",
        help: "the folder of topics; else `.claude/specs` if there, else `specs`",
    },
    Key {
        name: "agent.name",
        kind: Kind::Text,
        default: "\"auto\"",
        help: "the agent: `coordinate agents` lists them",
    },
    Key {
        name: "agent.preference",
        kind: Kind::List,
        default: "[\"claude\", \"codex\", \"gemini\", \"opencode\"]",
        help: "the clients that `auto` looks for, the first that is found is taken",
    },
    Key { name: "agent.model", kind: Kind::Text, default: "", help: "the model; else the client chooses" },
    Key {
        name: "agent.two_way",
        kind: Kind::Flag,
        default: "false",
        help: "starts Claude Code so that it can be told something while it works (`steer`); agents of ACP always can",
    },
    Key {
        name: "agent.roles",
        kind: Kind::List,
        default: "[]",
        help: "agents of single roles, each `ROLE=NAME[:MODEL]`; an empty NAME is the run's agent",
    },
    Key {
        name: "agent.fallback",
        kind: Kind::List,
        default: "[]",
        help: "agents, each `NAME[:MODEL]`, that go on in this order where a limit of use holds the one of the role back",
    },
    Key {
        name: "agent.resume_sessions",
        kind: Kind::Flag,
        default: "true",
        help: "an attempt that was interrupted goes on in its client's session, where the client can",
    },
    Key {
        name: "agent.on_death",
        kind: Kind::Text,
        default: "\"adopt\"",
        help: "agents whose driver was killed: `adopt` leaves them at work for the next one, `end` ends them",
    },
    Key {
        name: "agent.command",
        kind: Kind::List,
        default: "[]",
        help: "program and arguments of the agents `command` and `acp`",
    },
    Key {
        name: "agent.idle_seconds",
        kind: Kind::Number,
        default: "600",
        help: "longest silence of an agent; not set: the limit of its role, where that has one",
    },
    Key {
        name: "agent.hard_seconds",
        kind: Kind::Number,
        default: "",
        help: "longest time of an agent in all; not set: the limit of its role, where that has one",
    },
    Key { name: "agent.output_bytes", kind: Kind::Number, default: "268435456", help: "most output of an agent" },
    Key {
        name: "agent.grace_seconds",
        kind: Kind::Number,
        default: "5",
        help: "from asking an agent to end to ending it",
    },
    Key {
        name: "agent.conclude_seconds",
        kind: Kind::Number,
        default: "10",
        help: "longest silence of an agent that has said its last word: some hang then, and are ended for it",
    },
    Key {
        name: "agent.stall_seconds",
        kind: Kind::Number,
        default: "1800",
        help: "longest time in which an agent writes something, but says nothing, calls no tool and changes nothing",
    },
    Key {
        name: "agent.window",
        kind: Kind::Number,
        default: "200000",
        help: "tokens that its model reads at once; research whose reports would fill half of them is led by runs of its own",
    },
    Key {
        name: "budget.tokens",
        kind: Kind::Number,
        default: "",
        help: "the most tokens that a run may use; 0 or not set: no limit, here and for the limits below",
    },
    Key {
        name: "budget.usd",
        kind: Kind::Amount,
        default: "",
        help: "the most US dollars that a run may cost; where a client tells no price, that of the price table counts",
    },
    Key {
        name: "budget.minutes",
        kind: Kind::Amount,
        default: "",
        help: "the longest time in which a run may be at work; what it waits or stands still does not count",
    },
    Key {
        name: "budget.attempts",
        kind: Kind::Number,
        default: "",
        help: "the most attempts of agents that a run may begin",
    },
    Key {
        name: "budget.day_tokens",
        kind: Kind::Number,
        default: "",
        help: "the most tokens that all runs of the project may use on one day of UTC",
    },
    Key {
        name: "budget.day_usd",
        kind: Kind::Amount,
        default: "",
        help: "the most US dollars that all runs of the project may cost on one day of UTC",
    },
    Key {
        name: "budget.roles",
        kind: Kind::List,
        default: "[]",
        help: "limits of single roles in a run, as `ROLE tokens N`, `ROLE usd X` or `ROLE attempts N`; over those of role files",
    },
    Key {
        name: "budget.mode",
        kind: Kind::Text,
        default: "\"enforce\"",
        help: "`enforce`: at a limit the run stops and is parked; `warn`: it is told, and the run goes on",
    },
    Key {
        name: "budget.warn_at",
        kind: Kind::Share,
        default: "0.8",
        help: "the part of a limit, from 0 to 1, from which on it is told that it is near",
    },
    Key {
        name: "budget.grace_seconds",
        kind: Kind::Number,
        default: "60",
        help: "how long agents at work may go on when a limit is reached, to end their work",
    },
    Key {
        name: "budget.reserve_tokens",
        kind: Kind::Number,
        default: "50000",
        help: "what is set aside for an attempt of a role of which nothing is known yet",
    },
    Key { name: "budget.reserve_usd", kind: Kind::Amount, default: "0.5", help: "the same in US dollars" },
    Key {
        name: "budget.prices",
        kind: Kind::List,
        default: "[]",
        help: "prices of models, `MODEL INPUT CACHED OUTPUT` in US dollars for a million tokens; over those of the shipped table",
    },
    Key {
        name: "classifier.command",
        kind: Kind::List,
        default: "[]",
        help: "program and arguments that are asked what a request means; none: the rules alone decide",
    },
    Key { name: "classifier.seconds", kind: Kind::Number, default: "10", help: "longest time of the classifier" },
    Key {
        name: "classifier.threshold",
        kind: Kind::Share,
        default: "0.7",
        help: "the least confidence, from 0 to 1, with which the classifier's answer counts",
    },
    Key {
        name: "test.command",
        kind: Kind::Text,
        default: "",
        help: "shell command that tests a tree; else the one that `CLAUDE.md` or `AGENTS.md` names, else it is detected; \"\" is no tests",
    },
    Key { name: "test.limit_seconds", kind: Kind::Number, default: "1800", help: "longest time of a test or check" },
    Key {
        name: "log.bytes",
        kind: Kind::Number,
        default: "10485760",
        help: "the size at which the log is put aside and a new one is begun",
    },
    Key { name: "log.files", kind: Kind::Number, default: "5", help: "how many logs there are, the newest included" },
    Key {
        name: "check.command",
        kind: Kind::Text,
        default: "",
        help: "shell command that checks a phase's own tree before it is merged",
    },
    Key {
        name: "forecast.avoid",
        kind: Kind::Flag,
        default: "true",
        help: "phases that say they change the same files are not worked on at the same time",
    },
    Key {
        name: "forecast.overlap",
        kind: Kind::Text,
        default: "\"pause\"",
        help: "phases that are seen to change the same files while they work: `pause` the later one, `warn`, or `off`",
    },
    Key {
        name: "verify.blind",
        kind: Kind::Flag,
        default: "false",
        help: "before a phase is merged, an agent judges its tree by the plan's words alone (role `blind-verifier`)",
    },
    Key {
        name: "verdicts.cache",
        kind: Kind::Flag,
        default: "true",
        help: "tests and checks that passed are not run again, in any run, on the same tree in the same environment",
    },
    Key {
        name: "verdicts.environment",
        kind: Kind::List,
        default: "[\"PATH\", \"CC\", \"CXX\", \"CFLAGS\", \"CXXFLAGS\", \"LDFLAGS\", \"RUSTFLAGS\", \"RUSTUP_TOOLCHAIN\", \"GOFLAGS\", \"NODE_ENV\", \"NODE_OPTIONS\", \"PYTHONPATH\", \"VIRTUAL_ENV\", \"JAVA_HOME\", \"LANG\", \"LC_ALL\", \"TZ\"]",
        help: "the variables that are a part of that environment, besides the system, the programs and `worktree.setup`",
    },
    Key {
        name: "permissions.allow",
        kind: Kind::List,
        default: "[]",
        help: "what agents may do that ask leave, as `Bash(cargo test:*)`, `Edit(docs/**)`, `WebFetch`",
    },
    Key {
        name: "permissions.ask",
        kind: Kind::List,
        default: "[]",
        help: "what you are asked for: `coordinate inbox`; goes before what is allowed",
    },
    Key {
        name: "permissions.deny",
        kind: Kind::List,
        default: "[]",
        help: "what agents may never do, as `Bash(git push)`, `Edit(.github/**)`, `Read(~/.ssh/**)`; goes before all else",
    },
    Key {
        name: "permissions.default",
        kind: Kind::Text,
        default: "\"rules\"",
        help: "where no rule speaks: `rules`: they may work in their tree; `ask`: you are asked; `deny`: they may not",
    },
    Key {
        name: "permissions.timeout_minutes",
        kind: Kind::Number,
        default: "60",
        help: "how long such a question waits; then the answer is no; 0: as long as the agent waits",
    },
    Key {
        name: "permissions.unkept",
        kind: Kind::Text,
        default: "\"refuse\"",
        help: "a run whose agent can not be kept to the rules: `refuse` it, or `warn`",
    },
    Key {
        name: "gates.timeout_minutes",
        kind: Kind::Number,
        default: "",
        help: "how long a gate waits whose step does not say; then the answer is no; 0 or not set: until it is answered",
    },
    Key {
        name: "merge.batch",
        kind: Kind::Number,
        default: "4",
        help: "the most phases that wait for their merge and are merged and tested together; 1: each by itself",
    },
    Key {
        name: "merge.repair",
        kind: Kind::Text,
        default: "\"agent\"",
        help: "who mends a conflict, or tests that a merge breaks: `agent`, `gate` (an agent, once you allow it), `off`",
    },
    Key {
        name: "merge.into",
        kind: Kind::Text,
        default: "\"branch\"",
        help: "where the result goes: `branch` (yours), `pr` (a pull request), `none` (it waits on the run's branch)",
    },
    Key {
        name: "replan.complexity",
        kind: Kind::Points,
        default: "8.0",
        help: "the plan is changed for a phase of more points of complexity than this, from 1 to 100",
    },
    Key {
        name: "replan.tasks",
        kind: Kind::Between(1, 1000),
        default: "10",
        help: "the plan is changed for a phase of more tasks than these, from 1 to 1000",
    },
    Key {
        name: "replan.failures",
        kind: Kind::Between(1, 100),
        default: "2",
        help: "the plan is changed for a phase whose tests fail this often in a row, from 1 to 100",
    },
    Key {
        name: "replan.limit",
        kind: Kind::Between(0, 10),
        default: "2",
        help: "how often the plan is changed for one phase without asking, from 0 to 10",
    },
    Key {
        name: "quota.wait",
        kind: Kind::Flag,
        default: "true",
        help: "a driver waits for the end of a limit of use; `false`: it ends with exit 4 (`--no-wait`)",
    },
    Key {
        name: "quota.auto_resume",
        kind: Kind::Flag,
        default: "true",
        help: "a run goes on by itself when a limit of use ends; `false`: it waits for `resume` (`--no-auto-resume`)",
    },
    Key {
        name: "quota.unknown_minutes",
        kind: Kind::Between(1, 60),
        default: "15",
        help: "the pause after a limit of use whose end nobody told, from 1 to 60; doubled each time, up to an hour",
    },
    Key {
        name: "quota.longest_hours",
        kind: Kind::Number,
        default: "24",
        help: "a driver waits for no limit of use that lasts longer: it ends with exit 4",
    },
    Key {
        name: "quota.quiet",
        kind: Kind::Text,
        default: "",
        help: "hours in which nothing goes on by itself after a limit of use: `23:00-07:00`, with a time zone after it or this machine's",
    },
    Key {
        name: "quota.zone",
        kind: Kind::Text,
        default: "",
        help: "the time zone of a client's words that name none; else this machine's",
    },
    Key {
        name: "worktree.root",
        kind: Kind::Text,
        default: "",
        help: "where work trees are made; else below the user's state folder",
    },
    Key { name: "worktree.setup", kind: Kind::List, default: "[]", help: "shell commands that prepare a fresh tree" },
    Key {
        name: "worktree.link",
        kind: Kind::List,
        default: "[]",
        help: "untracked paths of the checkout that each tree gets as links",
    },
    Key {
        name: "snapshots.every_seconds",
        kind: Kind::Number,
        default: "60",
        help: "how often the tree of an agent at work is kept on its ref; 0: not by the clock",
    },
    Key {
        name: "retention.checkpoint_days",
        kind: Kind::Number,
        default: "30",
        help: "`clean`: imported checkpoints, from their import; those whose run succeeded go at once",
    },
    Key {
        name: "retention.transcript_days",
        kind: Kind::Number,
        default: "30",
        help: "`clean`: transcripts and snapshots of a run, from its end",
    },
    Key {
        name: "retention.trash_days",
        kind: Kind::Number,
        default: "30",
        help: "how long `restore` can bring back what was cleaned",
    },
];

/// Names less alike than this are no misspellings of each other.
const ALIKE: f64 = 0.8;

/// A key by its name; `origin` is where it was named.
pub(super) fn find(name: &str, origin: &str) -> Result<&'static Key, CommandError> {
    KEYS.iter().find(|key| key.name == name).ok_or_else(|| {
        let known: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
        let error = CommandError::usage(format!("{origin}: there is no configuration key `{name}`"));
        let error = nearest(name).into_iter().fold(error, |error, near| error.hint(format!("did you mean `{near}`?")));
        error.hint(format!("known keys: {}", known.join(", ")))
    })
}

fn nearest(name: &str) -> Option<&'static str> {
    // A key that was not written to its end is meant before one that only looks alike.
    if let Some(begun) = KEYS.iter().find(|key| !name.is_empty() && key.name.starts_with(name)) {
        return Some(begun.name);
    }
    let alike = KEYS.iter().map(|key| (strsim::jaro_winkler(name, key.name), key.name));
    alike.filter(|(likeness, _)| *likeness > ALIKE).max_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, name)| name)
}

/// The key of a value that is one of the right kind.
pub(super) fn checked(name: &str, value: &Value, origin: &str) -> Result<&'static Key, CommandError> {
    let key = find(name, origin)?;
    if fits(key.kind, value) {
        return Ok(key);
    }
    let wanted = match key.kind {
        Kind::Text => "a text",
        Kind::Number => "a whole number, 0 or more",
        Kind::Share => "a number from 0 to 1",
        Kind::Between(least, most) => &format!("a whole number from {least} to {most}"),
        Kind::Amount => "a number, 0 or more",
        Kind::Points => "a number from 1 to 100 with at most one decimal",
        Kind::Flag => "`true` or `false`",
        Kind::List => "a list of texts",
    };
    Err(CommandError::usage(format!("{origin}: `{name}` must be {wanted}, not `{value}`")))
}

fn fits(kind: Kind, value: &Value) -> bool {
    match kind {
        Kind::Text => value.is_str(),
        Kind::Number => value.as_integer().is_some_and(|number| number >= 0),
        Kind::Share => share(value).is_some_and(|share| (0.0..=1.0).contains(&share)),
        Kind::Between(least, most) => value.as_integer().is_some_and(|number| (least..=most).contains(&number)),
        Kind::Amount => amount(value).is_some(),
        Kind::Points => tenths(value).is_some(),
        Kind::Flag => value.is_bool(),
        Kind::List => value.as_array().is_some_and(|list| list.iter().all(Value::is_str)),
    }
}

/// A number with or without a point.
pub(super) fn share(value: &Value) -> Option<f64> {
    match value {
        Value::Float(share) => Some(*share),
        Value::Integer(0) => Some(0.0),
        Value::Integer(1) => Some(1.0),
        _ => None,
    }
}

/// A number in millionths.
pub(super) fn amount(value: &Value) -> Option<u64> {
    match value {
        Value::Float(number) => micro(*number),
        Value::Integer(number) => u64::try_from(*number).ok()?.checked_mul(1_000_000),
        _ => None,
    }
}

/// Points as tenths; `None` beyond 1 to 100, and with more than one decimal.
pub(super) fn tenths(value: &Value) -> Option<u32> {
    let text = match value {
        Value::Integer(points) => format!("{points}.0"),
        Value::Float(points) => format!("{points:?}"),
        _ => return None,
    };
    let (whole, tenth) = text.split_once('.')?;
    let (whole, tenth): (u32, u32) = (whole.parse().ok()?, tenth.parse().ok().filter(|_| tenth.len() == 1)?);
    Some(whole.checked_mul(10)? + tenth).filter(|tenths| (10..=1000).contains(tenths))
}

/// A flag's or variable's text: a TOML value if it is one of the right kind, else the text itself.
pub(super) fn from_text(kind: Kind, text: &str) -> Value {
    let parsed = parse_value(text);
    match kind {
        Kind::Text if !parsed.is_str() => Value::String(text.to_owned()),
        Kind::Text | Kind::Number | Kind::Share | Kind::Between(..) | Kind::Amount | Kind::Points | Kind::Flag => {
            parsed
        }
        Kind::List if parsed.is_array() => parsed,
        Kind::List => Value::Array(vec![Value::String(text.to_owned())]),
    }
}

/// A TOML value, else the text itself.
pub(super) fn parse_value(text: &str) -> Value {
    let table: Option<toml::Table> = format!("value = {text}").parse().ok();
    table.and_then(|mut table| table.remove("value")).unwrap_or_else(|| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_take_plain_words_numbers_and_lists() {
        assert_eq!(from_text(Kind::Text, "cargo test"), Value::String("cargo test".to_owned()));
        assert_eq!(from_text(Kind::Text, "12"), Value::String("12".to_owned()));
        assert_eq!(from_text(Kind::Number, "12"), Value::Integer(12));
        assert_eq!(from_text(Kind::Flag, "false"), Value::Boolean(false));
        assert_eq!(from_text(Kind::List, "x y"), Value::Array(vec![Value::String("x y".to_owned())]));
        assert_eq!(from_text(Kind::List, "[\"x\"]"), Value::Array(vec![Value::String("x".to_owned())]));
    }

    #[test]
    fn a_share_lies_between_nothing_and_all() {
        let fit = |text: &str| fits(Kind::Share, &from_text(Kind::Share, text));
        assert!(fit("0") && fit("0.7") && fit("1") && fit("1.0"));
        assert!(!fit("2") && !fit("-0.1") && !fit("1.01") && !fit("nan") && !fit("much"));
    }

    #[test]
    fn points_have_one_decimal_and_bounds() {
        let points = |text: &str| tenths(&from_text(Kind::Points, text));
        assert_eq!(["1", "8", "8.5", "100"].map(points), [Some(10), Some(80), Some(85), Some(1000)]);
        assert_eq!(["0.9", "100.1", "8.25", "-3", "many", "1e3"].map(points), [None; 6]);
        assert!(!fits(Kind::Between(1, 3), &Value::Integer(4)) && fits(Kind::Between(1, 3), &Value::Integer(3)));
    }

    #[test]
    fn amounts_are_whole_or_broken() {
        let amount = |text: &str| amount(&from_text(Kind::Amount, text));
        assert_eq!(["2", "0.25", "0"].map(amount), [Some(2_000_000), Some(250_000), Some(0)]);
        assert_eq!(["-1", "much", "nan", "inf"].map(amount), [None; 4]);
    }

    #[test]
    fn only_a_misspelt_key_has_a_nearest_one() {
        assert_eq!(nearest("max_paralel"), Some("max_parallel"));
        assert_eq!(nearest("agent.idle"), Some("agent.idle_seconds"));
        assert_eq!(nearest("colour"), None);
    }
}
