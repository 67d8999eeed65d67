//! Row 18: what a planner is handed of realistic reports, in tokens. Counts only, so that no clock plays a part.

use coordinate_agents::Cl100k;
use coordinate_engine::port::{Counter, Tokens};
use coordinate_model::artifact::{ArtifactKind, Metadata};
use coordinate_model::context::{Depth, Item, tell};
use coordinate_model::event::Artifact;
use std::path::Path;

/// The folder of the reports: surveys of this repository by the offline agent, and reports that people wrote.
const REPORTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/reports");
/// A work tree as long as they are.
const TREE: &str = "/home/user/.local/state/coordinate/shop-1bf58cb1/run_01kaxz82frjb5120t4yqzg4ns93/plan-plan";

/// What the first reports cost the planner.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cost {
    /// Tokens of the reports.
    pub(crate) produced: u64,
    /// Tokens of what the planner is told of them.
    pub(crate) handed: u64,
    /// What it is told.
    pub(crate) text: String,
}

/// The cost of the first `count` reports.
pub(crate) fn cost(count: usize) -> Cost {
    let counter = Cl100k::default().counter();
    let items: Vec<Item> = texts().into_iter().take(count).map(|report| item(report, counter.as_ref())).collect();
    let told = tell(&items, TREE, &|text| counter.count(text));
    Cost {
        produced: items.iter().filter_map(|item| item.artifact.metadata.as_ref()).map(|known| known.tokens).sum(),
        handed: told.iter().map(|told| told.tokens).sum(),
        text: told.into_iter().map(|told| told.text).collect(),
    }
}

/// The reports' names and texts. The surveys are of one kind, so the written ones are spread among them.
pub(crate) fn texts() -> Vec<(String, String)> {
    let folder = Path::new(REPORTS);
    let entries = std::fs::read_dir(folder).expect("the reports are there").flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort_by_key(|name| (name.get(2..3).map(str::to_owned), name.clone()));
    let read = |name: String| {
        let text = std::fs::read_to_string(folder.join(&name)).expect("a report can be read");
        (name, text)
    };
    names.into_iter().map(read).collect()
}

fn item((name, text): (String, String), counter: &dyn Counter) -> Item {
    let metadata = Metadata::of(&text, &|text| counter.count(text));
    let artifact = Artifact {
        kind: ArtifactKind::Report.name().to_owned(),
        path: format!("specs/012_shop/reports/{name}"),
        hash: String::new(),
        bytes: text.len() as u64,
        metadata: Some(Box::new(metadata)),
    };
    Item { artifact, depth: Depth::Details }
}

/// Prints the figures as `name value` lines.
pub(crate) fn print(count: usize) {
    let cost = cost(count);
    println!("produced {}", cost.produced);
    println!("handed {}", cost.handed);
}

#[cfg(test)]
mod tests {
    use super::*;
    use coordinate_model::artifact::check;

    #[test]
    fn the_reports_are_sound_and_as_long_as_reports_are() {
        let counter = Cl100k::default().counter();
        let reports = texts();
        assert!(reports.len() >= 12);
        for (name, text) in reports {
            assert_eq!(check(ArtifactKind::Report, &name, &text), [], "{name}");
            let tokens = counter.count(&text);
            assert!((1_500..=6_000).contains(&tokens), "{name}: {tokens}");
            let known = Metadata::of(&text, &|text| counter.count(text));
            assert!(known.recommendations.len() >= 3 && !known.paths.is_empty(), "{name}: {known:#?}");
        }
    }

    #[test]
    fn a_planner_is_handed_little_and_less_the_more_reports_there_are() {
        let shares = [4, 8, 12].map(|count| {
            let cost = cost(count);
            cost.handed * 10_000 / cost.produced
        });
        assert!(shares[0] <= 440 && shares[2] <= 300, "{shares:?}");
        assert!(shares[0] > shares[1] && shares[1] > shares[2], "{shares:?}");
    }

    #[test]
    fn what_the_planner_is_told_of_four() {
        insta::assert_snapshot!(cost(4).text);
    }
}
