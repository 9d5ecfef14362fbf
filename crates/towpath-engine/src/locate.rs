//! Where a component's artifacts are read and written: its URL, or what `towpath.yaml` maps it to.
//!
//! Pure. A mapping replaces whole path segments: `oci://ghcr.io/acme` does not match
//! `oci://ghcr.io/acme-labs`.

use towpath_core::path::{Component, ReleaseStream};
use towpath_core::stated::RegistryMapping;

use crate::ports::ArtifactLocation;

/// Why a text is no location.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no place for artifacts: {problem}")]
pub struct LocationError {
    /// The text.
    pub text: String,
    /// What is wrong.
    pub problem: &'static str,
}

/// Reads `oci://HOST/REPOSITORY` or `oci-layout:FOLDER`.
///
/// # Errors
/// [`LocationError`] for another scheme, a missing repository, or a tag or digest in the URL.
pub fn parse(text: &str, insecure: bool) -> Result<ArtifactLocation, LocationError> {
    let wrong = |problem| LocationError { text: text.to_owned(), problem };
    if let Some(folder) = text.strip_prefix("oci-layout:") {
        if folder.is_empty() {
            return Err(wrong("the folder is missing"));
        }
        return Ok(ArtifactLocation::Layout { folder: folder.to_owned() });
    }
    let Some(repository) = text.strip_prefix("oci://") else {
        return Err(wrong("write `oci://HOST/REPOSITORY` or `oci-layout:FOLDER`"));
    };
    let repository = repository.trim_end_matches('/');
    let Some((host, path)) = repository.split_once('/') else {
        return Err(wrong("the repository is missing after the host"));
    };
    if host.is_empty() || path.is_empty() || host.contains('@') {
        return Err(wrong("write `oci://HOST/REPOSITORY`, without credentials"));
    }
    if path.contains('@') || path.contains(':') {
        return Err(wrong("a tag or digest does not belong to it"));
    }
    Ok(ArtifactLocation::Registry { repository: repository.to_owned(), insecure })
}

/// Where to find a component's artifacts; `None` where its releases are not artifacts.
///
/// # Errors
/// [`LocationError`] as [`parse`].
pub fn of(
    component: &Component,
    mappings: &[RegistryMapping],
) -> Result<Option<ArtifactLocation>, LocationError> {
    let ReleaseStream::Oci { url, insecure } = &component.releases else { return Ok(None) };
    let url = url.trim_end_matches('/');
    for mapping in mappings {
        let Some(rest) = url.strip_prefix(mapping.from.as_str()) else { continue };
        if !(rest.is_empty() || rest.starts_with('/')) {
            continue;
        }
        // A layout folder is one repository; the rest of the URL chooses a folder in it.
        return parse(&format!("{}{rest}", mapping.to), mapping.insecure).map(Some);
    }
    parse(url, *insecure).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use towpath_core::id::ComponentName;

    fn component(url: &str) -> Component {
        Component {
            name: ComponentName::parse("platform").expect("a name"),
            paths: Vec::new(),
            ignore: None,
            releases: ReleaseStream::Oci { url: url.to_owned(), insecure: false },
        }
    }

    fn mapping(from: &str, to: &str) -> RegistryMapping {
        RegistryMapping { from: from.to_owned(), to: to.to_owned(), insecure: false }
    }

    #[test]
    fn mappings_replace_whole_segments() {
        let maps = [mapping("oci://ghcr.io/acme", "oci-layout:../artifacts")];
        let at = |url: &str| of(&component(url), &maps).map(|l| l.map(|l| l.to_string()));
        assert_eq!(
            at("oci://ghcr.io/acme/platform"),
            Ok(Some("oci-layout:../artifacts/platform".into()))
        );
        assert_eq!(at("oci://ghcr.io/acme"), Ok(Some("oci-layout:../artifacts".into())));
        assert_eq!(at("oci://ghcr.io/acme-labs/x"), Ok(Some("oci://ghcr.io/acme-labs/x".into())));
    }

    #[test]
    fn what_is_no_location_is_refused() {
        for bad in
            ["", "https://x/y", "oci://host", "oci://host/r:1.0", "oci://u:p@host/r", "oci-layout:"]
        {
            assert!(parse(bad, false).is_err(), "{bad}");
        }
        assert!(parse("oci://127.0.0.1:5000/a/b", true).is_ok());
    }
}
