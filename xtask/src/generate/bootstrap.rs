//! What fresh sandbox clusters have, made ahead, so that starting one is reading it.

use towpath_apimachinery::bootstrap::prepare;

use super::Files;

/// The one file.
pub(super) fn files() -> Files {
    let name = "crates/towpath-apimachinery/src/bootstrap/prepared.tsv";
    Files::from([(name.to_owned(), prepare())])
}
