//! What Flux's kustomize-controller does around a build of Kustomize, and the walk through a cluster's Kustomizations.
//!
//! Sources of the contract: `fluxcd/pkg:kustomize`, `fluxcd/pkg:envsubst`, `fluxcd/kustomize-controller:internal`.
//! It applies nothing, decrypts nothing and asks no cluster: what a value in a cluster decides is reported as unknown.
//!
//! Where to go next: `render.rs` is one Kustomization, `walk.rs` all of a cluster.

mod generate;
mod labels;
mod render;
mod sealed;
mod spec;
mod substitute;
mod walk;

pub use generate::{GenerateError, Overlay, generate, inside};
pub use labels::{add_metadata, own};
pub use render::{
    Error, Found, Inputs, KindOfSource, RenderError, Rendered, Sources as VariableSources, render,
};
pub use sealed::{is_sealed, sealed_paths};
pub use spec::{Image, Metadata, PostBuild, Reference, SourceRef, Spec, SpecError, SubstituteFrom};
pub use substitute::{Expanded, GrammarError, Strictness, SubstituteError, Variables, expand};
pub use walk::{
    Depth, Id, Memo, Source, Sources, Start, Store, Trouble, TroubleKind, Walk, Walked, walk,
    walk_again,
};
