//! Charts that lie in files: what their `Chart.yaml` says (`helm/helm:pkg/chart/v2/metadata.go`).
//!
//! Must not read a file, nor judge. Next: [`crate::given::Given::charts`], and the rule that looks at them.

use towpath_core::id::RepoPath;
use towpath_core::pin::Location;

/// A chart that lies in files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// The folder of its `Chart.yaml`.
    pub folder: String,
    /// `name`.
    pub name: String,
    /// `version`, as written.
    pub version: Option<String>,
    /// `kubeVersion`, as written.
    pub kubernetes: Option<String>,
    /// Where `kubeVersion` stands, else where the chart begins.
    pub at: Location,
}

impl Chart {
    /// Whether a path is that of a file that describes a chart.
    #[must_use]
    pub fn is_file(path: &str) -> bool {
        path.rsplit('/').next() == Some("Chart.yaml")
    }

    /// What a `Chart.yaml` says; `None` where nothing in it names a chart.
    ///
    /// # Errors
    /// The file is no YAML.
    pub fn parse(file: &RepoPath, bytes: &[u8]) -> Result<Option<Self>, towpath_yaml::Error> {
        let documents = towpath_yaml::parse(bytes)?;
        // An object of Kubernetes has a name further below.
        Ok(documents.iter().find_map(|document| {
            let root = &document.root;
            let text = |key: &str| root.get(key).and_then(|node| node.as_str()).map(str::to_owned);
            let at = root.get("kubeVersion").unwrap_or(root).span;
            Some(Self {
                folder: file.as_str().rsplit_once('/').map_or("", |(folder, _)| folder).to_owned(),
                name: text("name")?,
                version: text("version"),
                kubernetes: text("kubeVersion").filter(|range| !range.trim().is_empty()),
                at: Location { file: file.clone(), line: at.line, column: at.column },
            })
        }))
    }
}
