//! Threads of one process waiting for one thing, served in the order of arrival.
//!
//! The standard mutex lets a newcomer overtake those that sleep, so a thread that writes in a tight loop
//! could starve the others; and it has no deadline.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

#[derive(Debug, Default)]
struct Line {
    /// The ticket whose owner has the turn; `None` when nobody has.
    current: Option<u64>,
    waiting: VecDeque<(u64, Thread)>,
    next_ticket: u64,
}

/// A first-in-first-out lock with a deadline.
#[derive(Debug, Default)]
pub(crate) struct FairQueue {
    line: Mutex<Line>,
}

/// The right to go on alone. Dropping it gives the turn to the one that waits longest.
#[derive(Debug)]
pub(crate) struct Turn<'queue> {
    queue: &'queue FairQueue,
}

impl FairQueue {
    /// Waits for the turn until `deadline`; `None` when it passes first.
    pub(crate) fn enter(&self, deadline: Instant) -> Option<Turn<'_>> {
        let mut line = self.lock();
        let ticket = line.next_ticket;
        line.next_ticket += 1;
        if line.current.is_none() {
            line.current = Some(ticket);
            return Some(Turn { queue: self });
        }
        line.waiting.push_back((ticket, thread::current()));
        drop(line);
        self.wait(ticket, deadline)
    }

    fn wait(&self, ticket: u64, deadline: Instant) -> Option<Turn<'_>> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            // A wake-up sent before this call is kept by the thread's token, so none is missed.
            thread::park_timeout(left);
            let mut line = self.lock();
            // A turn that was handed over must be taken even when the deadline is over: nobody else will.
            if line.current == Some(ticket) {
                return Some(Turn { queue: self });
            }
            if Instant::now() >= deadline {
                line.waiting.retain(|(waiting, _)| *waiting != ticket);
                return None;
            }
        }
    }

    /// A thread that panicked elsewhere leaves the line itself whole, so poison says nothing here.
    fn lock(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many threads wait.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Gives the turn to the next in line; false when nobody waits.
    fn advance(line: &mut Line) -> bool {
        let Some((ticket, thread)) = line.waiting.pop_front() else { return false };
        line.current = Some(ticket);
        thread.unpark();
        true
    }
}

impl<'queue> Turn<'queue> {
    /// Gives the turn to the next in line, which can not decline it; returns it when nobody waits.
    pub(crate) fn hand_over(self) -> Result<(), Turn<'queue>> {
        if FairQueue::advance(&mut self.queue.lock()) {
            std::mem::forget(self);
            return Ok(());
        }
        Err(self)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut line = self.queue.lock();
        if !FairQueue::advance(&mut line) {
            line.current = None;
        }
    }
}

/// The longest limit that is obeyed: SQLite counts milliseconds in 32 bits, and the clock can not add without end.
pub(crate) const LONGEST_LIMIT: Duration = Duration::from_secs(20 * 24 * 3600);

/// The moment at which a wait that begins now is given up.
pub(crate) fn deadline_after(limit: Duration) -> Instant {
    Instant::now() + limit.min(LONGEST_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::mpsc;

    fn soon() -> Instant {
        deadline_after(Duration::from_secs(20))
    }

    #[test]
    fn waiters_are_served_in_the_order_of_arrival() {
        let queue = Arc::new(FairQueue::default());
        let (report, order) = mpsc::channel();
        let turn = queue.enter(soon()).unwrap();
        let threads: Vec<_> = (0..8)
            .map(|number| {
                let (queue_of_thread, report) = (Arc::clone(&queue), report.clone());
                let thread = thread::spawn(move || {
                    let _turn = queue_of_thread.enter(soon()).unwrap();
                    report.send(number).unwrap();
                });
                while queue.waiting() <= number {
                    thread::yield_now();
                }
                thread
            })
            .collect();
        drop(turn);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        drop(report);
        assert_eq!(order.iter().collect::<Vec<_>>(), (0..8).collect::<Vec<_>>());
    }

    #[test]
    fn a_waiter_that_gives_up_leaves_the_line() {
        let queue = FairQueue::default();
        let turn = queue.enter(soon()).unwrap();
        assert!(queue.enter(deadline_after(Duration::from_millis(5))).is_none());
        assert_eq!(queue.waiting(), 0);
        assert!(turn.hand_over().is_err(), "nobody waits any more");
        assert!(queue.enter(soon()).is_some());
    }

    #[test]
    fn a_turn_handed_over_at_the_last_moment_is_taken() {
        let queue = FairQueue::default();
        let turn = queue.enter(soon()).unwrap();
        let ticket = 7;
        queue.lock().waiting.push_back((ticket, thread::current()));
        assert!(turn.hand_over().is_ok());
        assert!(queue.wait(ticket, Instant::now()).is_some(), "the turn was lost, all others would wait for ever");
    }
}
