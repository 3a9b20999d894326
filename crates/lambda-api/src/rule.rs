//! Validation of inputs against the model's constraints, with AWS's own messages.
//!
//! Generated code names each structure's members and their [`Rule`]s once ([`Shape::visit`]); the walk, the
//! checks and the texts are here.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::pattern::Pattern;
use crate::wire::{Blob, Timestamp};

/// A value in a message is cut here: a request may be tens of megabytes and its refusal must not be.
const VALUE_BYTES_MAX: usize = 64 * 1024;

/// The constraints of one shape of the model.
#[derive(Debug)]
pub struct Rule {
    pub length_min: Option<u64>,
    pub length_max: Option<u64>,
    pub value_min: Option<f64>,
    pub value_max: Option<f64>,
    pub values: &'static [&'static str],
    pub pattern: Option<&'static Pattern>,
    /// The rule of a map's keys.
    pub key: Option<&'static Rule>,
    /// The rule of a list's members or a map's values.
    pub member: Option<&'static Rule>,
    /// AWS leaves the value out of the message for these.
    pub sensitive: bool,
}

impl Rule {
    pub const NONE: Rule = Rule {
        length_min: None,
        length_max: None,
        value_min: None,
        value_max: None,
        values: &[],
        pattern: None,
        key: None,
        member: None,
        sensitive: false,
    };
}

/// What the model says about one member of a structure.
#[derive(Debug)]
pub struct MemberInfo {
    /// The wire name, such as `FunctionName`.
    pub name: &'static str,
    pub required: bool,
    pub rule: &'static Rule,
}

/// Sees each member of a structure in the model's order; `None` for one that is not set.
pub type Visit<'a> = &'a mut dyn FnMut(&'static MemberInfo, Option<&dyn Member>);

/// A structure of the model.
pub trait Shape {
    fn visit(&self, visit: Visit<'_>);

    /// The wire names of the top-level members that are set, so that one without a behaviour can be refused.
    fn present_members(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        self.visit(&mut |info, value| {
            if value.is_some() {
                names.push(info.name);
            }
        });
        names
    }

    /// Every constraint that does not hold, in the model's order.
    fn violations(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        check_members(self, None, &mut found);
        found
    }
}

/// One constraint that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub path: String,
    pub value: Shown,
    pub constraint: String,
}

/// How the value stands in the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    Null,
    Sensitive,
    Text(String),
}

/// AWS's text for a refused input: `2 validation errors detected: Value … ; Value …`.
pub fn message(violations: &[Violation]) -> String {
    let plural = if violations.len() == 1 { "" } else { "s" };
    let mut text = format!("{} validation error{plural} detected: ", violations.len());
    for (idx, violation) in violations.iter().enumerate() {
        let separator = if idx == 0 { "" } else { "; " };
        let value = match &violation.value {
            Shown::Null => " null".to_owned(),
            Shown::Sensitive => String::new(),
            Shown::Text(value) => format!(" '{value}'"),
        };
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "{separator}Value{value} at '{}' failed to satisfy constraint: {}",
            violation.path, violation.constraint
        );
    }
    text
}

/// Where a member is, linked on the stack: a valid request builds no path.
#[derive(Clone, Copy)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Member(&'a str),
    Element(usize),
    Entry(&'a str),
}

impl Path<'_> {
    fn write(&self, out: &mut String) {
        if let Some(parent) = self.parent {
            parent.write(out);
            out.push('.');
        }
        let _ = match self.step {
            Step::Member(name) => {
                let mut chars = name.chars();
                let first = chars.next().map(|c| c.to_ascii_lowercase());
                out.extend(first);
                out.push_str(chars.as_str());
                Ok(())
            }
            Step::Element(idx) => write!(out, "{}.member", idx + 1),
            Step::Entry(key) => write!(out, "{key}.member"),
        };
    }

    fn text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }
}

