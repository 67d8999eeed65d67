//! The front matter of a role file: the small part of YAML that such files use.

/// A field of a front matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    /// Its name, lower case.
    pub(super) name: String,
    /// Its value; the entries of a list are joined with commas, the lines of a block with spaces.
    pub(super) value: String,
    /// Its line, from 1.
    pub(super) line: u32,
}

/// A file taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Front<'a> {
    /// The fields; `None` where the file has no front matter.
    pub(super) fields: Option<Vec<Field>>,
    /// Lines that are no fields.
    pub(super) strange: Vec<u32>,
    /// Whether the front matter never ends. Then it is taken to be none.
    pub(super) unclosed: bool,
    /// What stands behind it.
    pub(super) text: &'a str,
    /// The line in which that begins, from 1.
    pub(super) text_line: u32,
}

/// Takes a file apart. Every text is one: without a front matter all of it is text.
pub(super) fn front(file: &str) -> Front<'_> {
    let bare = file.trim_start_matches('\u{feff}');
    let mut lines = bare.split_inclusive('\n');
    let whole = |unclosed| Front { fields: None, strange: Vec::new(), unclosed, text: bare, text_line: 1 };
    let Some(first) = lines.next().filter(|first| first.trim_end() == "---") else { return whole(false) };
    let (mut at, mut reading) = (first.len(), Reading::default());
    for (number, line) in (2..).zip(lines) {
        at += line.len();
        if matches!(line.trim_end(), "---" | "...") {
            let text = bare.get(at..).unwrap_or_default();
            return Front {
                fields: Some(reading.fields),
                strange: reading.strange,
                unclosed: false,
                text,
                text_line: number + 1,
            };
        }
        reading.line(number, line.trim_end());
    }
    whole(true)
}

#[derive(Default)]
struct Reading {
    fields: Vec<Field>,
    strange: Vec<u32>,
}

impl Reading {
    fn line(&mut self, number: u32, line: &str) {
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with('#') {
            return;
        }
        let goes_on = line.starts_with(char::is_whitespace) || bare.starts_with("- ");
        match (goes_on, self.fields.last_mut(), bare.split_once(':')) {
            (true, Some(field), _) => field.go_on(bare),
            (false, _, Some((name, value))) if is_name(name) => {
                self.fields.push(Field { name: name.trim().to_lowercase(), value: plain(value), line: number });
            }
            (true, None, _) | (false, _, _) => self.strange.push(number),
        }
    }
}

impl Field {
    /// Takes in a further line: an entry of a list, or the next line of a text.
    fn go_on(&mut self, line: &str) {
        let (joint, line) = line.strip_prefix("- ").map_or((" ", line), |entry| (", ", entry));
        if !self.value.is_empty() {
            self.value.push_str(joint);
        }
        self.value.push_str(&plain(line));
    }

    /// The entries of a list: `a, b`, `[a, b]`, or one a line.
    pub(super) fn entries(&self) -> Vec<String> {
        let bare = self.value.trim_start_matches('[').trim_end_matches(']');
        bare.split(',').map(plain).filter(|entry| !entry.is_empty()).collect()
    }
}

fn is_name(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "_- ".contains(c))
}

/// A value without its quotes. What opens a block of lines (`|`, `>`) has no value of its own.
fn plain(value: &str) -> String {
    let value = value.trim();
    if matches!(value, "|" | ">" | "|-" | ">-" | "|+" | ">+") {
        return String::new();
    }
    let quoted = |mark: char| value.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark));
    quoted('"').or_else(|| quoted('\'')).unwrap_or(value).trim().to_owned()
}
