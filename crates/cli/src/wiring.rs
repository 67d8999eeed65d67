//! The real implementations of the engine's ports, put together.

use crate::context::Project;
use crate::failure::CommandError;
use coordinate_agents::{Cl100k, Clients};
use coordinate_engine::port::{Clock, Holder, Repository};
use coordinate_engine::work::{Below, Tools};
use coordinate_host::attempts::{ShimAttempts, identity_of};
use coordinate_host::files::SystemFiles;
use coordinate_host::forge::GithubCli;
use coordinate_host::surroundings::SystemSurroundings;
use coordinate_model::time::UtcMillis;
use std::path::PathBuf;
use std::sync::Arc;

/// The machine's clock and its random numbers.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UtcMillis {
        UtcMillis(jiff::Timestamp::now().as_millisecond())
    }

    fn entropy(&self) -> u64 {
        u64::from_le_bytes(ulid::Ulid::new().to_bytes()[8..].try_into().unwrap_or_default())
    }
}

/// The path of this very program: it plays the shim, the offline agent, and whoever waits for a worker.
pub(crate) fn program() -> Result<PathBuf, CommandError> {
    std::env::current_exe()
        .map_err(|error| CommandError::internal(format!("failed to find this program's own file: {error}")))
}

/// This process as the holder of a lease.
pub(crate) fn holder() -> Result<Holder, CommandError> {
    let identity = identity_of(std::process::id()).map_err(CommandError::internal)?;
    let identity = identity.ok_or_else(|| CommandError::internal("this process is not to be found in /proc"))?;
    Ok(Holder { boot_id: identity.boot_id, pid: identity.pid, start_time: identity.start_time })
}

/// The clients of this machine.
pub(crate) fn clients() -> Result<Clients, CommandError> {
    Ok(Clients::new(program()?, env!("CARGO_PKG_VERSION")))
}

/// The tools of a driver in this project; `below` drives the runs below its run.
pub(crate) fn tools(project: &Project, below: Option<Below>) -> Result<Arc<Tools>, CommandError> {
    Ok(Arc::new(Tools {
        repository: project.repository.clone().map(|repository| repository as Arc<dyn Repository>),
        forge: Arc::new(GithubCli::new(project.repository.as_deref().cloned())),
        attempts: Arc::new(ShimAttempts::new(program()?)),
        agents: Arc::new(clients()?),
        files: Arc::new(SystemFiles),
        clock: Arc::new(SystemClock),
        below,
        tokens: Arc::new(Cl100k::default()),
        summary: Box::new(coordinate_report::summary::markdown),
        attempts_root: project.attempts(),
        objects_root: project.state().join("objects"),
        surroundings: Arc::new(SystemSurroundings),
        verdicts_root: project.state().join("verdicts"),
    }))
}
