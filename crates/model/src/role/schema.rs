//! The JSON Schema of what a role writes: a fenced block ```` ```json schema ```` in the role's own text, so that the agent
//! reads it where it reads what to do, and a role stays one file.

use super::Role;
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

/// A schema in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// The line in which its fence begins, from 1.
    pub line: u32,
    /// JSON, as it stands.
    pub text: String,
}

impl Role {
    /// The schema that what it writes must keep.
    #[must_use]
    pub fn schema(&self) -> Option<Schema> {
        schemas(&self.text).into_iter().next()
    }
}

/// All schemas of a text: a role has at most one.
#[must_use]
pub fn schemas(text: &str) -> Vec<Schema> {
    let mut found = Vec::new();
    let mut open: Option<Schema> = None;
    for (event, range) in Parser::new(text).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) if is_schema(&info) => {
                let before = text.as_bytes().get(..range.start).unwrap_or_default();
                let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
                open = Some(Schema { line: u32::try_from(line).unwrap_or(u32::MAX), text: String::new() });
            }
            Event::Text(part) => open.iter_mut().for_each(|schema| schema.text.push_str(&part)),
            Event::End(TagEnd::CodeBlock) => found.extend(open.take()),
            _ => {} // tidy: open set
        }
    }
    found
}

/// Whether the words behind a fence say that a schema follows.
pub(super) fn is_schema(info: &str) -> bool {
    info.split_whitespace().eq(["json", "schema"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_that_says_so_is_the_schema() {
        let text = "# Role\n\n```json\n{\"an\": \"example\"}\n```\n\n```json schema\n{\"type\":\n \"object\"}\n```\n";
        let found = schemas(text);
        assert_eq!(found, [Schema { line: 7, text: "{\"type\":\n \"object\"}\n".to_owned() }]);
        assert_eq!(Role { text: text.to_owned(), ..Role::default() }.schema(), found.into_iter().next());
        assert_eq!(schemas("```json schema\n1\n```\n```json  schema\n2\n```\n").len(), 2);
        assert!(schemas("```json\n{}\n```\n").is_empty() && schemas("json schema").is_empty());
    }
}
