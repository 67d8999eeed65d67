//! Row 16: keeping a tree of many files, against `git status` on it.

use super::{Bench, figures, number, row};
use crate::shell::{TaskError, output};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Files of the tree.
const FILES: usize = 50_000;
/// A file system without a disk, where there is one: making so many files elsewhere measures the disk.
const MEMORY: &str = "/dev/shm";

/// The row; names the file system that it was measured on.
pub(super) fn rows(bench: &mut Bench) -> Result<(), TaskError> {
    let memory = Path::new(MEMORY);
    let folder = if memory.is_dir() {
        memory.join(format!("coordinate-bench-{}", std::process::id()))
    } else {
        bench.fresh()?
    };
    let measured = measure(bench, &folder);
    let cleared = std::fs::remove_dir_all(&folder);
    let (figures, system) = measured?;
    cleared.map_err(|cause| TaskError::failed(format!("failed to remove `{}`: {cause}", folder.display())))?;
    let all = |name: &str| {
        let keys = figures.keys().filter(|key| key.starts_with(name));
        keys.map(|key| number(&figures, key)).collect::<Result<Vec<f64>, _>>()
    };
    row("16", &format!("`git status`, {FILES} files on {system}, ms"), all("status_ms")?, 0);
    row("16", &format!("snapshot, {FILES} files, 10 changed, ms"), all("snapshot_ms")?, 0);
    row("16", "snapshot ÷ `git status`", all("ratio")?, 2);
    Ok(())
}

fn measure(bench: &Bench, folder: &PathBuf) -> Result<(super::Figures, String), TaskError> {
    let mut workload = Command::new(&bench.workload);
    let figures = figures(&output(workload.arg("snapshot").arg(folder).arg(FILES.to_string()))?);
    let system = output(Command::new("stat").args(["-f", "-c", "%T"]).arg(folder))?;
    Ok((figures, system.trim().to_owned()))
}
