//! What a change of a plan may change, and what it did change.

use super::ReplanKind;
use crate::ids::PhaseNumber;
use crate::plan::{Phase, Plan};
use similar::TextDiff;

/// Most lines of a difference that are kept: the texts themselves are kept whole elsewhere.
const MOST_LINES: usize = 400;

/// How far a phase has come: one that has begun can not be changed, unless it is the one that the change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing was done for it.
    Untouched,
    /// Somebody works on it, or has tried.
    Begun,
    /// It is finished.
    Done,
}

/// What is wrong with a changed plan; nothing if it may come into force.
#[must_use]
pub fn check(
    (before, after): (&Plan, &Plan),
    (target, kind): (PhaseNumber, ReplanKind),
    standing: impl Fn(PhaseNumber) -> Standing,
) -> Vec<String> {
    let mut problems: Vec<String> =
        before.phases.iter().filter_map(|phase| kept(phase, after, (target, kind), standing(phase.number))).collect();
    let new: Vec<PhaseNumber> =
        after.phases.iter().map(|phase| phase.number).filter(|number| before.phase(*number).is_none()).collect();
    let gone = before.phases.iter().find(|phase| after.phase(phase.number).is_none()).map(|phase| phase.number);
    let changed = !same(before.phase(target), after.phase(target));
    let needs = match kind {
        ReplanKind::Add if new.is_empty() => Some("no phase was added".to_owned()),
        ReplanKind::Split if new.is_empty() => Some(format!("phase {target} was not split: there is no new phase")),
        ReplanKind::Split if after.phase(target).is_none() => Some(format!("phase {target} must keep its number")),
        ReplanKind::Collapse if after.phase(target).is_some() => Some(format!("phase {target} is still there")),
        ReplanKind::Expand | ReplanKind::Update if !changed => Some(format!("phase {target} was not changed")),
        ReplanKind::Expand | ReplanKind::Update => {
            new.first().map(|number| format!("phase {number} is new, but no phase was to be added"))
        }
        ReplanKind::Add | ReplanKind::Split | ReplanKind::Collapse => None,
    };
    problems.extend(needs);
    let lost = gone.filter(|number| kind != ReplanKind::Collapse || *number != target);
    problems.extend(lost.map(|number| format!("phase {number} is gone, and was not to be")));
    problems.dedup();
    problems
}

/// What has begun stays as it is.
fn kept(phase: &Phase, after: &Plan, (target, kind): (PhaseNumber, ReplanKind), standing: Standing) -> Option<String> {
    let own = phase.number == target && kind.holds();
    let fixed = match standing {
        Standing::Untouched => false,
        Standing::Begun => !own,
        Standing::Done => true,
    };
    let why = if standing == Standing::Done { "is finished" } else { "has begun" };
    let stays = same(Some(phase), after.phase(phase.number));
    (fixed && !stays).then(|| format!("phase {} {why}, and must stay as it is", phase.number))
}

/// Whether two texts of a phase ask for the same: marks of completion and places do not count.
fn same(one: Option<&Phase>, other: Option<&Phase>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return one.is_none() && other.is_none() };
    one.asks_same_as(other)
}

impl Phase {
    /// Whether it asks for the same as another text of it: marks of completion and places do not count.
    #[must_use]
    pub fn asks_same_as(&self, other: &Self) -> bool {
        let tasks = |phase: &Self| phase.tasks.iter().map(|task| (task.text.clone(), task.stage)).collect::<Vec<_>>();
        let plain = |phase: &Self| without_marks(&phase.body);
        self.number == other.number
            && self.name == other.name
            && self.depends_on == other.depends_on
            && self.files == other.files
            && tasks(self) == tasks(other)
            && plain(self) == plain(other)
    }
}

fn without_marks(body: &str) -> String {
    body.trim().replace("[x]", "[ ]").replace("[X]", "[ ]").replace(" [COMPLETE]", "")
}

