//! The moments that refs hold: each snapshot names the one that it comes after.

use super::KeptTree;
use crate::git::GitRepository;
use crate::git::command::Call;
use crate::git::snapshot::{EARLIER, HEAD};
use coordinate_engine::port::RepositoryError;
use coordinate_model::ids::Oid;
use coordinate_model::time::UtcMillis;
use std::collections::BTreeMap;

const ACTION: &str = "read what is kept";
const FORMAT: &str = "--format=%H%x01%T%x01%ct%x01%B%x00";

/// A commit, as far as it tells of a moment.
#[derive(Debug)]
struct Record {
    tree: Oid,
    at: UtcMillis,
    message: String,
}

type Records = BTreeMap<Oid, Record>;

impl GitRepository {
    /// Every moment that the refs below a prefix hold: refs by their name, of each the newest moment first.
    ///
    /// # Errors
    /// When git fails.
    pub fn kept_trees(&self, prefix: &str) -> Result<Vec<KeptTree>, RepositoryError> {
        let prefix = format!("{}/", prefix.trim_end_matches('/'));
        let refs = self.list_refs(&prefix)?;
        if refs.is_empty() {
            return Ok(Vec::new());
        }
        // One call reads nearly all: snapshots are on no branch. What is on one has its content there, and is read alone.
        let tips = refs.iter().map(|(_, tip)| tip.as_str());
        let mut records = read(self.call(ACTION).args(["rev-list", "--no-commit-header", FORMAT]).args(tips), true)?;
        loop {
            let missing: Vec<Oid> = refs.iter().filter_map(|(_, tip)| first_missing(&records, tip)).collect();
            if missing.is_empty() {
                break;
            }
            let call = self.call(ACTION).args(["rev-list", "--no-walk=unsorted", "--no-commit-header", FORMAT]);
            let found = read(call.args(missing.iter().map(Oid::as_str)), false)?;
            if found.is_empty() {
                break;
            }
            records.extend(found);
        }
        let names = refs.iter().map(|(name, tip)| (name.strip_prefix(&prefix).unwrap_or(name), tip));
        Ok(names.flat_map(|(name, tip)| moments(&records, name, tip)).collect())
    }
}

fn read(call: Call, walks: bool) -> Result<Records, RepositoryError> {
    let call = if walks { call.args(["--not", "--branches"]) } else { call };
    let out = call.run()?.out;
    Ok(out.split(|byte| *byte == 0).filter_map(record).collect())
}

fn record(bytes: &[u8]) -> Option<(Oid, Record)> {
    let text = String::from_utf8_lossy(bytes.trim_ascii_start());
    let mut parts = text.splitn(4, '\u{1}');
    let commit = parts.next()?.parse().ok()?;
    let tree = parts.next()?.parse().ok()?;
    let seconds: i64 = parts.next()?.parse().ok()?;
    let message = parts.next()?.to_owned();
    Some((commit, Record { tree, at: UtcMillis(seconds.saturating_mul(1000)), message }))
}

impl Record {
    fn named(&self, key: &str) -> Option<Oid> {
        self.message.lines().rev().find_map(|line| line.strip_prefix(key))?.parse().ok()
    }

    /// The moment before. Only a snapshot has one, whatever an agent's commit says of itself.
    fn earlier(&self) -> Option<Oid> {
        self.named(HEAD).and_then(|_| self.named(EARLIER))
    }
}

/// The first commit of a chain that was not read.
fn first_missing(records: &Records, tip: &Oid) -> Option<Oid> {
    let mut next = tip.clone();
    loop {
        let Some(record) = records.get(&next) else { return Some(next) };
        next = record.earlier()?;
    }
}

fn moments(records: &Records, name: &str, tip: &Oid) -> Vec<KeptTree> {
    let mut kept = Vec::new();
    let mut next = Some(tip.clone());
    while let Some((commit, record)) = next.take().and_then(|commit| Some((commit.clone(), records.get(&commit)?))) {
        let name = if kept.is_empty() { name.to_owned() } else { format!("{name}~{}", kept.len()) };
        next = record.earlier();
        kept.push(KeptTree {
            name,
            head: record.named(HEAD).unwrap_or_else(|| commit.clone()),
            commit,
            tree: record.tree.clone(),
            at: record.at,
            why: record.message.lines().next().unwrap_or_default().to_owned(),
        });
    }
    kept
}
