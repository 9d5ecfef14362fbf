//! What an expression costs at most for any object that fits a schema, before there is one: the estimate by which the
//! API server refuses rules that are too expensive.
//!
//! The numbers are the server's, as a definition that is taken here must be taken there. They say nothing of what an
//! evaluation takes in this program; that is in `cost.rs`. What the estimate does not know has no price, and is not
//! refused for one.
//!
//! Source of the contract: `google/cel-go:checker/cost.go`, `kubernetes/apiserver:pkg/cel/library/cost.go`.

mod calls;

use std::rc::Rc;

use kube_cel::cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators,
};

use super::declared::{Declared, Kind};
use super::vet;

/// What each sign of a text costs that is gone through.
const TRAVERSAL: f64 = 0.1;
const NEW_LIST: u64 = 10;
const NEW_MAP: u64 = 30;

/// What is known of the type of an expression.
#[derive(Debug, Clone, PartialEq)]
enum Type {
    /// Anything, as far as it is known.
    Dyn,
    /// Something of no size.
    Scalar,
    String,
    Bytes,
    List(Box<Type>),
    Map(Box<Type>),
    Object(Rc<Declared>),
    Optional(Box<Type>),
    /// Addresses, networks, quantities: compared in one step.
    Unit,
    Network,
}

impl Type {
    fn of(declared: &Rc<Declared>) -> Type {
        let element = || Box::new(declared.element.as_ref().map_or(Type::Dyn, Type::of));
        match declared.kind {
            Kind::Dyn => Type::Dyn,
            Kind::Bool | Kind::Int | Kind::Double | Kind::Timestamp | Kind::Duration => {
                Type::Scalar
            }
            Kind::String => Type::String,
            Kind::Bytes => Type::Bytes,
            Kind::List => Type::List(element()),
            Kind::Map => Type::Map(element()),
            Kind::Object => Type::Object(declared.clone()),
        }
    }

    fn is_scalar(&self) -> bool {
        match self {
            Type::Scalar => true,
            Type::Optional(inner) => inner.is_scalar(),
            _ => false,
        }
    }

    /// What is in it if it is optional.
    fn target(&self) -> &Type {
        match self {
            Type::Optional(inner) => inner,
            kind => kind,
        }
    }

    fn element(&self) -> Type {
        match self {
            Type::List(element) | Type::Map(element) | Type::Optional(element) => {
                (**element).clone()
            }
            _ => Type::Dyn,
        }
    }

