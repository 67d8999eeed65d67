//! Which step leaves which artifact.

use super::{Run, Step};
use crate::definition::{Action, Writes};

impl Run {
    /// Where a step leaves its artifact, relative to the project; `None` for steps that leave none.
    #[must_use]
    pub fn place(&self, step: &Step) -> Option<&str> {
        let paths = &self.created.paths;
        match self.writes(step) {
            Some(Writes::Report) => self.topic(step).map(|topic| topic.report.as_str()),
            Some(Writes::Overview) => paths.overview.as_deref(),
            Some(Writes::Plan | Writes::Revision) => paths.plan.as_deref(),
            Some(Writes::Debug) => paths.debug.as_deref(),
            None => (self.action(step) == Some(Action::Summary)).then_some(paths.summary.as_str()),
        }
    }
}
