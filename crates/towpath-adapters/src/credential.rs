//! Secrets that `towpath.yaml` and flags name: where each is found, read anew each time.
//!
//! Secrets in files are renewed while we run. Must not keep, show or judge one.

use towpath_core::source::Credential;

/// How an environment variable is looked up.
pub(crate) type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

/// The variables of this process.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The secret as it is now, without line ends at its end; or where it is not found, in words without it.
pub(crate) fn read(credential: &Credential, lookup: &Lookup) -> Result<String, String> {
    let missing = |why: &str| format!("no credential: {credential} {why}");
    let text = match credential {
        Credential::Variable(name) => lookup(name).ok_or_else(|| missing("is not set"))?,
        Credential::File(path) => std::fs::read_to_string(path)
            .map_err(|error| missing(&format!("cannot be read: {error}")))?,
    };
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(missing("is empty"));
    }
    Ok(text.to_owned())
}
