//! Shell state that was put aside: all that it takes to bring it back exactly.
//!
//! Names are texts here and not checked: this is a copy of what was stored, and who reads it from the store again
//! checks it there.

use super::Value;
use super::base64::bytes;
use crate::time::UtcMillis;
use serde::{Deserialize, Serialize};

/// What was put aside of one workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aside {
    /// The workflow's id.
    pub workflow: String,
    /// The folder where its first block ran: a path is bytes too.
    #[serde(with = "bytes")]
    pub directory: Vec<u8>,
    /// When its state was made.
    pub created: UtcMillis,
    /// When it was last changed.
    pub updated: UtcMillis,
    /// When its variables had gone before, if only checkpoints were left of it.
    pub closed: Option<UtcMillis>,
    /// Its variables, if they were put aside: they stay where only checkpoints are too old.
    pub variables: Option<Vec<AsideVariable>>,
    /// Those of its named checkpoints that were put aside.
    pub checkpoints: Vec<AsideCheckpoint>,
}

/// A variable that was put aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AsideVariable {
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created: UtcMillis,
    /// When it was last set.
    pub updated: UtcMillis,
    /// What it holds.
    pub value: Value,
}

/// A named checkpoint that was put aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AsideCheckpoint {
    /// Its name.
    pub name: String,
    /// When it was first saved.
    pub created: UtcMillis,
    /// When it was last saved.
    pub updated: UtcMillis,
    /// Its text, byte for byte.
    #[serde(with = "bytes")]
    pub body: Vec<u8>,
}

impl Aside {
    /// How much there is of what, for a list.
    #[must_use]
    pub fn amount(&self) -> String {
        let counted = |count: usize, one: &str| match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            more => Some(format!("{more} {one}s")),
        };
        let variables = self.variables.as_ref().map_or(0, Vec::len);
        let parts = [counted(variables, "variable"), counted(self.checkpoints.len(), "checkpoint")];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if parts.is_empty() { "empty".to_owned() } else { parts.join(" and ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_back_exactly_and_its_form_stays() {
        let at = UtcMillis;
        let variable =
            |name: &str, value| AsideVariable { name: name.to_owned(), created: at(1), updated: at(2), value };
        let aside = Aside {
            workflow: "w".to_owned(),
            directory: b"/\xff".to_vec(),
            created: at(1),
            updated: at(2),
            closed: None,
            variables: Some(vec![
                variable("A", Value::Text(vec![0xff, b'\n'])),
                variable("L", Value::List(vec![Vec::new(), b"x".to_vec()])),
            ]),
            checkpoints: vec![AsideCheckpoint {
                name: "c".to_owned(),
                created: at(1),
                updated: at(2),
                body: b"{ }".to_vec(),
            }],
        };
        let text = r#"{"workflow":"w","directory":"L/8=","created":1,"updated":2,"closed":null,"variables":[{"name":"A","created":1,"updated":2,"value":{"text":"/wo="}},{"name":"L","created":1,"updated":2,"value":{"list":["","eA=="]}}],"checkpoints":[{"name":"c","created":1,"updated":2,"body":"eyB9"}]}"#;
        assert_eq!(serde_json::to_string(&aside).unwrap(), text);
        assert_eq!(serde_json::from_str::<Aside>(text).unwrap(), aside);
        assert!(serde_json::from_str::<Aside>(&text.replace("eyB9", "eyB")).is_err());
        assert_eq!(aside.amount(), "2 variables and 1 checkpoint");
        assert_eq!(Aside { variables: None, checkpoints: Vec::new(), ..aside }.amount(), "empty");
    }
}
