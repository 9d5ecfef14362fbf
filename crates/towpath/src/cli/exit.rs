//! Exit codes. There are three.

/// Yes, or done.
pub const YES: u8 = 0;
/// The honest answer is no: a gate is not open, something differs, the ledger is not whole.
pub const NO: u8 = 1;
/// The question could not be answered: bad input, no network, no such thing.
pub const NO_ANSWER: u8 = 2;
