//! Verdicts, as what was seen and what follows from it.

use super::*;

fn seen(content: Content) -> Observed {
    Observed {
        path: "specs/001_a/reports/001_b.md".to_owned(),
        inside: true,
        bytes: 3,
        content,
        folder: Folder { path: "specs/001_a/reports".to_owned(), exists: true, newest: vec!["001_c.md".to_owned()] },
        links: Vec::new(),
    }
}

const REPORT: Check = Check::Artifact(ArtifactKind::Report);
const OUTPUT: Check = Check::Artifact(ArtifactKind::Output);

#[track_caller]
fn refused(what: Check, seen: &Observed, kind: FailureKind, found: &str) -> Failure {
    let verdict = judge(what, seen);
    assert!(!verdict.ok());
    let failure = verdict.to_failure();
    assert_eq!((failure.class, failure.kind), (FailureClass::AgentMisbehaved, kind), "{failure:#?}");
    assert_eq!(failure.found, found);
    assert!(!failure.expected.is_empty() && !failure.context.is_empty(), "{failure:#?}");
    let again = format!("coordinate verify {} ", what.name());
    assert!(failure.remedy.last().is_some_and(|line| line.starts_with(&again)), "{failure:#?}");
    failure
}

#[test]
fn what_is_good_has_no_cause_and_no_repair() {
    let verdict = judge(OUTPUT, &seen(Content::Text("x".to_owned())));
    assert!(verdict.ok() && verdict.problems.is_empty() && verdict.causes.is_empty() && verdict.repairs.is_empty());
    assert!(judge(OUTPUT, &seen(Content::Bytes)).ok(), "an output may be an image");
    assert_eq!(to_one_failure(&[verdict]), None);
}

#[test]
fn each_fault_has_its_kind() {
    use FailureKind::{BrokenLink, ContractUnmet, EmptyFile, MissingFile, OutsideProject, PlanInvalid, System};
    let text = |text: &str| seen(Content::Text(text.to_owned()));
    refused(REPORT, &seen(Content::Nothing), MissingFile, "no such file");
    refused(REPORT, &seen(Content::Folder(Vec::new())), MissingFile, "a folder");
    refused(REPORT, &seen(Content::Unreadable { cause: "denied".to_owned() }), System, "denied");
    refused(REPORT, &seen(Content::Bytes), ContractUnmet, "other bytes");
    refused(REPORT, &text(" "), EmptyFile, "no text");
    refused(REPORT, &text("words"), ContractUnmet, "no heading at all");
    let outside = refused(REPORT, &Observed { inside: false, ..text("words") }, OutsideProject, "a place outside");
    assert!(!format!("{outside:?}").contains("001_c.md"), "nothing is told of what lies outside");
    refused(Check::Artifact(ArtifactKind::Plan), &text("words"), PlanInvalid, "an error in the plan");
    let link = |leads| vec![(FileLink { line: 2, target: "x.md".to_owned() }, leads)];
    refused(Check::Links, &Observed { links: link(Leads::Nowhere), ..text("x") }, BrokenLink, "no such file");
    let from_root = Observed { links: link(Leads::FromRootOnly), ..text("x") };
    let failure = refused(Check::Links, &from_root, BrokenLink, "a path from the project's root");
    assert!(failure.context.iter().any(|line| line.contains("file's own folder")), "{failure:#?}");
    assert!(judge(Check::Links, &Observed { links: link(Leads::Somewhere), ..text("x") }).ok());
    assert!(judge(OUTPUT, &Observed { links: link(Leads::Nowhere), ..text("x") }).ok(), "outputs may link to anything");
}

#[test]
fn a_missing_file_is_told_with_its_folder() {
    let failure = judge(REPORT, &seen(Content::Nothing)).to_failure();
    assert_eq!(failure.message, "`specs/001_a/reports/001_b.md`: the file is missing");
    assert_eq!(failure.context[0], "the folder `specs/001_a/reports` is there; newest in it: 001_c.md");
    assert_eq!(failure.remedy[1], "find . -name 001_b.md -not -path './.git/*'");
    let folder = Folder { path: "specs/001_a/reports".to_owned(), exists: false, newest: Vec::new() };
    let failure = judge(REPORT, &Observed { folder, ..seen(Content::Nothing) }).to_failure();
    assert_eq!(failure.context[0], "the folder `specs/001_a/reports` is not there");
    assert!(failure.remedy.contains(&"mkdir -p specs/001_a/reports".to_owned()), "{failure:#?}");
}

#[test]
fn all_faults_of_a_step_come_in_one_failure() {
    let verdicts = [
        judge(OUTPUT, &Observed { path: "good.md".to_owned(), ..seen(Content::Text("x".to_owned())) }),
        judge(OUTPUT, &Observed { path: "first.md".to_owned(), ..seen(Content::Nothing) }),
        judge(OUTPUT, &Observed { path: "second.md".to_owned(), ..seen(Content::Text(String::new())) }),
    ];
    let failure = to_one_failure(&verdicts).unwrap();
    assert_eq!(failure.message, "`first.md`: the file is missing");
    let context = failure.context.join("\n");
    assert!(context.ends_with("also `second.md`: the file is empty\ngood: `good.md`"), "{context}");
}

#[test]
fn commands_can_be_pasted() {
    let odd = Observed { path: "a b/$(x).md".to_owned(), ..seen(Content::Nothing) };
    let verdict = judge(OUTPUT, &odd);
    assert_eq!(verdict.repairs.last().unwrap(), "coordinate verify file 'a b/$(x).md'");
}
