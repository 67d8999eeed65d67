//! How a field is written in one line: the spellings of its name, and what sets off its value.

/// The fields that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    Objective,
    Dependencies,
    Complexity,
    Risk,
    EstimatedTime,
    Files,
    FilesDeleted,
    Waves,
}

impl Name {
    /// Whether the value may be a list or a paragraph below the field.
    pub(super) fn has_entries(self) -> bool {
        match self {
            Self::Objective | Self::Dependencies | Self::Files | Self::FilesDeleted | Self::Waves => true,
            Self::Complexity | Self::Risk | Self::EstimatedTime => false,
        }
    }
}

/// Spellings of the names, in lower case, with spaces for `_` and `-`.
const NAMES: [(&str, Name); 32] = [
    ("objective", Name::Objective),
    ("goal", Name::Objective),
    ("dependencies", Name::Dependencies),
    ("dependency", Name::Dependencies),
    ("depends on", Name::Dependencies),
    ("complexity", Name::Complexity),
    ("complexity score", Name::Complexity),
    ("risk", Name::Risk),
    ("risk level", Name::Risk),
    ("estimated time", Name::EstimatedTime),
    ("estimated effort", Name::EstimatedTime),
    ("estimated duration", Name::EstimatedTime),
    ("estimate", Name::EstimatedTime),
    ("expected duration", Name::EstimatedTime),
    ("duration", Name::EstimatedTime),
    ("files", Name::Files),
    ("file", Name::Files),
    ("files modified", Name::Files),
    ("files created", Name::Files),
    ("files changed", Name::Files),
    ("files affected", Name::Files),
    ("files to modify", Name::Files),
    ("files to create", Name::Files),
    ("files to change", Name::Files),
    ("files deleted", Name::FilesDeleted),
    ("files removed", Name::FilesDeleted),
    ("files to delete", Name::FilesDeleted),
    ("files to remove", Name::FilesDeleted),
    ("waves", Name::Waves),
    ("execution waves", Name::Waves),
    ("parallel waves", Name::Waves),
    ("wave structure", Name::Waves),
];

/// The text of a list item without its bullet or number.
pub(super) fn list_item(line: &str) -> Option<&str> {
    if let Some(rest) = line.strip_prefix(['-', '*', '+']) {
        return rest.starts_with([' ', '\t']).then(|| rest.trim_start());
    }
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    if rest.len() == line.len() {
        return None;
    }
    let rest = rest.strip_prefix(['.', ')'])?;
    rest.starts_with([' ', '\t']).then(|| rest.trim_start())
}

/// The name that a text spells.
fn name(text: &str) -> Option<Name> {
    let text = text.trim_matches(['*', '_', '`', ' ', '\t']);
    NAMES.iter().find(|(spelling, _)| spells(text, spelling)).map(|(_, name)| *name)
}

fn spells(text: &str, spelling: &str) -> bool {
    let same =
        |(own, wanted): (u8, u8)| own.to_ascii_lowercase() == wanted || (wanted == b' ' && matches!(own, b'_' | b'-'));
    text.len() == spelling.len() && text.bytes().zip(spelling.bytes()).all(same)
}

/// A heading that is a field's name, with what may stand behind a colon.
pub(super) fn fields_of_heading(content: &str) -> Option<(Name, &str)> {
    let (head, value) = content.split_once(':').unwrap_or((content, ""));
    Some((name(head)?, value.trim()))
}

/// The fields of a line: one at its start, and more where bold names follow a `|`, `;` or `,`.
pub(super) fn fields_of_line(line: &str) -> Vec<(Name, &str)> {
    let line = line.trim();
    let line = list_item(line).unwrap_or(line);
    // Most lines of a plan are no fields; this tells it of nearly all of them.
    if !line.starts_with("**") && !line.as_bytes().contains(&b':') {
        return Vec::new();
    }
    let Some((first, mut rest)) = field_at(line) else {
        let later = later_field(line);
        return later.map_or_else(Vec::new, |at| fields_of_line(&line[at..]));
    };
    let mut found = Vec::new();
    let mut open = first;
    while let Some(at) = later_field(rest) {
        found.push((open, value(&rest[..at])));
        let Some((next, after)) = field_at(&rest[at..]) else { return found };
        (open, rest) = (next, after);
    }
    found.push((open, value(rest)));
    found
}

/// A value without what sets it off from the next field.
fn value(text: &str) -> &str {
    text.trim().trim_end_matches(['|', ';', '·', '•']).trim_end()
}

/// The field that a text begins with, and what follows its colon.
fn field_at(text: &str) -> Option<(Name, &str)> {
    // A name is short: to look further would read a long line again for each of its bold words.
    let colon = text.bytes().take(48).position(|byte| byte == b':');
    let Some((head, rest)) = colon.map(|at| (&text[..at], &text[at + 1..])) else {
        let bold = text.strip_prefix("**")?.strip_suffix("**")?;
        return name(bold).map(|name| (name, ""));
    };
    let found = name(head)?;
    let marker = ["**", "__"].into_iter().find(|marker| head.starts_with(marker));
    let rest = match marker {
        Some(marker) if !head.trim_end().ends_with(marker) => rest.strip_prefix(marker).unwrap_or(rest),
        _ => rest,
    };
    Some((found, rest.trim()))
}

/// Where in a line another field begins: a bold name behind something that separates.
fn later_field(line: &str) -> Option<usize> {
    let separated = |at: usize| line[..at].trim_end().ends_with(['|', ';', ',', '·', '•']);
    line.match_indices("**").map(|(at, _)| at).find(|at| separated(*at) && field_at(&line[*at..]).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: &[(Name, &str)]) {
        assert_eq!(fields_of_line(line), expected, "{line:?}");
    }

    #[test]
    fn every_way_to_write_a_field_is_read() {
        check("**Dependencies**: [1]", &[(Name::Dependencies, "[1]")]);
        check("**Dependencies:** [1]", &[(Name::Dependencies, "[1]")]);
        check("__Dependencies__: [1]", &[(Name::Dependencies, "[1]")]);
        check("*Dependencies*: [1]", &[(Name::Dependencies, "[1]")]);
        check("Dependencies : [1]", &[(Name::Dependencies, "[1]")]);
        check("- **Depends on**: 1", &[(Name::Dependencies, "1")]);
        check("  * depends_on: [phase_1]", &[(Name::Dependencies, "[phase_1]")]);
        check("DEPENDS-ON:1", &[(Name::Dependencies, "1")]);
        check("**Risk**", &[(Name::Risk, "")]);
        check("**Risk**: **high**", &[(Name::Risk, "**high**")]);
        check("Risky: high", &[]);
        check("see **Risk**: high", &[]);
        check(
            "**Risk**: low | **Depends on:** [1, 2] | **Complexity**: 3",
            &[(Name::Risk, "low"), (Name::Dependencies, "[1, 2]"), (Name::Complexity, "3")],
        );
        check("**Owner**: me | **Dependencies**: [1]", &[(Name::Dependencies, "[1]")]);
    }
}
