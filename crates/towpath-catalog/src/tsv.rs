//! Tables with tabs between their cells, read while the crate is compiled.
//!
//! A table under `data/` is the text that people review; as a `static` of rows it costs nothing to load. Only constant
//! functions: what is wrong with a table is an error of the compiler.

use crate::minor::Minor;

/// Reads a table cell by cell, each line after the first, which names the columns.
pub(crate) struct Cursor {
    rest: &'static str,
}

impl Cursor {
    /// Behind the line that names the columns, which must be `columns`.
    pub(crate) const fn new(table: &'static str, columns: &str) -> Self {
        let (header, rest) = table.split_at(columns.len());
        assert!(equal(header, columns), "the table has other columns");
        let mut cursor = Self { rest };
        cursor.last();
        cursor
    }

    /// The next cell of this line, which is not its last.
    pub(crate) const fn cell(&mut self) -> &'static str {
        self.take(b'\t')
    }

    /// The last cell of this line.
    pub(crate) const fn last(&mut self) -> &'static str {
        self.take(b'\n')
    }

    const fn take(&mut self, end: u8) -> &'static str {
        let bytes = self.rest.as_bytes();
        let mut at = 0;
        while bytes[at] != end {
            assert!(bytes[at] >= b' ', "a line has too few cells or too many");
            at += 1;
        }
        let (cell, rest) = self.rest.split_at(at);
        self.rest = rest.split_at(1).1;
        cell
    }
}

/// How many lines follow the first.
pub(crate) const fn rows(table: &str) -> usize {
    let bytes = table.as_bytes();
    let (mut at, mut lines) = (0, 0);
    while at < bytes.len() {
        if bytes[at] == b'\n' {
            lines += 1;
        }
        at += 1;
    }
    lines - 1
}

/// Whether two texts are the same.
pub(crate) const fn equal(a: &str, b: &str) -> bool {
    order(a, b) == 0
}

/// Less than zero, zero or more, as `a` comes before, at or after `b` by their bytes.
pub(crate) const fn order(a: &str, b: &str) -> i32 {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut at = 0;
    while at < a.len() && at < b.len() {
        if a[at] != b[at] {
            return a[at] as i32 - b[at] as i32;
        }
        at += 1;
    }
    (a.len() > b.len()) as i32 - ((a.len() < b.len()) as i32)
}

/// `major.minor`, or nothing for an empty cell.
pub(crate) const fn version(cell: &str) -> Option<(u16, u16)> {
    if cell.is_empty() {
        return None;
    }
    let bytes = cell.as_bytes();
    let (mut at, mut numbers, mut part) = (0, [0u16; 2], 0);
    while at < bytes.len() {
        if bytes[at] == b'.' {
            assert!(part == 0, "a version has two numbers");
            part = 1;
        } else {
            assert!(bytes[at].is_ascii_digit(), "a version has digits");
            numbers[part] = numbers[part] * 10 + (bytes[at] - b'0') as u16;
        }
        at += 1;
    }
    assert!(part == 1, "a version has two numbers");
    Some((numbers[0], numbers[1]))
}

/// A minor of Kubernetes, or nothing for an empty cell.
pub(crate) const fn minor(cell: &str) -> Option<Minor> {
    match version(cell) {
        Some((1, number)) if number < 256 => Some(Minor::new(number as u8)),
        Some(_) => panic!("a minor of Kubernetes begins with 1"),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_come_one_by_one() {
        const TABLE: &str = "a\tb\n1\t2\n\t4\n";
        let mut cursor = Cursor::new(TABLE, "a\tb");
        assert_eq!(rows(TABLE), 2);
        assert_eq!((cursor.cell(), cursor.last()), ("1", "2"));
        assert_eq!((cursor.cell(), cursor.last()), ("", "4"));
    }

    #[test]
    fn texts_are_ordered_as_the_standard_library_does() {
        let texts = ["", "a", "ab", "b", "\u{e4}"];
        for a in texts {
            for b in texts {
                assert_eq!(order(a, b).cmp(&0), a.cmp(b), "{a} {b}");
            }
        }
    }

    #[test]
    fn versions_have_two_numbers() {
        assert_eq!(version(""), None);
        assert_eq!(version("0.35"), Some((0, 35)));
        assert_eq!(minor("1.9"), Some(Minor::new(9)));
    }
}
