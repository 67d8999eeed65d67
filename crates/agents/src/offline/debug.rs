//! The debug report: runs the test, and tells what its output names. It finds no cause by itself, and says so.

pub(super) mod output;

use super::markdown::{code, counted, excerpt, fenced, listed, plain, points, section, title};
use super::order::Wanted;
use super::search::search;
use super::survey::{Terms, excerpt_at};
use super::{report::suspects, tell, tree};
use coordinate_model::event::Observation;
use output::{Output, Place};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// How many suspects are named.
const SUSPECTS: usize = 5;

/// A test that was run.
struct Ran<'a> {
    command: &'a str,
    /// As a shell tells it: 128 and the number for a signal; `None` where it could not be started.
    code: Option<i32>,
    output: Output,
}

/// Runs the test command, if there is one, and writes the report.
pub(super) fn report(wanted: &Wanted) -> String {
    let ran = wanted.test_command.as_deref().filter(|command| !command.trim().is_empty());
    let ran = ran.map(|command| run(command, &wanted.tree));
    let places = ran.as_ref().map(|ran| ran.output.places_in(&wanted.tree)).unwrap_or_default();
    let suspects = suspected(wanted, ran.as_ref());
    let mut out = format!("# {}\n", title(&format!("Debug: {}", plain(&wanted.topic()))));
    section(&mut out, "Metadata", &metadata(wanted));
    section(&mut out, "Summary", &summary(ran.as_ref(), &places));
    section(&mut out, "Evidence", &evidence(ran.as_ref(), &places, &wanted.tree));
    section(&mut out, "Suspects", &points(suspects.iter().cloned(), "None: no word of the failure stands in a file."));
    section(&mut out, "Cause", &cause(ran.as_ref(), &places));
    section(&mut out, "Next Steps", &next_steps(ran.as_ref(), &places, &suspects));
    let named = places.iter().map(|place| code(&place.to_string()));
    section(&mut out, "References", &points(named.chain(suspects.iter().filter_map(|one| place_of(one))), "None."));
    out
}

fn metadata(wanted: &Wanted) -> String {
    format!(
        "- **Date**: {}\n- **Agent**: offline (built in)\n- **Topic**: {}\n- **Report Type**: debug\n",
        wanted.date,
        plain(&wanted.topic())
    )
}

/// Runs a command as the shell would, with both of its outputs in one, which goes on to our own as it comes.
fn run<'a>(command: &'a str, tree: &Path) -> Ran<'a> {
    tell(&Observation::tool_started("test", command.chars().take(120).collect::<String>()));
    let mut output = Output::default();
    let child = Command::new("sh")
        .args(["-c", &format!("exec 2>&1\n{command}")])
        .current_dir(tree)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn();
    let code = child.ok().and_then(|mut child| {
        if let Some(pipe) = child.stdout.take() {
            take(BufReader::new(pipe), &mut output);
        }
        let status = child.wait().ok()?;
        Some(status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)))
    });
    tell(&Observation::tool_ended("test", code == Some(0)));
    Ran { command, code, output }
}

fn take(mut pipe: impl BufRead, output: &mut Output) {
    let mut line = Vec::new();
    while pipe.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        let text = String::from_utf8_lossy(&line);
        // Behind a space, so that no line of a test is taken for one of the offline agent's own.
        let _ = write!(std::io::stdout(), " {text}");
        output.line(text.trim_end());
        line.clear();
    }
}

/// The files that hold what failed, or, where nothing failed, the words of the request.
fn suspected(wanted: &Wanted, ran: Option<&Ran>) -> Vec<String> {
    let failing = ran.map(|ran| ran.output.failing().join(" ")).unwrap_or_default();
    let subject = if failing.is_empty() { wanted.subject.as_str() } else { failing.as_str() };
    let found = search(&wanted.tree, &wanted.path, Terms::of(subject, &wanted.request));
    suspects(&found, &wanted.tree, SUSPECTS)
}

fn summary(ran: Option<&Ran>, places: &[Place]) -> String {
    let Some(ran) = ran else {
        return "Nothing was run: the project has no test command. What stands below comes from the words of the \
                request alone."
            .to_owned();
    };
    let text = match ran.code {
        Some(0) => "The test command passes here: the failure was not reproduced.".to_owned(),
        Some(exit) => format!("The test command fails with exit code {exit}."),
        None => "The test command could not be started.".to_owned(),
    };
    let failing: Vec<String> = ran.output.failing().iter().map(|name| code(name)).collect();
    let failing = if failing.is_empty() { String::new() } else { format!(" What fails: {}.", listed(&failing)) };
    let named = if places.is_empty() {
        " Its output names no place in the project.".to_owned()
    } else {
        format!(" Its output names {}.", counted(places.len(), "place"))
    };
    format!("{text}{failing}{named}")
}

fn evidence(ran: Option<&Ran>, places: &[Place], tree: &Path) -> String {
    let Some(ran) = ran else { return "None: no test was run.".to_owned() };
    let exit = ran.code.map_or_else(|| "not started".to_owned(), |code| code.to_string());
    let (shown, all) = (ran.output.end(), ran.output.lines());
    let end = fenced("text", &shown.join("\n"));
    let mut text = format!("The command:\n\n{}\nIts exit code: {exit}.\n", fenced("sh", ran.command));
    let _ = write!(text, "\nThe end of its output ({} of {all} lines):\n\n{end}", shown.len());
    for place in places {
        let lines = tree::one(tree, &place.path).and_then(|text| excerpt_at(&text, place.line));
        if let Some(lines) = lines {
            let _ = write!(text, "\n{}", excerpt(&place.path, &lines));
        }
    }
    text
}

fn cause(ran: Option<&Ran>, places: &[Place]) -> String {
    match (ran.and_then(|ran| ran.code), places) {
        (Some(0), _) => "Not determined: the test passes here.".to_owned(),
        (Some(_), [place]) => format!(
            "The output names one place, {}. Whether the cause lies there or in what it calls was not determined by the \
             offline agent, which reads output and understands no code.",
            code(&place.to_string())
        ),
        _ => "Not determined by the offline agent, which reads output and understands no code.".to_owned(),
    }
}

fn next_steps(ran: Option<&Ran>, places: &[Place], suspects: &[String]) -> String {
    let mut steps = Vec::new();
    match ran {
        None => steps
            .push("Give the project a test command, so that the failure can be seen (`coordinate init`).".to_owned()),
        Some(ran) if ran.code == Some(0) => {
            steps.push("Find what makes it fail, and add that as a test.".to_owned());
        }
        Some(_) => steps.push("Run the test command and see it fail.".to_owned()),
    }
    if let Some(place) = places.first() {
        steps.push(format!("Begin reading at {}.", code(&place.to_string())));
    } else if let Some(place) = suspects.first().and_then(|one| place_of(one)) {
        steps.push(format!("Begin reading at {place}."));
    }
    steps.push("Let an agent that can work on its own look for the cause: `--agent NAME`.".to_owned());
    points(steps, "")
}

/// The place at the beginning of a suspect's line.
fn place_of(suspect: &str) -> Option<String> {
    suspect.split_once(": ").map(|(place, _)| place.to_owned())
}