/// The difference of two texts, as a unified diff with the path in its head; long ones are cut.
#[must_use]
pub fn diff(path: &str, before: &str, after: &str) -> String {
    if before == after {
        return String::new();
    }
    let difference = TextDiff::from_lines(before, after);
    let text = difference.unified_diff().header(&format!("a/{path}"), &format!("b/{path}")).to_string();
    let lines = text.lines().count();
    if lines <= MOST_LINES {
        return text;
    }
    let mut cut: String = text.lines().take(MOST_LINES).map(|line| format!("{line}\n")).collect();
    cut.push_str(&format!("(and {} more lines)\n", lines - MOST_LINES));
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Source, parse};

    const BEFORE: &str = "# P\n\n### Phase 1: One\n\n- [x] a\n\n### Phase 2: Two\n\n**Dependencies**: [1]\n\n- [ ] b\n- [ ] c\n\n### Phase 3: Three\n\n**Dependencies**: [2]\n\n- [ ] d\n";

    fn plan(text: &str) -> Plan {
        parse(&[Source::new("p.md", text)]).plan
    }

    /// Phase 1 is done, phase 2 has begun, phase 3 is untouched; phase 2 is to be changed.
    #[track_caller]
    fn verdict(kind: ReplanKind, after: &str, expected: &[&str]) {
        let standing = |number: PhaseNumber| match number.0 {
            1 => Standing::Done,
            2 => Standing::Begun,
            _ => Standing::Untouched,
        };
        assert_eq!(check((&plan(BEFORE), &plan(after)), (PhaseNumber(2), kind), standing), expected, "{after}");
    }

    /// Shows S15.
    #[test]
    fn each_kind_changes_what_it_is_for_and_nothing_else() {
        let added = format!("{BEFORE}\n### Phase 4: Four\n\n- [ ] e\n");
        let split = added.replace("- [ ] c\n", "").replace("- [ ] e", "- [ ] c");
        let updated = BEFORE.replace("- [ ] c", "- [ ] other");
        let gone = BEFORE.replace("### Phase 2: Two\n\n**Dependencies**: [1]\n\n- [ ] b\n- [ ] c\n\n", "");
        let gone = gone.replace("[2]\n\n- [ ] d", "[1]\n\n- [ ] b\n- [ ] c\n- [ ] d");
        verdict(ReplanKind::Add, &added, &[]);
        verdict(ReplanKind::Split, &split, &[]);
        verdict(ReplanKind::Update, &updated, &[]);
        verdict(ReplanKind::Expand, &updated, &[]);
        verdict(ReplanKind::Collapse, &gone, &[]);
        verdict(ReplanKind::Add, BEFORE, &["no phase was added"]);
        verdict(ReplanKind::Add, &split, &["phase 2 has begun, and must stay as it is"]);
        verdict(ReplanKind::Split, &updated, &["phase 2 was not split: there is no new phase"]);
        verdict(ReplanKind::Update, BEFORE, &["phase 2 was not changed"]);
        verdict(ReplanKind::Update, &split, &["phase 4 is new, but no phase was to be added"]);
        verdict(ReplanKind::Collapse, &updated, &["phase 2 is still there"]);
        verdict(ReplanKind::Update, &gone, &["phase 2 is gone, and was not to be"]);
    }

    #[test]
    fn what_is_finished_stays_and_ticks_do_not_count() {
        let ticked = BEFORE.replace("- [ ] b", "- [x] b").replace("Phase 1: One", "Phase 1: One [COMPLETE]");
        verdict(ReplanKind::Update, &ticked, &["phase 2 was not changed"]);
        let edited = BEFORE.replace("- [x] a", "- [x] other").replace("- [ ] c", "- [ ] new");
        verdict(ReplanKind::Update, &edited, &["phase 1 is finished, and must stay as it is"]);
    }

    #[test]
    fn a_difference_names_its_file_and_is_bounded() {
        assert_eq!(diff("p.md", "a\n", "a\n"), "");
        assert_eq!(diff("p.md", "a\nb\n", "a\nc\n"), "--- a/p.md\n+++ b/p.md\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
        let long: String = (0..2_000).map(|line| format!("{line}\n")).collect();
        let text = diff("p.md", "", &long);
        assert!(text.ends_with("(and 1603 more lines)\n"), "{}", &text[text.len() - 60..]);
    }
}
