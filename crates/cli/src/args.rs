//! The command line. A doc comment is the help text.

mod budget;
mod checkpoint;
mod clean;
mod config;
mod fork;
mod inbox;
mod judging;
mod metrics;
mod moment;
mod quota;
mod restore;
mod rewind;
mod roles;
mod split;
mod state;
mod steer;
mod step;
mod topic;
mod verify;
mod worker;
mod workflows;

pub(crate) use budget::*;
pub(crate) use checkpoint::*;
use clap::{Args, Parser, Subcommand, ValueEnum};
pub(crate) use clean::*;
pub(crate) use config::*;
use coordinate_model::definition::Scope;
use coordinate_model::time::UtcMillis;
pub(crate) use fork::*;
pub(crate) use inbox::*;
pub(crate) use judging::JudgingArguments;
pub(crate) use metrics::*;
pub(crate) use moment::read as read_moment;
pub(crate) use quota::*;
pub(crate) use restore::*;
pub(crate) use rewind::*;
pub(crate) use roles::*;
pub(crate) use split::*;
pub(crate) use state::*;
use std::path::PathBuf;
pub(crate) use steer::*;
pub(crate) use step::*;
pub(crate) use topic::*;
pub(crate) use verify::*;
pub(crate) use worker::*;
pub(crate) use workflows::*;

/// Runs a plan with coding agents, in parallel work trees, and loses nothing.
#[derive(Debug, Parser)]
#[command(name = "coordinate", version, propagate_version = true, disable_help_subcommand = true)]
pub(crate) struct Arguments<C: Subcommand = Command> {
    /// The project's folder; else COORDINATE_PROJECT_DIR, CLAUDE_PROJECT_DIR, git's top level, this folder
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) project: Option<PathBuf>,

    /// Sets a configuration value for this command
    #[arg(short = 'c', global = true, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,

    #[command(subcommand)]
    pub(crate) command: C,
}

/// The commands that scripts call again and again. The whole command line is larger than what they do.
#[derive(Debug, Subcommand)]
enum ShortCommand {
    Scope(ScopeArguments),
    Paths(PathsArguments),
}

impl From<Arguments<ShortCommand>> for Arguments {
    fn from(Arguments { project, set, command }: Arguments<ShortCommand>) -> Self {
        let command = match command {
            ShortCommand::Scope(options) => Command::Scope(options),
            ShortCommand::Paths(options) => Command::Paths(options),
        };
        Self { project, set, command }
    }
}

impl Arguments {
    /// The words of this call. Help and complaints are those of the whole command line.
    pub(crate) fn read() -> Self {
        let first = std::env::args_os().nth(1);
        let is_short = first.is_some_and(|word| ShortCommand::has_subcommand(&word.to_string_lossy()));
        let short = if is_short { Arguments::<ShortCommand>::try_parse().ok() } else { None };
        short.map_or_else(Self::parse, Self::from)
    }

