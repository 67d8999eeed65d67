//! Links of a Markdown text.

use pulldown_cmark::{Event, Parser, Tag};

/// The targets of a text's links and images that name files: no scheme, no bare anchor; without their anchor.
#[must_use]
pub fn relative_links(text: &str) -> Vec<String> {
    let targets = Parser::new(text).filter_map(|event| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => Some(dest_url.into_string()),
        _ => None,
    });
    let files = targets.filter(|target| !target.starts_with('#') && !has_scheme(target));
    files.map(|target| target.split('#').next().unwrap_or_default().replace("%20", " ")).collect()
}

fn has_scheme(target: &str) -> bool {
    target.split_once(':').is_some_and(|(scheme, _)| scheme.len() > 1 && !scheme.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_to_files_count() {
        let text = "[a](x.md) [b](https://e.org/y) [c](#part) ![d](p/q%20r.png) [e](../z.md#top) `[f](no.md)`";
        assert_eq!(relative_links(text), ["x.md", "p/q r.png", "../z.md"]);
    }
}
