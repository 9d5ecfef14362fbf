//! Rules in CEL: what they say of objects, in the words of the API server.

use serde_json::{Value, json};
use towpath_schema::crd::schema::{Fault, Ratchet, Report, Schema};

use crate::{of_field, of_spec, parse, widget, yaml};

fn schema(field: &Value) -> Schema {
    let definition = parse(&of_field(field));
    Schema::of(&definition, &definition.versions[0])
}

fn object(value: &Value) -> Value {
    widget(json!({"field": value}))
}

fn lines(report: &Report) -> Vec<String> {
    let violations = report.violations.iter().map(ToString::to_string);
    let rest = report.not_checked.iter().map(|n| format!("{}? {}", n.path, n.what));
    violations.chain(rest).collect()
}

/// What is said of `spec.field`, whose schema has this rule.
fn said(schema_text: &str, rule: &str, value: &Value) -> Vec<String> {
    let mut field = yaml(schema_text);
    field["x-kubernetes-validations"] = json!([{"rule": rule}]);
    lines(&schema(&field).validate(&object(value)))
}

/// Whether a rule over literals holds.
#[track_caller]
fn holds(rule: &str) {
    assert_eq!(said("{type: string}", rule, &json!("")), [""; 0], "{rule}");
}

#[track_caller]
fn fails(rule: &str, words: &str) {
    let said = said("{type: string}", rule, &json!(""));
    let expected =
        format!("spec.field: Invalid value: \"string\": {words} evaluating rule: {rule}");
    assert_eq!(said, [expected]);
}

#[test]
fn the_language_is_the_language() {
    for rule in [
        "1 + 2 * 3 == 7 && 7 / 2 == 3 && -7 % 3 == -1 && 0x1F == 31",
        "2 > 1.5 && 1.5 < 2.0 && 1.0 == 1.0",
        "[1, 2] != [2, 1] && {'a': 1} == {'a': 1}",
        "'é'.size() == 1 && size('a') == 1 && size([1, 2]) == 2 && {1: 2}.size() == 1",
        "'a' + 'b' == \"ab\" && b'ab' != b'a' && r'\\d' == '\\\\d' && '\\u00e9' == 'é'",
        "true || 1 / 0 == 1",
        "1 / 0 == 1 || true",
        "!(1 / 0 == 1 && false)",
        "[1, 2, 2].exists_one(x, x == 1) && ![1, 1].existsOne(x, x == 1)",
        "[1, 2, 3].filter(x, x > 1) == [2, 3] && [1, 2].map(x, x * 2) == [2, 4]",
        "[1, 2, 3].map(x, x > 1, x + 1) == [3, 4]",
        "{'a': 1, 'b': 2}.all(k, k in ['a', 'b']) && 'a' in {'a': 1} && !(3 in [1, 2])",
        "has({'a': 1}.a) && !has({'a': 1}.b)",
        "(1 < 2 ? 'yes' : 'no') == 'yes' && (false ? 1 : true ? 2 : 3) == 2",
        "int('12') == 12 && int(1.5) == 1",
        "double('1.5') == 1.5 && string(15) == '15'",
        "!false && -1 < 0 && -9223372036854775808 < 0",
        "// a comment\n true",
        "[1, [2, 3]][1][0] == 2 && {'a': {'b': 1}}.a.b == 1 && {'a': 1}['a'] == 1",
        "optional.of(1).hasValue() && !optional.none().hasValue() && optional.none().orValue(3) == 3",
        "1 == 1.0 && [1] == [1.0] && 1.0 in [1, 2] && 2 in {2: 'a'} && 1 != 1.5 && dyn(1) == 1.0",
        "[1, 2.0].all(x, x in [1.0, 2]) && {'a': 1} == {'a': 1.0} && !('1' == dyn(1))",
        "-size('ab') == -2 && -(1.5) < 0.0",
        "type(1) == int && type('a') == string && type(dyn(1.5)) != int && type([]) == list && type(null) == null_type",
        "{'a': 1}.?a.orValue(2) == 1 && {'a': 1}.?b.orValue(2) == 2 && !{'a': 1}[?'b'].hasValue()",
        "{'a': {'b': 1}}.?a.b.orValue(0) == 1 && {'a': {'b': 1}}.?x.b.orValue(0) == 0 && [1][?3].orValue(7) == 7",
        "[?optional.of(1), ?optional.none(), 2] == [1, 2] && {?'a': optional.none()} == {}",
        "{'a': 1}.?a.optMap(v, v + 1).orValue(0) == 2 && !optional.none().optMap(v, v + 1).hasValue()",
        "optional.of({'a': 1}).optFlatMap(v, v.?a).value() == 1 && cel.bind(x, 2, x * x) == 4",
        "[1, 2].all(i, v, v > i) && [5, 6].exists(i, v, i == 1 && v == 6) && {'a': 1}.all(k, v, k == 'a' && v == 1)",
        "[1, 2].transformList(i, v, i + v) == [1, 3] && [1, 2].transformList(i, v, i > 0, v) == [2]",
        "[1, 2].existsOne(i, v, i == v - 1 && v == 2)",
    ] {
        holds(rule);
    }
}

