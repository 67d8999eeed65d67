//! The pipes of a conversation: the client's, the attempt's folder, signals. One loop hears of all of them.

use super::acp::Acp;
use super::claude::Claude;
use super::order::{Order, Protocol};
use super::talk::{Act, Come, Talk};
use super::{BROKEN, Note};
use coordinate_host::attempts::Inbox;
use coordinate_host::watch::FolderWatch;
use coordinate_model::said::Said;
use rustix::process::{Signal, getpid, kill_process};
use serde_json::Value;
use signal_hook::consts::SIGTERM;
use signal_hook::iterator::Signals;
use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// The longest sleep without a look at the clock.
const LONGEST: Duration = Duration::from_secs(60);

/// The shortest time from one line to the next while a request waits.
const SHORTEST: Duration = Duration::from_millis(100);

/// How long a client gets to end by itself once all is said. What is left then ends with the attempt.
const FAREWELL: Duration = Duration::from_secs(5);

/// What reaches the loop.
enum Event {
    /// A line of the client's output.
    Line(String),
    /// The client's output has ended.
    Closed,
    /// Something that the attempt is told.
    Said(u32, Said),
    /// What it is told can not be read.
    Deaf(io::Error),
    /// The attempt is to end.
    Stop,
}

/// Runs the client and speaks with it. Returns the exit code.
pub(super) fn run(order: &Order) -> io::Result<i32> {
    let prompt = std::fs::read_to_string(&order.prompt)?;
    let talk: Box<dyn Talk> = match order.protocol {
        Protocol::Acp => Box::new(Acp::new(order, prompt)),
        Protocol::Claude => Box::new(Claude::new(prompt)),
    };
    let (sender, events) = channel();
    // Before there is anything to lose: TERM is for the client too, and its last words are worth hearing.
    hear_signals(&sender)?;
    let mut child = start(order)?;
    let input = child.stdin.take();
    if let Some(output) = child.stdout.take() {
        hear_client(output, &sender);
    }
    hear_folder(order, sender)?;
    Pump { order, talk, child, input, waits: BTreeMap::new() }.run(&events)
}

fn start(order: &Order) -> io::Result<Child> {
    let (name, arguments) = order.argv.split_first().ok_or_else(|| io::Error::other("the client has no program"))?;
    let mut command = Command::new(name);
    command.args(arguments).current_dir(&order.tree).stdin(Stdio::piped()).stdout(Stdio::piped());
    command.spawn().map_err(|error| io::Error::new(error.kind(), format!("cannot start `{name}`: {error}")))
}

fn hear_signals(sender: &Sender<Event>) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM])?;
    let sender = sender.clone();
    std::thread::spawn(move || {
        for _ in signals.forever() {
            // The loop may have ended.
            let _ = sender.send(Event::Stop);
        }
    });
    Ok(())
}

fn hear_client(output: ChildStdout, sender: &Sender<Event>) {
    let sender = sender.clone();
    std::thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        while output.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            let text = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned();
            line.clear();
            if sender.send(Event::Line(text)).is_err() {
                return;
            }
        }
        let _ = sender.send(Event::Closed);
    });
}

fn hear_folder(order: &Order, sender: Sender<Event>) -> io::Result<()> {
    let mut inbox = Inbox::of(&order.folder)?;
    let watch = FolderWatch::of(inbox.folder());
    std::thread::spawn(move || {
        loop {
            let sent = match inbox.take() {
                Ok(new) => new.into_iter().try_for_each(|(number, said)| sender.send(Event::Said(number, said))),
                Err(error) => sender.send(Event::Deaf(error)),
            };
            if sent.is_err() || watch.wait(LONGEST).is_err() {
                return;
            }
        }
    });
    Ok(())
}

/// The loop.
struct Pump<'a> {
    order: &'a Order,
    talk: Box<dyn Talk>,
    child: Child,
    input: Option<ChildStdin>,
    /// Since when each request for leave waits.
    waits: BTreeMap<String, Instant>,
}

