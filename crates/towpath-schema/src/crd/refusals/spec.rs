//! The definition as a whole: its name, its group, its names, its versions beside each other, how they are converted.

use serde_json::{Value, json};

use super::read::{Fields, flag, get, items, object, text, texts};
use super::{Found, schema, version};
use crate::builtin::text::Form;

/// The annotation without which no definition of the community's groups is taken.
const APPROVED: &str = "api-approved.kubernetes.io";

/// The versions of conversion reviews that a server sends.
const REVIEWS: [&str; 2] = ["v1", "v1beta1"];

pub(super) fn definition(definition: &Fields, old: Option<&Value>, found: &mut Found) {
    let none = Fields::new();
    let spec = object(definition, "spec").unwrap_or(&none);
    name(definition, spec, found);
    of_spec(spec, found);
    if let Some(old) = old {
        unchanged(spec, old, found);
    }
    stored(spec, old, found);
    approval(definition, spec, old, found);
    if flag(spec, "preserveUnknownFields") {
        found.invalid(
            "spec.preserveUnknownFields",
            &Value::Bool(true),
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead",
        );
    }
}

/// What a text of a form is refused for, all in one.
pub(super) fn faults(form: Form, value: &str) -> Option<String> {
    let mut faults: Vec<String> = Vec::new();
    form.faults(value, u8::MAX, &mut |why| faults.push(why.to_owned()));
    (!faults.is_empty()).then(|| faults.join(","))
}

fn name(definition: &Fields, spec: &Fields, found: &mut Found) {
    let none = Fields::new();
    let metadata = object(definition, "metadata").unwrap_or(&none);
    let at = "metadata.name";
    let name = text(metadata, "name");
    if name.is_empty() {
        if text(metadata, "generateName").is_empty() {
            found.required(at, "name or generateName is required");
        }
        return;
    }
    Form::Subdomain.faults(name, u8::MAX, &mut |why| found.invalid_text(at, name, why));
    let plural = text(object(spec, "names").unwrap_or(&none), "plural");
    if name != format!("{plural}.{}", text(spec, "group")) {
        found.invalid_text(at, name, "must be spec.names.plural+\".\"+spec.group");
    }
}

fn of_spec(spec: &Fields, found: &mut Found) {
    let group = text(spec, "group");
    if group.is_empty() {
        found.required("spec.group", "");
    } else if let Some(why) = faults(Form::Subdomain, group) {
        found.invalid_text("spec.group", group, &why);
    } else if !group.contains('.') {
        found.invalid_text("spec.group", group, "should be a domain with at least one dot");
    }
    one_of("spec.scope", text(spec, "scope"), &["Cluster", "Namespaced"], found);

    let versions: Vec<&Fields> =
        items(spec, "versions").iter().filter_map(Value::as_object).collect();
    for (index, version) in versions.iter().enumerate() {
        if version::openapi(version).is_none() {
            found.required(&format!("spec.versions[{index}].schema.openAPIV3Schema"), "");
        }
    }
    let has_defaults =
        versions.iter().filter_map(|version| version::openapi(version)).any(schema::has_default);
    if has_defaults && flag(spec, "preserveUnknownFields") {
        let why = "must be false in order to use defaults in the schema";
        found.invalid("spec.preserveUnknownFields", &Value::Bool(true), why);
    }
    let shared = version::Shared::of(&versions);
    for (index, one) in versions.iter().enumerate() {
        let at = format!("spec.versions[{index}]");
        let name = text(one, "name");
        if let Some(why) = faults(Form::Label1035, name) {
            found.invalid_text(&format!("{at}.name"), name, &why);
        }
        version::version(one, &shared, &at, found);
    }
    storage(get(spec, "versions").is_some(), &versions, &shared, found);
    names(spec, found);
    if let Some(first) = versions.first() {
        version::shared(first, &shared, found);
    }
    conversion(spec, found);
}

