//! Workflow definitions: which there are, own ones, their mistakes, and the scope that they force.

use crate::support::redact::{check, shows};
use crate::support::{Plan, World};

const MINE: &str = "format = 1\nname = \"mine\"\ndescription = \"as coordinate, with a lint\"\nextends = \"coordinate\"\n\n\
                    [[state.test.step]]\nid = \"lint\"\nkind = \"command\"\nrun = [\"test\", \"it's  so\", \"=\", \"it's  so\"]\n";

fn world() -> World {
    World::with_plan(&Plan::new().sh("one", &[], "`one.txt`", "echo 1 > one.txt"))
}

/// Shows S18.
#[test]
fn workflows_are_listed_and_shown() {
    let world = world();
    world.write(".coordinate/workflows/mine.toml", MINE);
    world.write(".coordinate/workflows/bad.toml", "format = 1\n");
    let plan = MINE.replace("mine", "plan");
    world.write(".coordinate/workflows/plan.toml", &plan);
    shows("workflows_list", &world, &["workflows"]);
    shows("workflows_show", &world, &["workflows", "show", "research"]);
    shows("workflows_show_whole", &world, &["workflows", "show", "research", "--whole"]);
    shows("workflows_show_overriding", &world, &["workflows", "show", "plan"]);
    let list = world.json(&["workflows", "list", "--json"]);
    let of = |name: &str, origin: &str| {
        let rows = list.as_array().unwrap().iter();
        rows.clone().find(|row| row["name"] == name && row["origin"] == origin).unwrap().clone()
    };
    assert_eq!((&of("plan", "project")["hidden"], &of("plan", "shipped")["hidden"]), (&false.into(), &true.into()));
    assert_eq!(of("research", "shipped")["scopes"], serde_json::json!(["research-only"]));
    assert_eq!(of("bad", "project")["problems"][0], "missing field `name`");
}

/// Shows S1, S18.
#[test]
fn what_is_wrong_with_own_workflows_is_told_with_file_and_line() {
    let world = world();
    shows("workflows_check_none", &world, &["workflows", "check"]);
    world.write(".coordinate/workflows/mine.toml", MINE);
    shows("workflows_check_good", &world, &["workflows", "check"]);
    let wrong = "\n[state.lost]\nto = [\"complete\"]\n\n[state.trap]\nto = [\"trap\"]\n\n[state.research]\nto = [\"trap\", \
                 \"plan\", \"nowhere\", \"complete\"]\n\n[[state.plan.step]]\nid = \"Plan\"\nkind = \"agent\"\nneeds = [\"report\"]\n";
    world.write(".coordinate/workflows/wrong.toml", &format!("{}{wrong}", MINE.replace("mine", "wrong")));
    world
        .write(".coordinate/workflows/key.toml", &format!("{}\n[state.plan]\ntoo = []\n", MINE.replace("mine", "key")));
    world.write(".coordinate/workflows/broken.toml", "format = 1\nname = \n");
    world.write(".coordinate/workflows/other.toml", MINE);
    let role = "\n[[state.debug.step]]\nid = \"a\"\nkind = \"agent\"\nrole = \"magician\"\n";
    world.write(".coordinate/workflows/role.toml", &format!("{}{role}", MINE.replace("mine", "role")));
    shows("workflows_check_wrong", &world, &["workflows", "check"]);
    shows("workflows_check_file", &world, &["workflows", "check", ".coordinate/workflows/other.toml", "mine"]);
    shows("workflows_check_unknown", &world, &["workflows", "check", "none"]);
}

/// Shows S18.
#[test]
fn an_ejected_workflow_is_the_projects_own() {
    let world = world();
    shows("workflows_eject", &world, &["workflows", "eject", "supervise"]);
    shows("workflows_eject_again", &world, &["workflows", "eject", "supervise"]);
    let file = ".coordinate/workflows/supervise.toml";
    world.write(file, &world.read(file).replace("as coordinate", "OWN"));
    let outcome = world.run_offline(&["--workflow", "supervise", "--dry-run"]);
    assert!(outcome.stderr.contains("the workflow `supervise` is the one of `.coordinate/workflows/supervise.toml`"));
    assert_eq!(world.coordinate(&["workflows", "eject", "supervise", "--force"]).code, Some(0));
    assert!(!world.read(file).contains("OWN"));
    shows("workflows_eject_unknown", &world, &["workflows", "eject", "none"]);
}

/// Shows S18.
#[test]
fn an_own_workflow_runs_by_its_name() {
    let world = world();
    world.write(".coordinate/workflows/mine.toml", MINE);
    let outcome = world.run_offline(&["--workflow", "mine"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let run = world.show();
    assert_eq!(run["workflow"], "mine");
    let steps: Vec<_> = run["steps"].as_array().unwrap().iter().map(|step| step["id"].as_str().unwrap()).collect();
    assert!(steps.contains(&"test/lint") && !steps.contains(&"test/check"), "{steps:?}");
    let ran = run["verdicts"].as_array().unwrap().last().unwrap();
    assert_eq!(ran["command"], r"'test' 'it'\''s  so' '=' 'it'\''s  so'");
}

/// Shows S18.
#[test]
fn a_workflow_with_one_scope_decides_it() {
    let world = world();
    let dry = |arguments: &[&str]| {
        let words = world.authored(&[arguments, &["--dry-run"]].concat());
        world.coordinate(&words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    check("workflow_plan_forces", &world, &dry(&["--workflow", "plan", "build a cache"]));
    check("workflow_research_forces", &world, &dry(&["--workflow", "research", "build a cache"]));
    check("workflow_lacks_scope", &world, &dry(&["--workflow", "plan", "--scope", "debug-only", "the tests fail"]));
    check("workflow_lacks_scope_of_plan", &world, &dry(&["--workflow", "research", "PLAN.md"]));
    check("workflow_needs_a_plan", &world, &dry(&["--workflow", "implement", "build a cache"]));
    check("workflow_revise_needs_a_plan", &world, &dry(&["--workflow", "revise", "build a cache"]));
}

/// Shows S18.
#[test]
fn each_small_workflow_ends_where_it_should() {
    let cases = [
        ("research", "how the parser works", "initialize research complete"),
        ("plan", "build a cache", "initialize research plan complete"),
        ("debug", "the tests fail", "initialize debug complete"),
        ("supervise", "build a cache", "initialize research plan implement test document complete"),
    ];
    for (workflow, request, states) in cases {
        let world = World::new(&[("README.md", "# A project\n")]);
        let outcome = world.run_authored(&["--workflow", workflow, request]);
        assert_eq!(outcome.code, Some(0), "{workflow}: {outcome:#?}");
        let run = world.show();
        let completed = run["completed_states"].as_array().unwrap().iter().map(|state| state.as_str().unwrap());
        let passed: Vec<&str> = completed.chain(run["state"].as_str()).collect();
        assert_eq!(passed.join(" "), states, "{workflow}");
        world.env.assert_no_leftovers();
    }
}
