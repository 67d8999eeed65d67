use super::*;
use crate::artifact::Metadata;
use crate::event::Artifact;

/// What may always be told of each artifact.
const LEAST_EACH: u64 = 60;

fn count(text: &str) -> u64 {
    text.split_whitespace().count() as u64
}

fn report(number: usize, tokens: u64) -> Item {
    let words = |what: &str, most: usize| (1..=most).map(|word| format!("{what}{word}")).collect::<Vec<_>>();
    let metadata = Metadata {
        title: format!("Report {number}"),
        summary: words("w", 50).join(" "),
        paths: words("src/f", 3),
        recommendations: words("do", 3),
        tokens,
        carried: 52,
    };
    let path = format!("reports/{number:03}.md");
    let artifact =
        Artifact { kind: "report".to_owned(), path, hash: String::new(), bytes: 1, metadata: Some(Box::new(metadata)) };
    Item { artifact, depth: Depth::Details }
}

fn told(reports: usize, tokens: u64) -> (u64, Vec<Told>) {
    let items: Vec<Item> = (1..=reports).map(|number| report(number, tokens)).collect();
    let told = tell(&items, "/tree", &count);
    (told.iter().map(|told| told.tokens).sum(), told)
}

#[test]
fn details_come_in_turns_as_far_as_there_is_room() {
    let (_, told) = told(2, 100_000);
    assert!(told[0].text.starts_with("In `/tree/reports`:\n- `001.md`: Report 1\n  w1 w2 "), "{}", told[0].text);
    assert!(
        told[0].text.ends_with(" w50\n  recommends: do1; do2; do3\n  names: src/f1; src/f2; src/f3\n"),
        "{}",
        told[0].text
    );
    let (_, tight) = super::tests::told(2, 10);
    assert!(tight[0].text.ends_with("\n  recommends: do1; do2; do3\n"), "{}", tight[0].text);
    assert!(tight[1].text.ends_with("\n  recommends: do1; do2\n"), "{}", tight[1].text);
}

#[test]
fn below_four_summaries_are_whole_and_then_a_title_and_the_first_words_at_least() {
    let (_, three) = told(3, 10);
    assert!(three.iter().all(|told| told.text.contains(" w50\n")), "{three:?}");
    let (handed, many) = told(12, 10);
    assert!(handed <= 12 * LEAST_EACH, "{handed}");
    assert!(many.iter().all(|told| told.text.contains(": Report ") && told.text.contains(" w10")), "{many:?}");
}

#[test]
fn the_share_falls_while_reports_grow_in_number() {
    let share = |reports: usize| {
        let mut items: Vec<Item> = (1..=reports).map(|number| report(number, 4_000)).collect();
        for item in &mut items {
            let metadata = item.artifact.metadata.as_mut().unwrap();
            metadata.recommendations = vec!["so many words that there is not room for all ".repeat(2); 5];
        }
        tell(&items, "/tree", &count).iter().map(|told| told.tokens).sum::<u64>() * 10_000 / (reports as u64 * 4_000)
    };
    assert_eq!([4, 6, 8, 12, 16, 24].map(share), [398, 348, 301, 247, 218, 175]);
}

#[test]
fn a_path_alone_and_an_artifact_of_which_nothing_is_known_are_named() {
    let mut items = vec![report(1, 900), report(2, 900), report(3, 900)];
    items[0].depth = Depth::Path;
    items[1].artifact.metadata = None;
    items[2].depth = Depth::Full;
    let told = tell(&items, "/tree/", &count);
    let alone = tell(&items[..1], "/tree/", &count);
    assert_eq!(alone[0].text, "- `/tree/reports/001.md`\n");
    assert_eq!(told[0].text, "In `/tree/reports`:\n- `001.md`\n");
    assert_eq!(told[1].text, "- `002.md`\n");
    assert_eq!(told[2].tokens, 54 + 900);
}

/// Shows S13.
#[test]
fn the_target_holds_from_four_on() {
    assert_eq!(is_reached(3, 0, 100), None);
    assert_eq!(is_reached(4, 44, 1000), Some(true));
    assert_eq!(is_reached(4, 45, 1000), Some(false));
    assert_eq!((less_per_mille(5, 0), less_per_mille(9, 3)), (0, 0));
}

#[test]
fn half_a_window_is_as_much_as_one_reader_gets() {
    assert!(!is_too_much(&[40_000, 60_000], 0, 200_000));
    assert!(is_too_much(&[40_000, 60_001], 0, 200_000));
    assert!(is_too_much(&[40_000], 2, 200_000));
    assert!(!is_too_much(&[], 3, 200_000) && is_too_much(&[], 3, 10_000) && is_too_much(&[], 1, 0));
    assert_eq!((percent_of_window(1, 1000), percent_of_window(u64::MAX, 1)), (1, u64::MAX));
}
