//! Verdicts that are known already: by this run, or by another one of the project.
//!
//! A verdict counts for one command on one tree in one environment. One that was kept by another run counts only if it
//! passed: a red one is asked again, since what is flaky or was the machine's fault is asked again anyway. The place where
//! they are kept is a cache: each name has one file, a later verdict takes the place of an earlier one, and what can not be
//! read is not there. So it never grows beyond its names, and losing it costs time alone.

use super::Job;
use coordinate_model::digest::hex_sha256;
use coordinate_model::event::{Before, Verdict};
use coordinate_model::ids::{Oid, RunId};
use coordinate_model::time::UtcMillis;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The version of a kept verdict's file.
const FORMAT: u32 = 1;

/// How much of the hash is a file's name: 4,096 names.
const NAME: usize = 3;

/// A verdict as it is kept for other runs.
#[derive(Serialize, Deserialize)]
struct Kept {
    format: u32,
    run: RunId,
    at: UtcMillis,
    verdict: Verdict,
}

impl Job {
    /// What names the environment of a command; `None` in runs that were begun without.
    pub(super) fn environment(&self, command: &str) -> Option<String> {
        let options = &self.created.options;
        let variables = &options.verdicts.as_ref()?.variables;
        let mut lines = self.tools.surroundings.of(command, variables);
        for setup in &options.tree_setup {
            lines.push(format!("set-up {setup}"));
            lines.extend(self.tools.surroundings.of(setup, &[]));
        }
        Some(hex_sha256(lines.join("\n").as_bytes()))
    }

    /// A known verdict on a tree.
    pub(super) fn known_verdict(&self, command: &str, tree: &Oid) -> Option<Verdict> {
        let environment = self.environment(command);
        let same = |verdict: &&Verdict| {
            verdict.command == command && verdict.tree == *tree && verdict.environment == environment
        };
        // A step that is tried again wants to hear again what failed.
        let counts = |verdict: &&Verdict| verdict.passed || self.key.attempt <= 1;
        let own = self.verdicts.iter().rev().find(same).filter(counts).cloned();
        own.or_else(|| self.kept_verdict(command, tree, environment?))
    }

    /// The verdict of another run.
    fn kept_verdict(&self, command: &str, tree: &Oid, environment: String) -> Option<Verdict> {
        let path = self.verdict_file(command, tree, &environment)?;
        let bytes = self.tools.files.read(&path).ok().flatten()?;
        let kept: Kept = serde_json::from_slice(&bytes).ok().filter(|kept: &Kept| kept.format == FORMAT)?;
        let Kept { run, at, verdict, .. } = kept;
        let same = verdict.command == command && verdict.tree == *tree && verdict.environment == Some(environment);
        (same && verdict.passed).then_some(Verdict { before: Some(Before { run, at }), ..verdict })
    }

    /// Keeps a verdict for other runs. One that can not be kept is asked again, and nothing else comes of it.
    pub(super) fn keep_verdict(&self, verdict: &Verdict) {
        let Some(environment) = verdict.environment.as_deref().filter(|_| verdict.passed) else { return };
        let Some(path) = self.verdict_file(&verdict.command, &verdict.tree, environment) else { return };
        let (run, at) = (self.created.run.clone(), self.tools.clock.now());
        let kept = Kept { format: FORMAT, run, at, verdict: verdict.clone() };
        if let Ok(bytes) = serde_json::to_vec(&kept) {
            let _ = self.tools.files.write(&path, &bytes);
        }
    }

    /// `None` where nothing is shared: nobody wants it, or files of the checkout that no tree holds are a part of it.
    fn verdict_file(&self, command: &str, tree: &Oid, environment: &str) -> Option<PathBuf> {
        let options = &self.created.options;
        let shared = options.verdicts.as_ref().is_some_and(|verdicts| verdicts.shared);
        let hash = hex_sha256(format!("{tree}\n{environment}\n{command}").as_bytes());
        let name = hash.get(..NAME).filter(|_| shared && options.tree_links.is_empty())?;
        Some(self.tools.verdicts_root.join(format!("{name}.json")))
    }
}