    /// All settings of this command, those that its own flags stand for included.
    pub(crate) fn settings(&self) -> Vec<String> {
        let own = match &self.command {
            Command::Run(options) => Some(&options.quota),
            Command::Resume(options) => Some(&options.quota),
            _ => None,
        };
        let judging = match &self.command {
            Command::Run(options) => Some(&options.judging),
            _ => None,
        };
        let own = own.into_iter().flat_map(QuotaArguments::settings);
        let own = own.chain(judging.into_iter().flat_map(JudgingArguments::settings));
        self.set.iter().cloned().chain(own).collect()
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Does what a request asks for, or implements a plan: verified, tested, merged
    Run(RunArguments),
    /// Goes on with a run where it stopped
    Resume(ResumeArguments),
    /// Lists the runs of this project, newest first
    Ps(JsonArguments),
    /// Shows a run
    Show(ShowArguments),
    /// Prints what happened in a run, or what one of its steps printed
    Logs(LogsArguments),
    /// Makes a run of its own from the past of another, up to an event: the journal and the code as they were then
    Fork(ForkArguments),
    /// Puts a fork in the place of a run: back to an event, the code, what agents know, or both
    Rewind(RewindArguments),
    /// Shows a run once more as it went, or carries it out once more without any client
    Replay(ReplayArguments),
    /// Prints what runs cost and gave, in figures, and keeps figures of yours
    Metrics(MetricsArguments),
    /// Shows what a run may spend, has spent, reserved and left; with a limit, changes it
    Budget(BudgetArguments),
    /// Says in one line what a run waits for
    Why(OneRun),
    /// Stops what runs, keeps it all, and waits for `resume`
    Pause(OneRun),
    /// Ends a run for good; what was not merged is kept on refs
    Cancel(CancelArguments),
    /// Lists the questions that wait for you: gates, and what agents ask leave for
    Inbox(InboxArguments),
    /// Answers a question with yes
    Approve(AnswerArguments),
    /// Answers a question with no
    Reject(AnswerArguments),
    /// Tells the agents of a run how to go on: one that can hear at once, else with its next prompt
    Steer(SteerArguments),
    /// Takes a run away from the process that drives it
    Unlock(OneRun),
    /// Takes a step of a run with the agent `host`, for a worker; exit 0: work, 4: come again, else: stop
    Next(NextArguments),
    /// Says that the worker of a step lives
    Heartbeat(HeartbeatArguments),
    /// Says that a step is done; what it left is checked
    Done(DoneArguments),
    /// Says that a step can not be done
    Fail(FailArguments),
    /// Changes the plan of a run under way: an agent rewrites what a phase asks for
    Replan(ReplanArguments),
    /// Tries a step again at once, which has failed or waits for its next try
    Retry(StepArguments),
    /// Leaves a step out, and with a step of a phase the whole phase; what needs it goes on without it
    Skip(SkipArguments),
    /// Looks at plan files
    #[command(subcommand)]
    Plan(PlanCommand),
    /// Says what a request asks for: its scope, how many topics, which
    Scope(ScopeArguments),
    /// Says where the artifacts of a request would go, and reserves nothing
    Paths(PathsArguments),
    /// Lists the files that runs have left, and whether they are still what was verified
    Artifacts(ArtifactsArguments),
    /// Names, lists, moves and archives topics
    #[command(subcommand)]
    Topic(TopicCommand),
    /// Checks what was left, for scripts: exit 0 if all is good, 1 if something is not
    #[command(subcommand)]
    Verify(VerifyCommand),
    /// Keeps what the shell blocks of a workflow hand to one another
    State(StateArguments),
    /// Exports, checks and imports checkpoints
    #[command(subcommand)]
    Checkpoint(CheckpointsCommand),
    /// Imports the state that the older shell scripts left in `.claude`; the files stay
    Migrate(MigrateArguments),
    /// Puts aside what finished work left, after a time; `restore` brings it back
    Clean(CleanArguments),
    /// Brings back what an agent's tree held, at any moment that was kept, and what was cleaned
    Restore(RestoreArguments),
    /// Shows what a run changed, or what lies between two kept moments of its trees
    Diff(DiffArguments),
    /// Lists the agents and whether they are there
    Agents(JsonArguments),
    /// Lists, shows and checks roles: what agents are told
    #[command(subcommand)]
    Roles(RolesCommand),
    /// Lists, prints, checks and copies workflow definitions
    Workflows(WorkflowsArguments),
    /// Prints the configuration that is in force, changes it, chooses a context
    Config(ConfigArguments),
    /// Checks that everything needed is there
    Doctor(JsonArguments),
    /// Writes a commented configuration into this project
    Init,
    /// Makes a small repository and runs a real plan in it
    Demo(DemoArguments),
    /// Drives a run: the process of `--detach`
    #[command(hide = true)]
    Drive(DriveArguments),
    /// Prints a page of the documentation that is made from the program
    #[command(hide = true)]
    Reference {
        /// The page
        page: ReferencePage,
    },
    /// Prints a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Default, Args)]
pub(crate) struct RunArguments {
    /// What is to be done, in plain words; or a plan: a file with phases, or a folder of them; `-` reads the words
    /// from standard input
    #[arg(value_name = "REQUEST", required_unless_present = "request_file")]
    pub(crate) request: Vec<String>,

    /// Reads the request from a file
    #[arg(long, value_name = "FILE", conflicts_with = "request")]
    pub(crate) request_file: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) asked: AskedArguments,

    /// The agent that does the work: `coordinate agents` lists them
    #[arg(long, value_name = "NAME")]
    pub(crate) agent: Option<String>,

    /// Program and arguments of the agents `command` and `acp`, as one line; quotes as in a shell, but nothing is expanded
    #[arg(long, value_name = "LINE")]
    pub(crate) agent_command: Option<String>,

    /// The agent that plays a role, and its model; may be said several times. An empty NAME is the run's agent
    #[arg(long, value_name = "ROLE=NAME[:MODEL]")]
    pub(crate) agent_for: Vec<String>,

    #[command(flatten)]
    pub(crate) quota: QuotaArguments,

    #[command(flatten)]
    pub(crate) judging: JudgingArguments,

    /// How many agents may work at once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_parallel: Option<u32>,

    /// The workflow: a name (`coordinate workflows` lists them), or a TOML file
    #[arg(long, value_name = "NAME", default_value = "coordinate")]
    pub(crate) workflow: String,

    /// Where the result goes: your branch, a pull request, or nowhere (it waits on the run's branch); else as `merge.into`
    /// says
    #[arg(long, value_name = "WHERE", value_parser = ["branch", "pr", "none"])]
    pub(crate) merge: Option<String>,

    /// Takes phases that are ticked as done, although no commit shows it
    #[arg(long, conflicts_with = "all")]
    pub(crate) trust_ticks: bool,

    /// Does every phase, ticked or not
    #[arg(long)]
    pub(crate) all: bool,

    /// Changes the plan on the way as often as it takes, without asking after the second time for a phase
    #[arg(long)]
    pub(crate) force_replan: bool,

    #[command(flatten)]
    pub(crate) limits: LimitArguments,

    /// Says what would be done, and does nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Says what it would take, by this project's earlier runs: tokens, money, time; and does nothing
    #[arg(long, conflicts_with_all = ["dry_run", "detach"])]
    pub(crate) estimate: bool,

    /// Prints what each agent would be told, as far as it can be known before the work
    #[arg(long, requires = "dry_run")]
    pub(crate) show_prompts: bool,

    /// Lets a process of its own drive the run, and prints the run's id
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) detach: bool,

