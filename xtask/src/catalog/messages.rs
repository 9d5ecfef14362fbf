//! How objects are written in the binary form that typed clients send: numbers and types from `generated.proto`, names
//! in JSON and what Go leaves out from the types beside it.
//!
//! What a protocol file calls `optional` is, in Go, a pointer or not, and written to JSON when it is zero or not: only
//! the tags of the Go types tell. A message of an older package counts where a newer one has it no more.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::{Context as _, Result, ensure};
use flate2::Compression;
use flate2::write::DeflateEncoder;

/// Messages whose JSON is not made of their fields, by the Go methods `MarshalJSON`, and the name of their form.
const FORMS: [(&str, &str); 13] = [
    ("k8s.io.apimachinery.pkg.api.resource.Quantity", "text"),
    ("k8s.io.apimachinery.pkg.apis.meta.v1.Duration", "duration"),
    ("k8s.io.apimachinery.pkg.apis.meta.v1.FieldsV1", "json"),
    ("k8s.io.apimachinery.pkg.apis.meta.v1.MicroTime", "microtime"),
    ("k8s.io.apimachinery.pkg.apis.meta.v1.Time", "time"),
    ("k8s.io.apimachinery.pkg.runtime.RawExtension", "json"),
    ("k8s.io.apimachinery.pkg.util.intstr.IntOrString", "intorstring"),
    ("apiextensions.*.JSON", "json"),
    ("apiextensions.*.JSONSchemaPropsOrArray", "either"),
    ("apiextensions.*.JSONSchemaPropsOrStringArray", "either"),
    ("apiextensions.*.JSONSchemaPropsOrBool", "orbool"),
    ("k8s.io.apimachinery.pkg.apis.meta.v1.Verbs", "list"),
    ("*.ExtraValue", "list"),
];

/// Packages of Go that are no API of a cluster.
const OTHERS: [&str; 2] = ["testapigroup", "pkg.runtime.schema"];

/// What the packages say, the newest first.
#[derive(Default)]
pub(super) struct Messages {
    /// Group and version of a package with kinds.
    groups: BTreeMap<String, (String, String)>,
    /// By package, then by name.
    messages: BTreeMap<String, BTreeMap<String, Vec<Field>>>,
    /// By package, type and number: tags of the Go types. Of the package that is read now.
    tags: BTreeMap<(String, String, u32), Tag>,
}

struct Field {
    number: u32,
    /// The word before the type.
    shape: Shape,
    kind: String,
    tag: Tag,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    One,
    Many,
    Map,
}

#[derive(Clone)]
struct Tag {
    /// Where it is among its fellows.
    place: usize,
    /// In JSON; empty where the fields of the value are fields of the whole.
    name: String,
    is_pointer: bool,
    is_omitted_empty: bool,
    is_omitted_zero: bool,
}

/// Whether a file of a package is of interest.
pub(super) fn is_source(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or_default();
    let is_go = file.ends_with(".go") && !file.ends_with("_test.go") && !file.starts_with("zz_");
    path.contains("/src/k8s.io/")
        && !path.contains("/examples/")
        && (file == "generated.proto" || is_go && !file.starts_with("generated."))
}

