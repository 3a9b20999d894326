//! The model's patterns are Java regular expressions with look-around and Unicode classes, and a client
//! chooses the text they are matched against. So: a small engine of our own that understands the Java
//! subset the models use and simulates the automaton, with time linear in the text whatever the pattern
//! (a backtracking engine can be made to run for ever; the small public ones have no look-around).
//!
//! Matching is always of the whole text, as the service's own validator does it.

use std::sync::OnceLock;

mod parse;

use parse::Node;

/// Longer texts fail the check without being scanned: no member that has a pattern may be this long.
const TEXT_BYTES_MAX: usize = 1024 * 1024;

/// A pattern of the model, compiled at its first use.
#[derive(Debug)]
pub struct Pattern {
    source: &'static str,
    program: OnceLock<Result<Program, PatternError>>,
}

/// Why a pattern of the model cannot be compiled. Tests prove that this never happens for the kept models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternError {
    pub offset: usize,
    pub reason: &'static str,
}

impl Pattern {
    pub const fn new(source: &'static str) -> Self {
        Self { source, program: OnceLock::new() }
    }

    /// The text as the model has it, for the message.
    pub fn source(&self) -> &'static str {
        self.source
    }

    /// Compiles now, to prove that the pattern is understood.
    pub fn compile(&self) -> Result<(), PatternError> {
        self.program().as_ref().map(|_| ()).map_err(Clone::clone)
    }

    /// Whether the whole of `text` matches. A pattern that is not understood refuses everything.
    pub fn matches(&self, text: &str) -> bool {
        if text.len() > TEXT_BYTES_MAX {
            return false;
        }
        match self.program() {
            Ok(program) => program.run(text, 0, true),
            Err(_) => false,
        }
    }

    fn program(&self) -> &Result<Program, PatternError> {
        self.program.get_or_init(|| parse::parse(self.source).map(|node| Program::compile(&node)))
    }
}

/// A set of characters: a bitmap for ASCII, ranges and Unicode categories beyond.
#[derive(Debug, Clone, Default)]
pub(crate) struct Class {
    ascii: u128,
    ranges: Vec<(char, char)>,
    categories: Vec<Category>,
    negated: bool,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Category {
    Letter,
    Number,
    Separator,
    Space,
    NotSpace,
    LineTerminator,
}

impl Category {
    fn contains(self, c: char) -> bool {
        match self {
            // `is_alphabetic` also admits combining vowel signs, which \p{L} does not: wider by those marks.
            Self::Letter => c.is_alphabetic() && !c.is_numeric(),
            Self::Number => c.is_numeric(),
            Self::Separator => c.is_whitespace() && !c.is_control(),
            Self::Space => matches!(c, ' ' | '\t'..='\r'),
            Self::NotSpace => !matches!(c, ' ' | '\t'..='\r'),
            Self::LineTerminator => matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}'),
        }
    }
}

impl Class {
    pub(crate) fn add_range(&mut self, from: char, to: char) {
        self.ranges.push((from, to));
    }

    pub(crate) fn add_category(&mut self, category: Category) {
        self.categories.push(category);
    }

    pub(crate) fn negate(&mut self) {
        self.negated = true;
    }

    fn with_bitmap(mut self) -> Self {
        self.ascii = 0;
        for byte in 0..128u8 {
            if self.lookup(char::from(byte)) {
                self.ascii |= 1 << byte;
            }
        }
        self
    }

    fn lookup(&self, c: char) -> bool {
        let inside = self.ranges.iter().any(|&(from, to)| from <= c && c <= to)
            || self.categories.iter().any(|category| category.contains(c));
        inside != self.negated
    }

    fn contains(&self, c: char) -> bool {
        if c.is_ascii() { self.ascii >> (c as u32) & 1 == 1 } else { self.lookup(c) }
    }
}

#[derive(Debug)]
enum Inst {
    Class(Class),
    Split(usize, usize),
    Jump(usize),
    Start,
    End,
    Ahead { negative: bool, program: Program },
    Behind { negative: bool, class: Class },
    Match,
}

