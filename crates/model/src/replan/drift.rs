//! What an agent says about work that the plan does not know of.

use super::ReplanKind;

/// The beginning of the line.
const MARK: &str = "SCOPE_DRIFT:";

/// The newest report of scope drift among an agent's completion lines: `SCOPE_DRIFT: [kind:] why`. Without a kind a
/// phase is missing.
#[must_use]
pub fn drift(claims: &[String]) -> Option<(ReplanKind, String)> {
    let told = claims.iter().rev().find_map(|claim| claim.trim().strip_prefix(MARK))?.trim();
    let named = told.split_once(':').and_then(|(kind, why)| Some((ReplanKind::named(kind.trim())?, why.trim())));
    let (kind, why) = named.unwrap_or((ReplanKind::Add, told));
    (!why.is_empty()).then(|| (kind, why.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(claims: &[&str], expected: Option<(ReplanKind, &str)>) {
        let claims: Vec<String> = claims.iter().map(|claim| (*claim).to_owned()).collect();
        assert_eq!(drift(&claims), expected.map(|(kind, why)| (kind, why.to_owned())));
    }

    #[test]
    fn the_newest_report_counts() {
        check(&[], None);
        check(&["PHASE_COMPLETE: 2"], None);
        check(
            &["SCOPE_DRIFT: the schema must be migrated first"],
            Some((ReplanKind::Add, "the schema must be migrated first")),
        );
        check(&["SCOPE_DRIFT: add: x", "SCOPE_DRIFT: Update: y: z"], Some((ReplanKind::Update, "y: z")));
        check(&["SCOPE_DRIFT: note: two words"], Some((ReplanKind::Add, "note: two words")));
        check(&["SCOPE_DRIFT:"], None);
        check(&["SCOPE_DRIFT: split: "], None);
    }
}
