//! Conversations as data: what comes in, what is done. The transcripts are those of real agents.

use super::super::order::{Order, Protocol};
use super::super::talk::{Act, Come, Talk};
use super::super::{Note, permission};
use super::Acp;
use crate::stream::{Dialect, read};
use coordinate_engine::port::{StreamName, TranscriptLine};
use coordinate_model::said::{Said, Saying};
use serde_json::{Value, json};
use std::fmt::Write;

fn order() -> Order {
    Order {
        protocol: Protocol::Acp,
        argv: Vec::new(),
        tree: "/tree".into(),
        folder: "/folder".into(),
        prompt: "/folder/prompt.md".into(),
        session: None,
        model: None,
        mode: None,
        bound: false,
        meta: None,
        patience_ms: 1,
        idle_ms: None,
    }
}

/// What an act says, in a line.
fn words(act: &Act) -> String {
    match act {
        Act::Send(line) => {
            let line = line.as_object().cloned().unwrap_or_default();
            let line: serde_json::Map<_, _> = line.into_iter().filter(|(name, _)| name != "jsonrpc").collect();
            format!(">> {}", Value::Object(line))
        }
        Act::Note(note) => format!("-- {}", serde_json::to_string(note).unwrap()),
        Act::End(code) => format!("== {code}"),
    }
}

fn said(acts: &[Act]) -> String {
    acts.iter().map(words).collect::<Vec<_>>().join("\n")
}

fn facts(line: &Value) -> Vec<String> {
    let line = TranscriptLine { stream: StreamName::Out, text: line.to_string(), next_offset: 0 };
    read(Dialect::Acp, &line).iter().map(|fact| serde_json::to_string(fact).unwrap()).collect()
}

/// A transcript as what is understood of it, with the bridge's own notes; every leave is given.
fn understood(transcript: &str) -> String {
    let mut talk = Acp::new(&order(), "go".to_owned());
    let mut text = String::new();
    talk.begin();
    for line in transcript.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        facts(&line).iter().for_each(|fact| writeln!(text, "{fact}").unwrap());
        let mut acts = talk.hear(Come::Line(line));
        for request in talk.asks() {
            let what = Saying::Permission { request, allowed: true, comment: String::new() };
            acts.extend(talk.hear(Come::Said(1, Said { by: "ann".to_owned(), what })));
        }
        for act in &acts {
            match act {
                Act::Note(note) => {
                    let note = serde_json::to_value(note).unwrap();
                    facts(&note).iter().for_each(|fact| writeln!(text, "  {fact}").unwrap());
                }
                Act::Send(_) | Act::End(_) => writeln!(text, "{}", words(act)).unwrap(),
            }
        }
    }
    text
}

#[test]
fn real_agents_are_understood() {
    let mut text = String::new();
    for (name, transcript) in [
        ("claude", include_str!("../../../tests/transcripts/acp-claude-new20.jsonl")),
        ("claude, older", include_str!("../../../tests/transcripts/acp-claude-old.jsonl")),
        ("claude, cancelled", include_str!("../../../tests/transcripts/acp-claude-cancel.jsonl")),
        ("codex", include_str!("../../../tests/transcripts/acp-codex.jsonl")),
        ("codex, older", include_str!("../../../tests/transcripts/acp-codex-zed.jsonl")),
        ("gemini", include_str!("../../../tests/transcripts/acp-gemini.jsonl")),
        ("opencode", include_str!("../../../tests/transcripts/acp-opencode.jsonl")),
    ] {
        writeln!(text, "=== {name}\n{}", understood(transcript)).unwrap();
    }
    insta::assert_snapshot!(text);
}

fn answer(id: u64, result: Value) -> Come {
    Come::Line(json!({"jsonrpc": "2.0", "id": id, "result": result}))
}

fn error(id: u64, error: Value) -> Come {
    Come::Line(json!({"jsonrpc": "2.0", "id": id, "error": error}))
}

/// A conversation at work: its prompt is call 3.
fn at_work(can: Value) -> Acp {
    let mut talk = Acp::new(&order(), "go".to_owned());
    talk.begin();
    let mut result = json!({"protocolVersion": 1});
    result["_meta"] = can;
    talk.hear(answer(1, result));
    talk.hear(answer(2, json!({"sessionId": "s"})));
    talk
}