/// A value that rules are checked against.
pub trait Member {
    /// The texts of the rule's constraints that this value itself does not satisfy.
    fn failures(&self, rule: &Rule) -> Vec<String>;
    /// Prints the value as it stands in a message.
    fn print(&self, out: &mut String);
    /// Checks the members of structures inside.
    fn descend(&self, _path: &Path<'_>, _out: &mut Vec<Violation>) {}
}

fn check_members<S: Shape + ?Sized>(shape: &S, parent: Option<&Path<'_>>, out: &mut Vec<Violation>) {
    shape.visit(&mut |info, value| {
        let path = Path { parent, step: Step::Member(info.name) };
        let Some(value) = value else {
            if info.required {
                let constraint = "Member must not be null".to_owned();
                out.push(Violation { path: path.text(), value: Shown::Null, constraint });
            }
            return;
        };
        for constraint in value.failures(info.rule) {
            let shown = if info.rule.sensitive { Shown::Sensitive } else { Shown::Text(printed(value)) };
            out.push(Violation { path: path.text(), value: shown, constraint });
        }
        value.descend(&path, out);
    });
}

fn printed(value: &dyn Member) -> String {
    let mut text = String::new();
    value.print(&mut text);
    truncate(&mut text);
    text
}

fn truncate(text: &mut String) {
    if text.len() > VALUE_BYTES_MAX {
        let mut end = VALUE_BYTES_MAX;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push('…');
    }
}

fn length_text(bound: &str, n: u64) -> String {
    format!("Member must have length {bound} than or equal to {n}")
}

fn value_text(bound: &str, n: f64) -> String {
    format!("Member must have value {bound} than or equal to {n}")
}

fn enum_text(values: &[&str]) -> String {
    format!("Member must satisfy enum value set: [{}]", values.join(", "))
}

fn pattern_text(pattern: &Pattern) -> String {
    format!("Member must satisfy regular expression pattern: {}", pattern.source())
}

/// All of a rule's constraints as they are listed for something inside a list or a map.
fn listed(rule: &Rule) -> String {
    let mut texts = Vec::new();
    texts.extend(rule.length_max.map(|n| length_text("less", n)));
    texts.extend(rule.length_min.map(|n| length_text("greater", n)));
    texts.extend(rule.value_max.map(|n| value_text("less", n)));
    texts.extend(rule.value_min.map(|n| value_text("greater", n)));
    if !rule.values.is_empty() {
        texts.push(enum_text(rule.values));
    }
    texts.extend(rule.pattern.map(pattern_text));
    texts.extend(rule.member.filter(|_| rule.key.is_none()).map(|inner| inside("Member", inner)));
    texts.push("Member must not be null".to_owned());
    texts.join(", ")
}

fn inside(subject: &str, rule: &Rule) -> String {
    format!("{subject} must satisfy constraint: [{}]", listed(rule))
}

fn length_failures(rule: &Rule, len: u64) -> Vec<String> {
    let mut failures = Vec::new();
    failures.extend(rule.length_max.filter(|&max| len > max).map(|n| length_text("less", n)));
    failures.extend(rule.length_min.filter(|&min| len < min).map(|n| length_text("greater", n)));
    failures
}

fn value_failures(rule: &Rule, value: f64) -> Vec<String> {
    let mut failures = Vec::new();
    failures.extend(rule.value_max.filter(|&max| value > max).map(|n| value_text("less", n)));
    failures.extend(rule.value_min.filter(|&min| value < min).map(|n| value_text("greater", n)));
    failures
}

impl Member for String {
    fn failures(&self, rule: &Rule) -> Vec<String> {
        let mut failures = if rule.length_max.is_some() || rule.length_min.is_some() {
            // The service counts as Java does, in UTF-16 units.
            let len = if self.is_ascii() { self.len() } else { self.encode_utf16().count() };
            length_failures(rule, len as u64)
        } else {
            Vec::new()
        };
        if !rule.values.is_empty() && !rule.values.contains(&self.as_str()) {
            failures.push(enum_text(rule.values));
        }
        failures.extend(rule.pattern.filter(|pattern| !pattern.matches(self)).map(pattern_text));
        failures
    }

    fn print(&self, out: &mut String) {
        if out.len() <= VALUE_BYTES_MAX {
            out.push_str(self);
        }
    }
}

impl Member for i64 {
    fn failures(&self, rule: &Rule) -> Vec<String> {
        value_failures(rule, *self as f64)
    }

