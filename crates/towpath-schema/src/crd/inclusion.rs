//! Whether one pattern matches every text that another one matches.
//!
//! Both run side by side over all texts at once, as automata, until no new pair of states turns up. What takes more
//! states than [`MOST_PAIRS`], or has no automaton in bounded memory, is not proven, and so it is no.

use std::collections::BTreeSet;

use regex_automata::Input;
use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson;

use super::patterns::{MAX_BYTES, MAX_CACHE, MAX_COMPILED, translate};

/// How many pairs of states are looked at. Patterns of names and durations have a few dozen.
const MOST_PAIRS: usize = 2_000;

/// Every text is UTF-8, and what is none is no counterexample.
const ANY_TEXT: &str = r"\A(?s:.)*\z";

/// Whether `wide` matches every text that `narrow` matches; both are patterns of Go.
pub(super) fn matches_all_of(wide: &str, narrow: &str) -> bool {
    if wide.len() > MAX_BYTES || narrow.len() > MAX_BYTES {
        return false;
    }
    proven(&translate(wide), &translate(narrow)).unwrap_or(false)
}

fn proven(wide: &str, narrow: &str) -> Option<bool> {
    let mut texts = Side::of(ANY_TEXT)?;
    let (mut narrow, mut wide) = (Side::of(narrow)?, Side::of(wide)?);
    let start = (texts.start()?, narrow.start()?, wide.start()?);
    let (mut seen, mut open) = (BTreeSet::from([start]), vec![start]);
    while let Some((text, n, w)) = open.pop() {
        if texts.ends(text)? && narrow.ends(n)? && !wide.ends(w)? {
            return Some(false);
        }
        for byte in 0..=u8::MAX {
            let next = (texts.step(text, byte)?, narrow.step(n, byte)?, wide.step(w, byte)?);
            // From here on there is no text, no match of the one, or always one of the other.
            let is_decided = next.0.is_dead() || next.1.is_dead() || next.2 == State::Matched;
            if !is_decided && seen.insert(next) {
                open.push(next);
            }
        }
        if seen.len() > MOST_PAIRS {
            return None;
        }
    }
    Some(true)
}

/// A pattern on its way through a text.
struct Side {
    automaton: DFA,
    cache: Cache,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    /// Something before here matches, so the text does, whatever follows.
    Matched,
    At(LazyStateID),
}

impl State {
    fn is_dead(self) -> bool {
        matches!(self, State::At(id) if id.is_dead())
    }
}

impl Side {
    fn of(pattern: &str) -> Option<Side> {
        // States are compared, so none may be forgotten.
        let config = DFA::config().cache_capacity(MAX_CACHE).minimum_cache_clear_count(Some(0));
        let thompson = thompson::Config::new().nfa_size_limit(Some(MAX_COMPILED));
        let automaton = DFA::builder().configure(config).thompson(thompson).build(pattern).ok()?;
        let cache = automaton.create_cache();
        Some(Side { automaton, cache })
    }

    fn start(&mut self) -> Option<State> {
        let start = self.automaton.start_state_forward(&mut self.cache, &Input::new(""));
        start.ok().map(State::At)
    }

    fn step(&mut self, state: State, byte: u8) -> Option<State> {
        let State::At(id) = state else { return Some(state) };
        if id.is_dead() {
            return Some(state);
        }
        let next = self.automaton.next_state(&mut self.cache, id, byte).ok()?;
        if next.is_quit() {
            return None;
        }
        Some(if next.is_match() { State::Matched } else { State::At(next) })
    }

    /// Whether the pattern matches when the text ends here.
    fn ends(&mut self, state: State) -> Option<bool> {
        let State::At(id) = state else { return Some(true) };
        if id.is_dead() {
            return Some(false);
        }
        self.automaton.next_eoi_state(&mut self.cache, id).ok().map(|end| end.is_match())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;

    #[test]
    fn what_a_wider_pattern_refuses_is_found() {
        for (narrow, wide, expected) in [
            // fluxcd/helm-controller, from 0.25 to 0.26: hours.
            (r"^([0-9]+(\.[0-9]+)?(ms|s|m))+$", r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$", true),
            (r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$", r"^([0-9]+(\.[0-9]+)?(ms|s|m))+$", false),
            // kubernetes-sigs/gateway-api, from 1.1.1 to 1.2.0: a letter that was there twice.
            ("^[a-zSA-Z0-9]([-a-zSA-Z0-9]*[a-z])?$", "^[a-zA-Z0-9]([-a-zA-Z0-9]*[a-z])?$", true),
            // What follows must not have a line end.
            ("^(http|https)://", "^(http|https)://.*$", false),
            ("^(http|https)://.*$", "^(http|https)://", true),
            ("a", "", true),
            ("", "a", false),
            ("^a$", "a|b", true),
            ("^.$", "^[^x]$", false),
            ("^.$", r"^(.|\n)$", true),
            (r"^\d+$", r"^\w+$", true),
            ("^é$", "^[à-ü]$", true),
            ("^a{2,3}$", "^a{1,4}$", true),
            ("^a{2,5}$", "^a{1,4}$", false),
            // Not understood, or too large: not proven.
            ("(", "(", false),
            ("^(a|b)*a(a|b){14}$", "^(a|b)*a(a|b){14}c?$", false),
        ] {
            assert_eq!(matches_all_of(wide, narrow), expected, "{wide} of {narrow}");
        }
    }

    proptest! {
        #[test]
        fn what_is_proven_holds(
            narrow in r"\^?[ab]{0,2}(\(a\|b\)[*+?]|\[ab\]|\.|\(ab\)\{1,2\}){0,2}\$?",
            wide in r"\^?[ab]{0,2}(\(a\|b\)[*+?]|\[ab\]|\.|\(ab\)\{1,2\}){0,2}\$?",
            texts in proptest::collection::vec("[abc\n]{0,5}", 20),
        ) {
            let (one, other) = (Regex::new(&narrow), Regex::new(&wide));
            let (Ok(one), Ok(other)) = (one, other) else { return Ok(()) };
            prop_assert!(matches_all_of(&wide, &wide));
            if matches_all_of(&wide, &narrow) {
                let breaks = texts.iter().find(|text| one.is_match(text) && !other.is_match(text));
                prop_assert_eq!(breaks, None);
            }
        }
    }
}
