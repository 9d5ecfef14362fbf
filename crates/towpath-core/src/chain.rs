//! An error and what lies beneath it on one line, for where there is room for one text only.
//!
//! Errors themselves never repeat their source; whoever shows one decides how.

use std::error::Error;

/// The error, then each source behind a colon: `the file cannot be read: permission denied`.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
