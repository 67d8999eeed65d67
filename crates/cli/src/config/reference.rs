//! The keys as a commented file and as a page of the documentation.

use super::keys::{KEYS, Kind};

/// A commented configuration file with every key and its default.
pub(crate) fn template() -> String {
    let mut text = "# Configuration of coordinate for this project. Uncomment what you change.\n".to_owned();
    let mut table = "";
    for key in &KEYS {
        let (section, name) = key.name.rsplit_once('.').unwrap_or(("", key.name));
        if section != table {
            text.push_str(&format!("\n[{section}]\n"));
            table = section;
        }
        let default = match (key.default, key.kind) {
            ("", Kind::Number | Kind::Amount) => "0",
            ("", _) => "\"\"",
            (default, _) => default,
        };
        text.push_str(&format!("# {}\n# {name} = {default}\n", key.help));
    }
    text
}

/// Every key as a Markdown page, after its title.
pub(crate) fn reference() -> String {
    let mut text = include_str!("precedence.md").to_owned();
    text.push_str("\n| key | default | meaning |\n|---|---|---|\n");
    for key in &KEYS {
        let default = if key.default.is_empty() { String::new() } else { format!("`{}`", key.default) };
        text.push_str(&format!("| `{}` | {default} | {} |\n", key.name, key.help));
    }
    text.push('\n');
    text.push_str(include_str!("places.md"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_valid_and_names_every_key() {
        let text = template();
        assert!(text.parse::<toml::Table>().is_ok());
        let uncommented = text.replace("# ", "");
        assert!(KEYS.iter().all(|key| uncommented.contains(key.name.rsplit('.').next().unwrap())));
    }
}
