//! CloudWatch Logs filter patterns, as far as searches of function logs use them.
//!
//! Unstructured: words that all must be there, `"quoted phrases"`, `-excluded`, `?any ?of ?these`. Structured:
//! `{ $.level = "ERROR" && $.ms > 100 }` ([`json`]). Case counts. The space-delimited form (`[ip, user, …]`) and
//! regular expressions (`%…%`) are refused by name rather than matched wrongly.
//! (Amazon CloudWatch Logs User Guide, "Filter pattern syntax".)

mod json;

use fabric::telemetry::TelemetryError;

/// AWS's own limit of a pattern.
const PATTERN_CHARS_MAX: usize = 1024;

/// A pattern, read.
#[derive(Debug, PartialEq)]
pub(crate) enum Pattern {
    Terms(Terms),
    Json(json::Condition),
}

/// Words and phrases, matched as substrings.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Terms {
    all: Vec<String>,
    none: Vec<String>,
    any: Vec<String>,
}

impl Pattern {
    /// Reads a pattern; the empty one matches everything.
    pub(crate) fn parse(text: &str) -> Result<Self, TelemetryError> {
        let text = text.trim();
        if text.chars().count() > PATTERN_CHARS_MAX {
            return Err(bad(format!("it is longer than {PATTERN_CHARS_MAX} characters")));
        }
        match text.chars().next() {
            Some('{') => Ok(Self::Json(json::parse(text)?)),
            Some('[') => Err(bad("space-delimited patterns ([a, b, …]) are not supported here".to_owned())),
            Some('%') => Err(bad("regular expressions (%…%) are not supported here".to_owned())),
            _ => Ok(Self::Terms(parse_terms(text)?)),
        }
    }

    pub(crate) fn matches(&self, message: &str) -> bool {
        match self {
            Self::Terms(terms) => terms.matches(message),
            Self::Json(condition) => match serde_json::from_str(message.trim()) {
                Ok(serde_json::Value::Object(object)) => condition.holds(&serde_json::Value::Object(object)),
                _ => false,
            },
        }
    }
}

impl Terms {
    fn matches(&self, message: &str) -> bool {
        // "If you combine `?` with other filter patterns, CloudWatch Logs ignores" the terms marked with it.
        let any_counts = self.all.is_empty() && self.none.is_empty() && !self.any.is_empty();
        self.all.iter().all(|term| message.contains(term.as_str()))
            && !self.none.iter().any(|term| message.contains(term.as_str()))
            && (!any_counts || self.any.iter().any(|term| message.contains(term.as_str())))
    }
}

fn parse_terms(text: &str) -> Result<Terms, TelemetryError> {
    let mut terms = Terms::default();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (list, after_sign) = match (rest.strip_prefix('-'), rest.strip_prefix('?')) {
            (Some(after), _) => (&mut terms.none, after),
            (_, Some(after)) => (&mut terms.any, after),
            _ => (&mut terms.all, rest),
        };
        let (term, after) = match after_sign.strip_prefix('"') {
            Some(quoted) => read_quoted(quoted)?,
            None => read_word(after_sign)?,
        };
        list.push(term);
        rest = after.trim_start();
    }
    Ok(terms)
}

fn read_word(text: &str) -> Result<(String, &str), TelemetryError> {
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    if word.is_empty() || !word.chars().all(|letter| letter.is_alphanumeric() || letter == '_') {
        return Err(bad(format!("Invalid character(s) in term '{word}'")));
    }
    Ok((word.to_owned(), rest))
}

/// `text` begins after the opening quote. `\"` is a quote, `\\` a backslash.
pub(super) fn read_quoted(text: &str) -> Result<(String, &str), TelemetryError> {
    let mut phrase = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Ok((phrase, &text[at + 1..])),
            '\\' => match letters.next() {
                Some((_, escaped @ ('"' | '\\'))) => phrase.push(escaped),
                Some((_, other)) => phrase.extend(['\\', other]),
                None => break,
            },
            _ => phrase.push(letter),
        }
    }
    Err(bad("a quotation mark is not closed".to_owned()))
}