impl Pump<'_> {
    fn run(mut self, events: &Receiver<Event>) -> io::Result<i32> {
        let begin = self.talk.begin();
        let mut end = self.act(begin)?;
        loop {
            if let Some(code) = end {
                return self.part(events, code);
            }
            end = match events.recv_timeout(self.pause()) {
                Ok(Event::Line(line)) => self.take_line(&line)?,
                Ok(Event::Said(number, said)) => self.hear(Come::Said(number, said))?,
                Ok(Event::Stop) => self.hear(Come::Stop)?,
                Ok(Event::Deaf(error)) => {
                    complain(&format!("failed to read what the client is told: {error}"));
                    None
                }
                Ok(Event::Closed) => return self.died(),
                Err(RecvTimeoutError::Timeout) => self.wait_on()?,
                Err(RecvTimeoutError::Disconnected) => return Ok(BROKEN),
            };
        }
    }

    fn take_line(&mut self, line: &str) -> io::Result<Option<i32>> {
        print(line)?;
        // Clients also print what is no message.
        match serde_json::from_str(line) {
            Ok(value) => self.hear(Come::Line(value)),
            Err(_) => Ok(None),
        }
    }

    fn hear(&mut self, come: Come) -> io::Result<Option<i32>> {
        let acts = self.talk.hear(come);
        let end = self.act(acts)?;
        let open = self.talk.asks();
        self.waits.retain(|request, _| open.contains(request));
        for request in open {
            self.waits.entry(request).or_insert_with(Instant::now);
        }
        Ok(end)
    }

    /// Does what is wanted; the exit code at the end.
    fn act(&mut self, acts: Vec<Act>) -> io::Result<Option<i32>> {
        for act in acts {
            match act {
                Act::Send(line) => self.send(line)?,
                Act::Note(note) => print(&serde_json::to_string(&note)?)?,
                Act::End(code) => return Ok(Some(code)),
            }
        }
        Ok(None)
    }

    /// A client that reads no more has died or is about to: its output says so next.
    fn send(&mut self, line: Value) -> io::Result<()> {
        if let Some(input) = &mut self.input {
            // In one call: a value that is written as it is told goes out character by character.
            let sent = input.write_all(format!("{line}\n").as_bytes());
            self.input = self.input.take().filter(|_| sent.is_ok());
        }
        print(&serde_json::to_string(&Note::Sent { line })?)
    }

    /// While a request waits, that is said often enough for the silence not to count.
    fn pause(&self) -> Duration {
        if self.waits.is_empty() {
            return LONGEST;
        }
        let patience = Duration::from_millis(self.order.patience_ms);
        let left = self.waits.values().map(|since| patience.saturating_sub(since.elapsed())).min().unwrap_or(LONGEST);
        let idle = self.order.idle_ms.map_or(LONGEST, |idle| Duration::from_millis(idle / 3));
        left.min(idle).clamp(SHORTEST, LONGEST)
    }

    fn wait_on(&mut self) -> io::Result<Option<i32>> {
        let patience = Duration::from_millis(self.order.patience_ms);
        let overdue = self.waits.iter().find(|(_, since)| since.elapsed() >= patience);
        if let Some(request) = overdue.map(|(request, _)| request.clone()) {
            return self.hear(Come::Overdue(request));
        }
        if !self.waits.is_empty() {
            print(&serde_json::to_string(&Note::Waits { requests: self.waits.len() })?)?;
        }
        Ok(None)
    }

    /// Lets the client end by itself, and keeps its last lines.
    fn part(mut self, events: &Receiver<Event>, code: i32) -> io::Result<i32> {
        self.input = None;
        let deadline = Instant::now() + FAREWELL;
        loop {
            match events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(Event::Line(line)) => print(&line)?,
                Ok(Event::Closed) | Err(_) => return Ok(code),
                Ok(Event::Said(..) | Event::Deaf(_) | Event::Stop) => {}
            }
        }
    }

    /// The client is gone before its work was done. A signal that ended it ends this process too: whoever looks at how the
    /// attempt ended is to see what happened.
    fn died(mut self) -> io::Result<i32> {
        self.input = None;
        let status = self.child.wait()?;
        complain(&format!("the client ended before it had answered: {status}"));
        die_of(status);
        Ok(status.code().filter(|code| *code != 0).unwrap_or(1))
    }
}

fn die_of(status: ExitStatus) {
    if let Some(signal) = status.signal().and_then(Signal::from_named_raw) {
        if signal == Signal::TERM {
            // It is caught here: the end by KILL would say something else.
            return;
        }
        let _ = kill_process(getpid(), signal);
    }
}

fn print(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
