//! A conversation by the Agent Client Protocol, version 1: JSON-RPC, one message a line.
//!
//! The client works with its own tools in its tree, so neither files nor terminals are offered to it. Words that steer go
//! into the turn at work where the client takes them there (`_session/steering`); else that turn is cancelled, and the next
//! one begins with the words: whoever steers sees work going the wrong way.

#[cfg(test)]
mod tests;
mod turn;

use super::Note;
use super::order::Order;
use super::permission;
use super::talk::{Act, Come, Talk};
use coordinate_model::client::{Cause, Usage};
use coordinate_model::permission::PermissionRequest;
use coordinate_model::said::{Said, Saying};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};

/// The version of the protocol that is spoken here.
const VERSION: u64 = 1;

/// The JSON-RPC code of a client that nobody is logged in with.
const AUTH_REQUIRED: i64 = -32_000;

/// The exit code of a conversation that failed, beside the last word that says why.
const FAILED: i32 = 1;

/// What was asked of the client.
#[derive(Debug, Clone, PartialEq)]
enum Call {
    Initialize,
    Open,
    Mode,
    Model,
    Prompt,
    Steer { number: u32, text: String },
}

/// What the client said it can do.
#[derive(Debug, Clone, Copy, Default)]
struct Can {
    load: bool,
    resume: bool,
    steer: bool,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Acp {
    tree: String,
    model: Option<String>,
    mode: Option<String>,
    bound: bool,
    meta: Option<Value>,
    /// The prompt, until it is sent.
    prompt: Option<String>,
    /// The session: first the one to go on with, then the one that is open.
    session: Option<String>,
    can: Can,
    calls: BTreeMap<u64, Call>,
    called: u64,
    /// Requests for leave by their ids.
    asks: BTreeMap<String, Value>,
    /// Words that wait for the next turn.
    queue: VecDeque<(u32, String)>,
    /// Whether the turn at work was cancelled.
    cancelled: bool,
    stopping: bool,
    message: turn::Message,
    usage: Usage,
}

impl Acp {
    /// The conversation that gives a client this prompt.
    pub(super) fn new(order: &Order, prompt: String) -> Self {
        Self {
            tree: order.tree.to_string_lossy().into_owned(),
            model: order.model.clone(),
            mode: order.mode.clone(),
            bound: order.bound,
            meta: order.meta.clone(),
            prompt: Some(prompt),
            session: order.session.clone(),
            can: Can::default(),
            calls: BTreeMap::new(),
            called: 0,
            asks: BTreeMap::new(),
            queue: VecDeque::new(),
            cancelled: false,
            stopping: false,
            message: turn::Message::default(),
            usage: Usage::default(),
        }
    }

    fn call(&mut self, call: Call, method: &str, params: &Value) -> Act {
        self.called += 1;
        self.calls.insert(self.called, call);
        Act::Send(json!({"jsonrpc": "2.0", "id": self.called, "method": method, "params": params}))
    }

    fn take(&mut self, message: &Value) -> Vec<Act> {
        match (message.get("method").and_then(Value::as_str), message.get("id")) {
            (Some("session/request_permission"), Some(_)) => self.asked(message),
            (Some(_), Some(id)) => {
                let error = json!({"code": -32601, "message": "not offered"});
                vec![Act::Send(json!({"jsonrpc": "2.0", "id": id, "error": error}))]
            }
            (Some("session/update"), None) => self.updated(message),
            (Some(_), None) => Vec::new(),
            (None, Some(id)) => {
                let call = id.as_u64().and_then(|id| self.calls.remove(&id));
                call.map(|call| self.answered(call, message)).unwrap_or_default()
            }
            (None, None) => Vec::new(),
        }
    }

    /// A turn that is being cancelled gives no leave any more, so nobody is asked.
    fn asked(&mut self, message: &Value) -> Vec<Act> {
        if self.cancelled {
            return vec![Act::Send(permission::cancelled(message))];
        }
        self.asks.insert(permission::id(message), message.clone());
        self.message.cut().map(Act::Note).into_iter().collect()
    }

    fn updated(&mut self, message: &Value) -> Vec<Act> {
        let update = message.pointer("/params/update").unwrap_or(&Value::Null);
        if let Some(cost) = turn::cost(update) {
            self.usage.micro_usd = Some(cost);
        }
        // What a session that goes on is told again was said in an earlier attempt.
        if self.prompt.is_some() {
            return Vec::new();
        }
        self.message.take(update).map(Act::Note).into_iter().collect()
    }

