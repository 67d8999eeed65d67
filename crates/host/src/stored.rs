//! Small files of JSON with the version of their format beside their content.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{self, ErrorKind};
use std::path::Path;

/// A stored value with the version of its format.
#[derive(Serialize, Deserialize)]
struct Stored<T> {
    format: u32,
    #[serde(flatten)]
    content: T,
}

/// Only the version: read first, since a newer format may differ in everything else.
#[derive(Deserialize)]
struct StoredFormat {
    format: u32,
}

/// A value as the text of such a file.
///
/// # Errors
/// When it can not be written as JSON.
pub fn text<T: Serialize>(format: u32, content: &T) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec(&Stored { format, content })?;
    text.push(b'\n');
    Ok(text)
}

/// The value of a file, `None` if there is none. `newest` is the newest format that is known.
///
/// # Errors
/// When it is there and can not be read.
pub fn read<T: DeserializeOwned>(newest: u32, path: &Path) -> io::Result<Option<T>> {
    match std::fs::read(path) {
        Ok(text) => parse(newest, &text).map(Some).map_err(|error| {
            io::Error::new(ErrorKind::InvalidData, format!("cannot read `{}`: {error}", path.display()))
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn parse<T: DeserializeOwned>(newest: u32, text: &[u8]) -> Result<T, String> {
    let StoredFormat { format } = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    if format > newest {
        return Err(format!(
            "its format {format} is newer than {newest}, the newest known here; use the `coordinate` that wrote it"
        ));
    }
    serde_json::from_slice::<Stored<T>>(text).map(|stored| stored.content).map_err(|error| error.to_string())
}
