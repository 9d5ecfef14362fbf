//! What is refused, where, and how it is shown.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use towpath_yaml::{Error, ErrorKind, Limits, parse, parse_with};

fn fault(source: &[u8]) -> Error {
    match parse(source) {
        Ok(documents) => panic!("{:?} was read: {documents:?}", String::from_utf8_lossy(source)),
        Err(error) => error,
    }
}

#[test]
fn faults_name_their_place() {
    let table: &[(&[u8], &str)] = &[
        (b"a: 1\nb: 2\na: 3\n", "3:1: duplicate key `a`, first on line 1"),
        (b"x:\n  1: a\n  '1': b\n", "3:3: duplicate key `1`, first on line 2"),
        (b"{a: 1, a: 2}", "1:8: duplicate key `a`, first on line 1"),
        (b"a: *x\n", "1:4: unknown anchor `x`"),
        (b"a: &x 1\n---\nb: *x\n", "3:4: unknown anchor `x`"),
        (b"a: &x [*x]\n", "1:8: anchor `x` contains itself"),
        (b"<<: 1\n", "1:5: `<<` takes a mapping or a list of mappings"),
        (b"<<: [{a: 1}, b]\n", "1:14: `<<` takes a mapping or a list of mappings"),
        (b"? [a]\n: b\n", "1:3: a list cannot be a key, only a string, number or bool can"),
        (b"{a: b}: c\n", "1:1: a mapping cannot be a key, only a string, number or bool can"),
        (b"a: &x [b]\n*x : c\n", "2:1: a list cannot be a key, only a string, number or bool can"),
        (b"null: x\n", "1:1: null cannot be a key, only a string, number or bool can"),
        (b": x\n", "1:1: null cannot be a key, only a string, number or bool can"),
        (b"a: !!int x\n", "1:10: `x` is not a !!int"),
        (b"a: !!bool 1\n", "1:11: `1` is not a !!bool"),
        (
            b"a: !!binary aGk=\n",
            "1:13: `!!binary` cannot become JSON, write the base64 text as a plain string",
        ),
        (b"a: b\xff\n", "1:5: not valid UTF-8"),
        (b"\xff\xfea\0", "1:1: UTF-16 is not read, only UTF-8 is"),
        (b"\0\0\xfe\xff", "1:1: UTF-32 is not read, only UTF-8 is"),
        (b"a: b\0\n", "1:5: control character U+0000 is not allowed in YAML"),
        (b"a: \"\x1b[0m\"\n", "1:5: control character U+001B is not allowed in YAML"),
        (
            "a: 1\n\u{feff}---\n".as_bytes(),
            "2:1: a byte order mark may only stand at the very beginning",
        ),
        ("a: \u{80}\n".as_bytes(), "1:4: control character U+0080 is not allowed in YAML"),
        (
            "é: a\u{2028}b\n".as_bytes(),
            "1:5: U+2028 ends a line for some YAML readers and not for others: write it as an escape",
        ),
    ];
    for (source, expected) in table {
        let error = fault(source);
        let found = format!("{}:{}: {error}", error.line(), error.column());
        assert_eq!(found, *expected, "{:?}", String::from_utf8_lossy(source));
    }
}

#[test]
fn tabs_that_indent_are_refused() {
    let table = [
        ("\ta: b", 1, 1),
        ("a:\n\tb: c", 2, 1),
        ("a:\n\tb", 2, 1),
        ("a:\n  \tb: c", 2, 3),
        ("a: b\n\t\nc: d", 2, 1),
        ("a: 'b'\n\t# c", 2, 1),
        ("-\ta", 1, 2),
        ("- \ta: b", 1, 3),
        ("- -\ta", 1, 4),
        ("a: |\n\tb\n", 2, 1),
        ("a: |\n  b\n\tc\n", 3, 1),
        ("a: b\n\tc", 2, 1),
    ];
    for (source, line, column) in table {
        let error = fault(source.as_bytes());
        assert_eq!((error.line(), error.column()), (line, column), "{source:?}: {error}");
    }
}

