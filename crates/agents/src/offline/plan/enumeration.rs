//! Reads the steps that a request enumerates: in lines, in one sentence with numbers, or with `first … then …`.

/// What a request enumerates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Enumeration {
    /// What stands before the first item.
    pub(super) intro: String,
    pub(super) items: Vec<Item>,
    /// Whether the items follow one another, as numbers and `then` say; points of a list do not.
    pub(super) in_order: bool,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Item {
    /// Its words, in one line.
    pub(super) text: String,
    /// The number that the request gives it.
    pub(super) number: Option<usize>,
    /// The points below it.
    pub(super) parts: Vec<String>,
    /// The fenced blocks below it.
    pub(super) blocks: Vec<Block>,
}

/// A fenced block.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Block {
    pub(super) info: String,
    pub(super) text: String,
}

/// The enumeration of a request; `None` where it has none. One item alone is no enumeration.
pub(super) fn read(request: &str) -> Option<Enumeration> {
    let found = lines(request).or_else(|| numbers(request)).or_else(|| first_then(request))?;
    (found.items.len() > 1 && found.items.iter().all(|item| !item.text.is_empty())).then_some(found)
}

/// What an item of a list begins with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Marker {
    Point,
    Number(usize),
}

/// Reads a list that stands in lines of its own.
fn lines(request: &str) -> Option<Enumeration> {
    let mut reader = Lines::default();
    request.lines().for_each(|line| reader.line(line));
    reader.close_block();
    let numbered = reader.items.iter().all(|item| item.number.is_some());
    let intro = one_line(&reader.intro);
    let intro = intro.trim_end_matches(':').to_owned();
    let in_order = if numbered { !says_any_order(&intro) } else { says_in_order(&intro) };
    Some(Enumeration { intro, items: reader.items, in_order }).filter(|found| found.items.len() > 1)
}

#[derive(Default)]
struct Lines {
    intro: String,
    items: Vec<Item>,
    /// How far the items are set in.
    indent: usize,
    /// What the list's items begin with.
    numbered: bool,
    /// The fence of an open block, how far it is set in, and its block.
    block: Option<(String, usize, Block)>,
    /// A paragraph behind the list has begun.
    over: bool,
    blank: bool,
}

impl Lines {
    fn line(&mut self, line: &str) {
        let text = line.trim();
        let indent = line.len() - line.trim_start().len();
        if self.in_block(line, text) {
            return;
        }
        if let Some(fence) = fence(text).filter(|_| !self.items.is_empty()) {
            let info = text[fence.len()..].trim().to_owned();
            self.block = Some((fence.to_owned(), indent, Block { info, text: String::new() }));
        } else if text.is_empty() {
            self.blank = true;
        } else {
            self.words(text, indent);
            self.blank = false;
        }
    }

    fn words(&mut self, text: &str, indent: usize) {
        match marker(text) {
            Some((marker, rest)) => self.item(marker, rest, indent),
            None if self.items.is_empty() => {
                self.intro.push(' ');
                self.intro.push_str(text);
            }
            // Words at the margin behind an empty line speak of something else.
            None if self.blank && indent <= self.indent => self.over = true,
            None if !self.over => self.go_on(text),
            None => {}
        }
    }

    fn item(&mut self, marker: Marker, rest: &str, indent: usize) {
        if self.items.is_empty() {
            self.indent = indent;
            self.numbered = marker != Marker::Point;
        }
        let own = indent <= self.indent && (marker != Marker::Point) == self.numbered;
        if own {
            let number = match marker {
                Marker::Point => None,
                Marker::Number(number) => Some(number),
            };
            self.items.push(Item { text: one_line(rest), number, ..Item::default() });
            self.over = false;
        } else if let Some(item) = self.items.last_mut().filter(|_| !self.over) {
            item.parts.push(one_line(rest));
        }
    }

    /// A line that goes on with the item, or with the point below it.
    fn go_on(&mut self, text: &str) {
        let Some(item) = self.items.last_mut() else { return };
        let words = item.parts.last_mut().unwrap_or(&mut item.text);
        words.push(' ');
        words.push_str(&one_line(text));
    }

    /// Takes a line of an open block.
    fn in_block(&mut self, line: &str, text: &str) -> bool {
        let Some((fence, indent, block)) = &mut self.block else { return false };
        if text.starts_with(fence.as_str()) && text.trim_matches(['`', '~']).is_empty() {
            self.close_block();
            return true;
        }
        // What the fence is set in by is no part of the commands.
        let own = line.len() - line.trim_start().len();
        block.text.push_str(line.get(own.min(*indent)..).unwrap_or_default());
        block.text.push('\n');
        true
    }

    fn close_block(&mut self) {
        let Some((_, _, mut block)) = self.block.take() else { return };
        block.text.truncate(block.text.trim_end().len());
        if let Some(item) = self.items.last_mut() {
            item.blocks.push(block);
        }
    }
}

/// The fence that a line opens.
fn fence(text: &str) -> Option<&str> {
    let end = text.find(|c| c != '`' && c != '~').unwrap_or(text.len());
    text.get(..end).filter(|fence| fence.len() >= 3)
}

