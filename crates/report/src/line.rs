//! Plain progress lines: what an event means for a person, in one line.

use crate::budget;
use crate::limits;
use crate::text::moment;
use coordinate_model::definition::{Action, Scope, StepKind, Writes};
use coordinate_model::event::{AttemptEnding, Event, GateAnswer, Observation, Outcome, Verdict};
use coordinate_model::failure::Failure;
use coordinate_model::ids::StepId;
use coordinate_model::permission::short_id;
use coordinate_model::plan::{Graph, Plan};
use coordinate_model::replan::Evaluation;
use coordinate_model::run::{DeliveryResult, Run, Step};
use coordinate_model::said::{Said, Saying};

/// `PROGRESS: [state] - text` for events that a person wants to know of.
#[must_use]
pub fn progress(run: &Run, event: &Event) -> Option<String> {
    text(run, event).map(|text| format!("PROGRESS: [{}] - {text}", run.state))
}

/// The text of a progress line.
#[must_use]
pub fn text(run: &Run, event: &Event) -> Option<String> {
    let name = |id: &StepId| run.step(id).map_or_else(|| id.to_string(), |step| name(run, step));
    let kind = |id: &StepId| run.step(id).map(|step| step.kind);
    match event {
        Event::RunCreated(created) => Some(format!("run {} began: {}", created.run, first_line(&created.request))),
        Event::TransitionCompleted { from, to, .. } => Some(format!("{from} → {to}")),
        Event::AttemptStarted { step, attempt, .. } => {
            let tried = run.step(step).and_then(|step| step.attempts.iter().find(|one| one.number == *attempt));
            let how = tried.map(limits::began).unwrap_or_default();
            Some(match (attempt, tried.is_some_and(|tried| tried.resumes.is_some())) {
                (1, _) => format!("{} began{how}", name(step)),
                (_, true) => format!("{} goes on{how} (attempt {attempt})", name(step)),
                (_, false) => format!("{} is tried again{how} (attempt {attempt})", name(step)),
            })
        }
        Event::AttemptLeased { step, .. } if kind(step) == Some(StepKind::SubRun) => {
            Some(format!("{} is led by {}", name(step), run.id().below(step)))
        }
        Event::StepSucceeded { step, artifacts, .. } if kind(step) == Some(StepKind::SubRun) => {
            Some(format!("✓ {}: {} reports", name(step), artifacts.len()))
        }
        Event::AgentObserved { step, observations, .. } => {
            let told = observations.iter().filter_map(told).next_back()?;
            Some(format!("{}: {told}", name(step)))
        }
        Event::MessageAdded { step, said, .. } => Some(format!("{} is told: {}", name(step), said_words(said))),
        Event::StopRequested { step, .. } => Some(format!("{} is being stopped", name(step))),
        Event::AttemptLeased { step, rides: Some(leader), .. } => {
            Some(format!("{} is merged together with {}", name(step), name(leader)))
        }
        Event::AttemptEnded { step, ending: AttemptEnding::Stopped, .. } if kind(step) == Some(StepKind::Merge) => {
            Some(format!("{} waits for its merge again", name(step)))
        }
        Event::AttemptEnded { step, ending: AttemptEnding::Stopped, .. } => Some(format!("{} was stopped", name(step))),
        Event::AttemptEnded { step, ending: AttemptEnding::Lost, .. } => {
            Some(format!("{} lost its process", name(step)))
        }
        Event::OverlapSeen { earlier, later, paths, pauses } => {
            let paths: Vec<String> = paths.iter().map(|path| format!("`{path}`")).collect();
            let what = if *pauses { "makes way" } else { "goes on" };
            Some(format!("{} and {} change {}; the later one {what}", name(earlier), name(later), paths.join(", ")))
        }
        Event::PhaseJudged { step, judgement, .. } => {
            let met = judgement.findings.iter().filter(|finding| finding.verdict == "met").count();
            let mark = if judgement.passed { "✓" } else { "✗" };
            let (by, all) = (&judgement.by, judgement.findings.len());
            Some(format!("{mark} {}: `{by}` finds {met} of {all} met on {}", name(step), judgement.tree.short()))
        }
        Event::VerdictRecorded { verdict: Verdict { before: Some(before), command, .. }, .. } => {
            Some(format!("`{command}` passes, as judged before ({}, {})", before.run, moment(before.at)))
        }
        Event::VerdictRecorded { verdict, of, .. } => {
            let result = if verdict.passed { "passes" } else { "fails" };
            let with = of.iter().filter_map(|step| run.step(step)?.phase).map(|phase| phase.to_string());
            let with: Vec<String> = with.collect();
            let with = if with.len() < 2 { String::new() } else { format!(" with phases {}", with.join(", ")) };
            Some(format!("`{}` {result}{with} ({})", verdict.command, crate::text::span(verdict.duration_ms)))
        }
        Event::StepSucceeded { step, artifacts, .. } if !artifacts.is_empty() => {
            artifacts.first().map(|artifact| format!("✓ {}: {}", name(step), artifact.path))
        }
        Event::StepSucceeded { step, .. } if kind(step) == Some(StepKind::Agent) => {
            Some(format!("✓ {} is done and verified", name(step)))
        }
        Event::PlanAdopted { plan, .. } => Some(shape(plan)),
        Event::StepFailed { step, failure, .. } => Some(format!("✗ {}: {}", name(step), failure.message)),
        Event::RetryScheduled { step, failure, .. } => {
            Some(format!("{} will be tried again: {}", name(step), failure.message))
        }
        Event::LimitMet { step, attempt, agent, limit, until, .. } => {
            Some(limits::met(run, (step, *attempt), agent, limit, *until))
        }
        Event::LimitEnded { agent } => Some(format!("the limit of use of `{agent}` is over")),
        Event::BaseMoved { commit, .. } => {
            Some(format!("your branch has moved to {}; its commits are taken in first", commit.short()))
        }
        Event::BaseRepairAdded { round, .. } => Some(format!("what your branch has got goes to repair, round {round}")),
        Event::RepairAdded { phase, round, .. } => Some(format!("phase {phase} goes to repair, round {round}")),
        Event::ReplanEvaluated { evaluations } => fired(evaluations),
        Event::ReplanAdded { phase, kind, trigger, reason, .. } => Some(format!(
            "the plan is to change for phase {phase} ({kind}; {}): {}",
            trigger.name(),
            first_line(reason)
        )),
        Event::ReplanProposed { .. } => None,
        Event::ReplanDropped { phase, reason, .. } => {
            Some(format!("the plan is not changed for phase {phase}: {reason}"))
        }
        Event::Replanned { phase, .. } => {
            Some(format!("✓ the plan was changed for phase {phase}; {}", run.plan().map(shape)?))
        }
        Event::Merged { step, commit, .. }
            if run.step(step).and_then(|step| run.action(step)) == Some(Action::Link) =>
        {
            Some(format!("✓ the plan and the reports lead to the summary ({})", commit.short()))
        }
        Event::Merged { step, commit, .. } => Some(format!("✓ {} is merged ({})", name(step), commit.short())),
        Event::Delivered { .. } => Some("✓ your branch has the result".to_owned()),
        Event::DeliveryDeferred { reason, command, .. } => {
            Some(format!("your branch was left as it is ({reason}); take the result with `{command}`"))
        }
        Event::PullRequestOpened { request, .. } => Some(format!("✓ pull request {}", request.url)),
        Event::GateOpened { step, question, .. } => Some(format!("question `{step}`: {question}")),
        Event::GateAnswered { step, answer, by, .. } => {
            let word = match answer {
                GateAnswer::Approved => "approved",
                GateAnswer::Rejected => "rejected",
            };
            Some(format!("`{step}` was {word} by {by}"))
        }
        Event::PermissionOpened { step, attempt, request, .. } => {
            let asked = run.step(step)?.questions.iter().rev();
            let mut asked = asked.filter(|question| question.attempt == *attempt && question.request.id == *request);
            let id = short_id(run.id(), step, Some((*attempt, request)));
            Some(format!("question `{id}`: {} asks leave for {}", name(step), asked.next()?.request.words()))
        }
        Event::RuleAdded { verdict, rule, by } => Some(format!("from here on: {} `{rule}` ({by})", verdict.name())),
        Event::BudgetWarned { limit, spent, most } => Some(budget::warned(limit, *spent, *most)),
        Event::BudgetReached { limit, spent, most } => Some(budget::reached(run, limit, *spent, *most)),
        Event::BudgetChanged { budgets, by } => Some(budget::changed(budgets, by)),
        Event::PauseRequested { by } => Some(format!("paused by {by}")),
        Event::Resumed { by } => Some(format!("resumed by {by}")),
        Event::StepRetried { step, by } => Some(format!("{} is tried again at once, says {by}", name(step))),
        Event::StepSkipped { step, by, reason } => {
            let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
            Some(format!("{} is left out by {by}{why}", name(step)))
        }
        Event::CancelRequested { by, .. } => Some(format!("cancelled by {by}")),
        Event::RunClosing { outcome, message } => Some(format!("{}: {message}", outcome.name())),
        Event::DriverTook { .. }
        | Event::TransitionIntended { .. }
        | Event::AttemptLeased { .. }
        | Event::MessageTold { .. }
        | Event::AttemptEnded { .. }
        | Event::StepSucceeded { .. }
        | Event::SpentElsewhere { .. }
        | Event::RetryDue { .. }
        | Event::MergeIntended { .. }
        | Event::DeliveryIntended { .. }
        | Event::RunEnded { .. } => None,
    }
}

