//! Going on with a session: how each client is told to, and which of them take an id that they are given.

use super::{CLAUDE_TWO_WAY, Client, claude_tools, session};
use coordinate_engine::port::Assignment;

impl Client {
    /// The session of an attempt that starts anew, where the client takes one that it is given.
    pub(crate) fn chosen_session(self, run: &str, step: &str, attempt: u32) -> Option<String> {
        match self {
            Self::Claude | Self::Gemini => Some(session::id(run, step, attempt)),
            // They make one up, and tell it with their first words.
            Self::Codex | Self::Opencode => None,
        }
    }

    /// The arguments that go on with a session. It keeps its model, unless another one is named.
    pub(super) fn going_on(self, assignment: &Assignment, session: &str) -> Vec<String> {
        let tools = claude_tools(assignment);
        let model = assignment.agent.model.iter().flat_map(|model| [self.model_flag(), model.as_str()]);
        let fixed = match self {
            Self::Claude => {
                let output = ["-p", "--output-format", "stream-json", "--verbose", "--resume", session];
                let two_way = if assignment.agent.hears { CLAUDE_TWO_WAY } else { &[] };
                output.iter().chain(two_way).copied().chain(tools.iter().map(String::as_str)).collect()
            }
            // It knows no `-s` and no `-C` here: the sandbox is said by its setting, and the folder is the process's own.
            Self::Codex => {
                let quiet = [
                    "sandbox_mode=\"workspace-write\"",
                    "features.plugins=false",
                    "features.apps=false",
                    "check_for_update_on_startup=false",
                    "analytics.enabled=false",
                ];
                let quiet = quiet.into_iter().flat_map(|value| ["-c", value]);
                ["exec", "resume", session, "--json", "--skip-git-repo-check"].into_iter().chain(quiet).collect()
            }
            Self::Gemini => vec!["-o", "stream-json", "--approval-mode", "yolo", "--resume", session],
            Self::Opencode => vec!["run", "--format", "json", "-s", session],
        };
        let last = (self == Self::Codex).then_some("-");
        fixed.into_iter().chain(model).chain(last).map(str::to_owned).collect()
    }
}