impl Messages {
    /// Adds the files of one package: what is known already stays as it is.
    pub(super) fn add(&mut self, files: &[(String, String)]) -> Result<()> {
        self.tags.clear();
        for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".go")) {
            self.add_go(&package_of(path), text).with_context(|| format!("in {path}"))?;
        }
        for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".proto")) {
            let package = package_of(path);
            if !OTHERS.iter().any(|other| package.contains(other)) {
                self.add_proto(&package, text).with_context(|| format!("in {path}"))?;
            }
        }
        Ok(())
    }

    fn add_go(&mut self, package: &str, text: &str) -> Result<()> {
        let mut within = None;
        for (place, line) in text.lines().enumerate() {
            if let Some(group) = line.strip_prefix("const GroupName = \"") {
                let version = package.rsplit('.').next().unwrap_or_default().to_owned();
                let group = group.trim_end_matches('"').to_owned();
                self.groups.entry(package.to_owned()).or_insert((group, version));
            } else if let Some(rest) = line.strip_prefix("type ") {
                within = rest.strip_suffix(" struct {").map(str::to_owned);
            } else if line.starts_with('}') {
                within = None;
            }
            let (Some(name), Some((declared, tags))) = (&within, line.trim().split_once('`'))
            else {
                continue;
            };
            let Some(number) = quoted(tags, "protobuf").and_then(|tag| tag.split(',').nth(1))
            else {
                continue;
            };
            if declared.starts_with("//") {
                continue;
            }
            let number = number.parse().with_context(|| format!("`{line}`"))?;
            // Types with a JSON of their own have no tags for it.
            let Some(json) = quoted(tags, "json") else { continue };
            let mut words = json.split(',');
            let called = words.next().unwrap_or_default();
            let options: Vec<&str> = words.collect();
            ensure!(!called.is_empty() || options.contains(&"inline"), "no name in `{line}`");
            let tag = Tag {
                place,
                name: called.to_owned(),
                is_pointer: declared
                    .split_whitespace()
                    .last()
                    .is_some_and(|it| it.starts_with('*')),
                is_omitted_empty: options.contains(&"omitempty"),
                is_omitted_zero: options.contains(&"omitzero"),
            };
            self.tags.insert((package.to_owned(), name.clone(), number), tag);
        }
        Ok(())
    }

    fn add_proto(&mut self, package: &str, text: &str) -> Result<()> {
        let mut within: Option<(String, Vec<Field>)> = None;
        for line in text.lines().map(str::trim) {
            if let Some(name) = line.strip_prefix("message ").and_then(|it| it.strip_suffix(" {")) {
                within = Some((name.to_owned(), Vec::new()));
            } else if line == "}" {
                if let Some((name, mut fields)) = within.take() {
                    fields.sort_by_key(|field| (field.tag.place, field.number));
                    let messages = self.messages.entry(package.to_owned()).or_default();
                    messages.entry(name).or_insert(fields);
                }
            } else if let Some((name, fields)) = &mut within
                && let Some((shape, kind, called, number)) = declared(line)
            {
                let number: u32 = number.parse().with_context(|| format!("`{line}`"))?;
                let tag = self.tags.get(&(package.to_owned(), name.clone(), number)).cloned();
                let tag = tag.unwrap_or_else(|| Tag {
                    place: 0,
                    name: called.to_owned(),
                    is_pointer: false,
                    is_omitted_empty: true,
                    is_omitted_zero: false,
                });
                fields.push(Field { number, shape, kind: kind.to_owned(), tag });
            }
        }
        Ok(())
    }

    /// The file, as `towpath_catalog` reads it.
    pub(super) fn finish(&self) -> Result<Vec<u8>> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(self.text()?.as_bytes())?;
        Ok(encoder.finish()?)
    }

    fn text(&self) -> Result<String> {
        let names = self.messages.iter().flat_map(|(package, messages)| {
            messages.keys().map(move |name| format!("{package}.{name}"))
        });
        let numbers: BTreeMap<String, usize> =
            names.enumerate().map(|(number, name)| (name, number)).collect();
        let mut text = String::new();
        for (package, messages) in &self.messages {
            match self.groups.get(package) {
                Some((group, version)) => writeln!(text, "@{group} {version}")?,
                None => writeln!(text, "@- {package}")?,
            }
            for (name, fields) in messages {
                let whole = format!("{package}.{name}");
                write!(text, "{name}")?;
                let form = FORMS.iter().find(|(pattern, _)| is_like(pattern, &whole));
                if let Some((_, form)) = form {
                    write!(text, "={form}")?;
                }
                let is_written = |field: &&Field| field.tag.name != "-" || form.is_some();
                for field in fields.iter().filter(is_written) {
                    let kind = field
                        .code(package, &numbers)
                        .with_context(|| format!("{whole}: field {}", field.number))?;
                    write!(text, "\t{}{kind}{}", field.number, field.tag.name)?;
                }
                text.push('\n');
            }
        }
        Ok(text)
    }
}

