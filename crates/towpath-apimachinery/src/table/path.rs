//! The JSONPath of Kubernetes, as far as columns use it: `.status.conditions[?(@.type=="Ready")].status`.
//!
//! Fields, quoted or with escaped dots, indexes from either end, ranges, wildcards, filters by comparison, and descent
//! into everything below. A path that cannot be read finds nothing: definitions are judged elsewhere.
//!
//! Source of the contract: `kubernetes/client-go:util/jsonpath`.

use serde_json::Value;

/// How many values are looked at at most.
const BOUND: usize = 10_000;

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Field(String),
    Wildcard,
    Range(Option<i64>, Option<i64>),
    Index(i64),
    Below,
    Filter(Vec<Step>, &'static str, Option<Value>),
}

/// What lies at a path.
pub(super) fn find<'v>(path: &str, value: &'v Value) -> Vec<&'v Value> {
    let path = path.trim();
    let path = path.strip_prefix('{').and_then(|path| path.strip_suffix('}')).unwrap_or(path);
    let Some(steps) = parse(path.trim_start_matches('$')) else { return Vec::new() };
    walk(&steps, value)
}

fn walk<'v>(steps: &[Step], value: &'v Value) -> Vec<&'v Value> {
    let mut found = vec![value];
    for step in steps {
        found = found.into_iter().flat_map(|value| one(step, value)).take(BOUND).collect();
    }
    found
}

fn one<'v>(step: &Step, value: &'v Value) -> Vec<&'v Value> {
    match (step, value) {
        (Step::Field(name), Value::Object(fields)) => fields.get(name).into_iter().collect(),
        (Step::Wildcard, Value::Array(items)) => items.iter().collect(),
        (Step::Wildcard, Value::Object(fields)) => fields.values().collect(),
        (Step::Index(index), Value::Array(items)) => {
            position(*index, items.len()).and_then(|at| items.get(at)).into_iter().collect()
        }
        (Step::Range(from, to), Value::Array(items)) => {
            let length = items.len();
            let from = from.map_or(Some(0), |from| position(from, length)).unwrap_or(length);
            let to = to.map_or(Some(length), |to| position(to, length)).unwrap_or(0).min(length);
            items.get(from..to).into_iter().flatten().collect()
        }
        (Step::Filter(path, operator, wanted), Value::Array(items)) => {
            items.iter().filter(|item| holds(path, operator, wanted.as_ref(), item)).collect()
        }
        (Step::Below, value) => {
            let mut all = vec![value];
            let mut at = 0;
            while at < all.len() && all.len() < BOUND {
                match all[at] {
                    Value::Array(items) => all.extend(items),
                    Value::Object(fields) => all.extend(fields.values()),
                    _ => {}
                }
                at += 1;
            }
            all
        }
        _ => Vec::new(),
    }
}

fn position(index: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    usize::try_from(if index < 0 { index + length } else { index }).ok()
}

fn holds(path: &[Step], operator: &str, wanted: Option<&Value>, item: &Value) -> bool {
    let found = walk(path, item);
    let Some(wanted) = wanted else { return !found.is_empty() };
    let Some(found) = found.first() else { return false };
    let order = match (found, wanted) {
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Number(a), Value::Number(b)) => {
            a.as_f64().unwrap_or(f64::NAN).partial_cmp(&b.as_f64().unwrap_or(f64::NAN))
        }
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        _ => None,
    };
    match operator {
        "==" => order.is_some_and(|order| order.is_eq()),
        "!=" => !order.is_some_and(|order| order.is_eq()),
        "<" => order.is_some_and(|order| order.is_lt()),
        ">" => order.is_some_and(|order| order.is_gt()),
        "<=" => order.is_some_and(|order| order.is_le()),
        _ => order.is_some_and(|order| order.is_ge()),
    }
}

fn parse(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("..") {
            steps.push(Step::Below);
            rest = after;
            if !rest.starts_with(['[', '*']) {
                rest = field(rest, &mut steps);
            }
        } else if let Some(after) = rest.strip_prefix('.') {
            rest = after;
            if !rest.starts_with('[') {
                rest = field(rest, &mut steps);
            }
        } else if let Some(after) = rest.strip_prefix('[') {
            let end = closing(after)?;
            steps.push(bracket(after[..end].trim())?);
            rest = &after[end + 1..];
        } else {
            rest = field(rest, &mut steps);
        }
    }
    Some(steps)
}

