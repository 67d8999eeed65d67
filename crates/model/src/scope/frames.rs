//! Words before a verb that make it an order, a wish or a negation: "could you", "we need to", "do not".

use super::asks::Strength;
use super::words::FILLERS;

/// What introduces a verb or an object, and of how many words it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frame {
    /// "could you …": the verb follows.
    Order {
        /// Words.
        length: usize,
    },
    /// "we need to …": the verb follows.
    Wish {
        /// Words.
        length: usize,
    },
    /// "would you mind …ing".
    Gerund {
        /// Words.
        length: usize,
    },
    /// "I need …": the object follows.
    Have {
        /// Words.
        length: usize,
    },
}

impl Frame {
    pub(crate) fn length(&self) -> usize {
        match self {
            Self::Order { length } | Self::Wish { length } | Self::Gerund { length } | Self::Have { length } => *length,
        }
    }

    pub(crate) fn strength(&self) -> Strength {
        match self {
            Self::Order { .. } | Self::Gerund { .. } | Self::Have { .. } => Strength::Strong,
            Self::Wish { .. } => Strength::Weak,
        }
    }

    /// Whether it speaks to the reader, and so asks wherever it stands.
    pub(crate) fn asks_you(&self) -> bool {
        matches!(self, Self::Order { .. } | Self::Gerund { .. })
    }
}

const GERUNDS: &[&str] = &[
    "would you mind",
    "could you mind",
    "how about",
    "do you mind",
    "i need help",
    "i'd like help",
    "help me with",
    "i want help",
    "help with",
];

const ORDERS: &[&str] = &[
    "could you",
    "can you",
    "would you",
    "will you",
    "could u",
    "can u",
    "i want you to",
    "i need you to",
    "i'd like you to",
    "i would like you to",
    "we want you to",
    "we need you to",
    "we'd like you to",
    "you should",
    "you must",
    "you need to",
    "you have to",
    "let's",
    "lets",
    "let us",
    "try to",
    "go and",
    "go ahead and",
    "remember to",
    "make sure to",
    "make sure you",
    "be sure to",
    "feel free to",
    "your task is to",
    "your job is to",
    "your goal is to",
    "the task is to",
    "help me to",
    "help me",
    "help us",
    "if you could",
    "if you can",
    "if you would",
    "want you to",
    "need you to",
    "like you to",
    "try and",
    "i ask you to",
    "i expect you to",
    "i'd appreciate if you",
    "i'd love you to",
    "you are to",
    "you will",
    "your mission is to",
];

const WISHES: &[&str] = &[
    "i want to",
    "we want to",
    "i need to",
    "we need to",
    "i'd like to",
    "we'd like to",
    "i would like to",
    "we would like to",
    "i should",
    "we should",
    "we must",
    "i must",
    "we have to",
    "i have to",
    "need to",
    "want to",
    "we ought to",
    "i'd love to",
    "the goal is to",
    "our goal is to",
    "the aim is to",
    "my goal is to",
    "would like to",
    "it's time to",
    "we've got to",
    "i wanna",
    "we gotta",
    "i gotta",
    "goal is to",
];

const HAVING: &[&str] = &[
    "i want",
    "we want",
    "i need",
    "we need",
    "i'd like",
    "we'd like",
    "i would like",
    "we would like",
    "i require",
    "can i get",
    "can we get",
    "could i get",
    "could we get",
    "can i have",
    "can we have",
    "could we have",
    "could i have",
    "may i have",
    "what i want is",
    "what i need is",
    "what we need is",
    "what we want is",
    "all i want is",
    "all i need is",
    "i'd love",
    "i am looking for",
    "i'm looking for",
    "we're looking for",
    "we are looking for",
    "looking for",
    "i expect",
    "i only ask for",
];

const NEGATIONS: &[&str] = &[
    "don't",
    "dont",
    "do not",
    "never",
    "without",
    "not",
    "instead of",
    "rather than",
    "no need to",
    "hold off",
    "refrain from",
    "avoid",
    "skip",
    "please don't",
    "please do not",
    "you should not",
    "you must not",
    "you shouldn't",
    "we won't",
    "we will not",
    "i don't want you to",
    "i do not want you to",
    "no",
    "i don't want to",
    "i don't want",
    "i don't need",
    "we don't need to",
    "stop before",
    "there is no need to",
];

const FILLER_PHRASES: &[&str] = &[
    "for now",
    "after that",
    "after this",
    "for a start",
    "to start",
    "to begin with",
    "of course",
    "based on that",
    "based on this",
    "based on it",
    "with that",
    "in depth",
    "step by step",
    "go ahead and",
    "at first",
    "in a second step",
    "as a first step",
    "as a second step",
    "as a next step",
    "from there",
    "in addition",
    "when done",
    "when you're done",
    "once done",
    "for me",
    "if possible",
    "with this",
    "and then",
    "if you like",
    "when ready",
    "at the end",
    "in the end",
];

/// The request with which some words begin. Adverbs inside it do not disturb.
pub(crate) fn find(words: &[&str]) -> Option<Frame> {
    if let Some(length) =
        longest(words, GERUNDS).filter(|length| words.get(*length).is_some_and(|word| word.ends_with("ing")))
    {
        return Some(Frame::Gerund { length });
    }
    if let Some(length) = longest(words, ORDERS) {
        return Some(Frame::Order { length });
    }
    if let Some(length) = longest(words, WISHES) {
        return Some(Frame::Wish { length });
    }
    longest(words, HAVING)
        .filter(|length| words.get(*length).is_some_and(|word| *word != "to"))
        .map(|length| Frame::Have { length })
}

/// The length of the negation with which some words begin.
pub(crate) fn negation(words: &[&str]) -> Option<usize> {
    longest(words, NEGATIONS)
}

/// The length of a phrase that says nothing.
pub(crate) fn filler(words: &[&str]) -> Option<usize> {
    longest(words, FILLER_PHRASES)
}

fn longest(words: &[&str], phrases: &[&str]) -> Option<usize> {
    phrases.iter().filter_map(|phrase| length_of(words, phrase)).max()
}

/// How many words a phrase takes at the beginning, with adverbs between its words.
fn length_of(words: &[&str], phrase: &str) -> Option<usize> {
    let mut at = 0;
    for (index, part) in phrase.split(' ').enumerate() {
        while index > 0 && words.get(at).is_some_and(|word| *word != part && is_adverb(word)) {
            at += 1;
        }
        if words.get(at) != Some(&part) {
            return None;
        }
        at += 1;
    }
    Some(at)
}

fn is_adverb(word: &str) -> bool {
    let filler = FILLERS.contains(&word) && !matches!(word, "and" | "or" | "but" | "yet");
    filler || matches!(word, "really" | "actually" | "quickly" | "possibly" | "all" | "currently" | "urgently")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_found_with_adverbs_inside() {
        assert_eq!(find(&["could", "you", "fix"]), Some(Frame::Order { length: 2 }));
        assert_eq!(find(&["i", "really", "want", "to", "add"]), Some(Frame::Wish { length: 4 }));
        assert_eq!(find(&["i", "only", "want", "a", "plan"]), Some(Frame::Have { length: 3 }));
        assert_eq!(find(&["would", "you", "mind", "adding"]), Some(Frame::Gerund { length: 3 }));
        assert_eq!(find(&["could", "work"]), None);
        assert_eq!(negation(&["do", "not", "touch"]), Some(2));
    }
}
