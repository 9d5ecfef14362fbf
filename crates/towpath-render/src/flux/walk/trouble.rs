//! What cannot work with a cluster's Kustomizations, and where it stands. A walk finds these and goes on.

use std::sync::Arc;

use super::super::render::Error;
use super::super::spec::SourceRef;
use super::Id;
use crate::Identity;

/// Something that cannot work, and where.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{file}:{line}: Kustomization {kustomization}: {kind}")]
pub struct Trouble {
    /// The Kustomization that has it.
    pub kustomization: Id,
    /// The file at fault, in the source where it was read.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: usize,
    /// What it is.
    pub kind: TroubleKind,
}

/// What cannot work.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum TroubleKind {
    /// Each waits for the next, and the last for the first.
    #[error("waits for itself: {}", chain(.0))]
    Cycle(Vec<Id>),
    /// `dependsOn` names what the cluster is not given.
    #[error("depends on {0}, which nothing creates")]
    MissingDependency(Id),
    /// `path` is not in the source.
    #[error("the folder `{0}` does not exist in the source")]
    MissingPath(String),
    /// Its source is not at hand.
    #[error("{} {}/{} is not at hand: {why}", source_ref.kind, source_ref.namespace, source_ref.name)]
    UnknownSource {
        /// The source.
        source_ref: SourceRef,
        /// Why not.
        why: String,
    },
    /// It cannot be rendered.
    #[error("cannot be rendered: {0}")]
    CannotRender(Error),
    /// An object that another one applies, too.
    #[error("{object} is applied by {other}, too")]
    TwoOwners {
        /// The object.
        object: Identity,
        /// The one that comes first.
        other: Id,
    },
    /// An object in a namespace that may be created after it.
    #[error(
        "{object} needs the namespace that {provider} creates, and nothing makes it wait for that"
    )]
    BeforeNamespace {
        /// The first such object.
        object: Identity,
        /// Who creates the namespace.
        provider: Id,
    },
    /// An object of a kind that may be defined after it.
    #[error(
        "{object} needs the CustomResourceDefinition that {provider} creates, and nothing makes it wait for that"
    )]
    BeforeDefinition {
        /// The first such object.
        object: Identity,
        /// Who creates the definition.
        provider: Id,
    },
}

fn chain(ids: &[Id]) -> String {
    let names: Vec<String> = ids.iter().chain(ids.first()).map(Id::to_string).collect();
    names.join(" -> ")
}
