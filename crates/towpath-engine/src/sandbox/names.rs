//! What a sandbox's branches are called.
//!
//! Pure functions of the ticket, the summary and the name. Must not ask whether a branch exists; that
//! is [`super::create`] and [`super::promote`].

use towpath_core::id::{BranchName, EnvironmentName, InvalidId};

/// How many characters of the summary a branch's name takes at most.
const SLUG: usize = 60;

/// How long a ticket's name may be.
const TICKET: usize = 60;

/// Why a ticket or summary gives no branch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The ticket cannot be the beginning of a branch's name.
    #[error("ticket {ticket:?} {problem}")]
    Ticket {
        /// The ticket.
        ticket: String,
        /// What is wrong with it, as a predicate.
        problem: &'static str,
    },
    /// The summary is more than one line of text.
    #[error("the summary has a line break or another control character")]
    Summary,
    /// Together they are a name that Git keeps for itself.
    #[error("ticket and summary give no branch")]
    Branch(#[source] InvalidId),
}

impl NameError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Ticket { .. } => "write the ticket as your tracker does, such as PLAT-123",
            Self::Summary => "say in one line what the sandbox is for",
            Self::Branch(_) => "give a ticket and a summary with letters or digits",
        }
    }
}

/// The branch of a sandbox: `PLAT-123` and `add keda` give `PLAT-123-add-keda`.
///
/// The summary is lower-cased, what is not an ASCII letter or digit becomes one `-`, and it is cut
/// between words; a summary of which nothing stays gives the ticket alone.
///
/// # Errors
/// [`NameError`] where the ticket has other characters than letters, digits, `-` and `_`, or the summary
/// has several lines.
pub fn branch_name(ticket: &str, summary: &str) -> Result<BranchName, NameError> {
    let refuse =
        |problem| Err(NameError::Ticket { ticket: ticket.chars().take(80).collect(), problem });
    if ticket.is_empty() {
        return refuse("is empty");
    }
    if ticket.len() > TICKET {
        return refuse("is longer than 60 characters");
    }
    if !ticket.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) {
        return refuse("has a character other than letters, digits, `-` and `_`");
    }
    if !ticket.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return refuse("does not begin with a letter or digit");
    }
    if summary.chars().any(char::is_control) {
        return Err(NameError::Summary);
    }
    let slug = slug(summary);
    let text = if slug.is_empty() { ticket.to_owned() } else { format!("{ticket}-{slug}") };
    BranchName::parse(&text).map_err(NameError::Branch)
}

fn slug(summary: &str) -> String {
    let words = summary.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut slug = String::new();
    for word in words {
        let word = word.to_ascii_lowercase();
        if slug.is_empty() {
            slug.extend(word.chars().take(SLUG));
        } else if slug.len() + 1 + word.len() <= SLUG {
            slug.push('-');
            slug.push_str(&word);
        } else {
            break;
        }
    }
    slug
}

/// The branch on which a sandbox's change waits for its pull request: `towpath/promote-NAME`.
#[must_use]
pub fn promote_branch(name: &EnvironmentName) -> BranchName {
    // An environment's name may end in `.lock`, which a branch may not.
    BranchName::parse(&format!("towpath/promote-{name}"))
        .or_else(|_| BranchName::parse(&format!("towpath/promote-{name}-")))
        .expect("an environment's name has only characters that a branch may have")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use towpath_core::id::EnvironmentName;

    use super::{NameError, branch_name, promote_branch};

    #[test]
    fn branches_are_named_after_ticket_and_summary() {
        for (ticket, summary, want) in [
            ("PLAT-123", "add keda", "PLAT-123-add-keda"),
            ("PLAT-123", "  Add   KEDA 2.10.2!  ", "PLAT-123-add-keda-2-10-2"),
            ("PLAT_1", "Überwachung: straße", "PLAT_1-berwachung-stra-e"),
            ("42", "../../etc/passwd", "42-etc-passwd"),
            ("T-1", "", "T-1"),
            ("T-1", "日本語 -- ?", "T-1"),
            ("T-1", "x.lock", "T-1-x-lock"),
        ] {
            assert_eq!(branch_name(ticket, summary).as_ref().map(|b| b.as_str()), Ok(want));
        }
    }

    #[test]
    fn a_long_summary_is_cut_between_words() {
        let name = branch_name("T-1", &"word ".repeat(40)).expect("a branch");
        assert_eq!(name.as_str(), format!("T-1-{}", ["word"; 12].join("-")));
        let name = branch_name("T-1", &"x".repeat(200)).expect("a branch");
        assert_eq!(name.as_str(), format!("T-1-{}", "x".repeat(60)));
    }

    #[test]
    fn tickets_and_summaries_that_are_none_are_refused() {
        for bad in ["", "a b", "../x", "-x", "_", "a/b", "é", "x\n", &"x".repeat(61)] {
            assert!(matches!(branch_name(bad, "s"), Err(NameError::Ticket { .. })), "{bad:?}");
        }
        assert_eq!(branch_name("T-1", "two\nlines"), Err(NameError::Summary));
        assert!(matches!(branch_name("HEAD", ""), Err(NameError::Branch(_))));
    }

    #[test]
    fn every_name_of_an_environment_has_a_branch_to_promote_on() {
        for name in ["sandbox-a", "a.lock", "A_b.c", "0"] {
            let name = EnvironmentName::parse(name).expect("a name");
            assert!(promote_branch(&name).as_str().starts_with("towpath/promote-"));
        }
    }

    proptest! {
        #[test]
        fn any_summary_gives_a_short_branch_or_a_refusal(summary in ".{0,200}") {
            if let Ok(name) = branch_name("PLAT-1", &summary) {
                prop_assert!(name.as_str().len() <= 7 + 60);
                prop_assert!(!name.as_str().contains("--") && !name.as_str().ends_with('-'));
            } else {
                prop_assert!(summary.chars().any(char::is_control));
            }
        }
    }
}
