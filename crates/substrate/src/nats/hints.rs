//! Who is told when something under a subject was stored.
//!
//! The streams republish what they have stored, without the values, and one subscription hears it all. Nothing hangs
//! on a hint: whoever waits for one looks by itself from time to time, and after a reconnection all are told.

use futures_util::StreamExt as _;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Prefixes of subjects (after the platform's own) and who waits for them.
#[derive(Default)]
pub(super) struct Hints(Mutex<Vec<(String, watch::Sender<()>)>>);

impl Hints {
    /// Hints of subjects that begin with `prefix`, from now on.
    pub(super) fn of(&self, prefix: String) -> watch::Receiver<()> {
        let (sender, receiver) = watch::channel(());
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|(_, sender)| !sender.is_closed());
        waiting.push((prefix, sender));
        receiver
    }

    pub(super) fn tell_all(&self) {
        self.tell(|_| true);
    }

    fn tell(&self, concerned: impl Fn(&str) -> bool) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|(_, sender)| !sender.is_closed());
        for (_, sender) in waiting.iter().filter(|(prefix, _)| concerned(prefix)) {
            sender.send_replace(());
        }
    }
}

/// Until the connection is given up.
pub(super) async fn listen(mut subscriber: async_nats::Subscriber, strip: String, hints: Arc<Hints>) {
    while let Some(message) = subscriber.next().await {
        if let Some(subject) = message.subject.strip_prefix(&strip) {
            hints.tell(|prefix| subject.starts_with(prefix));
        }
    }
}