fn one_of(at: &str, value: &str, accepted: &[&str], found: &mut Found) {
    if value.is_empty() {
        found.required(at, "");
    } else if !accepted.contains(&value) {
        found.unsupported(at, value, accepted);
    }
}

/// Each name once, and one version for storage.
fn storage(is_there: bool, versions: &[&Fields], shared: &version::Shared, found: &mut Found) {
    let shown = || Value::Array(versions.iter().map(|one| version::shown(one, shared)).collect());
    let names: std::collections::BTreeSet<&str> =
        versions.iter().map(|version| text(version, "name")).collect();
    if names.len() < versions.len() {
        found.invalid("spec.versions", &shown(), "must contain unique version names");
    }
    if versions.iter().filter(|version| flag(version, "storage")).count() != 1 {
        let shown = if is_there { shown() } else { Value::Null };
        let why = "must have exactly one version marked as storage version";
        found.invalid("spec.versions", &shown, why);
    }
    if let Some(first) = versions.first() {
        let first = text(first, "name");
        if let Some(why) = faults(Form::Label1035, first).filter(|_| !first.is_empty()) {
            found.invalid_text("spec.version", first, &why);
        }
    }
}

fn names(spec: &Fields, found: &mut Found) {
    let none = Fields::new();
    let names = object(spec, "names").unwrap_or(&none);
    let kind = text(names, "kind");
    // Both have defaults, which are made of the kind.
    let or = |name: &str, default: String| match text(names, name) {
        "" => default,
        text => text.to_owned(),
    };
    let singular = or("singular", kind.to_lowercase());
    let list = or("listKind", if kind.is_empty() { String::new() } else { format!("{kind}List") });
    let plural = text(names, "plural");
    for (name, value) in
        [("plural", plural), ("singular", &singular), ("kind", kind), ("listKind", &list)]
    {
        if value.is_empty() {
            found.required(&format!("spec.names.{name}"), "");
        }
    }
    let fault = |value: &str| faults(Form::Label1035, value).filter(|_| !value.is_empty());
    for (name, value) in [("plural", plural), ("singular", &singular)] {
        if let Some(why) = fault(value) {
            found.invalid_text(&format!("spec.names.{name}"), value, &why);
        }
    }
    for (name, value) in [("kind", kind), ("listKind", &list)] {
        if let Some(why) = fault(&value.to_lowercase()) {
            let why = format!("may have mixed case, but should otherwise match: {why}");
            found.invalid_text(&format!("spec.names.{name}"), value, &why);
        }
    }
    let each = |name: &str, found: &mut Found| {
        for (index, one) in texts(names, name).into_iter().enumerate() {
            if let Some(why) = faults(Form::Label1035, one) {
                found.invalid_text(&format!("spec.names.{name}[{index}]"), one, &why);
            }
        }
    };
    each("shortNames", found);
    if !kind.is_empty() && kind == list {
        let why = "kind and listKind may not be the same";
        found.invalid_text("spec.names.listKind", &list, why);
    }
    each("categories", found);
}

fn conversion(spec: &Fields, found: &mut Found) {
    let Some(conversion) = object(spec, "conversion") else { return };
    let strategy = text(conversion, "strategy");
    if strategy != "None" && flag(spec, "preserveUnknownFields") {
        let why = "must be None if spec.preserveUnknownFields is true";
        found.invalid_text("spec.conversion.strategy", strategy, why);
    }
    one_of("spec.conversion.strategy", strategy, &["None", "Webhook"], found);
    let webhook = object(conversion, "webhook");
    let config = webhook.and_then(|webhook| object(webhook, "clientConfig"));
    let reviews = webhook.map(|webhook| texts(webhook, "conversionReviewVersions"));
    let reviews = reviews.unwrap_or_default();
    let config_at = "spec.conversion.webhookClientConfig";
    let reviews_at = "spec.conversion.conversionReviewVersions";
    if strategy != "Webhook" {
        let why = "should not be set when strategy is not set to Webhook";
        if config.is_some() {
            found.forbidden(config_at, why);
        }
        if !reviews.is_empty() {
            found.forbidden(reviews_at, why);
        }
        return;
    }
    match config {
        None => found.required(config_at, "required when strategy is set to Webhook"),
        Some(config) => client(config, config_at, found),
    }
    if reviews.is_empty() {
        found.required(reviews_at, "");
        return;
    }
    for (index, one) in reviews.iter().enumerate() {
        let at = format!("{reviews_at}[{index}]");
        if reviews[..index].contains(one) {
            found.invalid_text(&at, one, "duplicate version");
            continue;
        }
        Form::Label1035.faults(one, u8::MAX, &mut |why| found.invalid_text(&at, one, why));
    }
    if !reviews.iter().any(|one| REVIEWS.contains(one)) {
        let why = format!("must include at least one of {}", REVIEWS.join(", "));
        found.invalid(reviews_at, &json!(reviews), &why);
    }
}

