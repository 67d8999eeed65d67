//! Where a run's progress goes: plain lines, JSON lines, or a live display on a terminal.

use coordinate_engine::driver::Listener;
use coordinate_engine::journal::Record;
use coordinate_model::ids::PhaseNumber;
use coordinate_model::plan::Graph;
use coordinate_model::run::Run;
use coordinate_report::{json, line};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// One JSON object a line on standard output. The end of the run is told by the command itself, last.
pub(crate) struct JsonLines;

impl Listener for JsonLines {
    fn on_event(&mut self, run: &Run, record: &Record) {
        if record.event.name() != "run_ended" {
            print_json(&json::event(run, record.sequence, record.at, &record.event));
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

/// Plain lines on standard error.
pub(crate) struct Lines;

impl Listener for Lines {
    fn on_event(&mut self, run: &Run, record: &Record) {
        if let Some(text) = line::progress(run, &record.event) {
            let _ = writeln!(std::io::stderr().lock(), "{text}");
        }
    }

    fn on_tick(&mut self, _run: &Run) {}
}

/// A live display: a bar for each wave, what is being worked on, and how long it has taken.
pub(crate) struct Live {
    all: MultiProgress,
    head: ProgressBar,
    waves: Vec<(Vec<PhaseNumber>, ProgressBar)>,
}

impl Live {
    /// A display for a run.
    pub(crate) fn new(run: &Run) -> Self {
        let all = MultiProgress::new();
        let graph = run.plan().and_then(|plan| Graph::new(plan).ok());
        let waves = graph.map(|graph| graph.waves()).unwrap_or_default();
        let bars = waves.into_iter().enumerate().map(|(at, wave)| {
            let bar = all.add(ProgressBar::new(wave.len() as u64));
            bar.set_style(style("  wave {prefix:<3} [{bar:24}] {pos}/{len} {msg}").progress_chars("=> "));
            bar.set_prefix((at + 1).to_string());
            (wave, bar)
        });
        let waves = bars.collect();
        let head = all.add(ProgressBar::new_spinner());
        head.set_style(style("{spinner} [{elapsed_precise}] {msg}"));
        head.enable_steady_tick(Duration::from_millis(200));
        let mut live = Self { all, head, waves };
        live.refresh(run);
        live
    }

    fn refresh(&mut self, run: &Run) {
        for (wave, bar) in &self.waves {
            let merged = wave.iter().filter(|number| run.phases.get(number).is_some_and(|phase| phase.merged)).count();
            bar.set_position(merged as u64);
            let numbers: Vec<String> = wave.iter().map(|number| format!("phase {number}")).collect();
            bar.set_message(numbers.join(", "));
        }
        let doing: Vec<String> = run
            .live()
            .map(|step| {
                let what = step.attempt().and_then(|attempt| attempt.doing.clone());
                let name = line::name(run, step);
                what.map_or(format!("{name} ({})", step.kind.name()), |what| format!("{name}: {what}"))
            })
            .collect();
        self.head.set_message(format!("{}  {}", run.state, doing.join(" · ")));
    }
}

/// A template that this file gives wrong would only cost its looks.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Listener for Live {
    fn on_event(&mut self, run: &Run, record: &Record) {
        let told = line::text(run, &record.event);
        let worth = told.filter(|text| text.starts_with(['✓', '✗']) || text.contains("is tried again"));
        if let Some(text) = worth {
            let _ = self.all.println(format!("  {text}"));
        }
        self.refresh(run);
    }

    fn on_tick(&mut self, run: &Run) {
        self.refresh(run);
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.head.finish_and_clear();
        for (_, bar) in &self.waves {
            bar.finish_and_clear();
        }
    }
}

/// Whether a live display can be shown.
pub(crate) fn is_live() -> bool {
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    std::io::stderr().is_terminal() && !dumb && std::env::var_os("NO_COLOR").is_none()
}
