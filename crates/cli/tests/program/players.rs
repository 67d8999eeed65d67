//! Who plays which role: by flag, by configuration, by the role's own file.

use crate::clients::{WRITE, client, run};
use crate::support::World;
use crate::support::redact::check;

const PLAN: &str = "# One\n\n### Phase 1: One\n**Files**: hello.txt\n\n- [ ] write it\n";

fn world() -> World {
    let world = World::new(&[("PLAN.md", PLAN)]);
    client(&world, "claude", "echo hello > hello.txt", WRITE);
    client(&world, "codex", "echo hello > hello.txt", "{\"type\":\"turn.completed\",\"usage\":{}}\n");
    world
}

#[test]
fn the_flag_counts_more_than_the_configuration_and_that_more_than_the_role_file() {
    let world = world();
    world.write(
        ".coordinate/roles/implementation-executor.md",
        "---\nname: implementation-executor\ndescription: it writes\nmodel: haiku\ncontract: changes\n---\n\nDo the work.\n",
    );
    let roles = "agent.roles=[\"implementation-executor=claude:opus\", \"debug-specialist=codex\"]";
    let dry = |more: &[&str]| run(&world, &[&["run", "PLAN.md", "--dry-run", "--agent", "claude"], more].concat());
    let shown = |more: &[&str]| {
        let out = dry(more).stdout;
        out.lines().filter(|line| line.starts_with("agent")).map(str::to_owned).collect::<Vec<_>>()
    };
    let of = |model: &str| vec!["agent: claude".to_owned(), format!("agent for implementation-executor: {model}")];
    assert_eq!(shown(&[]), of("claude:haiku"));
    assert_eq!(shown(&["-c", "agent.model=sonnet"]), ["agent: claude:sonnet"]);
    check("players_dry_run", &world, &dry(&["-c", roles]));
    assert_eq!(shown(&["--agent-for", "implementation-executor=codex:gpt-5.5"]), of("codex:gpt-5.5"));
    assert_eq!(shown(&["-c", roles, "--agent-for", "implementation-executor=:sonnet"])[2..], of("claude:sonnet")[1..]);
    check("players_agents", &world, &run(&world, &["agents", "-c", roles, "-c", "agent.fallback=[\"codex\"]"]));
}

#[test]
fn a_role_is_played_by_its_own_agent_with_its_own_model() {
    let world = world();
    let casting = "implementation-executor=codex:gpt-5.5";
    let arguments = ["run", "PLAN.md", "--agent", "claude", "-c", "test.command=true", "--agent-for", casting];
    let outcome = run(&world, &arguments);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert!(world.beside("codex.arguments").contains("-m gpt-5.5"));
    assert!(!world.env.root().join("scripts/claude.arguments").exists(), "the run's own agent was started too");
}

#[test]
fn a_casting_that_means_nothing_is_said() {
    let world = world();
    let with = |more: &[&str]| run(&world, &[&["run", "PLAN.md", "--dry-run"], more].concat());
    check("players_form", &world, &with(&["--agent-for", "implementation-executor"]));
    check("players_role", &world, &with(&["--agent-for", "chief=codex"]));
    check("players_roles_key", &world, &with(&["-c", "agent.roles=[\"chief=codex\"]"]));
    check("players_client", &world, &with(&["--agent-for", "implementation-executor=clod"]));
}
