//! What an evaluation takes at most, before it starts: the library has no budget of its own.
//!
//! A step is about what it takes to copy one small value, or 16 bytes of text. The tree is gone through with the sizes
//! of values in their place: at each depth below a value, the most entries, the longest text and the greatest
//! weight. A loop takes its body as often as its list may have items, whether or not it would end before.

use kube_cel::cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators,
};
use serde_json::Value as Json;

use super::{Cannot, operators as replaced, vet};

/// How many steps may still be taken.
#[derive(Debug)]
pub(crate) struct Budget {
    left: u64,
}

impl Budget {
    pub(crate) fn new(left: u64) -> Budget {
        Budget { left }
    }

    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    pub(super) fn spend(&mut self, steps: u64) -> Result<(), Cannot> {
        self.left = self.left.checked_sub(steps).ok_or(Cannot::Afford)?;
        Ok(())
    }
}

/// The most of what there is at one depth below a value.
#[derive(Debug, Clone, Copy)]
struct Level {
    /// Entries of a list or an object.
    entries: u64,
    /// Bytes of a text.
    bytes: u64,
    /// Steps to copy it with all below.
    weight: u64,
}

const SCALAR: Level = Level { entries: 0, bytes: 0, weight: 1 };

impl Level {
    fn text(bytes: u64) -> Level {
        Level { entries: 0, bytes, weight: 1 + bytes / 16 }
    }

    fn most(self, other: Level) -> Level {
        Level {
            entries: self.entries.max(other.entries),
            bytes: self.bytes.max(other.bytes),
            weight: self.weight.max(other.weight),
        }
    }

    fn plus(self, other: Level) -> Level {
        if self.entries + self.bytes + other.entries + other.bytes == 0 {
            return self.most(other);
        }
        Level {
            entries: self.entries.saturating_add(other.entries),
            bytes: self.bytes.saturating_add(other.bytes),
            weight: self.weight.saturating_add(other.weight),
        }
    }

    /// What it is after so many times the growth from `before`.
    fn grown(self, before: Level, times: u64) -> Level {
        let grown =
            |was: u64, is: u64| was.saturating_add(is.saturating_sub(was).saturating_mul(times));
        Level {
            entries: grown(before.entries, self.entries),
            bytes: grown(before.bytes, self.bytes),
            weight: grown(before.weight, self.weight),
        }
    }
}

/// The sizes of a value, from itself down.
#[derive(Debug, Clone)]
pub(super) struct Sizes(Vec<Level>);

impl Sizes {
    fn scalar() -> Sizes {
        Sizes(vec![SCALAR])
    }

    fn text(bytes: u64) -> Sizes {
        Sizes(vec![Level::text(bytes)])
    }

    pub(super) fn of(json: &Json) -> Sizes {
        let mut sizes = Sizes(Vec::new());
        sizes.measure(json, 0);
        sizes
    }

    fn measure(&mut self, json: &Json, depth: usize) -> u64 {
        let level = match json {
            Json::Null | Json::Bool(_) | Json::Number(_) => SCALAR,
            Json::String(text) => Level::text(text.len() as u64),
            Json::Array(items) => {
                let weight = items.iter().map(|item| self.measure(item, depth + 1)).sum::<u64>();
                Level { entries: items.len() as u64, bytes: 0, weight: weight + 1 }
            }
            Json::Object(fields) => {
                let mut weight = 1;
                for (name, value) in fields {
                    let key = Level::text(name.len() as u64);
                    self.put(depth + 1, key);
                    weight += key.weight + self.measure(value, depth + 1);
                }
                Level { entries: fields.len() as u64, bytes: 0, weight }
            }
        };
        self.put(depth, level);
        level.weight
    }

    fn put(&mut self, depth: usize, level: Level) {
        while self.0.len() <= depth {
            self.0.push(SCALAR);
        }
        if let Some(at) = self.0.get_mut(depth) {
            *at = at.most(level);
        }
    }

    fn top(&self) -> Level {
        self.0.first().copied().unwrap_or(SCALAR)
    }

    pub(super) fn weight(&self) -> u64 {
        self.top().weight
    }

    fn below(&self) -> Sizes {
        Sizes(self.0.get(1..).filter(|rest| !rest.is_empty()).map_or(vec![SCALAR], <[_]>::to_vec))
    }

    fn above(mut self, top: Level) -> Sizes {
        self.0.insert(0, top);
        self
    }

    fn most(mut self, other: &Sizes) -> Sizes {
        for (depth, level) in other.0.iter().enumerate() {
            self.put(depth, *level);
        }
        self
    }

    /// With a top of both together.
    fn plus(self, other: &Sizes) -> Sizes {
        let top = self.top().plus(other.top());
        let mut both = self.most(other);
        both.put(0, top);
        both
    }
}

/// What an evaluation takes at most, the values that are read included.
pub(super) fn estimate(tree: &IdedExpr, value: &Json, old: Option<&Json>) -> u64 {
    let value = Sizes::of(value);
    let old = old.map_or_else(Sizes::scalar, Sizes::of);
    let steps = value.weight().saturating_add(old.weight()).saturating_mul(3);
    let mut estimate =
        Estimate { steps, bound: vec![("self".to_owned(), value), ("oldSelf".to_owned(), old)] };
    estimate.expression(tree);
    estimate.steps
}

/// What an evaluation takes at most where values of these sizes have names, and how large its value may be.
pub(super) fn estimate_in(tree: &IdedExpr, bound: Vec<(String, Sizes)>) -> (u64, Sizes) {
    let mut estimate = Estimate { steps: 0, bound };
    let sizes = estimate.expression(tree);
    (estimate.steps, sizes)
}

