//! `towpath check --fix`: files with newer API versions, written in place.
//!
//! What may be written is decided in `towpath_check::fix`. A file is replaced as a whole or not at all.

use std::io::Write as _;
use std::path::Path;

use towpath_check::fix::{Fixed, Mended, api_versions};
use towpath_check::given::Given;

use super::super::failure::Failure;
use super::files::Listed;

/// Writes what can be written into the files.
pub(super) fn mend(files: &[Listed], given: &Given) -> Result<Vec<Fixed>, Failure> {
    let mut all = Vec::new();
    if files.iter().any(|file| file.held.is_some()) {
        return Err(Failure::new("standard input cannot be written to")
            .hint("name the files or folders to mend"));
    }
    for file in files {
        let unreadable = |e| Failure::new(format!("{} cannot be read", file.path)).because(e);
        let source = std::fs::read(&file.disk).map_err(unreadable)?;
        let mended = api_versions(&file.path, &source, given).map_err(|e| {
            Failure::new(format!("{} cannot be edited; it was left as it is", file.path)).because(e)
        })?;
        if let Some(Mended { bytes, fixed }) = mended {
            replace(&file.disk, &bytes)
                .map_err(|e| Failure::new(format!("{} cannot be written", file.path)).because(e))?;
            all.extend(fixed);
        }
    }
    Ok(all)
}

/// A new file in the place of the old one, with its permissions.
fn replace(place: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = place.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    temporary.write_all(bytes)?;
    temporary.as_file().set_permissions(place.metadata()?.permissions())?;
    temporary.persist(place)?;
    Ok(())
}