pub(super) fn bad(reason: String) -> TelemetryError {
    TelemetryError::BadPattern { reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, matching: &[&str], others: &[&str]) {
        let read = Pattern::parse(pattern).unwrap();
        for message in matching {
            assert!(read.matches(message), "{pattern:?} should match {message:?}");
        }
        for message in others {
            assert!(!read.matches(message), "{pattern:?} should not match {message:?}");
        }
    }

    #[test]
    fn words_and_phrases_match_as_cloudwatch_says() {
        check("", &["", "anything"], &[]);
        check("  ", &["anything"], &[]);
        check("ERROR", &["an ERROR", "ERRORS"], &["an error", ""]);
        check("ERROR timeout", &["timeout: ERROR"], &["ERROR", "timeout"]);
        check("\"Task timed out\"", &["x Task timed out after"], &["Task has timed out"]);
        check("\"REPORT RequestId: 1\" ms", &["REPORT RequestId: 1\tDuration: 3 ms"], &["REPORT 1 ms"]);
        check("ERROR -timeout", &["ERROR disk"], &["ERROR timeout", "disk"]);
        check("-\"not this\"", &["this"], &["not this"]);
        check("?ERROR ?WARN", &["ERROR", "a WARN"], &["INFO"]);
        check("?\"a b\" ?c", &["a b", "c"], &["a", "b"]);
        check("?ERROR request", &["request"], &["ERROR"]);
        check("\"say \\\"hi\\\" \\\\\"", &["say \"hi\" \\"], &["say hi"]);
        check("\"\"", &["", "x"], &[]);
        check("größe_1", &["die größe_1"], &["grosse_1"]);
    }

    #[test]
    fn structured_patterns_match_members() {
        let line = r#"{"level":"ERROR","ms":120.5,"ok":false,"none":null,"user":{"id":7,"tags":["a","b.c"]},"n":"12"}"#;
        for pattern in [
            r#"{ $.level = "ERROR" }"#,
            "{ $.level = ERROR }",
            r#"{$.level="ERR*"}"#,
            r#"{ $.level = "*RO*" }"#,
            r#"{ $.level != "INFO" }"#,
            "{ $.ms > 120 }",
            "{ $.ms >= 120.5 && $.ms <= 120.5 }",
            "{ $.ms = 120.5 }",
            "{ $.ms = 12* }",
            "{ $.user.id = 7 }",
            "{ $.user.tags[1] = \"b.c\" }",
            "{ $['user']['id'] < 8 }",
            "{ $.ok IS FALSE }",
            "{ $.none IS NULL }",
            "{ $.missing NOT EXISTS }",
            "{ ($.level = INFO) || ($.user.id = 7) }",
            "{ $.level = INFO || $.level = ERROR && $.ms > 1 }",
        ] {
            check(pattern, &[line], &["{}x", "text", ""]);
        }
        for pattern in [
            r#"{ $.level = "INFO" }"#,
            "{ $.ms > 120.5 }",
            "{ $.missing = 1 }",
            "{ $.missing != 1 }",
            "{ $.n > 5 }",
            "{ $.ok IS TRUE }",
            "{ $.user IS NULL }",
            "{ $.level NOT EXISTS }",
            "{ $.user.tags[9] = a }",
            "{ ($.level = ERROR) && ($.user.id = 8) }",
        ] {
            check(pattern, &[], &[line]);
        }
    }

    #[test]
    fn what_can_not_be_matched_is_refused_and_never_matches_by_accident() {
        let deep = format!("{{ {}$.a = 1{} }}", "(".repeat(200), ")".repeat(200));
        let long = "a".repeat(1025);
        for pattern in [
            "a-b",
            "a.b",
            "\"open",
            "-",
            "?",
            "[ip, user]",
            "%re%",
            "{",
            "{}",
            "{ $.a }",
            "{ $.a = }",
            "{ $.a = 1",
            "{ $.a ~ 1 }",
            "{ a = 1 }",
            "{ $.a = 1 && }",
            "{ $.a > b }",
            "{ $.a = 1 } x",
            "{ $.a[x] = 1 }",
            "{ $.a = %x% }",
            "{ $.a = 1 $.b = 2 }",
            &deep,
            &long,
        ] {
            let read = Pattern::parse(pattern);
            assert!(matches!(read, Err(TelemetryError::BadPattern { .. })), "{pattern:?} gave {read:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_pattern_and_no_message_makes_it_panic(pattern in "[{}()$.\\[\\]a-b\"'=!<>&|*% ?\\\\-]{0,40}", message in ".{0,40}") {
            if let Ok(read) = Pattern::parse(&pattern) {
                read.matches(&message);
            }
        }
    }
}
