//! Which step leaves which artifact.

use super::{Run, Step};
use crate::artifact::ArtifactKind;
use crate::definition::{Action, Writes};

impl Run {
    /// Where a step leaves its artifact, relative to the project; `None` for steps that leave none.
    #[must_use]
    pub fn place(&self, step: &Step) -> Option<String> {
        let paths = &self.created.paths;
        match self.writes(step) {
            Some(Writes::Report) => self.topic(step).map(|topic| topic.report.clone()),
            Some(Writes::Overview) => paths.overview.clone(),
            Some(Writes::Plan | Writes::Revision | Writes::Replan) => paths.plan.clone(),
            Some(Writes::Debug) => self.debug_place(step),
            Some(Writes::Output | Writes::Verdict) => Some(self.output_place(step)),
            None => (self.action(step) == Some(Action::Summary)).then(|| paths.summary.clone()),
        }
    }

    /// Where an output goes: by the number that the run's summary has, and by its step.
    fn output_place(&self, step: &Step) -> String {
        let paths = &self.created.paths;
        let number = paths.summary.rsplit('/').next().and_then(|name| name.split('_').next()).unwrap_or_default();
        let has_schema = self.created.role(self.role(step)).schema().is_some();
        let (folder, name) = (ArtifactKind::Output.folder(), step.id.as_str().replace(['/', '#', '-'], "_"));
        format!("{}/{folder}/{number}_{name}.{}", paths.topic, if has_schema { "json" } else { "md" })
    }

    /// Where a debug report goes: to the place that was kept for it; those on groups of tests beside it, by round and
    /// group.
    fn debug_place(&self, step: &Step) -> Option<String> {
        let paths = &self.created.paths;
        let Some(group) = self.group(step) else { return paths.debug.clone() };
        let kept = paths.debug.as_ref().map(|path| path.trim_end_matches(".md").to_owned());
        // Runs of earlier releases kept no place; the summary's number is theirs alone too.
        let stem = kept.unwrap_or_else(|| {
            let summary = paths.summary.rsplit('/').next().unwrap_or_default().trim_end_matches(".md");
            format!("{}/{}/{summary}", paths.topic, ArtifactKind::Debug.folder())
        });
        let name = crate::topic::name(&group.name);
        Some(format!("{stem}_{}_{}_{name}.md", self.visit(&step.of_state), step.group.unwrap_or_default() + 1))
    }
}
