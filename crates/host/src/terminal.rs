//! The terminal that a program writes to: what is known of it, and how to outlive it.

use std::os::fd::AsFd;

/// Columns and rows; `None` when it is no terminal. One that does not say has the size of old.
#[must_use]
pub fn size(of: &impl AsFd) -> Option<(usize, usize)> {
    let window = rustix::termios::tcgetwinsize(of).ok()?;
    let or = |told: u16, usual: usize| if told == 0 { usual } else { usize::from(told) };
    Some((or(window.ws_col, 80), or(window.ws_row, 24)))
}

/// Leaves the terminal for good: its closing and its interrupts reach this process no more. One that leads a group of
/// its own stays as it is.
pub fn leave() {
    // Refused only to the leader of a group, whom no terminal's signals reach through its parent's group.
    let _ = rustix::process::setsid();
}
