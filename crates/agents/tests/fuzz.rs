//! Random changes of what real clients printed: no line of a client can end an orchestrator.

use coordinate_agents::Clients;
use coordinate_engine::port::{Agents, StreamName, TranscriptLine};
use coordinate_testkit::fuzz::Target;
use std::path::PathBuf;

#[test]
fn fuzz_client_streams() {
    let clients = Clients::new(PathBuf::from("coordinate"), "1");
    let names = ["claude", "codex", "gemini", "opencode", "command", "acp"];
    let choices = names.map(|name| Clients::choice(name, vec!["agent".to_owned()], None));
    let folders = &["crates/agents/tests/transcripts"];
    Target { name: "stream", folders, ends: ".jsonl", lines: true }.fuzz(|input| {
        let text = String::from_utf8_lossy(input).into_owned();
        for stream in [StreamName::Out, StreamName::Err] {
            let line = TranscriptLine { stream, text: text.clone(), next_offset: 0 };
            for choice in &choices {
                let observations = clients.read(choice, &line);
                let longest = observations.iter().map(|one| format!("{one:?}").len()).max().unwrap_or(0);
                assert!(longest < 200_000, "an observation of {longest} characters is no event");
            }
        }
    });
}