#[derive(Debug)]
struct Program {
    insts: Vec<Inst>,
}

impl Program {
    fn compile(node: &Node) -> Self {
        let mut program = Self { insts: Vec::new() };
        program.emit(node);
        program.insts.push(Inst::Match);
        program
    }

    fn emit(&mut self, node: &Node) {
        match node {
            Node::Empty => {}
            Node::Class(class) => self.insts.push(Inst::Class(class.clone().with_bitmap())),
            Node::Start => self.insts.push(Inst::Start),
            Node::End => self.insts.push(Inst::End),
            Node::Concat(nodes) => nodes.iter().for_each(|node| self.emit(node)),
            Node::Alternate(nodes) => self.emit_alternate(nodes),
            Node::Repeat { node, min, max } => self.emit_repeat(node, *min, *max),
            Node::Ahead { negative, node } => {
                self.insts.push(Inst::Ahead { negative: *negative, program: Self::compile(node) });
            }
            Node::Behind { negative, class } => {
                self.insts.push(Inst::Behind { negative: *negative, class: class.clone().with_bitmap() });
            }
        }
    }

    fn emit_alternate(&mut self, nodes: &[Node]) {
        let mut jumps = Vec::new();
        for (idx, node) in nodes.iter().enumerate() {
            if idx + 1 == nodes.len() {
                self.emit(node);
            } else {
                let split = self.insts.len();
                self.insts.push(Inst::Split(split + 1, 0));
                self.emit(node);
                jumps.push(self.insts.len());
                self.insts.push(Inst::Jump(0));
                self.insts[split] = Inst::Split(split + 1, self.insts.len());
            }
        }
        for jump in jumps {
            self.insts[jump] = Inst::Jump(self.insts.len());
        }
    }

    fn emit_repeat(&mut self, node: &Node, min: u32, max: Option<u32>) {
        for _ in 0..min {
            self.emit(node);
        }
        let Some(max) = max else {
            let split = self.insts.len();
            self.insts.push(Inst::Split(split + 1, 0));
            self.emit(node);
            self.insts.push(Inst::Jump(split));
            self.insts[split] = Inst::Split(split + 1, self.insts.len());
            return;
        };
        let mut splits = Vec::new();
        for _ in min..max {
            splits.push(self.insts.len());
            self.insts.push(Inst::Split(0, 0));
            self.emit(node);
        }
        for split in splits {
            self.insts[split] = Inst::Split(split + 1, self.insts.len());
        }
    }

    /// Simulates all threads at once from byte `start`; `whole` demands that the match ends with the text.
    fn run(&self, text: &str, start: usize, whole: bool) -> bool {
        let mut current = Threads::new(self.insts.len());
        let mut next = Threads::new(self.insts.len());
        let mut matched = self.follow(0, text, start, &mut current);
        for (offset, c) in text[start..].char_indices() {
            if matched && !whole {
                return true;
            }
            if current.pcs.is_empty() {
                return false;
            }
            let after = start + offset + c.len_utf8();
            matched = false;
            next.clear();
            for idx in 0..current.pcs.len() {
                let pc = current.pcs[idx];
                if let Inst::Class(class) = &self.insts[pc]
                    && class.contains(c)
                {
                    matched |= self.follow(pc + 1, text, after, &mut next);
                }
            }
            std::mem::swap(&mut current, &mut next);
        }
        matched
    }

