//! Generated files say what the code says.

use super::Finding;
use crate::generate::GENERATED;
use crate::shell::TaskError;
use crate::workspace::Workspace;

/// Makes every generated file again and compares.
pub(super) fn check(workspace: &Workspace) -> Result<Vec<Finding>, TaskError> {
    let mut found = Vec::new();
    for file in GENERATED {
        let made = (file.make)(workspace)?;
        found.extend(compare(file.path, workspace.read(file.path).as_deref(), &made));
    }
    Ok(found)
}

fn compare(path: &str, there: Option<&str>, made: &str) -> Option<Finding> {
    let there = there.unwrap_or_default();
    if there == made {
        return None;
    }
    let same = there.lines().zip(made.lines()).take_while(|(old, new)| old == new).count();
    Some(Finding {
        path: path.to_owned(),
        line: same + 1,
        rule: "stale-reference",
        message: "this is not what the code gives today".into(),
        remedy: "run `cargo xtask generate`".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::assert_found;
    use super::*;

    #[test]
    fn a_stale_or_missing_file_is_found_at_its_first_difference() {
        let check = |there, expected: &[_]| assert_found(compare("docs/x.md", there, "a\nb\n").as_slice(), expected);
        check(Some("a\nb\n"), &[]);
        check(Some("a\nc\n"), &[(2, "stale-reference")]);
        check(Some("a\nb"), &[(3, "stale-reference")]);
        check(None, &[(1, "stale-reference")]);
    }
}
