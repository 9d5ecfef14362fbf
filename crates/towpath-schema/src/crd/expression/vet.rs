//! What of an expression is let in: what the library answers as the API server does, and without a panic. The rest
//! is refused by name.

use std::collections::BTreeSet;

use kube_cel::cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};
use kube_cel::cel::parser::Parser;

use super::context::Pattern;
use super::{Refused, macros, operators as replaced};
use crate::crd::patterns::Patterns;

/// An expression that may be evaluated.
#[derive(Debug)]
pub(super) struct Vetted {
    pub(super) tree: IdedExpr,
    /// Patterns that were written out; the expression has their names instead.
    pub(super) patterns: Vec<(String, Pattern)>,
    pub(super) names_old_self: bool,
    pub(super) has_loops: bool,
    /// Whether it reads a field of something else than the value itself: the library says `false` where that is null.
    pub(super) reads_below: bool,
    /// Whether it makes a list or a text in the order of what it goes through.
    pub(super) keeps_order: bool,
    /// Whether it compares or adds two values of which none is written out.
    pub(super) compares_values: bool,
    /// Whether it reads a field of the old value itself, which may be an optional one.
    pub(super) selects_from_old: bool,
    /// Names of values that it reads, `variables.x` with the name of the variable.
    pub(super) reads: BTreeSet<String>,
}

/// Functions with the number of their arguments, the one before the dot included.
///
/// Left out, although the library has them: `split` and `replace` of nothing; what no definition was seen to use.
const FUNCTIONS: &[(&str, usize, usize)] = &[
    ("add", 2, 2),
    ("asApproximateFloat", 1, 1),
    ("asInteger", 1, 1),
    ("charAt", 2, 2),
    ("cidr", 1, 1),
    ("compareTo", 2, 2),
    ("contains", 2, 2),
    ("containsCIDR", 2, 2),
    ("containsIP", 2, 2),
    ("distinct", 1, 1),
    ("double", 1, 1),
    ("duration", 1, 1),
    ("endsWith", 2, 2),
    ("family", 1, 1),
    ("find", 2, 2),
    ("findAll", 2, 3),
    ("format", 2, 2),
    ("getDate", 1, 1),
    ("getDayOfMonth", 1, 1),
    ("getDayOfWeek", 1, 1),
    ("getEscapedPath", 1, 1),
    ("getFullYear", 1, 1),
    ("getHost", 1, 1),
    ("getHostname", 1, 1),
    ("getHours", 1, 1),
    ("getMilliseconds", 1, 1),
    ("getMinutes", 1, 1),
    ("getMonth", 1, 1),
    ("getPort", 1, 1),
    ("getScheme", 1, 1),
    ("getSeconds", 1, 1),
    ("hasValue", 1, 1),
    ("indexOf", 2, 3),
    ("int", 1, 1),
    ("ip", 1, 1),
    ("isCIDR", 1, 1),
    ("isGlobalUnicast", 1, 1),
    ("isGreaterThan", 2, 2),
    ("isIP", 1, 1),
    ("isInteger", 1, 1),
    ("isLessThan", 2, 2),
    ("isLinkLocalMulticast", 1, 1),
    ("isLinkLocalUnicast", 1, 1),
    ("isLoopback", 1, 1),
    ("isQuantity", 1, 1),
    ("isSorted", 1, 1),
    ("isURL", 1, 1),
    ("isUnspecified", 1, 1),
    ("join", 1, 2),
    ("lastIndexOf", 2, 3),
    ("lowerAscii", 1, 1),
    ("masked", 1, 1),
    ("matches", 2, 2),
    ("max", 1, 1),
    ("min", 1, 1),
    ("or", 2, 2),
    ("orValue", 2, 2),
    ("prefixLength", 1, 1),
    ("quantity", 1, 1),
    ("replace", 3, 4),
    ("reverse", 1, 1),
    ("sign", 1, 1),
    ("size", 1, 1),
    ("slice", 3, 3),
    ("sort", 1, 1),
    ("split", 2, 3),
    ("startsWith", 2, 2),
    ("string", 1, 1),
    ("sub", 2, 2),
    ("substring", 2, 3),
    ("sum", 1, 1),
    ("timestamp", 1, 1),
    ("trim", 1, 1),
    ("type", 1, 1),
    ("upperAscii", 1, 1),
    ("url", 1, 1),
    ("value", 1, 1),
];

