//! What a command finds on this machine, as lines that can be compared.

use coordinate_engine::port::Surroundings;
use coordinate_model::digest::hex_sha256;
use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// This machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemSurroundings;

impl Surroundings for SystemSurroundings {
    fn of(&self, command: &str, variables: &[String]) -> Vec<String> {
        let mut lines = vec![format!("system {} {}", std::env::consts::OS, std::env::consts::ARCH)];
        let path = std::env::var_os("PATH").unwrap_or_default();
        for program in programs(command) {
            lines.push(format!("program {program} {}", resolved(program, &path)));
        }
        for variable in variables {
            let value = std::env::var_os(variable);
            let shown = value.map_or_else(|| "not set".to_owned(), |value| hex_sha256(value.as_encoded_bytes()));
            lines.push(format!("variable {variable} {shown}"));
        }
        lines
    }
}

/// The words that can be programs: the first of each part of a command line, behind settings of variables, and the shell's
/// own helpers. A word that is none is found nowhere, which is as good a line as any.
fn programs(command: &str) -> BTreeSet<&str> {
    let ends = |c: char| matches!(c, ';' | '|' | '&' | '\n' | '(' | ')' | '{' | '}' | '`');
    let sets = |word: &&str| word.contains('=') || matches!(*word, "env" | "exec" | "time" | "nice" | "!");
    let found = command.split(ends).filter_map(|part| part.split_whitespace().find(|word| !sets(word)));
    // The shell that reads the command is one of them.
    found.chain(["sh"]).collect()
}

/// The file of a program with its size and time. What lies in the tree is a part of the tree.
fn resolved(program: &str, path: &std::ffi::OsStr) -> String {
    let stat = |file: PathBuf| {
        let real = std::fs::canonicalize(&file).ok()?;
        let data = std::fs::metadata(&real).ok().filter(std::fs::Metadata::is_file)?;
        Some(format!("{} {} {}.{:09}", real.display(), data.size(), data.mtime(), data.mtime_nsec()))
    };
    let found = match program.contains('/') {
        true => Path::new(program).is_absolute().then(|| stat(PathBuf::from(program))).flatten(),
        false => std::env::split_paths(path).find_map(|folder| stat(folder.join(program))),
    };
    found.unwrap_or_else(|| "no file of its own".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_of_a_command_are_its_first_words() {
        let found = |command: &str| programs(command).into_iter().collect::<Vec<_>>().join(" ");
        assert_eq!(found("cargo test --all && RUST_LOG=x make -j2 check | tee log"), "cargo make sh tee");
        assert_eq!(found("./run.sh; (cd a && env X=1 npm test)"), "./run.sh cd npm sh");
        assert_eq!(found(""), "sh");
    }

    #[test]
    fn another_program_and_another_value_are_another_line() {
        let folder = tempfile::tempdir().unwrap();
        let tool = folder.path().join("tool");
        let line = || resolved(&tool.to_string_lossy(), std::ffi::OsStr::new(""));
        assert_eq!(line(), "no file of its own");
        std::fs::write(&tool, "one").unwrap();
        let first = line();
        std::fs::write(&tool, "other").unwrap();
        assert_ne!(first, line());
        let of = |variable: &str| SystemSurroundings.of("true", &[variable.to_owned()]).pop().unwrap();
        assert_eq!(of("COORDINATE_NO_SUCH_VARIABLE"), "variable COORDINATE_NO_SUCH_VARIABLE not set");
        let path = std::env::var("PATH").unwrap();
        assert!(!of("PATH").contains(&path), "values are told by their hash alone");
    }
}
