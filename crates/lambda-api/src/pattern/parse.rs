//! Parses the Java regular expression subset that the service models use.

use super::{Category, Class, PatternError};

/// More copies than this of one part are refused (the models' largest count is 2,048).
const REPEAT_MAX: u32 = 4_096;
const DEPTH_MAX: usize = 32;

pub(super) enum Node {
    Empty,
    Class(Class),
    Start,
    End,
    Concat(Vec<Node>),
    Alternate(Vec<Node>),
    Repeat { node: Box<Node>, min: u32, max: Option<u32> },
    Ahead { negative: bool, node: Box<Node> },
    Behind { negative: bool, class: Class },
}

pub(super) fn parse(source: &str) -> Result<Node, PatternError> {
    let mut parser = Parser { chars: source.chars().collect(), at: 0, depth: 0 };
    let node = parser.alternate()?;
    if parser.at < parser.chars.len() {
        return Err(parser.error("unbalanced parenthesis"));
    }
    Ok(node)
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    depth: usize,
}

/// One unit inside or outside a bracket: a character, or a class such as `\d`.
enum Unit {
    Char(char),
    Class(Class),
}

impl Parser {
    fn error(&self, reason: &'static str) -> PatternError {
        PatternError { offset: self.at, reason }
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn take(&mut self, text: &str) -> bool {
        let wanted = text.chars();
        let len = wanted.clone().count();
        let found = self.chars[self.at..].iter().copied().take(len).eq(wanted);
        if found {
            self.at += len;
        }
        found
    }

    fn alternate(&mut self) -> Result<Node, PatternError> {
        let mut branches = vec![self.concat()?];
        while self.take("|") {
            branches.push(self.concat()?);
        }
        Ok(Node::Alternate(branches))
    }

    fn concat(&mut self) -> Result<Node, PatternError> {
        let mut nodes = Vec::new();
        while let Some(c) = self.peek() {
            if c == '|' || c == ')' {
                break;
            }
            let node = self.atom()?;
            nodes.push(self.quantified(node)?);
        }
        Ok(Node::Concat(nodes))
    }

    fn atom(&mut self) -> Result<Node, PatternError> {
        let Some(c) = self.peek() else { return Ok(Node::Empty) };
        self.at += 1;
        match c {
            '(' => self.group(),
            '[' => Ok(Node::Class(self.bracket()?)),
            '^' => Ok(Node::Start),
            '$' => Ok(Node::End),
            '.' => {
                let mut class = Class::default();
                class.add_category(Category::LineTerminator);
                class.negate();
                Ok(Node::Class(class))
            }
            '\\' => Ok(Node::Class(match self.escape()? {
                Unit::Char(c) => single(c),
                Unit::Class(class) => class,
            })),
            '*' | '+' | '?' | '{' => Err(self.error("nothing to repeat")),
            c => Ok(Node::Class(single(c))),
        }
    }

    fn group(&mut self) -> Result<Node, PatternError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.error("nested too deep"));
        }
        let node = if self.take("?:") {
            self.alternate()?
        } else if self.take("?!") {
            Node::Ahead { negative: true, node: Box::new(self.alternate()?) }
        } else if self.take("?=") {
            Node::Ahead { negative: false, node: Box::new(self.alternate()?) }
        } else if self.take("?<!") {
            Node::Behind { negative: true, class: self.one_class()? }
        } else if self.take("?<=") {
            Node::Behind { negative: false, class: self.one_class()? }
        } else if self.peek() == Some('?') {
            return Err(self.error("this kind of group is not supported"));
        } else {
            self.alternate()?
        };
        self.depth -= 1;
        if !self.take(")") {
            return Err(self.error("a parenthesis is not closed"));
        }
        Ok(node)
    }

    /// What stands in a look-behind: exactly one character.
    fn one_class(&mut self) -> Result<Class, PatternError> {
        match self.atom()? {
            Node::Class(class) if self.peek() == Some(')') => Ok(class),
            _ => Err(self.error("a look-behind of more than one character is not supported")),
        }
    }

    fn quantified(&mut self, node: Node) -> Result<Node, PatternError> {
        let (min, max) = if self.take("*") {
            (0, None)
        } else if self.take("+") {
            (1, None)
        } else if self.take("?") {
            (0, Some(1))
        } else if self.take("{") {
            self.counts()?
        } else {
            return Ok(node);
        };
        if matches!(self.peek(), Some('*' | '+' | '?' | '{')) {
            return Err(self.error("lazy, possessive and doubled quantifiers are not supported"));
        }
        Ok(Node::Repeat { node: Box::new(node), min, max })
    }

    fn counts(&mut self) -> Result<(u32, Option<u32>), PatternError> {
        let min = self.number()?;
        let max = if !self.take(",") {
            Some(min)
        } else if self.peek() == Some('}') {
            None
        } else {
            Some(self.number()?)
        };
        if !self.take("}") || max.is_some_and(|max| max < min) {
            return Err(self.error("malformed count"));
        }
        Ok((min, max))
    }

    fn number(&mut self) -> Result<u32, PatternError> {
        let start = self.at;
        let mut number = 0u32;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            number = number.saturating_mul(10).saturating_add(digit);
            self.at += 1;
        }
        if self.at == start || number > REPEAT_MAX {
            return Err(self.error("malformed count"));
        }
        Ok(number)
    }

    fn bracket(&mut self) -> Result<Class, PatternError> {
        let mut class = Class::default();
        if self.take("^") {
            class.negate();
        }
        let mut first = true;
        loop {
            let Some(c) = self.peek() else { return Err(self.error("a bracket is not closed")) };
            self.at += 1;
            let unit = match c {
                ']' if !first => return Ok(class),
                '[' => return Err(self.error("nested brackets are not supported")),
                '&' if self.peek() == Some('&') => return Err(self.error("intersections are not supported")),
                '\\' => self.escape()?,
                c => Unit::Char(c),
            };
            first = false;
            match unit {
                Unit::Class(inner) => merge(&mut class, inner),
                Unit::Char(from) => {
                    let to = self.range_end(from)?;
                    class.add_range(from, to);
                }
            }
        }
    }

    /// The end of a range that begins with `from`. As in Java, a hyphen after a range or before the closing
    /// bracket stands for itself.
    fn range_end(&mut self, from: char) -> Result<char, PatternError> {
        let closes = matches!(self.chars.get(self.at + 1), None | Some(']'));
        if self.peek() != Some('-') || closes {
            return Ok(from);
        }
        self.at += 1;
        let Some(c) = self.peek() else { return Err(self.error("a range is not closed")) };
        self.at += 1;
        let to = match c {
            '\\' => match self.escape()? {
                Unit::Char(c) => c,
                Unit::Class(_) => return Err(self.error("a range ends with a class")),
            },
            c => c,
        };
        if to < from {
            return Err(self.error("a range is reversed"));
        }
        Ok(to)
    }

    fn escape(&mut self) -> Result<Unit, PatternError> {
        let Some(c) = self.peek() else { return Err(self.error("a lone backslash")) };
        self.at += 1;
        let mut class = Class::default();
        match c {
            'd' => class.add_range('0', '9'),
            'w' => [('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')]
                .into_iter()
                .for_each(|(from, to)| class.add_range(from, to)),
            's' => class.add_category(Category::Space),
            'S' => class.add_category(Category::NotSpace),
            'p' => class.add_category(self.category()?),
            'x' => return self.hex().map(Unit::Char),
            'n' => return Ok(Unit::Char('\n')),
            'r' => return Ok(Unit::Char('\r')),
            't' => return Ok(Unit::Char('\t')),
            c if !c.is_ascii_alphanumeric() => return Ok(Unit::Char(c)),
            _ => return Err(self.error("this escape is not supported")),
        }
        Ok(Unit::Class(class))
    }

    fn category(&mut self) -> Result<Category, PatternError> {
        for (text, category) in [
            ("{L}", Category::Letter),
            ("{N}", Category::Number),
            ("{Z}", Category::Separator),
            ("{IsLetter}", Category::Letter),
        ] {
            if self.take(text) {
                return Ok(category);
            }
        }
        Err(self.error("this category is not supported"))
    }

    fn hex(&mut self) -> Result<char, PatternError> {
        let mut code = 0;
        for _ in 0..2 {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(16)) else {
                return Err(self.error("malformed \\x escape"));
            };
            code = code * 16 + digit;
            self.at += 1;
        }
        char::from_u32(code).ok_or_else(|| self.error("malformed \\x escape"))
    }
}

fn single(c: char) -> Class {
    let mut class = Class::default();
    class.add_range(c, c);
    class
}

fn merge(class: &mut Class, inner: Class) {
    class.ranges.extend(inner.ranges);
    class.categories.extend(inner.categories);
}
