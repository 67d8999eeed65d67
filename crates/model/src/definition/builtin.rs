//! The definitions that ship with the program.

use super::Definition;

/// `coordinate` is the one full text; the others build on it.
const FILES: [(&str, &str); 8] = [
    ("coordinate", include_str!("../../definitions/coordinate.toml")),
    ("orchestrate", include_str!("../../definitions/orchestrate.toml")),
    ("supervise", include_str!("../../definitions/supervise.toml")),
    ("research", include_str!("../../definitions/research.toml")),
    ("plan", include_str!("../../definitions/plan.toml")),
    ("revise", include_str!("../../definitions/revise.toml")),
    ("implement", include_str!("../../definitions/implement.toml")),
    ("debug", include_str!("../../definitions/debug.toml")),
];

/// The names of the built-in definitions.
pub fn builtin_names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}

/// The text of a built-in definition.
#[must_use]
pub fn builtin_text(name: &str) -> Option<&'static str> {
    FILES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// A built-in definition by name.
#[must_use]
pub fn builtin(name: &str) -> Option<Definition> {
    Definition::parse(name, builtin_text(name)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::{Scope, StateName};

    #[test]
    fn every_builtin_definition_is_valid() {
        for (name, text) in FILES {
            let definition = Definition::parse(name, text).unwrap();
            assert_eq!(definition.name, name);
        }
    }

    /// Shows S1.
    #[test]
    fn an_invalid_transition_lists_the_valid_ones() {
        let definition = builtin("coordinate").unwrap();
        let state = |name: &str| StateName(name.to_owned());
        let error = definition.transition(&state("research"), &state("document")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot go from `research` to `document`; valid from `research`: `plan`, `debug`, `complete`"
        );
        assert!(definition.transition(&state("complete"), &state("test")).is_err());
    }

    #[test]
    fn each_scope_ends_where_it_should() {
        let definition = builtin("coordinate").unwrap();
        let walk = |scope, has_plan| {
            let mut names = vec![definition.initial.clone()];
            while *names.last().unwrap() != definition.complete {
                let next = definition.next_state(scope, has_plan, names.last().unwrap()).unwrap();
                definition.transition(names.last().unwrap(), next).unwrap();
                names.push(next.clone());
            }
            names.iter().map(|name| name.0.clone()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(walk(Scope::ResearchOnly, false), "initialize research complete");
        assert_eq!(walk(Scope::ResearchAndPlan, false), "initialize research plan complete");
        assert_eq!(walk(Scope::DebugOnly, false), "initialize debug complete");
        assert_eq!(walk(Scope::FullImplementation, true), "initialize implement test document complete");
        assert_eq!(walk(Scope::FullImplementation, false), "initialize research plan implement test document complete");
    }
}
