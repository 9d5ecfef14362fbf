//! Fields in their lines, underlined as people see them.

use towpath_core::finding::{Finding, Severity};
use towpath_core::id::RepoPath;
use towpath_core::pin::{Location, ObjectRef};

use super::Source;

fn finding(kind: &str, line: u32, field: Option<&str>) -> Finding {
    Finding {
        rule: "moving-tag",
        severity: Severity::Warning,
        environments: Vec::new(),
        object: (!kind.is_empty()).then(|| ObjectRef {
            kind: kind.to_owned(),
            namespace: String::new(),
            name: "web".to_owned(),
        }),
        field: field.map(str::to_owned),
        at: Location { file: RepoPath::parse("a.yaml").expect("a path"), line, column: 1 },
        message: "said".to_owned(),
        fix: "mend".to_owned(),
    }
}

/// `line:column-end text`, where the text is what is underlined.
fn shown(source: &[u8], finding: Finding) -> String {
    let placed = Source::new(source).place(finding);
    let at = &placed.finding.at;
    let Some(mark) = placed.mark else { return format!("{}:{}", at.line, at.column) };
    let text = match mark.excerpt {
        Some(it) => it.text.chars().skip(it.before).take(it.marked).collect(),
        None => "hidden".to_owned(),
    };
    format!("{}:{}-{} {text}", at.line, at.column, mark.end_column)
}

const DEPLOYMENT: &str = "\
# the web
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels:
    app.kubernetes.io/name: web # its name
    app: other
spec:
  selector:
    matchLabels:
      app: web
  flow: {a: {b: c}, list: [1, 2]}
  template:
    spec:
      containers:
      - name: first
        image: \"web:latest\"
      - image: side
        name: second
        args: |
          one
          two
---
kind: Service
spec: {ports: [{port: 80}]}
";

#[test]
fn a_field_is_found_as_far_as_it_is_there() {
    for (field, place) in [
        ("apiVersion", "2:13-20 apps/v1"),
        ("metadata.name", "5:9-12 web"),
        ("metadata.labels[app.kubernetes.io/name]", "7:29-32 web"),
        ("metadata.labels[\"app.kubernetes.io/name\"]", "7:29-32 web"),
        ("metadata.labels['app']", "8:10-15 other"),
        ("metadata.labels.app.kubernetes.io/name", "7:29-32 web"),
        ("spec.selector.matchLabels", "11:5-16 matchLabels"),
        ("spec.selector.matchLabels.tier", "11:5-16 matchLabels"),
        ("spec.flow.a", "13:13-19 {b: c}"),
        ("spec.flow.list[1]", "13:31-32 2"),
        ("spec.template.spec.containers[0].image", "18:16-28 \"web:latest\""),
        ("spec.template.spec.containers.1.image", "19:16-20 side"),
        ("spec.template.spec.containers[name=second].image", "19:16-20 side"),
        ("spec.template.spec.containers[1].args", "21:9-13 args"),
        ("spec.template.spec.containers[1]", "19:9-20 image: side"),
        ("spec.template.spec.containers[0].resources.limits", "17:9-20 name: first"),
        ("spec.template.spec.containers[7].image", "16:7-17 containers"),
        ("status.replicas", "2:1-20 apiVersion: apps/v1"),
        ("", "2:1-20 apiVersion: apps/v1"),
        ("spec.[", "9:1-5 spec"),
    ] {
        assert_eq!(
            shown(DEPLOYMENT.as_bytes(), finding("Deployment", 2, Some(field))),
            place,
            "{field}"
        );
    }
    let service = finding("Service", 25, Some("spec.ports[0].port"));
    assert_eq!(shown(DEPLOYMENT.as_bytes(), service), "26:23-25 80");
}

#[test]
fn a_byte_order_mark_moves_nothing() {
    let source = "\u{feff}kind: Ünd\nx: {z: ü}\n";
    assert_eq!(shown(source.as_bytes(), finding("Ünd", 1, Some("kind"))), "1:7-10 Ünd");
    assert_eq!(shown(source.as_bytes(), finding("Ünd", 1, Some("x.z"))), "2:8-9 ü");
    assert_eq!(shown(source.as_bytes(), finding("Ünd", 1, None)), "1:1-10 kind: Ünd");
}

#[test]
fn what_is_not_the_findings_object_is_not_gone_into() {
    let generated = finding("ConfigMap", 2, Some("metadata.name"));
    assert_eq!(shown(DEPLOYMENT.as_bytes(), generated), "2:1-20 apiVersion: apps/v1");
    assert_eq!(shown(DEPLOYMENT.as_bytes(), finding("Deployment", 99, Some("kind"))), "99:1");
}

#[test]
fn a_place_that_a_rule_chose_is_kept_unless_the_field_is_there() {
    let source = b"kind: A\nspec:\n  tag: 1\n";
    let mut chosen = finding("A", 3, Some("spec.semver"));
    chosen.at.column = 8;
    assert_eq!(shown(source, chosen.clone()), "3:8-9 1");
    chosen.field = Some("kind".to_owned());
    assert_eq!(shown(source, chosen), "1:7-8 A");
}

#[test]
fn items_of_lists_are_objects_of_their_own() {
    let source = b"kind: List\nitems:\n- kind: A\n  x: 1\n- kind: B\n  x: 2\n";
    assert_eq!(shown(source, finding("B", 5, Some("x"))), "6:6-7 2");
}

#[test]
fn values_of_secrets_are_never_shown() {
    for (source, kind, line, field) in [
        ("kind: Secret\nstringData:\n  password: hunter2\n", "Secret", 1, "stringData.password"),
        ("{kind: Secret, stringData: {password: hunter2}}\n", "Secret", 1, "kind"),
        ("kind: Secret\ndata: [\n  hunter2\n", "", 3, ""),
        ("secretGenerator:\n- literals: [a=hunter2]\n", "", 2, ""),
        ("kind: List\nitems:\n- kind: Secret\n  data: {a: hunter2}\n", "Secret", 3, "data.a"),
    ] {
        let field = (!field.is_empty()).then_some(field);
        let said = shown(source.as_bytes(), finding(kind, line, field));
        assert!(said.ends_with(" hidden"), "{source}: {said}");
    }
    let mut found = finding("ConfigMap", 1, Some("data.password"));
    found.rule = "clear-text-secret";
    assert!(shown(b"kind: ConfigMap\ndata: {password: x}\n", found).ends_with(" hidden"));
    assert_eq!(
        shown(b"kind: Secret\ndata: {a: b}\n", finding("Secret", 1, Some("kind"))),
        "1:7-13 Secret"
    );
}

#[test]
fn long_lines_and_hostile_characters_are_safe_to_print() {
    let long = format!(
        "{{\"kind\": \"A\", \"pad\": \"{}\", \"x\": 1, \"y\": \"{}\"}}",
        "é".repeat(9_000),
        "z".repeat(9_000)
    );
    let placed = Source::new(long.as_bytes()).place(finding("A", 1, Some("x")));
    let mark = placed.mark.expect("the file is there");
    let excerpt = mark.excerpt.expect("nothing is secret");
    assert_eq!(excerpt.text.chars().nth(excerpt.before), Some('1'));
    assert!(
        excerpt.text.chars().count() < 200
            && excerpt.text.starts_with('…')
            && excerpt.text.ends_with('…')
    );
    let broken = Source::new(b"a: \x1b[31m\tred\n").place(finding("", 1, None));
    let excerpt = broken.mark.and_then(|mark| mark.excerpt).expect("a line");
    assert_eq!(excerpt.text, "a: \u{fffd}[31m red");
}
