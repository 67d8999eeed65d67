//! Why a client failed: told by the status of its service and by its words.

use crate::failure::{FailureClass, recognise};
use serde::{Deserialize, Serialize};

/// Why a client says that it failed. Decides the class of the failure and what is said to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Nobody is logged in, or the key is not valid.
    LoggedOut,
    /// The account has no money left. No waiting helps.
    NoCredit,
    /// The prompt does not fit into what the model reads at once.
    TooLong,
    /// The model is not known, or not to be had with this account.
    UnknownModel,
    /// A limit of use, which ends by itself at its reset.
    UsageLimit,
    /// The service was busy, broken or out of reach.
    Service,
    /// A limit that the client was given: of turns, or of money.
    OwnLimit,
    /// Somebody interrupted it.
    Interrupted,
    /// The machine could not go on: disk full, permission denied.
    Machine,
    /// Something else.
    Other,
}

/// How many of the last lines are looked at: a client quotes a whole statement of its database behind its error.
const LOOKED_AT: usize = 20;

/// Words that tell a cause, in lower case. Earlier ones win.
const PHRASES: &[(Cause, &[&str])] = &[
    (
        Cause::LoggedOut,
        &[
            "not logged in",
            "please run /login",
            "invalid api key",
            "incorrect api key",
            "api key not valid",
            "invalid_api_key",
            "authentication_error",
            "authentication_failed",
            "unauthenticated",
            "failed to authenticate",
            "401 unauthorized",
            "oauth token has expired",
            "set an auth method",
            "invalid auth method",
        ],
    ),
    (
        Cause::NoCredit,
        &[
            "credit balance is too low",
            "insufficient_quota",
            "insufficient credits",
            "payment required",
            "quota exceeded. check your plan and billing",
        ],
    ),
    (
        Cause::TooLong,
        &[
            "prompt is too long",
            "context_length_exceeded",
            "model's context window",
            "exceeds the context window",
            "input token count",
        ],
    ),
    (Cause::UnknownModel, &["issue with the selected model", "model_not_found", "model not found"]),
    (
        Cause::UsageLimit,
        &["· usage limit", "hit your session limit", "hit your weekly limit", "session limit reached", "weekly limit"],
    ),
    (
        Cause::Service,
        &[
            "stream disconnected",
            "stream ended without",
            "connection dropped",
            "fetch failed",
            "cannot connect to api",
            "529 overloaded",
            "api error: overloaded",
            "model is at capacity",
            "experiencing high demand",
            "exceed your rate limit",
            "unable to connect",
            // Codex and opencode that begin twice at once in a home that is new: both make their database.
            "failed to initialize state runtime",
            "failed query:",
        ],
    ),
];

impl Cause {
    /// The cause that a status of HTTP and a message tell together. The message counts first where its words are sure:
    /// one status stands for several things.
    #[must_use]
    pub fn told(status: Option<u64>, message: &str) -> Self {
        let sure = Self::by_phrase(message);
        sure.or_else(|| Self::by_class(message)).or_else(|| status.and_then(Self::by_status)).unwrap_or(Self::Other)
    }

    /// The cause that the end of an output tells, if it tells one.
    #[must_use]
    pub fn of_lines(lines: &[String]) -> Option<(Self, &str)> {
        let told = |line: &String| Self::by_phrase(line).or_else(|| Self::by_class(line));
        lines.iter().rev().take(LOOKED_AT).find_map(|line| Some((told(line)?, line.as_str())))
    }

    fn by_phrase(message: &str) -> Option<Self> {
        let lower = message.to_lowercase();
        let of = |(cause, phrases): &(Self, &[&str])| phrases.iter().any(|it| lower.contains(it)).then_some(*cause);
        PHRASES.iter().find_map(of)
    }

    fn by_class(message: &str) -> Option<Self> {
        let lines: Vec<String> = message.lines().map(str::to_owned).collect();
        match recognise(&lines)?.class {
            FailureClass::Transient => Some(Self::Service),
            FailureClass::Quota => Some(Self::UsageLimit),
            FailureClass::Fatal => Some(Self::Machine),
            FailureClass::Permanent | FailureClass::Cancelled | FailureClass::AgentMisbehaved => Some(Self::Other),
        }
    }

    fn by_status(status: u64) -> Option<Self> {
        match status {
            401 | 403 => Some(Self::LoggedOut),
            402 => Some(Self::NoCredit),
            404 => Some(Self::UnknownModel),
            413 => Some(Self::TooLong),
            408 | 425 | 429 | 500..=599 => Some(Self::Service),
            _ => None,
        }
    }

