//! Flux OCI artifacts: files in, bytes out, and back.
//!
//! A release of a component is an OCI artifact that Flux reads. This crate makes one ([`pack()`]), reads one
//! ([`Manifest::parse`], [`read_layer`]), and tells two apart ([`diff()`]). Everything is a function from values
//! to values: no disk, no network, no clock. Who walks a checkout, talks to a registry or knows the time passes
//! the result in.
//!
//! Two properties hold the crate together. The same files give the same bytes, in any order, on any machine, so
//! a release can be made again and its digest compared. And what is read from outside is bounded and checked
//! before it is believed: no name leaves the artifact, no layer unpacks to more than its reader allows.
//!
//! The contract is Flux's: `fluxcd/pkg:oci/build.go`, `fluxcd/pkg:tar`, `fluxcd/pkg:sourceignore`. Begin with
//! [`pack()`] to see what an artifact is made of, and with [`ignore`] for which files get in.

mod diff;
mod digest;
pub mod ignore;
mod manifest;
mod name;
mod pack;
mod read;
mod revision;
mod tarball;

pub use diff::{ChangeKind, FileChange, diff};
pub use digest::{Digest, DigestError};
pub use manifest::{
    CONFIG_MEDIA_TYPE, CREATED, Descriptor, LAYER_MEDIA_TYPE, MANIFEST_MEDIA_TYPE, Manifest,
    ManifestError, REVISION, SOURCE,
};
pub use name::NameProblem;
pub use pack::{Artifact, Blob, FileEntry, FileName, Metadata, PackError, Packer, pack};
pub use read::{Contents, Entry, ReadError, ReadLimits, read_layer};
pub use revision::{RevisionError, RevisionRef};
