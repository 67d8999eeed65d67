//! Where a run's progress goes: plain lines, JSON lines, or a live display on a terminal.

use coordinate_engine::driver::Listener;
use coordinate_engine::journal::Record;
use coordinate_engine::port::Clock;
use coordinate_host::terminal::size;
use coordinate_model::event::Event;
use coordinate_model::run::Run;
use coordinate_report::dashboard::{SMALLEST, View, lines};
use coordinate_report::estimate::History;
use coordinate_report::{json, line, states};
use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// One JSON object a line on standard output. The end of the run is told by the command itself, last.
pub(crate) struct JsonLines;

impl Listener for JsonLines {
    fn on_event(&mut self, run: &Run, record: &Record) {
        if record.event.name() != "run_ended" {
            print_json(&json::event(run, record.sequence, record.at, &record.event));
        }
        if let Some(end) = states::end(run, record.at, &record.event) {
            print_json(&serde_json::to_value(end).unwrap_or_default());
        }
    }

    fn on_tick(&mut self, _run: &Run) {}
}

/// A JSON object as one line on standard output. A reader that went away does not stop a run.
pub(crate) fn print_json(value: &serde_json::Value) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{value}");
    let _ = out.flush();
}

/// What an event means for a person, as plain lines.
pub(crate) fn told(run: &Run, record: &Record) -> Vec<String> {
    let end = states::end(run, record.at, &record.event);
    let mut told: Vec<String> = end.iter().flat_map(states::StateEnd::progress).collect();
    told.extend(line::progress(run, &record.event));
    told
}

/// Plain lines on standard error.
pub(crate) struct Lines;

impl Listener for Lines {
    fn on_event(&mut self, run: &Run, record: &Record) {
        let mut err = std::io::stderr().lock();
        for text in told(run, record) {
            let _ = writeln!(err, "{text}");
        }
    }

    fn on_tick(&mut self, _run: &Run) {}
}

/// Plain lines of a run below: the work alone, for it begins and ends as a step of the run above.
pub(crate) struct BelowLines;

impl Listener for BelowLines {
    fn on_event(&mut self, run: &Run, record: &Record) {
        if let Some(text) = line::progress(run, &record.event).filter(|_| is_work(&record.event)) {
            let _ = writeln!(std::io::stderr().lock(), "{text}");
        }
    }

    fn on_tick(&mut self, _run: &Run) {}
}

/// What runs below have to tell, until the live display of the run above shows it.
pub(crate) type Told = Arc<Mutex<Vec<String>>>;

/// A run below a run that has a live display.
pub(crate) struct BelowLive(pub(crate) Told);

impl Listener for BelowLive {
    fn on_event(&mut self, run: &Run, record: &Record) {
        if let Some(text) = worth(run, &record.event).filter(|_| is_work(&record.event)) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(text);
        }
    }

    fn on_tick(&mut self, _run: &Run) {}
}

/// Whether an event is about a step, and not about the run as such.
fn is_work(event: &Event) -> bool {
    !matches!(
        event,
        Event::RunCreated(_)
            | Event::TransitionCompleted { .. }
            | Event::PauseRequested { .. }
            | Event::Resumed { .. }
            | Event::StepRetried { .. }
            | Event::StepSkipped { .. }
            | Event::CancelRequested { .. }
            | Event::RunClosing { .. }
    )
}

/// What stays above a live display.
fn worth(run: &Run, event: &Event) -> Option<String> {
    let text = line::text(run, event)?;
    (text.starts_with(['✓', '✗']) || text.contains("is tried again")).then(|| format!("  {text}"))
}

/// A live display: the states, a bar for each wave, what is being worked on, time passed and left. It falls back to plain
/// lines by itself, where the window is too small or can not be written to.
pub(crate) struct Live {
    history: History,
    colour: bool,
    /// How many lines of it stand on the screen, above the cursor.
    drawn: usize,
    plain: bool,
    /// From the runs below.
    below: Told,
    /// The time by which the display measures.
    clock: Arc<dyn Clock>,
}

impl Live {
    /// A display for a run, with what is known of earlier ones.
    pub(crate) fn new(run: &Run, history: History, below: Told, clock: Arc<dyn Clock>) -> Self {
        let colour = std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
        let mut live = Self { history, colour, drawn: 0, plain: false, below, clock };
        live.draw(run, &[]);
        live
    }

    /// Draws the display again, below these new lines that stay.
    fn draw(&mut self, run: &Run, told: &[String]) {
        let window = size(&std::io::stderr()).filter(|(width, height)| *width >= SMALLEST.0 && *height >= SMALLEST.1);
        let Some((width, height)) = window.filter(|_| !self.plain) else {
            self.fall_back();
            return;
        };
        let now = self.clock.now();
        let view = View { now, left: self.history.left(run, now), width, height, colour: self.colour };
        let shown = lines(run, view);
        // Lines are cut by characters; where those are wide, the terminal must cut and not wrap.
        let mut text = format!("{}\x1b[?7l", self.erasing());
        for line in told.iter().chain(&shown) {
            text.push_str(line);
            text.push_str("\r\n");
        }
        text.push_str("\x1b[?7h");
        self.drawn = shown.len();
        self.write(&text);
    }

    /// Takes what stands on the screen away.
    fn erasing(&self) -> String {
        if self.drawn == 0 { String::new() } else { format!("\x1b[{}A\r\x1b[J", self.drawn) }
    }

    fn write(&mut self, text: &str) {
        let mut err = std::io::stderr().lock();
        if err.write_all(text.as_bytes()).and_then(|()| err.flush()).is_err() {
            self.plain = true;
            self.drawn = 0;
        }
    }

    fn told_below(&self) -> Vec<String> {
        std::mem::take(&mut *self.below.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn fall_back(&mut self) {
        self.plain = true;
        let erasing = self.erasing();
        self.drawn = 0;
        if !erasing.is_empty() {
            self.write(&erasing);
        }
    }
}

impl Listener for Live {
    fn on_event(&mut self, run: &Run, record: &Record) {
        if !self.plain {
            let mut told = self.told_below();
            told.extend(states::end(run, record.at, &record.event).iter().flat_map(states::StateEnd::lines));
            told.extend(worth(run, &record.event));
            self.draw(run, &told);
        }
        if self.plain {
            Lines.on_event(run, record);
        }
    }

    fn on_tick(&mut self, run: &Run) {
        let told = self.told_below();
        if self.plain {
            told.iter().for_each(|text| self.write(&format!("{}\n", text.trim_start())));
        } else {
            self.draw(run, &told);
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let erasing = self.erasing();
        self.write(&erasing);
    }
}

/// Whether a live display can be shown.
pub(crate) fn is_live() -> bool {
    let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    let err = std::io::stderr();
    let fits = |(width, height): (usize, usize)| width >= SMALLEST.0 && height >= SMALLEST.1;
    err.is_terminal() && !dumb && size(&err).is_some_and(fits)
}