    /// Answers questions at the start with yes
    #[arg(long, short)]
    pub(crate) yes: bool,

    /// Prints one event a line as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ResumeArguments {
    /// The run, or the beginning of its id, or an imported checkpoint; without it, the run that is open
    pub(crate) run: Option<String>,

    /// Goes on although a condition does not hold: tests pass or did not run, no failure ended it, it is in progress, it
    /// is at most seven days old, its plan is unchanged
    #[arg(long)]
    pub(crate) force: bool,

    /// The agent of the run that a checkpoint begins; a run that exists keeps its own
    #[arg(long, value_name = "NAME")]
    pub(crate) agent: Option<String>,

    /// Program and arguments of the `command` agent, as for `run`
    #[arg(long, value_name = "LINE")]
    pub(crate) agent_command: Option<String>,

    #[command(flatten)]
    pub(crate) quota: QuotaArguments,

    #[command(flatten)]
    pub(crate) limits: LimitArguments,

    /// Lets a process of its own drive the run, and prints the run's id
    #[arg(long)]
    pub(crate) detach: bool,

    /// Answers questions at the start with yes
    #[arg(long, short)]
    pub(crate) yes: bool,

    /// Prints one event a line as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct JsonArguments {
    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct OneRun {
    /// The run, or the beginning of its id; without it, the one that is open
    pub(crate) run: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiagramFormat {
    /// For a terminal
    Text,
    /// Mermaid
    Mermaid,
    /// Graphviz
    Dot,
}

/// How the states of a workflow are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StatesFormat {
    /// For a terminal
    Text,
    /// Mermaid
    Mermaid,
    /// Graphviz
    Dot,
    /// A picture
    Svg,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReferencePage {
    /// The command line
    Cli,
    /// The configuration
    Config,
    /// The schema of checkpoints
    Checkpoint,
    /// Errors: their classes, and what is done about each
    Errors,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    /// The run, or the beginning of its id; without it, the newest
    pub(crate) run: Option<String>,

    /// Prints the whole folded run as JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Draws the workflow's states, how far the run has come, and the time that is left by this project's history
    #[arg(long, value_name = "FORMAT", num_args = 0..=1, default_missing_value = "text", conflicts_with = "json")]
    pub(crate) diagram: Option<StatesFormat>,

    /// Draws what an exported checkpoint holds, instead of a run
    #[arg(long, value_name = "FILE", requires = "diagram", conflicts_with_all = ["run", "at", "as_of"])]
    pub(crate) checkpoint: Option<PathBuf>,

    /// Shows how its plan was changed, with the differences
    #[arg(long, conflicts_with = "diagram")]
    pub(crate) changes: bool,

    /// Shows what agents were handed of the artifacts, in tokens, and how much less it is than all of them
    #[arg(long, conflicts_with = "diagram")]
    pub(crate) context: bool,

    /// Shows the run as it was at this event
    #[arg(long, value_name = "EVENT", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) at: Option<u64>,

    /// Shows the run as it was at this time, `2026-11-21T14:30:00Z` or with an offset; a whole second counts to its end
    #[arg(long, value_name = "TIME", conflicts_with = "at", value_parser = moment::read)]
    pub(crate) as_of: Option<UtcMillis>,
}

#[derive(Debug, Args)]
pub(crate) struct LogsArguments {
    /// The run, or the beginning of its id; without it, the newest
    pub(crate) run: Option<String>,

    /// What this step printed, for example `implement/p3/agent`
    #[arg(long, value_name = "STEP")]
    pub(crate) step: Option<String>,

    /// Goes on until the run has ended
    #[arg(long, short)]
    pub(crate) follow: bool,

    /// Prints one event a line as JSON
    #[arg(long, conflicts_with = "step")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CancelArguments {
    /// The run, or the beginning of its id; without it, the one that is open
    pub(crate) run: Option<String>,

    /// Why
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) reason: String,
}

#[derive(Debug, Args)]
pub(crate) struct ReplanArguments {
    /// The run, or the beginning of its id; without it, the one that is open
    pub(crate) run: Option<String>,

