//! Takes a delivery back that was cut off and can not be finished: a file was changed meanwhile. Every file that it had put
//! in its place gets its old content again, so that the checkout is never left between two commits.

use super::aside::Aside;
use super::changes::{Changes, PathChange};
use super::judge::{Plan, taken_in};
use super::standing::{Fingerprint, Standing};
use crate::git::GitRepository;
use crate::git::command::file_failure;
use crate::git::index::{Blob, Entry};
use crate::git::paths::RepoPath;
use coordinate_engine::port::{Delivery, RepositoryError};
use coordinate_model::ids::Oid;
use std::collections::BTreeMap;

impl GitRepository {
    /// Whoever calls this holds the lock, and the branch is still where it was.
    pub(super) fn take_back(&self, delivery: &Delivery) -> Result<(), RepositoryError> {
        let plan = self.way_back(delivery)?;
        if plan.pending.is_empty() {
            return Ok(());
        }
        let back = Delivery { old: delivery.new.clone(), new: delivery.old.clone(), ..delivery.clone() };
        let aside = Aside::of(&self.top_level, &self.checkout_dir)?;
        aside.make_anew()?;
        let outcome = self.go_back(&back, &plan, &aside);
        aside.clear()?;
        outcome
    }

    fn go_back(&self, back: &Delivery, plan: &Plan, aside: &Aside) -> Result<(), RepositoryError> {
        self.stage(back, plan, aside)?;
        // What the user touches at this very moment is the user's: it stays, and so does what comes after it.
        if self.remove_old(plan, &mut |_| ())?.is_none() {
            self.place_new(plan, aside, &mut |_| ())?;
        }
        Ok(())
    }

    /// What was put in place, or taken away, with what was there before: the old commit's file, or the user's own copy that
    /// the run took in.
    fn way_back(&self, delivery: &Delivery) -> Result<Plan, RepositoryError> {
        let forth = self.changes_between(&delivery.old, &delivery.new)?;
        let taken = taken_in(delivery);
        let mut seen: BTreeMap<RepoPath, Option<Fingerprint>> = BTreeMap::new();
        let mut placed = Vec::new();
        for (path, change) in &forth {
            let place = path.under(&self.top_level);
            let standing = Standing::at(&self.top_level, path);
            match standing.map_err(|error| file_failure("look at", &place, &error))? {
                Standing::File(file) => {
                    if let Some(blob) = change.new_file() {
                        placed.push(Entry { content: Some(blob.clone()), path: path.clone() });
                        seen.insert(path.clone(), Some(file));
                    }
                }
                Standing::Nothing | Standing::Behind(_) | Standing::Folder if change.new.is_none() => {
                    seen.extend(change.old_file().map(|_| (path.clone(), None)));
                }
                Standing::Nothing | Standing::Behind(_) | Standing::Folder => {}
            }
        }
        let arrived = self.equal_files(&placed, &delivery.new)?;
        let is_ours =
            |path: &RepoPath| arrived.contains(path) || forth.get(path).is_some_and(|change| change.new.is_none());
        seen.retain(|path, _| is_ours(path));
        let before = |path: &RepoPath, change: &PathChange| {
            let own = taken.get(path).map(|oid| Blob { mode: "100644".to_owned(), oid: Oid::clone(oid) });
            change.old.clone().or(own)
        };
        let reverse = |(path, change): (&RepoPath, &PathChange)| {
            let back = PathChange { old: change.new.clone(), new: before(path, change) };
            (path.clone(), back)
        };
        let changes: Changes = forth.iter().filter(|(path, _)| seen.contains_key(path)).map(reverse).collect();
        Ok(Plan { changes, pending: seen })
    }
}