/// Functions whose name has a dot; what is before it is no value.
const QUALIFIED: &[(&str, usize)] = &[
    ("ip.isCanonical", 1),
    ("optional.none", 0),
    ("optional.of", 1),
    ("sets.contains", 2),
    ("sets.equivalent", 2),
    ("sets.intersects", 2),
];

/// What the values that an expression defines for others are fields of.
const VARIABLES: &str = "variables";

/// Names that mean something to the API server and can be used here in one form or none.
const UNKNOWN: [&str; 2] = [VARIABLES, "authorizer"];

/// The whole name of a function whose name has a dot.
pub(super) fn qualified(call: &CallExpr) -> Option<&'static str> {
    let Some(Expr::Ident(before)) = call.target.as_ref().map(|target| &target.expr) else {
        return None;
    };
    let is_it = |name: &str| name.split_once('.') == Some((before, &call.func_name));
    QUALIFIED.iter().map(|(name, _)| *name).find(|name| is_it(name))
}

/// Parses a text that was scanned.
pub(super) fn parse(text: &str) -> Result<IdedExpr, Refused> {
    let parser = Parser::new().enable_optional_syntax(true);
    parser.parse(text).map_err(|errors| {
        let first = errors.errors.into_iter().next();
        Refused::Syntax(first.map_or_else(|| "no reason given".to_owned(), |error| error.msg))
    })
}

/// The first fault of a text: its line and its column, from 1, and what it is.
pub(super) fn fault(text: &str) -> Option<(usize, usize, String)> {
    let errors = Parser::new().enable_optional_syntax(true).parse(text).err()?;
    let first = errors.errors.into_iter().next()?;
    let (line, column) = first.pos;
    Some((usize::try_from(line).ok()?, usize::try_from(column).ok()?, first.msg))
}

/// Parses a text that was scanned, and lets it in or does not.
pub(super) fn vet(text: &str) -> Result<Vetted, Refused> {
    vet_with(text, &["self", "oldSelf"], false)
}

/// The same for an expression over values of these names, which have no schema.
pub(super) fn vet_dynamic(text: &str, names: &[&str]) -> Result<Vetted, Refused> {
    vet_with(text, names, true)
}

fn vet_with(text: &str, names: &[&str], is_dynamic: bool) -> Result<Vetted, Refused> {
    let names = names.iter().copied().chain(replaced::TYPES);
    let mut vetting = Vetting {
        done: Vetted {
            tree: IdedExpr::default(),
            patterns: Vec::new(),
            names_old_self: false,
            has_loops: false,
            reads_below: false,
            keeps_order: false,
            compares_values: false,
            selects_from_old: false,
            reads: BTreeSet::new(),
        },
        is_dynamic,
        bound: names.map(str::to_owned).collect(),
        compiled: Patterns::default(),
    };
    let mut tree = parse(text)?;
    vetting.expression(&mut tree)?;
    Ok(Vetted { tree, ..vetting.done })
}

struct Vetting {
    done: Vetted,
    /// Whether any value may be null or of any type.
    is_dynamic: bool,
    /// Names of variables.
    bound: Vec<String>,
    compiled: Patterns,
}

fn unsupported<T>(what: impl Into<String>) -> Result<T, Refused> {
    Err(Refused::Unsupported(what.into()))
}

fn literal(expression: &IdedExpr) -> Option<&str> {
    match &expression.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}

