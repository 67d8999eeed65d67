//! Signals to the shim, and the ends of its children.

use rustix::io::Errno;
use rustix::process::{Pid, WaitOptions, WaitStatus};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
use std::io::{self, ErrorKind, Read as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Ends that children have come to, and signals that ask the shim itself to end. A shim that just died of such a
/// signal would leave its tree behind.
#[derive(Debug)]
pub(super) struct Signals {
    wake: UnixStream,
    asked: Arc<AtomicUsize>,
}

impl Signals {
    pub(super) fn take() -> io::Result<Self> {
        let (wake, ring) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        let asked = Arc::new(AtomicUsize::new(0));
        for signal in [SIGTERM, SIGINT, SIGHUP] {
            let number = usize::try_from(signal).map_err(io::Error::other)?;
            signal_hook::flag::register_usize(signal, Arc::clone(&asked), number)?;
            signal_hook::low_level::pipe::register(signal, ring.try_clone()?)?;
        }
        signal_hook::low_level::pipe::register(SIGCHLD, ring)?;
        Ok(Self { wake, asked })
    }

    /// The signal that asks the shim to end, if one has come. Ended children are found by asking for them.
    pub(super) fn receive(&mut self) -> io::Result<Option<i32>> {
        let mut buffer = [0; 256];
        loop {
            match self.wake.read(&mut buffer) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let signal = self.asked.swap(0, Ordering::SeqCst);
        Ok(i32::try_from(signal).ok().filter(|signal| *signal != 0))
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}

/// Takes the status of every child that has ended; `true` when this process has no child any more.
pub(super) fn reap_all(mut ended: impl FnMut(u32, WaitStatus)) -> io::Result<bool> {
    loop {
        match rustix::process::wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) => ended(number(pid), status),
            Ok(None) => return Ok(false),
            Err(Errno::CHILD) => return Ok(true),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn number(pid: Pid) -> u32 {
    pid.as_raw_nonzero().get().unsigned_abs()
}
