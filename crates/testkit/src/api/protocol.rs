//! The four protocols, told apart by the path.

use super::answer::Answer;
use super::conversation::Conversation;
use super::fault;
use super::http::{Reply, StreamEnd};
use super::script::Fault;
use super::{anthropic, chat, gemini, responses};
use serde_json::{Value, json};

/// How a client talks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// `POST /v1/messages`.
    Anthropic,
    /// `POST /v1/responses`.
    Responses,
    /// `POST /v1beta/models/MODEL:generateContent`.
    Gemini,
    /// `POST /v1/chat/completions`.
    Chat,
}

/// What a path asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    /// The next turn, and whether it is streamed if the path says so.
    Answer(Protocol, Option<bool>),
    /// How many tokens a conversation has.
    Count(Protocol),
    /// Whether anyone is there.
    Alive,
}

impl Route {
    /// `None` for a path that is not served.
    pub(super) fn of(method: &str, target: &str) -> Option<Self> {
        let path = target.split('?').next().unwrap_or_default().trim_end_matches('/');
        match (method, path) {
            ("HEAD" | "GET", "") => Some(Self::Alive),
            ("POST", _) => Self::posted(path),
            _ => None,
        }
    }

    fn posted(path: &str) -> Option<Self> {
        let served = [
            ("/messages/count_tokens", Self::Count(Protocol::Anthropic)),
            ("/messages", Self::Answer(Protocol::Anthropic, None)),
            ("/responses", Self::Answer(Protocol::Responses, None)),
            ("/chat/completions", Self::Answer(Protocol::Chat, None)),
            (":countTokens", Self::Count(Protocol::Gemini)),
            (":generateContent", Self::Answer(Protocol::Gemini, Some(false))),
            (":streamGenerateContent", Self::Answer(Protocol::Gemini, Some(true))),
        ];
        served.into_iter().find(|(end, _)| path.ends_with(end)).map(|(_, route)| route)
    }
}

impl Protocol {
    pub(super) fn read(self, target: &str, body: &Value) -> Conversation {
        let conversation = match self {
            Self::Anthropic => anthropic::read(body),
            Self::Responses => responses::read(body),
            Self::Gemini => gemini::read(body),
            Self::Chat => chat::read(body),
        };
        match self {
            Self::Gemini => Conversation { model: model_in(target), ..conversation },
            Self::Anthropic | Self::Responses | Self::Chat => conversation,
        }
    }

    pub(super) fn reply(self, answer: &Answer, streamed: bool) -> Reply {
        if streamed {
            Reply::Stream(self.events(answer), StreamEnd::Whole)
        } else {
            Reply::json(200, self.whole(answer))
        }
    }

    /// A failure instead of an answer; `begun` is what a stream has said before it.
    pub(super) fn fail(self, fault: &Fault, begun: &Answer, streamed: bool) -> Reply {
        fault::reply(self, fault, streamed.then(|| self.events(begun)))
    }

    /// An error with this text, in the protocol's form.
    pub(super) fn refusal(self, status: u16, message: &str) -> Reply {
        Reply::json(
            status,
            fault::body(
                self,
                &fault::Words { status, kind: "invalid_request_error", code: "invalid_request", message },
            ),
        )
    }

    /// About four bytes a token, as everywhere.
    pub(super) fn count(self, body: &Value) -> Value {
        let tokens = body.to_string().len() / 4;
        match self {
            Self::Gemini => json!({"totalTokens": tokens}),
            Self::Anthropic | Self::Responses | Self::Chat => json!({"input_tokens": tokens}),
        }
    }

    fn whole(self, answer: &Answer) -> Value {
        match self {
            Self::Anthropic => anthropic::whole(answer),
            Self::Responses => responses::whole(answer),
            Self::Gemini => gemini::whole(answer),
            Self::Chat => chat::whole(answer),
        }
    }

    fn events(self, answer: &Answer) -> Vec<super::http::Event> {
        match self {
            Self::Anthropic => anthropic::events(answer),
            Self::Responses => responses::events(answer),
            Self::Gemini => gemini::events(answer),
            Self::Chat => chat::events(answer),
        }
    }
}

/// `m` of `/v1beta/models/m:generateContent`.
fn model_in(target: &str) -> String {
    let last = target.rsplit('/').next().unwrap_or_default();
    last.split(':').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_may_stand_in_the_path() {
        let target = "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse";
        assert_eq!(Protocol::Gemini.read(target, &json!({})).model, "gemini-2.5-pro");
        assert_eq!(Protocol::Chat.read("/v1/chat/completions", &json!({"model": "m"})).model, "m");
    }

    #[test]
    fn a_path_says_the_protocol() {
        let answer = |protocol, streamed| Some(Route::Answer(protocol, streamed));
        let cases = [
            ("POST", "/v1/messages?beta=true", answer(Protocol::Anthropic, None)),
            ("POST", "/v1/messages/count_tokens", Some(Route::Count(Protocol::Anthropic))),
            ("POST", "/v1/responses", answer(Protocol::Responses, None)),
            ("POST", "/v1/chat/completions", answer(Protocol::Chat, None)),
            ("POST", "/v1beta/models/m:generateContent", answer(Protocol::Gemini, Some(false))),
            ("POST", "/v1beta/models/m:streamGenerateContent?alt=sse", answer(Protocol::Gemini, Some(true))),
            ("HEAD", "/", Some(Route::Alive)),
            ("GET", "/v1/models", None),
        ];
        for (method, target, expected) in cases {
            assert_eq!(Route::of(method, target), expected, "{method} {target}");
        }
    }
}
