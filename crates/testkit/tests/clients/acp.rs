//! The Agent Client Protocol, as far as one prompt needs it, against the clients that speak it themselves.

use super::{Bench, run, say, write};
use coordinate_testkit::api::script::marker;
use coordinate_testkit::clients::Client;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

/// The agent at the other end of two pipes.
struct Peer {
    child: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    /// Requests sent.
    sent: u64,
    /// Titles of what leave was asked for.
    asked: Vec<String>,
}

impl Peer {
    fn start(bench: &Bench) -> Self {
        let mut command = bench.client.command(&bench.installed, &bench.env, &bench.folder);
        command.args(bench.client.acp().expect("it speaks the protocol")).env("PROBE", "from outside");
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the fake API's program starts");
        let input = child.stdin.take().expect("piped");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        Self { child, input, lines, sent: 0, asked: Vec::new() }
    }

    /// Sends a request and answers what the agent asks until its own answer comes.
    #[track_caller]
    fn call(&mut self, method: &str, params: &Value) -> Value {
        self.sent += 1;
        let id = self.sent;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        loop {
            let line = self.lines.next().expect("an answer comes before the end").expect("text");
            // Clients also print what is no message.
            let Ok(message) = serde_json::from_str::<Value>(&line) else { continue };
            if message.get("method").is_some() {
                self.answer(&message);
            } else if message["id"] == id {
                assert!(message.get("error").is_none(), "{method}: {message:#}");
                return message["result"].clone();
            }
        }
    }

    /// Gives every leave, chosen by its kind; has nothing else to give.
    fn answer(&mut self, message: &Value) {
        let Some(id) = message.get("id") else { return };
        let answer = if message["method"] == "session/request_permission" {
            let params = &message["params"];
            self.asked.push(params["toolCall"]["title"].to_string());
            let options = params["options"].as_array().expect("options");
            let option = options.iter().find(|option| option["kind"] == "allow_once").expect("leave for once");
            let outcome = json!({"outcome": "selected", "optionId": option["optionId"]});
            json!({"jsonrpc": "2.0", "id": id, "result": {"outcome": outcome}})
        } else {
            json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32601, "message": "not offered"}})
        };
        self.send(&answer);
    }

    fn send(&mut self, message: &Value) {
        writeln!(self.input, "{message}").expect("the agent reads");
    }

    /// Closes the pipes: an agent has nothing to do without them.
    fn end(self) {
        let Self { mut child, input, lines, .. } = self;
        drop((input, lines));
        child.wait().expect("it is our child");
    }
}

#[track_caller]
fn check_prompt(client: Client) -> Option<usize> {
    let bench = Bench::new(client)?;
    let mut peer = Peer::start(&bench);
    let capabilities = json!({"fs": {"readTextFile": false, "writeTextFile": false}, "terminal": false});
    let own = peer.call("initialize", &json!({"protocolVersion": 1, "clientCapabilities": capabilities}));
    assert_eq!(own["protocolVersion"], 1);
    let session = peer.call("session/new", &json!({"cwd": bench.folder, "mcpServers": []}));
    let script = marker(&[write("hello.txt", "hello\n"), run("echo \"$PROBE\" > probe.txt"), say("All done.")]);
    let prompt = json!([{"type": "text", "text": format!("Do this. {script}")}]);
    let done = peer.call("session/prompt", &json!({"sessionId": session["sessionId"], "prompt": prompt}));
    assert_eq!(done["stopReason"], "end_turn");
    assert_eq!((bench.read("hello.txt"), bench.read("probe.txt")), ("hello\n".into(), "from outside\n".into()));
    let asked = peer.asked.len();
    peer.end();
    Some(asked)
}

/// It asks before it writes and before it runs.
#[test]
fn gemini_speaks_the_protocol() {
    assert_eq!(check_prompt(Client::Gemini).unwrap_or(2), 2);
}

#[test]
fn opencode_speaks_the_protocol() {
    assert_eq!(check_prompt(Client::Opencode).unwrap_or(0), 0);
}
