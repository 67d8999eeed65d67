//! The program as a user sees it: real processes, real git, a scripted agent.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a failed set-up can only end the test")]

#[path = "../support/mod.rs"]
mod support;

mod acp;
mod budgets;
mod checkout;
mod checkpoints;
mod classifier;
mod clean;
mod clean_shell;
mod clients;
mod commands;
mod configuration;
mod context;
mod control;
mod diagnosis;
mod display;
mod eight_states;
mod errors;
mod figures;
mod forecast;
mod forks;
mod hanging;
mod history;
mod hostile;
mod inbox;
mod merging;
mod misbehaviour;
mod offline;
mod plan_files;
mod players;
mod pull_request;
mod queue;
mod quota;
mod replan;
mod replan_asked;
mod replays;
mod requests;
mod rewinds;
mod roles;
mod scheduling;
mod scope;
mod scopes;
mod sessions;
mod snapshots;
mod state;
mod state_migrate;
mod state_shells;
mod structured;
mod supervision;
mod time;
mod topics;
mod verdicts;
mod verify;
mod worker;
mod workflows;
