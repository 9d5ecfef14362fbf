//! `towpath explain-rule`: what a rule of the checks finds, why that matters, and what to do.

use std::fmt::Write as _;

use towpath_api::output::{RuleOutput, RulesOutput};
use towpath_check::page::{Page, page, pages};

use super::Answer;
use super::args::ExplainRuleArgs;
use super::failure::Failure;
use super::print::{BOLD, styled};

/// So many names are offered for one that is not known.
const MOST_NAMES: usize = 3;

pub(crate) fn run(args: &ExplainRuleArgs) -> Result<Answer, Failure> {
    let (text, shown) = match &args.rule {
        Some(id) => {
            let page = page(id).ok_or_else(|| unknown(id))?;
            (explained(&page), vec![page])
        }
        None => (listed(&pages()), pages()),
    };
    let rules = shown.into_iter().map(output).collect();
    Answer::new(true, text, "Rules", RulesOutput { rules })
}

fn output(page: Page) -> RuleOutput {
    RuleOutput {
        id: page.id,
        severity: page.severity.to_owned(),
        title: page.title.to_owned(),
        why: page.why.to_owned(),
        fix: page.fix.to_owned(),
        fails: page.fails,
        passes: page.passes,
    }
}

fn listed(pages: &[Page]) -> String {
    let wide = pages.iter().map(|page| page.id.len()).max().unwrap_or_default();
    let mut out = String::new();
    for page in pages {
        let _ = writeln!(out, "{:wide$}  {:7}  {}", page.id, page.severity, page.title);
    }
    out
}

fn explained(page: &Page) -> String {
    let mut out = format!("{}: {}\n", styled(BOLD, &page.id), page.title);
    let _ = writeln!(out, "severity: {}", page.severity);
    for (title, text) in [
        ("Why", page.why),
        ("What to do", page.fix),
        ("It finds", &page.fails),
        ("It does not find", &page.passes),
    ] {
        let _ = writeln!(out, "\n{}", styled(BOLD, title));
        for line in text.lines() {
            let _ = writeln!(out, "{}", format!("  {line}").trim_end());
        }
    }
    out
}

fn unknown(id: &str) -> Failure {
    let pages = pages();
    let mut near: Vec<(usize, &str)> =
        pages.iter().map(|page| (distance(id, &page.id), page.id.as_str())).collect();
    near.sort();
    let most = 2 + id.chars().count() / 4;
    let near: Vec<&str> =
        near.iter().filter(|(far, _)| *far <= most).take(MOST_NAMES).map(|(_, id)| *id).collect();
    let failure = Failure::new(format!("there is no rule {id}"));
    let failure = match near.is_empty() {
        true => failure,
        false => failure.hint(format!("is it {}?", any_of(&near))),
    };
    failure.hint("`towpath explain-rule` lists all")
}

/// `a`, `a or b`, `a, b or c`.
fn any_of(names: &[&str]) -> String {
    match names {
        [head @ .., last] if !head.is_empty() => format!("{} or {last}", head.join(", ")),
        names => names.concat(),
    }
}

/// How many characters have to be added, dropped or replaced; an id that the other begins with or ends in is near.
fn distance(a: &str, b: &str) -> usize {
    if a.len() > 2 && (b.starts_with(a) || b.ends_with(a)) {
        return 1;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.chars().take(200).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn distance_counts_edits() {
        for (a, b, far) in [
            ("removed-api", "removed-api", 1),
            ("removd-api", "removed-api", 1),
            ("removed-apis", "removed-api", 1),
            ("", "abc", 3),
            ("abc", "", 3),
            ("enum", "crd-enum", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(a, b), far, "{a} {b}");
        }
    }
}
