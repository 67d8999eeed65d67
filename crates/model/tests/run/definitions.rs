//! Every definition that ships, in every scope that it has, ends where it should; and definitions that build on others.

use crate::simulation::{Rest, Simulation};
use coordinate_model::definition::{Action, Definition, Scope, Source, StepKind, builtin, builtin_names, builtin_text};
use coordinate_model::event::{Created, Event, Outcome};
use coordinate_model::run::{DeliveryResult, Run};
use coordinate_testkit::runs::{created, requested};
use coordinate_testkit::world::World;

fn to_the_end(first: Created) -> (Run, usize) {
    let mut simulation = Simulation::new(first, World::kind(), 7);
    assert_eq!(simulation.settle(5_000), Rest::Ended);
    let mut most = 0;
    let mut live = 0_usize;
    for (_, event) in &simulation.live.journal {
        match event {
            Event::AttemptLeased { .. } => live += 1,
            Event::StepSucceeded { .. } | Event::StepFailed { .. } | Event::RetryScheduled { .. } => live -= 1,
            _ => {}
        }
        most = most.max(live);
    }
    (simulation.live.run, most)
}

/// The states that a run of a scope passes, and how it ended.
fn way(name: &str, scope: Scope) -> String {
    let definition = builtin(name).unwrap();
    // A workflow that begins with implementing is for plans that exist.
    let given = definition.first_state(scope, false).is_some_and(|state| state.as_str() == "implement");
    let builder = if given { created(&[&[], &[], &[1]]) } else { requested(scope, 2) };
    let (run, _) = to_the_end(builder.definition(definition).fix(scope == Scope::DebugOnly).max_parallel(3).build());
    let mut states: Vec<&str> = run.completed.iter().map(|state| state.as_str()).collect();
    states.push(run.state.as_str());
    assert_eq!(run.outcome, Some(Outcome::Succeeded), "{name} {scope}: {:?}", run.closing);
    states.join(" ")
}

/// Shows S1, S18.
#[test]
fn every_definition_ends_where_it_should_in_every_scope() {
    let mut table = String::new();
    for name in builtin_names() {
        for scope in builtin(name).unwrap().scope.keys() {
            table.push_str(&format!("{name} {scope}: {}\n", way(name, *scope)));
        }
    }
    let whole = "research-only: initialize research complete\n\
                 research-and-plan: initialize research plan complete\n\
                 research-and-revise: initialize research plan complete\n\
                 full-implementation: initialize research plan implement test document complete\n\
                 debug-only: initialize debug complete\n";
    let of = |name: &str| whole.lines().map(|line| format!("{name} {line}\n")).collect::<String>();
    let expected = [
        of("coordinate"),
        of("orchestrate"),
        of("supervise"),
        "research research-only: initialize research complete\n".to_owned(),
        "plan research-and-plan: initialize research plan complete\n".to_owned(),
        "revise research-and-revise: initialize research plan complete\n".to_owned(),
        "implement full-implementation: initialize implement test document complete\n".to_owned(),
        "debug debug-only: initialize debug complete\n".to_owned(),
    ];
    assert_eq!(table, expected.concat());
}

/// Shows S18.
#[test]
fn supervise_never_does_two_things_at_once() {
    let definition = || builtin("supervise").unwrap();
    let (_, most) = to_the_end(created(&[&[], &[], &[]]).definition(definition()).max_parallel(1).build());
    assert_eq!(most, 1);
    let (_, most) =
        to_the_end(requested(Scope::FullImplementation, 3).definition(definition()).max_parallel(1).build());
    assert_eq!(most, 1);
    // The same with the usual workflow, as a check of the check.
    let (_, most) = to_the_end(created(&[&[], &[], &[]]).max_parallel(3).build());
    assert!(most > 1);
}

/// Shows S18.
#[test]
fn no_shipped_definition_lets_the_orchestrator_do_an_agents_work() {
    for definition in builtin_names().filter_map(builtin) {
        let steps = definition.state.values().flat_map(|state| &state.steps);
        for step in steps.filter(|step| step.kind == StepKind::Command) {
            let own = matches!(step.action, Some(Action::Summary | Action::PullRequest));
            assert!(own && step.run.is_empty() && step.writes.is_none(), "{}: {step:?}", definition.name);
        }
    }
}

/// Shows S18.
#[test]
fn an_open_pull_request_leaves_the_users_branch_alone() {
    let (run, _) = to_the_end(created(&[&[]]).definition(builtin("orchestrate").unwrap()).build());
    assert!(run.pull_request.is_some());
    assert!(matches!(run.delivery, Some(DeliveryResult::Deferred { .. })), "{:?}", run.delivery);
}