    fn print(&self, out: &mut String) {
        let _ = write!(out, "{self}");
    }
}

impl Member for f64 {
    fn failures(&self, rule: &Rule) -> Vec<String> {
        value_failures(rule, *self)
    }

    fn print(&self, out: &mut String) {
        // Java prints a whole double with its `.0`, as Rust's debug format does.
        let _ = write!(out, "{self:?}");
    }
}

impl Member for bool {
    fn failures(&self, _rule: &Rule) -> Vec<String> {
        Vec::new()
    }

    fn print(&self, out: &mut String) {
        let _ = write!(out, "{self}");
    }
}

impl Member for Timestamp {
    fn failures(&self, _rule: &Rule) -> Vec<String> {
        Vec::new()
    }

    fn print(&self, out: &mut String) {
        let _ = write!(out, "{}", self.0);
    }
}

impl Member for Blob {
    fn failures(&self, rule: &Rule) -> Vec<String> {
        length_failures(rule, self.0.len() as u64)
    }

    fn print(&self, out: &mut String) {
        let _ = write!(out, "java.nio.HeapByteBuffer[pos=0 lim={0} cap={0}]", self.0.len());
    }
}

impl<T: Member> Member for Vec<T> {
    fn failures(&self, rule: &Rule) -> Vec<String> {
        let mut failures = length_failures(rule, self.len() as u64);
        if let Some(member) = rule.member
            && self.iter().any(|value| !value.failures(member).is_empty())
        {
            failures.push(inside("Member", member));
        }
        failures
    }

    fn print(&self, out: &mut String) {
        out.push('[');
        for (idx, value) in self.iter().enumerate() {
            if idx > 0 {
                out.push_str(", ");
            }
            if out.len() > VALUE_BYTES_MAX {
                break;
            }
            value.print(out);
        }
        out.push(']');
    }

    fn descend(&self, path: &Path<'_>, out: &mut Vec<Violation>) {
        for (idx, value) in self.iter().enumerate() {
            value.descend(&Path { parent: Some(path), step: Step::Element(idx) }, out);
        }
    }
}

impl<T: Member> Member for BTreeMap<String, T> {
    fn failures(&self, rule: &Rule) -> Vec<String> {
        let mut failures = length_failures(rule, self.len() as u64);
        if let Some(key) = rule.key
            && self.keys().any(|value| !value.failures(key).is_empty())
        {
            failures.push(inside("Map keys", key));
        }
        if let Some(member) = rule.member
            && self.values().any(|value| !value.failures(member).is_empty())
        {
            failures.push(inside("Map value", member));
        }
        failures
    }

    fn print(&self, out: &mut String) {
        out.push('{');
        for (idx, (key, value)) in self.iter().enumerate() {
            if idx > 0 {
                out.push_str(", ");
            }
            if out.len() > VALUE_BYTES_MAX {
                break;
            }
            out.push_str(key);
            out.push('=');
            value.print(out);
        }
        out.push('}');
    }

    fn descend(&self, path: &Path<'_>, out: &mut Vec<Violation>) {
        for (key, value) in self {
            value.descend(&Path { parent: Some(path), step: Step::Entry(key) }, out);
        }
    }
}

impl<S: Shape> Member for S {
    fn failures(&self, _rule: &Rule) -> Vec<String> {
        Vec::new()
    }

    /// A structure has no constraint of its own, so it is printed only inside a list or map that is too long.
    fn print(&self, out: &mut String) {
        out.push('{');
        let mut first = true;
        self.visit(&mut |info, value| {
            let Some(value) = value.filter(|_| out.len() <= VALUE_BYTES_MAX) else { return };
            if !std::mem::replace(&mut first, false) {
                out.push_str(", ");
            }
            out.push_str(info.name);
            out.push('=');
            if !info.rule.sensitive {
                value.print(out);
            }
        });
        out.push('}');
    }

    fn descend(&self, path: &Path<'_>, out: &mut Vec<Violation>) {
        check_members(self, Some(path), out);
    }
}

/// Makes an optional member an object, for generated code.
pub fn member<T: Member>(value: &Option<T>) -> Option<&dyn Member> {
    value.as_ref().map(|value| value as &dyn Member)
}
