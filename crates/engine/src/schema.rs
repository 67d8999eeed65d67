//! JSON Schema: whether what an agent wrote is JSON, and keeps the schema of its role. Clients check it badly or not at
//! all, and some end with 0 where it was never met.

use coordinate_model::artifact::Problem;
use coordinate_model::failure::FailureKind;
use serde_json::Value;

/// The longest value that a fault quotes, in characters.
const LONGEST: usize = 200;

/// A schema that can be asked.
#[derive(Debug)]
pub struct Schema {
    validator: jsonschema::Validator,
}

impl Schema {
    /// Reads a schema. References lead to its own parts only: nothing is fetched.
    ///
    /// # Errors
    /// Why it is none, as one sentence.
    pub fn read(text: &str) -> Result<Self, String> {
        let schema: Value = serde_json::from_str(text).map_err(|error| format!("the schema is no JSON: {error}"))?;
        let validator = jsonschema::validator_for(&schema);
        validator.map(|validator| Self { validator }).map_err(|error| format!("it is no JSON Schema: {error}"))
    }

    /// Where a text is no JSON, or does not keep the schema.
    #[must_use]
    pub fn problems(&self, text: &str) -> Vec<Problem> {
        let value: Value = match serde_json::from_str(text) {
            Ok(value) => value,
            Err(error) => return vec![no_json(&error)],
        };
        let errors = self.validator.iter_errors(&value);
        let problem =
            |error: jsonschema::ValidationError<'_>| unmet(error.instance_path().as_str(), &error.to_string());
        let mut problems: Vec<Problem> = errors.map(problem).collect();
        // The library finds them in an order of its own.
        problems.sort_by(|one, other| one.message.cmp(&other.message));
        problems
    }
}

fn no_json(error: &serde_json::Error) -> Problem {
    let line = u32::try_from(error.line()).unwrap_or(u32::MAX);
    let problem =
        Problem::new(FailureKind::SchemaUnmet, format!("the file is no JSON: {error}"), "one JSON value", "other text");
    problem.at(line)
}

fn unmet(place: &str, message: &str) -> Problem {
    let shown: String = message.chars().take(LONGEST).collect();
    let place = if place.is_empty() { "the whole value".to_owned() } else { format!("`{place}`") };
    Problem::new(FailureKind::SchemaUnmet, format!("{place}: {shown}"), "JSON that keeps the schema", "other JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = r##"{
        "type": "object", "required": ["score"], "additionalProperties": false,
        "properties": {"score": {"$ref": "#/$defs/score"}, "reasons": {"type": "array", "items": {"type": "string"}}},
        "$defs": {"score": {"type": "number", "maximum": 10}}
    }"##;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let problems = Schema::read(SCHEMA).unwrap().problems(text);
        let messages: Vec<String> = problems.iter().map(coordinate_model::verify::line_of).collect();
        assert_eq!(messages, expected, "{text}");
    }

    #[test]
    fn faults_name_their_place() {
        check(r#"{"score": 7.5, "reasons": ["many callers"]}"#, &[]);
        check(r#"{"score": 11}"#, &["`/score`: 11 is greater than the maximum of 10"]);
        check("[]", &[r#"the whole value: [] is not of type "object""#]);
        check(
            r#"{"reasons": ["x", 3], "more": 1}"#,
            &[
                r#"`/reasons/1`: 3 is not of type "string""#,
                r#"the whole value: "score" is a required property"#,
                r#"the whole value: Additional properties are not allowed ('more' was unexpected)"#,
            ],
        );
    }

    #[test]
    fn words_around_it_are_no_json() {
        check("Here it is:\n{}", &["line 1: the file is no JSON: expected value at line 1 column 1"]);
        check("{}\nDone.", &["line 2: the file is no JSON: trailing characters at line 2 column 1"]);
        let deep = "[".repeat(100_000);
        check(&deep, &["line 1: the file is no JSON: recursion limit exceeded at line 1 column 128"]);
    }

    #[test]
    fn a_schema_is_sound_and_whole() {
        let refused = |text: &str| Schema::read(text).unwrap_err();
        assert!(refused("{").starts_with("the schema is no JSON: "));
        assert!(refused(r#"{"type": "thing"}"#).starts_with("it is no JSON Schema: "));
        // Nothing is fetched, from nowhere.
        assert!(refused(r#"{"$ref": "https://example.org/schema.json"}"#).starts_with("it is no JSON Schema: "));
        assert!(refused(r#"{"$ref": "file:///etc/passwd"}"#).starts_with("it is no JSON Schema: "));
    }
}
