//! Variables written as commands of a shell.

use super::{Value, VariableName, Variables};

/// Which shell reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// sh, dash, bash, zsh and their like: one text for all of them.
    Posix,
    /// fish.
    Fish,
    /// PowerShell.
    PowerShell,
}

/// A value that a shell has no way to hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` holds bytes that are no UTF-8, and PowerShell holds only text")]
pub struct Unrepresentable {
    /// The variable.
    pub name: VariableName,
}

/// Commands that set these variables, to be evaluated by the shell.
///
/// # Errors
/// When the shell can not hold a value; nothing is then to be evaluated.
pub fn render(dialect: Dialect, variables: &Variables) -> Result<Vec<u8>, Unrepresentable> {
    match dialect {
        Dialect::Posix => Ok(posix(variables)),
        Dialect::Fish => Ok(variables.iter().flat_map(|(name, value)| fish(name, value)).collect()),
        Dialect::PowerShell => power_shell(variables),
    }
}

/// One word for any POSIX shell: in single quotes no byte but the quote itself has a meaning.
#[must_use]
pub fn posix_word(value: &[u8]) -> Vec<u8> {
    let mut word = vec![b'\''];
    for byte in value {
        match byte {
            b'\'' => word.extend_from_slice(b"'\\''"),
            _ => word.push(*byte),
        }
    }
    word.push(b'\'');
    word
}

fn words(items: &[Vec<u8>], quote: impl Fn(&[u8]) -> Vec<u8>, between: &[u8]) -> Vec<u8> {
    let quoted: Vec<Vec<u8>> = items.iter().map(|item| quote(item)).collect();
    quoted.join(between)
}

/// All variables are unset first. Whatever attribute one had in that shell goes with it: an integer would evaluate
/// what is assigned, an upper-case one would change it, an array would take it as its first element.
///
/// Lists come before texts: a text `K_0` that was set as such wins over the `K_0` that stands for a list's element.
fn posix(variables: &Variables) -> Vec<u8> {
    if variables.is_empty() {
        return Vec::new();
    }
    let names: Vec<&str> = variables.keys().map(VariableName::as_str).collect();
    let mut text = format!("unset -v {}\n", names.join(" ")).into_bytes();
    for (name, value) in variables {
        if let Value::List(items) = value {
            text.extend(posix_list(name, items));
        }
    }
    for (name, value) in variables {
        if let Value::Text(bytes) = value {
            text.extend(format!("export {name}=").bytes());
            text.extend(posix_word(bytes));
            text.push(b'\n');
        }
    }
    text
}

/// Bash and zsh have arrays. A shell without them must not even parse one, so the array is a quoted word that is
/// evaluated only there; elsewhere the elements are `K_0`, `K_1` … and their number `K_COUNT`.
fn posix_list(name: &VariableName, items: &[Vec<u8>]) -> Vec<u8> {
    let array = [format!("{name}=(").into_bytes(), words(items, posix_word, b" "), b")".to_vec()].concat();
    let mut text = b"if [ -n \"${BASH_VERSION-}${ZSH_VERSION-}\" ]; then eval ".to_vec();
    text.extend(posix_word(&array));
    text.extend(format!("; else export {name}_COUNT='{}'", items.len()).bytes());
    for (index, item) in items.iter().enumerate() {
        text.extend(format!(" {name}_{index}=").bytes());
        text.extend(posix_word(item));
    }
    text.extend_from_slice(b"; fi\n");
    text
}

/// `--unpath`: fish would split a variable whose name ends in `PATH` at its colons.
fn fish(name: &VariableName, value: &Value) -> Vec<u8> {
    let (flags, words) = match value {
        Value::Text(bytes) => ("-gx", fish_word(bytes)),
        // A list is not exported: no program could tell its elements apart. So it is in bash and zsh too.
        Value::List(items) => ("-gu", words(items, fish_word, b" ")),
    };
    [format!("set {flags} --unpath {name} ").into_bytes(), words, b"\n".to_vec()].concat()
}

/// In fish's single quotes the quote and the backslash are escaped, and nothing else has a meaning.
fn fish_word(value: &[u8]) -> Vec<u8> {
    let mut word = vec![b'\''];
    for byte in value {
        if matches!(byte, b'\'' | b'\\') {
            word.push(b'\\');
        }
        word.push(*byte);
    }
    word.push(b'\'');
    word
}

fn power_shell(variables: &Variables) -> Result<Vec<u8>, Unrepresentable> {
    let mut text = Vec::new();
    for (name, value) in variables {
        let word = |bytes: &[u8]| power_shell_word(bytes).ok_or_else(|| Unrepresentable { name: name.clone() });
        let line = match value {
            Value::Text(bytes) => format!("$env:{name} = {}\n", word(bytes)?),
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(|item| word(item)).collect::<Result<_, _>>()?;
                format!("${{{name}}} = [string[]]@({})\n", items.join(", "))
            }
        };
        text.extend(line.bytes());
    }
    Ok(text)
}

/// Plain characters stand in single quotes. All else goes as Base64: PowerShell takes several Unicode characters for
/// quotes, and what reads its input by lines changes line ends.
fn power_shell_word(value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value).ok()?;
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'\'') {
        return Some(format!("'{text}'"));
    }
    let encoded = super::base64(value);
    Some(format!("[Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('{encoded}'))"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, Value)]) -> Variables {
        pairs.iter().map(|(name, value)| (name.parse().expect("a name"), value.clone())).collect()
    }

    fn text(bytes: &str) -> Value {
        Value::Text(bytes.as_bytes().to_vec())
    }

    fn list(items: &[&str]) -> Value {
        Value::List(items.iter().map(|item| item.as_bytes().to_vec()).collect())
    }

    #[track_caller]
    fn check(dialect: Dialect, pairs: &[(&str, Value)], expected: &str) {
        let rendered = render(dialect, &variables(pairs)).expect("representable");
        assert_eq!(String::from_utf8_lossy(&rendered), expected);
    }

    #[test]
    fn posix_shells_get_export_lines_and_guarded_arrays() {
        check(Dialect::Posix, &[], "");
        check(Dialect::Posix, &[("A", text("it's $(x)"))], "unset -v A\nexport A='it'\\''s $(x)'\n");
        check(
            Dialect::Posix,
            &[("A", text("1")), ("L", list(&["a b", ""]))],
            "unset -v A L\nif [ -n \"${BASH_VERSION-}${ZSH_VERSION-}\" ]; then eval 'L=('\\''a b'\\'' '\\'''\\'')'; \
             else export L_COUNT='2' L_0='a b' L_1=''; fi\nexport A='1'\n",
        );
    }

    #[test]
    fn fish_gets_sets() {
        check(
            Dialect::Fish,
            &[("A", text("a'b\\c")), ("L", list(&["x", "y"]))],
            "set -gx --unpath A 'a\\'b\\\\c'\nset -gu --unpath L 'x' 'y'\n",
        );
    }

    #[test]
    fn power_shell_gets_quotes_or_base64() {
        check(
            Dialect::PowerShell,
            &[("A", text("a b")), ("B", text("it’s")), ("L", list(&["x", "'"]))],
            "$env:A = 'a b'\n\
             $env:B = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('aXTigJlz'))\n\
             ${L} = [string[]]@('x', [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('Jw==')))\n",
        );
        let broken = variables(&[("A", Value::Text(vec![0xff]))]);
        assert!(render(Dialect::PowerShell, &broken).is_err());
    }
}
