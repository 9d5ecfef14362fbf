//! Who owns which field: `managedFields`, and server-side apply.
//!
//! Functions of values: what an object was, what it becomes, who writes. Which patch a request carries and whether the
//! result is accepted is asked elsewhere.
