//! People have their say: at a gate they steer, set a budget, leave a phase out, try another again, pause and resume. And
//! one who cancels a run while its agent is at work.

use super::author::author;
use super::words;
use crate::support::Project;

const PLAN: &str = "# Proof\n\n### Phase 1: One\n**Files**: one.txt\n\n- [ ] one\n\n\
    ### Phase 2: Two\n**Files**: two.txt\n\n- [ ] two\n\n\
    ### Phase 3: Three\n**Dependencies**: [1]\n**Files**: three.txt\n\n- [ ] three\n";

const WORKFLOW: &str = "format = 1\nname = \"allowed\"\ndescription = \"each phase is allowed\"\n\
    extends = \"coordinate\"\n\n[[state.implement.step]]\nid = \"agent\"\nkind = \"agent\"\n\
    role = \"implementation-executor\"\nfor_each = \"phases\"\n\n[[state.implement.step]]\nid = \"allow\"\nkind = \"gate\"\n\
    question = \"merge this phase?\"\nfor_each = \"phases\"\nneeds = [\"agent\"]\n\n[[state.implement.step]]\n\
    id = \"merge\"\nkind = \"merge\"\nfor_each = \"phases\"\nneeds = [\"allow\"]\n";

/// Phase 2 fails for good at its first try.
const AGENT: &str = r##"case $COORDINATE_PHASE/$COORDINATE_ATTEMPT in
1/*) echo one > one.txt ;;
2/*@1) echo 'FAILURE_CLASS: permanent'; exit 1 ;;
2/*) echo two > two.txt ;;
3/*) echo three > three.txt ;;
esac
"##;

pub(super) fn project() -> Project {
    let files = [("PLAN.md", PLAN), (".coordinate/workflows/allowed.toml", WORKFLOW)];
    let mut project = Project::new(&files, &[]);
    let agent = author(&project, AGENT);
    let options = ["--agent", "command", "--agent-command", &agent, "--workflow", "allowed"];
    project.run_with(&[&["PLAN.md"], &options[..], &["-c", "test.command=true"]].concat());
    project
}

/// What was done already is refused, and changes nothing.
pub(super) fn people(project: &Project, code: i32) -> Vec<Vec<String>> {
    if code != 3 {
        return Vec::new();
    }
    let run = project.run_quietly().unwrap_or_default();
    let gates = project.json_quietly(&["inbox", "--json"]);
    let gates = gates.as_array().into_iter().flatten().filter_map(|gate| gate["id"].as_str());
    let mut commands = words(&[
        &["steer", &run, "use tabs"],
        &["budget", "--budget-tokens", "100000"],
        &["skip", "implement/p3/agent"],
        &["retry", "implement/p2/agent"],
        &["pause"],
    ]);
    commands.extend(gates.map(|id| vec!["approve".to_owned(), id.to_owned()]));
    commands
}

/// The agent cancels its own run, and has to be ended then.
const CANCELS: &str = r##"case $COORDINATE_PHASE in
1) echo one > one.txt ;;
2)
    echo half > two.txt
    until "$PROGRAM" cancel "$COORDINATE_RUN" --project "$PROJECT" --reason enough < /dev/null > /dev/null 2>&1; do
        sleep 0.05
    done
    while :; do sleep 0.05; done ;;
esac
"##;

pub(super) fn cancelled() -> Project {
    let plan = "# Proof\n\n### Phase 1: One\n**Files**: one.txt\n\n- [ ] one\n\n\
        ### Phase 2: Two\n**Dependencies**: [1]\n**Files**: two.txt\n\n- [ ] two\n";
    let mut project = Project::new(&[("PLAN.md", plan)], &[]);
    let (program, root) = (env!("CARGO_BIN_EXE_coordinate"), project.root.display().to_string());
    let agent = author(&project, &format!("PROGRAM='{program}'\nPROJECT='{root}'\n{CANCELS}"));
    project.run_with(&["PLAN.md", "--agent", "command", "--agent-command", &agent, "-c", "test.command=true"]);
    project
}
