//! What real clients printed, and what it means: the transcripts are theirs, only paths were made neutral.

#![expect(clippy::unwrap_used, reason = "a failed set-up can only end the test")]

use coordinate_agents::Clients;
use coordinate_engine::port::{Agents, StreamName, TranscriptLine};
use coordinate_model::event::{AgentChoice, Observation};
use std::fmt::Write;
use std::path::{Path, PathBuf};

fn line(stream: StreamName, text: &str) -> TranscriptLine {
    TranscriptLine { stream, text: text.to_owned(), next_offset: 0 }
}

fn clients() -> Clients {
    Clients::new(PathBuf::from("coordinate"), "1")
}

fn read(client: &str, text: &str) -> Vec<Observation> {
    clients().read(&Clients::choice(client, Vec::new(), None), &line(StreamName::Out, text))
}

/// Each transcript of a client as its facts, one a line.
fn facts(client: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let names = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.starts_with(client)).collect();
    names.sort();
    assert!(!names.is_empty());
    let mut text = String::new();
    for name in names {
        let _ = writeln!(text, "== {name}");
        for line in std::fs::read_to_string(folder.join(&name)).unwrap().lines() {
            for observation in read(client, line) {
                let _ = writeln!(text, "{}", serde_json::to_string(&observation).unwrap());
            }
        }
    }
    text
}

#[test]
fn claude_transcripts_have_their_facts() {
    insta::assert_snapshot!(facts("claude"));
}

#[test]
fn codex_transcripts_have_their_facts() {
    insta::assert_snapshot!(facts("codex"));
}

#[test]
fn gemini_transcripts_have_their_facts() {
    insta::assert_snapshot!(facts("gemini"));
}

#[test]
fn opencode_transcripts_have_their_facts() {
    insta::assert_snapshot!(facts("opencode"));
}

/// Forms of which there is no transcript, from the clients' own documentation.
#[test]
fn limits_failures_and_changed_files_are_understood() {
    let lines = [
        (
            "claude",
            r#"{"type":"rate_limit_event","rate_limit_info":{"status":"allowed_warning","resetsAt":1795200000,"rateLimitType":"five_hour"}}"#,
        ),
        (
            "claude",
            r#"{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":1795200000,"rateLimitType":"five_hour"}}"#,
        ),
        (
            "claude",
            r#"{"type":"assistant","parent_tool_use_id":"toolu_1","message":{"content":[{"type":"text","text":"PHASE_COMPLETE: 1"}]}}"#,
        ),
        (
            "claude",
            r#"{"type":"assistant","parent_tool_use_id":null,"message":{"content":[{"type":"text","text":"Done.\nPHASE_COMPLETE: 1"}]}}"#,
        ),
        ("claude", r#"{"type":"result","subtype":"error_max_budget_usd","errors":["Reached maximum budget ($1)"]}"#),
        (
            "codex",
            r#"{"type":"item.completed","item":{"id":"item_4","type":"file_change","changes":[{"path":"/srv/a.txt","kind":"add"},{"path":"/srv/b.txt","kind":"update"}],"status":"completed"}}"#,
        ),
        ("codex", r#"{"type":"item.completed","item":{"id":"item_5","type":"todo_list","items":[]}}"#),
        (
            "gemini",
            r#"{"type":"result","status":"error","error":{"type":"FatalAuthenticationError","message":"API key not valid. Please pass a valid API key."}}"#,
        ),
        (
            "opencode",
            r#"{"type":"error","sessionID":"ses_1","error":{"name":"APIError","data":{"message":"no","statusCode":529}}}"#,
        ),
        ("opencode", r#"{"type":"error","error":{"name":"ProviderAuthError","data":{"message":"no key"}}}"#),
        ("opencode", r#"{"type":"step_finish","part":{"reason":"length","tokens":{"input":1,"output":2}}}"#),
    ];
    let mut text = String::new();
    for (client, line) in lines {
        let _ = writeln!(text, "{client}: {line}");
        for observation in read(client, line) {
            let _ = writeln!(text, "    {}", serde_json::to_string(&observation).unwrap());
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn what_is_not_known_is_nothing_and_no_error() {
    let strange = [
        "",
        "not json",
        "null",
        "[1, 2]",
        "{}",
        r#"{"type": 7}"#,
        r#"{"type": "of_next_year", "content": {"a": [1]}}"#,
        r#"{"type": "assistant"}"#,
        r#"{"type": "assistant", "message": {"content": "text instead of a list"}}"#,
        r#"{"type": "system", "subtype": "of_next_year"}"#,
        r#"{"type": "item.completed", "item": null}"#,
    ];
    for client in Clients::real() {
        for text in strange {
            assert_eq!(read(client, text), [], "{client}: {text}");
        }
    }
}

#[test]
fn people_see_words_and_not_events() {
    let shown = |client: &str, stream: StreamName, text: &str| {
        clients().shown(&Clients::choice(client, Vec::new(), None), &line(stream, text))
    };
    let started = r#"{"type":"item.started","item":{"id":"i","type":"command_execution","command":"ls -l"}}"#;
    assert_eq!(shown("codex", StreamName::Out, started).as_deref(), Some("$ shell: ls -l"));
    assert_eq!(shown("codex", StreamName::Out, r#"{"type":"turn.started"}"#), None);
    let failed = r#"{"type":"turn.failed","error":{"message":"it broke"}}"#;
    assert_eq!(shown("codex", StreamName::Out, failed).as_deref(), Some("it broke"));
    assert_eq!(shown("claude", StreamName::Err, "Not logged in").as_deref(), Some("Not logged in"));
    assert_eq!(shown("claude", StreamName::Out, "Session ID is in use").as_deref(), Some("Session ID is in use"));
    let agent: AgentChoice = Clients::choice("claude", Vec::new(), None);
    assert!(agent.concludes && agent.repairs);
}
