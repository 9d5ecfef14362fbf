//! Messages as JSON: which fields are there, in which order, and which Go leaves out.
//!
//! A field that is a pointer in Go is on the wire when it is set, others always are. So what is zero on the wire was
//! meant if the field is a pointer, and says nothing if it is none and Go leaves empty ones out.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};
use towpath_catalog::{FieldShape, FieldType, Form, Message, MessageField, Messages};

use super::fault::Fault;
use super::wire::{Reader, Wire};
use super::{MAGIC, MAX_VALUES, envelope, scalar};

/// Makes JSON of messages, and counts what it makes.
pub(super) struct Decoder<'a> {
    pub(super) messages: &'a Messages,
    pub(super) values_left: usize,
}

/// A value, and whether it is what Go has where nothing was said.
pub(super) struct Decoded {
    pub(super) value: Value,
    is_zero: bool,
}

impl Decoder<'_> {
    /// A message whose bytes are these. `depth` is how many more may be nested in it.
    pub(super) fn message(
        &mut self,
        message: Message<'_>,
        bytes: &[u8],
        depth: usize,
    ) -> Result<Decoded, Fault> {
        let depth = depth.checked_sub(1).ok_or(Fault::Depth)?;
        self.count()?;
        let slots = self.slots(message, bytes, depth)?;
        match message.form() {
            Form::Fields => self.object(message, slots),
            form => special(form, slots),
        }
    }

    /// The values of fields, by their places in the message.
    fn slots(
        &mut self,
        message: Message<'_>,
        bytes: &[u8],
        depth: usize,
    ) -> Result<Vec<Option<Decoded>>, Fault> {
        let mut slots: Vec<Option<Decoded>> = message.fields().map(|_| None).collect();
        let mut reader = Reader::new(bytes);
        while let Some((number, wire)) = reader.field()? {
            let Some((place, field)) = message.field(number) else { continue };
            let Some(slot) = slots.get_mut(place) else { continue };
            match field.shape {
                FieldShape::One => {
                    *slot = Some(if message.form() == Form::Json {
                        self.embedded(wire, depth)?
                    } else {
                        self.value(&field, wire, depth)?
                    });
                }
                FieldShape::Many => {
                    let list = slot.get_or_insert_with(|| Decoded {
                        value: Value::Array(Vec::new()),
                        is_zero: false,
                    });
                    let Value::Array(items) = &mut list.value else { continue };
                    match wire {
                        Wire::Bytes(packed)
                            if matches!(field.kind, FieldType::Int | FieldType::Bool) =>
                        {
                            let mut packed = Reader::new(packed);
                            while !packed.is_empty() {
                                let wire = Wire::Varint(packed.varint()?);
                                items.push(self.value(&field, wire, depth)?.value);
                            }
                        }
                        _ => items.push(self.value(&field, wire, depth)?.value),
                    }
                }
                FieldShape::Map => {
                    let map = slot.get_or_insert_with(|| Decoded {
                        value: Value::Object(Map::new()),
                        is_zero: false,
                    });
                    let Value::Object(entries) = &mut map.value else { continue };
                    let (key, value) = self.entry(&field, wire, depth)?;
                    entries.insert(key, value);
                }
            }
        }
        Ok(slots)
    }

    fn entry(
        &mut self,
        field: &MessageField<&str>,
        wire: Wire<'_>,
        depth: usize,
    ) -> Result<(String, Value), Fault> {
        let Wire::Bytes(entry) = wire else { return Err(mismatch(field)) };
        let (mut key, mut value) = (&[][..], Wire::Bytes(&[]));
        let mut reader = Reader::new(entry);
        while let Some((number, wire)) = reader.field()? {
            match (number, wire) {
                (1, Wire::Bytes(text)) => key = text,
                (2, wire) => value = wire,
                _ => {}
            }
        }
        Ok((scalar::text(key).into_owned(), self.value(field, value, depth)?.value))
    }

    fn value(
        &mut self,
        field: &MessageField<&str>,
        wire: Wire<'_>,
        depth: usize,
    ) -> Result<Decoded, Fault> {
        self.count()?;
        let (value, is_zero) = match (field.kind, wire) {
            (FieldType::Text, Wire::Bytes(bytes)) => (scalar::text(bytes).into(), bytes.is_empty()),
            (FieldType::Bytes, Wire::Bytes(bytes)) => {
                (BASE64_STANDARD.encode(bytes).into(), bytes.is_empty())
            }
            (FieldType::Bool, Wire::Varint(bit)) => ((bit != 0).into(), bit == 0),
            (FieldType::Int, Wire::Varint(bits)) => (bits.cast_signed().into(), bits == 0),
            (FieldType::Double, Wire::Fixed64(bits)) => {
                (scalar::double(f64::from_bits(bits))?, bits == 0)
            }
            (FieldType::Message(place), Wire::Bytes(bytes)) => {
                let message = self.messages.at(place).ok_or(Fault::Depth)?;
                return self.message(message, bytes, depth);
            }
            _ => return Err(mismatch(field)),
        };
        Ok(Decoded { value, is_zero })
    }

    /// Bytes that are JSON themselves, or an object in a body of its own.
    fn embedded(&mut self, wire: Wire<'_>, depth: usize) -> Result<Decoded, Fault> {
        let Wire::Bytes(bytes) = wire else { return Err(Fault::Mismatch { field: "raw".into() }) };
        let value = if bytes.is_empty() {
            Value::Null
        } else if bytes.starts_with(MAGIC) {
            envelope(self, bytes, depth)?
        } else {
            serde_json::from_slice(bytes).map_err(|error| Fault::Json(error.to_string()))?
        };
        Ok(Decoded { value, is_zero: bytes.is_empty() })
    }

    fn object(
        &mut self,
        message: Message<'_>,
        slots: Vec<Option<Decoded>>,
    ) -> Result<Decoded, Fault> {
        let mut object = Map::new();
        let mut is_all_zero = true;
        for (field, slot) in message.fields().zip(slots) {
            let is_empty_list = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
            let Some(Decoded { value, is_zero }) = slot else {
                if is_null_without(&field) {
                    self.count()?;
                    object.insert(field.name.into(), Value::Null);
                }
                continue;
            };
            is_all_zero &= is_zero && !field.is_pointer;
            let is_left_out = match field.kind {
                _ if field.is_pointer || field.shape != FieldShape::One => false,
                FieldType::Message(_) => {
                    field.is_omitted_zero && is_zero
                        || field.is_omitted_empty && is_empty_list(&value)
                }
                _ => is_zero && (field.is_omitted_empty || field.is_omitted_zero),
            };
            if is_left_out {
                continue;
            }
            match value {
                Value::Object(fields) if field.name.is_empty() => object.extend(fields),
                value => {
                    object.insert(field.name.into(), value);
                }
            }
        }
        Ok(Decoded { value: Value::Object(object), is_zero: is_all_zero })
    }

    fn count(&mut self) -> Result<(), Fault> {
        self.values_left = self.values_left.checked_sub(1).ok_or(Fault::Values(MAX_VALUES))?;
        Ok(())
    }
}