impl Vetting {
    fn expression(&mut self, expression: &mut IdedExpr) -> Result<(), Refused> {
        if let Expr::Call(call) = &mut expression.expr {
            let replaced = match (call.func_name.as_str(), &call.target, call.args.len()) {
                // It says something to the compiler of the server, and nothing to anybody else.
                ("dyn", None, 1) => call.args.pop(),
                _ => macros::expand(call),
            };
            if let Some(replaced) = replaced {
                *expression = replaced;
                return self.expression(expression);
            }
        }
        match &mut expression.expr {
            Expr::Unspecified => return unsupported("an expression that is empty"),
            Expr::Struct(_) => return unsupported("a message"),
            // The library does not compare them with other numbers.
            Expr::Literal(LiteralValue::UInt(_)) => return unsupported("unsigned numbers"),
            Expr::Literal(_) => {}
            Expr::Ident(name) => {
                if self.is_dynamic && UNKNOWN.contains(&name.as_str()) {
                    return unsupported(format!("{name} in this form"));
                }
                if !self.bound.contains(name) {
                    return Err(Refused::Undeclared(name.clone()));
                }
                self.done.names_old_self |= name == "oldSelf";
                self.done.reads.insert(name.clone());
            }
            Expr::Select(select) => {
                if self.is_dynamic
                    && matches!(&select.operand.expr, Expr::Ident(name) if name == VARIABLES)
                {
                    let name = format!("{VARIABLES}.{}", select.field);
                    expression.expr = match (self.bound.contains(&name), select.test) {
                        (false, _) => return Err(Refused::Undeclared(name)),
                        (true, true) => Expr::Literal(LiteralValue::Boolean(true.into())),
                        (true, false) => Expr::Ident(name.clone()),
                    };
                    self.done.reads.insert(name);
                    return Ok(());
                }
                self.expression(&mut select.operand)?;
                let name = match &select.operand.expr {
                    Expr::Ident(name) => name.as_str(),
                    _ => "",
                };
                self.done.reads_below |= !name.ends_with("elf");
                self.done.selects_from_old |= name == "oldSelf";
                let is_optional = Self::is_optional(&select.operand);
                if is_optional && select.test {
                    return unsupported("a field of an optional value");
                }
                // The library says `false` for a field of what has none.
                if is_optional || (self.is_dynamic && !select.test) {
                    let function = if is_optional { replaced::SELECT } else { replaced::FIELD };
                    let field = Expr::Literal(LiteralValue::String(select.field.as_str().into()));
                    let operand = std::mem::take(&mut *select.operand);
                    expression.expr = Expr::Call(CallExpr {
                        func_name: function.to_owned(),
                        target: None,
                        args: vec![operand, IdedExpr { id: 0, expr: field }],
                    });
                }
            }
            Expr::List(list) => {
                list.elements.iter_mut().try_for_each(|item| self.expression(item))?;
            }
            Expr::Map(map) => {
                for entry in &mut map.entries {
                    match &mut entry.expr {
                        EntryExpr::MapEntry(entry) => {
                            self.expression(&mut entry.key)?;
                            self.expression(&mut entry.value)?;
                        }
                        EntryExpr::StructField(_) => return unsupported("a message"),
                    }
                }
            }
            Expr::Comprehension(each) => {
                let is_bind = macros::is_bind(each);
                self.done.has_loops |= !is_bind;
                self.done.keeps_order |= matches!(each.accu_init.expr, Expr::List(_));
                self.expression(&mut each.iter_range)?;
                self.expression(&mut each.accu_init)?;
                // The library forgets that it is one.
                if Self::is_optional(&each.accu_init) {
                    return unsupported("an optional value with a name");
                }
                let outer = self.bound.len();
                self.bound.extend([each.iter_var.clone(), each.accu_var.clone()]);
                self.expression(&mut each.loop_cond)?;
                self.expression(&mut each.loop_step)?;
                self.expression(&mut each.result)?;
                self.bound.truncate(outer);
            }
            Expr::Call(call) => self.call(call)?,
        }
        Ok(())
    }

