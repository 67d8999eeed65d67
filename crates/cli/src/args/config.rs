//! The arguments of `config`.

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ConfigArguments {
    #[command(subcommand)]
    pub(crate) command: Option<ConfigCommand>,

    #[command(flatten)]
    pub(crate) form: ConfigForm,
}

/// How settings are printed.
#[derive(Debug, Args)]
pub(crate) struct ConfigForm {
    /// Says where each value comes from
    #[arg(long)]
    pub(crate) show_origin: bool,

    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Prints the value of a key
    Get(ConfigGetArguments),
    /// Writes a value into the project's configuration file; comments stay
    Set(ConfigSetArguments),
    /// Lists the contexts and marks the chosen one
    Contexts {
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Chooses a context for this project; COORDINATE_CONTEXT is stronger
    UseContext(UseContextArguments),
}

#[derive(Debug, Args)]
pub(crate) struct ConfigGetArguments {
    /// The key, for example `agent.name`
    pub(crate) key: String,

    #[command(flatten)]
    pub(crate) form: ConfigForm,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigSetArguments {
    /// The key, for example `agent.name`; `context.NAME.KEY` goes into a context
    pub(crate) key: String,

    /// The value: a text, or as TOML
    pub(crate) value: String,

    /// Writes into the user's file instead
    #[arg(long)]
    pub(crate) user: bool,
}

#[derive(Debug, Args)]
pub(crate) struct UseContextArguments {
    /// The context
    #[arg(required_unless_present = "unset")]
    pub(crate) name: Option<String>,

    /// Chooses none
    #[arg(long, conflicts_with = "name")]
    pub(crate) unset: bool,
}
