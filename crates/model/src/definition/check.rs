//! Validation of a definition when it is loaded.

use super::{Action, Definition, FORMAT, ForEach, Problem, StateName, StepKind, StepTemplate, Writes};
use std::collections::BTreeSet;

impl Definition {
    /// Finds every problem of a definition.
    ///
    /// # Errors
    /// The list, if there is any.
    pub(super) fn check(&self) -> Result<(), Vec<Problem>> {
        let mut problems = Vec::new();
        if self.format != FORMAT {
            let message = format!("format {} is not known, this program reads format {FORMAT}", self.format);
            problems.push(Problem::at(["format"], message));
        }
        self.check_names(&mut problems);
        self.check_reachable(&mut problems);
        self.check_ends(&mut problems);
        self.check_scopes(&mut problems);
        self.check_steps(&mut problems);
        if self.policy.max_parallel == 0 {
            problems.push(Problem::at(["policy", "max_parallel"], "policy.max_parallel must be at least 1"));
        }
        if problems.is_empty() {
            return Ok(());
        }
        Err(problems)
    }

    fn check_names(&self, problems: &mut Vec<Problem>) {
        self.check_name(["initial"], &self.initial, problems);
        self.check_name(["complete"], &self.complete, problems);
        for (scope, path) in &self.scope {
            self.check_name(["scope", scope.name(), "first"], &path.first, problems);
            self.check_name(["scope", scope.name(), "last"], &path.last, problems);
            if let Some(first) = &path.first_with_plan {
                self.check_name(["scope", scope.name(), "first_with_plan"], first, problems);
            }
        }
        for (name, state) in &self.state {
            for to in &state.to {
                self.check_name(["state", name.as_str(), "to"], to, problems);
            }
            for (key, target) in [("on_success", &state.on_success), ("on_failure", &state.on_failure)] {
                let Some(target) = target else { continue };
                let place = ["state", name.as_str(), key];
                self.check_name(place, target, problems);
                if !state.to.contains(target) {
                    let message = format!("{} is `{target}`, which is not in state.{name}.to", place.join("."));
                    problems.push(Problem::at(place, message));
                }
            }
        }
    }

    fn check_name<const N: usize>(&self, place: [&str; N], state: &StateName, problems: &mut Vec<Problem>) {
        if !self.state.contains_key(state) {
            let message = format!("{} names the unknown state `{state}`", place.join("."));
            problems.push(Problem::at(place, message));
        }
    }

    fn check_reachable(&self, problems: &mut Vec<Problem>) {
        let reached = self
            .closure(&self.initial, |name| self.state(name).map(|state| state.to.iter().collect()).unwrap_or_default());
        for name in self.state.keys().filter(|name| !reached.contains(*name)) {
            let message = format!("state `{name}` can not be reached from `{}`", self.initial);
            problems.push(Problem::at(["state", name.as_str()], message));
        }
    }

    fn check_ends(&self, problems: &mut Vec<Problem>) {
        let ending = self.closure(&self.complete, |name| {
            self.state.iter().filter(|(_, state)| state.to.contains(name)).map(|(from, _)| from).collect()
        });
        for name in self.state.keys().filter(|name| !ending.contains(*name)) {
            let message = format!("from state `{name}` there is no way to `{}`", self.complete);
            problems.push(Problem::at(["state", name.as_str()], message));
        }
        if self.state(&self.complete).is_some_and(|state| !state.to.is_empty() || !state.steps.is_empty()) {
            let message = format!("the complete state `{}` must have no steps and no `to`", self.complete);
            problems.push(Problem::at(["state", self.complete.as_str()], message));
        }
    }

