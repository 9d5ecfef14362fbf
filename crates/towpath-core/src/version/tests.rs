//! Tables of versions and ranges, and the laws that hold for all of them.

use std::cmp::Ordering;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use proptest::prelude::*;

use super::*;

fn version(text: &str) -> Version {
    Version::parse_loose(text).expect("the tables hold versions")
}

fn range(text: &str) -> Range {
    Range::parse(text).expect("the tables hold ranges")
}

#[test]
fn tags_need_two_dots() {
    let accepted = [
        ("0.0.7", "0.0.7"),
        ("v1.4.2", "1.4.2"),
        ("01.002.0003", "1.2.3"),
        ("1.2.3-rc.1+build.5", "1.2.3-rc.1+build.5"),
        ("1.2-beta.5", "1.2.0-beta.5"),
        ("18446744073709551615.0.0", "18446744073709551615.0.0"),
    ];
    for (text, normalized) in accepted {
        let read = Version::parse(text).expect(text);
        assert_eq!((read.original(), read.normalized().as_str()), (text, normalized));
        assert_eq!(read.to_string(), text);
    }
    use VersionErrorKind::*;
    let refused = [
        ("", MissingParts),
        ("latest", MissingParts),
        ("1.2", MissingParts),
        ("v1", MissingParts),
        ("1.2.3.4", TooManyParts),
        ("1.2.beta", BadNumber),
        ("1..3", BadNumber),
        ("1.2.+3", BadNumber),
        ("+1.2.3", BadNumber),
        ("vv1.2.3", BadNumber),
        ("V1.2.3", BadNumber),
        (" 1.2.3", BadNumber),
        ("1.2.3\n", BadNumber),
        ("18446744073709551616.0.0", BadNumber),
        ("1.2.3-", BadPrerelease),
        ("1.2.3-beta.01", BadPrerelease),
        ("1.2.3-a..b", BadPrerelease),
        ("1.2.3-a_b", BadPrerelease),
        ("1.2.3+", BadBuild),
        ("1.2.3+a+b", BadBuild),
        ("1.2.3+é", BadBuild),
    ];
    for (text, kind) in refused {
        assert_eq!(Version::parse(text), Err(VersionError::new(text, kind)), "{text:?}");
    }
}

#[test]
fn loose_versions_may_lack_parts() {
    for (text, normalized) in [
        ("1", "1.0.0"),
        ("v1.2", "1.2.0"),
        ("1-5", "1.0.0-5"),
        ("20240131-night", "20240131.0.0-night"),
    ] {
        assert_eq!(version(text).normalized(), normalized);
    }
}

#[test]
fn precedence_is_the_specification_s() {
    let ascending = [
        "0.0.9",
        "0.0.10",
        "1.0.0-1",
        "1.0.0-9",
        "1.0.0-10",
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0",
        "1.0.1",
        "1.1.0",
        "2.0.0",
    ];
    for pair in ascending.windows(2) {
        assert_eq!(version(pair[0]).cmp_precedence(&version(pair[1])), Ordering::Less, "{pair:?}");
        assert!(version(pair[0]) < version(pair[1]), "{pair:?}");
    }
}

#[test]
fn spelling_and_build_break_ties_only() {
    let spellings = ["1.2.3", "v1.2.3", "1.2.03", "1.2.3+a", "1.2.3+b"];
    for (left, right) in spellings.iter().flat_map(|l| spellings.iter().map(move |r| (l, r))) {
        assert_eq!(version(left).cmp_precedence(&version(right)), Ordering::Equal);
        assert_eq!(version(left) == version(right), left == right);
    }
    assert!(version("1.2.3") < version("1.2.3+a"));
    assert!(version("1.2.3+a") < version("1.2.3+b"));
    assert!(version("v1.2.3+b") < version("1.2.4"));
}

