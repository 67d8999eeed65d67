//! Topic folders: `NNN_name`.

/// The number of a numbered folder or file, `012_name`; decimal, however many digits.
#[must_use]
pub fn number(folder: &str) -> Option<u32> {
    let (digits, _) = folder.split_once('_')?;
    let numbered = digits.len() >= 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
    numbered.then(|| digits.parse().ok()).flatten()
}

/// The longest name, in characters.
const LONGEST: usize = 50;

/// A folder's name out of a title: at most 50 characters of `[a-z0-9_]`, whole words.
#[must_use]
pub fn name(title: &str) -> String {
    let lower = title.to_lowercase();
    let words = lower.split(|character: char| !character.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut name = String::new();
    for word in words {
        let longer = name.len() + usize::from(!name.is_empty()) + word.len();
        if longer > LONGEST {
            break;
        }
        if !name.is_empty() {
            name.push('_');
        }
        name.push_str(word);
    }
    if name.is_empty() {
        let hash = crate::digest::hex_sha256(title.as_bytes());
        name = format!("request_{}", hash.get(..8).unwrap_or_default());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_decimal_and_have_three_digits_or_more() {
        assert_eq!(number("007_x"), Some(7));
        assert_eq!(number("1000_x"), Some(1000));
        assert_eq!(number("08_x"), None);
        assert_eq!(number("x"), None);
        assert_eq!(number("-12_x"), None);
        assert_eq!(number("99999999999_x"), None);
    }

    #[test]
    fn names_are_short_whole_words_and_never_empty() {
        assert_eq!(name("Add OAuth2 & JWT: Login"), "add_oauth2_jwt_login");
        assert_eq!(name(&"word ".repeat(30)).len(), 49);
        assert!(name("…").starts_with("request_"));
    }
}
