//! Strings and numbers as go-yaml v2 writes them: which quotes, and where a long line is folded.

use super::Writer;
use crate::load::Reading;
use crate::scalar::resolve_plain;
use crate::timestamp;
use serde_json::Number;

/// A longer key is written behind `?`; in bytes.
pub(super) const LONGEST_SIMPLE_KEY: usize = 128;

/// A line is folded at the first single space behind this column.
const BEST_WIDTH: usize = 80;

/// Bytes that mean nothing inside a plain scalar, wherever behind its first byte they stand.
const INNER: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = b'!';
    while byte <= b'~' {
        table[byte as usize] = !matches!(byte, b':' | b'#');
        byte += 1;
    }
    table
};

/// Whether a key that holds this cannot stand on one line.
pub(super) fn has_break(text: &str) -> bool {
    text.contains(is_break)
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// What the emitter writes as it is: nothing above the basic plane, no tab.
fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{A0}'..='\u{FFFD}') && c != '\u{FEFF}'
}

/// What a string allows.
struct Allows {
    plain: bool,
    single: bool,
    block: bool,
}

fn analyze(text: &str) -> Allows {
    let mut indicator = text.starts_with("---") || text.starts_with("...");
    let mut special = false;
    let (mut breaks, mut break_space, mut space_break) = (false, false, false);
    let mut previous = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let followed = || rest.clone().next().is_none_or(is_blank);
        indicator |= match (previous, c) {
            (
                None,
                '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%'
                | '@' | '`',
            ) => true,
            (None, '?' | ':' | '-') | (Some(_), ':') => followed(),
            (Some(before), '#') => is_blank(before) || is_break(before) || before == '\0',
            _ => false,
        };
        special |= !is_printable(c);
        if c == ' ' {
            break_space |= previous.is_some_and(is_break);
        } else if is_break(c) {
            breaks = true;
            space_break |= previous == Some(' ');
        }
        previous = Some(c);
    }
    let edge = |c: char| c == ' ' || is_break(c);
    let trailing_space = text.ends_with(' ');
    Allows {
        plain: !(indicator || special || breaks || text.starts_with(edge) || text.ends_with(edge)),
        single: !(break_space || space_break || special),
        block: !(trailing_space || space_break || special),
    }
}

/// Whether a reader would take the plain scalar for the string that it is.
fn is_string(text: &str) -> bool {
    !text.is_empty()
        && resolve_plain(text, Reading::GoYaml2).is_none()
        && timestamp::canonical(text).is_none()
        && !is_base_60(text)
}

