//! Bytes to lines.

use types::limits::LOG_EVENT_BYTES_MAX;

/// Splits at newlines, which stay; cuts what is longer than one event may be.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    partial: Vec<u8>,
}

impl Lines {
    /// Takes what was read and hands on every line that is whole.
    pub(crate) fn push(&mut self, mut read: &[u8], event: &mut impl FnMut(String)) {
        while !read.is_empty() {
            let newline = read.iter().position(|byte| *byte == b'\n');
            let whole = newline.map_or(read.len(), |at| at + 1);
            let room = LOG_EVENT_BYTES_MAX - self.partial.len();
            let take = whole.min(room);
            let (now, later) = read.split_at(take);
            read = later;
            match (newline.is_some() && take == whole, self.partial.is_empty()) {
                (true, true) => event(text(now)),
                (true, false) => {
                    self.partial.extend_from_slice(now);
                    self.flush(event);
                }
                (false, _) => {
                    self.partial.extend_from_slice(now);
                    if self.partial.len() >= LOG_EVENT_BYTES_MAX {
                        self.cut(event);
                    }
                }
            }
        }
    }

    /// Hands on a line that has no newline yet.
    pub(crate) fn flush(&mut self, event: &mut impl FnMut(String)) {
        if !self.partial.is_empty() {
            event(text(&self.partial));
            self.partial = Vec::new(); // gives a long line's memory back
        }
    }

    /// Hands on the most that one event holds; a character that the cut would split stays for the next one.
    fn cut(&mut self, event: &mut impl FnMut(String)) {
        let split = match std::str::from_utf8(&self.partial) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => self.partial.len(),
        };
        let rest = self.partial.split_off(split);
        self.flush(event);
        self.partial = rest;
    }
}

/// Invalid UTF-8 becomes the replacement character: events are text. That character has three bytes, so an event of
/// nothing but garbage could become three times as long as one may be; it is cut.
pub(crate) fn text(bytes: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(bytes).into_owned();
    text.truncate(text.floor_char_boundary(LOG_EVENT_BYTES_MAX));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(reads: &[&[u8]]) -> Vec<String> {
        let mut lines = Lines::default();
        let mut events = Vec::new();
        let mut event = |line| events.push(line);
        for read in reads {
            lines.push(read, &mut event);
        }
        lines.flush(&mut event);
        events
    }

    #[test]
    fn a_line_is_one_event_and_keeps_its_newline() {
        assert_eq!(events(&[b"a\nb", b"c\r\n", b"", b"\n", b"d"]), ["a\n", "bc\r\n", "\n", "d"]);
    }

    #[test]
    fn bytes_that_are_not_text_are_replaced() {
        assert_eq!(events(&[b"a\xffb\n"]), ["a\u{fffd}b\n"]);
    }

    #[test]
    fn garbage_as_long_as_an_event_makes_no_longer_one() {
        let garbage = vec![0xff; LOG_EVENT_BYTES_MAX];
        let lengths: Vec<usize> = events(&[&garbage]).iter().map(String::len).collect();
        assert_eq!(lengths, [LOG_EVENT_BYTES_MAX - LOG_EVENT_BYTES_MAX % 3]);
    }

    #[test]
    fn a_line_longer_than_an_event_is_cut_between_characters() {
        let long = format!("{}é{}\n", "x".repeat(LOG_EVENT_BYTES_MAX - 1), "y".repeat(LOG_EVENT_BYTES_MAX));
        let cut = events(&[long.as_bytes()]);
        assert_eq!(cut.concat(), long);
        assert!(cut.iter().all(|event| event.len() <= LOG_EVENT_BYTES_MAX), "no event is too long");
        assert_eq!(cut[0].len(), LOG_EVENT_BYTES_MAX - 1);
    }
}
