//! `{ $.level = "ERROR" && ($.ms > 100 || $.code NOT EXISTS) }`.
//!
//! ```text
//! pattern    = "{" or "}"
//! or         = and { "||" and }
//! and        = one { "&&" one }
//! one        = "(" or ")" | selector operator value | selector "IS" ("NULL"|"TRUE"|"FALSE") | selector "NOT EXISTS"
//! selector   = "$" { "." name | "[" number "]" | "['" name "']" }
//! ```

use super::{bad, read_quoted};
use fabric::telemetry::TelemetryError;
use serde_json::Value;

/// Parentheses inside each other: far more than any pattern has, far less than the stack holds.
const DEPTH_MAX: usize = 32;

#[derive(Debug, PartialEq)]
pub(crate) enum Condition {
    Any(Vec<Condition>),
    All(Vec<Condition>),
    Compare(Selector, Operator, Operand),
    Is(Selector, Value),
    Missing(Selector),
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Selector(Vec<Step>);

#[derive(Debug, PartialEq, Eq)]
enum Step {
    Member(String),
    Item(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Operand {
    Number(f64),
    /// May hold `*`, which stands for any text.
    Text(String),
}

pub(super) fn parse(text: &str) -> Result<Condition, TelemetryError> {
    let mut parser = Parser { rest: text };
    parser.expect("{")?;
    let condition = parser.any(0)?;
    parser.expect("}")?;
    match parser.rest.is_empty() {
        true => Ok(condition),
        false => Err(bad(format!("'{}' after the closing brace", parser.rest))),
    }
}

impl Condition {
    pub(super) fn holds(&self, document: &Value) -> bool {
        match self {
            Self::Any(conditions) => conditions.iter().any(|condition| condition.holds(document)),
            Self::All(conditions) => conditions.iter().all(|condition| condition.holds(document)),
            Self::Compare(selector, operator, operand) => {
                selector.find(document).is_some_and(|value| operator.holds(value, operand))
            }
            Self::Is(selector, expected) => selector.find(document) == Some(expected),
            Self::Missing(selector) => selector.find(document).is_none(),
        }
    }
}

impl Selector {
    fn find<'v>(&self, document: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(document, |value, step| match step {
            Step::Member(name) => value.get(name),
            Step::Item(index) => value.get(index),
        })
    }
}

impl Operator {
    fn holds(self, value: &Value, operand: &Operand) -> bool {
        match (value, operand) {
            (Value::Number(value), Operand::Number(operand)) => {
                let Some(order) = value.as_f64().and_then(|value| value.partial_cmp(operand)) else {
                    return false;
                };
                match self {
                    Self::Equal => order.is_eq(),
                    Self::NotEqual => order.is_ne(),
                    Self::Less => order.is_lt(),
                    Self::LessOrEqual => order.is_le(),
                    Self::Greater => order.is_gt(),
                    Self::GreaterOrEqual => order.is_ge(),
                }
            }
            (Value::String(text), operand) => self.holds_text(text, &operand.text()),
            (Value::Number(number), Operand::Text(wild)) => self.holds_text(&number.to_string(), wild),
            _ => false,
        }
    }

    fn holds_text(self, text: &str, wild: &str) -> bool {
        match self {
            Self::Equal => wild_match(text, wild),
            Self::NotEqual => !wild_match(text, wild),
            _ => false,
        }
    }
}

impl Operand {
    fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// Each part between stars is found left to right; the first and the last are tied to the ends.
fn wild_match(text: &str, wild: &str) -> bool {
    let Some((head, tail)) = wild.split_once('*') else { return text == wild };
    let Some(mut rest) = text.strip_prefix(head) else { return false };
    let mut parts: Vec<&str> = tail.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

struct Parser<'t> {
    rest: &'t str,
}

impl<'t> Parser<'t> {
    /// Takes `token` if it is next, and the blanks behind it.
    fn take(&mut self, token: &str) -> bool {
        match self.rest.trim_start().strip_prefix(token) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &str) -> Result<(), TelemetryError> {
        match self.take(token) {
            true => Ok(()),
            false => Err(bad(format!("'{token}' is expected before '{}'", self.rest))),
        }
    }

    fn any(&mut self, depth: usize) -> Result<Condition, TelemetryError> {
        if depth > DEPTH_MAX {
            return Err(bad("too many parentheses inside each other".to_owned()));
        }
        let mut conditions = vec![self.all(depth)?];
        while self.take("||") {
            conditions.push(self.all(depth)?);
        }
        Ok(Condition::Any(conditions))
    }

