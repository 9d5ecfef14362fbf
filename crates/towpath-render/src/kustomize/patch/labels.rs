//! Selectors of labels, as Kubernetes writes them: `app=web,tier in (a, b),!old`.
//!
//! Grammar and meaning are those of `kubernetes/apimachinery:pkg/labels/selector.go`. It knows nothing of objects:
//! what is selected is a set of texts.
//!
//! Where to go next: `target.rs` selects objects.

use std::fmt;

/// A selector; all its requirements must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Labels(Vec<Requirement>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Exists,
    Missing,
    In(Vec<String>),
    NotIn(Vec<String>),
    Above(i64),
    Below(i64),
}

/// Why a text is no selector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelsError {
    /// Something else was to follow.
    #[error("found '{found}', expected {expected}")]
    Unexpected {
        /// What stands there; empty at the end.
        found: String,
        /// What may stand there.
        expected: &'static str,
    },
    /// A key or value that no label can have.
    #[error("'{0}' is no {1}")]
    Invalid(String, &'static str),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token<'t> {
    Word(&'t str),
    Sign(&'t str),
    End,
}

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(text) | Self::Sign(text) => f.write_str(text),
            Self::End => Ok(()),
        }
    }
}

struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Token<'t> {
        Reader { rest: self.rest }.next()
    }

    fn next(&mut self) -> Token<'t> {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let Some(first) = self.rest.chars().next() else { return Token::End };
        let special = |c: char| matches!(c, '=' | '!' | '(' | ')' | ',' | '>' | '<');
        let (length, sign) = if special(first) {
            (if self.rest.starts_with("==") || self.rest.starts_with("!=") { 2 } else { 1 }, true)
        } else {
            let end = |c: char| special(c) || matches!(c, ' ' | '\t' | '\r' | '\n');
            (self.rest.find(end).unwrap_or(self.rest.len()), false)
        };
        let (token, rest) = self.rest.split_at(length);
        self.rest = rest;
        if sign { Token::Sign(token) } else { Token::Word(token) }
    }

    fn requirement(&mut self) -> Result<Requirement, LabelsError> {
        let absent = self.peek() == Token::Sign("!");
        if absent {
            self.next();
        }
        let key = match self.next() {
            Token::Word(key) => checked(key, is_key, "key of a label")?,
            found => return Err(unexpected(&found, "a key")),
        };
        if absent {
            return Ok(Requirement { key, test: Test::Missing });
        }
        if matches!(self.peek(), Token::End | Token::Sign(",")) {
            return Ok(Requirement { key, test: Test::Exists });
        }
        let test = match self.next() {
            Token::Sign("=" | "==") => Test::In(vec![self.value()?]),
            Token::Sign("!=") => Test::NotIn(vec![self.value()?]),
            Token::Word("in") => Test::In(self.values()?),
            Token::Word("notin") => Test::NotIn(self.values()?),
            Token::Sign(">") => Test::Above(self.number()?),
            Token::Sign("<") => Test::Below(self.number()?),
            found => return Err(unexpected(&found, "one of =, ==, !=, in, notin, <, >")),
        };
        Ok(Requirement { key, test })
    }

    fn value(&mut self) -> Result<String, LabelsError> {
        if matches!(self.peek(), Token::End | Token::Sign(",")) {
            return Ok(String::new());
        }
        match self.next() {
            Token::Word(value) => checked(value, is_value, "value of a label"),
            found => Err(unexpected(&found, "a value")),
        }
    }

    fn number(&mut self) -> Result<i64, LabelsError> {
        let value = self.value()?;
        value.parse().map_err(|_| LabelsError::Invalid(value, "number"))
    }

    fn values(&mut self) -> Result<Vec<String>, LabelsError> {
        match self.next() {
            Token::Sign("(") => {}
            found => return Err(unexpected(&found, "'('")),
        }
        let mut values = Vec::new();
        loop {
            match self.next() {
                Token::Word(value) => {
                    values.push(checked(value, is_value, "value of a label")?);
                    match self.next() {
                        Token::Sign(",") if self.peek() == Token::Sign(")") => {
                            values.push(String::new())
                        }
                        Token::Sign(",") => {}
                        Token::Sign(")") => return Ok(values),
                        found => return Err(unexpected(&found, "',' or ')'")),
                    }
                }
                Token::Sign(",") => values.push(String::new()),
                Token::Sign(")") if !values.is_empty() => return Ok(values),
                found => return Err(unexpected(&found, "a value")),
            }
        }
    }
}

