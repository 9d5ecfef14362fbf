//! What is kept in the ledger of what a test printed: its last lines, as one, without colours.
//!
//! Must not be handed more than its caller can hold: it cuts what is kept, not what is read.

/// So much is kept, in characters.
const KEPT: usize = 500;
/// So many of the last lines.
const LINES: usize = 5;

/// The last lines of what was printed, as one line for the ledger.
#[must_use]
pub fn last_words(text: &str) -> String {
    let lines: Vec<String> =
        text.lines().map(|line| one_line(&plain(line))).filter(|line| !line.is_empty()).collect();
    cut(&lines[lines.len().saturating_sub(LINES)..].join(" / "))
}

/// The end of a text that is longer than what is kept.
pub(crate) fn cut(text: &str) -> String {
    let over = text.chars().count().saturating_sub(KEPT);
    if over == 0 {
        text.to_owned()
    } else {
        format!("…{}", text.chars().skip(over).collect::<String>())
    }
}

/// A text in one line: whatever blanks it has, one stands for them.
pub(crate) fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A line without what tells a terminal to colour it.
fn plain(line: &str) -> String {
    let mut out = String::new();
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' && chars.next_if_eq(&'[').is_some() {
            while chars.next_if(|c| !c.is_ascii_alphabetic()).is_some() {}
            chars.next();
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_output_is_its_end_in_one_line() {
        let cases = [
            ("", ""),
            ("ok\n", "ok"),
            ("a\n\n b\tc \r\n", "a / b c"),
            ("1\n2\n3\n4\n5\n6\n7", "3 / 4 / 5 / 6 / 7"),
            ("\u{1b}[31mred\u{1b}[0m \u{7}bell", "red bell"),
        ];
        for (text, kept) in cases {
            assert_eq!(last_words(text), kept, "{text:?}");
        }
        let long = last_words(&format!("{}end", "ä".repeat(2 * KEPT)));
        assert!(long.starts_with("…ä") && long.ends_with("end"), "{long}");
        assert_eq!(long.chars().count(), KEPT + 1);
    }
}