#[test]
fn functions_do_what_kubernetes_says() {
    for rule in [
        "'hello'.contains('ell') && 'hello'.startsWith('he') && 'hello'.endsWith('lo')",
        "'tacocat'.charAt(3) == 'o' && 'tacocat'.indexOf('ac', 3) == -1 && 'tacocat'.lastIndexOf('a') == 5",
        "'TacoCat'.lowerAscii() == 'tacocat' && 'héllo'.upperAscii() == 'HéLLO'",
        "'hello hello'.replace('he', 'we', 1) == 'wello hello'",
        "'a,b,c'.split(',') == ['a', 'b', 'c'] && 'a,b,c'.split(',', 2) == ['a', 'b,c']",
        "'tacocat'.substring(4) == 'cat' && 'tacocat'.substring(0, 4) == 'taco' && ' a '.trim() == 'a'",
        "['a', 'b'].join('-') == 'a-b' && ['a', 'b'].join() == 'ab'",
        "'abc 123'.matches('[0-9]+$') && !'١'.matches('\\\\d')",
        "'%s has %d of 100%%'.format(['a', 3]) == 'a has 3 of 100%'",
        "[1, 2, 2].isSorted() && [3, 1].min() == 1 && ['b', 'a'].max() == 'b'",
        "[1, 2, 2].indexOf(2) == 1 && [1, 2, 2].lastIndexOf(2) == 2",
        "[1, 2, 1].distinct() == [1, 2] && [1, 2, 3].slice(1, 2) == [2] && [1].slice(1, 1) == []",
        "sets.contains([1, 2], [2]) && sets.equivalent([1, 2, 1], [2, 1]) && sets.intersects([1], [1, 2]) && !sets.intersects([], [1])",
        "isIP('::1') && !isIP('010.0.0.1') && ip('10.0.0.1').family() == 4 && ip('127.0.0.1').isLoopback()",
        "ip.isCanonical('2001:db8::abcd') && !ip.isCanonical('2001:DB8::ABCD') && ip('8.8.8.8').isGlobalUnicast()",
        "isCIDR('10.0.0.0/8') && !isCIDR('10.0.0.0/33') && cidr('10.0.0.0/8').containsIP('10.9.8.7')",
        "cidr('10.0.0.0/8').containsCIDR(cidr('10.1.0.0/16')) && cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8')",
        "cidr('10.0.0.0/8').prefixLength() == 8 && cidr('10.0.0.1/8').ip() == ip('10.0.0.1')",
        "isURL('https://example.com:80/a?b=c') && !isURL('../relative') && isURL('/absolute/path')",
        "url('https://u@example.com:80/a?b=c').getHost() == 'example.com:80' && url('https://[::1]:80/').getHostname() == '::1'",
        "url('https://example.com:80/').getPort() == '80' && url('oci://a/b').getScheme() == 'oci' && url('https://a/b%20c').getEscapedPath() == '/b%20c'",
        "!isURL('https://a:b/') && !isURL('') && !isURL('http://a b/') && isURL('mailto:a@b')",
        "'abc 123'.find('[0-9]+') == '123' && 'abc'.find('[0-9]+') == '' && '1 2 3'.findAll('[0-9]') == ['1', '2', '3']",
        "'1 2 3'.findAll('[0-9]', 2) == ['1', '2'] && '1'.findAll('[0-9]', 0) == [] && '1 2'.findAll('[0-9]', -1).size() == 2",
        "[1, 2, 3].sum() == 6 && [1.5, 2.5].sum() == 4.0 && [].sum() == 0 && [1, 2].reverse() == [2, 1] && [2, 1].sort() == [1, 2]",
        "quantity('1.5Gi') == quantity('1536Mi') && quantity('500m').isLessThan(quantity('1')) && quantity('1k').asInteger() == 1000",
        "quantity('1').add(quantity('2')).compareTo(quantity('3')) == 0 && quantity('5').sub(2).isGreaterThan(quantity('2'))",
        "isQuantity('1Gi') && !isQuantity('1 Gi') && quantity('-1').sign() == -1 && !quantity('1.5').isInteger() && quantity('2').isInteger()",
        "quantity('1500m').asApproximateFloat() == 1.5",
        "duration('1500ms').getMilliseconds() == 1500 && duration('100h').getSeconds() == 360000 && duration('876000h').getMilliseconds() == 3153600000000",
        "timestamp('2024-02-29T12:30:15.5Z').getMilliseconds() == 500",
        "duration('1h30m') == duration('90m') && duration('2h').getMinutes() == 120",
        "timestamp('2024-02-29T12:30:15.5Z').getFullYear() == 2024 && timestamp('2024-02-29T12:30:15Z').getMonth() == 1",
        "timestamp('2024-02-29T12:30:15Z').getDate() == 29 && timestamp('2024-02-29T00:00:00Z').getDayOfWeek() == 4",
        "timestamp('2024-03-01T00:30:00+01:00').getDate() == 29 && timestamp('2024-02-29T23:30:00Z').getHours() == 23",
        "timestamp('2024-01-01T00:00:00Z') + duration('24h') == timestamp('2024-01-02T00:00:00Z')",
        "timestamp('2024-01-02T00:00:00Z') - timestamp('2024-01-01T00:00:00Z') == duration('24h')",
    ] {
        holds(rule);
    }
}

