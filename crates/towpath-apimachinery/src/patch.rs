//! What a patch makes of an object: JSON patch, merge patch, strategic merge patch.
//!
//! Functions of values; whether the result is accepted is asked elsewhere. Server-side apply is in
//! [`fields`](crate::fields).
