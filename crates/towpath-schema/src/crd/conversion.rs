//! How objects get from one version to another.

use serde_json::Value;

use super::found::{Finding, Found, short};
use super::{Definition, Effect, Example, Place, Rule, RuleId, names};

pub(super) const STRATEGY: Rule = Rule {
    id: "crd-conversion-strategy",
    place: Place::Definition,
    title: "Objects are converted between versions in another way",
    why: "\
Without a webhook only the `apiVersion` changes: fields that the other version has under another name or not at all are lost. With
one, every request for another version than the stored one fails while the webhook does not answer.",
    found: Example {
        before: "\
conversion: {strategy: Webhook}
versions: [{name: v1, served: true, storage: true}, {name: v2, served: true, storage: false}]
",
        after: "\
conversion: {strategy: None}
versions: [{name: v1, served: true, storage: true}, {name: v2, served: true, storage: false}]
",
    },
    effect: Effect::Tightening,
    passes: Example { before: "conversion: {strategy: None}\n", after: "scope: Cluster\n" },
};

pub(super) const WEBHOOK: Rule = Rule {
    id: "crd-conversion-webhook",
    place: Place::Definition,
    title: "Another webhook converts, or it is called in another way",
    why: "\
No object is rejected by this. While the service that is named does not answer, objects cannot be read in any version but
the stored one.",
    found: Example {
        before: "conversion: {strategy: Webhook, webhook: {conversionReviewVersions: [v1]}}\n",
        after: "conversion: {strategy: Webhook, webhook: {conversionReviewVersions: [v1, v1beta1]}}\n",
    },
    effect: Effect::Neutral,
    passes: Example {
        before: "conversion: {strategy: None}\n",
        after: "conversion: {strategy: Webhook}\n",
    },
};

/// Whether a webhook converts.
pub(super) fn converts(definition: &Definition) -> bool {
    strategy(definition) == "Webhook"
}

fn strategy(definition: &Definition) -> &str {
    let strategy = definition.spec.get("conversion").and_then(|c| c.get("strategy"));
    strategy.and_then(Value::as_str).unwrap_or("None")
}

pub(super) fn compare(old: &Definition, new: &Definition, found: &mut Found) {
    let (was, is) = (strategy(old), strategy(new));
    if was != is {
        // One version has nothing to be converted to.
        let effect = if was == "Webhook" && new.versions.len() > 1 {
            Effect::Tightening
        } else {
            Effect::Neutral
        };
        let message = format!("objects were converted by {was} and are by {is}");
        let path = "spec.conversion.strategy";
        let (was, is) = (Value::from(was), Value::from(is));
        let (was, is) = (Some(&was), Some(&is));
        found.add(Finding { rule: RuleId::ConversionStrategy, effect, path, was, is, message });
    }
    let field = |definition: &'_ Definition, name: &str| {
        definition.spec.get("conversion").and_then(|conversion| conversion.get(name)).cloned()
    };
    let (was, is) = (field(old, "webhook"), field(new, "webhook"));
    if was != is && converts(old) && converts(new) {
        let text = |value: &Option<Value>| value.as_ref().map_or("none".to_owned(), short);
        let message = format!("the webhook was {} and is {}", text(&was), text(&is));
        let (rule, effect, path) =
            (RuleId::ConversionWebhook, Effect::Neutral, "spec.conversion.webhook");
        let (was, is) = (was.as_ref(), is.as_ref());
        found.add(Finding { rule, effect, path, was, is, message });
    }
    let fields = |definition: &Definition| {
        let conversion = definition.spec.get("conversion").and_then(Value::as_object);
        conversion.map(|fields| fields.keys().cloned().collect::<Vec<_>>()).unwrap_or_default()
    };
    let mut others = [fields(old), fields(new)].concat();
    others.retain(|name| name != "strategy" && name != "webhook");
    others.sort();
    others.dedup();
    for name in others {
        let (was, is) = (field(old, &name), field(new, &name));
        names::unknown(&format!("spec.conversion.{name}"), was.as_ref(), is.as_ref(), found);
    }
}
