//! A file of allowed signers, as OpenSSH reads it: who may sign with which SSH key, for what and when.
//!
//! The form is that of `ssh-keygen(1)`, ALLOWED SIGNERS (`openssh/openssh-portable:sshsig.c`). Where `ssh-keygen` goes on
//! after a line that it cannot read, this is an error with a place: whoever may approve is not to be guessed. A time
//! without a zone is in UTC here, so that a key ends for everybody at once.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// One key, and what it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it stands, from 1.
    pub number: usize,
    /// The principals as they are written: patterns, with commas between.
    pub principals: String,
    /// Whether the key is an authority, which signs the keys that sign.
    pub authority: bool,
    /// What it may sign, as patterns; `None`: anything.
    pub namespaces: Option<String>,
    /// From when on it counts.
    pub after: Option<Timestamp>,
    /// Until when it counts, that second included.
    pub before: Option<Timestamp>,
    /// The kind of the key: `ssh-ed25519`.
    pub kind: String,
    /// The key, in base 64.
    pub key: String,
}

/// A line that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {number}: {problem}")]
pub struct BadLine {
    /// Where it stands, from 1.
    pub number: usize,
    /// What is wrong.
    pub problem: String,
}

impl Line {
    /// Whether the key may sign for this address. Case does not count, as it does not elsewhere in approvals.
    #[must_use]
    pub fn is_for(&self, email: &str) -> bool {
        is_principal(email) && listed(&self.principals.to_lowercase(), &email.to_lowercase())
    }

    /// Whether the key may sign commits.
    #[must_use]
    pub fn is_for_git(&self) -> bool {
        self.namespaces.as_deref().is_none_or(|patterns| listed(patterns, "git"))
    }

    /// Whether the key counts at a time: from `valid-after` to `valid-before`, both included.
    #[must_use]
    pub fn counts_at(&self, time: Timestamp) -> bool {
        self.after.is_none_or(|after| after <= time) && !self.is_over(time)
    }

    /// Whether the key counts no more at a time.
    #[must_use]
    pub fn is_over(&self, time: Timestamp) -> bool {
        self.before.is_some_and(|before| before < time)
    }

    /// The line for one principal, as `ssh-keygen` reads it in UTC.
    #[must_use]
    pub fn written_for(&self, principal: &str) -> String {
        let mut options = Vec::new();
        if self.authority {
            options.push("cert-authority".to_owned());
        }
        options.extend(self.namespaces.iter().map(|n| format!("namespaces=\"{n}\"")));
        let time = |time: &Timestamp| time.strftime("%Y%m%d%H%M%S").to_string();
        options.extend(self.after.iter().map(|t| format!("valid-after=\"{}\"", time(t))));
        options.extend(self.before.iter().map(|t| format!("valid-before=\"{}\"", time(t))));
        let (options, kind, key) = (options.join(","), &self.kind, &self.key);
        let space = if options.is_empty() { "" } else { " " };
        format!("{principal} {options}{space}{kind} {key}\n")
    }
}

/// Whether an address can stand as a principal by itself, and mean nothing but itself.
#[must_use]
pub fn is_principal(email: &str) -> bool {
    let odd = |c: char| c.is_control() || c.is_whitespace() || "\"\\,*?!#".contains(c);
    !email.is_empty() && !email.contains(odd)
}

/// Reads a file of allowed signers.
///
/// # Errors
/// [`BadLine`] for the first line that is neither empty, a comment nor a key.
pub fn parse(text: &str) -> Result<Vec<Line>, BadLine> {
    let mut out = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let number = i + 1;
        out.push(parse_line(number, line).map_err(|problem| BadLine { number, problem })?);
    }
    Ok(out)
}

fn parse_line(number: usize, line: &str) -> Result<Line, String> {
    let (principals, rest) = word(line)?;
    let principals = principals.replace('"', "");
    if principals.split(',').any(|p| p.trim_start_matches('!').is_empty()) {
        return Err(format!("the principals {principals:?} have a gap"));
    }
    let (first, after_first) = word(rest)?;
    if first.is_empty() {
        return Err("no key stands after its principals".to_owned());
    }
    let mut out = Line {
        number,
        principals,
        authority: false,
        namespaces: None,
        after: None,
        before: None,
        kind: String::new(),
        key: String::new(),
    };
    let rest = if is_kind(first) {
        rest
    } else {
        options(&mut out, first)?;
        after_first
    };
    let (kind, rest) = word(rest)?;
    let (key, _comment) = word(rest)?;
    if !is_kind(kind) {
        return Err(format!("{kind:?} is no kind of SSH key, such as `ssh-ed25519`"));
    }
    let in_base_64 = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
    if key.len() < 16 || !key.chars().all(in_base_64) {
        return Err("there is no public key in base 64 after its kind".to_owned());
    }
    (out.kind, out.key) = (kind.to_owned(), key.to_owned());
    Ok(out)
}

