//! What clusters report of themselves, read into core's words: which revision runs, how healthy, since when.
//!
//! Pure: objects and pins in, [`towpath_core::running`] out. A status of another generation or revision never counts, an
//! object that nobody could read makes nothing healthy, and every time is the cluster's own, so that a restart of ours
//! changes nothing. [`objects`] is what is known of a cluster, [`flux`] and [`kstatus`] read single objects, [`report`]
//! joins them. Must not reach a cluster: that is [`crate::ports::clusters`].

pub mod flux;
pub mod kstatus;
pub mod objects;
mod report;

pub use report::{observe_clusters, report};
