//! Paths and the patterns of rules on them: by their text alone, so that a file need not exist to be judged.

use super::policy::Match;

/// Where an agent works.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// Its tree, where it has one by now.
    pub tree: Option<&'a str>,
    /// The project's root: the same files lie there too.
    pub project: &'a str,
}

/// Whether a text has the form of a pattern, in which `*` stands for anything. Takes time as the product of both at most.
pub(super) fn is_like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    greedy(&pattern, &text, |one| *one == '*', |one, other| one == other || *one == '?')
}

/// Whether a pattern of parts matches from end to end, where some parts stand for any number of others. The last such
/// part alone is ever tried again, which is enough: an earlier one could only take what it leaves.
fn greedy<P, T>(pattern: &[P], text: &[T], is_any: impl Fn(&P) -> bool, is: impl Fn(&P, &T) -> bool) -> bool {
    let (mut at, mut in_text) = (0, 0);
    let mut again: Option<(usize, usize)> = None;
    while let Some(part) = text.get(in_text) {
        match pattern.get(at) {
            Some(any) if is_any(any) => {
                again = Some((at, in_text));
                at += 1;
            }
            Some(one) if is(one, part) => {
                at += 1;
                in_text += 1;
            }
            Some(_) | None => match &mut again {
                Some((any, taken)) => {
                    *taken += 1;
                    (at, in_text) = (*any + 1, *taken);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(at).all(is_any)
}

/// The parts of a path, with `..` carried out by its text; the flag says whether there was one.
fn parts(path: &str) -> (Vec<&str>, bool) {
    let (mut parts, mut climbs) = (Vec::new(), false);
    for part in path.split('/').filter(|part| !matches!(*part, "" | ".")) {
        if part == ".." {
            climbs = true;
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    (parts, climbs)
}

/// Whether a pattern matches a path or a folder above it. Without a slash it means a name at any depth.
fn covers(pattern: &str, path: &[&str]) -> bool {
    let bare = pattern.trim_end_matches('/');
    let mut wanted: Vec<&str> = bare.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if !bare.contains('/') {
        wanted.insert(0, "**");
    }
    let matches = |path: &[&str]| greedy(&wanted, path, |part| *part == "**", |part, name| is_like(part, name));
    (0..=path.len()).filter_map(|end| path.get(..end)).any(|above| !above.is_empty() && matches(above))
}

fn is_absolute(pattern: &str) -> bool {
    pattern.starts_with(['/', '~'])
}

/// What of an absolute path lies below a folder.
fn below<'a>(path: &[&'a str], folder: &str) -> Option<Vec<&'a str>> {
    let (folder, _) = parts(folder);
    let inside = !folder.is_empty() && path.starts_with(&folder);
    inside.then(|| path.iter().skip(folder.len()).copied().collect())
}

/// For rules that ask or deny: a path that leaves its folder by `..` may be any other.
pub(super) fn touches(pattern: &str, path: &str, ground: Ground<'_>) -> Match {
    let (own, climbs) = parts(path);
    let mut forms: Vec<(Vec<&str>, bool)> = vec![(own.clone(), path.starts_with(['/', '~']))];
    match (path.starts_with('/'), ground.tree) {
        (true, tree) => {
            let roots = tree.into_iter().chain([ground.project]);
            forms.extend(roots.filter_map(|root| below(&own, root)).map(|inside| (inside, false)));
        }
        (false, Some(tree)) => forms.push((parts(tree).0.into_iter().chain(own).collect(), true)),
        (false, None) => {}
    }
    // The same file lies in the project and in the tree: a pattern may name either.
    let wanted: Vec<String> = match below(&parts(pattern).0, ground.project).filter(|_| pattern.starts_with('/')) {
        Some(inside) if !inside.is_empty() => vec![pattern.to_owned(), format!("./{}", inside.join("/"))],
        Some(_) | None => vec![pattern.to_owned()],
    };
    let fits = |wanted: &str, form: &[&str], absolute: bool| {
        (is_absolute(wanted) == absolute || !wanted.contains('/')) && covers(wanted, form)
    };
    if wanted.iter().any(|wanted| forms.iter().any(|(form, absolute)| fits(wanted, form, *absolute))) {
        Match::Yes
    } else if climbs {
        Match::Unsure
    } else {
        Match::No
    }
}

/// For rules that allow: a path with `..` is never inside of anything, and a relative pattern is about the tree alone.
pub(super) fn is_within(pattern: Option<&str>, path: &str, ground: Ground<'_>) -> bool {
    let (own, climbs) = parts(path);
    if climbs || path.starts_with('~') {
        return false;
    }
    let in_tree =
        if path.starts_with('/') { ground.tree.and_then(|tree| below(&own, tree)) } else { Some(own.clone()) };
    match pattern {
        None => in_tree.is_some(),
        Some(pattern) if is_absolute(pattern) => path.starts_with('/') && covers(pattern, &own),
        Some(pattern) => in_tree.is_some_and(|inside| covers(pattern, &inside)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUND: Ground<'_> = Ground { tree: Some("/trees/p1"), project: "/project" };

    #[test]
    fn stars_stand_for_anything_in_a_name() {
        assert!(is_like("cargo*", "cargo") && is_like("*.rs", "a.rs") && is_like("a*b*c", "axxbyyc"));
        assert!(!is_like("*.rs", "a.rst") && !is_like("", "a") && is_like("*", ""));
        assert!(!is_like(&"*a".repeat(50), &"a".repeat(4000).replace("aaaa", "aaab")[..3999]));
    }

    #[track_caller]
    fn check(pattern: &str, path: &str, touched: Match, within: bool) {
        assert_eq!((touches(pattern, path, GROUND), is_within(Some(pattern), path, GROUND)), (touched, within));
    }

    #[test]
    fn patterns_name_files_folders_and_all_below() {
        check(".github/**", ".github/workflows/a.yml", Match::Yes, true);
        check(".github", "/trees/p1/.github/a.yml", Match::Yes, true);
        check("src/*.rs", "src/deep/a.rs", Match::No, false);
        check("src/**/a.rs", "src/x/y/a.rs", Match::Yes, true);
        check(".env", "deep/in/.env", Match::Yes, true);
        check("/etc/**", "/etc/passwd", Match::Yes, true);
        check("/etc/**", "etc/passwd", Match::No, false);
    }

    #[test]
    fn a_path_that_climbs_is_inside_of_nothing() {
        check("src/**", "src/../.github/a", Match::Unsure, false);
        check(".github/**", "src/../.github/a", Match::Yes, false);
        check("/trees/p1/**", "/trees/p1/../p2/a", Match::Unsure, false);
        assert!(!is_within(None, "/trees/p10/a", GROUND) && is_within(None, "/trees/p1/a", GROUND));
    }

    #[test]
    fn the_same_file_of_the_project_is_denied_and_not_allowed() {
        check(".github/**", "/project/.github/a", Match::Yes, false);
        check("/project/.github/**", ".github/a", Match::Yes, false);
        check("/project/.github/**", "/trees/p1/.github/a", Match::Yes, false);
    }
}