/// What was looked at and calls for a change. What does not is in the journal and the log.
fn fired(evaluations: &[Evaluation]) -> Option<String> {
    let fired: Vec<String> = evaluations.iter().filter(|evaluation| evaluation.fired).map(Evaluation::words).collect();
    (!fired.is_empty()).then(|| fired.join("; "))
}

/// What was said to an agent, in a few words.
fn said_words(said: &Said) -> String {
    match &said.what {
        Saying::Steer { text } => format!("{} ({})", first_line(text), said.by),
        Saying::Permission { allowed: true, .. } => format!("it may ({})", said.by),
        Saying::Permission { allowed: false, comment, .. } if comment.is_empty() => format!("it may not ({})", said.by),
        Saying::Permission { allowed: false, comment, .. } => {
            format!("it may not ({}: {})", said.by, first_line(comment))
        }
    }
}

fn told(observation: &Observation) -> Option<String> {
    match observation {
        Observation::ToolStarted { tool, detail, .. } => Some(format!("{tool}: {detail}")),
        Observation::Message { text } => Some(first_line(text)),
        Observation::Claim { line } => Some(line.clone()),
        Observation::LimitReached { limit } => {
            let window = if limit.window.is_empty() { String::new() } else { format!(" ({})", limit.window) };
            let until = limit.until.map_or_else(String::new, |until| format!(", until {}", moment(until)));
            Some(format!("a limit of use is reached{window}{until}"))
        }
        Observation::Denied { tool } => Some(format!("it was denied: {tool}")),
        Observation::PermissionAsked { request } => Some(format!("it asks leave for {}", request.words())),
        Observation::PermissionSettled { .. }
        | Observation::Heard { .. }
        | Observation::Session { .. }
        | Observation::ToolEnded { .. }
        | Observation::Usage { .. }
        | Observation::Model { .. }
        | Observation::Below { .. }
        | Observation::Result { .. } => None,
    }
}

