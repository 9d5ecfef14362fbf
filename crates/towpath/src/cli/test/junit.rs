//! A test that somebody else runs: a file in JUnit's form, read when the test is judged.
//!
//! There is no one standard of the form; what all writers have is read: `testcase` elements, and in them `failure`, `error`
//! and `skipped`. Counts of a suite that name more than its elements do count, too. A file in which nothing ran is a
//! failure: nobody has tested anything.

use std::borrow::Cow;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use towpath_core::id::RepoPath;
use towpath_engine::last_words::last_words;

use super::{Subject, Trial};
use crate::cli::failure::Failure;
use crate::cli::words::count;

/// So much of a file is read.
const MOST: u64 = 64 << 20;
/// So many of those that failed are named.
const NAMED: usize = 3;

/// Judges what stands in the file.
///
/// # Errors
/// Where it is not there or no file of results.
pub(super) fn judge(subject: &Subject, file: &RepoPath) -> Result<Trial, Failure> {
    let text = read(&subject.root.join(file.as_str())).map_err(|error| {
        Failure::new(format!("the results {file} cannot be read"))
            .because(error)
            .hint("whoever runs the test writes them first, in the work tree")
    })?;
    let results =
        parse(&text).map_err(|why| Failure::new(format!("{file} is no file of results: {why}")))?;
    Ok(results.trial())
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let mut file = fs::File::open(path)?.take(MOST + 1);
    file.read_to_string(&mut text)?;
    match file.limit() {
        0 => Err(std::io::Error::other("it is longer than 64 MiB")),
        _ => Ok(text),
    }
}

/// What a file of results says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Results {
    tests: usize,
    skipped: usize,
    /// Those that failed, as elements have them.
    failed: Vec<String>,
    /// How many failed, as suites count them.
    counted: usize,
}

impl Results {
    fn take(&mut self, case: Case) {
        self.tests += 1;
        if case.failed {
            self.failed.push(case.name);
        } else if case.skipped {
            self.skipped += 1;
        }
    }

    fn trial(&self) -> Trial {
        let failed = self.failed.len().max(self.counted);
        let ran = self.tests - self.skipped;
        let all = count(self.tests, "test");
        let skipped = match self.skipped {
            0 => String::new(),
            some => format!(", {some} skipped"),
        };
        if failed > 0 {
            let named: Vec<&str> = self.failed.iter().take(NAMED).map(String::as_str).collect();
            let more = match failed - named.len() {
                0 => String::new(),
                _ if named.is_empty() => String::new(),
                more => format!(" and {more} more"),
            };
            let names =
                if named.is_empty() { String::new() } else { format!(": {}", named.join(", ")) };
            let detail = last_words(&format!("{failed} of {all} failed{skipped}{names}{more}"));
            return Trial { passed: false, detail };
        }
        match ran {
            0 => Trial { passed: false, detail: format!("no test ran ({all}{skipped})") },
            _ => Trial { passed: true, detail: format!("{all} passed{skipped}") },
        }
    }
}

/// What a test case has said so far.
#[derive(Default)]
struct Case {
    name: String,
    failed: bool,
    skipped: bool,
}

fn parse(text: &str) -> Result<Results, String> {
    let mut reader = Reader::from_str(text);
    let mut results = Results::default();
    let mut open: Vec<Tag> = Vec::new();
    let mut case = Case::default();
    let mut is_root_seen = false;
    loop {
        let event = reader.read_event().map_err(|error| error.to_string())?;
        let (start, is_empty) = match &event {
            Event::Start(start) => (start, false),
            Event::Empty(start) => (start, true),
            Event::End(_) => {
                if open.pop() == Some(Tag::Case) {
                    results.take(std::mem::take(&mut case));
                }
                continue;
            }
            Event::Eof if !open.is_empty() => return Err("it ends in the middle".to_owned()),
            Event::Eof if !is_root_seen => return Err("it is empty".to_owned()),
            Event::Eof => return Ok(results),
            _ => continue,
        };
        let tag = Tag::of(start);
        if open.is_empty() && !matches!(tag, Tag::Suites | Tag::Suite) {
            return Err("it begins with neither `testsuites` nor `testsuite`".to_owned());
        }
        is_root_seen = true;
        match tag {
            // A suite in a suite is counted by the one around it.
            Tag::Suite if !open.contains(&Tag::Suite) => {
                results.counted += number(start, "failures") + number(start, "errors");
            }
            Tag::Case => case = Case { name: name(start), ..Case::default() },
            Tag::Bad if open.last() == Some(&Tag::Case) => case.failed = true,
            Tag::Skipped if open.last() == Some(&Tag::Case) => case.skipped = true,
            _ => {}
        }
        match is_empty {
            true if tag == Tag::Case => results.take(std::mem::take(&mut case)),
            true => {}
            false => open.push(tag),
        }
    }
}

