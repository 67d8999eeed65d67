//! `inbox`, `approve`, `reject`: the questions of all runs, and their answers.

use super::control::{open, say, user};
use super::{print, print_json};
use crate::args::{AnswerArguments, InboxArguments};
use crate::context::Project;
use crate::failure::{CommandError, Exit};
use crate::wiring::SystemClock;
use coordinate_engine::journal::Journal;
use coordinate_engine::port::Clock as _;
use coordinate_model::event::GateAnswer;
use coordinate_model::ids::RunId;
use coordinate_model::input::Input;
use coordinate_model::permission::{Rule, Verdict};
use coordinate_model::run::Run;
use coordinate_report::inbox::{Entry, What, entries, word};

pub(crate) fn inbox(project: &Project, options: &InboxArguments) -> Result<Exit, CommandError> {
    let journal = project.journal()?;
    let (all, now) = (options.all || options.id.is_some(), SystemClock.now());
    let runs = journal.as_ref().map(|journal| runs(journal, all)).transpose()?.unwrap_or_default();
    let found: Vec<Entry<'_>> = runs.iter().flat_map(|run| entries(run, all)).collect();
    if let Some(id) = &options.id {
        let entry = named(&found, id)?.ok_or_else(|| unknown(id))?;
        match options.json {
            true => print_json(&entry.json()),
            false => entry.text(now).iter().for_each(|line| print(line)),
        }
    } else if options.json {
        print_json(&found.iter().map(Entry::json).collect());
    } else {
        found.iter().for_each(|entry| print(&entry.line(now)));
    }
    Ok(Exit::Done)
}

/// The open runs, the oldest first, runs below others included; with `all` those that have ended too.
fn runs(journal: &Journal, all: bool) -> Result<Vec<Run>, CommandError> {
    let headers = journal.storage().headers()?.into_iter().rev();
    let wanted = headers.filter(|header| all || header.outcome.is_none());
    Ok(wanted.map(|header| journal.load(&header.run)).collect::<Result<_, _>>()?)
}

/// The question that is meant by the beginning of its id.
fn named<'a, 'r>(found: &'a [Entry<'r>], id: &str) -> Result<Option<&'a Entry<'r>>, CommandError> {
    let fit: Vec<&Entry<'_>> = found.iter().filter(|entry| entry.id().starts_with(&id.to_ascii_lowercase())).collect();
    match fit.as_slice() {
        [] => Ok(None),
        [only] => Ok(found.iter().find(|entry| entry.id() == only.id())),
        several => Err(ambiguous(several)),
    }
}

fn ambiguous(several: &[&Entry<'_>]) -> CommandError {
    let error = CommandError::usage("several questions wait: say which");
    several
        .iter()
        .fold(error, |error, entry| error.hint(format!("{}  {}  {}", entry.id(), entry.step.id, entry.subject())))
}

fn unknown(id: &str) -> CommandError {
    CommandError::usage(format!("there is no question `{id}`")).hint("list them with `coordinate inbox`")
}

pub(crate) fn answer(project: &Project, options: &AnswerArguments, answer: GateAnswer) -> Result<Exit, CommandError> {
    let journal = project.need_journal()?;
    // No run's id begins so.
    if let Some(id) = options.of.as_deref().filter(|id| options.step.is_none() && id.starts_with(['q', 'Q'])) {
        let runs = runs(&journal, true)?;
        let found: Vec<Entry<'_>> = runs.iter().flat_map(|run| entries(run, true)).collect();
        let entry = named(&found, id)?.ok_or_else(|| unknown(id))?;
        return give(&journal, entry, options, answer);
    }
    let (journal, id) = open(project, options.of.as_deref())?;
    let run = journal.load(&id)?;
    let found = entries(&run, false);
    let entry = match &options.step {
        Some(step) => {
            let of_step: Vec<&Entry<'_>> = found.iter().filter(|entry| entry.step.id.as_str() == step).collect();
            match of_step.as_slice() {
                // What is closed or was never there, the run itself tells.
                [] => return gate(&journal, &id, step, options, answer),
                [only] => *only,
                several => return Err(ambiguous(several)),
            }
        }
        None => match found.as_slice() {
            [only] => only,
            [] => return Err(CommandError::usage(format!("no question of `{id}` waits for an answer"))),
            several => return Err(ambiguous(&several.iter().collect::<Vec<_>>())),
        },
    };
    give(&journal, entry, options, answer)
}

fn give(
    journal: &Journal,
    entry: &Entry<'_>,
    options: &AnswerArguments,
    answer: GateAnswer,
) -> Result<Exit, CommandError> {
    let id = entry.run.id();
    let question = match entry.what {
        What::Gate(_) | What::Passed(_) => return gate(journal, id, entry.step.id.as_str(), options, answer),
        What::Permission(question) => question,
    };
    let always = options.always.then(|| entry.rule().ok_or_else(no_rule)).transpose()?;
    let input = Input::Permit {
        step: entry.step.id.clone(),
        attempt: question.attempt,
        request: question.request.id.clone(),
        answer,
        by: user(),
        comment: options.comment.clone(),
        always: always.clone(),
    };
    let exit = say(journal, id, &input, word(answer))?;
    if let Some(rule) = always {
        learned(&rule, answer, question.rule.as_deref());
    }
    Ok(exit)
}

fn gate(
    journal: &Journal,
    id: &RunId,
    step: &str,
    options: &AnswerArguments,
    answer: GateAnswer,
) -> Result<Exit, CommandError> {
    if options.always {
        return Err(CommandError::usage("`--always` is for what clients ask leave for, and this is a gate"));
    }
    let step = coordinate_model::ids::StepId::new(step);
    let input = Input::Answer { step, answer, by: user(), comment: options.comment.clone() };
    say(journal, id, &input, word(answer))
}

fn no_rule() -> CommandError {
    CommandError::usage("`--always` needs a single plain command or file, and this is more than a rule can name")
        .hint("answer it without `--always`, and write a rule into the configuration: `permissions.allow`, `permissions.deny`")
}

fn learned(rule: &Rule, answer: GateAnswer, asking: Option<&str>) {
    let list = match answer {
        GateAnswer::Approved => Verdict::Allow,
        GateAnswer::Rejected => Verdict::Deny,
    };
    print(&format!("from here on in this run: {} `{rule}`", list.name()));
    print(&format!("for every run, in `.coordinate/config.toml`: `[permissions]`, `{} = [\"{rule}\"]`", list.name()));
    if let Some(asking) = asking.filter(|_| list == Verdict::Allow) {
        print(&format!("there `{asking}` asks first: take it out of `ask`, or make it narrower"));
    }
}
