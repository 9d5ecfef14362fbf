//! Expressions over values that have names.

use serde_json::{Value, json};
use towpath_schema::cel::{Answer, Compile, NoAnswer, Program, Scope, Steps};

fn asked(text: &str, object: &Value) -> Result<Answer, NoAnswer> {
    let program = Program::compile(text, &["object", "variables.x"]).expect(text);
    let mut scope = Scope::default();
    scope.set("object", object);
    program.evaluate(&scope, &mut Steps::default())
}

#[test]
fn values_have_no_schema() {
    let object = json!({
        "metadata": {"name": "a", "namespace": "b", "labels": {"app.kubernetes.io/name": "n"}},
        "spec": {"items": [{"n": 1}, {"n": 2}], "half": 0.5, "none": null},
    });
    for (text, wanted) in [
        ("object.metadata.namespace == 'b'", Ok(Answer::Bool(true))),
        ("object.metadata.labels['app.kubernetes.io/name']", Ok(Answer::Text("n".to_owned()))),
        ("object.spec.items.map(i, i.n).sum() == 3", Ok(Answer::Bool(true))),
        ("object.spec.items.filter(i, i.n > 1)[0].n == 2", Ok(Answer::Bool(true))),
        ("object.spec.half < 1.0", Ok(Answer::Bool(true))),
        ("object.spec.none", Ok(Answer::Null)),
        ("object.spec.items", Ok(Answer::Other)),
        ("has(object.spec.none)", Ok(Answer::Bool(true))),
        ("has(object.spec.none.below)", Ok(Answer::Bool(false))),
        ("object.spec.none.below", Err(NoAnswer::Error("no such key: below".to_owned()))),
        ("object.spec.items.all(i, i.m > 1)", Err(NoAnswer::Error("no such key: m".to_owned()))),
        ("false && object.missing", Ok(Answer::Bool(false))),
        ("object.missing || true", Ok(Answer::Bool(true))),
        ("cel.bind(n, object.metadata.name, n + n)", Ok(Answer::Text("aa".to_owned()))),
        ("1 / 0", Err(NoAnswer::Error("division by zero".to_owned()))),
    ] {
        assert_eq!(asked(text, &object), wanted, "{text}");
    }
}

#[test]
fn what_is_no_expression_says_where() {
    for (text, wanted) in [
        ("object.a ==", "ERROR: <input>:1:12: Syntax error: "),
        (
            "self == 1",
            "ERROR: <input>:1:1: undeclared reference to 'self' (in container '')\n | self == 1\n | ^",
        ),
        (
            "1 ==\n other",
            "ERROR: <input>:2:2: undeclared reference to 'other' (in container '')\n |  other\n | .^",
        ),
        (
            "true && variables.y",
            "ERROR: <input>:1:18: undefined field 'y'\n | true && variables.y\n | .................^",
        ),
        ("authorizer.path('/').check('get').allowed()", "not known here: the function allowed"),
        ("variables == 1", "not known here: variables in this form"),
    ] {
        let error = Program::compile(text, &["object", "variables.x"]).expect_err(text);
        assert!(error.to_string().starts_with(wanted), "{text}: {error}");
        assert_eq!(matches!(error, Compile::Unsupported(_)), wanted.starts_with("not known"));
    }
}

#[test]
fn evaluations_are_bounded() {
    let items: Vec<Value> = (0..2000).map(Value::from).collect();
    let nested = "object.all(a, object.all(b, object.all(c, a + b + c >= 0)))";
    assert_eq!(asked(nested, &json!(items)), Err(NoAnswer::Afford));
    let cheap = Program::compile("object.all(a, a >= 0)", &["object"]).expect("it is one");
    let mut scope = Scope::default();
    scope.set("object", &json!(items));
    let mut steps = Steps::default();
    let answers = (0..10_000).map(|_| cheap.evaluate(&scope, &mut steps));
    assert!(answers.take_while(Result::is_ok).count() < 10_000, "together they are not");
}
