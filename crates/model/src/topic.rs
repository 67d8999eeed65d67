//! Topic folders: `NNN_name`.

mod name;

pub use name::{LONGEST, name, slug};

/// The number of a numbered folder or file, `012_name`; decimal, however many digits.
#[must_use]
pub fn number(folder: &str) -> Option<u32> {
    let (digits, _) = folder.split_once('_')?;
    let numbered = digits.len() >= 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
    numbered.then(|| digits.parse().ok()).flatten()
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
}