impl Field {
    /// What lies between number and name: how it is in Go, then its type and a colon.
    fn code(&self, package: &str, numbers: &BTreeMap<String, usize>) -> Result<String> {
        let mut code = String::new();
        match self.shape {
            Shape::One => {}
            Shape::Many => code.push('+'),
            Shape::Map => code.push('%'),
        }
        if self.tag.is_pointer {
            code.push('*');
        }
        if self.tag.is_omitted_empty {
            code.push('?');
        }
        if self.tag.is_omitted_zero {
            code.push('!');
        }
        match self.kind.as_str() {
            "string" => code.push('s'),
            "bytes" => code.push('b'),
            "bool" => code.push('t'),
            "int32" | "int64" => code.push('i'),
            "double" => code.push('d'),
            other => {
                let whole = match other.strip_prefix('.') {
                    Some(whole) => whole.to_owned(),
                    None => format!("{package}.{other}"),
                };
                let number = numbers.get(&whole).with_context(|| format!("no message {whole}"))?;
                write!(code, "m{number}")?;
            }
        }
        code.push(':');
        Ok(code)
    }
}

/// `.../src/k8s.io/api/core/v1/types.go` is of `k8s.io.api.core.v1`.
fn package_of(path: &str) -> String {
    let below = path.split_once("/src/").map_or(path, |(_, below)| below);
    below.rsplit_once('/').map_or(below, |(folder, _)| folder).replace('/', ".")
}

/// The value of one of the tags of a field of Go.
fn quoted<'a>(tags: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tags.split_once(&format!("{name}:\""))?;
    Some(rest.split_once('"')?.0)
}

/// `optional string name = 1;`, `map<string, bytes> data = 2;`
fn declared(line: &str) -> Option<(Shape, &str, &str, &str)> {
    let (left, right) = line.split_once(" = ")?;
    let number = right.split([';', ' ']).next()?;
    if let Some(map) = left.strip_prefix("map<string, ") {
        let (kind, name) = map.split_once("> ")?;
        return Some((Shape::Map, kind, name, number));
    }
    let mut words = left.split(' ');
    let shape = match words.next()? {
        "optional" | "required" => Shape::One,
        "repeated" => Shape::Many,
        _ => return None,
    };
    Some((shape, words.next()?, words.next()?, number))
}

/// Whether a name is as a pattern with at most one `*` says, which stands for anything before what follows it.
fn is_like(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        Some((before, after)) => name.contains(before) && name.ends_with(after),
        None => name == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GO: &str = r#"
const GroupName = "things"
type Part struct {
	// Number was here: `json:"old" protobuf:"varint,9,opt,name=old"`
	Name string `json:"name" protobuf:"bytes,2,opt,name=name"`
	Rest `json:",inline" protobuf:"bytes,3,opt,name=rest"`
	Count *int32 `json:"count,omitempty" protobuf:"varint,1,opt,name=count"`
	Hidden string `json:"-" protobuf:"bytes,4,opt,name=hidden"`
}
"#;
    const PROTO: &str = "
message Part {
  // how many = 9;
  optional int32 count = 1;

  optional string name = 2;
  optional Rest rest = 3;
  optional string hidden = 4;
}
message Rest {
  map<string, bytes> data = 1;
  repeated .k8s.io.api.things.v1.Part parts = 2 [packed = false];
}
";

    #[test]
    fn the_order_of_go_and_what_it_leaves_out_are_kept() -> Result<()> {
        let path = |file: &str| format!("./usr/src/k8s.io/api/things/v1/{file}");
        let mut messages = Messages::default();
        messages.add(&[
            (path("types.go"), GO.to_owned()),
            (path("generated.proto"), PROTO.to_owned()),
        ])?;
        // An older package changes nothing of what is known.
        messages
            .add(&[(path("generated.proto"), "message Part {\n}\nmessage Old {\n}\n".into())])?;
        assert_eq!(
            messages.text()?,
            "@things v1\nOld\nPart\t2s:name\t3m2:\t1*?i:count\nRest\t1%?b:data\t2+?m1:parts\n"
        );
        Ok(())
    }

    #[test]
    fn only_sources_of_interfaces_are_read() {
        for (path, expected) in [
            ("./usr/share/gocode/src/k8s.io/api/core/v1/types.go", true),
            ("./usr/share/gocode/src/k8s.io/api/core/v1/generated.proto", true),
            ("./usr/share/gocode/src/k8s.io/api/core/v1/generated.pb.go", false),
            ("./usr/share/gocode/src/k8s.io/api/core/v1/types_test.go", false),
            ("./usr/share/doc/types.go", false),
        ] {
            assert_eq!(is_source(path), expected, "{path}");
        }
    }
}