/// The elements that matter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tag {
    Suites,
    Suite,
    Case,
    Bad,
    Skipped,
    Other,
}

impl Tag {
    fn of(start: &BytesStart<'_>) -> Self {
        match start.local_name().as_ref() {
            "testsuites" => Self::Suites,
            "testsuite" => Self::Suite,
            "testcase" => Self::Case,
            "failure" | "error" => Self::Bad,
            "skipped" => Self::Skipped,
            _ => Self::Other,
        }
    }
}

fn attribute<'a>(start: &'a BytesStart<'_>, name: &str) -> Option<Cow<'a, str>> {
    let found = start.try_get_attribute(name).ok()??;
    found.normalized_value(XmlVersion::Implicit1_0).ok()
}

fn number(start: &BytesStart<'_>, name: &str) -> usize {
    attribute(start, name).and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

fn name(start: &BytesStart<'_>) -> String {
    let name = attribute(start, "name").unwrap_or_default();
    match attribute(start, "classname").filter(|class| !class.is_empty()) {
        Some(class) => format!("{class}.{name}"),
        None => name.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str) -> Result<(bool, String), String> {
        parse(text).map(|results| results.trial()).map(|trial| (trial.passed, trial.detail))
    }

    #[test]
    fn results_of_many_writers_are_read() {
        let cases = [
            (r#"<testsuite tests="1"><testcase name="a"/></testsuite>"#, true, "1 test passed"),
            (
                "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- made by a runner -->\n<testsuites>\
                 <testsuite><testcase name='a' classname='x'><system-out>failure</system-out></testcase>\
                 <testcase name='b'><skipped/></testcase></testsuite></testsuites>\n",
                true,
                "2 tests passed, 1 skipped",
            ),
            (
                r#"<testsuites><testsuite failures="1"><testcase classname="api" name="a &lt; b">
                   <failure message="no"><![CDATA[<html>]]></failure></testcase>
                   <testcase name="ok"></testcase></testsuite></testsuites>"#,
                false,
                "1 of 2 tests failed: api.a < b",
            ),
            (
                r#"<testsuite><testcase name="1"><error/></testcase><testcase name="2"><error/></testcase>
                   <testcase name="3"><failure/></testcase><testcase name="4"><failure/></testcase></testsuite>"#,
                false,
                "4 of 4 tests failed: 1, 2, 3 and 1 more",
            ),
            (
                r#"<testsuite errors="2"><testcase name="a"/></testsuite>"#,
                false,
                "2 of 1 test failed",
            ),
            (
                r#"<testsuite failures="1"><testsuite failures="1"><testcase name="a"><failure/></testcase>
                   </testsuite></testsuite>"#,
                false,
                "1 of 1 test failed: a",
            ),
            ("<testsuites/>", false, "no test ran (0 tests)"),
            (
                "<testsuite><testcase name='a'><skipped/></testcase></testsuite>",
                false,
                "no test ran (1 test, 1 skipped)",
            ),
        ];
        for (text, passed, detail) in cases {
            assert_eq!(judged(text), Ok((passed, detail.to_owned())), "{text}");
        }
    }

    #[test]
    fn what_is_no_file_of_results_is_refused() {
        for text in [
            "",
            "PASS",
            "<html><testsuite/></html>",
            "<testsuite><testcase name='a'>",
            "<testsuite><testcase name='a'></testsuite>",
            "<testsuite",
            "<?xml version='1.0'?>",
        ] {
            assert!(judged(text).is_err(), "{text}");
        }
    }
}
