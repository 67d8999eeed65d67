//! Every feature has a test and a page, and every marker means a feature.

use super::Finding;
use crate::features::{Marker, ROWS, Row, markers};
use crate::workspace::Source;

const CATALOGUE: &str = "xtask/src/features.rs";

/// Rows that nothing shows, and markers that show nothing.
pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let found: Vec<Marker> = sources.iter().flat_map(markers).collect();
    compare(ROWS, &found, |page| sources.iter().any(|source| source.path == format!("docs/{page}")))
}

fn compare(rows: &[Row], found: &[Marker], has_page: impl Fn(&str) -> bool) -> Vec<Finding> {
    let unshown = rows.iter().filter(|row| !found.iter().any(|marker| marker.shows(row.id)));
    let unshown = unshown.map(|row| {
        let remedy = format!("write `/// Shows {}.` before the test that proves it", row.id);
        finding((CATALOGUE, 1), "feature-without-test", format!("no test shows `{}` ({})", row.id, row.feature), remedy)
    });
    let unwritten = rows.iter().filter(|row| !has_page(row.page)).map(|row| {
        let message = format!("the page `docs/{}` of `{}` is not there", row.page, row.id);
        finding((CATALOGUE, 1), "feature-without-page", message, "write it, or name another one".to_owned())
    });
    unshown.chain(unwritten).chain(found.iter().flat_map(|marker| wrong(marker, rows))).collect()
}

/// What is wrong with a marker.
fn wrong(marker: &Marker, rows: &[Row]) -> Vec<Finding> {
    let place = (marker.path.as_str(), marker.line);
    let unknown = marker.ids.iter().filter(|id| !rows.iter().any(|row| row.id == id.as_str())).map(|id| {
        let remedy = format!("take an id of `{CATALOGUE}`, or add a row there");
        finding(place, "unknown-feature", format!("there is no feature `{id}`"), remedy)
    });
    let lonely = marker.test.is_empty().then(|| {
        let message = "a marker of features without a test".to_owned();
        finding(place, "marker-without-test", message, "move it right before `#[test]`".to_owned())
    });
    unknown.chain(lonely).collect()
}

fn finding((path, line): (&str, usize), rule: &'static str, message: String, remedy: String) -> Finding {
    Finding { path: path.to_owned(), line, rule, message, remedy }
}

#[cfg(test)]
mod tests {
    use super::super::{assert_found, source};
    use super::*;

    const fn row(id: &'static str) -> Row {
        Row { id, feature: "a feature", page: "a.md", see: "" }
    }

    #[track_caller]
    fn compared(text: &str, expected: &[(usize, &str)]) {
        let found = markers(&source("crates/a/tests/b.rs", text));
        assert_found(&compare(&[row("S1"), row("S2")], &found, |page| page == "a.md"), expected);
    }

    #[test]
    fn rows_want_tests_and_markers_want_rows() {
        compared("/// Shows S1, S2.\n#[test]\nfn f() {\n", &[]);
        compared("/// Shows S1.\n#[test]\nfn f() {\n", &[(1, "feature-without-test")]);
        compared(
            "\n/// Shows S1, S2, S99.\n#[test]\nfn f() {\n\n/// Shows S1.\nfn g() {\n",
            &[(2, "unknown-feature"), (6, "marker-without-test")],
        );
    }

    #[test]
    fn rows_want_a_page() {
        let found = markers(&source("crates/a/tests/b.rs", "/// Shows S1.\n#[test]\nfn f() {\n"));
        assert_found(&compare(&[row("S1")], &found, |_| false), &[(1, "feature-without-page")]);
    }
}