    /// The phase that it is about
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) phase: u32,

    /// How: expand, add, split, update or collapse
    #[arg(long, value_name = "KIND", default_value = "update", value_parser = ["expand", "add", "split", "update", "collapse"])]
    pub(crate) kind: String,

    /// Why
    #[arg(long, short = 'm', value_name = "TEXT")]
    pub(crate) reason: String,

    /// Does not ask, however often the plan was changed for this phase
    #[arg(long)]
    pub(crate) force_replan: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PlanCommand {
    /// Checks a plan: one `file:line: message` for each problem, exit 2 if there is an error
    Check(PlanArguments),
    /// Shows which phases can be done at the same time
    Waves(PlanJsonArguments),
    /// Says which phases would change the same files if they ran at the same time
    Forecast(PlanJsonArguments),
    /// Draws the dependency graph
    Graph(PlanGraphArguments),
    /// Moves a phase into a file of its own; a plan in one file becomes a folder
    Expand(PlanPhaseArguments),
    /// Moves a phase back from its own file; a folder without such files becomes one file again
    Collapse(PlanPhaseArguments),
}

#[derive(Debug, Args)]
pub(crate) struct PlanArguments {
    /// A plan file, or a folder with a plan file for each phase
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct PlanJsonArguments {
    /// A plan file, or a folder with a plan file for each phase
    pub(crate) file: PathBuf,

    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PlanGraphArguments {
    /// A plan file, or a folder with a plan file for each phase
    pub(crate) file: PathBuf,

    /// How it is written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: DiagramFormat,
}

/// What the user says about a request besides its words.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct AskedArguments {
    /// Decides the scope, whatever the request says: research-only, research-and-plan, research-and-revise,
    /// full-implementation or debug-only; else COORDINATE_SCOPE, CLAUDE_WORKFLOW_SCOPE, the request's words
    #[arg(long, value_name = "SCOPE", value_parser = crate::commands::parse_scope)]
    pub(crate) scope: Option<Scope>,

    /// How many topics to research
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) complexity: Option<u32>,

