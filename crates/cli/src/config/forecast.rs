//! What is set about phases that change the same files, and about verdicts.

use super::Config;
use crate::failure::CommandError;
use coordinate_model::event::Verdicts;
use coordinate_model::forecast::{Overlapping, Settings};

impl Config {
    /// What a run does about phases that change the same files.
    pub(crate) fn forecast(&self) -> Result<Settings, CommandError> {
        let named = self.text("forecast.overlap").unwrap_or(Overlapping::Pause.name());
        let Some(overlap) = Overlapping::ALL.into_iter().find(|one| one.name() == named) else {
            let known: Vec<String> = Overlapping::ALL.iter().map(|one| format!("`{}`", one.name())).collect();
            return Err(CommandError::usage(format!(
                "`forecast.overlap` is one of {}, not `{named}`",
                known.join(", ")
            )));
        };
        Ok(Settings { avoid: self.flag("forecast.avoid"), overlap })
    }

    /// What verdicts are kept for.
    pub(crate) fn verdicts(&self) -> Verdicts {
        Verdicts { shared: self.flag("verdicts.cache"), variables: self.list("verdicts.environment") }
    }
}
