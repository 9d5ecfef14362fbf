//! The lease of the loop: which one, where there is one, and who we are in it.
//!
//! In a pod there is one of its own accord, whose name says which path it is for. Must not decide who acts: that is
//! `towpath_engine::lease`.

use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use towpath_adapters::kubernetes::{IN_CLUSTER, Leads, Place, Tenure, new_name, pod_namespace};
use towpath_core::id::BranchName;
use towpath_discovery::url::normalise;
use towpath_engine::ports::Repository as _;

use super::super::args::{LeaseArg, RunArgs};
use super::super::connected::settings;
use super::super::failure::Failure;
use super::super::session::Session;
use super::wake::{Cause, Wake};

/// The lease that we hold or wait for; without one we act.
pub(super) struct Lease {
    tenure: Option<(Place, Tenure)>,
    me: String,
}

/// Whether we act, and what is to be told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    /// There is no lease.
    Alone,
    /// We hold the lease. Whoever held it before acted until about then.
    Leads { lease: String, before: Option<Timestamp> },
    /// Somebody else does, or nobody knows; who, in words.
    Follows(String),
}

impl Lease {
    /// Begins to wait for the lease of this loop, if it has one.
    pub(super) fn seek(
        args: &RunArgs,
        session: &Session,
        trunk: &BranchName,
        wake: &Arc<Wake>,
    ) -> Result<Self, Failure> {
        let me = new_name();
        let (place, context) = match (&args.lease, pod_namespace()) {
            _ if args.once => return Ok(Self { tenure: None, me }),
            (Some(LeaseArg::None), _) | (None, None) => return Ok(Self { tenure: None, me }),
            (Some(LeaseArg::At(place)), _) => (place.clone(), args.lease_context.as_str()),
            (None, Some(namespace)) => {
                let name = name_of(session, trunk)?;
                (Place { namespace, name }, IN_CLUSTER)
            }
        };
        let bell = Arc::clone(wake);
        let changed = move || bell.ring(Cause::Lease);
        let terms = args.lease_duration;
        let tenure = Tenure::seek(&place, context, &settings(), terms, me.clone(), changed);
        let tenure = tenure.map_err(|error| {
            Failure::new(format!("the lease {place} cannot be asked for")).because(error)
        })?;
        Ok(Self { tenure: Some((place, tenure)), me })
    }

    /// Whether we act now.
    pub(super) fn role(&self) -> Role {
        let Some((place, tenure)) = &self.tenure else { return Role::Alone };
        let standing = tenure.standing();
        if standing.holds {
            return Role::Leads { lease: place.to_string(), before: standing.before };
        }
        let mut words = match standing.holder {
            None => format!("nobody holds the lease {place}"),
            Some(holder) if holder == self.me => format!("the lease {place} is not renewed"),
            Some(holder) => format!("{holder} holds the lease {place}"),
        };
        if let Some(trouble) = standing.trouble {
            let hint = trouble.hint.iter().map(String::as_str);
            let why = trouble.to_string();
            let _ = std::iter::once(why.as_str())
                .chain(hint)
                .try_for_each(|said| write!(words, "; {}", said.replace('\n', " ")));
        }
        Role::Follows(words)
    }

    /// What says whether we act, where that is a question.
    pub(super) fn leads(&self) -> Option<Leads> {
        self.tenure.as_ref().map(|(_, tenure)| tenure.leads())
    }

    /// Lets the next one begin at once.
    pub(super) fn release(self) {
        if let Some((_, tenure)) = self.tenure {
            tenure.release();
        }
    }
}

/// A name that all who run on the same path of the same repository come to, and nobody else.
fn name_of(session: &Session, trunk: &BranchName) -> Result<String, Failure> {
    let url = session.git()?.remote_url()?;
    let url = url.map_or_else(|| session.root.to_string_lossy().into_owned(), |it| normalise(&it));
    let hash = Sha256::digest(format!("{url}\n{trunk}"));
    let mut name = "towpath-".to_owned();
    for byte in &hash[..5] {
        let _ = write!(name, "{byte:02x}");
    }
    Ok(name)
}
