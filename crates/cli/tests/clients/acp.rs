//! The same where the client can be told something while it works: by the Agent Client Protocol, and by Claude Code's own.

use crate::{Agent, works};
use coordinate_testkit::clients::Client;

#[test]
fn claude_code_does_whole_runs_by_the_protocol() {
    works(Agent { name: "claude-acp", installed: "claude-acp", client: Client::Claude, with: &[] });
}

#[test]
fn codex_does_whole_runs_by_the_protocol() {
    works(Agent { name: "codex-acp", installed: "codex-acp", client: Client::Codex, with: &[] });
}

#[test]
fn gemini_cli_does_whole_runs_by_the_protocol() {
    works(Agent { name: "gemini-acp", installed: "gemini", client: Client::Gemini, with: &[] });
}

#[test]
fn opencode_does_whole_runs_by_the_protocol() {
    works(Agent { name: "opencode-acp", installed: "opencode", client: Client::Opencode, with: &[] });
}

#[test]
fn claude_code_does_whole_runs_two_way() {
    works(Agent { name: "claude", installed: "claude", client: Client::Claude, with: &["-c", "agent.two_way=true"] });
}