    /// The class of the failure.
    #[must_use]
    pub fn class(self) -> FailureClass {
        match self {
            Self::UsageLimit => FailureClass::Quota,
            Self::Service | Self::Interrupted => FailureClass::Transient,
            Self::Machine => FailureClass::Fatal,
            Self::LoggedOut | Self::NoCredit | Self::TooLong | Self::UnknownModel | Self::OwnLimit | Self::Other => {
                FailureClass::Permanent
            }
        }
    }

    /// What it means, as a person says it.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::LoggedOut => "a client that nobody is logged in with",
            Self::NoCredit => "an account without credit",
            Self::TooLong => "a prompt that is longer than its model reads at once",
            Self::UnknownModel => "a model that is not to be had",
            Self::UsageLimit => "a limit of use",
            Self::Service => "a service that is busy, broken or out of reach",
            Self::OwnLimit => "a limit that it was given itself",
            Self::Interrupted => "an interruption from outside",
            Self::Machine => "a machine that can not go on",
            Self::Other => "an error of its own",
        }
    }

    /// What to do about it; `client` is the client's name.
    #[must_use]
    pub fn remedy(self, client: &str) -> String {
        match self {
            Self::LoggedOut => {
                format!("log in with `{client}`, or give it a valid key; `coordinate agents` says what it found")
            }
            Self::NoCredit => "add credit to the account, then run the plan again, or choose another agent".to_owned(),
            Self::TooLong => "split the phase, or choose a model that reads more (`-c agent.model=NAME`)".to_owned(),
            Self::UnknownModel => "choose another model with `-c agent.model=NAME`".to_owned(),
            Self::UsageLimit => {
                "the step waits until the limit has ended; `agent.fallback` names agents that go on meanwhile"
                    .to_owned()
            }
            Self::Service => "it is tried again; if it does not pass, look at the service's own status page".to_owned(),
            Self::OwnLimit => "split the phase, or raise the client's own limit".to_owned(),
            Self::Interrupted => "it is tried again; look for who ended it".to_owned(),
            Self::Machine => "mend what the message names (`df -h`, `ls -l`), then run the plan again".to_owned(),
            Self::Other => "look at what it says, then run the plan again".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: Option<u64>, message: &str, cause: Cause) {
        assert_eq!(Cause::told(status, message), cause, "{status:?} {message}");
    }

    #[test]
    fn every_phrase_tells_its_cause() {
        for (cause, phrases) in PHRASES {
            for phrase in *phrases {
                check(None, &format!("Error: {}!", phrase.to_uppercase()), *cause);
            }
        }
    }

    #[test]
    fn real_messages_have_their_cause() {
        check(Some(400), "Credit balance is too low", Cause::NoCredit);
        check(Some(400), "Prompt is too long · the request is ~250000 tokens (limit 200000)", Cause::TooLong);
        check(Some(401), "Invalid API key · Fix external API key", Cause::LoggedOut);
        check(Some(429), "API Error: Request rejected (429) · usage limit", Cause::UsageLimit);
        check(
            Some(429),
            "API Error: Request rejected (429) · This request would exceed your rate limit",
            Cause::Service,
        );
        check(None, "You've hit your session limit · resets 2:30pm (Europe/Paris)", Cause::UsageLimit);
        check(None, "Claude AI usage limit reached|1795200000", Cause::UsageLimit);
        check(None, "You’ve hit your usage limit. Upgrade to Pro or try again at 6:40 PM.", Cause::UsageLimit);
        check(None, "Quota exceeded. Check your plan and billing details.", Cause::NoCredit);
        check(None, "unexpected status 401 Unauthorized: no, url: http://127.0.0.1/v1", Cause::LoggedOut);
        check(None, "unexpected status 503 Service Unavailable: no", Cause::Service);
        check(None, "Repeated 529 Overloaded errors", Cause::Service);
        check(None, "API Error: Connection dropped (ECONNRESET). Check the gateway", Cause::Service);
        check(None, "stream disconnected before completion: error sending request", Cause::Service);
        check(None, "No space left on device", Cause::Machine);
        check(None, "it did not work", Cause::Other);
        check(Some(404), "no such thing", Cause::UnknownModel);
        check(Some(418), "a teapot", Cause::Other);
    }

    #[test]
    fn the_newest_telling_line_of_an_output_tells() {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let output = lines("connection refused\nNot logged in · Please run /login\nbye");
        assert_eq!(Cause::of_lines(&output), Some((Cause::LoggedOut, "Not logged in · Please run /login")));
        assert_eq!(Cause::of_lines(&lines("all is well")), None);
        let statement = "CREATE TABLE `workspace` (\n`id` text,\n`a` text,\n`b` text,\n`c` text,\n`d` text,\n`e` text,\n`f` text,\nCHECK\n);";
        let opencode = format!("Error: Unexpected error\n\nFailed query:\n{statement}\n\nparams:");
        assert_eq!(Cause::of_lines(&lines(&opencode)), Some((Cause::Service, "Failed query:")));
    }
}
