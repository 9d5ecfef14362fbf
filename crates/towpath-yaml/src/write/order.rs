//! The order of keys: letters by code point behind everything else, digits as numbers.

use serde_json::Value;
use std::cmp::Ordering;

/// A key and its value.
pub(super) type Pair<'v> = (&'v str, &'v Value);

/// Below this many entries, shifting them one by one is as fast as merging.
const FEW: usize = 12;

/// Puts entries into the natural order of their keys.
///
/// The natural order knows circles (`10`, `1a`, `01`), which the sort of the standard library may
/// answer with a panic, and for which go-yaml prints now this, now that. Starting from the order of
/// bytes makes the outcome depend on the keys alone.
pub(super) fn sort(entries: &mut [Pair<'_>]) {
    if entries.is_sorted_by(|a, b| natural(a.0, b.0).is_lt()) && !may_circle(entries) {
        return;
    }
    entries.sort_unstable_by_key(|entry| entry.0);
    merge_sort(entries, &mut Vec::new());
}

/// Whether two keys start with a digit or hold one: only then can there be a circle.
fn may_circle(entries: &[Pair<'_>]) -> bool {
    let numbered = |entry: &&Pair<'_>| entry.0.bytes().any(|byte| byte.is_ascii_digit());
    entries.iter().filter(numbered).count() > 2
}

fn merge_sort<'v>(entries: &mut [Pair<'v>], scratch: &mut Vec<Pair<'v>>) {
    if entries.len() <= FEW {
        for end in 1..entries.len() {
            let mut at = end;
            while at > 0 && natural(entries[at].0, entries[at - 1].0).is_lt() {
                entries.swap(at, at - 1);
                at -= 1;
            }
        }
        return;
    }
    let middle = entries.len() / 2;
    merge_sort(&mut entries[..middle], scratch);
    merge_sort(&mut entries[middle..], scratch);
    scratch.clear();
    scratch.extend_from_slice(entries);
    let (mut left, mut right) = (0, middle);
    for entry in entries {
        let take_right = left == middle
            || (right < scratch.len() && natural(scratch[right].0, scratch[left].0).is_lt());
        let from = if take_right { &mut right } else { &mut left };
        *entry = scratch[*from];
        *from += 1;
    }
}

/// How go-yaml v2 orders two keys: at the first character that differs, what is no letter comes
/// before a letter, and runs of digits count as numbers.
pub(super) fn natural(a: &str, b: &str) -> Ordering {
    let (left, right) = (a.as_bytes(), b.as_bytes());
    let Some(at) = left.iter().zip(right).position(|(x, y)| x != y) else {
        return left.len().cmp(&right.len());
    };
    let (x, y) = (left[at], right[at]);
    if x.is_ascii_alphabetic() && y.is_ascii_alphabetic() {
        return x.cmp(&y);
    }
    let start = (0..=at).rev().find(|at| a.is_char_boundary(*at)).unwrap_or(0);
    let first = |text: &str| text[start..].chars().next().unwrap_or_default();
    let (x, y) = (first(a), first(b));
    match (x.is_alphabetic(), y.is_alphabetic()) {
        (true, true) => x.cmp(&y),
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => {
            let (m, n) = (run(&left[start..]), run(&right[start..]));
            // A zero inside a number makes it longer, at its start it does not.
            let inside = (x == '0' || y == '0') && inside_number(&left[..start]);
            let head = u64::from(inside);
            let value = |digits: &[u8]| {
                digits.iter().fold(head, |sum, digit| {
                    sum.saturating_mul(10).saturating_add(u64::from(digit - b'0'))
                })
            };
            value(m).cmp(&value(n)).then(m.len().cmp(&n.len())).then(x.cmp(&y))
        }
    }
}

fn run(text: &[u8]) -> &[u8] {
    &text[..text.iter().take_while(|byte| byte.is_ascii_digit()).count()]
}

/// Whether the digits at the end of `before` hold more than zeros.
fn inside_number(before: &[u8]) -> bool {
    before.iter().rev().take_while(|byte| byte.is_ascii_digit()).any(|digit| *digit != b'0')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sorted<'k>(keys: &[&'k str]) -> Vec<&'k str> {
        let mut entries: Vec<Pair<'k>> = keys.iter().map(|key| (*key, &Value::Null)).collect();
        sort(&mut entries);
        entries.into_iter().map(|entry| entry.0).collect()
    }

    #[test]
    fn keys_stand_in_natural_order() {
        let order = [
            "", "-", "--", "-a", ".", "/", "_", "0", "00", "1", "1-", "2", "10", "12", "100", "A",
            "Z", "a", "a-", "a.b", "a0", "a1", "a01", "a2", "a10", "a10b", "a10c", "ab", "b", "é",
            "ü",
        ];
        let mut keys = order;
        for turn in 0..order.len() {
            keys.rotate_left(turn);
            assert_eq!(sorted(&keys), order, "{turn}");
        }
    }

    #[test]
    fn a_circle_ends_somewhere() {
        let circle = ["10", "1a", "01"];
        assert!(circle.windows(2).all(|pair| natural(pair[0], pair[1]).is_lt()));
        assert!(natural(circle[2], circle[0]).is_lt());
        assert_eq!(sorted(&["10", "1a", "01"]), sorted(&["1a", "01", "10"]));
    }

    proptest! {
        #[test]
        fn the_order_depends_on_the_keys_alone(
            mut keys in prop::collection::btree_set("[a0-3.é-]{0,5}", 0..40)
                .prop_map(Vec::from_iter),
        ) {
            let forward = keys.clone();
            keys.reverse();
            let (forward, backward): (Vec<&str>, Vec<&str>) =
                (forward.iter().map(String::as_str).collect(), keys.iter().map(String::as_str).collect());
            prop_assert_eq!(sorted(&forward), sorted(&backward));
        }

        #[test]
        fn of_two_keys_one_comes_first(a in "[a0-3.é-]{0,5}", b in "[a0-3.é-]{0,5}") {
            prop_assert_eq!(natural(&a, &b), natural(&b, &a).reverse());
            prop_assert_eq!(natural(&a, &b) == Ordering::Equal, a == b);
        }
    }
}
