//! What small things are called, and how they look as text.

use coordinate_model::context::{Account, Depth, Produced, Received, Receiver};
use coordinate_model::definition::Writes;
use coordinate_model::event::{AttemptLimits, Outcome};
use coordinate_model::ids::{AttemptId, Oid, StepId, Token};
use coordinate_model::merge::{Destination, Merging, Repairing};

#[test]
fn ids_as_text() {
    let attempt = AttemptId { step: StepId::new("implement/p3/agent"), number: 2 };
    assert_eq!((attempt.to_string(), Token(7).to_string()), ("implement/p3/agent@2".to_owned(), "7".to_owned()));
    let name = "0123456789abcdef0123456789abcdef01234567";
    let oid: Oid = name.parse().unwrap();
    assert_eq!((oid.as_str(), oid.short()), (name, "0123456789ab"));
    assert!(name[1..].parse::<Oid>().is_err());
    assert!(name.to_uppercase().parse::<Oid>().is_err());
    assert!(format!("{name}{}", &name[..24]).parse::<Oid>().is_ok());
}

#[test]
fn names() {
    let words = |words: &[&str]| words.join(" ");
    assert_eq!(words(&Repairing::ALL.map(Repairing::name)), "agent gate off");
    assert_eq!(words(&Destination::ALL.map(Destination::name)), "branch pr none");
    let depths = [Depth::Path, Depth::Summary, Depth::Details, Depth::Full];
    assert_eq!(words(&depths.map(Depth::name)), "path summary details full text");
    let outcomes = [Outcome::Succeeded, Outcome::Failed, Outcome::Cancelled];
    assert_eq!(words(&outcomes.map(Outcome::name)), "succeeded failed cancelled");
    let written = [Writes::Report, Writes::Revision, Writes::Replan, Writes::Plan].map(Writes::completion);
    assert_eq!(words(&written), "REPORT_CREATED REVISION_COMPLETED REVISION_COMPLETED PLAN_CREATED");
}

/// What is as it always was is not written, and nothing else is left out.
#[test]
fn settings_as_they_are_kept() {
    let usual = AttemptLimits::default();
    let other = AttemptLimits { conclude_ms: usual.conclude_ms + 1, stall_ms: usual.stall_ms + 1, ..usual };
    let limits = [usual, other].map(|limits| serde_json::to_string(&limits).unwrap());
    assert!(!limits[0].contains("conclude_ms") && !limits[0].contains("stall_ms"), "{limits:?}");
    assert!(limits[1].contains("conclude_ms") && limits[1].contains("stall_ms"), "{limits:?}");
    let into = Destination::ALL.map(|into| serde_json::to_string(&Merging { into, ..Merging::default() }).unwrap());
    let named: Vec<bool> = into.iter().map(|text| text.contains("into")).collect();
    assert_eq!(named, [false, true, true], "{into:?}");
}

#[test]
fn sums_of_what_is_handed_up() {
    let produced = |tokens, carried| Produced { path: "a.md".to_owned(), kind: "report".to_owned(), tokens, carried };
    let account = Account { produced: vec![produced(700, 30), produced(11, 5)], receivers: Vec::new() };
    assert_eq!(account.sums(), (711, 35));
    let received = |produced, handed| Received { path: "a.md".to_owned(), depth: Depth::Summary, produced, handed };
    let receiver = |items| Receiver { step: StepId::new("plan/agent"), items };
    let much = receiver(vec![received(900, 40), received(300, 20), received(200, 2), received(100, 0)]);
    assert_eq!((much.sums(), much.less(), much.reached()), ((1_500, 62), 958, Some(true)));
    let little = receiver(vec![received(900, 700), received(300, 200), received(200, 100), received(100, 0)]);
    assert_eq!((little.sums(), little.less(), little.reached()), ((1_500, 1_000), 333, Some(false)));
    assert_eq!(receiver(vec![received(900, 40)]).reached(), None);
}