fn file(name: &str, text: &str) -> Source {
    Source { file: Some(format!("{name}.toml")), text: text.to_owned() }
}

/// A library of the shipped definitions and these files.
fn resolve(source: &Source, files: &[Source]) -> Result<Definition, String> {
    let library = |name: &str| {
        let own = files.iter().filter(|one| one.file.as_deref() == Some(format!("{name}.toml").as_str()));
        own.cloned().chain(Source::shipped(name)).collect()
    };
    Definition::resolve(source, &library).map_err(|error| error.to_string())
}

#[test]
fn a_derived_definition_replaces_steps_and_keeps_the_rest() {
    let text = "format = 1\nname = \"mine\"\ndescription = \"mine\"\nextends = \"coordinate\"\n\n[policy]\nmax_parallel = 7\n\n\
                [[state.test.step]]\nid = \"lint\"\nkind = \"command\"\nrun = [\"make\", \"lint\"]\n";
    let mine = resolve(&file("mine", text), &[]).unwrap();
    let base = builtin("coordinate").unwrap();
    let test =
        |definition: &Definition| definition.state.iter().find(|(name, _)| name.as_str() == "test").unwrap().1.clone();
    assert_eq!((mine.policy.max_parallel, mine.policy.debug_rounds), (7, base.policy.debug_rounds));
    assert_eq!((test(&mine).to, test(&mine).on_failure), (test(&base).to, test(&base).on_failure));
    let ids = |definition: &Definition| test(definition).steps.iter().map(|step| step.id.clone()).collect::<Vec<_>>();
    assert_eq!((ids(&mine), ids(&base)), (vec!["lint".to_owned()], vec!["check".to_owned()]));
    assert_eq!(mine.scope, base.scope);
}

#[test]
fn an_own_definition_of_a_shipped_name_builds_on_the_shipped_one() {
    let head = "format = 1\ndescription = \"own\"\nextends = \"coordinate\"\n";
    let coordinate = file("coordinate", &format!("{head}name = \"coordinate\"\n[policy]\nmax_parallel = 9\n"));
    let mine = file("mine", &format!("{head}name = \"mine\"\n"));
    let files = [coordinate.clone()];
    assert_eq!(resolve(&coordinate, &files).unwrap().policy.max_parallel, 9);
    assert_eq!(resolve(&mine, &files).unwrap().policy.max_parallel, 9);
    // What ships stays what it is, whatever the project has.
    let supervise = Source { file: None, text: builtin_text("implement").unwrap().to_owned() };
    assert_eq!(resolve(&supervise, &files).unwrap().policy.max_parallel, 3);
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let head = "format = 1\nname = \"mine\"\ndescription = \"mine\"\n";
    let told = |text: &str, files: &[Source]| resolve(&file("mine", &format!("{head}{text}")), files).unwrap_err();
    let head_of = |line: &str| format!("workflow definition `mine.toml` is not valid:\n{line}");
    let check = |text: &str, expected: &str| assert_eq!(told(text, &[]), head_of(expected));
    check("extends = \"none\"\n", "line 4: extends the unknown workflow `none`; `coordinate workflows list` names all");
    check(
        "extends = \"coordinate\"\nscopes = [\"research\"]\n",
        "line 5: scopes names `research`, which what it extends does not have",
    );
    check("extends = \"coordinate\"\nscopes = []\n", "line 5: scopes must be a list of names of scopes, one at least");
    check(
        "extends = \"coordinate\"\n\n[state.test]\non_success = \"nowhere\"\n",
        "line 7: state.test.on_success names the unknown state `nowhere`\n\
         line 7: state.test.on_success is `nowhere`, which is not in state.test.to\n\
         scope full-implementation: cannot go from `test` to `nowhere`; valid from `test`: `debug`, `document`",
    );
}

#[test]
fn definitions_can_not_build_on_one_another_in_a_circle() {
    let text =
        |name: &str, base: &str| format!("format = 1\nname = \"{name}\"\ndescription = \"x\"\nextends = \"{base}\"\n");
    let (one, two) = (file("one", &text("one", "two")), file("two", &text("two", "one")));
    let error = resolve(&one, &[one.clone(), two]).unwrap_err();
    assert_eq!(
        error,
        "workflow definition `one.toml` is not valid:\nline 4: in `two.toml`, which it extends: line 4: \
         extends `one`, which builds on this one: a definition can not build on itself"
    );
}
