//! The page of what becomes of a run whose model's service fails: the tables that the tests with real clients hold.

use crate::shell::TaskError;
use crate::workspace::Workspace;

/// Where the tests keep their tables, a file for each client.
const TABLES: &str = "crates/cli/tests/clients/snapshots";

/// Each client: its file there, and how it is called.
const CLIENTS: [(&str, &str); 4] =
    [("claude", "Claude Code"), ("codex", "Codex"), ("gemini", "Gemini CLI"), ("opencode", "opencode")];

const BEGIN: &str = "# When a model's service fails\n\n\
    Made by `cargo xtask generate` from what the tests with real clients saw; `cargo xtask tidy` compares. Each line is a run of\n\
    one step through `coordinate run`, tried once and with `--no-wait`, with a fake service that fails in this way for ever\n\
    ([how](clients-tests.md)). The limits of silence are short there, from 10 to 30 seconds, and opencode is told when to come\n\
    again: its own pauses between two tries grow for minutes. What each class leads to stands in [errors.md](errors.md).\n\n\
    A limit of use is one whatever the client makes of it, and nothing that hangs is waited for without an end. A client that\n\
    tries again by itself, and longer than it may be silent, is ended with the reason that it gave last.\n";

const HEAD: &str = "| failure | the client | class | kind | message | exit code |\n|---|---|---|---|---|---|\n";

/// The whole page.
pub(crate) fn page(workspace: &Workspace) -> Result<String, TaskError> {
    let mut text = BEGIN.to_owned();
    for (file, name) in CLIENTS {
        let path = format!("{TABLES}/clients__faults__{file}.snap");
        let snapshot = workspace.read(&path).ok_or_else(|| missing(&path))?;
        text.push_str(&format!("\n## {name}\n\n{HEAD}{}", table(&snapshot).ok_or_else(|| missing(&path))?));
    }
    Ok(text)
}

fn missing(path: &str) -> TaskError {
    TaskError::failed(format!(
        "there is no table in `{path}`: `cargo xtask clients --test` with `INSTA_UPDATE=always` makes it"
    ))
}

/// What a snapshot holds, without what it says of itself.
fn table(snapshot: &str) -> Option<String> {
    let (_, lines) = snapshot.strip_prefix("---\n")?.split_once("\n---\n")?;
    Some(format!("{}\n", lines.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn a_table_is_what_follows_the_head_of_a_snapshot() {
        let snapshot = "---\nsource: a.rs\n---\n| a | b |\n| c | d |\n";
        assert_eq!(table(snapshot).as_deref(), Some("| a | b |\n| c | d |\n"));
        assert_eq!(table("| a | b |\n"), None);
    }
}
