//! `plan check|waves|graph`, and reading plans for `run`.

use super::{print, print_json};
use crate::args::DiagramFormat;
use crate::failure::{CommandError, Exit};
use coordinate_model::plan::{Graph, Overview, Parsed, Plan, Severity, Source, dot, mermaid, parse};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Reads a plan: one file, or a folder's Markdown files. `name` gives a file's path as the plan is to know it.
pub(crate) fn read(place: &Path, name: &dyn Fn(&Path) -> String) -> Result<(Parsed, Vec<Source>), CommandError> {
    let mut sources = Vec::new();
    for file in files(place)? {
        let bytes = std::fs::read(&file).map_err(|error| unreadable(&file, &error))?;
        let text = String::from_utf8(bytes)
            .map_err(|_| CommandError::usage(format!("`{}` is no UTF-8 text", file.display())))?;
        sources.push(Source { path: name(&file), text });
    }
    Ok((parse(&sources), sources))
}

fn unreadable(place: &Path, error: &std::io::Error) -> CommandError {
    CommandError::usage(format!("failed to read `{}`: {error}", place.display()))
}

fn files(place: &Path) -> Result<Vec<PathBuf>, CommandError> {
    if !place.is_dir() {
        return Ok(vec![place.to_owned()]);
    }
    let entries = std::fs::read_dir(place).map_err(|error| unreadable(place, &error))?;
    let is_markdown = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "md");
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_markdown).collect();
    files.sort();
    if files.is_empty() {
        return Err(CommandError::usage(format!("the folder `{}` holds no Markdown file", place.display())));
    }
    Ok(files)
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// All problems of a plan, one a line.
pub(crate) fn problems(parsed: &Parsed) -> (Vec<String>, bool) {
    let failed = parsed.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    (parsed.diagnostics.iter().map(ToString::to_string).collect(), failed)
}

pub(crate) fn check(file: &Path) -> Result<Exit, CommandError> {
    let (parsed, _) = read(file, &shown)?;
    let (lines, failed) = problems(&parsed);
    for line in &lines {
        print(line);
    }
    super::forecast::hint(&parsed.plan, file);
    Ok(if failed { Exit::Usage } else { Exit::Done })
}

/// A plan that can be worked with, or its problems and exit 2.
pub(crate) fn sound(file: &Path) -> Result<(Plan, Graph), CommandError> {
    let (parsed, _) = read(file, &shown)?;
    sound_plan(parsed)
}

/// A plan without errors, with its graph.
pub(crate) fn sound_plan(parsed: Parsed) -> Result<(Plan, Graph), CommandError> {
    let (lines, failed) = problems(&parsed);
    let refuse = |lines: &[String]| {
        CommandError::usage(format!("the plan can not be used\n{}", lines.join("\n")))
            .hint("`coordinate plan check FILE` shows the same list")
    };
    if failed {
        return Err(refuse(&lines));
    }
    let graph =
        Graph::new(&parsed.plan).map_err(|found| refuse(&found.iter().map(ToString::to_string).collect::<Vec<_>>()))?;
    Ok((parsed.plan, graph))
}

pub(crate) fn waves(file: &Path, json: bool) -> Result<Exit, CommandError> {
    let (plan, graph) = sound(file)?;
    if json {
        let overview = Overview::new(&plan, &graph);
        print_json(&serde_json::to_value(&overview).map_err(CommandError::internal)?);
    } else {
        print(waves_text(&plan, &graph).trim_end());
        super::forecast::hint(&plan, file);
    }
    Ok(Exit::Done)
}

/// The waves, the critical path, and what working in parallel could save at best.
pub(crate) fn waves_text(plan: &Plan, graph: &Graph) -> String {
    let mut text = String::new();
    let waves = graph.waves();
    for (at, wave) in waves.iter().enumerate() {
        let _ = writeln!(text, "wave {}", at + 1);
        for phase in plan.phases.iter().filter(|phase| wave.contains(&phase.number)) {
            let mark = if phase.done() { "✓" } else { " " };
            let after: Vec<String> = phase.depends_on.iter().map(ToString::to_string).collect();
            let after = if after.is_empty() { String::new() } else { format!("  (after {})", after.join(", ")) };
            let _ = writeln!(text, "  {mark} {} {}{after}", phase.number, phase.name);
        }
    }
    let path = graph.critical_path();
    let shown: Vec<String> = path.iter().map(ToString::to_string).collect();
    let saving = graph.expected_saving();
    let _ = writeln!(text, "critical path: {}", shown.join(" → "));
    let _ = writeln!(text, "expected saving: {saving} % if all phases take equally long");
    text
}

pub(crate) fn graph(file: &Path, format: DiagramFormat) -> Result<Exit, CommandError> {
    let (plan, graph) = sound(file)?;
    let text = match format {
        DiagramFormat::Text => waves_text(&plan, &graph),
        DiagramFormat::Mermaid => mermaid(&plan),
        DiagramFormat::Dot => dot(&plan),
    };
    print(text.trim_end());
    Ok(Exit::Done)
}
