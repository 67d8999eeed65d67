//! `paths TEXT`: where the artifacts of a request would go. Reserves nothing and writes nothing.

use super::names::{Places, places};
use super::{print, print_bytes, print_json, scope};
use crate::args::PathsArguments;
use crate::context::Project;
use crate::failure::{CommandError, Exit};
use crate::paths::{Layout, plan, specs_root};
use coordinate_model::artifact::ArtifactKind;
use coordinate_model::scope::decide;
use coordinate_model::shell::posix_word;
use coordinate_model::topic;
use serde_json::{Value, json};

pub(crate) fn paths(project: &Project, options: &PathsArguments) -> Result<Exit, CommandError> {
    let text = scope::request(&options.text)?;
    let decision = decide(&text, &scope::given_with(project, &text, &options.asked)?);
    let specs = specs_root(project, project.config()?);
    let slugs: Vec<String> = decision.topics.iter().map(|topic| topic.slug.clone()).collect();
    let layout = plan(project, &specs, &topic::name(&text), &slugs);
    if options.json {
        print_json(&as_json(project, &specs, &layout));
    } else if options.shell {
        print_bytes(&exports(project, &specs, &layout));
    } else {
        print(&listing(&layout));
    }
    Ok(Exit::Done)
}

fn named<'a>(layout: &'a Layout) -> Places<'a> {
    Places {
        topic: &layout.topic,
        reports: layout.reports.iter().map(String::as_str).collect(),
        plan: Some(&layout.plan),
        debug: Some(&layout.debug),
        summary: &layout.summary,
    }
}

/// Lines that a shell may `eval`: each value is one quoted word, whatever it holds.
fn exports(project: &Project, specs: &str, layout: &Layout) -> Vec<u8> {
    let mut lines = Vec::new();
    for (name, value) in places(project, specs, &named(layout)) {
        lines.extend_from_slice(format!("export {name}=").as_bytes());
        lines.extend_from_slice(&posix_word(value.as_bytes()));
        lines.push(b'\n');
    }
    lines
}

fn as_json(project: &Project, specs: &str, layout: &Layout) -> Value {
    let absolute = |path: &str| project.root.join(path).to_string_lossy().into_owned();
    let folder = |kind: ArtifactKind| absolute(&format!("{}/{}", layout.topic.path, kind.folder()));
    json!({
        "project_root": absolute("").trim_end_matches('/'),
        "specs_root": absolute(specs),
        "topic_number": layout.topic.number,
        "topic_name": layout.topic.name,
        "topic_dir": absolute(&layout.topic.path),
        "reports_dir": folder(ArtifactKind::Report),
        "plans_dir": folder(ArtifactKind::Plan),
        "summaries_dir": folder(ArtifactKind::Summary),
        "debug_dir": folder(ArtifactKind::Debug),
        "outputs": folder(ArtifactKind::Output),
        "checkpoints": project.state().join("checkpoints"),
        "reports": layout.reports.iter().map(|path| absolute(path)).collect::<Vec<_>>(),
        "overview": absolute(&layout.overview),
        "plan": absolute(&layout.plan),
        "summary": absolute(&layout.summary),
        "debug": absolute(&layout.debug),
    })
}

fn listing(layout: &Layout) -> String {
    let mut lines = vec![format!("topic:   {}", layout.topic.path)];
    lines.extend(layout.reports.iter().map(|report| format!("report:  {report}")));
    lines.push(format!("plan:    {}", layout.plan));
    lines.push(format!("debug:   {}", layout.debug));
    lines.push(format!("summary: {}", layout.summary));
    lines.join("\n")
}
