//! A request as values: where it goes, what it asks for, and in which form it wants the answer.
//!
//! Nothing is decided here. What cannot be read is a [`Refusal`] in the server's words.

mod address;
mod negotiate;
mod options;

use jiff::Timestamp;

use crate::access::Credentials;

pub use address::{Address, Below, address};
pub use negotiate::{Body, Encoding, Form, View, form, object_of, patch_of};
pub use options::{DryRun, Options, Propagation, Validation};

/// A request, as it came in.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// What to do.
    pub method: Method,
    /// The path, as it was sent.
    pub path: &'a str,
    /// What follows the question mark, as it was sent.
    pub query: &'a str,
    /// The header `Content-Type`, empty if there is none.
    pub content_type: &'a str,
    /// The header `Accept`, empty if there is none.
    pub accept: &'a str,
    /// The header `User-Agent`, empty if there is none.
    pub agent: &'a str,
    /// What shows who asks.
    pub credentials: Credentials<'a>,
    /// What was sent.
    pub body: &'a [u8],
    /// When.
    pub now: Timestamp,
    /// Bits that no other request has: uids and generated names are made of them.
    pub entropy: u128,
}

/// What a request does, as HTTP says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "named after the methods of HTTP")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}
