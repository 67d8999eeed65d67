//! Roles as data: files and what is read, found and filled in.

use super::*;
use proptest::prelude::*;

/// Shows S10.
#[test]
fn every_shipped_role_is_named_by_its_file_and_passes_the_check() {
    for name in builtin_names() {
        let text = builtin_text(name).unwrap();
        let role = builtin(name).unwrap();
        assert_eq!(role.name, name);
        assert!(!role.description.is_empty() && role.contract.is_some() && role.idle_minutes.is_some(), "{role:?}");
        let found: Vec<String> = check(name, text).iter().map(ToString::to_string).collect();
        assert_eq!(found, Vec::<String>::new());
        let lines = text.lines().count();
        assert!((25..=60).contains(&lines), "{name}: {lines} lines");
    }
}

#[test]
fn every_role_of_a_shipped_workflow_is_shipped() {
    for definition in crate::definition::builtin_names().filter_map(crate::definition::builtin) {
        for role in definition.roles() {
            assert!(builtin(role).is_some(), "{}: {role}", definition.name);
        }
    }
}

#[test]
fn limits_are_those_that_the_documentation_names() {
    let idle = |name: &str| builtin(name).unwrap().idle_minutes;
    assert_eq!(idle("revision-specialist"), Some(3));
    for name in builtin_names() {
        let leads = name.ends_with("supervisor") || name.starts_with("implementer") || name == "code-writer";
        let expected = match name {
            "revision-specialist" => 3,
            "implementation-executor" => 10,
            _ if leads => 10,
            _ => 5,
        };
        assert_eq!(idle(name), Some(expected), "{name}");
    }
}

const FOREIGN: &str = "---
name: reviewer
description: >
  Use this agent when a change
  is to be reviewed
tools: Read, Grep
model: inherit
color: blue
---

Look at the change.
";

#[test]
fn a_file_of_another_program_is_a_role() {
    let parsed = parse(".claude/agents/other.md", FOREIGN);
    assert_eq!(parsed.findings, []);
    assert_eq!(
        parsed.role,
        Role {
            name: "reviewer".to_owned(),
            description: "Use this agent when a change is to be reviewed".to_owned(),
            tools: vec!["Read".to_owned(), "Grep".to_owned()],
            other: [("color".to_owned(), "blue".to_owned())].into(),
            text: "Look at the change.".to_owned(),
            ..Role::default()
        }
    );
}

#[test]
fn lists_have_three_notations() {
    let tools = |value: &str| parse("a.md", &format!("---\ntools:{value}\n---\nDo.")).role.tools;
    let expected = vec!["Read".to_owned(), "Write".to_owned()];
    assert_eq!(tools(" Read, Write"), expected);
    assert_eq!(tools(" [\"Read\", 'Write']"), expected);
    assert_eq!(tools("\n  - Read\n  - Write"), expected);
}