#[test]
fn ranges_admit_what_flux_admits() {
    let table: &[(&str, &[&str], &[&str])] = &[
        ("*", &["0.0.0", "7.8.9"], &["1.0.0-rc.1"]),
        ("", &["0.0.0", "7.8.9"], &["1.0.0-rc.1"]),
        ("*-0", &["1.0.0", "1.0.0-rc.1"], &[]),
        (" 0.0.x ", &["0.0.0", "0.0.8"], &["0.1.0", "1.0.0", "0.0.8-rc.1"]),
        ("3.4", &["3.4.0", "3.4.77"], &["3.5.0", "3.3.9"]),
        ("=3", &["3.0.0", "3.9.9"], &["2.9.9", "4.0.0"]),
        ("v3.4.5", &["3.4.5", "v3.4.5", "3.4.5+linux"], &["3.4.6"]),
        ("3.X.9", &["3.0.0", "3.9.0"], &["4.0.0"]),
        ("x.4.5", &["1.0.0", "9.9.9"], &[]),
        ("!=3.x", &["2.9.9", "4.0.0"], &["3.0.0", "3.4.5"]),
        ("!=3.4", &["3.5.0", "2.4.0"], &["3.4.0", "3.4.9"]),
        ("!=3.4.5", &["3.4.6"], &["3.4.5", "3.4.5+linux", "3.4.6-rc.1"]),
        (">11", &["12.0.0"], &["11.0.0", "11.9.9"]),
        (">11.1", &["11.2.0", "12.0.0"], &["11.1.0", "11.1.9"]),
        (">11.1.1", &["11.1.2"], &["11.1.1"]),
        (">*", &["0.0.1", "1.0.0"], &["0.0.0"]),
        ("<3", &["2.9.9"], &["3.0.0"]),
        ("<3.x", &["2.9.9"], &["3.0.0"]),
        ("<=3", &["3.9.9"], &["4.0.0"]),
        ("=<3.4", &["3.4.9", "2.9.9"], &["3.5.0"]),
        ("<=3.4.5", &["3.4.5"], &["3.4.6"]),
        (">=3.4", &["3.4.0"], &["3.3.9"]),
        ("=>3.4", &["3.4.0"], &["3.3.9"]),
        ("~3.4.5", &["3.4.5", "3.4.9"], &["3.4.4", "3.5.0"]),
        ("~>3.4", &["3.4.0"], &["3.5.0"]),
        ("~3", &["3.9.0"], &["4.0.0"]),
        ("~0.0.0", &["0.0.0", "9.9.9"], &[]),
        ("~0.0", &["0.0.5"], &["0.1.0"]),
        ("^3.4.5", &["3.4.5", "3.9.0"], &["3.4.4", "4.0.0"]),
        ("^0.3.4", &["0.3.4", "0.3.9"], &["0.4.0", "0.3.3"]),
        ("^0.0.4", &["0.0.4"], &["0.0.5", "0.0.3"]),
        ("^0.0", &["0.0.0", "0.0.9"], &["0.1.0"]),
        ("^0", &["0.0.0", "0.9.9"], &["1.0.0"]),
        ("^*", &["0.0.0"], &["0.0.1", "1.0.0"]),
        ("1.1 - 2", &["1.1.0", "2.9.9"], &["1.0.9", "3.0.0"]),
        ("1 - 2, !=1.5.0", &["1.4.0", "2.0.0"], &["1.5.0"]),
        ("1 - 2 !=1.5.0", &["1.4.0"], &["1.5.0"]),
        ("1 - 2<1.5", &["1.4.0"], &["1.5.0"]),
        (">=1.2,<2", &["1.2.0"], &["2.0.0"]),
        (">= 1.2 , < 2 || 4.x", &["1.2.0", "4.1.0"], &["2.0.0", "3.0.0"]),
        (">=1.0.0-0", &["1.0.0-alpha", "1.2.0-rc.1", "2.0.0"], &["0.9.0"]),
        (">=1.0.0-0 <2", &["1.2.0-rc.1", "2.0.0-rc.1"], &["2.0.0"]),
        (">=1.0.0-0 <2 || 3", &["1.2.0-rc.1"], &["3.0.0-rc.1"]),
        ("1.x-0+linux", &["1.2.0-rc.1"], &["2.0.0"]),
    ];
    for (text, admitted, refused) in table {
        for v in *admitted {
            assert!(range(text).matches(&version(v)), "{text:?} admits {v}");
        }
        for v in *refused {
            assert!(!range(text).matches(&version(v)), "{text:?} does not admit {v}");
        }
    }
}

#[test]
fn prereleases_can_be_asked_for_from_outside() {
    for text in ["*", "0.0.x", ">=0.0.1", "^0.0.8-0"] {
        assert!(range(text).matches_with(&version("0.0.8-rc.1"), true), "{text}");
    }
}