#[test]
fn errors_are_told_in_the_words_of_the_language() {
    fails("1 / 0 == 1", "division by zero");
    fails("1 % 0 == 1", "modulus by zero");
    fails("9223372036854775807 + 1 > 0", "integer overflow");
    fails("-(-9223372036854775807 - 1) > 0", "integer overflow");
    fails("[9223372036854775807, 1].sum() == 0", "integer overflow");
    fails("{'a': 1}.b == 1", "no such key: b");
    fails("[1][3] == 1", "index out of bounds: 3");
}

#[test]
fn a_rule_that_fails_says_so_in_its_words() {
    let cases: [(&str, Value, &str); 9] = [
        (
            "{type: object, properties: {lo: {type: integer}, hi: {type: integer}}, x-kubernetes-validations: [{rule: '!has(self.lo) || !has(self.hi) || self.lo <= self.hi', message: ' lo must not exceed hi '}]}",
            json!({"lo": 5, "hi": 2}),
            "spec.field: Invalid value: lo must not exceed hi",
        ),
        (
            "{type: integer, x-kubernetes-validations: [{rule: self < 5}]}",
            json!(7),
            "spec.field: Invalid value: 7: failed rule: self < 5",
        ),
        (
            "{type: string, x-kubernetes-validations: [{rule: self != 'no', reason: FieldValueForbidden, message: never}]}",
            json!("no"),
            "spec.field: Forbidden: never",
        ),
        (
            "{type: object, properties: {a: {type: string}}, x-kubernetes-validations: [{rule: has(self.a), reason: FieldValueRequired, fieldPath: .a, message: needed}]}",
            json!({}),
            "spec.field.a: Required value: needed",
        ),
        (
            "{type: object, properties: {m: {type: object, additionalProperties: {type: string}}}, x-kubernetes-validations: [{rule: '!has(self.m)', fieldPath: \".m['a.b']\", message: none}]}",
            json!({"m": {"a.b": "x"}}),
            "spec.field.m[a.b]: Invalid value: none",
        ),
        (
            "{type: integer, x-kubernetes-validations: [{rule: self < 5, message: plain, messageExpression: \"'%d is not below 5'.format([self])\"}]}",
            json!(7),
            "spec.field: Invalid value: 7: 7 is not below 5",
        ),
        (
            "{type: integer, x-kubernetes-validations: [{rule: self < 5, message: plain, messageExpression: \"string(1 / (self - 7))\"}]}",
            json!(7),
            "spec.field: Invalid value: 7: plain",
        ),
        (
            "{type: array, items: {type: object, properties: {id: {type: integer, x-kubernetes-validations: [{rule: self > 0, message: positive}]}}}}",
            json!([{"id": 1}, {"id": 0}]),
            "spec.field[1].id: Invalid value: 0: positive",
        ),
        (
            "{type: object, additionalProperties: {type: string, x-kubernetes-validations: [{rule: self.size() > 0, message: filled}]}}",
            json!({"a": ""}),
            "spec.field[a]: Invalid value: \"\": filled",
        ),
    ];
    for (schema_text, value, expected) in cases {
        let report = schema(&yaml(schema_text)).validate(&object(&value));
        assert_eq!(lines(&report), [expected]);
        assert_eq!(report.violations[0].fault, Fault::Rule);
    }
}

