//! The questions that wait for people: gates, and what clients ask leave for, with what one must know to answer.

use crate::line::name;
use crate::text::{moment, span};
use coordinate_model::event::GateAnswer;
use coordinate_model::permission::{Question, Rule, answer_of, short_id};
use coordinate_model::run::{Answered, Run, Step, Waiting};
use coordinate_model::time::UtcMillis;
use serde_json::{Value, json};

/// One question.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Its run.
    pub run: &'a Run,
    /// Its step.
    pub step: &'a Step,
    /// What it is.
    pub what: What<'a>,
}

/// The kinds of questions.
#[derive(Debug, Clone, Copy)]
pub enum What<'a> {
    /// A gate of the workflow that waits.
    Gate(&'a Waiting),
    /// A gate that was answered.
    Passed(&'a Answered),
    /// What a client asks leave for.
    Permission(&'a Question),
}

/// The open questions of a run; with `all` also those that were answered or closed.
#[must_use]
pub fn entries(run: &Run, all: bool) -> Vec<Entry<'_>> {
    let open = run.outcome.is_none() && run.closing.is_none();
    let gates = run.waiting().filter(|_| open).filter_map(|step| match &step.waiting {
        Some(waiting @ Waiting::Answer { .. }) => Some(Entry { run, step, what: What::Gate(waiting) }),
        Some(Waiting::Until { .. }) | None => None,
    });
    let passed = run
        .answers
        .iter()
        .filter(|_| all)
        .filter_map(|(step, answered)| Some(Entry { run, step: run.step(step)?, what: What::Passed(answered) }));
    let asked = run.steps.iter().flat_map(|step| step.questions.iter().map(move |question| (step, question)));
    let asked = asked.map(|(step, question)| Entry { run, step, what: What::Permission(question) });
    gates.chain(asked.filter(|entry| all || entry.is_open())).chain(passed).collect()
}

impl Entry<'_> {
    /// Its short name.
    #[must_use]
    pub fn id(&self) -> String {
        let request = match self.what {
            What::Gate(_) | What::Passed(_) => None,
            What::Permission(question) => Some((question.attempt, question.request.id.as_str())),
        };
        short_id(self.run.id(), &self.step.id, request)
    }

    /// Whether an answer is wanted.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let goes_on = self.run.outcome.is_none() && self.run.closing.is_none();
        goes_on
            && match self.what {
                What::Gate(_) => true,
                What::Passed(_) => false,
                What::Permission(question) => question.is_open() && !self.step.state.is_over(),
            }
    }

    fn times(&self) -> (Option<UtcMillis>, Option<UtcMillis>) {
        match self.what {
            What::Gate(Waiting::Answer { opened, closes, .. }) => (Some(*opened), *closes),
            What::Gate(Waiting::Until { .. }) | What::Passed(_) => (None, None),
            What::Permission(question) => (Some(question.opened), question.closes),
        }
    }

    /// What is asked, in one line.
    #[must_use]
    pub fn subject(&self) -> String {
        match self.what {
            What::Gate(Waiting::Answer { question, .. }) => question.clone(),
            What::Gate(Waiting::Until { .. }) => String::new(),
            What::Passed(_) => {
                let question = self.run.template(self.step).and_then(|template| template.question.clone());
                question.unwrap_or_else(|| "go on?".to_owned())
            }
            What::Permission(question) => question.request.words(),
        }
    }

    /// How it stands, in a few words.
    fn state(&self, now: UtcMillis) -> String {
        if let Some((answer, by, comment)) = self.answer() {
            let word = word(answer);
            let comment = if comment.is_empty() { String::new() } else { format!(": {comment}") };
            return format!("{word} by {by}{comment}");
        }
        if !self.is_open() {
            return "nobody waits for it any more".to_owned();
        }
        let (opened, closes) = self.times();
        let since = opened.map_or_else(String::new, |opened| format!("open for {}", span(now.since(opened))));
        match closes {
            Some(closes) if closes <= now => format!("{since}, closed unanswered"),
            Some(closes) => format!("{since}, closes in {}", span(closes.since(now))),
            None => since,
        }
    }

    fn answer(&self) -> Option<(GateAnswer, &str, &str)> {
        match self.what {
            What::Gate(_) => None,
            What::Passed(answered) => Some((answered.answer, &answered.by, &answered.comment)),
            What::Permission(question) => {
                let known = question.answer.as_ref()?;
                Some((answer_of(known.allowed), &known.by, &known.comment))
            }
        }
    }

    /// One line of the list.
    #[must_use]
    pub fn line(&self, now: UtcMillis) -> String {
        let who = match self.what {
            What::Gate(_) | What::Passed(_) => "gate".to_owned(),
            What::Permission(_) => self.run.role(self.step).to_owned(),
        };
        format!("{}  {}  {} ({who})  {}  {}", self.id(), self.run.id(), self.step.id, self.subject(), self.state(now))
    }

    /// All that one must know to answer.
    #[must_use]
    pub fn text(&self, now: UtcMillis) -> Vec<String> {
        let mut lines = vec![
            format!("question  {}: {}", self.id(), self.subject()),
            format!("run       {}  {}", self.run.id(), self.run.created.request.lines().next().unwrap_or_default()),
            format!("step      {} ({})", self.step.id, name(self.run, self.step)),
            format!("state     {}", self.state(now)),
        ];
        match self.what {
            What::Gate(_) | What::Passed(_) => lines.extend(evidence(self.run)),
            What::Permission(question) => lines.extend(self.asked(question)),
        }
        if self.is_open() {
            lines.push(format!("answer    `coordinate approve {0}` or `coordinate reject {0}`", self.id()));
        }
        lines
    }

    fn asked(&self, question: &Question) -> Vec<String> {
        let request = &question.request;
        let mut lines = vec![
            format!("role      {}, attempt {}", self.run.role(self.step), question.attempt),
            format!(
                "why       {}",
                question
                    .rule
                    .as_ref()
                    .map_or_else(|| "no rule speaks of it".to_owned(), |rule| format!("the rule `{rule}`"),)
            ),
            format!("tool      {}", request.tool),
        ];
        lines.extend(request.paths().map(|path| format!("file      {path}")));
        lines.extend(request.command.iter().flat_map(|command| block("command", command)));
        if !request.input.is_empty() && request.command.is_none() {
            lines.extend(block("input", &request.input));
        }
        lines.extend(request.diff.iter().flat_map(|diff| block("diff", diff)));
        if let Some(rule) = self.rule() {
            lines.push(format!("always    `--always` adds the rule `{rule}`"));
        }
        lines
    }

    /// The rule by which the like of it would be answered.
    #[must_use]
    pub fn rule(&self) -> Option<Rule> {
        match self.what {
            What::Gate(_) | What::Passed(_) => None,
            What::Permission(question) => Rule::of(&question.request, self.run.ground(self.step)),
        }
    }

    /// The question as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let (opened, closes) = self.times();
        let (kind, request, rule) = match self.what {
            What::Gate(_) | What::Passed(_) => ("gate", None, None),
            What::Permission(question) => ("permission", Some(&question.request), question.rule.as_ref()),
        };
        json!({
            "id": self.id(),
            "kind": kind,
            "run": self.run.id(),
            "step": self.step.id,
            "role": request.map(|_| self.run.role(self.step)),
            "subject": self.subject(),
            "open": self.is_open(),
            "opened": opened.map(moment),
            "closes": closes.map(moment),
            "rule": rule,
            "request": request,
            "answer": self.answer().map(|(answer, by, comment)| json!({"answer": answer, "by": by, "comment": comment})),
        })
    }
}

