//! What makes a role useless or wrong: found in its text, each with its line.

use super::phrase::{no_order, relative_path, slash_command, unresolved};
use super::schema::is_schema;
use super::{Completion, Finding, Placeholder, Role, RoleContract, parse, schemas};
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use std::ops::Range;

/// Everything that is wrong with a role file, in the order of its lines.
#[must_use]
pub fn check(file: &str, text: &str) -> Vec<Finding> {
    let parsed = parse(file, text);
    let mut findings = parsed.findings;
    findings.extend(contract(file, &parsed.role));
    let body = text.lines().skip(parsed.text_line.saturating_sub(1) as usize).collect::<Vec<_>>().join("\n");
    let mut found = Outline::of(&body).problems();
    found.extend(schema(parsed.role.contract, &body));
    findings
        .extend(found.into_iter().map(|(line, message)| Finding::error(file, line + parsed.text_line - 1, message)));
    findings.sort_by(|one, other| (one.line, &one.message).cmp(&(other.line, &other.message)));
    findings.dedup();
    findings
}

fn contract(file: &str, role: &Role) -> Option<Finding> {
    let Some(contract) = role.contract else {
        let known: Vec<&str> = RoleContract::ALL.iter().map(|contract| contract.name()).collect();
        let message =
            format!("the contract is missing: say what it leaves with `contract:`, one of {}", known.join(", "));
        return Some(Finding::error(file, 1, message));
    };
    let wanted = lines_of(contract);
    let named: Vec<Completion> =
        Completion::ALL.into_iter().filter(|line| names_line(&role.text, line.name()) && is_of_file(*line)).collect();
    let fits = named.is_empty() || wanted.is_empty() || named.iter().any(|line| wanted.contains(line));
    (!fits).then(|| {
        let named: Vec<String> = named.iter().map(|line| format!("`{}`", line.name())).collect();
        let message = format!(
            "the contract is `{}`, and the text ends with {}: `{}` belongs to it",
            contract.name(),
            named.join(", "),
            wanted.first().map_or("", |line| line.name()),
        );
        Finding::error(file, 1, message)
    })
}

/// A schema is for what a role writes as a file of its own form, and there is one.
fn schema(contract: Option<RoleContract>, text: &str) -> Vec<(u32, String)> {
    let schemas = schemas(text);
    let misplaced = contract.is_some_and(|contract| contract != RoleContract::Output);
    let first = schemas.first().filter(|_| misplaced);
    let first = first.map(|first| (first.line, "a schema is for the contract `output`: other files have sections"));
    let more = schemas.iter().skip(1).map(|more| (more.line, "this is a second schema, and a role has one"));
    first.into_iter().chain(more).map(|(line, message)| (line, message.to_owned())).collect()
}

/// Whether a text names a completion line, and not a longer one that ends like it.
fn names_line(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        !before.is_some_and(|c| c.is_ascii_uppercase() || c == '_')
    })
}

fn is_of_file(line: Completion) -> bool {
    match line {
        Completion::Report
        | Completion::Overview
        | Completion::Plan
        | Completion::Revision
        | Completion::DebugReport
        | Completion::Summary
        | Completion::Output => true,
        Completion::Supervisor
        | Completion::Phase
        | Completion::TestsPassed
        | Completion::TestsFailed
        | Completion::PullRequest
        | Completion::ScopeDrift => false,
    }
}

/// The lines that an artifact of this contract ends with.
fn lines_of(contract: RoleContract) -> &'static [Completion] {
    match contract {
        RoleContract::Report => &[Completion::Report],
        RoleContract::Overview => &[Completion::Overview],
        RoleContract::Plan => &[Completion::Plan, Completion::Revision],
        RoleContract::Debug => &[Completion::DebugReport],
        RoleContract::Summary => &[Completion::Summary],
        RoleContract::Output => &[Completion::Output],
        RoleContract::Changes | RoleContract::None => &[],
    }
}

/// A role's text, as far as it is checked.
struct Outline<'a> {
    text: &'a str,
    /// Fenced blocks.
    fences: Vec<Range<usize>>,
    /// Items that say what to do: numbered, or with a check mark.
    tasks: Vec<Range<usize>>,
    /// Where a heading, or the end of the text, ends a part.
    parts: Vec<usize>,
    /// Where something begins that says more than that an example follows.
    says: Vec<usize>,
}

