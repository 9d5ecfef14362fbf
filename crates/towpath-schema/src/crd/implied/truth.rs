//! What follows from the signs of expressions alone, whatever stands between them.
//!
//! A table of all outcomes that the parts can have. There are three, since in CEL a part that is an error makes `&&` and
//! `||` one only where the other parts do not decide. Outcomes that cannot be are left out as far as that is known: a
//! part that reads a field which is not there is an error.

use kube_cel::cel::common::ast::{
    CallExpr, Expr, IdedExpr, ListExpr, LiteralValue, SelectExpr, operators,
};

use super::bare;

/// How many different parts are looked at: of the 3 to the power of them, all are.
const MOST_PARTS: usize = 8;

/// Calls that need the values of all that they are given.
const STRICT: [&str; 13] = [
    operators::ADD,
    operators::SUBSTRACT,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::GREATER,
    operators::GREATER_EQUALS,
    operators::LESS,
    operators::LESS_EQUALS,
    operators::IN,
    operators::INDEX,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    True,
    False,
    Error,
}

use Outcome::{Error, False, True};

impl From<bool> for Outcome {
    fn from(value: bool) -> Outcome {
        if value { True } else { False }
    }
}

impl std::ops::Not for Outcome {
    type Output = Outcome;

    fn not(self) -> Outcome {
        match self {
            True => False,
            False => True,
            Error => Error,
        }
    }
}

/// An expression as its signs, with numbers for the parts between them.
#[derive(Debug)]
pub(super) enum Signs {
    Is(bool),
    Part(usize),
    Not(Box<Signs>),
    And(Vec<Signs>),
    Or(Vec<Signs>),
    If(Box<[Signs; 3]>),
    Same(Box<[Signs; 2]>),
}

impl Signs {
    pub(super) fn is_part(&self) -> bool {
        matches!(self, Signs::Part(_))
    }

    /// What it is where the parts are what `row` says.
    pub(super) fn of(&self, row: &[Outcome]) -> Outcome {
        match self {
            Signs::Is(value) => (*value).into(),
            Signs::Part(number) => row.get(*number).copied().unwrap_or(Error),
            Signs::Not(one) => !one.of(row),
            Signs::And(all) => decided(all, row, False),
            Signs::Or(any) => decided(any, row, True),
            Signs::If(parts) => match parts[0].of(row) {
                True => parts[1].of(row),
                False => parts[2].of(row),
                Error => Error,
            },
            Signs::Same(parts) => match (parts[0].of(row), parts[1].of(row)) {
                (Error, _) | (_, Error) => Error,
                (one, other) => (one == other).into(),
            },
        }
    }
}

/// One part that decides is enough; without it an error is one.
fn decided(parts: &[Signs], row: &[Outcome], decides: Outcome) -> Outcome {
    let mut outcome = !decides;
    for part in parts {
        match part.of(row) {
            it if it == decides => return decides,
            Error => outcome = Error,
            _ => {}
        }
    }
    outcome
}

/// The parts of the expressions that are compared.
#[derive(Debug, Default)]
pub(super) struct Table {
    parts: Vec<IdedExpr>,
    /// Where the first is true, the second is.
    follows: Vec<(usize, usize)>,
}

