//! Reporters: what a run looks like, made from its folded state and its events. Nothing here prints.

pub mod budget;
pub mod changes;
pub mod context;
pub mod dashboard;
pub mod diagram;
pub mod effects;
pub mod ending;
pub mod errors;
pub mod estimate;
pub mod forecast;
pub mod inbox;
pub mod json;
pub mod limits;
pub mod line;
pub mod log;
pub mod metrics;
pub mod said;
pub mod spend;
pub mod states;
pub mod summary;
pub mod text;
pub mod verification;
pub mod why;
