//! One value against one place of a schema, in the order and the words of the API server.

use serde_json::Value;

use super::at::At;
use super::formats::Format;
use super::schema::{Check, Entries, Fault, ListType, Logic, Node, Ratchet, Run, Violation};
use super::words;

/// Where a value is, and how much around it must stay the same for an update to be accepted.
#[derive(Clone, Copy)]
struct Scope<'a> {
    at: &'a At<'a>,
    /// The value that is correlated with its old self, where that is not the value itself: items of
    /// atomic lists, for instance, have no old selves.
    whole: Option<&'a At<'a>>,
}

impl Scope<'_> {
    fn ratchet(&self) -> Ratchet {
        let whole = self.whole.unwrap_or(self.at);
        // Every update changes the object itself, if only in its metadata.
        if whole.is_root() { Ratchet::Never } else { Ratchet::While(whole.to_string()) }
    }
}

pub(super) fn validate(root: &Node, object: &Value, run: &mut Run) {
    place(root, object, Scope { at: &At::ROOT, whole: None }, run);
}

fn place(node: &Node, value: &Value, scope: Scope<'_>, run: &mut Run) {
    if !run.spend(1) {
        return;
    }
    types(node, value, scope, run);
    let is_null = value.is_null();
    if let Some(logic) = node.logic.as_ref().filter(|_| !is_null) {
        combined(logic, value, scope, run);
    }
    let checks = |wanted: fn(&Check) -> bool| node.checks.iter().filter(move |c| wanted(c));
    for one in checks(|check| !is_of_objects(check)) {
        check(one, value, scope, run);
    }
    match value {
        Value::Object(_) => {
            for one in checks(is_of_objects) {
                check(one, value, scope, run);
            }
            fields(node, value, scope, run);
        }
        Value::Array(items) => {
            let Some(below) = &node.items else { return };
            let is_map = matches!(node.list, ListType::Map(_));
            for (index, item) in items.iter().enumerate() {
                let at = scope.at.item(index);
                let whole = scope.whole.or_else(|| (!is_map).then_some(scope.at));
                place(below, item, Scope { at: &at, whole }, run);
            }
        }
        _ => {}
    }
}

fn is_of_objects(check: &Check) -> bool {
    matches!(check, Check::MinProperties(_) | Check::MaxProperties(_))
}

fn add(fault: Fault, message: String, scope: Scope<'_>, run: &mut Run) {
    let (path, ratchet) = (scope.at.to_string(), scope.ratchet());
    run.found.push(Violation { path, fault, message, ratchet });
}

fn types(node: &Node, value: &Value, scope: Scope<'_>, run: &mut Run) {
    let found = words::type_of(value);
    let is_whole = value.as_f64().is_some_and(|number| number.fract() == 0.0);
    let accepts = |wanted: &&str| {
        *wanted == found
            || (*wanted == "number" && found == "integer")
            || (*wanted == "integer" && found == "number" && is_whole)
    };
    let is_accepted = node.types.is_empty()
        || (value.is_null() && node.nullable)
        || node.types.iter().any(accepts);
    if !is_accepted {
        let message = words::wrong_type(scope.at, &node.types.join(","), found);
        add(Fault::Type, message, scope, run);
    }
}

fn fields(node: &Node, value: &Value, scope: Scope<'_>, run: &mut Run) {
    let Some(fields) = value.as_object() else { return };
    let whole = scope.whole.or_else(|| node.is_atomic_map.then_some(scope.at));
    for (name, value) in fields {
        let at = scope.at.field(name);
        let below = Scope { at: &at, whole };
        match (node.fields.get(name), &node.entries) {
            (Some(field), _) => place(field, value, below, run),
            (None, Entries::Described(entry)) => place(entry, value, below, run),
            (None, Entries::Refused) => {
                let message = format!("Invalid value: \"\": {at} in body is a forbidden property");
                add(Fault::Forbidden, message, below, run);
            }
            (None, Entries::Unknown | Entries::Anything) => {}
        }
    }
    for name in node.required.iter().filter(|name| !fields.contains_key(*name)) {
        let path = scope.at.field(name).to_string();
        let (fault, message) = (Fault::Required, "Required value".to_owned());
        // What is missing is missing from the object around it.
        run.found.push(Violation { path, fault, message, ratchet: scope.ratchet() });
    }
}

