//! Texts that grow out of forms: most are such as people write, and some are not.

use coordinate_testkit::seeded::Chance;

/// The forms of each name.
pub(crate) type Grammar<'a> = [(&'a str, &'a [&'a str])];

/// Beyond this depth the first form of a name is taken, which names no other of its own kind.
const DEEPEST: usize = 9;

/// A form in which each `‹name›` is replaced by one of the forms of that name.
pub(crate) fn grown(chance: &mut Chance, grammar: &Grammar<'_>, form: &str) -> String {
    grown_at(chance, grammar, form, 0)
}

fn grown_at(chance: &mut Chance, grammar: &Grammar<'_>, form: &str, depth: usize) -> String {
    let mut text = String::new();
    let mut rest = form;
    while let Some((before, behind)) = rest.split_once('‹') {
        let (name, after) = behind.split_once('›').unwrap();
        let forms = grammar.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("`{name}`")).1;
        let form = if depth < DEEPEST { forms[chance.below(forms.len())] } else { forms[0] };
        text += before;
        text += &grown_at(chance, grammar, form, depth + 1);
        rest = after;
    }
    text + rest
}

/// Some lines of a form, each grown on its own.
pub(crate) fn lines(chance: &mut Chance, grammar: &Grammar<'_>, form: &str, most: usize) -> String {
    (0..=chance.below(most)).map(|_| grown(chance, grammar, form)).collect()
}

/// A text in which now and then a character is left out, or stands twice.
pub(crate) fn disturbed(chance: &mut Chance, text: String, percent: u64) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    if !chars.is_empty() && chance.percent(percent) {
        let at = chance.below(chars.len());
        match chance.below(2) {
            0 => drop(chars.remove(at)),
            _ => chars.insert(at, chars[at]),
        }
    }
    chars.into_iter().collect()
}
