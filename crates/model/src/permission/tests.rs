use super::*;
use proptest::prelude::*;

#[track_caller]
fn check(kind: ToolKind, path: Option<&str>, allowed: bool) {
    let request = PermissionRequest { kind, path: path.map(str::to_owned), ..PermissionRequest::default() };
    assert_eq!(unasked(&request, Some("/trees/p1")).allowed, allowed, "{request:?}");
}

#[test]
fn an_agent_may_do_what_it_needs_in_its_tree() {
    check(ToolKind::Execute, None, true);
    check(ToolKind::Edit, Some("/trees/p1/a.txt"), true);
    check(ToolKind::Read, Some("src/a.rs"), true);
    check(ToolKind::Read, Some("/trees/p1"), true);
    check(ToolKind::Fetch, None, true);
}

#[test]
fn files_elsewhere_and_unknown_tools_are_refused() {
    check(ToolKind::Other, None, false);
    check(ToolKind::Edit, Some("/trees/p10/a.txt"), false);
    check(ToolKind::Edit, Some("/trees/p1/../p2/a.txt"), false);
    check(ToolKind::Read, Some("../a"), false);
    check(ToolKind::Read, Some("/etc/passwd"), false);
    let request = PermissionRequest { kind: ToolKind::Edit, path: Some("a".to_owned()), ..Default::default() };
    assert!(!unasked(&request, None).allowed);
}

#[test]
fn texts_are_cut_at_a_border() {
    assert_eq!(shortened("ä"), "ä");
    let long = format!("x{}", "ä".repeat(LONGEST));
    assert_eq!(shortened(&long).len(), LONGEST - 1);
}

const GROUND: Ground<'_> = Ground { tree: Some("/trees/p1"), project: "/project" };

fn rules(text: &str) -> Rules {
    let mut rules = Rules::default();
    for line in text.split(", ").filter(|line| !line.is_empty()) {
        let (list, rule) = line.split_once(' ').unwrap_or_default();
        let verdict = [Verdict::Allow, Verdict::Ask, Verdict::Deny].into_iter().find(|one| one.name() == list);
        rules.list_mut(verdict.unwrap()).push(rule.parse().unwrap());
    }
    rules
}

fn command(text: &str) -> PermissionRequest {
    let (tool, command) = ("Bash".to_owned(), Some(text.to_owned()));
    PermissionRequest { tool, kind: ToolKind::Execute, command, ..Default::default() }
}

fn edit(path: &str) -> PermissionRequest {
    let (tool, path) = ("Edit".to_owned(), Some(path.to_owned()));
    PermissionRequest { tool, kind: ToolKind::Edit, path, ..Default::default() }
}

#[track_caller]
fn judged(text: &str, request: &PermissionRequest, expected: &str) {
    let found = judge(&rules(text), Otherwise::Ask, request, GROUND);
    let rule = found.rule.map(|rule| format!(" {rule}")).unwrap_or_default();
    assert_eq!(format!("{}{rule}", found.verdict.name()), expected, "{text}: {request:?}");
}

#[test]
fn a_denied_command_is_found_wherever_it_stands() {
    let denies = "deny Bash(git push:*), allow Bash";
    for text in [
        "git  push origin",
        "git -C x push",
        "cd a && git push",
        "echo $(git push)",
        "sudo git push",
        "sh -c 'git push'",
        "/usr/bin/git push",
        "X=1 git push",
        "if true; then git push; fi",
        "xargs -n 1 git push",
        "g'it' \"push\"",
        "env -i sh -c 'true; git push'",
        "echo `git push`",
        "(git push)",
        "git push > x",
    ] {
        judged(denies, &command(text), "deny Bash(git push:*)");
    }
    for text in ["echo git push", "git pushx", "git commit -m push", "gitt push", "git log"] {
        judged(denies, &command(text), "allow Bash");
    }
    for text in ["$X push", "git $X", "eval $X", "cat <<E\ngit push\nE", "git 'pu", "{git,push}"] {
        judged(denies, &command(text), "ask Bash(git push:*)");
    }
    let long = format!("true {}; git push", "x".repeat(LONGEST));
    judged(denies, &command(&shortened(&long)), "ask Bash(git push:*)");
}

#[test]
fn a_compound_command_is_allowed_only_if_each_part_is() {
    let allows = "allow Bash(cargo test:*), allow Bash(git status)";
    judged(allows, &command("cargo test -p x && git status"), "allow Bash(cargo test:*)");
    for text in [
        "cargo test; rm x",
        "cargo test $(rm x)",
        "cargo test > /etc/x",
        "X=1 cargo test",
        "git status --short",
        "./cargo test",
        "cargo test `rm x`",
        "cargo test | sh",
        "cargo 'test",
        "",
        "cargo test\nrm x",
        "cargo test & rm x",
    ] {
        judged(allows, &command(text), "ask");
    }
}