#[test]
fn values_are_typed_by_their_schema() {
    let cases = [
        ("{type: number}", "self == 1.0", json!(1)),
        ("{type: integer}", "self == 1", json!(1.0)),
        ("{x-kubernetes-int-or-string: true}", "self == 3", json!(3)),
        ("{x-kubernetes-int-or-string: true}", "self == '80%'", json!("80%")),
        (
            "{type: string, format: date-time}",
            "self > timestamp('2020-01-01T00:00:00Z')",
            json!("2024-01-01T00:00:00Z"),
        ),
        ("{type: string, format: date}", "self.getFullYear() == 2024", json!("2024-05-01")),
        ("{type: string, format: duration}", "self <= duration('1h')", json!("5m")),
        ("{type: string, format: byte}", "self == b'hello' && size(self) == 5", json!("aGVsbG8=")),
        (
            "{type: object, properties: {namespace: {type: string}, my-field: {type: string}, a.b: {type: string}, a__b: {type: string}, in: {type: integer}}}",
            "self.__namespace__ == 'n' && self.my__dash__field == 'm' && self.a__dot__b == 'd' && self.a__underscores__b == 'u' && self.__in__ == 1",
            json!({"namespace": "n", "my-field": "m", "a.b": "d", "a__b": "u", "in": 1}),
        ),
        (
            "{type: object, additionalProperties: {type: string}}",
            "self['my-key'] == 'v' && self.all(k, k.startsWith('my')) && 'my-key' in self",
            json!({"my-key": "v"}),
        ),
        (
            "{type: object, properties: {a: {type: string, nullable: true}}}",
            "has(self.a) && self.a == null",
            json!({"a": null}),
        ),
        ("{type: object, properties: {a: {type: string, default: x}}}", "self.a == 'x'", json!({})),
        (
            "{type: object, x-kubernetes-embedded-resource: true, x-kubernetes-preserve-unknown-fields: true}",
            "self.apiVersion == 'v1' && self.kind == 'Pod' && self.metadata.name.startsWith('a')",
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "abc"}, "spec": {}}),
        ),
    ];
    for (schema_text, rule, value) in cases {
        assert_eq!(said(schema_text, rule, &value), [""; 0], "{rule}");
    }
}

#[test]
fn the_object_itself_has_rules() {
    let root = yaml(
        "{type: object, properties: {spec: {type: object, properties: {field: {type: string}}}}, x-kubernetes-validations: [{rule: self.metadata.name == self.spec.field, message: named alike}]}",
    );
    let definition = parse(&crate::of_version(&json!({"schema": {"openAPIV3Schema": root}})));
    let schema = Schema::of(&definition, &definition.versions[0]);
    assert_eq!(lines(&schema.validate(&object(&json!("w")))), [""; 0]);
    let report = schema.validate(&object(&json!("x")));
    assert_eq!(lines(&report), ["Invalid value: named alike"]);
    assert_eq!(report.violations[0].ratchet, Ratchet::Never);
}