    /// Adds the threads reachable from `pc` without reading a character; true if one of them is a match.
    fn follow(&self, pc: usize, text: &str, at: usize, threads: &mut Threads) -> bool {
        let mut matched = false;
        threads.stack.push(pc);
        while let Some(pc) = threads.stack.pop() {
            if std::mem::replace(&mut threads.seen[pc], true) {
                continue;
            }
            let holds = match &self.insts[pc] {
                Inst::Match => {
                    matched = true;
                    false
                }
                Inst::Class(_) => {
                    threads.pcs.push(pc);
                    false
                }
                Inst::Jump(to) => {
                    threads.stack.push(*to);
                    false
                }
                Inst::Split(a, b) => {
                    threads.stack.push(*b);
                    threads.stack.push(*a);
                    false
                }
                Inst::Start => at == 0,
                Inst::End => at == text.len(),
                Inst::Ahead { negative, program } => program.run(text, at, false) != *negative,
                Inst::Behind { negative, class } => {
                    text[..at].chars().next_back().is_some_and(|c| class.contains(c)) != *negative
                }
            };
            if holds {
                threads.stack.push(pc + 1);
            }
        }
        matched
    }
}

/// The threads alive at one position: each instruction at most once, so work per character is bounded.
struct Threads {
    pcs: Vec<usize>,
    seen: Vec<bool>,
    stack: Vec<usize>,
}

impl Threads {
    fn new(insts: usize) -> Self {
        Self { pcs: Vec::new(), seen: vec![false; insts], stack: Vec::new() }
    }

    fn clear(&mut self) {
        self.pcs.clear();
        self.seen.fill(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &'static str, yes: &[&str], no: &[&str]) {
        let pattern = Pattern::new(source);
        pattern.compile().unwrap();
        for text in yes {
            assert!(pattern.matches(text), "{source} should match {text:?}");
        }
        for text in no {
            assert!(!pattern.matches(text), "{source} should not match {text:?}");
        }
    }

    #[test]
    fn patterns_match_the_whole_text_as_java_does() {
        check("[a-zA-Z0-9-_]+", &["a-_Z9", "-"], &["", "a b", "a\n", "é"]);
        check("a|bc", &["a", "bc"], &["ab", "abc", "c"]);
        check("(|x)y?", &["", "x", "y", "xy"], &["xx"]);
        check("$|kafka://([^.]([a-z]{0,3}))", &["", "kafka://abcd"], &["kafka://", "kafka://abcde"]);
        check(".*", &["", "any thing é"], &["a\nb"]);
        check(r"[\s\S]*", &["", "a\nb"], &[]);
        check(r"[^ /\.$\x22]*", &["", "db"], &["a b", "a\"", "$"]);
        check(r"[ a-z-\/*:_+=.@-]*", &["a-/*:_+=.@ "], &["%"]);
    }

    #[test]
    fn lookaround_is_understood() {
        check("(?!^[0-9]+$)([a-zA-Z0-9-_]+)", &["live", "1a"], &["1", "123", ""]);
        check(r"((?!^\d+$)^[0-9a-zA-Z-_]+$)", &["prod"], &["42"]);
        check(r"a(:((?!\d+$)[0-9a-z]+))?", &["a", "a:b", "a:1b"], &["a:1", "a:"]);
        check(r"(^(?!(system\x2e)))(^[_a-zA-Z0-9])([^$]*)", &["systemx", "coll"], &["system.x", "a$"]);
        check(r"[0-9A-Za-z\.\-_]*(?<!\.)", &["", "a.b"], &["a.", "."]);
    }

    #[test]
    fn unicode_categories_are_understood() {
        check(r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)", &["", "ключ Ⅷ é=1", "a\u{a0}b"], &["a\tb", "a!"]);
    }

    #[test]
    fn a_hostile_text_costs_time_linear_in_its_length() {
        // Nested quantifiers over overlapping alternatives: a backtracking engine never returns from this.
        let pattern = Pattern::new("((a|a)*)*b");
        assert!(!pattern.matches(&"a".repeat(50_000)));
        assert!(!Pattern::new(".*").matches(&"a".repeat(TEXT_BYTES_MAX + 1)));
    }

    #[test]
    fn a_pattern_that_is_not_understood_refuses_everything() {
        for source in ["(?<=ab)c", "[a&&b]", "(a", "a{2", r"\q", "*a"] {
            let pattern = Pattern::new(source);
            assert!(pattern.compile().is_err(), "{source}");
            assert!(!pattern.matches("a"));
        }
    }
}
