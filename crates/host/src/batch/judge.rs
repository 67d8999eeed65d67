//! How far a batch came: what the disk says of each of its steps.

use super::BatchError;
use super::place::{Kind, kind, resolve};
use super::record::{Image, Record, Step};
use std::path::Path;

/// What is found where a step does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// What was there before.
    Before,
    /// What the step leaves.
    After,
    /// Something else: somebody's change, which is never written over.
    Neither,
}

/// Whether something has gone from one place to the other.
pub(super) fn moved(from: Kind, to: Kind) -> bool {
    from == Kind::Nothing && to != Kind::Nothing
}

/// The moves of a batch that are done.
pub(super) fn done_moves(root: &Path, record: &Record) -> Result<Vec<(String, String)>, BatchError> {
    let mut done = Vec::new();
    for step in &record.steps {
        if let Step::Rename { from, to } = step
            && moved(kind(&resolve(root, from)?), kind(&resolve(root, to)?))
        {
            done.push((from.clone(), to.clone()));
        }
    }
    Ok(done)
}

/// Where a path is when these moves are done.
pub(super) fn located(path: &str, done: &[(String, String)]) -> String {
    let under = |(from, to): &(String, String)| {
        let rest = path.strip_prefix(from.as_str())?;
        (rest.is_empty() || rest.starts_with('/')).then(|| format!("{to}{rest}"))
    };
    done.iter().find_map(under).unwrap_or_else(|| path.to_owned())
}

/// How a step stands. `done` are the moves behind which its files lie elsewhere.
pub(super) fn standing(root: &Path, step: &Step, done: &[(String, String)]) -> Result<Standing, BatchError> {
    let place = |path: &str| resolve(root, &located(path, done));
    let image = |path: &str| -> Result<Option<Image>, BatchError> {
        let place = place(path)?;
        match kind(&place) {
            Kind::Nothing | Kind::File => Ok(Image::of(&place)?.map(|(image, _)| image)),
            // Never equal to what a file was.
            Kind::Folder | Kind::Other => Ok(Some(Image { hash: String::new(), mode: 0 })),
        }
    };
    let hash = |image: Option<&Image>| image.map(|image| image.hash.clone());
    Ok(match step {
        Step::MakeFolder { path } => present(kind(&place(path)?), Standing::After, Standing::Before),
        Step::RemoveFolder { path } => present(kind(&place(path)?), Standing::Before, Standing::After),
        Step::Write { path, before, after } => {
            let found = hash(image(path)?.as_ref());
            compare(found.as_ref(), hash(before.as_ref()).as_ref(), Some(after))
        }
        Step::Remove { path, before } => compare(hash(image(path)?.as_ref()).as_ref(), Some(&before.hash), None),
        Step::Rename { from, to } => match (kind(&resolve(root, from)?), kind(&resolve(root, to)?)) {
            (Kind::Nothing, Kind::Nothing) => Standing::Neither,
            (Kind::Nothing, _) => Standing::After,
            (_, Kind::Nothing) => Standing::Before,
            (_, _) => Standing::Neither,
        },
    })
}

fn present(kind: Kind, there: Standing, missing: Standing) -> Standing {
    match kind {
        Kind::Folder => there,
        Kind::Nothing => missing,
        Kind::File | Kind::Other => Standing::Neither,
    }
}

fn compare(found: Option<&String>, before: Option<&String>, after: Option<&String>) -> Standing {
    if found == after {
        Standing::After
    } else if found == before {
        Standing::Before
    } else {
        Standing::Neither
    }
}
