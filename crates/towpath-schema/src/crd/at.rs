//! A place in an object, built while going down and written out only for what is found there.

use std::fmt;

/// A place: a step from the place above.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    above: Option<&'a At<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    Field(&'a str),
    Key(&'a str),
    Item(usize),
}

impl<'a> At<'a> {
    pub(crate) const ROOT: At<'static> = At { above: None, step: Step::Root };

    /// The field of a name.
    pub(crate) fn field(&'a self, name: &'a str) -> At<'a> {
        At { above: Some(self), step: Step::Field(name) }
    }

    /// An entry of a map, where the API server writes it in brackets.
    pub(crate) fn key(&'a self, name: &'a str) -> At<'a> {
        At { above: Some(self), step: Step::Key(name) }
    }

    /// The item of an index.
    pub(crate) fn item(&'a self, index: usize) -> At<'a> {
        At { above: Some(self), step: Step::Item(index) }
    }

    /// The names of the fields alone, `spec.items.id`: what a decoder of Go calls a place.
    pub(crate) fn field_names(&self) -> String {
        let mut names = self.above.map(At::field_names).unwrap_or_default();
        if let Step::Field(name) = self.step {
            if !names.is_empty() {
                names.push('.');
            }
            names.push_str(name);
        }
        names
    }

    /// Whether this is the object itself.
    pub(crate) fn is_root(&self) -> bool {
        matches!(self.step, Step::Root)
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(above) = self.above {
            above.fmt(f)?;
        }
        let first = self.above.is_none_or(At::is_root);
        match self.step {
            Step::Root => Ok(()),
            Step::Field(name) if first => f.write_str(name),
            Step::Field(name) => write!(f, ".{name}"),
            // Decoders write entries as they write fields.
            Step::Key(name) if f.alternate() => write!(f, ".{name}"),
            Step::Key(name) => write!(f, "[{name}]"),
            Step::Item(index) => write!(f, "[{index}]"),
        }
    }
}
