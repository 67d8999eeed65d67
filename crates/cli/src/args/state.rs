//! The arguments of `state` and `migrate`.

use clap::{Args, Subcommand};
use std::ffi::OsString;

/// The plainest calls, which blocks make again and again: `state get NAME`, `state set NAME VALUE`, `state load`. To
/// describe the whole command line first costs as much as the call itself. Anything with a flag is left to clap.
pub(crate) fn short_state_call(words: impl Iterator<Item = OsString>) -> Option<StateArguments> {
    // One word more than any of these has is enough to see that it is none of them.
    let words: Vec<OsString> = words.take(5).collect();
    if words.iter().any(|word| word.as_encoded_bytes().first() == Some(&b'-')) {
        return None;
    }
    let texts: Vec<&str> = words.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    let command = match texts.as_slice() {
        ["state", "get", name] => {
            StateCommand::Get(GetArguments { name: (*name).to_owned(), default: None, null: false })
        }
        ["state", "set", name, _] => {
            let values = vec![words.get(3)?.clone()];
            StateCommand::Set(SetArguments { name: (*name).to_owned(), values, list: false, stdin: false })
        }
        ["state", "load"] => StateCommand::Load(LoadArguments { json: false, fish: false, powershell: false }),
        _ => return None,
    };
    Some(StateArguments { workflow: None, command })
}

#[derive(Debug, Args)]
pub(crate) struct StateArguments {
    /// The workflow; else COORDINATE_RUN, the run whose work tree this is, the only one of this project
    #[arg(long = "workflow-id", visible_alias = "run", global = true, value_name = "ID")]
    pub(crate) workflow: Option<String>,

    #[command(subcommand)]
    pub(crate) command: StateCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StateCommand {
    /// Makes the state of a workflow and prints its id; what is there stays. For the first block
    Init {
        /// The id: 1 to 64 letters, digits, `.`, `_`, `-`; without it as for the other commands, else a new one
        id: Option<String>,
    },
    /// Sets a variable: to the value, or to a list when there are several
    Set(SetArguments),
    /// Appends to a list, which is made if it is missing
    Append {
        /// The variable
        name: String,
        /// What to append; after `--` it may begin with a dash
        #[arg(required = true)]
        values: Vec<OsString>,
    },
    /// Prints a variable; a list one element a line
    Get(GetArguments),
    /// Exits 2 and names what is missing, unless all of these are set
    Require {
        /// The variables
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Prints commands that set all variables, for `eval "$(coordinate state load)"`
    Load(LoadArguments),
    /// Removes variables
    Unset {
        /// The variables
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Lists the variables, or the workflows that have state
    List {
        /// Lists the workflows of this project instead
        #[arg(long)]
        all: bool,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Prints the path of the file that holds the state
    Path,
    /// Saves and loads named JSON texts
    #[command(subcommand)]
    Checkpoint(CheckpointCommand),
    /// Removes the state of a workflow; aggregations of supervisors stay
    Cleanup {
        /// Removes the aggregations too
        #[arg(long)]
        all: bool,
        /// Puts aside instead what is older than seven days, never of an open run; `restore` brings it back
        #[arg(long, conflicts_with = "all")]
        expired: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct SetArguments {
    /// The variable
    pub(crate) name: String,

    /// The value, or a list's elements; after `--` they may begin with a dash
    pub(crate) values: Vec<OsString>,

    /// Makes a list, whatever the number of values
    #[arg(long)]
    pub(crate) list: bool,

    /// Takes the value from standard input, every byte of it
    #[arg(long, conflicts_with_all = ["values", "list"])]
    pub(crate) stdin: bool,
}

#[derive(Debug, Args)]
pub(crate) struct GetArguments {
    /// The variable
    pub(crate) name: String,

    /// What to print when it is not set; without this that is an error
    #[arg(long, value_name = "VALUE")]
    pub(crate) default: Option<OsString>,

    /// Ends each value with NUL in place of a line end
    #[arg(long, short = '0')]
    pub(crate) null: bool,
}

#[derive(Debug, Args)]
pub(crate) struct LoadArguments {
    /// Prints one JSON object; what is no UTF-8 is given as {"base64": …}
    #[arg(long, conflicts_with_all = ["fish", "powershell"])]
    pub(crate) json: bool,

    /// For fish: `coordinate state load --fish | source`
    #[arg(long, conflicts_with = "powershell")]
    pub(crate) fish: bool,

    /// For PowerShell: `coordinate state load --powershell | Out-String | Invoke-Expression`
    #[arg(long)]
    pub(crate) powershell: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CheckpointCommand {
    /// Saves a JSON text under a name; one of that name is replaced
    Save {
        /// The name
        name: String,
        /// The JSON text; without it, or with `-`, standard input
        json: Option<OsString>,
    },
    /// Prints the JSON text of that name
    Load {
        /// The name
        name: String,
    },
    /// Lists the checkpoints of all workflows
    List,
}

#[derive(Debug, Args)]
pub(crate) struct MigrateArguments {
    /// Says what would be imported, and imports nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Arguments, Command};
    use clap::Parser;

    fn short(words: &[&str]) -> Option<String> {
        let call = short_state_call(words.iter().map(OsString::from));
        call.map(|options| format!("{options:?}"))
    }

    #[test]
    fn the_short_way_understands_what_clap_does() {
        for words in [
            ["state", "get", "K"].as_slice(),
            &["state", "get", ""],
            &["state", "set", "K", "v"],
            &["state", "set", "K", ""],
            &["state", "load"],
        ] {
            let long = <Arguments>::try_parse_from([&["coordinate"], words].concat()).unwrap();
            let Command::State(long) = long.command else { panic!("{words:?}") };
            assert_eq!(short(words), Some(format!("{long:?}")), "{words:?}");
        }
    }

    #[test]
    fn flags_and_other_words_are_left_to_clap() {
        for words in [
            ["state", "get", "-0"].as_slice(),
            &["state", "get"],
            &["state", "get", "K", "--run", "w"],
            &["state", "set", "K", "-v"],
            &["state", "set", "K", "v", "w"],
            &["state", "load", "--json"],
            &["--project", "state", "load"],
            &["state", "list"],
            &[],
        ] {
            assert_eq!(short(words), None, "{words:?}");
        }
    }
}
