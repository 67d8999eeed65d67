//! A stand-in for an agent that speaks the Agent Client Protocol: it does exactly what its script says.
//!
//! The script is a file with a list of [acts](Act), its one argument; they go on from one turn to the next, and a turn ends
//! where they end. What it was sent is kept beside the script, a message a line, in `heard.jsonl`.

use serde::Deserialize;
use serde_json::{Value, json};
use std::fs::OpenOptions;
use std::io::{self, BufRead, StdinLock, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::vec::IntoIter;

/// One act; its first field that is there says which.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Act {
    /// What `initialize` answers besides its version.
    can: Option<Value>,
    /// `session/new` fails with this error.
    refuse: Option<Value>,
    /// Says this, in pieces of three characters.
    say: Option<String>,
    /// Runs this by the shell, as a tool.
    run: Option<String>,
    /// Asks leave for a tool call with these fields, and then runs `run` if it may.
    ask: Option<Value>,
    /// Prints this as it is.
    print: Option<String>,
    /// Waits for the next message.
    wait: bool,
    /// Ends the turn for this reason.
    stop: Option<String>,
    /// Ends at once with this code.
    exit: Option<u8>,
}

fn main() -> io::Result<ExitCode> {
    let script = PathBuf::from(std::env::args_os().nth(1).ok_or_else(|| io::Error::other("no script"))?);
    let acts: Vec<Act> = serde_json::from_str(&std::fs::read_to_string(&script)?)?;
    let heard = script.with_file_name("heard.jsonl");
    let mut agent = Agent { heard, input: io::stdin().lock(), acts: acts.into_iter(), asked: 0, cancelled: false };
    let code = agent.serve()?;
    Ok(ExitCode::from(code))
}

struct Agent {
    heard: PathBuf,
    input: StdinLock<'static>,
    acts: IntoIter<Act>,
    asked: u64,
    cancelled: bool,
}

/// How the acts of a turn ended.
enum Turn {
    Stopped(String),
    Exit(u8),
}

impl Agent {
    fn serve(&mut self) -> io::Result<u8> {
        let can = self.leading(|act| act.can.is_some()).and_then(|act| act.can);
        let refuse = self.leading(|act| act.refuse.is_some()).and_then(|act| act.refuse);
        while let Some(message) = self.next()? {
            let answer = match message["method"].as_str() {
                Some("initialize") => {
                    let mut answer = can.clone().unwrap_or_else(|| json!({}));
                    answer["protocolVersion"] = answer.get("protocolVersion").cloned().unwrap_or(json!(1));
                    json!({"result": answer})
                }
                Some("session/new") => match &refuse {
                    Some(error) => json!({"error": error}),
                    None => json!({"result": {"sessionId": "session-1"}}),
                },
                Some("session/prompt") => match self.turn()? {
                    Turn::Stopped(reason) => {
                        json!({"result": {"stopReason": reason, "usage": {"inputTokens": 10, "outputTokens": 5}}})
                    }
                    Turn::Exit(code) => return Ok(code),
                },
                Some(_) | None => continue,
            };
            send(&respond(&message, answer))?;
        }
        Ok(0)
    }

    fn leading(&mut self, wanted: impl Fn(&Act) -> bool) -> Option<Act> {
        let is = self.acts.as_slice().first().is_some_and(wanted);
        is.then(|| self.acts.next()).flatten()
    }

    fn turn(&mut self) -> io::Result<Turn> {
        self.cancelled = false;
        while let Some(act) = self.acts.next() {
            if let Some(end) = self.perform(act)? {
                return Ok(end);
            }
            if self.cancelled {
                return Ok(Turn::Stopped("cancelled".to_owned()));
            }
        }
        Ok(Turn::Stopped("end_turn".to_owned()))
    }

    fn perform(&mut self, act: Act) -> io::Result<Option<Turn>> {
        if let Some(code) = act.exit {
            return Ok(Some(Turn::Exit(code)));
        }
        if let Some(reason) = act.stop {
            return Ok(Some(Turn::Stopped(reason)));
        }
        if let Some(call) = act.ask
            && !self.ask(&call)?
        {
            return Ok(None);
        }
        if let Some(line) = act.run {
            run(&line)?;
        }
        if let Some(text) = act.say {
            say(&text)?;
        }
        if let Some(line) = act.print {
            println_flushed(&line)?;
        }
        if act.wait {
            self.take_note()?;
        }
        Ok(None)
    }

    /// Whether it may.
    fn ask(&mut self, call: &Value) -> io::Result<bool> {
        self.asked += 1;
        // The refusal comes first: who chooses by position chooses wrong.
        let options = json!([
            {"optionId": "no", "name": "No", "kind": "reject_once"},
            {"optionId": "always", "name": "Always", "kind": "allow_always"},
            {"optionId": "yes", "name": "Yes", "kind": "allow_once"},
        ]);
        let params = json!({"sessionId": "session-1", "toolCall": call, "options": options});
        let id = format!("ask-{}", self.asked);
        send(&json!({"jsonrpc": "2.0", "id": id, "method": "session/request_permission", "params": params}))?;
        loop {
            let answer = self.take_note()?;
            if answer["id"] == id.as_str() {
                return Ok(answer["result"]["outcome"]["optionId"] == "yes");
            }
        }
    }

    /// Takes a message that comes within a turn.
    fn take_note(&mut self) -> io::Result<Value> {
        let message = self.next()?.ok_or_else(|| io::Error::other("the client went away"))?;
        match message["method"].as_str() {
            Some("session/cancel") => self.cancelled = true,
            Some("_session/steering") => send(&respond(&message, json!({"result": {"outcome": "injected"}})))?,
            Some(_) | None => {}
        }
        Ok(message)
    }

    fn next(&mut self) -> io::Result<Option<Value>> {
        let mut line = String::new();
        if self.input.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        keep(&self.heard, &line)?;
        Ok(Some(serde_json::from_str(&line)?))
    }
}

fn keep(place: &Path, line: &str) -> io::Result<()> {
    OpenOptions::new().create(true).append(true).open(place)?.write_all(line.as_bytes())
}

fn run(line: &str) -> io::Result<()> {
    let call = json!({"toolCallId": "call", "title": line, "kind": "execute", "rawInput": {"command": line}});
    update("tool_call", &call)?;
    let ok = Command::new("sh").args(["-c", line]).status()?.success();
    let status = if ok { "completed" } else { "failed" };
    update("tool_call_update", &json!({"toolCallId": "call", "status": status}))
}

fn say(text: &str) -> io::Result<()> {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(3).try_for_each(|piece| {
        let content = json!({"type": "text", "text": piece.iter().collect::<String>()});
        update("agent_message_chunk", &json!({"content": content, "messageId": "m"}))
    })
}

fn update(kind: &str, fields: &Value) -> io::Result<()> {
    let mut update = fields.clone();
    update["sessionUpdate"] = json!(kind);
    let params = json!({"sessionId": "session-1", "update": update});
    send(&json!({"jsonrpc": "2.0", "method": "session/update", "params": params}))
}

fn respond(message: &Value, mut answer: Value) -> Value {
    answer["jsonrpc"] = json!("2.0");
    answer["id"] = message["id"].clone();
    answer
}

fn send(message: &Value) -> io::Result<()> {
    println_flushed(&message.to_string())
}

fn println_flushed(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
