//! What is set about limits of use and interrupted attempts.

use super::Config;
use crate::failure::CommandError;
use coordinate_engine::driver::Patience;
use coordinate_model::event::{AgentChoice, Interrupted};
use coordinate_model::quota::{Quiet, Quota, is_zone};

const MINUTE: u64 = 60_000;

impl Config {
    /// What a run does about limits of use. The time zone of this machine is a part of it, so that a run that is resumed
    /// elsewhere reads a client's words as they were meant.
    pub(crate) fn quota(&self, fallback: Vec<AgentChoice>) -> Result<Quota, CommandError> {
        let zone = self.zone()?;
        let quiet = self.text("quota.quiet").filter(|text| !text.trim().is_empty());
        let quiet = quiet.map(|text| {
            Quiet::parse(text, zone.as_deref().unwrap_or("UTC")).map_err(|why| {
                CommandError::usage(format!("`quota.quiet`: `{text}` {why}"))
                    .hint("`23:00-07:00`, or with a time zone: `23:00-07:00 Europe/Paris`, `23:00-07:00 +02:00`")
            })
        });
        let default = Quota::default();
        let unknown_ms = self.number("quota.unknown_minutes").map(|minutes| minutes.saturating_mul(MINUTE));
        Ok(Quota { unknown_ms: unknown_ms.unwrap_or(default.unknown_ms), quiet: quiet.transpose()?, zone, fallback })
    }

    /// The time zone of words that name none; `None` is UTC.
    fn zone(&self) -> Result<Option<String>, CommandError> {
        match self.text("quota.zone").filter(|name| !name.is_empty()) {
            Some(name) if is_zone(name) => Ok(Some(name.to_owned())),
            Some(name) => Err(CommandError::usage(format!("`quota.zone`: there is no time zone `{name}`"))
                .hint("a name like `Europe/Paris`, or an offset like `+02:00`")),
            None => Ok(local_zone().filter(|name| name != "UTC" && name != "Etc/UTC")),
        }
    }

    /// What becomes of attempts that are interrupted.
    pub(crate) fn interrupted(&self) -> Result<Interrupted, CommandError> {
        let ends_with_driver = match self.text("agent.on_death").unwrap_or("adopt") {
            "adopt" => false,
            "end" => true,
            other => {
                return Err(CommandError::usage(format!("`agent.on_death` is `adopt` or `end`, not `{other}`")));
            }
        };
        Ok(Interrupted { resumed: self.flag("agent.resume_sessions"), ends_with_driver })
    }

    /// How this process waits for the end of a limit.
    pub(crate) fn patience(&self) -> Patience {
        let hours = self.number("quota.longest_hours").unwrap_or(24);
        Patience {
            waits: self.flag("quota.wait"),
            goes_on: self.flag("quota.auto_resume"),
            longest_ms: hours.saturating_mul(60 * MINUTE),
        }
    }
}

fn local_zone() -> Option<String> {
    jiff::tz::TimeZone::system().iana_name().map(str::to_owned)
}