    fn call(&mut self, call: &mut CallExpr) -> Result<(), Refused> {
        if !call.func_name.starts_with(['_', '!', '@', '-']) {
            return self.function(call);
        }
        call.args.iter_mut().try_for_each(|arg| self.expression(arg))?;
        let is_written = |arg: &IdedExpr| matches!(arg.expr, Expr::Literal(_));
        let is_plain = |arg: &IdedExpr| match &arg.expr {
            Expr::Literal(literal) => {
                !matches!(literal, LiteralValue::Int(_) | LiteralValue::Double(_))
            }
            _ => false,
        };
        let name = call.func_name.as_str();
        let compares = matches!(
            name,
            operators::EQUALS | operators::NOT_EQUALS | operators::IN | operators::ADD
        );
        self.done.compares_values |= compares && !call.args.iter().any(is_written);
        // Beside a text that is written out the library compares as the language does.
        let is_left = compares && call.args.iter().any(is_plain);
        let first = call.args.first();
        let replaced = match name {
            operators::OPT_SELECT | operators::OPT_INDEX => {
                self.done.reads_below = true;
                replaced::SELECT
            }
            operators::INDEX if first.is_some_and(Self::is_optional) => replaced::SELECT,
            operators::NEGATE => replaced::NEGATE,
            operators::EQUALS if !is_left => replaced::EQUAL,
            operators::NOT_EQUALS if !is_left => replaced::DIFFER,
            operators::IN if !is_left => replaced::WITHIN,
            _ => return Ok(()),
        };
        call.func_name = replaced.to_owned();
        Ok(())
    }

    /// Whether an expression may be an optional value, of which fields are selected in another way.
    fn is_optional(expression: &IdedExpr) -> bool {
        let call = match &expression.expr {
            Expr::Comprehension(each) => {
                return macros::is_bind(each) && Self::is_optional(&each.result);
            }
            Expr::Call(call) => call,
            _ => return false,
        };
        match call.func_name.as_str() {
            replaced::SELECT | "or" => true,
            "of" | "none" => qualified(call).is_some(),
            operators::CONDITIONAL => call.args.iter().skip(1).any(Self::is_optional),
            operators::INDEX => call.args.first().is_some_and(Self::is_optional),
            _ => false,
        }
    }

    fn function(&mut self, call: &mut CallExpr) -> Result<(), Refused> {
        let name = call.func_name.clone();
        let count = call.args.len() + usize::from(call.target.is_some());
        if let Some(qualified) = qualified(call) {
            if !QUALIFIED.contains(&(qualified, call.args.len())) {
                return unsupported(format!("the function {qualified}"));
            }
            self.done.compares_values |= qualified.starts_with("sets.");
            return call.args.iter_mut().try_for_each(|arg| self.expression(arg));
        }
        let is_known = |(known, least, most): &(&str, usize, usize)| {
            *known == name && (*least..=*most).contains(&count)
        };
        if !FUNCTIONS.iter().any(is_known) {
            return unsupported(format!("the function {name}"));
        }
        self.done.keeps_order |= name == "format";
        match name.as_str() {
            "matches" | "find" | "findAll" => self.pattern(call)?,
            "split" | "replace"
                if call.args.first().and_then(literal).is_none_or(str::is_empty) =>
            {
                return unsupported(format!("{name} with what is not written out, or is empty"));
            }
            "format" if !call.target.as_deref().and_then(literal).is_some_and(is_simple) => {
                return unsupported("format with other verbs than %s and %d");
            }
            _ => {}
        }
        if let Some(target) = &mut call.target {
            self.expression(target)?;
        }
        call.args.iter_mut().try_for_each(|arg| self.expression(arg))
    }

    /// Compiles a pattern that is written out, and puts its name in its place.
    fn pattern(&mut self, call: &mut CallExpr) -> Result<(), Refused> {
        let (Some(_), [arg, ..]) = (&call.target, call.args.as_mut_slice()) else {
            return unsupported(format!("the function {}", call.func_name));
        };
        let Some(pattern) = literal(arg) else {
            return unsupported("a pattern that is not written out");
        };
        let Some(regex) = self.compiled.compile(pattern) else {
            return unsupported(format!("pattern {pattern}"));
        };
        // No name of the language begins like this.
        let name = format!("@pattern{}", self.done.patterns.len());
        arg.expr = Expr::Ident(name.clone());
        self.bound.insert(0, name.clone());
        self.done.patterns.push((name, Pattern(regex)));
        Ok(())
    }
}

/// Whether a text has no other verbs than `%s`, `%d` and `%%`.
fn is_simple(text: &str) -> bool {
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c == '%' && !matches!(rest.next(), Some('s' | 'd' | '%')) {
            return false;
        }
    }
    true
}
