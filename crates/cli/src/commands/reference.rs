//! `reference`: the pages of the documentation that are made from the program itself.

use super::print;
use crate::args::{Arguments, ReferencePage};
use crate::config::reference;
use crate::failure::Exit;
use clap::CommandFactory;
use std::fmt::Write;

const HEAD: &str = "Made by `cargo xtask generate` from the program; `cargo xtask tidy` compares.";

pub(crate) fn page(page: ReferencePage) -> Exit {
    let text = match page {
        ReferencePage::Cli => command_line(),
        ReferencePage::Checkpoint => coordinate_model::checkpoint::Checkpoint::schema(),
        ReferencePage::Config => format!("# Configuration\n\n{HEAD}\n\n{}", reference()),
        ReferencePage::Errors => format!("# Errors\n\n{HEAD}\n\n{}", coordinate_report::errors::reference()),
    };
    print(text.trim_end());
    Exit::Done
}

/// The help of every command, one after the other.
fn command_line() -> String {
    let mut text = format!("# Command line\n\n{HEAD}\n");
    let mut root = <Arguments>::command().term_width(100);
    root.build();
    section(&mut text, &mut root);
    text
}

fn section(text: &mut String, command: &mut clap::Command) {
    if command.is_hide_set() {
        return;
    }
    let help = command.render_long_help().to_string();
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name()).to_owned();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    let _ = write!(text, "\n## {name}\n\n```text\n{}\n```\n", lines.join("\n").trim_end());
    for inner in command.get_subcommands_mut() {
        section(text, inner);
    }
}
