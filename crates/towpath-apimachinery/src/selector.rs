//! Which objects a list, a watch or a collection is about: selectors of labels and of fields.
//!
//! Source of the contract: `kubernetes/apimachinery:pkg/labels/selector.go`, `pkg/fields/selector.go`.

use crate::refusal::Refusal;
use crate::resource::Resource;
use crate::store::Stored;

/// Which objects are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector {
    labels: Vec<Requirement>,
    /// Path, whether it must be equal, value.
    fields: Vec<(String, bool, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Requirement {
    label: String,
    how: How,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum How {
    Exists,
    Absent,
    In(Vec<String>),
    NotIn(Vec<String>),
    Greater(i64),
    Less(i64),
}

impl Selector {
    /// Reads both selectors of a request for a resource.
    ///
    /// # Errors
    ///
    /// 400 in the server's words.
    pub fn parse(labels: &str, fields: &str, resource: &Resource) -> Result<Self, Refusal> {
        Ok(Self { labels: parse_labels(labels)?, fields: parse_fields(fields, resource)? })
    }

    /// Reads a selector of labels as it stands in objects: `matchLabels` and `matchExpressions`, or a plain mapping.
    #[must_use]
    pub fn of_labels(selector: &serde_json::Value) -> Self {
        use serde_json::Value;
        let mut labels = Vec::new();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let pairs = selector.get("matchLabels").and_then(Value::as_object);
        let is_plain = pairs.is_none() && selector.get("matchExpressions").is_none();
        let pairs = if is_plain { selector.as_object() } else { pairs };
        for (label, value) in pairs.into_iter().flatten() {
            let how = How::In(vec![text(value)]);
            labels.push(Requirement { label: label.clone(), how });
        }
        let expressions = selector.get("matchExpressions").and_then(Value::as_array);
        for expression in expressions.into_iter().flatten() {
            let values = expression.get("values").and_then(Value::as_array);
            let values: Vec<String> = values.into_iter().flatten().map(text).collect();
            let how = match expression.get("operator").and_then(Value::as_str) {
                Some("In") => How::In(values),
                Some("NotIn") => How::NotIn(values),
                Some("Exists") => How::Exists,
                _ => How::Absent,
            };
            let label = expression.get("key").map(text).unwrap_or_default();
            labels.push(Requirement { label, how });
        }
        Self { labels, fields: Vec::new() }
    }

    /// Whether every object is meant.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// The only name that can be meant, if there is one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        let mut named = self.fields.iter().filter(|(path, is, _)| path == "metadata.name" && *is);
        named.next().map(|(_, _, name)| name.as_str())
    }

    /// Whether an object is meant.
    #[must_use]
    pub fn matches(&self, object: &Stored) -> bool {
        self.labels.iter().all(|one| one.matches(object.head.label(&one.label)))
            && self
                .fields
                .iter()
                .all(|(path, is_equal, value)| (object.head.field(path) == value) == *is_equal)
    }

    /// Whether labels are meant.
    #[must_use]
    pub fn matches_labels(&self, labels: Option<&serde_json::Value>) -> bool {
        let get = |label: &str| labels?.get(label)?.as_str();
        self.labels.iter().all(|one| one.matches(get(&one.label)))
    }
}

impl Requirement {
    fn matches(&self, value: Option<&str>) -> bool {
        let number = || value.and_then(|value| value.parse::<i64>().ok());
        match &self.how {
            How::Exists => value.is_some(),
            How::Absent => value.is_none(),
            How::In(values) => value.is_some_and(|value| values.iter().any(|one| one == value)),
            How::NotIn(values) => value.is_none_or(|value| values.iter().all(|one| one != value)),
            How::Greater(bound) => number().is_some_and(|number| number > *bound),
            How::Less(bound) => number().is_some_and(|number| number < *bound),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Symbol {
    Word(String),
    Sign(&'static str),
    End,
}

impl Symbol {
    fn text(&self) -> &str {
        match self {
            Symbol::Word(word) => word,
            Symbol::Sign(sign) => sign,
            Symbol::End => "",
        }
    }

    fn is(&self, text: &str) -> bool {
        matches!(self, Symbol::Word(word) if word == text)
    }
}

const SIGNS: [&str; 9] = ["==", "!=", "=", "!", "(", ")", ",", ">", "<"];

fn symbols(text: &str) -> Vec<Symbol> {
    let mut symbols = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            symbols.push(Symbol::Sign(sign));
            rest = &rest[sign.len()..];
        } else {
            let is_end = |c: char| c.is_whitespace() || "=!(),><".contains(c);
            let end = rest.find(is_end).unwrap_or(rest.len());
            symbols.push(Symbol::Word(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    symbols
}

struct Cursor {
    symbols: Vec<Symbol>,
    at: usize,
}

impl Cursor {
    fn peek(&self) -> &Symbol {
        self.symbols.get(self.at).unwrap_or(&Symbol::End)
    }

    fn next(&mut self) -> Symbol {
        let symbol = self.peek().clone();
        self.at += 1;
        symbol
    }
}

fn unparsable(found: &Symbol, expected: &str) -> Refusal {
    let found = found.text();
    Refusal::bad_request(format!(
        "unable to parse requirement: found '{found}', expected: {expected}"
    ))
}

const OPERATORS: &str = "in, notin, =, ==, !=, gt, lt";

fn parse_labels(text: &str) -> Result<Vec<Requirement>, Refusal> {
    let mut cursor = Cursor { symbols: symbols(text), at: 0 };
    let mut requirements = Vec::new();
    if cursor.symbols.is_empty() {
        return Ok(requirements);
    }
    loop {
        requirements.push(requirement(&mut cursor)?);
        match cursor.next() {
            Symbol::End => return Ok(requirements),
            Symbol::Sign(",") => {
                if *cursor.peek() == Symbol::End {
                    return Err(Refusal::bad_request("found '', expected: identifier after ','"));
                }
            }
            other => {
                let found = other.text();
                return Err(Refusal::bad_request(format!(
                    "found '{found}', expected: ',' or 'end of string'"
                )));
            }
        }
    }
}

fn requirement(cursor: &mut Cursor) -> Result<Requirement, Refusal> {
    let is_absent = *cursor.peek() == Symbol::Sign("!");
    if is_absent {
        cursor.next();
    }
    let label = match cursor.next() {
        Symbol::Word(word) => word,
        other => return Err(unparsable(&other, "identifier")),
    };
    let done = |how| Ok(Requirement { label: label.clone(), how });
    if is_absent {
        return done(How::Absent);
    }
    if matches!(cursor.peek(), Symbol::End | Symbol::Sign(",")) {
        return done(How::Exists);
    }
    let operator = cursor.next();
    let single = |cursor: &mut Cursor| match cursor.peek() {
        Symbol::Word(_) => Ok(cursor.next().text().to_owned()),
        Symbol::End | Symbol::Sign(",") => Ok(String::new()),
        other => Err(unparsable(other, "identifier")),
    };
    let number = |value: String| {
        value.parse::<i64>().map_err(|_| {
            Refusal::bad_request(format!(
                "values[0][{label}]: Invalid value: {value:?}: for 'Gt', 'Lt' operators, the value must be an integer"
            ))
        })
    };
    match &operator {
        Symbol::Sign("=" | "==") => done(How::In(vec![single(cursor)?])),
        Symbol::Sign("!=") => done(How::NotIn(vec![single(cursor)?])),
        Symbol::Sign(">") => done(How::Greater(number(single(cursor)?)?)),
        Symbol::Sign("<") => done(How::Less(number(single(cursor)?)?)),
        word if word.is("gt") => done(How::Greater(number(single(cursor)?)?)),
        word if word.is("lt") => done(How::Less(number(single(cursor)?)?)),
        word if word.is("in") => done(How::In(values(cursor)?)),
        word if word.is("notin") => done(How::NotIn(values(cursor)?)),
        other => Err(unparsable(other, OPERATORS)),
    }
}

fn values(cursor: &mut Cursor) -> Result<Vec<String>, Refusal> {
    match cursor.next() {
        Symbol::Sign("(") => {}
        other => return Err(unparsable(&other, "'('")),
    }
    let mut values = Vec::new();
    loop {
        match cursor.next() {
            Symbol::Word(word) => {
                values.push(word);
                match cursor.next() {
                    Symbol::Sign(",") => {}
                    Symbol::Sign(")") => return Ok(values),
                    other => return Err(unparsable(&other, "',' or ')'")),
                }
            }
            // An empty text is a value too: `in (,a)`.
            Symbol::Sign(",") => values.push(String::new()),
            Symbol::Sign(")") => {
                values.push(String::new());
                return Ok(values);
            }
            other => return Err(unparsable(&other, "',', ')' or identifier")),
        }
    }
}

fn parse_fields(text: &str, resource: &Resource) -> Result<Vec<(String, bool, String)>, Refusal> {
    let mut fields = Vec::new();
    for term in split_fields(text) {
        let (path, is_equal, value) = if let Some((path, value)) = term.split_once("!=") {
            (path, false, value)
        } else if let Some((path, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
            (path, true, value)
        } else {
            return Err(Refusal::bad_request(format!(
                "invalid selector: '{text}'; can't understand '{term}'"
            )));
        };
        let known = |path: &str| {
            resource.selectable.iter().any(|one| one.iter().map(|s| &**s).eq(path.split('.')))
        };
        if !matches!(path, "metadata.name" | "metadata.namespace") && !known(path) {
            return Err(unknown_field(path, resource));
        }
        fields.push((path.to_owned(), is_equal, unescape(value)));
    }
    Ok(fields)
}

fn unknown_field(path: &str, resource: &Resource) -> Refusal {
    if resource.custom.is_some() || !resource.selectable.is_empty() {
        return Refusal::bad_request(format!("field label not supported: {path}"));
    }
    Refusal::bad_request(format!(
        "{path:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
    ))
}

/// Terms between commas; a backslash keeps the next character from meaning anything.
fn split_fields(text: &str) -> Vec<String> {
    let mut terms = vec![String::new()];
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let last = terms.last_mut().expect("there is always one");
        match c {
            ',' => terms.push(String::new()),
            '\\' => {
                last.push(c);
                last.extend(chars.next());
            }
            c => last.push(c),
        }
    }
    terms.retain(|term| !term.is_empty());
    terms
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(if c == '\\' { chars.next().unwrap_or(c) } else { c });
    }
    out
}
