//! Names of variables and of workflows.

use std::fmt;
use std::str::FromStr;

/// The longest id of a workflow and the longest name of a checkpoint.
const LONGEST_ID: usize = 64;

/// Why a text is no name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` can not be the {kind}: {reason}")]
pub struct InvalidName {
    /// What it was to name.
    pub kind: &'static str,
    /// The text, with what is no UTF-8 replaced.
    pub text: String,
    /// What is wrong with it.
    pub reason: String,
}

/// The name of a shell variable that every shell lets its user set, and that no shell evaluates.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VariableName(String);

/// Names that shells execute or expand, now or when they next start. A value must stay a value.
const EXECUTED: &[&str] = &[
    "ENV",
    "NULLCMD",
    "PATH",
    "PROMPT",
    "PROMPT2",
    "PROMPT3",
    "PROMPT4",
    "PROMPT_COMMAND",
    "PS0",
    "PS1",
    "PS2",
    "PS3",
    "PS4",
    "READNULLCMD",
    "RPROMPT",
    "RPS1",
    "SPROMPT",
    "ZDOTDIR",
    "prompt",
];

/// Numbers of bash and zsh: a value that is assigned to one is evaluated as arithmetic, and a subscript in it may
/// hold a command substitution.
const EVALUATED: &[&str] = &[
    "ARGC",
    "COLUMNS",
    "DIRSTACKSIZE",
    "EGID",
    "EPOCHREALTIME",
    "EPOCHSECONDS",
    "ERRNO",
    "EUID",
    "FUNCNEST",
    "GID",
    "HISTCMD",
    "HISTSIZE",
    "KEYTIMEOUT",
    "LINENO",
    "LINES",
    "LISTMAX",
    "LOGCHECK",
    "MAILCHECK",
    "OPTIND",
    "PERIOD",
    "PPID",
    "RANDOM",
    "REPORTMEMORY",
    "REPORTTIME",
    "SAVEHIST",
    "SECONDS",
    "SHLVL",
    "SRANDOM",
    "TMOUT",
    "TRY_BLOCK_ERROR",
    "TRY_BLOCK_INTERRUPT",
    "TTYIDLE",
    "UID",
];

/// Names that at least one shell keeps for itself: read-only, tied to another, or changing what it does.
const KEPT: &[&str] = &[
    "CDPATH",
    "CMD_DURATION",
    "COMP_WORDBREAKS",
    "DIRSTACK",
    "EXECIGNORE",
    "FIGNORE",
    "FPATH",
    "FUNCNAME",
    "GLOBIGNORE",
    "GROUPS",
    "HISTCHARS",
    "IFS",
    "KEYBOARD_HACK",
    "MAILPATH",
    "MANPATH",
    "MODULE_PATH",
    "OLDPWD",
    "OPTARG",
    "POSIXLY_CORRECT",
    "PSVAR",
    "PWD",
    "SHELLOPTS",
    "USERNAME",
    "WATCH",
    "WORDCHARS",
    "_",
    "aliases",
    "argv",
    "builtins",
    "cdpath",
    "commands",
    "dirstack",
    "fignore",
    "fpath",
    "funcfiletrace",
    "funcsourcetrace",
    "funcstack",
    "functions",
    "functrace",
    "galiases",
    "histchars",
    "history",
    "historywords",
    "hostname",
    "jobdirs",
    "jobstates",
    "jobtexts",
    "keymaps",
    "mailpath",
    "manpath",
    "module_path",
    "modules",
    "nameddirs",
    "options",
    "parameters",
    "patchars",
    "path",
    "pipestatus",
    "psvar",
    "reswords",
    "saliases",
    "status",
    "status_generation",
    "termcap",
    "terminfo",
    "umask",
    "userdirs",
    "usergroups",
    "version",
    "watch",
    "widgets",
];

/// Families of names with a meaning to a shell or to the loader of programs.
const FAMILIES: &[&str] = &["BASH", "DYLD_", "FISH_", "LD_", "ZSH_", "__fish", "dis_", "fish_", "functions_", "zsh_"];

impl VariableName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for VariableName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let reason = if !is_identifier(text) {
            "it must be letters, digits and `_`, and not begin with a digit".to_owned()
        } else if EXECUTED.contains(&text) {
            "shells execute or expand what it holds".to_owned()
        } else if EVALUATED.contains(&text) {
            "a shell evaluates what is assigned to it as arithmetic".to_owned()
        } else if KEPT.contains(&text) {
            "a shell keeps this name for itself".to_owned()
        } else if let Some(family) = FAMILIES.iter().find(|family| text.starts_with(**family)) {
            format!("names that begin with `{family}` have a meaning of their own")
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(InvalidName { kind: "name of a variable", text: text.to_owned(), reason })
    }
}

impl fmt::Display for VariableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_identifier(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.bytes().all(inner) && text.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

/// The id of a workflow with state for shells: a run's id, or a free name. Checkpoints have names of the same form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkflowId(String);

impl WorkflowId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The nearest id to a text that may hold anything: what an id can not hold becomes `_`.
    #[must_use]
    pub fn nearest(text: &str) -> Self {
        let id: String = text.chars().map(|c| if is_id_character(c) { c } else { '_' }).take(LONGEST_ID).collect();
        Self(if id.is_empty() { "_".to_owned() } else { id })
    }
}

impl FromStr for WorkflowId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        if !text.is_empty() && text.len() <= LONGEST_ID && text.chars().all(is_id_character) {
            return Ok(Self(text.to_owned()));
        }
        let reason = format!("it must be 1 to {LONGEST_ID} of the characters `A-Z a-z 0-9 . _ -`");
        Err(InvalidName { kind: "id of a workflow or name of a checkpoint", text: text.to_owned(), reason })
    }
}

impl fmt::Display for WorkflowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_id_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_shells() {
        for name in ["A", "_a", "REPORT_PATH_0", "x9", "TOPIC_PATH", "CLAUDE_PROJECT_DIR", "HOME"] {
            assert!(name.parse::<VariableName>().is_ok(), "{name}");
        }
        for name in ["", "9", "A-B", "A=B", "ä", "A B", "A\n", "-A", "A[0]"] {
            assert!(name.parse::<VariableName>().is_err(), "{name}");
        }
    }

    #[test]
    fn names_that_a_shell_acts_on_are_refused_with_the_reason() {
        let reason = |name: &str| name.parse::<VariableName>().expect_err(name).reason;
        assert!(reason("PROMPT_COMMAND").contains("execute"));
        assert!(reason("RANDOM").contains("arithmetic"));
        assert!(reason("IFS").contains("keeps"));
        assert!(reason("BASH_ENV").contains("`BASH`"));
        assert!(reason("LD_PRELOAD").contains("`LD_`"));
    }

    #[test]
    fn ids_are_short_and_plain() {
        for id in ["a", "run_01jd", "x.y-z_9", &"a".repeat(64)] {
            assert!(id.parse::<WorkflowId>().is_ok(), "{id}");
        }
        for id in ["", "a b", "a/b", "ä", &"a".repeat(65)] {
            assert!(id.parse::<WorkflowId>().is_err(), "{id}");
        }
        assert_eq!(WorkflowId::nearest("a b/c").as_str(), "a_b_c");
        assert_eq!(WorkflowId::nearest("").as_str(), "_");
        assert_eq!(WorkflowId::nearest(&"ä".repeat(99)).as_str().len(), 64);
    }
}