/// Whether a word names a kind of key, so that no options stand before it.
fn is_kind(word: &str) -> bool {
    ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"].iter().any(|prefix| word.starts_with(prefix))
        && !word.contains(['=', ',', '"'])
}

/// The next word, in which spaces between quotes count as any character, and what stands after it.
fn word(text: &str) -> Result<(&str, &str), String> {
    let text = text.trim_start();
    let mut quoted = false;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if c.is_whitespace() && !quoted => return Ok((&text[..at], &text[at..])),
            _ => {}
        }
    }
    if quoted { Err("a quote is not closed".to_owned()) } else { Ok((text, "")) }
}

fn options(line: &mut Line, text: &str) -> Result<(), String> {
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find([',', '=']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let value;
        (value, rest) = match after.strip_prefix('=') {
            Some(after) => {
                let (value, after) = quoted(after)
                    .ok_or_else(|| format!("option `{name}` has no value in quotes"))?;
                (Some(value), after)
            }
            None => (None, after),
        };
        match rest.strip_prefix(',') {
            Some("") => return Err("a comma ends the options".to_owned()),
            Some(more) => rest = more,
            None if rest.is_empty() => {}
            None => return Err(format!("no comma stands after option `{name}`")),
        }
        let twice = || Err(format!("option `{name}` is there twice"));
        match (name.to_ascii_lowercase().as_str(), value) {
            ("cert-authority", None) => line.authority = true,
            ("namespaces", Some(_)) if line.namespaces.is_some() => return twice(),
            ("namespaces", Some(value)) => line.namespaces = Some(value.to_owned()),
            ("valid-after", Some(_)) if line.after.is_some() => return twice(),
            ("valid-after", Some(value)) => line.after = Some(time(value)?),
            ("valid-before", Some(_)) if line.before.is_some() => return twice(),
            ("valid-before", Some(value)) => line.before = Some(time(value)?),
            _ => {
                return Err(format!(
                    "{name:?} is neither a kind of key, such as `ssh-ed25519`, nor an option: `cert-authority`, \
                     `namespaces=\"git\"`, `valid-after=\"20260131\"` or `valid-before=\"20260131\"`"
                ));
            }
        }
    }
    if let (Some(after), Some(before)) = (line.after, line.before)
        && before <= after
    {
        return Err("the key never counts: `valid-before` is not after `valid-after`".to_owned());
    }
    Ok(())
}

/// A value in quotes at the beginning of a text, and what stands after it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let (value, rest) = text.strip_prefix('"')?.split_once('"')?;
    // What is escaped would have to be written again the same way, and no option has a use for it.
    (!value.contains('\\')).then_some((value, rest))
}

/// `YYYYMMDD`, `YYYYMMDDHHMM` or `YYYYMMDDHHMMSS`, with or without `Z`.
fn time(text: &str) -> Result<Timestamp, String> {
    let wrong = || format!("{text:?} is no time; write 20260131, 202601311530 or 20260131153000");
    let digits = text.strip_suffix('Z').unwrap_or(text);
    if !matches!(digits.len(), 8 | 12 | 14) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let part = |at: std::ops::Range<usize>| digits.get(at).map_or(Ok(0), str::parse::<i8>);
    let read = || -> Option<Timestamp> {
        let year = digits[..4].parse().ok()?;
        let (month, day) = (part(4..6).ok()?, part(6..8).ok()?);
        let (hour, minute, second) = (part(8..10).ok()?, part(10..12).ok()?, part(12..14).ok()?);
        let civil = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
        Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
    };
    read().ok_or_else(wrong)
}

/// Whether a text is in a list of patterns: fits one of them, and none that begins with `!`.
fn listed(patterns: &str, text: &str) -> bool {
    let mut found = false;
    for pattern in patterns.split(',') {
        match pattern.strip_prefix('!') {
            Some(pattern) if fits(pattern.as_bytes(), text.as_bytes()) => return false,
            Some(_) => {}
            None => found |= fits(pattern.as_bytes(), text.as_bytes()),
        }
    }
    found
}

