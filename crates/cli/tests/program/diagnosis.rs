//! What a failing test's output tells reaches the person who asks.

use crate::support::redact::{redacted, whole};
use crate::support::{Plan, World};

const MAKEFILE: &str = "test:\n\t@test ! -e broken.txt || { echo 'E   assert 1 == 2'; \
                        echo '/usr/lib/python3/case.py:58: in f'; echo 'src/app.py:3: AssertionError'; exit 1; }\n";

/// Shows S14.
#[test]
fn the_first_place_and_what_to_try_are_told() {
    let plan = Plan::new().sh("break it", &[], "`broken.txt`", "echo x > broken.txt");
    let world = World::new(&[("PLAN.md", &plan.text()), ("Makefile", MAKEFILE)]);
    let outcome = world.run_offline(&[]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    redacted(&world, || insta::assert_snapshot!("diagnosis_run", outcome.stdout));
    redacted(&world, || insta::assert_snapshot!("diagnosis_why", whole(&world.coordinate(&["why"]))));
}
