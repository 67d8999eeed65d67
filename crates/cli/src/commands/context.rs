//! `show --context`: what agents were handed of the artifacts, against all that was produced.

use super::{print, print_json};
use coordinate_agents::Cl100k;
use coordinate_engine::port::Tokens;
use coordinate_model::context::Account;
use coordinate_model::run::Run;
use coordinate_report::context;

/// Prints the account of a run. Counted anew, with what the prompts were made with: the same counts come out.
pub(super) fn show(run: &Run, as_json: bool) {
    let counter = Cl100k::default().counter();
    let account = Account::of(run, &|text| counter.count(text));
    if as_json {
        print_json(&context::json(&account));
    } else {
        print(context::text(&account).trim_end());
    }
}