/// Whether a text fits a pattern in which `*` stands for any characters and `?` for one.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    // Where the last `*` stood, and how much of the text it has taken so far.
    let mut star: Option<(usize, usize)> = None;
    let (mut p, mut t) = (0, 0);
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == b'?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match &mut star {
                Some((at, taken)) => {
                    *taken += 1;
                    (p, t) = (*at + 1, *taken);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHOxB0yXyPjnRX6";

    fn one(line: &str) -> Line {
        parse(line).expect("a line").remove(0)
    }

    #[test]
    fn what_a_line_says() {
        let text = format!(
            "# who may approve\n\nann@x.io,*@y.io,!eve@y.io namespaces=\"git,file\",VALID-AFTER=\"20260131\",valid-before=\"202702011530Z\" {KEY} ann's laptop\n\"bob@x.io\"\tcert-authority {KEY}\r\n"
        );
        let lines = parse(&text).expect("two lines");
        let [ann, bob] = lines.as_slice() else { unreachable!("there are two") };
        assert_eq!((ann.number, bob.number), (3, 4));
        for (email, expected) in [
            ("ann@x.io", true),
            ("Ann@X.io", true),
            ("cat@y.io", true),
            ("eve@y.io", false),
            ("EVE@y.io", false),
            ("ann@x.io.evil", false),
            ("*@y.io", false),
            ("ann@x.io,bob@x.io", false),
            ("", false),
        ] {
            assert_eq!(ann.is_for(email), expected, "{email}");
        }
        assert_eq!(ann.after.map(|t| t.to_string()).as_deref(), Some("2026-01-31T00:00:00Z"));
        assert_eq!(ann.before.map(|t| t.to_string()).as_deref(), Some("2027-02-01T15:30:00Z"));
        assert!(ann.is_for_git() && bob.is_for_git() && bob.authority && !ann.authority);
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        assert!(!ann.counts_at(at("2026-01-30T23:59:59Z")));
        assert!(ann.counts_at(at("2026-01-31T00:00:00Z")));
        assert!(ann.counts_at(at("2027-02-01T15:30:00Z")));
        assert!(!ann.counts_at(at("2027-02-01T15:30:01Z")));
        assert!(!one(&format!("a@b namespaces=\"file,g\" {KEY}")).is_for_git());
        assert!(one(&format!("a@b namespaces=\"g*\" {KEY}")).is_for_git());
    }

    #[test]
    fn what_is_written_is_read_again() {
        for options in [
            "",
            "cert-authority ",
            "namespaces=\"git\" ",
            "cert-authority,namespaces=\"a,g?t\",valid-after=\"20260131\",valid-before=\"20260201010203\" ",
        ] {
            let line = one(&format!("ann@x.io {options}{KEY} comment"));
            assert_eq!(one(&line.written_for("ann@x.io")), line);
        }
    }

    #[test]
    fn what_is_no_line_is_told_with_its_place() {
        for (line, problem) in [
            ("ann@x.io", "no key stands"),
            ("ann@x.io ssh-ed25519", "no public key"),
            ("ann@x.io ssh-ed25519 short", "no public key"),
            ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHOxB0yXyPjnRX6", "neither a kind"),
            ("ann@x.io,, KEY", "have a gap"),
            ("ann@x.io valid-before=20260131 KEY", "no value in quotes"),
            ("ann@x.io valid-before=\"tomorrow\" KEY", "no time"),
            ("ann@x.io valid-before=\"20261331\" KEY", "no time"),
            ("ann@x.io valid-after=\"20260201\",valid-before=\"20260201\" KEY", "never counts"),
            ("ann@x.io namespaces=\"a\",namespaces=\"b\" KEY", "there twice"),
            ("ann@x.io cert-authority, KEY", "a comma ends"),
            ("ann@x.io no-touch-required KEY", "nor an option"),
            ("ann@x.io namespaces=\"git KEY", "not closed"),
        ] {
            let text = format!("# first\n{}", line.replace("KEY", KEY));
            let error = parse(&text).expect_err(line);
            assert_eq!(error.number, 2);
            assert!(error.problem.contains(problem), "{line}: {error}");
        }
    }

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*b*c", "axxbyybzc", true),
            ("a*b*c", "axxbyybz", false),
            ("?", "", false),
            ("a?c", "abc", true),
            ("**", "x", true),
            ("a", "ab", false),
        ] {
            assert_eq!(fits(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }
}
