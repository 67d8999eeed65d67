//! Runs to drive: chains and fans of single steps, and plans of phases.

use coordinate_model::definition::{Definition, Scope, builtin};
use coordinate_model::event::{AgentChoice, AttemptLimits, Base, Created, Options, Paths};
use coordinate_model::ids::RunId;
use coordinate_model::plan::{Source, parse};
use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

/// `count` steps, each after the one before.
pub(crate) fn chain(count: usize) -> Created {
    steps(count, |at| if at == 0 { String::new() } else { format!("needs = [\"s{}\"]\n", at - 1) })
}

/// `count` steps that need nothing.
pub(crate) fn wide(count: usize) -> Created {
    steps(count, |_| String::new())
}

fn steps(count: usize, needs: impl Fn(usize) -> String) -> Created {
    let mut text =
        "format = 1\nname = \"bench\"\ndescription = \"\"\ninitial = \"initialize\"\ncomplete = \"complete\"\n\
                    [scope.full-implementation]\nfirst = \"work\"\nlast = \"work\"\n\
                    [state.initialize]\nto = [\"work\"]\n[state.complete]\nto = []\n\
                    [state.work]\nto = [\"complete\"]\n"
            .to_owned();
    for at in 0..count {
        let _ =
            write!(text, "[[state.work.step]]\nid = \"s{at}\"\nkind = \"command\"\nrun = [\"true\"]\n{}", needs(at));
    }
    created(Definition::parse("bench", &text).expect("the definition is valid"), None)
}

/// A plan of `count` phases, each after the one before and after the one ten before.
pub(crate) fn phases(count: usize) -> Created {
    let mut text = "# Bench\n".to_owned();
    for number in 1..=count {
        let needs: Vec<String> =
            [1, 10].iter().filter(|back| number > **back).map(|back| (number - back).to_string()).collect();
        let _ = write!(text, "\n### Phase {number}: Work\n\n**Dependencies**: [{}]\n\n- [ ] do it\n", needs.join(", "));
    }
    let plan = parse(&[Source { path: "PLAN.md".to_owned(), text }]).plan;
    created(builtin("coordinate").expect("it is built in"), Some(plan))
}

fn created(definition: Definition, plan: Option<coordinate_model::plan::Plan>) -> Created {
    Created {
        run: run_id(),
        request: "bench".to_owned(),
        scope: Scope::FullImplementation,
        reasons: Vec::new(),
        fix: false,
        topics: Vec::new(),
        tracks: Vec::new(),
        parent: None,
        roles: std::collections::BTreeMap::new(),
        standards: coordinate_model::standards::Standards::default(),
        revises: None,
        definition,
        plan,
        plan_hash: None,
        done: Vec::new(),
        paths: Paths {
            debug: None,
            named: Vec::new(),
            overview: None,
            project: String::new(),
            trees: String::new(),
            topic: "specs/001_bench".to_owned(),
            topic_number: 1,
            plan: None,
            summary: String::new(),
        },
        learned: Vec::new(),
        forked: None,
        options: Options {
            forecast: None,
            verdicts: Default::default(),
            merge: Default::default(),
            gate_ms: None,
            permissions: Default::default(),
            quota: Default::default(),
            interrupted: Default::default(),
            role_agents: std::collections::BTreeMap::new(),
            budget: None,
            max_parallel: 2,
            max_research: None,
            replan: None,
            auto_create_debug: true,
            agent: AgentChoice {
                sums_session: false,
                resumes: false,
                name: "bench".to_owned(),
                argv: Vec::new(),
                repairs: false,
                model: None,
                concludes: false,
                hears: false,
            },
            test_command: None,
            check_command: None,
            test_limit_ms: 0,
            limits: AttemptLimits::default(),
            tree_setup: Vec::new(),
            tree_links: Vec::new(),
            snapshot_ms: coordinate_model::event::SNAPSHOT_MS,
        },
        base: Base { branch: None, commit: None },
        program: "bench".to_owned(),
    }
}

/// Two runs of one workload in one journal must differ.
fn run_id() -> RunId {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    format!("{}{nanos:026}", RunId::PREFIX).parse().expect("26 digits are an id")
}