/// `1:30`, which readers of YAML 1.1 take for a number.
fn is_base_60(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let mut parts = unsigned.split(':');
    let whole = parts.next().unwrap_or_default();
    let sixty = |part: &str| match part.as_bytes() {
        [digit] => digit.is_ascii_digit(),
        [ten, digit] => (b'0'..=b'5').contains(ten) && digit.is_ascii_digit(),
        _ => false,
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let mut groups = parts.peekable();
    if !whole.starts_with(|c: char| c.is_ascii_digit()) || !digits(whole) || groups.peek().is_none()
    {
        return false;
    }
    while let Some(group) = groups.next() {
        let last = groups.peek().is_none();
        let (group, fraction) = match group.split_once('.') {
            Some((group, fraction)) if last => (group, fraction),
            _ => (group, ""),
        };
        if !sixty(group) || !digits(fraction) {
            return false;
        }
    }
    true
}

/// Whether the first byte and the whole are such that nobody takes a plain scalar for anything else.
fn is_plain_word(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some(first) = bytes.first() else { return false };
    let starts = match first {
        b'a'..=b'z' | b'A'..=b'Z' | b'/' | b'_' | b'$' | b'(' => true,
        b'0'..=b'9' | b'+' | b'.' | b'-' | b'~' | b'=' | b'<' | b';' | b')' | b'\\' | b'^' => {
            bytes.len() > 1 && !text.starts_with("---") && !text.starts_with("...")
        }
        _ => false,
    };
    starts && bytes.iter().all(|byte| INNER[*byte as usize]) && is_string(text)
}

impl Writer<'_> {
    /// A string; `fold` is the column at which a further line of it starts, none for a key that must
    /// stay on its line. Says whether the line is ended already.
    pub(super) fn text(&mut self, text: &str, fold: Option<usize>) -> bool {
        if is_plain_word(text) {
            self.out.push_str(text);
            return false;
        }
        let lines = text.contains('\n');
        if !lines && !is_string(text) {
            self.double_quoted(text, fold);
            return false;
        }
        let allows = analyze(text);
        match fold {
            Some(indent) if lines && allows.block => return self.literal(text, indent),
            _ if allows.plain => self.plain(text, fold),
            _ if allows.single && !lines => self.single_quoted(text, fold),
            _ => self.double_quoted(text, fold),
        }
        false
    }

    /// Whether all of `text` stays on this line: it is short, or must.
    fn fits(&self, text: &str, fold: Option<usize>) -> bool {
        fold.is_none() || self.out.len() - self.line + text.len() <= BEST_WIDTH
    }

    fn column(&self) -> usize {
        self.out[self.line..].chars().count()
    }

    fn fold(&mut self, column: usize) {
        self.end_line();
        self.indent(column);
    }

    fn plain(&mut self, text: &str, fold: Option<usize>) {
        match fold {
            Some(column) if !self.fits(text, fold) => self.folded(text, column, false),
            _ => self.out.push_str(text),
        }
    }

    fn single_quoted(&mut self, text: &str, fold: Option<usize>) {
        self.out.push('\'');
        match fold {
            Some(column) if has_break(text) || !self.fits(text, fold) => {
                self.folded(text, column, true);
            }
            _ => {
                let mut parts = text.split('\'');
                self.out.push_str(parts.next().unwrap_or_default());
                for part in parts {
                    self.out.push_str("''");
                    self.out.push_str(part);
                }
            }
        }
        self.out.push('\'');
    }

    /// Plain or single-quoted text that may be longer than a line, or hold breaks that are no `\n`.
    fn folded(&mut self, text: &str, indent: usize, quoted: bool) {
        let mut column = self.column();
        let (mut spaces, mut breaks) = (false, false);
        let mut rest = text.char_indices().peekable();
        while let Some((at, c)) = rest.next() {
            if c == ' ' {
                let single = !spaces && rest.peek().is_some_and(|(_, next)| *next != ' ');
                if single && column > BEST_WIDTH && at > 0 {
                    self.fold(indent);
                    column = indent;
                } else {
                    self.out.push(' ');
                    column += 1;
                }
                spaces = true;
                continue;
            }
            if is_break(c) {
                self.out.push(c);
                self.line = self.out.len();
                column = 0;
                breaks = true;
                continue;
            }
            if breaks {
                self.indent(indent);
                column = indent;
            }
            if quoted && c == '\'' {
                self.out.push('\'');
                column += 1;
            }
            self.out.push(c);
            column += 1;
            (spaces, breaks) = (false, false);
        }
    }

    fn double_quoted(&mut self, text: &str, fold: Option<usize>) {
        self.out.push('"');
        let mut column = if fold.is_some() { self.column() } else { 0 };
        // The emitter looks for a byte order mark at the start of the text only, for every character.
        let marked = text.starts_with('\u{FEFF}');
        let mut spaces = false;
        let mut rest = text.char_indices().peekable();
        while let Some((at, c)) = rest.next() {
            if marked || !is_printable(c) || is_break(c) || matches!(c, '"' | '\\') {
                let before = self.out.len();
                self.escape(c);
                column += self.out.len() - before;
                spaces = false;
            } else if c == ' ' {
                let inside = at > 0 && rest.peek().is_some();
                match fold {
                    Some(indent) if !spaces && inside && column > BEST_WIDTH => {
                        self.fold(indent);
                        column = indent;
                        if rest.peek().is_some_and(|(_, next)| *next == ' ') {
                            self.out.push('\\');
                            column += 1;
                        }
                    }
                    _ => {
                        self.out.push(' ');
                        column += 1;
                    }
                }
                spaces = true;
            } else {
                self.out.push(c);
                column += 1;
                spaces = false;
            }
        }
        self.out.push('"');
    }

    fn escape(&mut self, c: char) {
        self.out.push('\\');
        let letter = match c {
            '\0' => '0',
            '\u{7}' => 'a',
            '\u{8}' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\u{B}' => 'v',
            '\u{C}' => 'f',
            '\r' => 'r',
            '\u{1B}' => 'e',
            '"' | '\\' => c,
            '\u{85}' => 'N',
            '\u{A0}' => '_',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            _ => return self.code(u32::from(c)),
        };
        self.out.push(letter);
    }

    fn code(&mut self, code: u32) {
        let (letter, width) = match code {
            ..0x100 => ('x', 2),
            0x100..0x1_0000 => ('u', 4),
            _ => ('U', 8),
        };
        self.out.push(letter);
        let digit = |place: u32| char::from_digit(code >> (4 * place) & 0xF, 16);
        let digits = (0..width).rev().filter_map(digit);
        self.out.extend(digits.map(|digit| digit.to_ascii_uppercase()));
    }

    /// A block scalar. Says whether it ended its line.
    fn literal(&mut self, text: &str, indent: usize) -> bool {
        self.out.push('|');
        if text.starts_with(|c| c == ' ' || is_break(c)) {
            self.out.push('2');
        }
        let mut last = text.chars().rev();
        let ended = last.next().is_some_and(is_break);
        if !ended {
            self.out.push('-');
        } else if last.next().is_none_or(is_break) {
            self.out.push('+');
        }
        self.end_line();
        for line in text.split_inclusive(is_break) {
            if !line.starts_with(is_break) {
                self.indent(indent);
            }
            self.out.push_str(line);
        }
        if ended {
            self.line = self.out.len();
        }
        ended
    }
}

/// A number as Go's JSON and then go-yaml print it.
pub(super) fn number(out: &mut String, number: &Number) {
    let float = match number.as_f64() {
        Some(float) if number.is_f64() => float,
        _ => return out.push_str(&number.to_string()),
    };
    // Go's JSON prints the shortest digits that mean the number, filled up with zeros; what is a
    // whole number then, is read back as one.
    const FIRST_WITH_EXPONENT: f64 = 1e21;
    if float.fract() == 0.0 && float.abs() < FIRST_WITH_EXPONENT {
        let digits = (float + 0.0).to_string();
        if digits.parse::<i64>().is_ok() || digits.parse::<u64>().is_ok() {
            return out.push_str(&digits);
        }
    }
    out.push_str(&shortest(float));
}

/// Go's `strconv.FormatFloat(float, 'g', -1, 64)`, which has an exponent from a million on.
fn shortest(float: f64) -> String {
    let scientific = format!("{float:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    match exponent.parse::<i32>() {
        Ok(exponent) if !(-4..6).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
        }
        _ => float.to_string(),
    }
}
