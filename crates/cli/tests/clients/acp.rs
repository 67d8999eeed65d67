//! The same where the client can be told something while it works: by the Agent Client Protocol, and by Claude Code's own.

use crate::{Agent, works};

#[test]
fn claude_code_does_whole_runs_by_the_protocol() {
    works(Agent::CLAUDE_ACP);
}

#[test]
fn codex_does_whole_runs_by_the_protocol() {
    works(Agent::CODEX_ACP);
}

#[test]
fn gemini_cli_does_whole_runs_by_the_protocol() {
    works(Agent::GEMINI_ACP);
}

#[test]
fn opencode_does_whole_runs_by_the_protocol() {
    works(Agent::OPENCODE_ACP);
}

#[test]
fn claude_code_does_whole_runs_two_way() {
    works(Agent::CLAUDE_TWO_WAY);
}