/// A step as people know it: `phase 3 - name`, `the tests`, `debugging`.
#[must_use]
pub fn name(run: &Run, step: &Step) -> String {
    if let Some(number) = step.phase {
        let phase = run.plan().into_iter().flat_map(|plan| &plan.phases).find(|phase| phase.number == number);
        let name = phase.map_or_else(|| format!("phase {number}"), |phase| format!("phase {number} - {}", phase.name));
        return match (step.replan, step.repair) {
            (Some(round), _) => format!("the plan for {name} (change {round})"),
            (None, Some(round)) => format!("{name} (repair {round})"),
            (None, None) => name,
        };
    }
    if step.base.is_some() {
        let round = step.repair.map_or_else(String::new, |round| format!(" (repair {round})"));
        return format!("your branch's new commits{round}");
    }
    if let Some(group) = run.group(step) {
        return format!("debugging of {}", group.name);
    }
    if let Some(topic) = run.topic(step) {
        return format!("research on {}", topic.name);
    }
    let led: Vec<&str> = run.topics_of(step).map(|topic| topic.name.as_str()).collect();
    if !led.is_empty() {
        return format!("research on {}", led.join(", "));
    }
    match run.writes(step) {
        Some(Writes::Plan) => return "the plan".to_owned(),
        Some(Writes::Revision) => return "the plan's revision".to_owned(),
        Some(Writes::Overview) => return "the overview".to_owned(),
        Some(Writes::Debug) => return "the debug report".to_owned(),
        Some(Writes::Report | Writes::Replan | Writes::Output | Writes::Verdict) | None => {}
    }
    match run.action(step) {
        Some(Action::Summary) => "summary".to_owned(),
        Some(Action::Deliver) => "delivery".to_owned(),
        Some(Action::Link) => "the way to the summary".to_owned(),
        Some(Action::PullRequest) => "pull request".to_owned(),
        Some(Action::Replan) | None => step.id.to_string(),
    }
}