    /// A topic to research; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) topic: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ScopeArguments {
    /// The request, in plain words; `-` reads it from standard input
    #[arg(required = true, value_name = "TEXT")]
    pub(crate) text: Vec<String>,

    #[command(flatten)]
    pub(crate) asked: AskedArguments,

    /// Prints the reasons and the topics too
    #[arg(long, conflicts_with = "json")]
    pub(crate) explain: bool,

    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PathsArguments {
    /// The request, in plain words; `-` reads it from standard input
    #[arg(required = true, value_name = "TEXT")]
    pub(crate) text: Vec<String>,

    #[command(flatten)]
    pub(crate) asked: AskedArguments,

    /// Prints JSON, with absolute paths
    #[arg(long)]
    pub(crate) json: bool,

    /// Prints lines for a shell to `eval`, with absolute paths
    #[arg(long, conflicts_with = "json")]
    pub(crate) shell: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ArtifactsArguments {
    /// Of this topic only: its folder, its number or its name
    #[arg(long, value_name = "TOPIC")]
    pub(crate) topic: Option<String>,

    /// Of this kind only
    #[arg(long = "type", value_name = "TYPE", value_parser = ["report", "overview", "plan", "debug", "summary", "output"])]
    pub(crate) kind: Option<String>,

    /// Of this run only: the beginning of its id
    #[arg(long, value_name = "RUN")]
    pub(crate) run: Option<String>,

    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TopicCommand {
    /// Prints the name that a request's topic folder would have
    Name {
        /// The request, in plain words; `-` reads it from standard input
        #[arg(required = true, value_name = "TEXT")]
        text: Vec<String>,
    },
    /// Lists the topics: what is in them, which are finished, which are archived
    List(JsonArguments),
    /// Moves finished topics to the archive; links to them are kept right, their numbers are never given again
    Archive(TopicArchiveArguments),
    /// Brings a topic back from the archive
    Restore(TopicArguments),
    /// Gives a topic another name; its number stays, and links to its files are kept right
    Move(TopicMoveArguments),
    /// Brings the links between a topic's reports, plans, debug reports and summaries up to date
    Update(TopicArguments),
}

#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Where to make the repository; without it, a new temporary folder
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,

    /// Lets every phase take some seconds, so that there is time to kill it and to resume
    #[arg(long)]
    pub(crate) slow: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_command_line_understands_what_the_whole_one_does() {
        for words in [
            ["scope", "fix the parser"].as_slice(),
            &["scope", "fix the parser", "--json"],
            &["scope", "-c", "a=b", "fix", "--project", "p"],
            &["paths", "fix the parser"],
            &["paths", "--project", "p", "fix the parser"],
        ] {
            let words = [&["coordinate"], words].concat();
            let whole = <Arguments>::try_parse_from(&words).unwrap();
            let short = Arguments::<ShortCommand>::try_parse_from(&words).unwrap();
            assert_eq!(format!("{:?}", <Arguments>::from(short)), format!("{whole:?}"));
        }
    }
}