    fn answered(&mut self, call: Call, message: &Value) -> Vec<Act> {
        let result = message.get("result").unwrap_or(&Value::Null);
        match (message.get("error"), call) {
            (None, Call::Initialize) => self.open(result),
            (None, Call::Open) => self.opened(result),
            (None, Call::Prompt) => self.turned(result),
            (Some(error), Call::Mode) if self.bound => self.failed(error),
            (_, Call::Mode) | (None, Call::Model) => self.ready(),
            (None, Call::Steer { number, text }) => self.steered(number, text, result),
            // The turn is over, or the client does not take it there after all.
            (Some(_), Call::Steer { number, text }) => self.interrupt(number, text),
            (Some(error), Call::Initialize | Call::Open | Call::Model | Call::Prompt) => self.failed(error),
        }
    }

    fn open(&mut self, result: &Value) -> Vec<Act> {
        let version = result.get("protocolVersion").and_then(Value::as_u64);
        if version != Some(VERSION) {
            let words = version.map_or_else(|| "no version".to_owned(), |version| format!("version {version}"));
            return ended(Some(Cause::Other), format!("it speaks {words} of the protocol; {VERSION} is known here"));
        }
        let is = |place: &str| result.pointer(place).and_then(Value::as_bool).unwrap_or_default();
        self.can = Can {
            load: is("/agentCapabilities/loadSession"),
            resume: result.pointer("/agentCapabilities/sessionCapabilities/resume").is_some_and(Value::is_object),
            steer: is("/_meta/steering/supported"),
        };
        let method = match (&self.session, self.can) {
            (None, _) => "session/new",
            (Some(_), Can { resume: true, .. }) => "session/resume",
            (Some(_), Can { load: true, .. }) => "session/load",
            (Some(_), _) => return ended(Some(Cause::Other), "it can not go on with an earlier session".to_owned()),
        };
        let mut params = json!({"cwd": self.tree, "mcpServers": []});
        if let Some(session) = &self.session {
            params["sessionId"] = json!(session);
        }
        if let Some(meta) = &self.meta {
            params["_meta"] = meta.clone();
        }
        vec![self.call(Call::Open, method, &params)]
    }

    fn opened(&mut self, result: &Value) -> Vec<Act> {
        if let Some(id) = result.get("sessionId").and_then(Value::as_str) {
            self.session = Some(id.to_owned());
        }
        let Some(id) = self.session.clone() else {
            return ended(Some(Cause::Other), "it opened a session without an id".to_owned());
        };
        let mut acts = vec![Act::Note(Note::Session { id: id.clone() })];
        if let Some(mode) = self.mode.take() {
            let offered = turn::offers(result, "/modes/availableModes", "id", &mode);
            if !offered && self.bound {
                return unkept(&mode);
            }
            if offered {
                acts.push(self.call(Call::Mode, "session/set_mode", &json!({"sessionId": id, "modeId": mode})));
            }
        }
        if let Some(model) = self.model.take() {
            let (method, params) = turn::choose_model(result, &id, &model);
            acts.push(self.call(Call::Model, method, &params));
        }
        acts.extend(self.ready());
        acts
    }

    /// Sends the prompt once the session is as it should be. What was said meanwhile goes with it.
    fn ready(&mut self) -> Vec<Act> {
        let is_setting = self.calls.values().any(|call| matches!(call, Call::Mode | Call::Model));
        match self.prompt.take_if(|_| !is_setting) {
            Some(prompt) => self.say(vec![prompt]),
            None => Vec::new(),
        }
    }

    /// Begins a turn with these words and all that wait.
    fn say(&mut self, mut words: Vec<String>) -> Vec<Act> {
        self.cancelled = false;
        let (heard, said): (Vec<_>, Vec<_>) = self.queue.drain(..).unzip();
        words.extend(said);
        let params = json!({"sessionId": self.session, "prompt": turn::blocks(&words.join("\n\n"))});
        let mut acts = vec![self.call(Call::Prompt, "session/prompt", &params)];
        acts.extend(heard.into_iter().map(|message| Act::Note(Note::Heard { message })));
        acts
    }

    /// A turn's end: the next one, if something waits to be said, else the end of the work.
    fn turned(&mut self, result: &Value) -> Vec<Act> {
        let mut acts: Vec<Act> = self.message.cut().map(Act::Note).into_iter().collect();
        acts.extend(self.asks.keys().cloned().collect::<Vec<_>>().iter().flat_map(|ask| self.settle(ask, None)));
        self.usage = self.usage.with(turn::used(result));
        // One that tells nothing has not worked for nothing.
        let is_told = self.usage.tokens() > 0 || self.usage.micro_usd.is_some_and(|usd| usd > 0);
        acts.extend(is_told.then_some(Act::Note(Note::Used { usage: self.usage })));
        let reason = result.get("stopReason").and_then(Value::as_str).unwrap_or_default();
        let goes_on = !self.queue.is_empty() && !self.stopping && matches!(reason, "end_turn" | "cancelled");
        acts.extend(match (goes_on, turn::cause(reason)) {
            (true, _) if self.cancelled => self.say(vec![turn::INTERRUPTED.to_owned()]),
            (true, _) => self.say(Vec::new()),
            (false, None) => ended(None, String::new()),
            (false, Some(cause)) => ended(Some(cause), format!("it stopped: {}", reason.replace('_', " "))),
        });
        acts
    }

