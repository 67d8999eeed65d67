//! The id of a client's session, known before the client is started.

use coordinate_model::digest::hex_sha256;

/// A UUID that follows from run, step and attempt, which the journal holds before anything is launched: so whoever comes
/// after a crash knows the session, also when the client never got to print it. No two attempts share one, since clients
/// refuse an id that was used before. Form: version 8 of RFC 9562, whose bits are the program's own.
pub(crate) fn id(run: &str, step: &str, attempt: u32) -> String {
    let hash = hex_sha256(format!("{run}\n{step}\n{attempt}").as_bytes());
    let part = |from: usize, to: usize| hash.get(from..to).unwrap_or_default();
    format!("{}-{}-8{}-8{}-{}", part(0, 8), part(8, 12), part(12, 15), part(15, 18), part(18, 30))
}
