//! Validation of a definition when it is loaded.

use super::{Action, Definition, FORMAT, ForEach, InvalidDefinition, StateName, StepKind, StepTemplate, Writes};
use std::collections::BTreeSet;

impl Definition {
    /// Finds every problem of a definition.
    ///
    /// # Errors
    /// The list, if there is any.
    pub(super) fn check(&self) -> Result<(), InvalidDefinition> {
        let mut problems = Vec::new();
        if self.format != FORMAT {
            problems.push(format!("format {} is not known, this program reads format {FORMAT}", self.format));
        }
        self.check_names(&mut problems);
        self.check_reachable(&mut problems);
        self.check_ends(&mut problems);
        self.check_scopes(&mut problems);
        self.check_steps(&mut problems);
        if self.policy.max_parallel == 0 {
            problems.push("policy.max_parallel must be at least 1".to_owned());
        }
        if problems.is_empty() {
            return Ok(());
        }
        Err(InvalidDefinition { name: self.name.clone(), problems })
    }

    fn check_names(&self, problems: &mut Vec<String>) {
        let mut named = vec![("initial".to_owned(), &self.initial), ("complete".to_owned(), &self.complete)];
        for (scope, path) in &self.scope {
            named.push((format!("scope.{scope}.first"), &path.first));
            named.push((format!("scope.{scope}.last"), &path.last));
            named.extend(path.first_with_plan.iter().map(|state| (format!("scope.{scope}.first_with_plan"), state)));
        }
        for (name, state) in &self.state {
            named.extend(state.to.iter().map(|to| (format!("state.{name}.to"), to)));
            for (key, target) in [("on_success", &state.on_success), ("on_failure", &state.on_failure)] {
                let Some(target) = target else { continue };
                named.push((format!("state.{name}.{key}"), target));
                if !state.to.contains(target) {
                    problems.push(format!("state.{name}.{key} is `{target}`, which is not in state.{name}.to"));
                }
            }
        }
        for (place, state) in named {
            if !self.state.contains_key(state) {
                problems.push(format!("{place} names the unknown state `{state}`"));
            }
        }
    }

    fn check_reachable(&self, problems: &mut Vec<String>) {
        let reached = self
            .closure(&self.initial, |name| self.state(name).map(|state| state.to.iter().collect()).unwrap_or_default());
        for name in self.state.keys().filter(|name| !reached.contains(*name)) {
            problems.push(format!("state `{name}` can not be reached from `{}`", self.initial));
        }
    }

    fn check_ends(&self, problems: &mut Vec<String>) {
        let ending = self.closure(&self.complete, |name| {
            self.state.iter().filter(|(_, state)| state.to.contains(name)).map(|(from, _)| from).collect()
        });
        for name in self.state.keys().filter(|name| !ending.contains(*name)) {
            problems.push(format!("from state `{name}` there is no way to `{}`", self.complete));
        }
        if self.state(&self.complete).is_some_and(|state| !state.to.is_empty() || !state.steps.is_empty()) {
            problems.push(format!("the complete state `{}` must have no steps and no `to`", self.complete));
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
    fn check_scopes(&self, problems: &mut Vec<String>) {
        for scope in self.scope.keys() {
            for has_plan in [false, true] {
                if let Err(problem) = self.walk(*scope, has_plan) {
                    problems.push(problem);
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

    fn check_steps(&self, problems: &mut Vec<String>) {
        for (name, state) in &self.state {
            let mut seen = BTreeSet::new();
            for step in &state.steps {
                let place = format!("state.{name}.step `{}`", step.id);
                if !seen.insert(step.id.as_str()) {
                    problems.push(format!("{place} is there twice"));
                }
                for need in step.needs.iter().filter(|need| !earlier(&state.steps, step, need)) {
                    problems.push(format!("{place} needs `{need}`, which is no earlier step of the state"));
                }
                check_step(&place, step, problems);
            }
        }
    }
}

/// Needs point upwards in the file only: so they can not form a cycle.
fn earlier(steps: &[StepTemplate], step: &StepTemplate, need: &str) -> bool {
    steps.iter().take_while(|other| other.id != step.id).any(|other| other.id == need)
}

fn check_step(place: &str, step: &StepTemplate, problems: &mut Vec<String>) {
    let valid_id = !step.id.is_empty()
        && step.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !valid_id {
        problems.push(format!("{place}: an id is made of lower-case letters, digits and `-`"));
    }
    if step.retry.tries == 0 {
        problems.push(format!("{place}: retry.tries must be at least 1"));
    }
    if step.kind != StepKind::Agent && (step.writes.is_some() || step.for_each == Some(ForEach::Topics)) {
        problems.push(format!("{place}: only a step of kind `agent` has `writes` or works on topics"));
    }
    if (step.writes == Some(Writes::Report)) != (step.for_each == Some(ForEach::Topics)) {
        problems.push(format!("{place}: `writes = \"report\"` and `for_each = \"topics\"` belong together"));
    }
    if (step.writes == Some(Writes::Replan))
        != (step.for_each == Some(ForEach::Replans) && step.kind == StepKind::Agent)
        || (step.action == Some(Action::Replan))
            != (step.for_each == Some(ForEach::Replans) && step.kind == StepKind::Merge)
    {
        problems.push(format!(
            "{place}: with `for_each = \"replans\"` an agent has `writes = \"replan\"` and a merge `action = \"replan\"`, and nowhere else"
        ));
    }
    if step.for_each == Some(ForEach::FailingTests) && step.writes != Some(Writes::Debug) {
        problems.push(format!("{place}: what works on failing tests has `writes = \"debug\"`"));
    }
    if step.writes.is_some() && step.for_each == Some(ForEach::Phases) {
        problems.push(format!("{place}: a phase's work is merged, it can not be an artifact (`writes`)"));
    }
    let missing = match step.kind {
        StepKind::Agent => step.role.is_none().then_some("`role`"),
        StepKind::Command => (step.run.is_empty() && step.action.is_none()).then_some("`run` or `action`"),
        StepKind::Gate => step.question.is_none().then_some("`question`"),
        StepKind::Check | StepKind::Merge => None,
        StepKind::SubRun => Some("an engine that starts sub-runs, which this release does not have"),
    };
    problems.extend(missing.map(|what| format!("{place}: a step of kind `{}` needs {what}", step.kind.name())));
}