    fn is(&self, wanted: impl Fn(&Type) -> bool) -> bool {
        *self == Type::Dyn || wanted(self)
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Size {
    least: u64,
    most: u64,
}

const UNKNOWN: Size = Size { least: 0, most: u64::MAX };

fn fixed(size: u64) -> Size {
    Size { least: size, most: size }
}

impl Size {
    fn union(self, other: Size) -> Size {
        Size { least: self.least.min(other.least), most: self.most.max(other.most) }
    }

    fn plus(self, other: Size) -> Size {
        Size {
            least: self.least.saturating_add(other.least),
            most: self.most.saturating_add(other.most),
        }
    }

    fn times(self, other: Size) -> Size {
        Size {
            least: self.least.saturating_mul(other.least),
            most: self.most.saturating_mul(other.most),
        }
    }

    /// What it costs to go through it.
    fn cost(self, factor: f64) -> u64 {
        factored(self.most, factor)
    }
}

fn factored(number: u64, factor: f64) -> u64 {
    // A number of this type that is too large becomes the largest.
    (number as f64 * factor).ceil() as u64
}

/// Sizes of what a list or a map holds.
#[derive(Debug, Clone, Copy)]
struct Entry {
    key: Size,
    value: Size,
}

fn both(one: Option<Entry>, other: Option<Entry>) -> Option<Entry> {
    let (one, other) = one.zip(other)?;
    Some(Entry { key: one.key.union(other.key), value: one.value.union(other.value) })
}

/// Where in the schema an expression comes from.
#[derive(Debug, Clone)]
enum Path {
    /// From no place of it.
    None,
    /// From a place that it does not say.
    Lost,
    At(Rc<Declared>),
}

impl Path {
    /// The place that is a step below. The server cuts the first name off a path, as it is that of a variable: what
    /// comes from no place has its next step for a variable, and so comes from the whole.
    fn step(&self, root: &Rc<Declared>, below: impl Fn(&Declared) -> Option<Rc<Declared>>) -> Path {
        match self {
            Path::None => Path::At(root.clone()),
            Path::Lost => Path::Lost,
            Path::At(declared) => below(declared).map_or(Path::Lost, Path::At),
        }
    }

    fn declared(&self) -> Option<&Rc<Declared>> {
        match self {
            Path::At(declared) => Some(declared),
            _ => None,
        }
    }
}

/// What is known of an expression.
#[derive(Debug, Clone)]
struct Known {
    cost: u64,
    kind: Type,
    /// Where in the schema it comes from.
    path: Path,
    /// Its size, where neither the schema nor its type says it.
    size: Option<Size>,
    entry: Option<Entry>,
}

impl Known {
    fn new(cost: u64, kind: Type) -> Known {
        Known { cost, kind, path: Path::None, size: None, entry: None }
    }

    fn sized(self, size: Size) -> Known {
        Known { size: Some(size), ..self }
    }

    fn size(&self) -> Option<Size> {
        let by_path = self.path.declared().map(|path| Size { least: 0, most: path.most });
        let by_type = self.kind.is_scalar().then(|| fixed(1));
        self.size.or(by_path).or(by_type)
    }

    fn size_or_unknown(&self) -> Size {
        self.size().unwrap_or(UNKNOWN)
    }
}

/// The type of keys.
fn key() -> Rc<Declared> {
    Rc::new(Declared {
        kind: Kind::String,
        most: 0,
        least_bytes: 2,
        fields: std::collections::BTreeMap::new(),
        element: None,
    })
}

struct Bound {
    name: String,
    known: Known,
    /// Its size where nothing else says it.
    size: Option<Size>,
}

/// What the types of an expression say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::crd) enum Priced {
    /// The most that it costs.
    At(u64),
    /// The first name that nothing declares: `undeclared reference to 'x' (in container '')`, and the name.
    Unknown(String, String),
    /// It has no price here.
    Nothing,
}

/// Names of types, and of what functions begin with.
const NAMES: [&str; 24] = [
    "int",
    "uint",
    "double",
    "bool",
    "string",
    "bytes",
    "list",
    "map",
    "null_type",
    "type",
    "dyn",
    "optional_type",
    "google",
    "math",
    "strings",
    "lists",
    "format",
    "net",
    "kubernetes",
    "cel",
    "base64",
    "jsonpatch",
    "sets",
    "optional",
];

/// Calls that declare names, and that the parser leaves as calls.
const MACROS: [&str; 13] = [
    "bind",
    "optMap",
    "optFlatMap",
    "transformList",
    "transformMap",
    "transformMapEntry",
    "sortBy",
    "all",
    "exists",
    "existsOne",
    "exists_one",
    "map",
    "filter",
];

/// What an expression over a value that is declared so costs.
pub(super) fn price(tree: &IdedExpr, declared: &Rc<Declared>, is_optional: bool) -> Priced {
    let known = |kind: Type| Known { path: Path::At(declared.clone()), ..Known::new(0, kind) };
    let old = match is_optional {
        true => known(Type::Optional(Box::new(Type::of(declared)))),
        false => known(Type::of(declared)),
    };
    let bound = |name: &str, known| Bound { name: name.to_owned(), known, size: None };
    let scope = vec![bound("self", known(Type::of(declared))), bound("oldSelf", old)];
    let mut price = Price { root: declared.clone(), scope, unknown: None };
    let known = price.of(tree);
    match (price.unknown, known) {
        (Some((what, name)), _) => Priced::Unknown(what, name),
        (None, Some(known)) => Priced::At(known.cost),
        (None, None) => Priced::Nothing,
    }
}

struct Price {
    root: Rc<Declared>,
    scope: Vec<Bound>,
    /// The first name that nothing declares, in words and by itself.
    unknown: Option<(String, String)>,
}

impl Price {
    fn of(&mut self, expression: &IdedExpr) -> Option<Known> {
        Some(match &expression.expr {
            Expr::Literal(literal) => match literal {
                LiteralValue::String(text) => {
                    Known::new(0, Type::String).sized(fixed(text.inner().chars().count() as u64))
                }
                LiteralValue::Bytes(bytes) => {
                    Known::new(0, Type::Bytes).sized(fixed(bytes.inner().len() as u64))
                }
                LiteralValue::Null => Known::new(0, Type::Dyn).sized(fixed(1)),
                _ => Known::new(0, Type::Scalar).sized(fixed(1)),
            },
            Expr::Ident(name) => {
                let bound = self.scope.iter().rev().find(|bound| bound.name == *name);
                let Some(bound) = bound else {
                    if NAMES.contains(&name.as_str()) {
                        return Some(Known::new(1, Type::Unit));
                    }
                    let what = format!("undeclared reference to '{name}' (in container '')");
                    self.unknown.get_or_insert((what, name.clone()));
                    return None;
                };
                let known = Known { cost: 1, ..bound.known.clone() };
                let size = known.size().or(bound.size);
                Known { size, ..known }
            }
            Expr::Select(select) => {
                let operand = self.of(&select.operand)?;
                if let Type::Object(declared) = operand.kind.target()
                    && !declared.fields.contains_key(&select.field)
                {
                    let what = format!("undefined field '{}'", select.field);
                    self.unknown.get_or_insert((what, format!(".{}", select.field)));
                    return None;
                }
                if select.test {
                    return Some(Known::new(operand.cost, Type::Scalar));
                }
                self.select(&operand, &select.field)
            }
            Expr::List(list) => {
                let mut cost = NEW_LIST;
                let mut value: Option<Size> = None;
                let mut kind: Option<Type> = None;
                for item in &list.elements {
                    let item = self.of(item)?;
                    cost = item.cost.saturating_add(cost);
                    let size = item.size_or_unknown();
                    value = Some(value.map_or(size, |value| value.union(size)));
                    kind = Some(match kind {
                        Some(kind) if kind != item.kind => Type::Dyn,
                        _ => item.kind,
                    });
                }
                let entry = Entry { key: fixed(1), value: value.unwrap_or(fixed(0)) };
                let kind = Type::List(Box::new(kind.unwrap_or(Type::Dyn)));
                let known = Known::new(cost, kind).sized(fixed(list.elements.len() as u64));
                Known { entry: Some(entry), ..known }
            }
            Expr::Map(map) => {
                let mut cost = NEW_MAP;
                let mut entry: Option<Entry> = None;
                let mut kind: Option<Type> = None;
                for one in &map.entries {
                    let EntryExpr::MapEntry(one) = &one.expr else { return None };
                    let (key, value) = (self.of(&one.key)?, self.of(&one.value)?);
                    cost = cost.saturating_add(key.cost).saturating_add(value.cost);
                    let this = Entry { key: key.size_or_unknown(), value: value.size_or_unknown() };
                    entry = Some(both(entry, Some(this)).unwrap_or(this));
                    kind = Some(match kind {
                        Some(kind) if kind != value.kind => Type::Dyn,
                        _ => value.kind,
                    });
                }
                let entry = entry.unwrap_or(Entry { key: fixed(0), value: fixed(0) });
                let kind = Type::Map(Box::new(kind.unwrap_or(Type::Dyn)));
                let known = Known::new(cost, kind).sized(fixed(map.entries.len() as u64));
                Known { entry: Some(entry), ..known }
            }
            Expr::Comprehension(each) => self.each(each)?,
            Expr::Call(call) => self.call(call)?,
            Expr::Struct(_) | Expr::Unspecified => return None,
        })
    }

