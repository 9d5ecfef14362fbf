//! What people and clients see of objects in lists: columns, and fields they can select by.

use serde_json::Value;

use super::found::{Finding, Found};
use super::{Effect, Example, Place, Rule, RuleId, Version};

pub(super) const PRINTER_COLUMNS: Rule = Rule {
    id: "crd-printer-columns",
    place: Place::Version,
    title: "`kubectl get` shows other columns",
    why: "No object is rejected. Scripts that cut columns out of the output may read another one.",
    found: Example {
        before: "additionalPrinterColumns: [{name: Size, type: integer, jsonPath: .spec.size}]\n",
        after: "additionalPrinterColumns: [{name: Size, type: string, jsonPath: .spec.size}]\n",
    },
    effect: Effect::Neutral,
    passes: Example { before: "additionalPrinterColumns: []\n", after: "served: true\n" },
};

pub(super) const SELECTABLE_FIELDS: Rule = Rule {
    id: "crd-selectable-fields",
    place: Place::Version,
    title: "Objects can be selected by other fields",
    why: "\
A request with a field selector for a field that is no longer selectable is refused; clients that watch by it stop.",
    found: Example {
        before: "selectableFields: [{jsonPath: .spec.colour}, {jsonPath: .spec.size}]\n",
        after: "selectableFields: [{jsonPath: .spec.size}]\n",
    },
    effect: Effect::Tightening,
    passes: Example {
        before: "selectableFields: [{jsonPath: .spec.colour}, {jsonPath: .spec.size}]\n",
        after: "selectableFields: [{jsonPath: .spec.size}, {jsonPath: .spec.colour}]\n",
    },
};

pub(super) fn compare(old: &Version, new: &Version, found: &mut Found) {
    let list = |version: &Version, field: &str| -> Vec<Value> {
        version.rest.get(field).and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let field = "additionalPrinterColumns";
    let (was, is) = (old.rest.get(field), new.rest.get(field));
    if list(old, field) != list(new, field) {
        let (rule, effect) = (RuleId::PrinterColumns, Effect::Neutral);
        let path = "spec.versions[].additionalPrinterColumns";
        let message = "the columns of lists changed".to_owned();
        found.add(Finding { rule, effect, path, was, is, message });
    }
    let field = "selectableFields";
    let paths = |version: &Version| -> std::collections::BTreeSet<String> {
        let list = list(version, field);
        list.iter().map(|entry| entry.get("jsonPath").unwrap_or(entry).to_string()).collect()
    };
    let (was, is) = (paths(old), paths(new));
    let removed: Vec<&str> = was.difference(&is).map(|path| path.trim_matches('"')).collect();
    let added: Vec<&str> = is.difference(&was).map(|path| path.trim_matches('"')).collect();
    let (effect, message) = match (removed.as_slice(), added.as_slice()) {
        ([], []) => return,
        ([], added) => (Effect::Loosening, format!("selectable: {}", added.join(", "))),
        (removed, []) => {
            (Effect::Tightening, format!("no longer selectable: {}", removed.join(", ")))
        }
        (removed, added) => {
            let (removed, added) = (removed.join(", "), added.join(", "));
            (Effect::Tightening, format!("no longer selectable: {removed}; selectable: {added}"))
        }
    };
    let (was, is) = (old.rest.get(field), new.rest.get(field));
    let (rule, path) = (RuleId::SelectableFields, "spec.versions[].selectableFields");
    found.add(Finding { rule, effect, path, was, is, message });
}