/// What an alternative says.
enum Says {
    Yes,
    No(Vec<Violation>),
    /// Nothing against the value, but not all of it was checked.
    Perhaps,
}

fn ask(node: &Node, value: &Value, scope: Scope<'_>, run: &mut Run) -> Says {
    let skipped = run.skipped();
    let before = std::mem::take(&mut run.found);
    place(node, value, scope, run);
    let found = std::mem::replace(&mut run.found, before);
    match found.is_empty() {
        false => Says::No(found),
        true if run.skipped() > skipped => Says::Perhaps,
        true => Says::Yes,
    }
}

/// What alternatives say.
#[derive(Default)]
struct Answers {
    yes: usize,
    perhaps: usize,
    no: Vec<Vec<Violation>>,
}

fn ask_all(nodes: &[Node], value: &Value, scope: Scope<'_>, run: &mut Run) -> Answers {
    let mut answers = Answers::default();
    for node in nodes {
        match ask(node, value, scope, run) {
            Says::Yes => answers.yes += 1,
            Says::Perhaps => answers.perhaps += 1,
            Says::No(found) => answers.no.push(found),
        }
    }
    answers
}

/// `oneOf`, `anyOf`, `allOf`, `not`. Where not all was checked the value has the benefit of the doubt.
fn combined(logic: &Logic, value: &Value, scope: Scope<'_>, run: &mut Run) {
    // What is below is one with the whole: the alternative that holds may change with any part.
    let inner = Scope { whole: Some(scope.whole.unwrap_or(scope.at)), ..scope };
    let must = |what: String| format!("Invalid value: \"\": \"{}\" must {what}", scope.at);

    let any_of = ask_all(&logic.any_of, value, inner, run);
    if !logic.any_of.is_empty() && any_of.no.len() == logic.any_of.len() {
        let message = must("validate at least one schema (anyOf)".to_owned());
        add(Fault::AnyOf, message, scope, run);
        run.found.extend(best(any_of.no));
    }
    let one_of = ask_all(&logic.one_of, value, inner, run);
    let none = !logic.one_of.is_empty() && one_of.no.len() == logic.one_of.len();
    if none || one_of.yes > 1 {
        let how_many = match one_of.yes {
            0 => "Found none valid".to_owned(),
            valid => format!("Found {valid} valid alternatives"),
        };
        let message = must(format!("validate one and only one schema (oneOf). {how_many}"));
        add(Fault::OneOf, message, scope, run);
    }
    if none {
        run.found.extend(best(one_of.no));
    }
    let all_of = ask_all(&logic.all_of, value, inner, run);
    if !all_of.no.is_empty() {
        let none = if all_of.yes + all_of.perhaps == 0 { ". None validated" } else { "" };
        run.found.extend(all_of.no.into_iter().flatten());
        let message = must(format!("validate all the schemas (allOf){none}"));
        add(Fault::AllOf, message, scope, run);
    }
    if let Some(not) = &logic.not
        && matches!(ask(not, value, inner, run), Says::Yes)
    {
        add(Fault::Not, must("not validate the schema (not)".to_owned()), scope, run);
    }
}

/// The failures of the alternative that came closest.
fn best(failures: Vec<Vec<Violation>>) -> Vec<Violation> {
    failures.into_iter().min_by_key(Vec::len).unwrap_or_default()
}

