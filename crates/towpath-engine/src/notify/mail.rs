//! The words of mail: a subject that says where and what, and a body for somebody who was asleep.
//!
//! Names come from files and from the ledger, so nothing in them may begin a line of its own. Must not choose what is
//! told, and must not know how mail is sent.

use std::collections::BTreeSet;

use towpath_core::notification::Occasion;

use super::Happening;
use super::words::{Letter, line};

/// So many environments are named in a subject.
const MOST_NAMES: usize = 3;

impl Letter {
    /// One line: where, and how it stands there now.
    #[must_use]
    pub fn subject(&self) -> String {
        if let ([one], 0) = (self.happenings.as_slice(), self.more) {
            return format!("towpath: {}", headline(one));
        }
        let places: BTreeSet<String> = self.happenings.iter().map(place).collect();
        let count = self.happenings.len() + self.more;
        let failed = self.happenings.iter().any(|it| it.occasion == Occasion::Failed);
        let worst = if failed { ", some failed" } else { "" };
        match places.len() {
            1 => format!("towpath: {}: {count} changes{worst}", place(&self.happenings[0])),
            2..=MOST_NAMES => {
                let names: Vec<String> = places.into_iter().collect();
                format!("towpath: {count} changes in {}{worst}", names.join(", "))
            }
            many => format!("towpath: {count} changes in {many} environments{worst}"),
        }
    }

    /// The body, as plain text.
    #[must_use]
    pub fn mail(&self) -> String {
        let mut out = String::new();
        for happening in &self.happenings {
            out.push_str(&format!("{}\n  {}\n", headline(happening), line(&happening.text)));
            let by = happening.by.as_deref().map(line);
            let by = by.map(|by| format!(", {by}")).unwrap_or_default();
            out.push_str(&format!("  {}{by}\n\n", happening.at));
        }
        if self.more > 0 {
            out.push_str(&format!("and {} more\n\n", self.more));
        }
        let asks = |it: &&Happening| matches!(it.occasion, Occasion::Failed | Occasion::Waiting);
        let asked: BTreeSet<String> = self.happenings.iter().filter(asks).map(place).collect();
        if let (1, Some(one)) = (asked.len(), asked.first()) {
            out.push_str(&format!("Why, and what can be done:  towpath explain {one}\n"));
        }
        out.push_str("How everything stands now:  towpath status\n");
        out.push_str("What was recorded:          towpath history\n\n-- \n");
        out.push_str(&format!("Sent by the notification {} of towpath.yaml.\n", self.to));
        out
    }

    /// What this and other letters have in common that tell of the same release in the same place.
    #[must_use]
    pub fn thread(&self) -> Option<String> {
        let about = |it: &Happening| {
            let (component, version) = (it.component.as_ref()?, it.version.as_ref()?);
            Some(format!("{} {component} {version} {}", place(it), self.to))
        };
        let (first, rest) = self.happenings.split_first()?;
        let thread = about(first)?;
        rest.iter().all(|it| about(it).as_ref() == Some(&thread)).then_some(thread)
    }
}

fn place(happening: &Happening) -> String {
    let name = happening.environment.as_ref();
    name.map_or_else(|| "all environments".to_owned(), ToString::to_string)
}

/// Where, of what, and how it stands now.
fn headline(happening: &Happening) -> String {
    let mut out = format!("{}:", place(happening));
    if let Some(component) = &happening.component {
        out.push_str(&format!(" {component}"));
    }
    if let Some(version) = &happening.version {
        out.push_str(&format!(" {version}"));
    }
    format!("{out} {}", happening.state)
}
