//! A real terminal for the program's errors, and what stands on its screen.

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

/// What a program did to its terminal.
pub(crate) struct Shown {
    pub(crate) code: Option<i32>,
    /// All that it wrote.
    pub(crate) raw: String,
    /// The screen after each drawing, as text.
    pub(crate) frames: Vec<String>,
    /// The screen at the end.
    pub(crate) screen: String,
}

/// A terminal of this size: our end, and the program's. A program that inherited our end would keep it from going away.
fn terminal(columns: u16, rows: u16) -> (OwnedFd, OwnedFd) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a terminal");
    grantpt(&ours).expect("a terminal can be granted");
    unlockpt(&ours).expect("a terminal can be unlocked");
    let name = ptsname(&ours, Vec::new()).expect("a terminal has a name");
    let theirs = open(name.as_c_str(), OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())
        .expect("a terminal can be opened");
    tcsetwinsize(&theirs, Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).expect("a size");
    (ours, theirs)
}

/// Runs a command with its errors on a terminal.
#[track_caller]
pub(crate) fn on_terminal(mut command: Command, (columns, rows): (u16, u16)) -> Shown {
    let (ours, theirs) = terminal(columns, rows);
    command.stdout(Stdio::null()).stderr(Stdio::from(theirs));
    let mut child = command.spawn().expect("the program can be started");
    // The command still holds the program's end; while it does, ours never comes to its end.
    drop(command);
    let mut bytes = Vec::new();
    // The end of a terminal is an error, not an end of file.
    let _ = File::from(ours).read_to_end(&mut bytes);
    let code = child.wait().expect("a child can be waited for").code();
    let raw = String::from_utf8_lossy(&bytes).into_owned();
    let (frames, screen) = drawn(&raw);
    Shown { code, raw, frames, screen }
}

/// Runs a command whose terminal goes away at once.
#[track_caller]
pub(crate) fn on_lost_terminal(mut command: Command) -> Option<i32> {
    let (ours, theirs) = terminal(100, 40);
    command.stdout(Stdio::null()).stderr(Stdio::from(theirs));
    let mut child = command.spawn().expect("the program can be started");
    drop((command, ours));
    child.wait().expect("a child can be waited for").code()
}

/// The few things that the program asks of a terminal, done to an endless screen.
fn drawn(raw: &str) -> (Vec<String>, String) {
    let (mut rows, mut row, mut column) = (vec![Vec::<char>::new()], 0, 0);
    let mut frames = Vec::new();
    let mut rest = raw.chars();
    while let Some(one) = rest.next() {
        match one {
            '\r' => column = 0,
            '\n' => {
                row += 1;
                rows.resize(rows.len().max(row + 1), Vec::new());
            }
            '\u{1b}' => {
                let mut sequence = String::new();
                for one in rest.by_ref() {
                    sequence.push(one);
                    if one.is_ascii_alphabetic() {
                        break;
                    }
                }
                match sequence.as_str() {
                    "[J" => {
                        rows[row].truncate(column);
                        rows.truncate(row + 1);
                    }
                    "[?7h" => frames.push(text(&rows)),
                    up if up.ends_with('A') => {
                        row -= up.trim_start_matches('[').trim_end_matches('A').parse::<usize>().expect("a number");
                    }
                    _ => {}
                }
            }
            one => {
                let line = &mut rows[row];
                line.resize(line.len().max(column + 1), ' ');
                line[column] = one;
                column += 1;
            }
        }
    }
    (frames, text(&rows))
}

fn text(rows: &[Vec<char>]) -> String {
    let lines: Vec<String> = rows.iter().map(|row| row.iter().collect::<String>()).collect();
    lines.join("\n").trim_end().to_owned()
}