/// What an item's line begins with, and its words.
fn marker(line: &str) -> Option<(Marker, &str)> {
    let point = ["- [ ] ", "- [x] ", "- ", "* ", "+ ", "• ", "– "];
    if let Some(rest) = point.iter().find_map(|mark| line.strip_prefix(mark)) {
        return Some((Marker::Point, rest.trim()));
    }
    let bare = line.trim_start_matches(['(', '*', '#', ' ']);
    let bare = ["step ", "phase ", "Step ", "Phase "].iter().find_map(|word| bare.strip_prefix(word)).unwrap_or(bare);
    let digits = bare.len() - bare.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number = bare.get(..digits)?.parse().ok().filter(|number| *number <= MOST)?;
    let rest = bare.get(digits..)?.strip_prefix(['.', ')', ':'])?;
    let rest = rest.strip_prefix("**").unwrap_or(rest);
    // `1.5` and `3:1` begin no item.
    rest.starts_with(char::is_whitespace).then(|| (Marker::Number(number), rest.trim()))
}

/// A larger number is a year or a size.
const MOST: usize = 99;

/// Reads `… 1) … 2) … 3) …`: the numbers must count from 1.
fn numbers(request: &str) -> Option<Enumeration> {
    let mut starts: Vec<(usize, usize)> = Vec::new();
    for number in 1.. {
        let from = starts.last().map_or(0, |(_, words)| *words);
        let Some(found) = inline_marker(request, from, number) else { break };
        starts.push(found);
    }
    let (first, _) = *starts.first()?;
    let ends = starts.iter().skip(1).map(|(at, _)| *at).chain([request.len()]);
    let items: Vec<Item> = starts
        .iter()
        .zip(ends)
        .enumerate()
        .map(|(index, ((_, words), end))| Item {
            text: clause(request.get(*words..end).unwrap_or_default()),
            number: Some(index + 1),
            ..Item::default()
        })
        .collect();
    let intro = one_line(request.get(..first)?);
    let in_order = !says_any_order(&intro);
    Some(Enumeration { intro, items, in_order }).filter(|found| found.items.len() > 1)
}

/// Where the marker of a number stands at or behind `from`, and where its words begin.
fn inline_marker(text: &str, from: usize, number: usize) -> Option<(usize, usize)> {
    let forms = [format!("({number}) "), format!("{number}) "), format!("{number}. ")];
    let places = forms.iter().filter_map(|form| {
        let mut places = text.get(from..)?.match_indices(form.as_str()).map(|(at, _)| from + at);
        let free = |at: &usize| text[..*at].chars().next_back().is_none_or(|c| c.is_whitespace() || c == '(');
        places.find(free).map(|at| (at, at + form.len()))
    });
    places.min()
}

/// Words that lead a step in a sentence.
const LEADS: &[&str] = &[
    "after that",
    "and then",
    "and finally",
    "secondly",
    "second",
    "thirdly",
    "third",
    "fourth",
    "then",
    "next",
    "finally",
    "lastly",
    "afterwards",
    "at last",
];

/// Reads `first … then … finally …`.
fn first_then(request: &str) -> Option<Enumeration> {
    let request = one_line(request);
    let low = request.to_ascii_lowercase();
    let clauses = clause_starts(&low);
    let lead_at = |at: usize, leads: &[&'static str]| {
        let lead = leads.iter().find(|lead| begins_with_word(&low[at..], lead))?;
        Some((at, at + lead.len()))
    };
    let first = clauses.iter().find_map(|at| lead_at(*at, &["firstly", "first"]))?;
    let later = clauses.iter().filter(|at| **at > first.0).filter_map(|at| lead_at(*at, LEADS));
    let mut starts = vec![first];
    starts.extend(later);
    let ends: Vec<usize> = starts.iter().skip(1).map(|(at, _)| *at).chain([request.len()]).collect();
    let words = |((_, words), end): (&(usize, usize), &usize)| clause(request.get(*words..*end).unwrap_or_default());
    let items: Vec<Item> = starts.iter().zip(&ends).map(words).map(|text| Item { text, ..Item::default() }).collect();
    let intro = clause(request.get(..first.0)?);
    Some(Enumeration { intro, items, in_order: true }).filter(|found| found.items.len() > 1)
}

/// Where clauses begin: at the start, and behind a comma, a colon, a full stop, a dash or `and`.
fn clause_starts(text: &str) -> Vec<usize> {
    let mut starts = vec![0];
    for end in [", ", "; ", ". ", ": ", "- ", "– ", "— ", " and "] {
        starts.extend(text.match_indices(end).map(|(at, _)| at + end.len()));
    }
    starts.sort_unstable();
    starts
}

fn begins_with_word(text: &str, word: &str) -> bool {
    text.strip_prefix(word).is_some_and(|rest| rest.starts_with([' ', ',', ':']))
}

/// A step's words out of a sentence: without the signs and the `and` around them.
fn clause(text: &str) -> String {
    let mut text = one_line(text);
    loop {
        let signs = |c: char| c.is_whitespace() || ".,;:(–—".contains(c);
        let bare = text.trim_matches(signs);
        let bare = bare.strip_suffix(" and").or_else(|| bare.strip_suffix(" -")).unwrap_or(bare);
        if bare.len() == text.len() {
            return text;
        }
        text = bare.to_owned();
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn says_any_order(intro: &str) -> bool {
    let low = intro.to_lowercase();
    ["parallel", "any order", "independent", "at the same time", "concurrent"].iter().any(|word| low.contains(word))
}

fn says_in_order(intro: &str) -> bool {
    let low = intro.to_lowercase();
    let words = [
        "in order",
        "in this order",
        "in that order",
        "one after another",
        "one after the other",
        "sequential",
        "step by step",
    ];
    words.iter().any(|word| low.contains(word)) && !says_any_order(intro)
}