/// Where the webhook is. Source of the contract: `kubernetes/apiserver:pkg/util/webhook/validation.go`.
fn client(config: &Fields, at: &str, found: &mut Found) {
    match (get(config, "url").and_then(Value::as_str), object(config, "service")) {
        (Some(url), None) => address(url, &format!("{at}.url"), found),
        (None, Some(service)) => {
            for name in ["name", "namespace"] {
                if text(service, name).is_empty() {
                    let why = format!("service {name} is required");
                    found.required(&format!("{at}.service.{name}"), &why);
                }
            }
            let port = get(service, "port").and_then(Value::as_i64).unwrap_or(443);
            if !(1..=65535).contains(&port) {
                let why = "port is not valid: must be between 1 and 65535, inclusive";
                found.invalid(&format!("{at}.service.port"), &Value::from(port), why);
            }
            service_path(text(service, "path"), &format!("{at}.service.path"), found);
        }
        _ => found.required(at, "exactly one of url or service is required"),
    }
}

fn address(url: &str, at: &str, found: &mut Found) {
    const FORM: &str = "desired format: https://host[/path]";
    let Some((scheme, rest)) = url.split_once("://") else {
        found.invalid_text(at, "", &format!("'https' is the only allowed URL scheme; {FORM}"));
        found.invalid_text(at, "", &format!("host must be specified; {FORM}"));
        return;
    };
    if scheme != "https" {
        let why = format!("'https' is the only allowed URL scheme; {FORM}");
        found.invalid_text(at, scheme, &why);
    }
    let (before, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (before, query) = before.split_once('?').unwrap_or((before, ""));
    let authority = before.split('/').next().unwrap_or_default();
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    if host.is_empty() {
        found.invalid_text(at, host, &format!("host must be specified; {FORM}"));
    }
    if !user.is_empty() {
        let why = "user information is not permitted in the URL";
        found.invalid_text(at, user, why);
    }
    if !fragment.is_empty() {
        found.invalid_text(at, fragment, "fragments are not permitted in the URL");
    }
    if !query.is_empty() {
        found.invalid_text(at, query, "query parameters are not permitted in the URL");
    }
}

fn service_path(path: &str, at: &str, found: &mut Found) {
    if path.is_empty() || path == "/" {
        return;
    }
    let Some(rest) = path.strip_prefix('/') else {
        found.invalid_text(at, path, "must start with a '/'");
        return;
    };
    for (index, step) in rest.strip_suffix('/').unwrap_or(rest).split('/').enumerate() {
        if step.is_empty() {
            found.invalid_text(at, path, &format!("segment[{index}] may not be empty"));
        } else if let Some(why) = faults(Form::Subdomain, step) {
            found.invalid_text(at, path, &format!("segment[{index}]: {why}"));
        }
    }
}

/// What must stay as it was.
fn unchanged(spec: &Fields, old: &Value, found: &mut Found) {
    let before = |pointer: &str| old.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let none = Fields::new();
    let names = object(spec, "names").unwrap_or(&none);
    let mut same = |at: &str, is: &str, was: &str| {
        if is != was {
            found.invalid_text(at, is, "field is immutable");
        }
    };
    let conditions = old.pointer("/status/conditions").and_then(Value::as_array);
    let is_established = conditions.into_iter().flatten().any(|condition| {
        condition.get("type") == Some(&json!("Established"))
            && condition.get("status") == Some(&json!("True"))
    });
    if is_established {
        same("spec.scope", text(spec, "scope"), before("/spec/scope"));
        same("spec.names.kind", text(names, "kind"), before("/spec/names/kind"));
    }
    same("spec.group", text(spec, "group"), before("/spec/group"));
    same("spec.names.plural", text(names, "plural"), before("/spec/names/plural"));
}

/// Versions in which objects may be stored: those of the old definition, and the first one for storage.
fn stored(spec: &Fields, old: Option<&Value>, found: &mut Found) {
    let at = "status.storedVersions";
    let versions = items(spec, "versions").iter().filter_map(Value::as_object);
    let versions: Vec<(&str, bool)> =
        versions.map(|version| (text(version, "name"), flag(version, "storage"))).collect();
    let old = old.and_then(|old| old.pointer("/status/storedVersions")).and_then(Value::as_array);
    let mut stored: Vec<&str> = old.into_iter().flatten().filter_map(Value::as_str).collect();
    if let Some((name, _)) = versions.iter().find(|(_, storage)| *storage)
        && !stored.contains(name)
    {
        stored.push(name);
    }
    if stored.is_empty() {
        found.invalid(at, &Value::Null, "must have at least one stored version");
        return;
    }
    for (name, _) in versions.iter().filter(|(name, storage)| *storage && !stored.contains(name)) {
        found.invalid(at, &json!(stored), &format!("must have the storage version {name}"));
    }
    for (index, gone) in stored.iter().enumerate() {
        if !versions.iter().any(|(name, _)| name == gone) {
            let why = format!(
                "missing from spec.versions; {gone} was previously a storage version, and must remain in spec.versions \
                 until a storage migration ensures no data remains persisted in {gone} and removes {gone} from \
                 status.storedVersions"
            );
            found.invalid_text(&format!("{at}[{index}]"), gone, &why);
        }
    }
}

/// Groups of the Kubernetes community are protected.
fn approval(definition: &Fields, spec: &Fields, old: Option<&Value>, found: &mut Found) {
    let group = text(spec, "group");
    let is_of = |domain: &str| group == domain || group.ends_with(&format!(".{domain}"));
    if !is_of("k8s.io") && !is_of("kubernetes.io") {
        return;
    }
    let of = |definition: &Fields| -> String {
        let annotations = object(definition, "metadata").and_then(|m| object(m, "annotations"));
        annotations.map(|annotations| text(annotations, APPROVED)).unwrap_or_default().to_owned()
    };
    #[derive(PartialEq)]
    enum State {
        Missing,
        Bypassed,
        Approved,
        Invalid,
    }
    let state = |value: &str| match value {
        "" => State::Missing,
        value if value.starts_with("unapproved") => State::Bypassed,
        value => match value.split_once("://") {
            Some((scheme, rest))
                if !scheme.is_empty() && !rest.starts_with('/') && !rest.is_empty() =>
            {
                State::Approved
            }
            _ => State::Invalid,
        },
    };
    let value = of(definition);
    let before = old.and_then(Value::as_object).map(|old| state(&of(old)));
    let now = state(&value);
    if before.as_ref() == Some(&now) {
        return;
    }
    let at = format!("metadata.annotations[{APPROVED}]");
    let see = "see https://github.com/kubernetes/enhancements/pull/1111";
    match now {
        State::Approved | State::Bypassed => {}
        State::Missing => {
            let why = format!("protected groups must have approval annotation {APPROVED:?}, {see}");
            found.required(&at, &why);
        }
        State::Invalid => {
            let why = format!(
                "protected groups must have approval annotation {APPROVED:?} with either a URL or a reason starting \
                 with \"unapproved\", {see}"
            );
            found.invalid_text(&at, &value, &why);
        }
    }
}