fn unexpected(found: &Token<'_>, expected: &'static str) -> LabelsError {
    LabelsError::Unexpected { found: found.to_string(), expected }
}

fn checked(text: &str, test: fn(&str) -> bool, what: &'static str) -> Result<String, LabelsError> {
    if test(text) { Ok(text.to_owned()) } else { Err(LabelsError::Invalid(text.to_owned(), what)) }
}

fn is_key(text: &str) -> bool {
    let (prefix, name) = match text.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, text),
    };
    let label = |label: &str| {
        let ends = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let bytes = label.as_bytes();
        ends(bytes.first())
            && ends(bytes.last())
            && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
    };
    !name.is_empty()
        && is_value(name)
        && prefix
            .is_none_or(|prefix| prefix.len() <= LONGEST_PREFIX && prefix.split('.').all(label))
}

fn is_value(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = |b: Option<&u8>| b.is_none_or(u8::is_ascii_alphanumeric);
    bytes.len() <= LONGEST_NAME
        && ends(bytes.first())
        && ends(bytes.last())
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// Bytes of a key's name, and of a value.
const LONGEST_NAME: usize = 63;
/// Bytes of a key's prefix.
const LONGEST_PREFIX: usize = 253;

impl Labels {
    pub(super) fn parse(text: &str) -> Result<Self, LabelsError> {
        let mut reader = Reader { rest: text };
        let mut requirements = Vec::new();
        if reader.peek() == Token::End {
            return Ok(Self(requirements));
        }
        loop {
            requirements.push(reader.requirement()?);
            match reader.next() {
                Token::End => return Ok(Self(requirements)),
                Token::Sign(",") => {}
                found => return Err(unexpected(&found, "',' or the end")),
            }
        }
    }

    /// Whether all hold; `get` gives the value of a key.
    pub(super) fn matches<'v>(
        &self,
        get: impl Fn(&str) -> Option<std::borrow::Cow<'v, str>>,
    ) -> bool {
        self.0.iter().all(|requirement| {
            let value = get(&requirement.key);
            let number = || value.as_deref().and_then(|value| value.parse::<i64>().ok());
            match &requirement.test {
                Test::Exists => value.is_some(),
                Test::Missing => value.is_none(),
                Test::In(values) => {
                    value.is_some_and(|value| values.iter().any(|one| *one == value))
                }
                Test::NotIn(values) => {
                    value.is_none_or(|value| values.iter().all(|one| *one != value))
                }
                Test::Above(limit) => number().is_some_and(|number| number > *limit),
                Test::Below(limit) => number().is_some_and(|number| number < *limit),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    fn matches(selector: &str) -> Result<bool, LabelsError> {
        let labels = [("app", "web"), ("tier", "1"), ("empty", ""), ("a.b/c", "d")];
        let get = |key: &str| {
            labels.iter().find(|(name, _)| *name == key).map(|(_, value)| Cow::Borrowed(*value))
        };
        Ok(Labels::parse(selector)?.matches(get))
    }

    #[test]
    fn selectors() {
        let all = [
            "",
            " ",
            "app",
            "app=web",
            "app == web",
            "app!=x",
            "none!=x",
            "!none",
            "app in (web)",
            "empty=",
        ];
        let all = all.into_iter().chain([
            "app in (a, web)",
            "none notin (a)",
            "tier>0,tier<2",
            "a.b/c=d",
            "empty in (a,)",
        ]);
        for selector in all {
            assert_eq!(matches(selector), Ok(true), "{selector}");
        }
        for selector in [
            "none",
            "app=",
            "app!=web",
            "!app",
            "app notin (web,x)",
            "app,none",
            "app>0",
            "empty in (a)",
        ] {
            assert_eq!(matches(selector), Ok(false), "{selector}");
        }
        for selector in [
            "app=a=b",
            ",",
            "app,",
            "app in web",
            "app in ()",
            "app in (a",
            "=a",
            "app=-",
            "!",
            "a b",
            "-a",
            "tier>x",
        ] {
            assert!(matches(selector).is_err(), "{selector}");
        }
    }
}