/// What a plan looks like, before anything of it begins.
fn shape(plan: &Plan) -> String {
    let phases = plan.phases.len();
    let Ok(graph) = Graph::new(plan) else { return format!("the plan has {phases} phases") };
    let path: Vec<String> = graph.critical_path().iter().map(ToString::to_string).collect();
    let (waves, path, saving) = (graph.waves().len(), path.join(" → "), graph.expected_saving());
    let waves = if waves == 1 { "1 wave".to_owned() } else { format!("{waves} waves") };
    format!("the plan has {phases} phases in {waves}; critical path {path}; expected saving {saving} %")
}

/// The five parts of a failure's message, over several lines.
#[must_use]
pub fn failure(run: &Run, step: &Step, failure: &Failure) -> String {
    let mut lines = vec![format!("{} failed in state `{}`: {}", name(run, step), step.of_state, failure.message)];
    if !failure.expected.is_empty() {
        lines.push(format!("  expected: {}", failure.expected));
        lines.push(format!("  found:    {}", failure.found));
    }
    lines.push(format!("  class:    {} ({})", failure.class, failure.kind));
    lines.extend(failure.context.iter().map(|line| format!("  | {line}")));
    lines.extend(failure.remedy.iter().map(|line| format!("  next: {line}")));
    lines.join("\n")
}

/// What became of the user's branch, as one sentence.
#[must_use]
pub fn delivery(run: &Run) -> Option<String> {
    let branch = run.created.base.branch.as_deref().unwrap_or("HEAD");
    let short = branch.strip_prefix("refs/heads/").unwrap_or(branch);
    match run.delivery.as_ref()? {
        DeliveryResult::Delivered => Some(format!("`{short}` has the result")),
        DeliveryResult::Deferred { reason, command } => {
            Some(format!("`{short}` was left as it is ({reason}); take the result with `{command}`"))
        }
    }
}

/// The command that goes on from where a run of its scope ended well.
#[must_use]
pub fn next(run: &Run) -> Option<String> {
    if run.outcome != Some(Outcome::Succeeded) {
        return None;
    }
    let plan = run.created.paths.plan.as_ref();
    match run.scope() {
        Scope::ResearchOnly => {
            Some(format!("coordinate run \"plan it, from the reports in {}/reports\"", run.created.paths.topic))
        }
        Scope::ResearchAndPlan | Scope::ResearchAndRevise => plan.map(|plan| format!("coordinate run {plan}")),
        Scope::DebugOnly if !run.created.fix => {
            run.created.paths.debug.as_ref().map(|debug| format!("coordinate run \"fix what {debug} describes\""))
        }
        Scope::DebugOnly | Scope::FullImplementation => None,
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(160).collect()
}