#[test]
fn what_flux_refuses_is_refused() {
    use RangeErrorKind::*;
    let s = str::to_owned;
    let table = [
        ("||", EmptyAlternative),
        ("1 || ", EmptyAlternative),
        ("foo", ExpectedVersion(s("foo"))),
        (">", ExpectedVersion(s(">"))),
        ("> >1", ExpectedVersion(s("> >1"))),
        (">=1,", ExpectedVersion(s(""))),
        (",1", ExpectedVersion(s(",1"))),
        (">=1 , , <2", ExpectedVersion(s(", <2"))),
        ("1.2.3.4", ExpectedSeparator(s(".4"))),
        ("1.2.3<2", ExpectedSeparator(s("<2"))),
        ("1.2.3~ 1", ExpectedSeparator(s("~ 1"))),
        ("1 -2", ExpectedVersion(s("-2"))),
        (">1 - 2", ExpectedVersion(s("- 2"))),
        (">=1 2 - 3", ExpectedSeparator(s("2 - 3"))),
        ("1 - 2.3.4.5", ExpectedVersion(s(".5"))),
        ("1.0.0-", ExpectedSeparator(s("-"))),
        ("1.0.0-01", BadVersion(s("1.0.0-01"))),
        ("12x", BadVersion(s("12x"))),
        ("1|2", BadVersion(s("1|2"))),
        ("99999999999999999999", BadVersion(s("99999999999999999999"))),
        ("1\u{a0}2", ExpectedSeparator(s("\u{a0}2"))),
    ];
    for (text, kind) in table {
        assert_eq!(Range::parse(text).map_err(|error| error.kind), Err(kind), "{text:?}");
    }
}

#[test]
fn the_highest_admitted_version_wins_in_any_order() {
    let tags = ["0.0.10", "0.0.9", "v0.0.10", "0.1.0", "0.0.11-rc.1", "0.0.10+a"].map(version);
    let picked = range("0.0.x").highest(&tags);
    assert_eq!(picked.map(Version::original), Some("0.0.10+a"));
    assert_eq!(range("0.0.x").highest(tags.iter().rev()), picked);
    assert_eq!(range("9.x").highest(&tags), None);
}

#[test]
fn exact_ranges_are_pins() {
    for (text, exact) in [
        ("1.2.3", true),
        ("= v1.2.3-rc.1", true),
        ("1.2", false),
        ("1.2.x", false),
        (">=1.2.3", false),
        ("1.2.3 || 1.2.4", false),
        ("1.2.3, 1.2.3", false),
        ("", false),
    ] {
        assert_eq!(range(text).is_exact(), exact, "{text:?}");
    }
}

#[test]
fn ranges_that_take_a_further_major_are_known_by_its_first_version() {
    for (text, further) in [
        ("1.x", None),
        ("0.0.x", None),
        ("^1.2", None),
        ("^0.2.3", None),
        ("~2", None),
        ("1.2.3", None),
        ("=1.2.3", None),
        (">=1.2.0 <2.0.0", None),
        (">=1.2.0 <2", None),
        ("<1", None),
        (">1 <3", None),
        ("1.2 - 1.9", None),
        ("!=1.x, ^1.2", None),
        (">=3.0.0-0 <=3.0.0-rc.1", None),
        ("", Some("1.0.0")),
        ("*", Some("1.0.0")),
        (">0.0.0-0", Some("1.0.0-0")),
        ("~0.0.0", Some("1.0.0")),
        (">5.0.0", Some("6.0.0")),
        (">5", Some("7.0.0")),
        (">=1.2", Some("2.0.0")),
        (">1.0.0 <3", Some("2.0.0")),
        ("<2.0.0", Some("1.0.0")),
        ("1.2 - 2", Some("2.0.0")),
        ("1.x || 3.x", Some("3.0.0")),
        ("1.x || >=3.4 <4", Some("3.4.0")),
        ("!=1.x", Some("2.0.0")),
        (">=1.0.0-0 <2.0.0", Some("2.0.0-0")),
        (">=1.0.0-0 <2.0.0-0", None),
        (">1.2.3-rc.1 <1.2.3", None),
    ] {
        let found = range(text).further_major();
        assert_eq!(found.as_ref().map(Version::original), further, "{text:?}");
    }
}

#[test]
fn errors_say_what_was_read() {
    let error = Range::parse(" >= bar ").expect_err("`bar` is no version");
    assert_eq!(
        error.to_string(),
        "`>= bar` is not a version range: expected a version at `>= bar`"
    );
    let error = Version::parse("1.2").expect_err("a part is missing");
    assert_eq!(
        error.to_string(),
        "`1.2` is not a version: it does not have the three parts major.minor.patch"
    );
}

