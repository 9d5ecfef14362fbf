//! Expressions in CEL over values that have names, as policies of admission are made of them.
//!
//! A [`Program`] is an expression that was compiled once; a [`Scope`] has the values that it may name; [`Steps`] bound
//! what evaluations may take together. The language, its functions and their limits are those of the rules of custom
//! resources, and so is the code; values have no schema here, and fields no other names than their own.
//!
//! Where to go next: `crd/expression/program.rs`.

pub use crate::crd::expression::program::{
    Answer, Compile, MAX_STEPS, MAX_STEPS_TOGETHER, NoAnswer, Program, Scope, Steps,
};
