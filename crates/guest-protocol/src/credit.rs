//! What may be on its way in one stream, both directions.
//!
//! ```text
//!  sender:    credit ──sent──▶ less      ◀──granted── more
//!  receiver:  window = allowed (may still come) + held (came, not taken) + free (taken, not announced)
//!             received: allowed → held    taken: held → free    grant: free → allowed, announced as `Credit`
//! ```
//!
//! A stream begins with [`FIRST_BYTES`](crate::FIRST_BYTES) of credit that nobody announces, so that a small question costs one
//! word. Where a reader keeps up, its window doubles up to [`WINDOW_BYTES`] from a stock that all streams of the link share,
//! so that many streams cannot make the reader's side hold many full windows.

use crate::messages::{Stream, StreamId};
use crate::{DATA_BYTES_MAX, FIRST_BYTES, WINDOW_BYTES};

/// How a peer broke the rules of streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    #[error("more bytes than were allowed")]
    OverCredit,
    #[error("more credit than a window")]
    OverWindow,
    #[error("bytes, or an end, after the end")]
    AfterEnd,
    #[error("a stream that was never named")]
    Unnamed,
    #[error("a stream's name that is not the next")]
    Misnamed,
    #[error("too many streams")]
    TooMany,
    #[error("a word that says nothing")]
    Empty,
}

/// What this side may send in one stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sending {
    credit: u32,
    ended: bool,
}

impl Default for Sending {
    fn default() -> Self {
        Self { credit: FIRST_BYTES, ended: false }
    }
}

impl Sending {
    /// Of a pipe that the peer writes: this side never says a byte, nor `End`.
    pub fn never() -> Self {
        Self { credit: 0, ended: true }
    }

    /// Bytes that the next `Data` may carry.
    pub fn room(&self) -> usize {
        if self.ended { 0 } else { DATA_BYTES_MAX.min(self.credit as usize) }
    }

    /// A `Data` of so many bytes is sent.
    pub fn sent(&mut self, bytes: usize) -> Result<(), Violation> {
        if self.ended {
            return Err(Violation::AfterEnd);
        }
        if bytes > self.room() {
            return Err(Violation::OverCredit);
        }
        self.credit -= bytes as u32;
        Ok(())
    }

    /// The peer sent `Credit`. After our own end it means nothing and is no wrong: it was on its way.
    pub fn granted(&mut self, bytes: u32) -> Result<(), Violation> {
        if bytes == 0 {
            return Err(Violation::Empty);
        }
        let credit = self.credit.checked_add(bytes).filter(|credit| *credit <= WINDOW_BYTES);
        self.credit = credit.ok_or(Violation::OverWindow)?;
        Ok(())
    }

    /// `End` is sent.
    pub fn end(&mut self) {
        self.ended = true;
    }

    pub fn ended(&self) -> bool {
        self.ended
    }
}

/// What may come in one stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiving {
    window: u32,
    allowed: u32,
    held: u32,
    ended: bool,
}

impl Default for Receiving {
    fn default() -> Self {
        Self { window: FIRST_BYTES, allowed: FIRST_BYTES, held: 0, ended: false }
    }
}

impl Receiving {
    /// Of a pipe that this side writes: the peer never says a byte, nor `End`.
    pub fn never() -> Self {
        Self { ended: true, ..Self::default() }
    }

    /// A `Data` of so many bytes came. The caller keeps them: they are `held`.
    pub fn received(&mut self, bytes: usize) -> Result<(), Violation> {
        if self.ended {
            return Err(Violation::AfterEnd);
        }
        if bytes == 0 {
            return Err(Violation::Empty);
        }
        let bytes = u32::try_from(bytes).map_err(|_| Violation::OverCredit)?;
        self.allowed = self.allowed.checked_sub(bytes).ok_or(Violation::OverCredit)?;
        self.held += bytes;
        Ok(())
    }

    /// `End` came.
    pub fn end(&mut self) -> Result<(), Violation> {
        if self.ended {
            return Err(Violation::AfterEnd);
        }
        self.ended = true;
        Ok(())
    }

    pub fn ended(&self) -> bool {
        self.ended
    }

