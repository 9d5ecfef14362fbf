//! Objects of built-in kinds in the binary form in which typed clients of Go send them.
//!
//! [`decode`] makes of a body the JSON that the same client would have sent instead, down to what Go leaves out and
//! what it writes as `null`. Nothing is answered in this form, and whether an object makes sense is said elsewhere.
//! Bytes come from anywhere: depth and the number of values are bounded, and whatever is wrong is a refusal.
//!
//! Where to go next: `proto/wire.rs` for bytes, `proto/message.rs` for messages with fields, `proto/scalar.rs` for
//! times and numbers. Which messages there are is said by [`towpath_catalog::Messages`].
//!
//! Source of the contract: `kubernetes/apimachinery:pkg/runtime/serializer/protobuf/protobuf.go`,
//! `kubernetes/apimachinery:pkg/runtime/generated.proto`.

mod fault;
mod message;
mod scalar;
mod wire;

use std::sync::LazyLock;

use serde_json::{Map, Value};
use towpath_catalog::{GroupVersionKind, Messages};

use crate::refusal::Refusal;
use fault::Fault;
use message::Decoder;
use wire::{Reader, Wire};

/// The first bytes of every body.
const MAGIC: &[u8] = b"k8s\0";

/// Messages in messages, and bodies in bodies, that are followed. A schema of a custom resource that nests half as deep
/// is refused by other bounds.
const MAX_DEPTH: usize = 64;
/// Values that one body may have. Two bytes can be an object: a body of some megabytes must not become gigabytes.
const MAX_VALUES: usize = 1 << 18;

/// Shared by all clusters of a process, and read with the first body.
static MESSAGES: LazyLock<Messages> = LazyLock::new(Messages::load);

/// The object in a body, as JSON.
///
/// # Errors
///
/// 400 for what is no such body or of a kind that no group has; 413 for one with more values than a server should hold.
pub fn decode(body: &[u8]) -> Result<Value, Refusal> {
    let mut decoder = Decoder { messages: &MESSAGES, values_left: MAX_VALUES };
    Ok(envelope(&mut decoder, body, MAX_DEPTH)?)
}

/// What `runtime.Unknown` around a message says of it.
#[derive(Default)]
struct Envelope<'a> {
    api_version: &'a [u8],
    kind: &'a [u8],
    raw: &'a [u8],
    encoding: &'a [u8],
}

fn envelope(decoder: &mut Decoder<'_>, body: &[u8], depth: usize) -> Result<Value, Fault> {
    let around = Envelope::read(body.strip_prefix(MAGIC).ok_or(Fault::Magic)?)?;
    if !around.encoding.is_empty() {
        return Err(Fault::Encoding);
    }
    let (api_version, kind) = (scalar::text(around.api_version), scalar::text(around.kind));
    let gvk = GroupVersionKind::of(&api_version, &kind);
    let messages = decoder.messages;
    let Some(message) = messages.of_kind(&gvk) else {
        return Err(Fault::Kind { api_version: api_version.into(), kind: kind.into() });
    };
    let mut object = Map::new();
    object.insert("apiVersion".into(), api_version.as_ref().into());
    object.insert("kind".into(), kind.as_ref().into());
    if let Value::Object(fields) = decoder.message(message, around.raw, depth)?.value {
        object.extend(fields);
    }
    Ok(Value::Object(object))
}

impl<'a> Envelope<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, Fault> {
        let mut envelope = Self::default();
        let mut reader = Reader::new(bytes);
        while let Some((number, wire)) = reader.field()? {
            match (number, wire) {
                (1, Wire::Bytes(kind)) => {
                    let mut reader = Reader::new(kind);
                    while let Some((number, wire)) = reader.field()? {
                        match (number, wire) {
                            (1, Wire::Bytes(text)) => envelope.api_version = text,
                            (2, Wire::Bytes(text)) => envelope.kind = text,
                            _ => {}
                        }
                    }
                }
                (2, Wire::Bytes(raw)) => envelope.raw = raw,
                (3, Wire::Bytes(encoding)) => envelope.encoding = encoding,
                _ => {}
            }
        }
        Ok(envelope)
    }
}