    fn closure<'a>(
        &'a self,
        start: &'a StateName,
        next: impl Fn(&StateName) -> Vec<&'a StateName>,
    ) -> BTreeSet<&'a StateName> {
        let mut seen = BTreeSet::new();
        let mut open = vec![start];
        while let Some(name) = open.pop() {
            if seen.insert(name) {
                open.extend(next(name));
            }
        }
        seen
    }

    /// A scope's way of good ends must reach the complete state by transitions that exist.
    fn check_scopes(&self, problems: &mut Vec<Problem>) {
        for scope in self.scope.keys() {
            for has_plan in [false, true] {
                if let Err(message) = self.walk(*scope, has_plan) {
                    problems.push(Problem::at(["scope", scope.name()], message));
                }
            }
        }
        problems.dedup();
    }

    fn walk(&self, scope: super::Scope, has_plan: bool) -> Result<(), String> {
        let mut at = &self.initial;
        for _ in 0..=self.state.len() {
            if *at == self.complete {
                return Ok(());
            }
            let next = self
                .next_state(scope, has_plan, at)
                .ok_or_else(|| format!("scope {scope}: state `{at}` needs `on_success`"))?;
            self.transition(at, next).map_err(|error| format!("scope {scope}: {error}"))?;
            at = next;
        }
        Err(format!("scope {scope} never reaches `{}`", self.complete))
    }

    fn check_steps(&self, problems: &mut Vec<Problem>) {
        for (name, state) in &self.state {
            let mut seen = BTreeSet::new();
            for step in &state.steps {
                let mut add = |message: String| {
                    let message = format!("state.{name}.step `{}`{message}", step.id);
                    problems.push(Problem::at(["state", name.as_str(), "step", step.id.as_str()], message));
                };
                if !seen.insert(step.id.as_str()) {
                    add(" is there twice".to_owned());
                }
                for need in step.needs.iter().filter(|need| !earlier(&state.steps, step, need)) {
                    add(format!(" needs `{need}`, which is no earlier step of the state"));
                }
                let alone = state.steps.iter().all(|other| other.for_each != Some(ForEach::Topics));
                if step.kind == StepKind::SubRun && alone {
                    add(" leads the steps on topics of its state, and there are none".to_owned());
                }
                check_step(step, &mut |message| add(format!(": {message}")));
            }
        }
    }
}

/// Needs point upwards in the file only: so they can not form a cycle.
fn earlier(steps: &[StepTemplate], step: &StepTemplate, need: &str) -> bool {
    steps.iter().take_while(|other| other.id != step.id).any(|other| other.id == need)
}

fn check_step(step: &StepTemplate, add: &mut dyn FnMut(String)) {
    let valid_id = !step.id.is_empty()
        && step.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !valid_id {
        add("an id is made of lower-case letters, digits and `-`".to_owned());
    }
    if step.retry.tries == 0 {
        add("retry.tries must be at least 1".to_owned());
    }
    if (step.kind == StepKind::SubRun) != (step.for_each == Some(ForEach::Tracks)) {
        add("`kind = \"sub-run\"` and `for_each = \"tracks\"` belong together".to_owned());
    }
    if step.kind != StepKind::Agent && (step.writes.is_some() || step.for_each == Some(ForEach::Topics)) {
        add("only a step of kind `agent` has `writes` or works on topics".to_owned());
    }
    if (step.writes == Some(Writes::Report)) != (step.for_each == Some(ForEach::Topics)) {
        add("`writes = \"report\"` and `for_each = \"topics\"` belong together".to_owned());
    }
    if (step.writes == Some(Writes::Replan))
        != (step.for_each == Some(ForEach::Replans) && step.kind == StepKind::Agent)
        || (step.action == Some(Action::Replan))
            != (step.for_each == Some(ForEach::Replans) && step.kind == StepKind::Merge)
    {
        add(
            "with `for_each = \"replans\"` an agent has `writes = \"replan\"` and a merge `action = \"replan\"`, and nowhere else"
                .to_owned(),
        );
    }
    if step.for_each == Some(ForEach::FailingTests) && step.writes != Some(Writes::Debug) {
        add("what works on failing tests has `writes = \"debug\"`".to_owned());
    }
    if step.writes == Some(Writes::Output) && step.for_each.is_some() {
        add("`writes = \"output\"` is for a step that is there once (no `for_each`)".to_owned());
    }
    let judges = step.writes == Some(Writes::Verdict);
    if judges && step.for_each != Some(ForEach::Phases) {
        add("`writes = \"verdict\"` judges a phase's work (`for_each = \"phases\"`)".to_owned());
    }
    if step.writes.is_some() && !judges && step.for_each == Some(ForEach::Phases) {
        add("a phase's work is merged, it can not be an artifact (`writes`)".to_owned());
    }
    if step.timeout_minutes.is_some_and(|minutes| minutes == 0 || step.kind != StepKind::Gate) {
        add("`timeout_minutes` is 1 or more, and for steps of kind `gate` alone".to_owned());
    }
    let missing = match step.kind {
        StepKind::Agent => step.role.is_none().then_some("`role`"),
        StepKind::Command => (step.run.is_empty() && step.action.is_none()).then_some("`run` or `action`"),
        StepKind::Gate => step.question.is_none().then_some("`question`"),
        StepKind::Check | StepKind::Merge | StepKind::SubRun => None,
    };
    if let Some(what) = missing {
        add(format!("a step of kind `{}` needs {what}", step.kind.name()));
    }
}
