//! What a command found on the machine that a run was recorded on: it decides which verdicts were known then.

use coordinate_engine::journal::Record;
use coordinate_engine::port::{Clock, Surroundings};
use coordinate_engine::replay::Tape;
use coordinate_model::event::Event;
use coordinate_model::time::UtcMillis;
use std::sync::Arc;

/// The surroundings of a recording. The programs of today are no part of them: with others a tree would be tested once more
/// that had its verdict then.
pub(super) struct Then {
    /// The drivers of the run, each with what its commands found.
    drivers: Vec<Driver>,
    tape: Arc<Tape>,
}

/// A driver: all that it began, it began in the same surroundings.
struct Driver {
    took: UtcMillis,
    found: Vec<(String, String)>,
}

impl Then {
    pub(super) fn of(records: &[Record], tape: Arc<Tape>) -> Self {
        let mut drivers = vec![Driver { took: UtcMillis(i64::MIN), found: Vec::new() }];
        for record in records {
            match &record.event {
                Event::DriverTook { .. } => drivers.push(Driver { took: record.at, found: Vec::new() }),
                Event::VerdictRecorded { verdict, .. } => {
                    let found = verdict.environment.clone().map(|environment| (verdict.command.clone(), environment));
                    drivers.iter_mut().next_back().into_iter().for_each(|driver| driver.found.extend(found.clone()));
                }
                _ => {}
            }
        }
        Self { drivers, tape }
    }

    /// What the driver of this moment found, or one before it: who found something else has recorded it.
    fn at(&self, moment: UtcMillis, command: &str) -> Option<&str> {
        let drivers = self.drivers.iter().rev().skip_while(|driver| driver.took > moment);
        let mut found = drivers.flat_map(|driver| driver.found.iter().rev());
        found.find(|(of, _)| of == command).map(|(_, environment)| environment.as_str())
    }
}

impl Surroundings for Then {
    fn of(&self, command: &str, _variables: &[String]) -> Vec<String> {
        self.at(self.tape.now(), command).map(str::to_owned).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coordinate_model::event::Verdict;
    use coordinate_model::ids::{StepId, Token};

    fn record(sequence: u64, event: Event) -> Record {
        Record { sequence, at: UtcMillis(i64::try_from(sequence).unwrap() * 10), event }
    }

    fn took(sequence: u64) -> Record {
        record(sequence, Event::DriverTook { epoch: Token(sequence), pid: 1 })
    }

    fn verdict(sequence: u64, command: &str, environment: &str) -> Record {
        let tree = "1111111111111111111111111111111111111111".parse().unwrap();
        let (command, environment) = (command.to_owned(), Some(environment.to_owned()));
        let (tail, failing) = (Vec::new(), Vec::new());
        let verdict = Verdict { command, tree, passed: true, duration_ms: 1, tail, failing, environment, before: None };
        record(sequence, Event::VerdictRecorded { step: StepId::new("test/check"), verdict, of: Vec::new() })
    }

    #[test]
    fn each_driver_finds_what_it_has_recorded_or_what_was_there_before() {
        let records =
            [took(1), verdict(2, "a", "one"), took(3), verdict(4, "b", "two"), took(5), verdict(6, "a", "three")];
        let tape = Arc::new(Tape::at(UtcMillis(0)));
        let then = Then::of(&records, Arc::clone(&tape));
        let found = |now: i64, command: &str| {
            tape.set(UtcMillis(now));
            then.of(command, &[]).concat()
        };
        assert_eq!(found(10, "a"), "one", "before its verdict too");
        assert_eq!((found(30, "a"), found(30, "b")), ("one".to_owned(), "two".to_owned()));
        assert_eq!((found(50, "a"), found(50, "b")), ("three".to_owned(), "two".to_owned()));
        assert_eq!((found(10, "b"), found(50, "c")), (String::new(), String::new()));
    }
}
