//! Creating: a new object, with a name, a uid and a time.
//!
//! Source of the contract: `kubernetes/apiserver:pkg/registry/rest/create.go`.

use serde_json::Value;

use super::Call;
use crate::admission::Operation;
use crate::decision::Decision;
use crate::deletion::NAMESPACES;
use crate::refusal::{Cause, Refusal};
use crate::{object, strategy};

/// Creates what was sent.
pub(super) fn create(mut call: Call<'_>) -> Result<Decision, Refusal> {
    if &*call.resource.id == "pods" && call.is_below("eviction") {
        return super::evict::evict(call);
    }
    let value = call.decode()?;
    if let Some(sent) = object::text(&value, &["metadata", "name"])
        && call.name.as_deref().is_some_and(|name| name != sent)
    {
        return Err(call.wrong_name(sent));
    }
    call.insert(value)
}

impl Call<'_> {
    pub(super) fn wrong_name(&self, sent: &str) -> Refusal {
        Refusal::bad_request(format!(
            "the name of the object ({sent}) does not match the name on the URL ({})",
            self.name()
        ))
    }

    /// Makes sure that an object says the namespace of the path.
    pub(super) fn place(&self, value: &mut Value) -> Result<(), Refusal> {
        let metadata = object::metadata(value);
        let sent = metadata.get("namespace").and_then(Value::as_str).unwrap_or_default();
        match (&self.namespace, sent) {
            (None, "") => {
                metadata.shift_remove("namespace");
            }
            (None, _) => {
                return Err(Refusal::bad_request(
                    "the namespace of the provided object does not match the namespace sent on the request",
                ));
            }
            (Some(namespace), "") => {
                metadata.insert("namespace".into(), (**namespace).into());
            }
            (Some(namespace), sent) if **namespace == *sent => {}
            (Some(_), _) => {
                return Err(Refusal::bad_request(
                    "the namespace of the provided object does not match the namespace sent on the request",
                ));
            }
        }
        Ok(())
    }

    /// Makes an object of a complete value: admits it, gives it an identity and writes it.
    pub(super) fn insert(mut self, mut value: Value) -> Result<Decision, Refusal> {
        self.place(&mut value)?;
        self.namespace_is_open(&value)?;
        self.furnish(&mut value)?;
        if let Some(asks) = self.mutate(Operation::Create, &mut value, None)? {
            return Ok(Decision::Ask(asks));
        }
        self.identify(&mut value)?;
        let catalog = self.machine.surface().catalog();
        strategy::prepare_create(catalog, &self.resource.gvk(), &mut value);
        if &*self.resource.id == "services" {
            crate::addresses::allocate(self.machine.state(), self.request.entropy, &mut value);
        }
        if let Some(custom) = &self.resource.custom {
            if custom.has_status {
                object::map(&mut value).shift_remove("status");
            }
            object::metadata(&mut value).insert("generation".into(), 1.into());
        }
        self.hands_on_no_more(None, &value)?;
        self.validate(&value, None)?;
        self.within_limits(&value)?;
        if let Some(asks) = self.judge(Operation::Create, Some(&value), None)? {
            return Ok(Decision::Ask(asks));
        }
        let name = object::name(&value).to_owned();
        if self.machine.state().get(&self.key(&name)).is_some() {
            return Err(Refusal::already_exists(&self.subject(&name)));
        }
        crate::control::living::quota::admit(self.machine, &self.resource, &value, &[])?;
        if &*self.resource.id == crate::custom::DEFINITIONS {
            crate::custom::establish(self.machine, &mut value, &self.time());
        }
        if !self.is_applied {
            self.own(None, &mut value);
        }
        self.warnings.dedup();
        self.put(201, None, value)
    }

    fn identify(&self, value: &mut Value) -> Result<(), Refusal> {
        let time = self.time();
        let metadata = object::metadata(value);
        let is_set = |field: &str| {
            metadata.get(field).and_then(Value::as_str).is_some_and(|text| !text.is_empty())
        };
        if is_set("resourceVersion") {
            return Err(Refusal::internal(
                "resourceVersion should not be set on objects to be created",
            ));
        }
        let generated = metadata.get("generateName").and_then(Value::as_str).unwrap_or_default();
        if !is_set("name") && !generated.is_empty() {
            let name = generate(generated, self.request.entropy);
            metadata.insert("name".into(), name.into());
        }
        for field in
            ["resourceVersion", "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds"]
        {
            metadata.shift_remove(field);
        }
        metadata.insert("uid".into(), uid(self.request.entropy).into());
        metadata.insert("creationTimestamp".into(), time.into());
        Ok(())
    }

    /// Whether the namespace of the path takes new objects.
    fn namespace_is_open(&self, value: &Value) -> Result<(), Refusal> {
        let Some(namespace) = &self.namespace else { return Ok(()) };
        let found = self.machine.state().find(NAMESPACES, "", namespace);
        let subject = crate::refusal::Subject {
            group: "",
            resource: NAMESPACES,
            kind: "Namespace",
            name: namespace,
        };
        let found = found.ok_or_else(|| Refusal::not_found(&subject))?;
        if !found.head.is_deleted {
            return Ok(());
        }
        let why = format!(
            "unable to create new content in namespace {namespace} because it is being terminated"
        );
        let mut refusal = Refusal::forbidden(&self.subject(object::name(value)), &why);
        if let Some(details) = &mut refusal.details {
            details.causes = vec![Cause {
                reason: "NamespaceTerminating",
                message: format!("namespace {namespace} is being terminated"),
                field: "metadata.namespace".into(),
            }];
        }
        Err(refusal)
    }
}

/// A uid, version 4 of RFC 9562, of random bits.
pub(crate) fn uid(entropy: u128) -> String {
    let bits = entropy & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// A name of a prefix and five characters, which make no words.
pub(super) fn generate(prefix: &str, entropy: u128) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    const LONGEST: usize = 58;
    let mut name: String = prefix.chars().take(LONGEST).collect();
    let mut bits = entropy >> 8;
    for _ in 0..5 {
        let letter = LETTERS[(bits % LETTERS.len() as u128) as usize];
        name.push(char::from(letter));
        bits /= LETTERS.len() as u128;
    }
    name
}