fn any_version() -> impl Strategy<Value = Version> {
    let number = prop_oneof![0..4_u64, any::<u64>()];
    let tail = prop_oneof![
        4 => Just(String::new()),
        1 => "-(0|[1-9][0-9]{0,2}|[a-c-]{1,2})(\\.(0|[1-9]|[a-c]))?",
        1 => "[+][a-c0-9]{1,2}",
    ];
    ("v?", number.clone(), number.clone(), number, tail).prop_map(
        |(v, major, minor, patch, tail)| version(&format!("{v}{major}.{minor}.{patch}{tail}")),
    )
}

fn hash(version: &Version) -> u64 {
    let mut hasher = DefaultHasher::new();
    version.hash(&mut hasher);
    hasher.finish()
}

proptest! {
    #[test]
    fn the_order_is_total_and_agrees_with_equality(
        a in any_version(),
        b in any_version(),
        c in any_version(),
    ) {
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        prop_assert_eq!(a.cmp(&b) == Ordering::Equal, a == b);
        prop_assert!(a != b || hash(&a) == hash(&b));
        let mut sorted = [&a, &b, &c];
        sorted.sort();
        prop_assert!(sorted[0] <= sorted[1] && sorted[1] <= sorted[2] && sorted[0] <= sorted[2]);
        prop_assert!(a.cmp_precedence(&b) == Ordering::Equal || a.cmp_precedence(&b) == a.cmp(&b));
    }

    #[test]
    fn a_version_is_read_back(v in any_version()) {
        prop_assert_eq!(&Version::parse(v.original()).expect("it was read before"), &v);
        let normalized = Version::parse(&v.normalized()).expect("the normal form is a version");
        prop_assert_eq!(normalized.cmp_precedence(&v), Ordering::Equal);
    }

    #[test]
    fn an_exact_range_admits_its_version_alone(v in any_version(), other in any_version()) {
        let exact = range(v.original());
        prop_assert!(exact.is_exact());
        prop_assert!(exact.matches(&v));
        prop_assert_eq!(exact.matches(&other), v.cmp_precedence(&other) == Ordering::Equal);
    }

    #[test]
    fn comparators_split_the_line(v in any_version(), other in any_version()) {
        let admits = |op: &str| range(&format!("{op}{v}")).matches_with(&other, true);
        prop_assert_ne!(admits(">"), admits("<="));
        prop_assert_ne!(admits("<"), admits(">="));
        prop_assert_ne!(admits("="), admits("!="));
        prop_assert!(admits(">=") || !(admits("~") || admits("^")));
    }

    #[test]
    fn alternatives_unite_and_commas_intersect(
        a in "(\\^|~|>=|<|!=)[0-3](\\.[0-3x]){0,2}",
        b in "(\\^|~|>=|<|!=)[0-3](\\.[0-3x]){0,2}",
        v in any_version(),
    ) {
        let (left, right) = (range(&a).matches(&v), range(&b).matches(&v));
        let either = range(&format!("{a} || {b}"));
        let both = range(&format!("{a}, {b}"));
        prop_assert_eq!(either.matches(&v), left || right);
        prop_assert_eq!(both.matches(&v), left && right);
    }

    #[test]
    fn two_majors_in_a_range_are_never_missed(
        text in "(\\^|~|>=|<=|<|>|!=|)[0-3](\\.[0-3x]){0,2}((, | \\|\\| )(\\^|~|>=|<|!=)[0-3](\\.[0-3]){2}(-rc\\.1)?)?",
        a in any_version(),
        b in any_version(),
    ) {
        let range = range(&text);
        let further = range.further_major();
        if let Some(further) = &further {
            prop_assert!(range.matches(further));
        }
        if range.matches(&a) && range.matches(&b) && a.major() != b.major() {
            prop_assert!(further.is_some_and(|further| further.major() <= a.major().max(b.major())));
        }
    }

    #[test]
    fn reading_never_panics(
        text in prop_oneof![any::<String>(), "[0-9xX*|.,v^~<>=! +a-cé-]{0,24}"],
        v in any_version(),
    ) {
        if let Ok(range) = Range::parse(&text) {
            range.matches(&v);
            prop_assert_eq!(&Range::parse(&range.to_string()).expect("it was read before"), &range);
        }
        if let Ok(version) = Version::parse_loose(&text) {
            prop_assert_eq!(version.original(), text);
        }
    }
}
