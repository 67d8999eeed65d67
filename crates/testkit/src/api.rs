//! A model API on loopback that says what a script in the prompt tells it to: for real clients in tests, without a
//! key, a cost or a network.
//!
//! It speaks Anthropic Messages, OpenAI Responses, Gemini and chat completions. The script stands in the user's own
//! text ([`script::marker`]), and how far it has come is counted in the conversation that each request carries. So the
//! server holds no state of a conversation: resumed sessions, retries and parallel sub-agents need nothing more. Only
//! faults that end after a number of times are counted by the server.

mod answer;
mod anthropic;
mod chat;
mod conversation;
mod fault;
mod gemini;
mod http;
mod protocol;
mod responses;
pub mod script;
#[cfg(test)]
mod tests;
mod tools;

use answer::Answer;
use conversation::Conversation;
use http::Reply;
use protocol::{Protocol, Route};
use script::{Fault, Turn};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// A request as a client sent it.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Its path, with the query.
    pub path: String,
    /// Its body; null if it had none that is JSON.
    pub body: Value,
}

/// What is done with each request when it has come.
pub type Observer = Box<dyn Fn(&Recorded) + Send + Sync>;

/// The running server. Dropping it stops it; what hangs is cut off with the process.
#[derive(Debug)]
pub struct FakeApi {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

/// What all connections know.
struct Shared {
    stopped: AtomicBool,
    /// How often each limited fault was answered.
    faults: Mutex<HashMap<String, u32>>,
    observer: Observer,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("faults", &self.faults).finish_non_exhaustive()
    }
}

impl FakeApi {
    /// Listens on 127.0.0.1 at this port; 0 lets the system choose. Every request is shown to `observer`.
    ///
    /// # Errors
    /// When the port is taken.
    pub fn start(port: u16, observer: Observer) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { stopped: AtomicBool::new(false), faults: Mutex::default(), observer });
        let acceptor = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        });
        Ok(Self { address, shared, acceptor: Some(acceptor) })
    }

    /// What clients call the base URL: `http://127.0.0.1:PORT`, without a path.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the process ends.
    pub fn serve(mut self) {
        if let Some(acceptor) = self.acceptor.take() {
            let _a_panic_was_told = acceptor.join();
        }
    }
}

impl Drop for FakeApi {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // The acceptor sees that it is to stop when one more connection comes.
        let _gone_already = TcpStream::connect(self.address);
        if let Some(acceptor) = self.acceptor.take() {
            let _a_panic_was_told = acceptor.join();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for connection in listener.incoming() {
        if shared.stopped.load(Ordering::SeqCst) {
            return;
        }
        let Ok(connection) = connection else { continue };
        let shared = Arc::clone(shared);
        // A client that goes away is no concern of the server's: each connection's end is its own.
        std::thread::spawn(move || http::serve(&connection, |request| shared.reply(request)));
    }
}

impl Shared {
    fn reply(&self, request: &http::Request) -> Reply {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        (self.observer)(&Recorded { path: request.target.clone(), body: body.clone() });
        match Route::of(&request.method, &request.target) {
            Some(Route::Answer(protocol, streamed)) => {
                let streamed = streamed.unwrap_or_else(|| body["stream"].as_bool().unwrap_or(false));
                self.answer(protocol, streamed, &protocol.read(&request.target, &body))
            }
            Some(Route::Count(protocol)) => Reply::json(200, protocol.count(&body)),
            Some(Route::Alive) => Reply::json(200, json!({})),
            None => Reply::json(404, json!({"error": {"message": "the fake API has no such path"}})),
        }
    }

    fn answer(&self, protocol: Protocol, streamed: bool, conversation: &Conversation) -> Reply {
        let turn = match conversation.turn() {
            Ok(turn) => turn,
            Err(message) => return protocol.refusal(400, &message),
        };
        let fault = turn.fault.as_ref().filter(|_| conversation.is_main());
        match fault.filter(|fault| self.is_due(fault, conversation)) {
            Some(fault) => protocol.fail(fault, &Answer::cut_off(conversation), streamed),
            None => protocol.reply(&Answer::new(&turn, conversation), streamed),
        }
    }

    /// Whether the fault is still to be shown; counts it.
    fn is_due(&self, fault: &Fault, conversation: &Conversation) -> bool {
        let Some(times) = fault.times else { return true };
        let mut counted = locked(&self.faults);
        let shown = counted.entry(fault.name.clone().unwrap_or_else(|| conversation.place())).or_default();
        let due = *shown < times;
        *shown += u32::from(due);
        due
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A count is whole after every step, whatever panicked.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The turn that is answered when there is no script, or none of it is left.
fn closing(text: &str) -> Turn {
    Turn { say: Some(text.to_owned()), ..Turn::default() }
}
