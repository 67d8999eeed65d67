//! Plans, phase by phase.

use std::fmt::Write;

/// A plan that is being written.
#[derive(Clone)]
pub(crate) struct Plan {
    text: String,
    phases: u32,
}

impl Plan {
    /// A plan without phases.
    pub(crate) fn new() -> Self {
        Self { text: "# Small Things\n".to_owned(), phases: 0 }
    }

    /// A phase with a fenced block and, if not empty, a files field.
    fn phase(mut self, name: &str, after: &[u32], files: &str, info: &str, block: &str) -> Self {
        self.phases += 1;
        let _ = writeln!(self.text, "\n### Phase {}: {name}\n", self.phases);
        if !after.is_empty() {
            let _ = writeln!(self.text, "**Dependencies**: {after:?}");
        }
        if !files.is_empty() {
            let _ = writeln!(self.text, "**Files**: {files}");
        }
        let _ = writeln!(self.text, "\n- [ ] do {name}\n\n```{info}\n{}\n```", block.trim());
        self
    }

    /// A phase that the scripted agent does.
    pub(crate) fn script(self, name: &str, after: &[u32], files: &str, script: &str) -> Self {
        self.phase(name, after, files, "script", script)
    }

    /// A phase that the offline agent does.
    pub(crate) fn sh(self, name: &str, after: &[u32], files: &str, commands: &str) -> Self {
        self.phase(name, after, files, "sh", commands)
    }

    /// The plan's text when every phase is complete.
    pub(crate) fn ticked(&self) -> String {
        let complete =
            |line: &str| if line.starts_with("### ") { format!("{line} [COMPLETE]\n") } else { format!("{line}\n") };
        self.text.lines().map(complete).collect::<String>().replace("- [ ]", "- [x]")
    }

    /// The plan's text.
    pub(crate) fn text(&self) -> String {
        self.text.clone()
    }
}