struct Estimate {
    steps: u64,
    bound: Vec<(String, Sizes)>,
}

impl Estimate {
    fn take(&mut self, steps: u64) {
        self.steps = self.steps.saturating_add(steps);
    }

    fn expression(&mut self, expression: &IdedExpr) -> Sizes {
        self.take(1);
        match &expression.expr {
            Expr::Literal(LiteralValue::String(text)) => Sizes::text(text.inner().len() as u64),
            Expr::Literal(LiteralValue::Bytes(bytes)) => Sizes::text(bytes.inner().len() as u64),
            Expr::Literal(_) | Expr::Unspecified | Expr::Struct(_) => Sizes::scalar(),
            Expr::Ident(name) => {
                let bound = self.bound.iter().rev().find(|(bound, _)| bound == name);
                bound.map_or_else(Sizes::scalar, |(_, sizes)| sizes.clone())
            }
            Expr::Select(select) => {
                let below = self.expression(&select.operand).below();
                self.take(below.weight());
                below
            }
            Expr::List(list) => {
                let items: Vec<Sizes> =
                    list.elements.iter().map(|item| self.expression(item)).collect();
                self.made(&items, items.len())
            }
            Expr::Map(map) => {
                let mut items = Vec::new();
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        items.push(self.expression(&entry.key));
                        items.push(self.expression(&entry.value));
                    }
                }
                self.made(&items, map.entries.len())
            }
            Expr::Comprehension(each) => self.each(each),
            Expr::Call(call) => self.call(call),
        }
    }

    fn made(&mut self, items: &[Sizes], entries: usize) -> Sizes {
        let weight = items.iter().map(Sizes::weight).fold(1, u64::saturating_add);
        self.take(weight);
        let below = items.iter().fold(Sizes::scalar(), Sizes::most);
        below.above(Level { entries: entries as u64, bytes: 0, weight })
    }

    fn each(&mut self, each: &ComprehensionExpr) -> Sizes {
        let range = self.expression(&each.iter_range);
        let start = self.expression(&each.accu_init);
        let times = range.top().entries;
        let outer = self.bound.len();
        self.bound.push((each.iter_var.clone(), range.below()));
        self.bound.push((each.accu_var.clone(), start.clone()));
        let before = self.steps;
        let once = self.expression(&each.loop_step);
        let mut end = once.clone().most(&start);
        end.put(0, once.top().grown(start.top(), times));
        self.bound.truncate(outer + 1);
        self.bound.push((each.accu_var.clone(), end.clone()));
        // Once more, with the most that is gathered.
        self.steps = 0;
        self.expression(&each.loop_cond);
        self.expression(&each.loop_step);
        let copies = end.weight().saturating_add(range.below().weight()).saturating_mul(2);
        let body = self.steps.saturating_add(copies).saturating_mul(times);
        self.steps = before.saturating_add(body);
        let result = self.expression(&each.result);
        self.bound.truncate(outer);
        result
    }

    fn call(&mut self, call: &CallExpr) -> Sizes {
        let qualified = vet::qualified(call);
        let target = call.target.as_ref().filter(|_| qualified.is_none());
        let target = target.map(|target| self.expression(target));
        let args = call.args.iter().map(|arg| self.expression(arg));
        let args: Vec<Sizes> = target.into_iter().chain(args.collect::<Vec<_>>()).collect();
        self.take(args.iter().map(Sizes::weight).fold(0, u64::saturating_add).saturating_mul(2));
        let arg = |index: usize| args.get(index).cloned().unwrap_or_else(Sizes::scalar);
        let (first, second) = (arg(0), arg(1));
        let bytes = first.top().bytes;
        let made = match qualified.unwrap_or(call.func_name.as_str()) {
            operators::CONDITIONAL => second.most(&arg(2)),
            operators::ADD => first.plus(&second),
            operators::INDEX | replaced::SELECT | replaced::FIELD | "min" | "max" => first.below(),
            "or" | "orValue" => first.most(&second),
            "sets.contains" | "sets.equivalent" | "sets.intersects" | "indexOf" | "lastIndexOf" => {
                self.take(first.weight().saturating_mul(second.weight()).saturating_mul(16));
                Sizes::scalar()
            }
            "distinct" => {
                self.take(first.weight().saturating_mul(first.weight()));
                first
            }
            replaced::ITEMS => {
                let weight = first.weight().saturating_add(1);
                first.above(Level { entries: 1, bytes: 0, weight })
            }
            "slice" | "value" | "optional.of" | "reverse" | "sort" | replaced::KEYS => first,
            "charAt" | "lowerAscii" | "upperAscii" | "substring" | "trim" | "string" | "find"
            | "getEscapedPath" | "getHost" | "getHostname" | "getPort" | "getScheme" => {
                Sizes::text(bytes.saturating_mul(3).saturating_add(64))
            }
            "split" | "findAll" => {
                let weight = bytes.saturating_mul(2).saturating_add(2);
                Sizes::text(bytes).above(Level {
                    entries: bytes.saturating_add(1),
                    bytes: 0,
                    weight,
                })
            }
            "replace" => {
                let more = bytes.saturating_mul(arg(2).top().bytes);
                Sizes::text(bytes.saturating_add(more))
            }
            // Lists of what is no text are printed, with the names of types.
            "join" => {
                let items = first.weight().saturating_mul(64);
                let between = first.top().entries.saturating_mul(second.top().bytes);
                Sizes::text(items.saturating_add(between))
            }
            "format" => Sizes::text(bytes.saturating_add(second.weight().saturating_mul(64))),
            _ => Sizes::scalar(),
        };
        self.take(made.weight());
        made
    }
}