const CANCEL: &str = r#">> {"method":"session/cancel","params":{"sessionId":"s"}}"#;

/// The turn that begins with words for which another was cancelled.
fn next_turn(id: u64, words: &str, heard: &[u32]) -> String {
    let text = format!(r"{}\n\n{words}", super::turn::INTERRUPTED);
    let prompt = format!(
        r#">> {{"id":{id},"method":"session/prompt","params":{{"prompt":[{{"text":"{text}","type":"text"}}],"sessionId":"s"}}}}"#
    );
    let heard = heard.iter().map(|number| format!(r#"-- {{"coordinate":"heard","message":{number}}}"#));
    std::iter::once(prompt).chain(heard).collect::<Vec<_>>().join("\n")
}

fn steer(talk: &mut Acp, number: u32, text: &str) -> String {
    let what = Saying::Steer { text: text.to_owned() };
    said(&talk.hear(Come::Said(number, Said { by: "ann".to_owned(), what })))
}

#[test]
fn words_go_into_the_turn_where_they_are_taken_there() {
    let mut talk = at_work(json!({"steering": {"supported": true}}));
    insta::assert_snapshot!(steer(&mut talk, 1, "use tabs"), @r#">> {"id":4,"method":"_session/steering","params":{"_meta":{"steering":{"idleBehavior":"promptRequired"}},"prompt":[{"text":"use tabs","type":"text"}],"sessionId":"s"}}"#);
    insta::assert_snapshot!(said(&talk.hear(answer(4, json!({"outcome": "injected"})))), @r#"-- {"coordinate":"heard","message":1}"#);
}

#[test]
fn words_that_come_as_a_turn_ends_begin_the_next() {
    let mut talk = at_work(json!({"steering": {"supported": true}}));
    steer(&mut talk, 1, "use tabs");
    assert!(said(&talk.hear(answer(3, json!({"stopReason": "end_turn"})))).ends_with("== 0"), "nothing waited");
    let mut talk = at_work(json!({"steering": {"supported": true}}));
    steer(&mut talk, 1, "use tabs");
    let cancels = said(&talk.hear(answer(4, json!({"outcome": "promptRequired"}))));
    assert!(cancels.contains("session/cancel"), "{cancels}");
    assert_eq!(said(&talk.hear(answer(3, json!({"stopReason": "end_turn"})))), next_turn(5, "use tabs", &[1]));
}

#[test]
fn else_the_turn_is_cancelled_for_them() {
    let mut talk = at_work(Value::Null);
    assert_eq!(steer(&mut talk, 1, "use tabs"), CANCEL);
    assert_eq!(steer(&mut talk, 2, "no, spaces"), "");
    let both = r"use tabs\n\nno, spaces";
    assert_eq!(said(&talk.hear(answer(3, json!({"stopReason": "cancelled"})))), next_turn(4, both, &[1, 2]));
}

#[test]
fn leave_is_chosen_by_kind_and_never_more_than_was_given() {
    let ask = |options: Value| json!({"id": 7, "method": "session/request_permission", "params": {"options": options}});
    let outcome = |options: Value, allowed: bool| {
        let (line, given) = permission::answer(&ask(options), allowed);
        (line["result"]["outcome"].clone(), given)
    };
    let (no, always) =
        (json!({"optionId": "n", "kind": "reject_once"}), json!({"optionId": "a", "kind": "allow_always"}));
    let yes = json!({"optionId": "y", "kind": "allow_once"});
    let chosen = |option: &str| json!({"outcome": "selected", "optionId": option});
    assert_eq!(outcome(json!([no, always, yes]), true), (chosen("y"), true));
    assert_eq!(outcome(json!([yes, always, no]), false), (chosen("n"), false));
    assert_eq!(outcome(json!([no, always]), true), (chosen("n"), false));
    assert_eq!(outcome(json!([always]), true), (json!({"outcome": "cancelled"}), false));
    assert_eq!(outcome(json!([yes]), false), (json!({"outcome": "cancelled"}), false));
}

#[test]
fn what_fails_is_said_in_the_last_word() {
    let last = |acts: Vec<Act>| said(&acts).lines().rev().take(2).collect::<Vec<_>>().join(" ");
    let mut talk = Acp::new(&order(), "go".to_owned());
    talk.begin();
    assert_eq!(
        last(talk.hear(answer(1, json!({"protocolVersion": 2})))),
        r#"== 1 -- {"coordinate":"ended","cause":"other","message":"it speaks version 2 of the protocol; 1 is known here"}"#
    );
    let mut talk = Acp::new(&order(), "go".to_owned());
    talk.begin();
    talk.hear(answer(1, json!({"protocolVersion": 1})));
    assert_eq!(
        last(talk.hear(error(2, json!({"code": -32000, "message": "Authentication required"})))),
        r#"== 1 -- {"coordinate":"ended","cause":"logged_out","message":"Authentication required"}"#
    );
    for (reason, cause) in [("max_tokens", "own_limit"), ("refusal", "other"), ("cancelled", "interrupted")] {
        let text = last(at_work(Value::Null).hear(answer(3, json!({"stopReason": reason}))));
        assert!(text.contains(&format!(r#""cause":"{cause}""#)), "{text}");
    }
    let busy = json!({"code": -32603, "message": "Internal error", "data": {"details": "529 Overloaded"}});
    let text = last(at_work(Value::Null).hear(error(3, busy)));
    assert!(text.contains(r#""cause":"service","message":"Internal error: 529 Overloaded""#), "{text}");
}

#[test]
fn a_stop_cancels_the_turn_and_answers_what_is_asked() {
    let mut talk = at_work(Value::Null);
    let call = json!({"toolCallId": "c", "kind": "edit", "title": "Write"});
    let params = json!({"toolCall": call, "options": [{"optionId": "y", "kind": "allow_once"}]});
    talk.hear(Come::Line(json!({"id": "q", "method": "session/request_permission", "params": params})));
    assert_eq!(talk.asks(), ["q"]);
    let settled = r#"-- {"coordinate":"settled","request":"q","tool":"edit","allowed":false}"#;
    let answered = r#">> {"id":"q","result":{"outcome":{"outcome":"cancelled"}}}"#;
    assert_eq!(said(&talk.hear(Come::Stop)), [CANCEL, answered, settled].join("\n"));
    let end = talk.hear(answer(3, json!({"stopReason": "cancelled"})));
    assert_eq!(end.last(), Some(&Act::End(1)));
}

#[test]
fn what_is_not_offered_is_refused_and_the_rest_is_passed_over() {
    let mut talk = at_work(Value::Null);
    let read = json!({"id": 9, "method": "fs/read_text_file", "params": {}});
    insta::assert_snapshot!(said(&talk.hear(Come::Line(read))), @r#">> {"error":{"code":-32601,"message":"not offered"},"id":9}"#);
    for line in [json!({"method": "_x/new"}), json!({"id": 77, "result": {}}), json!([1]), json!("text"), json!({})] {
        assert_eq!(talk.hear(Come::Line(line)), []);
    }
}

#[test]
fn notes_are_told_from_the_clients_lines() {
    let note = serde_json::to_value(Note::Heard { message: 3 }).unwrap();
    assert_eq!(facts(&note), [r#"{"what":"heard","message":3}"#]);
    assert_eq!(facts(&json!({"coordinate": "unknown"})), Vec::<String>::new());
}

/// What a client answers to the beginning and to the opening of a session that offers these modes.
fn opened(order: &Order, modes: &[&str]) -> String {
    let mut talk = Acp::new(order, "go".to_owned());
    talk.begin();
    talk.hear(Come::Line(json!({"jsonrpc": "2.0", "id": 1, "result": {"protocolVersion": 1}})));
    let modes: Vec<Value> = modes.iter().map(|mode| json!({"id": mode})).collect();
    let result = json!({"sessionId": "s", "modes": {"availableModes": modes}});
    said(&talk.hear(Come::Line(json!({"jsonrpc": "2.0", "id": 2, "result": result}))))
}

#[test]
fn who_can_not_be_kept_to_rules_is_not_given_its_work() {
    let bound = Order { mode: Some("asks".to_owned()), bound: true, ..order() };
    assert!(opened(&bound, &["asks"]).contains("session/set_mode"));
    let refused = opened(&bound, &["yolo"]);
    assert!(refused.contains("no mode `asks`") && refused.ends_with("== 1"), "{refused}");
    assert!(opened(&Order { bound: false, ..bound }, &["yolo"]).contains("session/prompt"));
}