/// Reads the name of a field; a backslash keeps a dot in it.
fn field<'p>(rest: &'p str, steps: &mut Vec<Step>) -> &'p str {
    let mut name = String::new();
    let mut chars = rest.char_indices();
    let mut end = rest.len();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => name.extend(chars.next().map(|(_, c)| c)),
            '.' | '[' => {
                end = at;
                break;
            }
            c => name.push(c),
        }
    }
    match name.as_str() {
        "" => {}
        "*" => steps.push(Step::Wildcard),
        _ => steps.push(Step::Field(name)),
    }
    &rest[end..]
}

/// Where the bracket closes, quotes and inner brackets left aside.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut quote, mut escaped) = (0, None, false);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (_, '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '[' | '(') => depth += 1,
            (None, ')') => depth -= 1,
            (None, ']') if depth == 0 => return Some(at),
            (None, ']') => depth -= 1,
            _ => {}
        }
    }
    None
}

fn bracket(text: &str) -> Option<Step> {
    if text == "*" {
        return Some(Step::Wildcard);
    }
    if let Some(filter) = text.strip_prefix("?(").and_then(|text| text.strip_suffix(')')) {
        return condition(filter.trim());
    }
    if let Some(Value::String(name)) = literal(text) {
        return Some(Step::Field(name));
    }
    let number = |text: &str| text.trim().parse::<i64>().ok();
    match text.split_once(':') {
        Some((from, to)) => Some(Step::Range(number(from), number(to))),
        None => number(text).map(Step::Index),
    }
}

fn condition(text: &str) -> Option<Step> {
    const OPERATORS: [&str; 6] = ["==", "!=", "<=", ">=", "<", ">"];
    let at = |operator: &&'static str| Some((text.find(operator)?, *operator));
    // The operator that comes first, and of those at one place the longest, which is listed first.
    let found = OPERATORS.iter().filter_map(at).min_by_key(|(at, _)| *at);
    let (path, operator, wanted) = match found {
        Some((at, operator)) => {
            let wanted = literal(text[at + operator.len()..].trim())?;
            (text[..at].trim(), operator, Some(wanted))
        }
        None => (text, "==", None),
    };
    Some(Step::Filter(parse(path.trim_start_matches('@'))?, operator, wanted))
}

fn literal(text: &str) -> Option<Value> {
    let quoted = |quote| text.strip_prefix(quote).and_then(|text: &str| text.strip_suffix(quote));
    if let Some(inner) = quoted('"').or_else(|| quoted('\'')) {
        return Some(inner.replace("\\", "").into());
    }
    match text {
        "true" => Some(true.into()),
        "false" => Some(false.into()),
        _ => serde_json::from_str::<Value>(text).ok().filter(Value::is_number),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_find_what_they_say() {
        let object = json!({
            "metadata": {"annotations": {"a.b/c": "dotted"}, "labels": {"x": "y"}},
            "spec": {"list": [{"n": "a", "v": 1}, {"n": "b", "v": 2}], "size": 3, "on": true},
            "status": {"conditions": [
                {"type": "Ready", "status": "True"},
                {"type": "Stalled", "status": "False"},
            ]},
        });
        for (path, expected) in [
            (".spec.size", json!([3])),
            ("{.spec.size}", json!([3])),
            (r".metadata.annotations.a\.b/c", json!(["dotted"])),
            (".metadata.annotations['a.b/c']", json!(["dotted"])),
            (r#".status.conditions[?(@.type=="Ready")].status"#, json!(["True"])),
            (r#".status.conditions[?(@.type == 'Stalled')].status"#, json!(["False"])),
            (r#".status.conditions[?(@.type!="Ready")].type"#, json!(["Stalled"])),
            (".spec.list[*].n", json!(["a", "b"])),
            (".spec.list[0].n", json!(["a"])),
            (".spec.list[-1].n", json!(["b"])),
            (".spec.list[0:1].n", json!(["a"])),
            (".spec.list[?(@.v>1)].n", json!(["b"])),
            ("..n", json!(["a", "b"])),
            (".spec.absent", json!([])),
            (".spec.list[", json!([])),
            ("", json!([object])),
        ] {
            assert_eq!(json!(find(path, &object)), expected, "{path}");
        }
    }
}