    fn told(&mut self, number: u32, said: Said) -> Vec<Act> {
        match said.what {
            Saying::Permission { request, allowed, .. } => self.settle(&request, Some(allowed)),
            Saying::Steer { text } if self.prompt.is_some() || self.cancelled => {
                self.queue.push_back((number, text));
                Vec::new()
            }
            Saying::Steer { text } if self.can.steer => {
                let idle = json!({"steering": {"idleBehavior": "promptRequired"}});
                let params = json!({"sessionId": self.session, "prompt": turn::blocks(&text), "_meta": idle});
                vec![self.call(Call::Steer { number, text }, "_session/steering", &params)]
            }
            Saying::Steer { text } => self.interrupt(number, text),
        }
    }

    fn steered(&mut self, number: u32, text: String, result: &Value) -> Vec<Act> {
        match result.get("outcome").and_then(Value::as_str) {
            Some("injected" | "startedNewTurn") => vec![Act::Note(Note::Heard { message: number })],
            Some(_) | None => self.interrupt(number, text),
        }
    }

    /// Cancels the turn at work, for the next one to begin with these words.
    fn interrupt(&mut self, number: u32, text: String) -> Vec<Act> {
        self.queue.push_back((number, text));
        let at_work = self.calls.values().any(|call| *call == Call::Prompt);
        if at_work { self.cancel() } else { self.say(Vec::new()) }
    }

    fn cancel(&mut self) -> Vec<Act> {
        self.cancelled = true;
        let params = json!({"sessionId": self.session});
        let mut acts = vec![Act::Send(json!({"jsonrpc": "2.0", "method": "session/cancel", "params": params}))];
        acts.extend(self.asks.keys().cloned().collect::<Vec<_>>().iter().flat_map(|ask| self.settle(ask, None)));
        acts
    }

    /// Answers a request for leave; `None`: its turn is over.
    fn settle(&mut self, ask: &str, answer: Option<bool>) -> Vec<Act> {
        let Some(message) = self.asks.remove(ask) else { return Vec::new() };
        let (line, allowed) = match answer {
            Some(allowed) => permission::answer(&message, allowed),
            None => (permission::cancelled(&message), false),
        };
        let PermissionRequest { id: request, tool, .. } = permission::request(&message);
        vec![Act::Send(line), Act::Note(Note::Settled { request, tool, allowed })]
    }

    fn stop(&mut self) -> Vec<Act> {
        self.stopping = true;
        let at_work = self.calls.values().any(|call| *call == Call::Prompt);
        if at_work { self.cancel() } else { ended(Some(Cause::Interrupted), "it was told to stop".to_owned()) }
    }

    fn failed(&mut self, error: &Value) -> Vec<Act> {
        let text = turn::error(error);
        let cause = match error.get("code").and_then(Value::as_i64) {
            Some(AUTH_REQUIRED) => Cause::LoggedOut,
            Some(_) | None => Cause::told(error.pointer("/data/status").and_then(Value::as_u64), &text),
        };
        let mut acts: Vec<Act> = self.message.cut().map(Act::Note).into_iter().collect();
        acts.extend(ended(Some(cause), text));
        acts
    }
}

impl Talk for Acp {
    fn begin(&mut self) -> Vec<Act> {
        let capabilities = json!({"fs": {"readTextFile": false, "writeTextFile": false}, "terminal": false});
        let info = json!({"name": "coordinate", "version": env!("CARGO_PKG_VERSION")});
        let params = json!({"protocolVersion": VERSION, "clientCapabilities": capabilities, "clientInfo": info});
        vec![self.call(Call::Initialize, "initialize", &params)]
    }

    fn hear(&mut self, come: Come) -> Vec<Act> {
        match come {
            Come::Line(message) => self.take(&message),
            Come::Said(number, said) => self.told(number, said),
            Come::Overdue(request) => self.settle(&request, Some(false)),
            Come::Stop => self.stop(),
        }
    }

    fn asks(&self) -> Vec<String> {
        self.asks.keys().cloned().collect()
    }
}

/// An agent that would do unasked what rules forbid does nothing.
fn unkept(mode: &str) -> Vec<Act> {
    ended(Some(Cause::Other), format!("it has no mode `{mode}`, in which it asks, so it can not be kept to the rules"))
}

/// The last word.
fn ended(cause: Option<Cause>, message: String) -> Vec<Act> {
    let code = if cause.is_some() { FAILED } else { 0 };
    vec![Act::Note(Note::Ended { cause, message }), Act::End(code)]
}
