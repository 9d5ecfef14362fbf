//! Whom a change concerns, and what a component brings: pages of cases in Markdown, and what must hold of all of them.
//!
//! A heading begins a case. What fenced blocks mean is said in `page.rs`.

mod page;
mod properties;

use page::{Case, cases};
use towpath_check::diligence::{self, diligence};
use towpath_check::impact::{self, Impact, Owners, Removal};
use towpath_check::judge::{self, Chosen};

/// Whom the change of a case concerns, or the removal that it plans.
fn impact_of(case: &Case) -> Impact {
    let after = case.given("after");
    let owners = match case.owners.as_slice() {
        [] => Owners::default(),
        labels => Owners { labels: labels.to_vec() },
    };
    if let Some(removal) = &case.removal {
        let removal: Removal = removal.parse().expect("a removal");
        return impact::users_of(&after, &removal, &owners);
    }
    let chosen = Chosen::where_id(|id| id.ends_with("-api"));
    let found = after.subjects.iter().flat_map(|subject| judge::one(&chosen, subject, &after));
    let findings = judge::arranged(found.collect());
    let before = case.given("before");
    impact::impact(&after, Some(&before), &findings, &owners)
}

fn compare(case: &Case, actual: &str) {
    assert!(actual == case.expected, "{}: says\n{actual}\nand not\n{}", case.title, case.expected);
}

macro_rules! pages {
    ($($test:ident $page:literal)*) => {
        /// Every page about a change.
        const PAGES: &[&str] = &[$(include_str!(concat!("pages/", $page, ".md"))),*];

        $(
            #[test]
            fn $test() {
                for case in cases(include_str!(concat!("pages/", $page, ".md"))) {
                    compare(&case, &impact::text(&impact_of(&case)));
                }
            }
        )*
    };
}

pages! {
    apis "apis"
    charts "charts"
    definitions "definitions"
    owners "owners"
    policies "policies"
    removals "removals"
}

#[test]
fn components() {
    for case in cases(include_str!("components/components.md")) {
        let said = diligence(&case.component(), &case.charts, &case.given("after"));
        compare(&case, &diligence::text(&said));
    }
}

#[test]
fn as_markdown() {
    let case = &cases(include_str!("pages/apis.md"))[0];
    let said = impact::markdown(&impact_of(case));
    let heads: Vec<&str> = said.lines().filter(|line| line.starts_with("###")).collect();
    assert_eq!(heads, ["### To team-batch"]);
    assert!(said.starts_with("| owner | namespace | object | environments | why |\n| --- |"));
}
