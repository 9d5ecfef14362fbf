//! Cases of the grammar, and what holds for any text. The recorded table runs in `cargo xtask conformance`.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn of(pairs: &[(&str, &str)]) -> Variables {
    Variables::of(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
}

#[test]
fn references_and_their_operators() {
    let variables = of(&[
        ("v", "abcABCabc"),
        ("p", "/one/two.three.four"),
        ("e", ""),
        ("n", "3"),
        ("u", "äöü"),
    ]);
    let table = [
        ("none", "none"),
        ("$v ${v}", "$v abcABCabc"),
        ("$$v $${v} $$$${v} $", "$v ${v} $${v} $"),
        ("${#v}${#u}", "96"),
        ("${v^}${v^^}", "AbcABCabcABCABCABC"),
        ("${v,}${v,,}${v,^}", "abcABCabcabcabcabcabcABCabc"),
        ("${u^}", "Äöü"),
        ("${v:3}|${v:3:2}|${v:-x}|${v: -3}", "ABCabc|AB|abcABCabc|abcABCabc"),
        (
            "${v:${n}}|${v:-3:2}|${v:99}|${v:99:1}|${v:x}|${v:1:x}",
            "ABCabc|abcABCabc|||abcABCabc|abcABCabc",
        ),
        (
            "${p#*/}|${p##*/}|${p%.*}|${p%%.*}",
            "one/two.three.four|two.three.four|/one/two.three|/one/two",
        ),
        (
            "${p#[}|${p#/???}|${p#\\/}|${p#/[a-o]*/}",
            "/one/two.three.four|/two.three.four|one/two.three.four|two.three.four",
        ),
        ("${v/abc/X}|${v//abc/X}|${v/#abc/X}|${v/%abc/X}", "XABCabc|XABCX|XABCabc|abcABCX"),
        ("${v/abc/}|${v//abc/}|${v/#abc/}|${v/abc/${n}}", "ABCabc|ABC|abcABCabc|3ABCabc"),
        ("${p//\\//-}|${p/\\/one/}", "-one-two.three.four|/two.three.four"),
        ("${e:-d}${e:=d}${e=d}${e:?d}${e:+d}", "ddddd"),
        ("${v:+d}", "abcABCabc"),
        ("${x:-a${n}b}|${x:=${y:-${n}}}|${x:-}|${x:=a$b}", "a3b|3||a$b"),
    ];
    for (text, expected) in table {
        let expanded = expand(text, &variables, Strictness::Strict).map(|expanded| expanded.text);
        assert_eq!(expanded.as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn what_cannot_be_followed() {
    let variables = of(&[("v", "äbc")]);
    let table = [
        ("${", "no variable name in `${`"),
        ("${}", "no variable name in `${}`"),
        ("${-v}", "no variable name in `${-v}`"),
        ("${bad-name}", "missing closing brace in `${bad-name}`"),
        ("${v", "missing closing brace in `${v`"),
        ("${v:}", "`${v:}` lacks the word of its operator or the closing brace"),
        ("${v:=x", "`${v:=x` lacks the word of its operator or the closing brace"),
        ("${v::3}", "`${v::3}` lacks the word of its operator or the closing brace"),
        ("${v#}", "`${v#}` lacks the word of its operator or the closing brace"),
        ("${v/a}", "bad substitution in `${v/a}`"),
        ("${#}", "bad substitution in `${#}`"),
        ("${v^^^}", "bad substitution in `${v^^^}`"),
        ("${v:é}", "bad substitution in `${v:é}`"),
        ("${v:1}", "`${v:1}` takes a part that does not exist"),
        ("${v:2:-1}", "`${v:2:-1}` takes a part that does not exist"),
        ("${x}", "variable `x` is not set"),
        ("${x^}", "variable `x` is not set"),
        ("${y:-${x}}", "variable `x` is not set"),
    ];
    for (text, expected) in table {
        let error = expand(text, &variables, Strictness::Strict).map_err(|error| error.to_string());
        assert_eq!(error, Err(expected.to_owned()), "{text}");
    }
    let deep = "${x:-".repeat(1000) + &"}".repeat(1000);
    assert_eq!(expand(&deep, &variables, Strictness::Strict), Err(GrammarError::TooDeep));
    let lenient = expand("a${x}b${x^^}c", &variables, Strictness::Lenient);
    assert_eq!(lenient.map(|expanded| expanded.text).as_deref(), Ok("abc"));
}

#[test]
fn an_unknown_value_leaves_its_reference() {
    let mut variables = of(&[("v", "abc"), ("e", "")]);
    variables.open();
    let expanded =
        expand("${v}-${x^^}-${e:-a${y}}-${v/${z}/b}-${w:-d}", &variables, Strictness::Strict)
            .expect("the grammar is right");
    assert_eq!(expanded.text, "abc-${x^^}-a${y}-${v/${z}/b}-${w:-d}");
    assert_eq!(Vec::from_iter(expanded.unknown), ["w", "x", "y", "z"]);
}

#[test]
fn an_object_is_substituted_as_yaml() {
    let mut variables = of(&[("port", "80"), ("flag", "yes"), ("text", "a\nb"), ("key", "k")]);
    let object = json!({
        "kind": "A", "port": "${port}", "flag": "${flag}", "text": "${text}", "${key}": [1, "yes", "$x"],
    });
    let (value, unknown) = variables
        .substitute(&object, Strictness::Strict)
        .expect("the references are right")
        .expect("there are some");
    let expected =
        json!({"k": [1, "yes", "$x"], "flag": true, "kind": "A", "port": 80, "text": "ab"});
    assert_eq!(value, expected);
    assert!(unknown.is_empty());

    let switch = |map: &str| json!({"a": "${nothing}", "metadata": {map: {SWITCH: "disabled"}}});
    for object in [switch("labels"), switch("annotations"), json!({"a": "no reference"})] {
        assert_eq!(variables.substitute(&object, Strictness::Strict), Ok(None));
    }
    let none = Variables::default();
    assert_eq!(none.substitute(&json!({"a": "${x}"}), Strictness::Strict), Ok(None));
    variables.set("list".to_owned(), "[1, 2");
    let broken = variables.substitute(&json!({"a": "${list}"}), Strictness::Strict);
    assert!(matches!(broken, Err(SubstituteError::Yaml(_))), "{broken:?}");
}

#[test]
fn names_are_checked() {
    for (name, good) in
        [("a_1", true), ("_", true), ("1a", false), ("a-b", false), ("", false), ("ä", false)]
    {
        assert_eq!(of(&[(name, "x")]).check().is_ok(), good, "{name}");
    }
}

proptest! {
    #[test]
    fn without_references_nothing_changes(text in "[^$]{0,40}", strict in any::<bool>()) {
        let strictness = if strict { Strictness::Strict } else { Strictness::Lenient };
        let expanded = expand(&text, &of(&[("a", "b")]), strictness).map(|expanded| expanded.text);
        prop_assert_eq!(expanded, Ok(text));
    }

    #[test]
    fn any_text_is_substituted_or_refused(text in "[a${}:=#%/*?\\[\\]\\\\^,ä1 -]{0,24}") {
        let mut variables = of(&[("a", "ab/c*ä"), ("aa", "")]);
        let closed = expand(&text, &variables, Strictness::Lenient);
        variables.open();
        if let (Ok(closed), Ok(open)) = (closed, expand(&text, &variables, Strictness::Lenient)) {
            prop_assert!(!open.unknown.is_empty() || open == closed);
        }
    }
}
