//! What the fuzz targets (`fuzz/`) reach of this crate. Compiled under `--cfg fuzzing` only.

use crate::pattern::Pattern;
use crate::token;

/// Whether a filter pattern matches; `None` where it is refused.
pub fn pattern_matches(pattern: &str, message: &str) -> Option<bool> {
    Pattern::parse(pattern).ok().map(|pattern| pattern.matches(message))
}

/// Reads a page token as every kind; a token that reads must write back to one that reads the same.
pub fn tokens(text: &str) {
    if let Ok((direction, position)) = token::read_event_token(text) {
        let again = token::write_event_token(direction, position);
        assert!(token::read_event_token(&again).is_ok(), "{again}");
    }
    if let Ok((after, newest)) = token::read_search_token(text) {
        let again = token::write_search_token(after, newest);
        assert!(token::read_search_token(&again).is_ok(), "{again}");
    }
    if let Ok(name) = token::read_name_token(text) {
        assert_eq!(token::read_name_token(&token::write_name_token(name)).ok(), Some(name));
    }
    if let Ok((last, name)) = token::read_time_token(text) {
        assert_eq!(token::read_time_token(&token::write_time_token(last, name)).ok(), Some((last, name)));
    }
}