    fn select(&self, operand: &Known, field: &str) -> Known {
        let target = operand.kind.target();
        let step = u64::from(matches!(target, Type::Object(_) | Type::Map(_)));
        // A path goes by names of fields; an entry of a map that is selected by name has none.
        let path = operand.path.step(&self.root, |declared| declared.fields.get(field).cloned());
        let kind = match target {
            Type::Object(declared) => declared.fields.get(field).map_or(Type::Dyn, Type::of),
            other => other.element(),
        };
        Known { path, ..Known::new(operand.cost.saturating_add(step), kind) }
    }

    fn each(&mut self, each: &ComprehensionExpr) -> Option<Known> {
        let range = self.of(&each.iter_range)?;
        let start = self.of(&each.accu_init)?;
        let outer = self.scope.len();
        let bind = |scope: &mut Vec<Bound>, name: &str, known: Known, size| {
            scope.push(Bound { name: name.to_owned(), known, size });
        };
        let is_literal = matches!(each.accu_init.expr, Expr::Literal(_));
        let mut accumulated = start.clone();
        let accumulated_size = start.size();
        // What is gathered is of what the step adds, which is known after it.
        if !is_literal {
            accumulated.kind = Type::Dyn;
        }
        bind(&mut self.scope, &each.accu_var, accumulated, accumulated_size);
        let is_map = matches!(range.kind, Type::Map(_));
        // Keys have no size in the server's types.
        let path = range.path.step(&self.root, |declared| match is_map {
            true => Some(key()),
            false => declared.element.clone(),
        });
        let (kind, size) = match &range.kind {
            Type::Map(_) => (Type::String, range.entry.map(|entry| entry.key)),
            other => (other.element(), range.entry.map(|entry| entry.value)),
        };
        let known = Known { path, ..Known::new(0, kind) };
        bind(&mut self.scope, &each.iter_var, known, size);
        let condition = self.of(&each.loop_cond)?;
        let step = self.of(&each.loop_step)?;
        self.scope.truncate(outer + 1);
        if let Some(bound) = self.scope.last_mut()
            && !is_literal
        {
            bound.known.kind = step.kind.clone();
        }
        let result = self.of(&each.result)?;
        self.scope.truncate(outer);
        let times = range.size_or_unknown();
        let loops = times.most.saturating_mul(step.cost.saturating_add(condition.cost));
        let cost = range.cost.saturating_add(start.cost).saturating_add(result.cost);
        let mut known = Known::new(cost.saturating_add(loops), result.kind);
        if is_literal {
            known.size = start.size();
        } else {
            known.size = Some(times);
            known.entry = step.entry;
        }
        Some(known)
    }