#[test]
fn transitions_look_at_the_old_value() {
    let update = |schema_text: &str, old: Value, new: Value| {
        lines(&schema(&yaml(schema_text)).validate_update(&object(&new), &object(&old)))
    };
    let immutable = "{type: string, x-kubernetes-validations: [{rule: self == oldSelf, message: it is immutable}]}";
    assert_eq!(update(immutable, json!("a"), json!("a")), [""; 0]);
    let changed = ["spec.field: Invalid value: \"b\": it is immutable"];
    assert_eq!(update(immutable, json!("a"), json!("b")), changed);
    // On creation, and where nothing was, it is passed over.
    assert_eq!(lines(&schema(&yaml(immutable)).validate(&object(&json!("b")))), [""; 0]);
    assert_eq!(update(immutable, json!(null), json!("b")), [""; 0]);

    let optional = "{type: string, x-kubernetes-validations: [{rule: 'oldSelf.hasValue() ? oldSelf.value() == self : self == \"a\"', optionalOldSelf: true, message: begins with a}]}";
    assert_eq!(update(optional, json!("b"), json!("b")), [""; 0]);
    assert_eq!(update(optional, json!(null), json!("a")), [""; 0]);
    let refused = ["spec.field: Invalid value: \"b\": begins with a"];
    assert_eq!(lines(&schema(&yaml(optional)).validate(&object(&json!("b")))), refused);

    let list = |kind: &str| {
        format!(
            "{{type: array, {kind}, items: {{type: object, required: [id], properties: {{id: {{type: string}}, v: {{type: integer, x-kubernetes-validations: [{{rule: self >= oldSelf, message: grows}}]}}}}}}}}"
        )
    };
    let (old, new) = (
        json!([{"id": "a", "v": 3}, {"id": "b", "v": 1}]),
        json!([{"id": "b", "v": 2}, {"id": "a", "v": 2}]),
    );
    let map = list("x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [id]");
    assert_eq!(
        update(&map, old.clone(), new.clone()),
        ["spec.field[1].v: Invalid value: 2: grows"]
    );
    assert_eq!(update(&list("x-kubernetes-list-type: atomic"), old, new), [""; 0]);
}

#[test]
fn rules_are_ratcheted_unless_they_look_back() {
    let ratchet = |schema_text: &str, value: &Value, old: &Value| {
        let report = schema(&yaml(schema_text)).validate_update(&object(value), &object(old));
        report.violations.into_iter().map(|v| v.ratchet).collect::<Vec<_>>()
    };
    let plain = "{type: integer, x-kubernetes-validations: [{rule: self < 5}]}";
    assert_eq!(ratchet(plain, &json!(7), &json!(7)), [Ratchet::While("spec.field".to_owned())]);
    let back = "{type: integer, x-kubernetes-validations: [{rule: self < oldSelf}]}";
    assert_eq!(ratchet(back, &json!(7), &json!(7)), [Ratchet::Never]);
    let item =
        "{type: array, items: {type: integer, x-kubernetes-validations: [{rule: self < 5}]}}";
    assert_eq!(ratchet(item, &json!([7]), &json!([7])), [Ratchet::While("spec.field".to_owned())]);
}

