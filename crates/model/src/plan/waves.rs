//! The waves that a plan lists itself, and how they compare with the computed ones.

use super::depends::{self, Span};
use super::diagnostic::Diagnostic;
use super::document::Document;
use super::expansion::Expansion;
use super::field::{Field, Name};
use super::spelling;
use super::{Graph, Plan};
use crate::ids::PhaseNumber;

/// The first list of waves in a document, with its line.
pub(super) struct Declared {
    pub(super) waves: Result<Vec<Vec<Span>>, String>,
    pub(super) file: String,
    pub(super) line: u32,
}

/// Finds the list of waves, if the document has one.
pub(super) fn declared(document: &Document<'_>) -> Option<Declared> {
    let field = document.fields.iter().find(|field| field.name == Name::Waves)?;
    if field.value.is_empty() && field.entries.is_empty() {
        return None;
    }
    Some(Declared { waves: read(field), file: document.source.path.clone(), line: field.line })
}

fn read(field: &Field) -> Result<Vec<Vec<Span>>, String> {
    if !field.value.is_empty() {
        return inline(&field.value);
    }
    field.entries.iter().map(|entry| wave(&entry.text)).collect()
}

/// `[[1], [2, 3]]`: a wave in each of the inner brackets.
fn inline(text: &str) -> Result<Vec<Vec<Span>>, String> {
    let inner = text.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let inner = inner.ok_or_else(|| text.to_owned())?;
    let mut waves = Vec::new();
    for part in inner.split_inclusive(']') {
        let part = part.trim_start_matches([',', ' ', '\t']).trim();
        if part.is_empty() {
            continue;
        }
        let list = part.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let list = list.ok_or_else(|| part.to_owned())?;
        waves.push(depends::read(list).map_err(|_| list.to_owned())?);
    }
    Ok(waves)
}

/// `Wave 1 (parallel): Phase 1, 2`, or the list alone.
fn wave(text: &str) -> Result<Vec<Span>, String> {
    let unreadable = |_| text.to_owned();
    let bare = spelling::list_item(text).unwrap_or(text).trim_start_matches(['*', '_']);
    let start = bare.get(..4).unwrap_or_default();
    if !start.eq_ignore_ascii_case("wave") {
        return depends::read(text).map_err(unreadable);
    }
    let (_, list) = bare.split_once(':').ok_or_else(|| text.to_owned())?;
    depends::read(list.trim_start_matches('*')).map_err(unreadable)
}

/// Notes the declared waves in the plan, and what is to be said about them. `graph` is there only if
/// the plan is sound.
pub(super) fn compare(plan: &mut Plan, declared: Option<Declared>, graph: Option<&Graph>) -> Option<Diagnostic> {
    let Declared { waves, file, line } = declared?;
    let waves = match waves {
        Ok(waves) => waves,
        Err(text) => {
            let text: String = text.chars().take(60).collect();
            let message = format!("cannot read the waves at `{text}`; write them like `[[1], [2, 3]]`");
            return Some(Diagnostic::warning(&file, line, None, message));
        }
    };
    let numbers: Vec<_> = plan.phases.iter().map(|phase| phase.number).collect();
    let mut expansion = Expansion::new(&numbers);
    let waves: Vec<_> = waves.iter().map(|spans| expansion.expand(spans).numbers).collect();
    let computed = graph.map(Graph::waves);
    let differs = computed.filter(|computed| *computed != waves);
    let found = differs.map(|computed| {
        let message = format!(
            "the plan lists the waves {}, but its dependencies give {}; correct the list or the dependencies",
            shown(&waves),
            shown(&computed)
        );
        Diagnostic::warning(&file, line, None, message)
    });
    plan.declared_waves = Some(waves);
    found
}

/// Waves as text, cut where it would fill the screen.
fn shown(waves: &[Vec<PhaseNumber>]) -> String {
    const MOST: usize = 500;
    let mut text = String::from("[");
    for (index, wave) in waves.iter().enumerate() {
        text.push_str(if index == 0 { "[" } else { ", [" });
        for (index, phase) in wave.iter().enumerate() {
            if text.len() > MOST {
                return text + ", …";
            }
            text.push_str(if index == 0 { "" } else { ", " });
            text.push_str(&phase.to_string());
        }
        text.push(']');
    }
    text + "]"
}
