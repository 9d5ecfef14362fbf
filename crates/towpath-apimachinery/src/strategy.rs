//! What built-in kinds do with an object that is written: fields that are filled in, fields that a writer may not
//! touch, changes that are refused.
