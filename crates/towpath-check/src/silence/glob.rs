//! Patterns of files and objects: `*` for any characters but `/`, `**` for any, `?` for one.
//!
//! Must not know what it is compared with.

use regex::Regex;

/// A pattern. What ends in `/` fits all that is below.
pub(super) struct Glob(Option<Regex>);

impl Glob {
    pub(super) fn new(pattern: &str) -> Self {
        let below = pattern.ends_with('/');
        let mut expression = "^".to_owned();
        let mut rest = pattern;
        while let Some(next) = rest.chars().next() {
            let (token, taken) = match next {
                '*' if rest.starts_with("**/") => ("(?:.*/)?".to_owned(), 3),
                '*' if rest.starts_with("**") => (".*".to_owned(), 2),
                '*' => ("[^/]*".to_owned(), 1),
                '?' => ("[^/]".to_owned(), 1),
                other => (regex::escape(other.encode_utf8(&mut [0; 4])), other.len_utf8()),
            };
            expression.push_str(&token);
            rest = &rest[taken..];
        }
        expression.push_str(if below { ".*$" } else { "$" });
        // Only a pattern of absurd length is refused; it fits nothing, and its silence is told as unused.
        Self(Regex::new(&expression).ok())
    }

    pub(super) fn fits(&self, text: &str) -> bool {
        self.0.as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

#[cfg(test)]
mod tests {
    use super::Glob;

    #[test]
    fn stars_stop_at_slashes_and_two_do_not() {
        for (pattern, text, fits) in [
            ("a.yaml", "a.yaml", true),
            ("a.yaml", "aXyaml", false),
            ("apps/*", "apps/a.yaml", true),
            ("apps/*", "apps/a/b.yaml", false),
            ("apps/**", "apps/a/b.yaml", true),
            ("apps/", "apps/a/b.yaml", true),
            ("apps/", "apps2/a.yaml", false),
            ("**/a.yaml", "a.yaml", true),
            ("**/a.yaml", "x/y/a.yaml", true),
            ("**/a.yaml", "x/ya.yaml", false),
            ("?.yaml", "é.yaml", true),
            ("Deployment */web", "Deployment apps/web", true),
            ("Deployment */web", "Deployment web", false),
            ("", "", true),
        ] {
            assert_eq!(Glob::new(pattern).fits(text), fits, "{pattern} {text}");
        }
    }
}
