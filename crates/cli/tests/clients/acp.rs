//! The same by the Agent Client Protocol.

use crate::{Agent, works};
use coordinate_testkit::clients::Client;

#[test]
fn claude_code_does_whole_runs_by_the_protocol() {
    works(Agent { name: "claude-acp", installed: "claude-acp", client: Client::Claude });
}

#[test]
fn codex_does_whole_runs_by_the_protocol() {
    works(Agent { name: "codex-acp", installed: "codex-acp", client: Client::Codex });
}

#[test]
fn gemini_cli_does_whole_runs_by_the_protocol() {
    works(Agent { name: "gemini-acp", installed: "gemini", client: Client::Gemini });
}

#[test]
fn opencode_does_whole_runs_by_the_protocol() {
    works(Agent { name: "opencode-acp", installed: "opencode", client: Client::Opencode });
}
