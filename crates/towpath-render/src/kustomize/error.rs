//! Why a folder cannot be built, and what a build warns of.
//!
//! Every error names a file of the tree, with the line where one is known. Display is one line: `file:line: problem`.

use std::fmt;
use std::sync::Arc;

use crate::TreeError;

/// Where in the tree something is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The file or folder, from the root of its tree; a remote tree's URL stands in front.
    pub file: Arc<str>,
    /// The line in it, from 1, where it is known.
    pub line: Option<usize>,
}

/// Why a folder cannot be built.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct Error {
    /// Where.
    pub place: Place,
    /// What is wrong there.
    pub problem: Box<Problem>,
}

/// What is wrong at a place.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The tree could not answer.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A folder without any of the three files.
    #[error(
        "no kustomization file: none of kustomization.yaml, kustomization.yml, Kustomization is there"
    )]
    NoKustomization,
    /// A folder with more than one of them.
    #[error("several kustomization files: {}", .0.join(", "))]
    SeveralKustomizations(Vec<&'static str>),
    /// A kustomization that asks for nothing.
    #[error("the kustomization is empty")]
    EmptyKustomization,
    /// A file is no YAML, or not such as Kustomize reads.
    #[error("cannot be read as YAML: {0}")]
    Yaml(String),
    /// A document that holds no mapping.
    #[error("a document is no Kubernetes object: {0}")]
    NotAnObject(&'static str),
    /// A field that nothing reads.
    #[error("unknown field `{0}`")]
    UnknownField(String),
    /// A field that holds something else.
    #[error("`{field}` must be {expected}")]
    WrongType {
        /// The field, as `patches[2].target.kind`.
        field: String,
        /// What it should hold.
        expected: &'static str,
    },
    /// A field whose value makes no sense.
    #[error("`{field}`: {why}")]
    BadValue {
        /// The field.
        field: String,
        /// What is wrong with it.
        why: String,
    },
    /// A path at which nothing stands.
    #[error("`{0}` does not exist")]
    NotFound(String),
    /// A path that must be a file.
    #[error("`{0}` is a folder, not a file")]
    NotAFile(String),
    /// A path that must be a folder.
    #[error("`{0}` is a file, not a folder")]
    NotAFolder(String),
    /// A file above the kustomization that names it.
    #[error("`{path}` is not in or below `{root}`, so it may not be read")]
    Outside {
        /// The path as written.
        path: String,
        /// The folder of the kustomization.
        root: String,
    },
    /// A path that leaves the tree.
    #[error("`{0}` leaves the tree")]
    LeavesTree(String),
    /// A folder that is being built already.
    #[error("cycle: `{0}` is being built already")]
    Cycle(String),
    /// Something that only the network could give.
    #[error("`{0}` is remote, and nothing here supplies remote trees")]
    Remote(String),
    /// A single file on the web.
    #[error("`{0}` is a file on the web, and none is fetched")]
    WebFile(String),
    /// What supplies remote trees could not.
    #[error("`{url}` cannot be had: {why}")]
    RemoteFailed {
        /// The URL as written.
        url: String,
        /// Why not.
        why: String,
    },
    /// `components` names what is none.
    #[error("`{0}` is listed in components but is no Component")]
    NotAComponent(String),
    /// `resources` names a component.
    #[error("`{0}` is a Component: it belongs in components, not in resources")]
    UnexpectedComponent(String),
    /// Two objects of one identity.
    #[error("{0} is there already")]
    Conflict(String),
    /// Something that Towpath does not run.
    #[error("{0}")]
    Refused(String),
    /// A change could not be made.
    #[error("{what}: {why}")]
    Failed {
        /// The field of the kustomization, or the object.
        what: String,
        /// Why not.
        why: String,
    },
}

/// Something that works but should not be left so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Where.
    pub place: Place,
    /// What, as a lower-case fragment.
    pub message: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.file.is_empty() { "." } else { &self.file })?;
        self.line.map_or(Ok(()), |line| write!(f, ":{line}"))
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

impl Place {
    /// A file without a line.
    #[must_use]
    pub fn file(file: &Arc<str>) -> Self {
        Self { file: Arc::clone(file), line: None }
    }

    /// A line of a file.
    #[must_use]
    pub fn line(file: &Arc<str>, line: usize) -> Self {
        Self { file: Arc::clone(file), line: Some(line) }
    }
}

impl Problem {
    /// This problem at that place.
    pub(crate) fn at(self, place: Place) -> Error {
        Error { place, problem: Box::new(self) }
    }

    /// A change that could not be made.
    pub(crate) fn failed(what: impl Into<String>, why: impl fmt::Display) -> Self {
        Self::Failed { what: what.into(), why: why.to_string() }
    }
}