fn check(check: &Check, value: &Value, scope: Scope<'_>, run: &mut Run) {
    let at = scope.at;
    let invalid = |should: String| words::invalid(value, at, &should);
    let failed = match (check, value) {
        (Check::Enum(listed), value) => {
            if !run.spend(listed.len()) || listed.iter().any(|one| same(one, value)) {
                return;
            }
            Some((Fault::Enum, words::unsupported(value, listed)))
        }
        (Check::MaxLength(most), Value::String(text)) => (length(text) > *most)
            .then(|| (Fault::MaxLength, format!("Too long: may not be more than {most} bytes"))),
        (Check::MinLength(least), Value::String(text)) => (length(text) < *least)
            .then(|| (Fault::MinLength, invalid(format!("should be at least {least} chars long")))),
        (Check::Pattern(pattern, compiled), Value::String(text)) => {
            let Some(compiled) = compiled else {
                run.skip(at.to_string(), format!("pattern {pattern}"));
                return;
            };
            // Matching takes time by the length of the text and the size of the pattern.
            if !run.spend(1 + text.len() / 16) || compiled.is_match(text) {
                return;
            }
            Some((Fault::Pattern, invalid(format!("should match '{pattern}'"))))
        }
        (Check::Format(format, name), Value::String(text)) => (!format.accepts(text))
            .then(|| (Fault::Format, invalid(format!("must be of type {name}: {text:?}")))),
        (Check::Format(format, name), Value::Number(_)) => {
            out_of_range(*format, value).then(|| {
                let kind = if *format == Format::Int32 { "integer" } else { "number" };
                let words =
                    format!("Checked value must be of type {kind} with format {name} in {at}");
                (Fault::Format, format!("Invalid value: \"\": {words}"))
            })
        }
        (Check::MultipleOf(factor), Value::Number(_)) => {
            let number = value.as_f64().unwrap_or_default();
            let holds = *factor > 0.0 && (number / factor).fract().abs() < 1e-9;
            (!holds)
                .then(|| (Fault::MultipleOf, invalid(format!("should be a multiple of {factor}"))))
        }
        (Check::Maximum { bound, exclusive }, Value::Number(_)) => {
            let number = value.as_f64().unwrap_or_default();
            let holds = if *exclusive { number < *bound } else { number <= *bound };
            let or_equal = if *exclusive { "" } else { "or equal to " };
            (!holds).then(|| {
                (Fault::Maximum, invalid(format!("should be less than {or_equal}{bound}")))
            })
        }
        (Check::Minimum { bound, exclusive }, Value::Number(_)) => {
            let number = value.as_f64().unwrap_or_default();
            let holds = if *exclusive { number > *bound } else { number >= *bound };
            let or_equal = if *exclusive { "" } else { "or equal to " };
            (!holds).then(|| {
                (Fault::Minimum, invalid(format!("should be greater than {or_equal}{bound}")))
            })
        }
        (Check::MaxItems(most), Value::Array(items)) => {
            too_many(items.len(), *most).map(|message| (Fault::MaxItems, message))
        }
        (Check::MinItems(least), Value::Array(items)) => ((items.len() as i64) < *least)
            .then(|| (Fault::MinItems, invalid_size(items.len(), at, *least, "items"))),
        (Check::UniqueItems, Value::Array(items)) => {
            let texts: std::collections::BTreeSet<String> =
                items.iter().map(Value::to_string).collect();
            (texts.len() < items.len())
                .then(|| (Fault::Duplicate, invalid("shouldn't contain duplicates".to_owned())))
        }
        (Check::MaxProperties(most), Value::Object(fields)) => {
            too_many(fields.len(), *most).map(|message| (Fault::MaxProperties, message))
        }
        (Check::MinProperties(least), Value::Object(fields)) => ((fields.len() as i64) < *least)
            .then(|| (Fault::MinProperties, invalid_size(fields.len(), at, *least, "properties"))),
        _ => None,
    };
    if let Some((fault, message)) = failed {
        add(fault, message, scope, run);
    }
}

fn length(text: &str) -> i64 {
    text.chars().count() as i64
}

fn too_many(found: usize, most: i64) -> Option<String> {
    (found as i64 > most).then(|| format!("Too many: {found}: must have at most {most} items"))
}

fn invalid_size(found: usize, at: &At<'_>, least: i64, what: &str) -> String {
    words::invalid(&Value::from(found), at, &format!("should have at least {least} {what}"))
}

fn out_of_range(format: Format, value: &Value) -> bool {
    let number = value.as_f64().unwrap_or_default();
    match format {
        Format::Int32 => number < f64::from(i32::MIN) || number > f64::from(i32::MAX),
        Format::Float => number.abs() > f64::from(f32::MAX),
        _ => false,
    }
}

/// Whether a value is one that is listed: 1 and 1.0 are the same.
fn same(listed: &Value, value: &Value) -> bool {
    match (listed, value) {
        (Value::Number(listed), Value::Number(value)) => listed.as_f64() == value.as_f64(),
        _ => listed == value,
    }
}