#[test]
fn what_is_not_known_is_told() {
    let cases = [
        ("self.foo(1)", "not known here: the function foo"),
        ("variable == 1", "not known here: undeclared reference to 'variable'"),
        ("self.matches('(?=a)')", "not known here: pattern (?=a)"),
        ("self.matches(self)", "not known here: a pattern that is not written out"),
        ("!!true", "not known here: a sign twice"),
        ("! // a comment\n // and one more\n !true", "not known here: a sign twice"),
        ("quantity(self) == quantity('1')", "not certain here: a function has no value for this"),
        ("quantity('0.1n').sign() == 1", "not certain here: a function has no value for this"),
        ("quantity('1000m').isInteger()", "not certain here: a function has no value for this"),
        ("[1, 'a'].sum() == 0", "not certain here: a function has no value for this"),
        ("has(optional.of({'a': 1}).a)", "not known here: a field of an optional value"),
        (
            "cel.bind(x, optional.of(1), x.hasValue())",
            "not known here: an optional value with a name",
        ),
        ("'a'.find(self) == 'a'", "not known here: a pattern that is not written out"),
        ("1u == 1", "not known here: unsigned numbers"),
        ("self.split('') == []", "not known here: split with what is not written out, or is empty"),
        ("'%.99f'.format([1.0]) == ''", "not known here: format with other verbs than %s and %d"),
        (
            "timestamp('2024-01-01T00:00:00Z').getHours('Europe/Rome') == 1",
            "not known here: the function getHours",
        ),
        ("self < 1", "not certain here: the types do not fit"),
        ("[0, 1].exists(x, 1 / x == 1)", "not certain here: an error inside of a loop"),
        ("![0, 1].all(x, 1 / x == 2)", "not certain here: an error inside of a loop"),
        ("[1].slice(1, 2) == []", "not certain here: a function has no value for this"),
        (
            "string(duration('90m')) == '5400s'",
            "not certain here: a function has no value for this",
        ),
        ("b''.contains(b'')", "not certain here: the types do not fit"),
        ("self", "not certain here: it says neither yes nor no"),
        ("'a", "it is not understood: a string that does not end"),
        ("'\\q((((' == self", "it is not understood: an unknown escape"),
        ("(self == 1", "it is not understood: a bracket that is not closed"),
    ];
    for (rule, why) in cases {
        let told = said("{type: string}", rule, &json!("a"));
        assert_eq!(told, [format!("spec.field? rule in CEL: {rule}: {why}")]);
    }
    for rule in ["self +", "self == 1 1", "'''it's''' == self"] {
        let told = said("{type: string}", rule, &json!("a"));
        let start = format!("spec.field? rule in CEL: {rule}: it is not understood: ");
        assert!(matches!(told.as_slice(), [one] if one.starts_with(&start)), "{told:?}");
    }
}

#[test]
fn what_the_library_answers_otherwise_is_told() {
    let cases = [
        (
            "{type: array, x-kubernetes-list-type: set, items: {type: string}}",
            "self == ['b', 'a']",
            json!(["a", "b"]),
            "it compares lists whose order does not count",
        ),
        (
            "{type: object, properties: {a: {type: object, nullable: true, properties: {b: {type: string}}}}}",
            "has(self.a.b)",
            json!({"a": null}),
            "it reads below a value that may be null",
        ),
        (
            "{type: object, additionalProperties: {type: string}}",
            "self.map(k, k) == ['a', 'b']",
            json!({"a": "", "b": ""}),
            "it goes through a map, which has no order",
        ),
    ];
    for (schema_text, rule, value, why) in cases {
        let told = said(schema_text, rule, &value);
        assert_eq!(told, [format!("spec.field? rule in CEL: {rule}: not certain here: {why}")]);
    }
}

#[test]
fn an_object_that_is_unfit_is_not_asked() {
    let definition = parse(&of_spec(&yaml(
        "{type: object, required: [a], properties: {a: {type: integer}}, x-kubernetes-validations: [{rule: self.a > 1}]}",
    )));
    let schema = Schema::of(&definition, &definition.versions[0]);
    assert_eq!(
        lines(&schema.validate(&widget(json!({})))),
        [
            "spec.a: Required value",
            "? some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
        ]
    );
}

#[test]
fn rules_below_all_of_count() {
    let text = "{type: object, properties: {a: {type: integer}}, allOf: [{properties: {a: {x-kubernetes-validations: [{rule: self > 1, message: more}]}}}]}";
    let report = schema(&yaml(text)).validate(&object(&json!({"a": 1})));
    assert_eq!(lines(&report), ["spec.field.a: Invalid value: 1: more"]);
    assert_eq!(report.violations[0].ratchet, Ratchet::While("spec.field".to_owned()));
}