#[track_caller]
fn finds(text: &str, expected: &[&str]) {
    let found: Vec<String> = check("r.md", text).iter().map(ToString::to_string).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_front_matter_is_judged_by_line() {
    finds(
        "---\nname: x\n",
        &[
            "r.md:1: the contract is missing: say what it leaves with `contract:`, one of report, overview, plan, debug, \
         summary, output, changes, none",
            "r.md:1: the front matter is not closed: a second line `---` is missing",
        ],
    );
    finds(
        "---\nname: x\ncontract: poem\nidle_minutes: soon\nwhat\n---\n",
        &[
            "r.md:1: the contract is missing: say what it leaves with `contract:`, one of report, overview, plan, debug, \
         summary, output, changes, none",
            "r.md:3: there is no contract `poem`; known: report, overview, plan, debug, summary, output, changes, none",
            "r.md:4: `idle_minutes` must be a whole number of minutes, 1 or more, not `soon`",
            "r.md:5: this line is no `field: value`",
            "r.md:7: the role has no text: an agent would be told nothing",
        ],
    );
}

#[test]
fn a_text_is_judged_by_line() {
    let text = "---
name: x
contract: report
---
Write to {{place}} for {{request}}.

1. You should read the code.
2. Reading tests.
3. Creates a report.
4. Always check the result.
5. Look into `specs/001_topic/plans`, and at /tmp/x and `{{topic}}/plans`.
6. Run /plan first.
- [ ] the report is there

## Example

Example:

```
# A report
```

## Rules

Keep to this form:

- Write it short.

```
../code is fine
```

## End

End with PLAN_CREATED.
";
    finds(
        text,
        &[
            "r.md:1: the contract is `report`, and the text ends with `PLAN_CREATED`: `REPORT_CREATED` belongs to it",
            "r.md:5: `{{place}}` is a placeholder that nothing replaces; known: {{project}}, {{topic}}, {{request}}",
            "r.md:7: “You should read the code.” is no order (it begins like a statement): begin with a verb, as in “Read …”",
            "r.md:8: “Reading tests.” is no order (it names an activity): begin with a verb, as in “Read …”",
            "r.md:9: “Creates a report.” is no order (it tells what somebody does): begin with a verb, as in “Read …”",
            "r.md:11: `specs/001_topic/plans` is a relative path, and agents do not work where you think: write \
         `{{project}}/…` or `{{topic}}/…`",
            "r.md:12: `/plan` is a command of one client, which no other knows: say what is to be done",
            "r.md:13: “the report is there” is no order (it begins like a statement): begin with a verb, as in “Read …”",
            "r.md:19: a fenced example stands in place of instructions: say in words what is to be done",
        ],
    );
}

#[test]
fn placeholders_are_filled_once() {
    let role = Role { text: "{{request}} in {{project}}, {{topic}}, {{other}}".to_owned(), ..Role::default() };
    let filling = Filling { project: "/p", topic: "/p/specs/001_x", request: "say {{project}}\n" };
    assert_eq!(role.filled(&filling), "say {{project}} in /p, /p/specs/001_x, {{other}}");
}

/// Shows S10.
#[test]
fn completion_lines_are_read_in_every_dress() {
    let read = |line| claim(line).map(|claim| (claim.name, claim.value));
    for line in [
        "REPORT_CREATED: /a b.md",
        "**REPORT_CREATED**: /a b.md",
        "- `REPORT_CREATED: /a b.md`",
        "> REPORT_CREATED: `/a b.md`",
    ] {
        assert_eq!(read(line), Some(("REPORT_CREATED", "/a b.md")), "{line}");
    }
    assert_eq!(read("SUPERVISOR_COMPLETE: {\"a\": [1]}"), Some(("SUPERVISOR_COMPLETE", "{\"a\": [1]}")));
    assert_eq!(read("PR_CREATED: https://example.org/pull/1"), Some(("PR_CREATED", "https://example.org/pull/1")));
    for completion in Completion::ALL {
        let line = format!("{}: x", completion.name());
        assert_eq!(claim(&line).and_then(|claim| claim.of(completion)), Some("x"));
    }
    for line in ["report_created: x", "I wrote REPORT_CREATED: x", "REPORT_CREATED:", "_CREATED: x", "NOTE: x", ""] {
        assert_eq!(read(line), None, "{line}");
    }
}

proptest! {
    #[test]
    fn every_text_is_read_and_checked(text in "(---\n)?(name: x\n|contract: none\n|- a\n|  b\n|\\PC{0,20}\n|```\n|1\\. \\PC{0,9}\n|\\{\\{|# a\n){0,12}(---\n)?\\PC{0,20}") {
        let parsed = parse("a.md", &text);
        for finding in check("a.md", &text) {
            prop_assert!(finding.line >= 1);
        }
        let filling = Filling { project: "p", topic: "t", request: "r" };
        let _ = parsed.role.filled(&filling);
        for line in text.lines() {
            let _ = claim(line);
        }
    }
}
