//! Who owns which field: `metadata.managedFields`, and server-side apply.
//!
//! Functions of values: what an object was, what it becomes, who writes. Which patch a request carries and whether the
//! result is accepted is asked elsewhere; so is defaulting, which comes before [`update`] and after [`apply`].
//!
//! Where to go next: [`update`] and [`apply`] for the two kinds of writes, [`FieldSet`] for what an entry says.

mod apply;
mod compare;
mod element;
mod entries;
mod go;
mod judge;
mod merge;
mod set;
mod update;
mod walk;

pub use apply::apply;
pub use element::{Element, Held, Malformed};
pub use set::FieldSet;
pub use update::update;

pub(crate) use element::order;
pub(crate) use go::plain;

/// Who writes, and how.
#[derive(Debug, Clone, Copy)]
pub struct Writer<'a> {
    /// The name of the manager. If it is empty, `unknown` stands for it.
    pub manager: &'a str,
    /// The version in which the object is written, with its group.
    pub api_version: &'a str,
    /// The subresource that is written, empty for the object itself.
    pub subresource: &'a str,
    /// When, as RFC 3339 with seconds and `Z`.
    pub time: &'a str,
    /// Fields that a write here leaves as they are, so that nobody comes to own them by it: each with all below.
    pub ignored: &'a [&'a [&'a str]],
}

impl<'a> Writer<'a> {
    fn name(&self) -> &'a str {
        if self.manager.is_empty() { "unknown" } else { self.manager }
    }

    fn leave_out(&self, set: &mut FieldSet<'_>) {
        if self.ignored.is_empty() || set.is_empty() {
            return;
        }
        let mut ignored = FieldSet::new();
        for path in self.ignored {
            let path: Vec<Element<'_>> = path.iter().copied().map(Element::Field).collect();
            ignored.insert(&path);
        }
        *set = std::mem::take(set).without(&ignored);
    }
}

/// The most bytes of the name of a manager.
const LONGEST_NAME: usize = 128;

/// The manager that a client is which names none: what its user agent begins with.
#[must_use]
pub fn manager_of(user_agent: &str) -> String {
    let name = user_agent.split('/').next().unwrap_or_default();
    let mut manager = String::new();
    for letter in name.chars().filter(|letter| go::printable(*letter)) {
        if manager.len() + letter.len_utf8() > LONGEST_NAME {
            break;
        }
        manager.push(letter);
    }
    manager
}