impl<'a> Outline<'a> {
    fn of(text: &'a str) -> Self {
        let mut outline = Self { text, fences: vec![], tasks: vec![], parts: vec![], says: vec![] };
        let mut numbered = Vec::new();
        for (event, range) in Parser::new_ext(text, Options::ENABLE_TASKLISTS).into_offset_iter() {
            match event {
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                    // A schema is part of what is asked for, no example of it.
                    outline.says.extend(is_schema(&info).then_some(range.start));
                    outline.fences.push(range);
                }
                Event::Start(Tag::Heading { .. }) => outline.parts.push(range.start),
                Event::Start(Tag::List(first)) => numbered.push(first.is_some()),
                Event::End(TagEnd::List(_)) => drop(numbered.pop()),
                Event::Start(Tag::Item) => {
                    outline.says.push(range.start);
                    outline.tasks.extend((numbered.last() == Some(&true)).then_some(range));
                }
                Event::TaskListMarker(_) => outline.tasks.push(range.end..range.end),
                Event::Start(Tag::Paragraph) => {
                    let says = !only_introduces(text.get(range.clone()).unwrap_or_default());
                    outline.says.extend(says.then_some(range.start));
                }
                _ => {} // tidy: open set
            }
        }
        outline.parts.push(text.len());
        outline
    }

    fn line_of(&self, at: usize) -> u32 {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        u32::try_from(before.iter().filter(|byte| **byte == b'\n').count() + 1).unwrap_or(u32::MAX)
    }

    fn problems(&self) -> Vec<(u32, String)> {
        let mut problems = self.lines();
        problems.extend(self.tasks.iter().filter_map(|task| self.task(task)));
        problems.extend(self.examples());
        problems
    }

    /// What is wrong with single lines. Code is no instruction.
    fn lines(&self) -> Vec<(u32, String)> {
        let known: Vec<&str> = Placeholder::ALL.iter().map(|placeholder| placeholder.name()).collect();
        let (mut at, mut problems) = (0, Vec::new());
        for (number, line) in (1..).zip(self.text.split_inclusive('\n')) {
            let in_code = self.fences.iter().any(|fence| fence.contains(&at));
            at += line.len();
            if let Some(left) = unresolved(line, &known) {
                problems.push((
                    number,
                    format!("`{left}` is a placeholder that nothing replaces; known: {}", known.join(", ")),
                ));
            }
            if in_code {
                continue;
            }
            if let Some(path) = relative_path(line) {
                problems.push((number, format!(
                    "`{path}` is a relative path, and agents do not work where you think: write `{{{{project}}}}/…` or `{{{{topic}}}}/…`"
                )));
            }
            if let Some(command) = slash_command(line) {
                problems.push((
                    number,
                    format!("`{command}` is a command of one client, which no other knows: say what is to be done"),
                ));
            }
        }
        problems
    }

    fn task(&self, task: &Range<usize>) -> Option<(u32, String)> {
        let rest = self.text.get(task.start..).unwrap_or_default();
        let line = rest.lines().next().unwrap_or_default();
        let bare = line.trim_start().trim_start_matches(|c: char| c.is_ascii_digit() || ".)-*+[]xX ".contains(c));
        let why = no_order(bare)?;
        let shown: String = bare.chars().take(40).collect();
        Some((self.line_of(task.start), format!("“{shown}” is no order ({why}): begin with a verb, as in “Read …”")))
    }

    /// Parts in which a fenced block stands and nothing that says what to do: an agent takes such a block for the task.
    fn examples(&self) -> Vec<(u32, String)> {
        let mut problems = Vec::new();
        let mut start = 0;
        for &end in &self.parts {
            let part = start..end;
            let says = self.says.iter().any(|at| part.contains(at));
            if let Some(fence) = self.fences.iter().find(|fence| part.contains(&fence.start)).filter(|_| !says) {
                let message =
                    "a fenced example stands in place of instructions: say in words what is to be done".to_owned();
                problems.push((self.line_of(fence.start), message));
            }
            start = end;
        }
        problems
    }
}

/// A paragraph that only says that an example follows.
fn only_introduces(text: &str) -> bool {
    let lower = text.trim().to_lowercase();
    let example = ["example", "e.g.", "for instance", "such as", "like this", "as follows"];
    (lower.ends_with(':') || example.iter().any(|word| lower.starts_with(word))) && lower.lines().count() == 1
}