    fn all(&mut self, depth: usize) -> Result<Condition, TelemetryError> {
        let mut conditions = vec![self.one(depth)?];
        while self.take("&&") {
            conditions.push(self.one(depth)?);
        }
        Ok(Condition::All(conditions))
    }

    fn one(&mut self, depth: usize) -> Result<Condition, TelemetryError> {
        if self.take("(") {
            let condition = self.any(depth + 1)?;
            self.expect(")")?;
            return Ok(condition);
        }
        let selector = self.selector()?;
        if self.take("NOT EXISTS") {
            return Ok(Condition::Missing(selector));
        }
        if self.take("IS") {
            let value = match () {
                () if self.take("NULL") => Value::Null,
                () if self.take("TRUE") => Value::Bool(true),
                () if self.take("FALSE") => Value::Bool(false),
                () => return Err(bad(format!("NULL, TRUE or FALSE is expected before '{}'", self.rest))),
            };
            return Ok(Condition::Is(selector, value));
        }
        let operator = self.operator()?;
        let operand = self.operand()?;
        let ordered = !matches!(operator, Operator::Equal | Operator::NotEqual);
        if ordered && matches!(operand, Operand::Text(_)) {
            return Err(bad("only numbers can be compared with < > <= >=".to_owned()));
        }
        Ok(Condition::Compare(selector, operator, operand))
    }

    fn operator(&mut self) -> Result<Operator, TelemetryError> {
        let operators = [
            ("!=", Operator::NotEqual),
            ("<=", Operator::LessOrEqual),
            (">=", Operator::GreaterOrEqual),
            ("=", Operator::Equal),
            ("<", Operator::Less),
            (">", Operator::Greater),
        ];
        for (text, operator) in operators {
            if self.take(text) {
                return Ok(operator);
            }
        }
        Err(bad(format!("an operator is expected before '{}'", self.rest)))
    }

    fn operand(&mut self) -> Result<Operand, TelemetryError> {
        if let Some(quoted) = self.rest.strip_prefix('"') {
            let (text, rest) = read_quoted(quoted)?;
            self.rest = rest.trim_start();
            return Ok(Operand::Text(text));
        }
        let word = self.word(|letter| letter.is_alphanumeric() || "_-+.*:/@".contains(letter));
        if word.is_empty() {
            return Err(bad(format!("a value is expected before '{}'", self.rest)));
        }
        self.rest = self.rest.trim_start();
        // `f64` also reads "inf" and "NaN"; those are words here.
        let numeric = word.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
        match word.parse() {
            Ok(number) if numeric => Ok(Operand::Number(number)),
            _ => Ok(Operand::Text(word.to_owned())),
        }
    }

    fn selector(&mut self) -> Result<Selector, TelemetryError> {
        let Some(rest) = self.rest.strip_prefix('$') else {
            return Err(bad(format!("a selector ($.name) is expected before '{}'", self.rest)));
        };
        self.rest = rest;
        let mut steps = Vec::new();
        loop {
            if let Some(rest) = self.rest.strip_prefix('.') {
                self.rest = rest;
                let name = self.word(|letter| letter.is_alphanumeric() || "_-@".contains(letter));
                if name.is_empty() {
                    return Err(bad(format!("a member's name is expected before '{}'", self.rest)));
                }
                steps.push(Step::Member(name.to_owned()));
            } else if let Some(rest) = self.rest.strip_prefix('[') {
                let (inside, rest) =
                    rest.split_once(']').ok_or_else(|| bad("a bracket is not closed".to_owned()))?;
                self.rest = rest;
                steps.push(item(inside.trim())?);
            } else {
                break;
            }
        }
        self.rest = self.rest.trim_start();
        match steps.is_empty() {
            true => Err(bad("the selector $ names no member".to_owned())),
            false => Ok(Selector(steps)),
        }
    }

    fn word(&mut self, part: impl Fn(char) -> bool) -> &'t str {
        let end = self.rest.find(|letter| !part(letter)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }
}

/// What stands between brackets: a number or a quoted name.
fn item(inside: &str) -> Result<Step, TelemetryError> {
    for quote in ['\'', '"'] {
        if let Some(name) = inside.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return Ok(Step::Member(name.to_owned()));
        }
    }
    inside.parse().map(Step::Item).map_err(|_| bad(format!("'[{inside}]' is neither an index nor a name")))
}