/// An answer as a word.
#[must_use]
pub fn word(answer: GateAnswer) -> &'static str {
    match answer {
        GateAnswer::Approved => "approved",
        GateAnswer::Rejected => "rejected",
    }
}

fn block(title: &str, text: &str) -> Vec<String> {
    let title = std::iter::once(title).chain(std::iter::repeat(""));
    title.zip(text.lines()).map(|(title, line)| format!("{title:<9} {line}").trim_end().to_owned()).collect()
}

/// What the run has left and found so far.
fn evidence(run: &Run) -> Vec<String> {
    let artifacts = run.artifacts.iter().map(|artifact| format!("artifact  {} ({})", artifact.path, artifact.kind));
    let verdicts = run.verdicts.iter().rev().take(5).map(|verdict| {
        let result = if verdict.passed { "passes" } else { "fails" };
        format!("check     `{}` {result} on {}", verdict.command, verdict.tree.short())
    });
    let changes = run.created.base.commit.as_ref().zip(run.integration.as_ref());
    let changes = changes
        .filter(|(base, newest)| base != newest)
        .map(|(base, newest)| format!("changes   `git diff --stat {} {}`", base.short(), newest.short()));
    let warnings = run.warnings.iter().map(|warning| format!("warning   {warning}"));
    artifacts.chain(verdicts).chain(changes).chain(warnings).collect()
}
