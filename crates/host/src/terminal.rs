//! What is known of the terminal that a program writes to.

use std::os::fd::AsFd;

/// Columns and rows; `None` when it is no terminal. One that does not say has the size of old.
#[must_use]
pub fn size(of: &impl AsFd) -> Option<(usize, usize)> {
    let window = rustix::termios::tcgetwinsize(of).ok()?;
    let or = |told: u16, usual: usize| if told == 0 { usual } else { usize::from(told) };
    Some((or(window.ws_col, 80), or(window.ws_row, 24)))
}