/// Whether Go writes `null` for a field that is not there.
fn is_null_without(field: &MessageField<&str>) -> bool {
    let has_nil =
        field.is_pointer || field.shape != FieldShape::One || field.kind == FieldType::Bytes;
    has_nil && !field.is_omitted_empty && !field.is_omitted_zero && !field.name.is_empty()
}

fn mismatch(field: &MessageField<&str>) -> Fault {
    Fault::Mismatch { field: field.name.to_owned() }
}

/// Messages that are no objects in JSON. Their fields are one or two, and known by their places.
fn special(form: Form, slots: Vec<Option<Decoded>>) -> Result<Decoded, Fault> {
    let mut values = slots.into_iter().map(|slot| slot.map(|it| it.value));
    let (first, second, third) =
        (values.next().flatten(), values.next().flatten(), values.next().flatten());
    let number = |value: &Option<Value>| value.as_ref().and_then(Value::as_i64).unwrap_or_default();
    let is_bare = first.is_none() && second.is_none();
    let value = match form {
        Form::List => first.unwrap_or_else(|| Value::Array(Vec::new())),
        Form::Text => match first {
            Some(Value::String(text)) if !text.is_empty() => text.into(),
            _ => "0".into(),
        },
        Form::Time | Form::MicroTime if is_bare => Value::Null,
        Form::Time => scalar::time(number(&first))?,
        Form::MicroTime => scalar::micro_time(number(&first), number(&second))?,
        Form::Duration => scalar::duration(number(&first)).into(),
        Form::IntOrString if number(&first) == 0 => number(&second).into(),
        Form::IntOrString => third.unwrap_or_else(|| "".into()),
        Form::Either => second.or(first).unwrap_or_default(),
        Form::OrBool => second.or(first).unwrap_or(Value::Bool(false)),
        Form::Json | Form::Fields => first.unwrap_or_default(),
    };
    let is_zero = match form {
        Form::List | Form::Either | Form::Time | Form::MicroTime => is_bare,
        Form::Json => value.is_null(),
        Form::Text => value == "0",
        Form::Duration => value == "0s",
        Form::IntOrString => value == 0,
        Form::OrBool => value == false,
        Form::Fields => false,
    };
    Ok(Decoded { value, is_zero })
}
