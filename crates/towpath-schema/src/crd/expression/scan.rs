//! What a text may be before it is parsed. The parser goes down the stack with each level of nesting and each
//! operator of a chain, and a stack that is used up ends the program.

use super::Refused;

/// How long an expression may be, in bytes. The longest that were seen in published definitions have 2 KB.
pub(super) const MAX_BYTES: usize = 8 * 1024;

/// What an expression may take of the stack, in [`BRACKET`], [`TERNARY`] and [`OPERATOR`].
const MAX_STACK: u32 = 1_000;

/// What each takes, as was measured of the parser: 1,000 of these are half of a stack of 2 MiB.
const BRACKET: u32 = 60;
const TERNARY: u32 = 20;
const OPERATOR: u32 = 12;

/// A pair of brackets, or the whole.
#[derive(Default)]
struct Group {
    ternaries: u32,
    /// The most that an operand of `&&`, `||` or a comma takes; the parser keeps chains of these flat.
    most: u32,
    operators: u32,
    inner: u32,
}

impl Group {
    fn end_operand(&mut self) {
        self.most =
            self.most.max(self.operators.saturating_mul(OPERATOR).saturating_add(self.inner));
        (self.operators, self.inner) = (0, 0);
    }

    fn stack(&mut self) -> u32 {
        self.end_operand();
        self.most.saturating_add(self.ternaries.saturating_mul(TERNARY))
    }
}

/// Refuses what is too long or nested too deep to be parsed.
pub(super) fn scan(text: &str) -> Result<(), Refused> {
    if text.len() > MAX_BYTES {
        return Err(Refused::TooLong);
    }
    let mut open: Vec<Group> = Vec::new();
    let mut group = Group::default();
    let mut rest = text;
    let mut word = "";
    while let Some(c) = rest.chars().next() {
        if c.is_ascii_alphanumeric() || c == '_' {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let (taken, after) = rest.split_at(end.unwrap_or(rest.len()));
            group.operators += u32::from(taken == "in");
            (word, rest) = (taken, after);
            continue;
        }
        let before = std::mem::take(&mut word);
        if c == '\'' || c == '"' {
            let is_raw = matches!(before, "r" | "R" | "br" | "bR" | "Br" | "BR");
            rest = after_string(rest, c, is_raw)?;
            continue;
        }
        if rest.starts_with("//") {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
            continue;
        }
        // The library takes two signs for one.
        if matches!(c, '!' | '-') && after_blanks(&rest[1..]).starts_with(c) {
            return Err(Refused::Unsupported("a sign twice".to_owned()));
        }
        match c {
            '(' | '[' | '{' => {
                group.operators += 1;
                open.push(std::mem::take(&mut group));
                if open.len() > (MAX_STACK / BRACKET) as usize {
                    return Err(Refused::TooDeep);
                }
            }
            ')' | ']' | '}' => {
                let inner = group.stack().saturating_add(BRACKET);
                group =
                    open.pop().ok_or_else(|| Refused::Syntax("a bracket too many".to_owned()))?;
                group.inner = group.inner.max(inner);
            }
            '&' | '|' | ',' => group.end_operand(),
            '?' => {
                group.end_operand();
                group.ternaries += 1;
            }
            ':' => group.end_operand(),
            '.' | '+' | '-' | '*' | '/' | '%' | '<' | '>' | '=' | '!' => group.operators += 1,
            _ => {}
        }
        rest = &rest[c.len_utf8()..];
    }
    if !open.is_empty() {
        return Err(Refused::Syntax("a bracket that is not closed".to_owned()));
    }
    if group.stack() > MAX_STACK { Err(Refused::TooDeep) } else { Ok(()) }
}

/// What follows blanks and comments.
fn after_blanks(text: &str) -> &str {
    let mut rest = text.trim_start();
    while let Some(comment) = rest.strip_prefix("//") {
        rest = comment.find('\n').map_or("", |end| comment[end..].trim_start());
    }
    rest
}

/// What follows a string. What the parser would not take for one is refused: it goes on in its middle.
fn after_string(text: &str, quote: char, is_raw: bool) -> Result<&str, Refused> {
    let refused = || Refused::Syntax("a string that does not end".to_owned());
    let triple: String = std::iter::repeat_n(quote, 3).collect();
    let is_triple = text.starts_with(&triple);
    let close = if is_triple { triple.as_str() } else { &triple[..1] };
    let mut rest = &text[close.len()..];
    loop {
        if let Some(after) = rest.strip_prefix(close) {
            return Ok(after);
        }
        let c = rest.chars().next().ok_or_else(refused)?;
        if !is_triple && (c == '\n' || c == '\r') {
            return Err(refused());
        }
        rest = &rest[c.len_utf8()..];
        if c == '\\' && !is_raw {
            rest = after_escape(rest)
                .ok_or_else(|| Refused::Syntax("an unknown escape".to_owned()))?;
        }
    }
}

fn after_escape(rest: &str) -> Option<&str> {
    let digits = match rest.chars().next()? {
        'a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '"' | '\'' | '\\' | '?' | '`' => 0,
        'x' | 'X' => 2,
        'u' => 4,
        'U' => 8,
        '0'..='3' => 2,
        _ => return None,
    };
    let code = rest.get(1..1 + digits)?;
    code.bytes().all(|b| b.is_ascii_hexdigit()).then(|| &rest[1 + digits..])
}
