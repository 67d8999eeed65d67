//! The channel over which a shim is told to end its tree: a named pipe, since the path of a socket may have only 108
//! bytes.

use coordinate_engine::port::StopHow;
use coordinate_model::ids::Token;
use rustix::fs::{CWD, Mode, OFlags, mkfifoat};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// A message longer than this is none of ours. A write of up to 4096 bytes is never mixed with another one's.
const LONGEST_MESSAGE: usize = 4096;

/// One line of the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Message {
    pub(super) token: Token,
    pub(super) how: StopHow,
}

/// The shim's end of the channel.
#[derive(Debug)]
pub(super) struct Control {
    pipe: File,
    unread: Vec<u8>,
    fence: Token,
}

impl Control {
    /// Makes the channel at `path` and listens; messages with a token below `fence` are ignored.
    pub(super) fn listen(path: &Path, fence: Token) -> io::Result<Self> {
        match mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR) {
            // A shim that was killed just before it took the folder may have left one.
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        // Open for writing too: with no writer left the pipe would count as ended, for ever.
        let pipe = OpenOptions::new().read(true).write(true).custom_flags(nonblocking()).open(path)?;
        Ok(Self { pipe, unread: Vec::new(), fence })
    }

    /// Takes all messages that have come and says what the obeyed ones ask for: the strongest, of equals the newest.
    pub(super) fn receive(&mut self) -> io::Result<Option<StopHow>> {
        let mut asked = None;
        let mut buffer = [0; LONGEST_MESSAGE];
        loop {
            match self.pipe.read(&mut buffer) {
                Ok(length) => self.unread.extend_from_slice(&buffer[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(asked),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            asked = self.obey(asked);
        }
    }

    fn obey(&mut self, mut asked: Option<StopHow>) -> Option<StopHow> {
        while let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.unread.drain(..=end).collect();
            // A line that is no message was not sent by us: ignoring it fails closed.
            let Ok(message) = serde_json::from_slice::<Message>(&line) else { continue };
            if message.token >= self.fence {
                self.fence = message.token;
                asked = Some(stronger(asked, message.how));
            }
        }
        if self.unread.len() > LONGEST_MESSAGE {
            self.unread.clear();
        }
        asked
    }
}

fn stronger(before: Option<StopHow>, how: StopHow) -> StopHow {
    match (before, how) {
        (Some(StopHow::Now), _) => StopHow::Now,
        (Some(StopHow::Ask), StopHow::WhenQuiet(_)) => StopHow::Ask,
        (None | Some(StopHow::Ask | StopHow::WhenQuiet(_)), how) => how,
    }
}

impl AsFd for Control {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}

/// Sends a message without waiting; `false` when nobody listens.
pub(super) fn send(path: &Path, message: Message) -> io::Result<bool> {
    let mut pipe = match OpenOptions::new().write(true).custom_flags(nonblocking()).open(path) {
        Ok(pipe) => pipe,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) if error.raw_os_error() == Some(Errno::NXIO.raw_os_error()) => return Ok(false),
        Err(error) => return Err(error),
    };
    let mut line = serde_json::to_vec(&message)?;
    line.push(b'\n');
    match pipe.write_all(&line) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        outcome => outcome.map(|()| true),
    }
}

fn nonblocking() -> i32 {
    OFlags::NONBLOCK.bits().cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listening() -> (tempfile::TempDir, Control) {
        let place = tempfile::tempdir().unwrap();
        let control = Control::listen(&place.path().join("control"), Token(5)).unwrap();
        (place, control)
    }

    #[track_caller]
    fn check(messages: &[(u64, StopHow)], expected: Option<StopHow>) {
        let (place, mut control) = listening();
        for (token, how) in messages {
            assert!(send(&place.path().join("control"), Message { token: Token(*token), how: *how }).unwrap());
        }
        assert_eq!(control.receive().unwrap(), expected);
        assert_eq!(control.receive().unwrap(), None);
    }

    #[test]
    fn the_highest_token_wins() {
        check(&[], None);
        check(&[(4, StopHow::Now)], None);
        check(&[(5, StopHow::Ask)], Some(StopHow::Ask));
        check(&[(7, StopHow::Ask), (6, StopHow::Now)], Some(StopHow::Ask));
        check(&[(5, StopHow::Now), (7, StopHow::Ask)], Some(StopHow::Now));
        check(&[(5, StopHow::Ask), (7, StopHow::WhenQuiet(3))], Some(StopHow::Ask));
        check(&[(5, StopHow::WhenQuiet(3)), (5, StopHow::WhenQuiet(2))], Some(StopHow::WhenQuiet(2)));
    }

    #[test]
    fn foreign_text_is_passed_over() {
        let (place, mut control) = listening();
        let path = place.path().join("control");
        std::fs::write(&path, "hello\n{\"token\":true}\n").unwrap();
        std::fs::write(&path, "x".repeat(LONGEST_MESSAGE + 1)).unwrap();
        assert_eq!(control.receive().unwrap(), None);
        assert!(send(&path, Message { token: Token(9), how: StopHow::Ask }).unwrap());
        assert_eq!(control.receive().unwrap(), Some(StopHow::Ask));
    }

    #[test]
    fn a_channel_without_a_shim_takes_nothing() {
        let (place, control) = listening();
        drop(control);
        let message = Message { token: Token(9), how: StopHow::Ask };
        assert!(!send(&place.path().join("control"), message).unwrap());
        assert!(!send(&place.path().join("missing"), message).unwrap());
    }
}