    /// The reader took so many of the held bytes.
    pub fn taken(&mut self, bytes: usize) {
        self.held = self.held.saturating_sub(u32::try_from(bytes).unwrap_or(u32::MAX));
    }

    /// Whether [`Receiving::grant`] would announce something: half of the window is free, so that credit costs few words.
    pub fn owes(&self) -> bool {
        !self.ended && self.free() >= self.window.div_ceil(2).max(1)
    }

    /// What to announce as `Credit` now, if it is worth a word; the window grows by what `spare` has.
    pub fn grant(&mut self, spare: &mut u32) -> Option<u32> {
        if !self.owes() {
            return None;
        }
        let more = self.window.min(WINDOW_BYTES - self.window).min(*spare);
        *spare -= more;
        self.window += more;
        let bytes = self.free();
        self.allowed += bytes;
        Some(bytes)
    }

    /// What goes back to the stock that windows grow from, once the stream is over.
    pub fn give_back(&self) -> u32 {
        self.window - FIRST_BYTES
    }

    fn free(&self) -> u32 {
        self.window - self.allowed - self.held
    }
}

/// What the peer may still say of streams that this side has shut, since it did not know: what was allowed in each when it
/// shut, and no byte more. Without this a name that is forgotten would be one that words can be said about for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Late {
    data: u64,
    credit: u64,
    /// `End` and `Reset`.
    closes: u64,
}

impl Late {
    /// A stream is shut by this side, or by the peer's own last word of it.
    pub fn shut(&mut self, receiving: &Receiving, sending: &Sending) {
        self.data += u64::from(if receiving.ended { 0 } else { receiving.allowed });
        self.credit += u64::from(WINDOW_BYTES - sending.credit);
        self.closes += 2;
    }

    /// A `Data` of a shut stream.
    pub fn received(&mut self, bytes: usize) -> Result<(), Violation> {
        spend(&mut self.data, bytes as u64, Violation::OverCredit)
    }

    /// Any word of a shut stream.
    pub fn hears(&mut self, said: &Stream) -> Result<(), Violation> {
        match said {
            Stream::Data(_, bytes) => self.received(bytes.len()),
            Stream::Credit(_, bytes) => spend(&mut self.credit, u64::from(*bytes), Violation::OverWindow),
            Stream::End(_) | Stream::Reset(_) => spend(&mut self.closes, 1, Violation::AfterEnd),
        }
    }
}

fn spend(allowed: &mut u64, bytes: u64, beyond: Violation) -> Result<(), Violation> {
    if bytes == 0 {
        return Err(Violation::Empty);
    }
    *allowed = allowed.checked_sub(bytes).ok_or(beyond)?;
    Ok(())
}

/// Who names which stream: one side even numbers, the other odd ones, each rising, so that a name that was used is known
/// without being remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    mine: u32,
    theirs: u32,
}

impl Names {
    /// The host's end.
    pub fn host() -> Self {
        Self { mine: 0, theirs: 1 }
    }

    /// The guest's end.
    pub fn guest() -> Self {
        Self { mine: 1, theirs: 0 }
    }

    /// A name for a new stream of this side; `None` when all are used, after two thousand million.
    pub fn name(&mut self) -> Option<StreamId> {
        let name = self.mine;
        self.mine = name.checked_add(2)?;
        Some(StreamId(name))
    }

    /// The peer named a stream: it must be of its parity and higher than those before.
    pub fn named(&mut self, stream: StreamId) -> Result<(), Violation> {
        if stream.0 % 2 != self.theirs % 2 || stream.0 < self.theirs {
            return Err(Violation::Misnamed);
        }
        self.theirs = stream.0.checked_add(2).ok_or(Violation::Misnamed)?;
        Ok(())
    }

    /// Of a stream that is not open: `Ok` if it was once, so that words about it were on their way when it closed.
    pub fn was(&self, stream: StreamId) -> Result<(), Violation> {
        let next = if stream.0 % 2 == self.mine % 2 { self.mine } else { self.theirs };
        if stream.0 < next { Ok(()) } else { Err(Violation::Unnamed) }
    }
}

#[cfg(test)]
mod tests;