    fn call(&mut self, call: &CallExpr) -> Option<Known> {
        let qualified = vet::qualified(call);
        if MACROS.contains(&call.func_name.as_str()) {
            return None;
        }
        let target = match call.target.as_ref().filter(|_| qualified.is_none()) {
            Some(target) => Some(self.of(target)?),
            None => None,
        };
        let args: Vec<Known> = call.args.iter().map(|arg| self.of(arg)).collect::<Option<_>>()?;
        let sum = args.iter().map(|arg| arg.cost).fold(0, u64::saturating_add);
        let before = target.as_ref().map_or(0, |target| target.cost);
        let name = qualified.unwrap_or(call.func_name.as_str());
        let mut known = match (&target, args.as_slice()) {
            (None, [condition, yes, no]) if name == operators::CONDITIONAL => {
                let size = yes.size_or_unknown().union(no.size_or_unknown());
                let kind = if yes.kind == no.kind { yes.kind.clone() } else { Type::Dyn };
                let cost = condition.cost.saturating_add(yes.cost.max(no.cost));
                let entry = both(yes.entry, no.entry);
                return Some(Known { entry, ..Known::new(cost, kind).sized(size) });
            }
            (None, _) if matches!(name, operators::LOGICAL_AND | operators::LOGICAL_OR) => {
                return Some(Known::new(sum, Type::Scalar));
            }
            (None, [arg]) if name == "dyn" => {
                return Some(Known { cost: sum.saturating_add(1), kind: Type::Dyn, ..arg.clone() });
            }
            (None, [left, right]) if calls::is_operator(name) => {
                calls::operator(name, left, right, &self.root)
            }
            (target, args) => calls::function(name, target.as_ref(), args, call)?,
        };
        known.cost = known.cost.saturating_add(sum).saturating_add(before);
        Some(known)
    }
}
