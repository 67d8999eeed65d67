//! The one move of the user's branch and checkout.
//!
//! Order of the steps: lock the index, write all new files aside, delete the old ones, rename the new ones into place,
//! move the branch, rename the new index into place, unlock. Each file changes by one rename, so that after a kill
//! anywhere every path has its old content or its new one; repeating finishes the rest, and a third content anywhere
//! stops before anything is touched. The index is locked by a file of git's own name (`index.lock`) with our content:
//! git keeps off the checkout meanwhile, and after a kill the lock is provably ours.

mod aside;
mod changes;
mod judge;
mod lock;
mod perform;
mod standing;
mod undo;

#[cfg(test)]
mod tests;

use super::GitRepository;
use super::exclusive::Exclusive;
use aside::Aside;
use coordinate_engine::port::{Delivery, DeliveryState, RepositoryError};
use judge::Verdict;
use lock::{IndexLock, LockState};
use perform::Step;

/// What is being done, for errors.
const ACTION: &str = "deliver to the user's branch";

impl GitRepository {
    pub(super) fn judge_delivery(&self, delivery: &Delivery) -> Result<DeliveryState, RepositoryError> {
        // Or another run's delivery that is under way would look like one that was cut off, and the user be told to
        // delete its lock.
        let _turn = self.delivery_turn()?;
        let lock = IndexLock::new(&self.checkout_dir, delivery).state()?;
        Ok(match self.judge(delivery, &lock)? {
            // All but the unlocking: who is told that it is done would leave git locked.
            Verdict::Done if lock == LockState::Ours => DeliveryState::Possible,
            Verdict::Done => DeliveryState::Done,
            Verdict::Blocked(state) => state,
            Verdict::MoveBranch | Verdict::Checkout(_) => DeliveryState::Possible,
        })
    }

    pub(super) fn carry_out_delivery(&self, delivery: &Delivery) -> Result<DeliveryState, RepositoryError> {
        self.deliver_observed(delivery, &mut |_| ())
    }

    /// Delivers and tells each step when it is done; tests end the process there.
    fn deliver_observed(
        &self,
        delivery: &Delivery,
        observe: &mut dyn FnMut(Step),
    ) -> Result<DeliveryState, RepositoryError> {
        let _turn = self.delivery_turn()?;
        let lock = IndexLock::new(&self.checkout_dir, delivery);
        let state = lock.state()?;
        let outcome = self.deliver_locked(delivery, &lock, &state, observe);
        // Also when it failed: a user who must repair something needs a git that works. What was done so far is
        // found again file by file.
        lock.release()?;
        outcome
    }

    /// One delivery to a checkout at a time, looked at or carried out.
    fn delivery_turn(&self) -> Result<Exclusive, RepositoryError> {
        Exclusive::hold(&self.checkout_dir.join("coordinate-delivery.lock"))
    }

    fn deliver_locked(
        &self,
        delivery: &Delivery,
        lock: &IndexLock,
        state: &LockState,
        observe: &mut dyn FnMut(Step),
    ) -> Result<DeliveryState, RepositoryError> {
        let mut verdict = self.judge(delivery, state)?;
        if matches!(verdict, Verdict::Checkout(_)) && *state == LockState::Free {
            if !lock.take()? {
                return Ok(lock.blocked());
            }
            observe(Step::Locked);
            // Judged again: only now does git keep off the checkout.
            verdict = self.judge(delivery, state)?;
        }
        match verdict {
            Verdict::Done => {
                // A kill may have come between the last step and the tidying up.
                Aside::of(&self.top_level, &self.checkout_dir)?.clear()?;
                Ok(DeliveryState::Done)
            }
            Verdict::Blocked(blocked) => {
                // One that was cut off, and that what the user did since keeps from being finished.
                if *state == LockState::Ours {
                    self.take_back(delivery)?;
                }
                Ok(blocked)
            }
            Verdict::MoveBranch => {
                self.update_ref(&delivery.branch, &delivery.new, Some(&delivery.old))?;
                Ok(DeliveryState::Done)
            }
            Verdict::Checkout(plan) => self.perform(delivery, &plan, observe),
        }
    }
}

/// A delivery that can not be done now. `paths` are those in the way.
fn blocked(reason: impl Into<String>, paths: Vec<String>) -> DeliveryState {
    DeliveryState::Blocked { reason: reason.into(), paths }
}