#[test]
fn grammar_faults_are_refused() {
    let table = [
        "a: b: c",
        "a: [b",
        "a: {b",
        "a: 'b",
        "a: \"b",
        "a: b\n c: d",
        "- a\nb: c",
        "a: @b",
        "a: `b",
        "a: %b",
        "a: ]",
        "a\nb: c",
        "a: \"\\q\"",
        "{a b: c",
        "a: &x &y b",
        "a: !x!y b",
        "a: |9x\n b",
        "a: 'b' c",
        "%YAML 1.2\na: b",
        "a: [b]]",
    ];
    for source in table {
        let error = fault(source.as_bytes());
        let first = error.to_string().chars().next().unwrap();
        assert!(!first.is_uppercase(), "{source:?}: {error}");
    }
}

#[test]
fn a_report_shows_the_line_and_marks_the_column() {
    let source = b"kind: A\nspec:\n  name: x\n  name: y\n";
    let expected =
        "clusters/a.yaml:4:3: duplicate key `name`, first on line 3\n   4 |   name: y\n     |   ^";
    assert_eq!(fault(source).report("clusters/a.yaml", source), expected);
}

#[test]
fn a_report_is_safe_to_print_and_short() {
    let source = b"a: \x1b[31m\xff\n";
    let shown = fault(source).report("a", source);
    assert_eq!(
        shown,
        "a:1:9: not valid UTF-8\n   1 | a: \\u{1b}[31m\u{fffd}\n     |              ^"
    );
    let escape = b"k:\ta\x1b\n";
    let shown = fault(escape).report("a", escape);
    assert!(shown.ends_with("\n   1 | k:\\ta\\u{1b}\n     |      ^"), "{shown}");

    let long = format!("{}: [{}é: *x, {}]\n", "k".repeat(500), "a, ".repeat(500), "b".repeat(500));
    let error = fault(long.as_bytes());
    let shown = error.report("a", long.as_bytes());
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[1].chars().count() < 140, "{shown}");
    let mark = lines[2].chars().position(|c| c == '^').unwrap();
    assert_eq!(lines[1].chars().nth(mark), Some('*'), "{shown}");
}

#[test]
fn limits_hold() {
    let limits = Limits { max_bytes: 100, max_depth: 3, max_nodes: 10, ..Limits::default() };
    let table = [
        ("a".repeat(101), ErrorKind::TooLarge { limit: 100 }),
        ("[[[[a]]]]".to_owned(), ErrorKind::TooDeep { limit: 3 }),
        ("- - - - a".to_owned(), ErrorKind::TooDeep { limit: 3 }),
        ("- &x [[a]]\n- - *x".to_owned(), ErrorKind::TooDeep { limit: 3 }),
        ("[a,b,c,d,e,f,g,h,i,j]".to_owned(), ErrorKind::TooManyNodes { limit: 10 }),
        ("[&x [a,b], *x, *x]".to_owned(), ErrorKind::TooManyNodes { limit: 10 }),
        (format!("[&x {}, *x, *x]", "a".repeat(60)), ErrorKind::TooLarge { limit: 100 }),
    ];
    for (source, expected) in table {
        assert_eq!(
            parse_with(source.as_bytes(), &limits).unwrap_err().kind(),
            &expected,
            "{source}"
        );
    }
    assert!(parse_with(b"[[[a]], &x b, *x, *x]", &limits).is_ok());
}

#[test]
fn exploding_aliases_are_refused() {
    let mut source = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for i in 1..40 {
        let items = vec![format!("*a{}", i - 1); 9].join(", ");
        source.push_str(&format!("a{i}: &a{i} [{items}]\n"));
    }
    assert!(matches!(fault(source.as_bytes()).kind(), ErrorKind::TooManyNodes { .. }));

    let mut source = format!("a: &a {}\nb: [", "x".repeat(1 << 20));
    source.push_str(&"*a, ".repeat(1000));
    source.push(']');
    assert!(matches!(fault(source.as_bytes()).kind(), ErrorKind::TooLarge { .. }));

    // Nested anchors: keeping a copy of each must count as well.
    let source = format!(
        "{}{}{}\n- *a0",
        (0..100).fold(String::from("- "), |s, i| s + &format!("&a{i} [")),
        "x,".repeat(2_000),
        "]".repeat(100)
    );
    let limits = Limits { max_nodes: 100_000, ..Limits::default() };
    let error = parse_with(source.as_bytes(), &limits).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TooManyNodes { .. }), "{error}");
}

#[test]
fn deep_sources_do_not_exhaust_the_stack() {
    for opener in ["[", "{a: ", "- ", "? ", "[{a: "] {
        let error = fault(opener.repeat(100_000).as_bytes());
        assert!(error.line() == 1, "{opener}: {error}");
    }
}
