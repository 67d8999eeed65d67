//! Conversations with Claude Code as data; the transcript is that of a real one, with what was sent to it left out.

use super::super::Note;
use super::super::talk::{Act, Come, Talk};
use super::Claude;
use crate::client::Client;
use crate::stream::{Dialect, read};
use coordinate_engine::port::{StreamName, TranscriptLine};
use coordinate_model::event::Observation;
use coordinate_model::said::{Said, Saying};
use serde_json::{Value, json};

fn talk() -> Claude {
    let mut talk = Claude { prompt: "go".to_owned(), ..Claude::default() };
    talk.begin();
    talk
}

fn line(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn replay(number: u32) -> Come {
    let uuid = format!("{number:08x}{}", super::FAMILY);
    Come::Line(json!({"type": "user", "isReplay": true, "uuid": uuid, "message": {"role": "user", "content": "x"}}))
}

fn result(is_error: bool) -> Come {
    Come::Line(json!({"type": "result", "subtype": "success", "is_error": is_error}))
}

fn said(what: Saying) -> Come {
    Come::Said(1, Said { by: "ann".to_owned(), what })
}

fn steer(text: &str) -> Come {
    said(Saying::Steer { text: text.to_owned() })
}

#[test]
fn the_prompt_is_a_message_and_a_result_the_end() {
    let mut talk = Claude { prompt: "go".to_owned(), ..Claude::default() };
    let sent = json!({"type": "user", "uuid": "00000000-c00d-4000-8000-000000000000",
                      "message": {"role": "user", "content": "go"}});
    assert_eq!(talk.begin(), [Act::Send(sent)]);
    assert_eq!(talk.hear(replay(0)), []);
    assert_eq!(talk.hear(result(false)), [Act::End(0)]);
    assert_eq!(talk.hear(result(true)), [Act::End(1)]);
}

#[test]
fn a_result_is_no_end_while_words_are_on_their_way() {
    let mut talk = talk();
    talk.hear(replay(0));
    assert!(matches!(talk.hear(steer("use tabs")).as_slice(), [Act::Send(_)]));
    assert_eq!(talk.hear(result(false)), []);
    assert_eq!(talk.hear(replay(1)), [Act::Note(Note::Heard { message: 1 })]);
    assert_eq!(talk.hear(replay(1)), []);
    assert_eq!(talk.hear(result(false)), [Act::End(0)]);
}

/// A refusal before the model was asked prints no message again.
#[test]
fn a_result_that_failed_is_the_end() {
    assert_eq!(talk().hear(result(true)), [Act::End(1)]);
}

const ASKS: &str = r#"{"type":"control_request","request_id":"q","request":{"subtype":"can_use_tool","tool_name":"Bash","display_name":"Bash","input":{"command":"rm -rf /srv/demo/zzz","description":"d"},"description":"d","blocked_path":"/srv/demo/zzz","tool_use_id":"t"}}"#;

#[test]
fn leave_is_asked_for_and_answered() {
    let event = TranscriptLine { stream: StreamName::Out, text: ASKS.to_owned(), next_offset: 0 };
    let [Observation::PermissionAsked { request }] = &read(Dialect::Own(Client::Claude), &event)[..] else {
        panic!("no request");
    };
    assert_eq!(
        (request.words().as_str(), request.path.as_deref()),
        ("Bash: rm -rf /srv/demo/zzz", Some("/srv/demo/zzz"))
    );
    for (allowed, comment, expected) in [
        (
            true,
            "",
            json!({"behavior": "allow", "updatedInput": {"command": "rm -rf /srv/demo/zzz", "description": "d"}}),
        ),
        (false, "not that", json!({"behavior": "deny", "message": "not that"})),
        (false, "", json!({"behavior": "deny", "message": super::DENIED})),
    ] {
        let mut talk = talk();
        assert_eq!(talk.hear(Come::Line(line(ASKS))), []);
        assert_eq!(talk.asks(), ["q"]);
        let (request, comment) = ("q".to_owned(), comment.to_owned());
        let acts = talk.hear(said(Saying::Permission { request, allowed, comment }));
        let Some(Act::Send(sent)) = acts.first() else { panic!("{acts:?}") };
        assert_eq!(sent["response"]["response"], expected);
        let settled = Note::Settled { request: "q".to_owned(), tool: "Bash".to_owned(), allowed };
        assert_eq!(acts.get(1), Some(&Act::Note(settled)));
        assert!(talk.asks().is_empty());
    }
}

#[test]
fn what_is_not_offered_is_refused() {
    let hook = json!({"type": "control_request", "request_id": "h", "request": {"subtype": "hook_callback"}});
    let acts = talk().hear(Come::Line(hook));
    let Some(Act::Send(sent)) = acts.first() else { panic!("{acts:?}") };
    assert_eq!((&sent["response"]["subtype"], &sent["response"]["request_id"]), (&json!("error"), &json!("h")));
}

#[test]
fn a_stop_interrupts_and_waits_for_nothing() {
    let mut talk = talk();
    talk.hear(steer("use tabs"));
    let acts = talk.hear(Come::Stop);
    assert!(matches!(acts.as_slice(), [Act::Send(sent)] if sent["request"]["subtype"] == "interrupt"), "{acts:?}");
    assert_eq!(talk.hear(result(true)), [Act::End(1)]);
}
