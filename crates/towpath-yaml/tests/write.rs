//! What `sigs.k8s.io/yaml` prints: each row was asked of Kustomize 5.8.1.

use serde_json::{Value, json};
use towpath_yaml::write;

#[test]
fn strings_get_the_quotes_that_go_yaml_gives_them() {
    let table = [
        ("a", "a"),
        ("a b", "a b"),
        ("", r#""""#),
        ("yes", r#""yes""#),
        ("y", r#""y""#),
        ("~", r#""~""#),
        ("null", r#""null""#),
        ("1e3", r#""1e3""#),
        ("0x1", r#""0x1""#),
        ("0o17", r#""0o17""#),
        ("0o-7", "0o-7"),
        ("0b-1", r#""0b-1""#),
        ("1_000", r#""1_000""#),
        (".5_0", r#"".5_0""#),
        ("._5", "._5"),
        ("1:30", r#""1:30""#),
        ("1:60", "1:60"),
        ("190:20:30.15", r#""190:20:30.15""#),
        ("2026-11-21", r#""2026-11-21""#),
        ("2026-13-40", "2026-13-40"),
        ("1.2.3", "1.2.3"),
        ("0x10000000000000000", "0x10000000000000000"),
        ("=", "="),
        ("<<x", "<<x"),
        (" a", "' a'"),
        ("a ", "'a '"),
        ("a #b", "'a #b'"),
        ("a#b", "a#b"),
        ("a: b", "'a: b'"),
        ("a:b", "a:b"),
        ("a:", "'a:'"),
        ("-", "'-'"),
        ("-a", "-a"),
        ("---", "'---'"),
        ("...a", "'...a'"),
        ("?", "'?'"),
        ("*a", "'*a'"),
        ("!a", "'!a'"),
        ("%", "'%'"),
        ("@", "'@'"),
        ("`", "'`'"),
        ("'", "''''"),
        ("a'b: ", "'a''b: '"),
        ("{a}", "'{a}'"),
        ("a, b", "a, b"),
        ("é", "é"),
        ("\u{a0}", "\u{a0}"),
        ("🚢", r#""\U0001F6A2""#),
        ("a\tb", r#""a\tb""#),
        ("a\u{1b}b", r#""a\eb""#),
        ("\u{feff}a", r#""\uFEFF\x61""#),
        ("\u{2028}", "'\u{2028}'"),
        ("a\n", "|\n  a"),
        ("a\nb", "|-\n  a\n  b"),
        ("a\n\n", "|+\n  a\n"),
        ("\n", "|2+\n"),
        ("\na", "|2-\n\n  a"),
        (" a\nb", "|2-\n   a\n  b"),
        ("a\n\n b", "|-\n  a\n\n   b"),
        ("a \nb", r#""a \nb""#),
        ("x\ty\nz", r#""x\ty\nz""#),
    ];
    for (text, written) in table {
        assert_eq!(write(&json!({"k": text})), format!("k: {written}\n"), "{text:?}");
    }
}

#[test]
fn a_long_line_is_folded_at_a_single_space() {
    let word = "word ".repeat(16);
    let line = word.trim_end();
    let table = [
        (json!({"k": format!("{line} end")}), format!("k: {line}\n  end\n")),
        (json!({"k": format!("{line}  end")}), format!("k: {line}  end\n")),
        (json!({"k": format!("'{line}  e")}), format!("k: '''{line}  e'\n")),
        (json!({"k": format!("'{line} end")}), format!("k: '''{line}\n  end'\n")),
        (json!({"k": format!("\t{line} end")}), format!("k: \"\\t{line}\n  end\"\n")),
        (json!({"k": format!("\t{line}  end")}), format!("k: \"\\t{line}\n  \\ end\"\n")),
        (json!({"a": [{"k": format!("{line} end")}]}), format!("a:\n- k: {line}\n    end\n")),
        (json!({"a": [format!("{line} end")]}), format!("a:\n- {line}\n  end\n")),
        (json!({format!("{line} end"): 1}), format!("{line} end: 1\n")),
    ];
    for (value, written) in table {
        assert_eq!(write(&value), written);
    }
}

#[test]
fn lists_stand_below_their_key_and_within_a_list() {
    let table = [
        (json!({"b": [], "a": {}}), "a: {}\nb: []\n"),
        (
            json!({"a": [1, [2, [3]], {"c": 1, "b": [4]}, null, {}]}),
            "a:\n- 1\n- - 2\n  - - 3\n- b:\n  - 4\n  c: 1\n- null\n- {}\n",
        ),
        (json!([[{"a": {"b": "c\n"}}]]), "- - a:\n      b: |\n        c\n"),
        (json!({"a\nb": [1, [2]], "c": true}), "? |-\n  a\n  b\n: - 1\n  - - 2\nc: true\n"),
        (
            json!({"": {"a\nb": {"c": {"d": 1}, "e": []}}}),
            "\"\":\n  ? |-\n    a\n    b\n  : c:\n      d: 1\n    e: []\n",
        ),
        (json!({"yes": 1, "8080": 2}), "\"8080\": 2\n\"yes\": 1\n"),
        (json!("a\n"), "|\n  a\n"),
        (json!(null), "null\n"),
    ];
    for (value, written) in table {
        assert_eq!(write(&value), written);
    }
    let longest = "k".repeat(128);
    assert_eq!(write(&json!({&longest: {"a": 1}})), format!("{longest}:\n  a: 1\n"));
    assert_eq!(write(&json!({format!("{longest}k"): {"a": 1}})), format!("? {longest}k\n: a: 1\n"));
}

#[test]
fn numbers_are_those_of_go() {
    let table: [(Value, &str); 12] = [
        (json!(1.0), "1"),
        (json!(-0.0), "0"),
        (json!(0.1), "0.1"),
        (json!(0.00001), "1e-05"),
        (json!(1e-7), "1e-07"),
        (json!(123456.5), "123456.5"),
        (json!(123456789.5), "1.234567895e+08"),
        (json!(1e20), "1e+20"),
        (json!(1e21), "1e+21"),
        (json!(u64::MAX), "18446744073709551615"),
        (json!(18446744073709551616.0), "1.8446744073709552e+19"),
        (json!(696809441249137920.0), "696809441249137900"),
    ];
    for (value, written) in table {
        assert_eq!(write(&value), format!("{written}\n"));
    }
}