impl Table {
    pub(super) fn read(&mut self, expression: &IdedExpr) -> Signs {
        match &expression.expr {
            Expr::Literal(LiteralValue::Boolean(value)) => Signs::Is(*value.inner()),
            Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
                (operators::LOGICAL_AND, all) => Signs::And(self.read_all(all)),
                (operators::LOGICAL_OR, any) => Signs::Or(self.read_all(any)),
                (operators::LOGICAL_NOT, [one]) => Signs::Not(self.read(one).into()),
                (operators::CONDITIONAL, [cond, yes, no]) => {
                    Signs::If([self.read(cond), self.read(yes), self.read(no)].into())
                }
                (operators::EQUALS, [one, other]) if is_logic(one) && is_logic(other) => {
                    Signs::Same([self.read(one), self.read(other)].into())
                }
                (operators::NOT_EQUALS, [one, other]) => {
                    let (func_name, args) =
                        (operators::EQUALS.to_owned(), vec![one.clone(), other.clone()]);
                    let same = bare(Expr::Call(CallExpr { func_name, target: None, args }));
                    Signs::Not(self.read(&same).into())
                }
                _ => self.part(expression),
            },
            _ => self.part(expression),
        }
    }

    fn read_all(&mut self, expressions: &[IdedExpr]) -> Vec<Signs> {
        expressions.iter().map(|it| self.read(it)).collect()
    }

    fn part(&mut self, expression: &IdedExpr) -> Signs {
        let known = self.parts.iter().position(|it| it == expression);
        Signs::Part(known.unwrap_or_else(|| {
            self.parts.push(expression.clone());
            self.parts.len() - 1
        }))
    }

    /// Learns which parts follow from which, and forgets nothing.
    pub(super) fn learn(&mut self, mut follows: impl FnMut(&IdedExpr, &IdedExpr) -> bool) {
        for (a, was) in self.parts.iter().enumerate() {
            for (b, is) in self.parts.iter().enumerate() {
                if a != b && follows(was, is) {
                    self.follows.push((a, b));
                }
            }
        }
    }

    /// How many rows there are, at most; [`None`] if they are too many to be looked at.
    pub(super) fn rows(&self) -> Option<u32> {
        let parts = u32::try_from(self.parts.len()).ok()?;
        (self.parts.len() <= MOST_PARTS).then(|| 3_u32.pow(parts))
    }

    /// Whether a claim holds whatever the parts are.
    pub(super) fn always(&self, claim: impl Fn(&[Outcome]) -> bool) -> bool {
        let mut row = Vec::with_capacity(self.parts.len());
        self.rows().is_some() && self.all_rows(&mut row, &claim)
    }

    fn all_rows(&self, row: &mut Vec<Outcome>, claim: &impl Fn(&[Outcome]) -> bool) -> bool {
        let Some(part) = self.parts.get(row.len()) else {
            return !self.can_be(row) || claim(row);
        };
        outcomes(part).iter().all(|outcome| {
            row.push(*outcome);
            let holds = self.all_rows(row, claim);
            row.pop();
            holds
        })
    }

    fn can_be(&self, row: &[Outcome]) -> bool {
        let is = |number: usize| row.get(number).copied().unwrap_or(Error);
        let missing = self.parts.iter().zip(row).filter(|(_, outcome)| **outcome == False);
        let missing: Vec<&SelectExpr> = missing.filter_map(|(part, _)| tested(part)).collect();
        let reads = |part: &IdedExpr| missing.iter().any(|field| needs(part, field));
        !self.follows.iter().any(|(a, b)| is(*a) == True && is(*b) != True)
            && !self.parts.iter().zip(row).any(|(part, it)| *it != Error && reads(part))
    }
}

/// Whether it is true, false or an error, and nothing else.
fn is_logic(expression: &IdedExpr) -> bool {
    match &expression.expr {
        Expr::Literal(LiteralValue::Boolean(_)) => true,
        Expr::Select(select) => select.test,
        Expr::Call(call) => matches!(
            call.func_name.as_str(),
            operators::LOGICAL_AND
                | operators::LOGICAL_OR
                | operators::LOGICAL_NOT
                | operators::EQUALS
                | operators::NOT_EQUALS
        ),
        _ => false,
    }
}

fn tested(expression: &IdedExpr) -> Option<&SelectExpr> {
    match &expression.expr {
        Expr::Select(select) if select.test => Some(select),
        _ => None,
    }
}

fn outcomes(part: &IdedExpr) -> &'static [Outcome] {
    match &part.expr {
        // A variable has a value, so it is known whether a field is there.
        Expr::Select(select) if select.test && matches!(select.operand.expr, Expr::Ident(_)) => {
            &[True, False]
        }
        Expr::Call(call)
            if call.func_name == operators::EQUALS && call.args.first() == call.args.last() =>
        {
            &[True, Error]
        }
        _ => &[True, False, Error],
    }
}

/// Whether an expression has no value without this field.
fn needs(expression: &IdedExpr, field: &SelectExpr) -> bool {
    match &expression.expr {
        Expr::Select(select) => {
            let is_it =
                !select.test && select.field == field.field && select.operand == field.operand;
            is_it || needs(&select.operand, field)
        }
        Expr::Call(call) => {
            let strict = STRICT.contains(&call.func_name.as_str());
            call.target.iter().any(|it| needs(it, field))
                || (strict && call.args.iter().any(|it| needs(it, field)))
        }
        Expr::List(ListExpr { elements, .. }) => elements.iter().any(|it| needs(it, field)),
        Expr::Comprehension(each) => needs(&each.iter_range, field),
        _ => false,
    }
}

/// The same of another variable; [`None`] for what binds variables of its own.
pub(super) fn renamed(expression: &IdedExpr, from: &str, to: &str) -> Option<IdedExpr> {
    let all =
        |list: &[IdedExpr]| list.iter().map(|it| renamed(it, from, to)).collect::<Option<Vec<_>>>();
    Some(bare(match &expression.expr {
        Expr::Ident(name) if name == from => Expr::Ident(to.to_owned()),
        Expr::Literal(_) | Expr::Ident(_) => expression.expr.clone(),
        Expr::Select(select) => {
            let operand = Box::new(renamed(&select.operand, from, to)?);
            Expr::Select(SelectExpr { operand, field: select.field.clone(), test: select.test })
        }
        Expr::Call(call) => {
            let target = match &call.target {
                Some(target) => Some(Box::new(renamed(target, from, to)?)),
                None => None,
            };
            Expr::Call(CallExpr {
                func_name: call.func_name.clone(),
                target,
                args: all(&call.args)?,
            })
        }
        Expr::List(ListExpr { elements, optional_indices }) => Expr::List(ListExpr {
            elements: all(elements)?,
            optional_indices: optional_indices.clone(),
        }),
        _ => return None,
    }))
}