#[test]
fn files_are_judged_by_their_path() {
    let text = "deny Edit(.github/**), ask Edit(Cargo.toml), allow Edit";
    judged(text, &edit(".github/workflows/a.yml"), "deny Edit(.github/**)");
    judged(text, &edit("/trees/p1/.github/a.yml"), "deny Edit(.github/**)");
    judged(text, &edit("src/../.github/a.yml"), "deny Edit(.github/**)");
    judged(text, &edit("crates/x/Cargo.toml"), "ask Edit(Cargo.toml)");
    judged(text, &edit("src/a.rs"), "allow Edit");
    judged("allow Edit", &edit("/etc/passwd"), "ask");
    judged("allow Edit(/etc/**)", &edit("/etc/passwd"), "allow Edit(/etc/**)");
    let several = PermissionRequest { more_paths: vec![".github/a".to_owned()], ..edit("src/a.rs") };
    judged(text, &several, "deny Edit(.github/**)");
    judged("allow Edit(src/**)", &several, "ask");
    let unknown = PermissionRequest { path: None, ..edit("") };
    judged(text, &unknown, "ask");
    judged("allow Edit(src/**)", &unknown, "ask");
}

#[test]
fn tools_are_named_by_what_they_do_or_by_their_name() {
    let tool = |name: &str| PermissionRequest { tool: name.to_owned(), ..Default::default() };
    judged("deny mcp__github__*", &tool("mcp__github__merge"), "deny mcp__github__*");
    judged("allow mcp__github__get", &tool("mcp__github__get"), "allow mcp__github__get");
    judged("deny *", &tool("anything"), "deny *");
    judged("deny Edit", &tool("Write"), "deny Edit");
    judged("deny WebFetch", &tool("WebSearch"), "deny WebFetch");
}

#[test]
fn what_is_no_rule_is_refused() {
    let errors = ["", "Bash(", "Bash()", "Bash(a; b)", "Edit(../x)", "WebFetch(domain:x)", "a b", "(x)"];
    let said: Vec<String> = errors.iter().map(|text| text.parse::<Rule>().unwrap_err().to_string()).collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn the_narrowest_rule_allows_the_request_and_no_other() {
    for (request, expected) in [
        (command("cargo  test -p x"), Some("Bash(cargo test -p x)")),
        (command("cargo test; rm x"), None),
        (command("rm *"), None),
        (edit("/trees/p1/src/a.rs"), Some("Edit(src/a.rs)")),
        (edit("a.rs"), Some("Edit(./a.rs)")),
        (edit("../a.rs"), None),
    ] {
        let rule = Rule::of(&request, GROUND);
        assert_eq!(rule.as_ref().map(Rule::as_str), expected);
        if let Some(rule) = rule {
            let rules = Rules { allow: vec![rule], ..Rules::default() };
            assert_eq!(judge(&rules, Otherwise::Deny, &request, GROUND).verdict, Verdict::Allow);
        }
    }
}

const RULES: [&str; 10] = [
    "Bash",
    "Bash(git push:*)",
    "Bash(git:*)",
    "Bash(a b)",
    "Edit",
    "Edit(src/**)",
    "Edit(*.rs)",
    "Read(/etc/**)",
    "*",
    "mcp*",
];

fn some_rules() -> impl Strategy<Value = Vec<Rule>> {
    proptest::collection::vec(proptest::sample::select(&RULES[..]).prop_map(|text| text.parse().unwrap()), 0..4)
}

fn some_request() -> impl Strategy<Value = PermissionRequest> {
    let word = proptest::sample::select(vec![
        "git", "push", "a", "b", ";", "&&", "$(", ")", "'", "\"", "`", "-C", "$X", ">", "sh -c",
    ]);
    let line = proptest::collection::vec(word, 0..8).prop_map(|words| words.join(" "));
    let path = proptest::sample::select(vec!["src/a.rs", "../a", "/etc/x", "/trees/p1/src/a.rs", "src/../x", "a.rs"]);
    prop_oneof![line.prop_map(|line| command(&line)), path.prop_map(edit), Just(PermissionRequest::default())]
}

proptest! {
    #[test]
    fn one_more_rule_that_denies_or_asks_never_allows_more(
        (allow, ask, deny) in (some_rules(), some_rules(), some_rules()), request in some_request(), more in some_rules()
    ) {
        for otherwise in Otherwise::ALL.map(|(otherwise, _)| otherwise) {
            let rules = Rules { allow: allow.clone(), ask: ask.clone(), deny: deny.clone() };
            let before = judge(&rules, otherwise, &request, GROUND).verdict;
            let denied = Rules { deny: more.iter().chain(&deny).cloned().collect(), ..rules.clone() };
            prop_assert!(judge(&denied, otherwise, &request, GROUND).verdict >= before);
            let asked = Rules { ask: more.iter().chain(&ask).cloned().collect(), ..rules };
            let after = judge(&asked, otherwise, &request, GROUND).verdict;
            prop_assert!(before == Verdict::Allow || after != Verdict::Allow);
        }
    }

    #[test]
    fn any_text_is_read_and_judged(text in "\\PC{0,60}", path in "[./a~]{0,20}") {
        let denies = rules("deny Bash(git push:*), deny Edit(src/**)");
        let _ = judge(&denies, Otherwise::Rules, &command(&text), GROUND);
        let _ = judge(&denies, Otherwise::Rules, &edit(&path), GROUND);
        let _ = text.parse::<Rule>();
    }

    #[test]
    fn a_path_that_climbs_is_never_allowed_by_a_rule(path in "(src/|a/|\\./){0,3}\\.\\./(src/|\\.\\./){0,2}a") {
        let found = judge(&rules("allow Edit, allow Edit(src/**), allow Edit(/**), allow *"), Otherwise::Deny, &edit(&path), GROUND);
        prop_assert_eq!(found.verdict, Verdict::Deny);
    }
}
