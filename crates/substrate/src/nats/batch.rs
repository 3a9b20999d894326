//! The last messages of many subjects, in one request where one read each would take as many.
//!
//! ```text
//!  ask ─► a replica: message, message, …, end with the sequence that the replica is at
//!           ├ it is at what the leader was at, or further: what came is as if the leader had said it
//!           ├ it lags, or says nothing of it: nothing of it is used
//!           └ cut off, lost in the middle, silent: nothing of it is used, asked again until patience ends
//! ```
//! Any replica answers such a request, the stream's leader or not, and a replica may lag. Its end says how far it is
//! (`Nats-UpTo-Sequence`); who compares that with what the leader said before reads no older than from the leader.
//! What a replica leaves out (no room in the answer, written anew while it answered) is not said to be absent.

use super::Inner;
use super::api::{Failed, Stored, Tries};
use async_nats::{HeaderMap, Message, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt as _;
use serde_json::json;
use std::collections::BTreeMap;

/// Most subjects of one request. The server refuses more than 1,024, and a request of so many of the longest keys is
/// within what a message may be.
pub(super) const SUBJECTS_MAX: usize = 1_001;
/// The server ends an answer after so many bytes: it sends without waiting for who reads.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What one answer ended with.
const END: u16 = 204;
/// A replica that has none of the subjects, or no more what it was about to send.
const NOT_FOUND: u16 = 404;
/// Nobody serves such requests: a stream made by an older version, or no replica that is up.
const NO_RESPONDERS: u16 = 503;

/// One answer, whole.
struct Answer {
    found: BTreeMap<String, Stored>,
    /// The replica was there, or further.
    at: u64,
    /// Messages that it had no room for.
    left: u64,
}

impl Inner {
    /// The last messages of those subjects, by subject, as of `at` or later. A subject that is missing was not
    /// looked for: ask the leader. All are missing where no replica could be trusted.
    pub(super) async fn last_of(
        &self,
        stream: &str,
        subjects: &[String],
        at: u64,
    ) -> Result<BTreeMap<String, Stored>, Failed> {
        let mut tries = Tries::new(self);
        let mut lagged = false;
        let mut found = BTreeMap::new();
        loop {
            let wanted: Vec<_> = subjects.iter().filter(|subject| !found.contains_key(*subject)).collect();
            if wanted.is_empty() {
                return Ok(found);
            }
            match self.ask_for_last(stream, &wanted[..wanted.len().min(SUBJECTS_MAX)]).await {
                Ok(Some(answer)) if answer.at >= at => {
                    let more = answer.left > 0 && !answer.found.is_empty();
                    found.extend(answer.found);
                    if !more {
                        return Ok(found);
                    }
                }
                // It catches up in a moment, or another one answers; the leader does in any case.
                Ok(Some(_)) if !lagged => lagged = tries.again().await,
                Ok(_) => return Ok(found),
                Err(Failed::Lost(reason) | Failed::Again(reason)) => {
                    if !tries.again().await {
                        return Err(Failed::Lost(reason));
                    }
                }
                Err(other) => return Err(other),
            }
        }
    }

    /// One request and its answer to the end within a try's time; `None` where nobody can say.
    async fn ask_for_last(&self, stream: &str, subjects: &[&String]) -> Result<Option<Answer>, Failed> {
        let lost = |error: &dyn std::fmt::Display| Failed::Lost(error.to_string());
        // Before anything is sent: what breaks from here on is seen.
        let mut broken = self.broken.subscribe();
        let inbox = self.client.new_inbox();
        let answers = self.client.subscribe(inbox.clone()).await.map_err(|error| lost(&error))?;
        let body = json!({ "multi_last": subjects, "batch": subjects.len(), "max_bytes": ANSWER_BYTES_MAX });
        let request = Bytes::from(body.to_string());
        let sent = self.client.publish_with_reply(format!("$JS.API.DIRECT.GET.{stream}"), inbox, request);
        sent.await.map_err(|error| lost(&error))?;
        let reading = self.world.timeout(self.settings.try_max, gather(answers, subjects.len()));
        tokio::select! {
            biased;
            gathered = reading => gathered
                .unwrap_or_else(|| Err(Failed::Lost(format!("no whole answer in {:?}", self.settings.try_max)))),
            _ = broken.changed() => Err(Failed::Lost("the connection broke".into())),
        }
    }
}

/// Reads an answer to its end.
async fn gather(mut answers: Subscriber, most: usize) -> Result<Option<Answer>, Failed> {
    let mut found = BTreeMap::new();
    while let Some(message) = answers.next().await {
        match message.status.map(|status| status.as_u16()) {
            None => {
                let (subject, stored) = one(message)?;
                found.insert(subject, stored);
                if found.len() > most {
                    return Err(Failed::Lost("more was answered than was asked for".into()));
                }
            }
            Some(END) => {
                let at = number(&message, "Nats-UpTo-Sequence")?;
                let left = number(&message, "Nats-Num-Pending")?;
                return Ok(Some(Answer { found, at, left }));
            }
            Some(NO_RESPONDERS) => return Ok(None),
            // None of them is there; one was written anew while it answered. It does not say where it is.
            Some(NOT_FOUND) => return Ok(Some(Answer { found: BTreeMap::new(), at: 0, left: 0 })),
            Some(other) => {
                let said = message.description.as_deref().unwrap_or("no reason");
                return Err(Failed::Lost(format!("a read of many was answered with {other}: {said}")));
            }
        }
    }
    Err(Failed::Lost("the connection was given up".into()))
}

fn one(message: Message) -> Result<(String, Stored), Failed> {
    let sequence = number(&message, "Nats-Sequence")?;
    let subject = header(message.headers.as_ref(), "Nats-Subject");
    let subject = subject.ok_or_else(|| Failed::Lost("a message without its subject".into()))?.to_owned();
    Ok((subject, Stored { sequence, data: message.payload }))
}

fn header<'a>(headers: Option<&'a HeaderMap>, name: &str) -> Option<&'a str> {
    headers?.get(name).map(async_nats::HeaderValue::as_str)
}

fn number(message: &Message, name: &str) -> Result<u64, Failed> {
    let found = header(message.headers.as_ref(), name).and_then(|text| text.parse().ok());
    found.ok_or_else(|| Failed::Lost(format!("an answer without {name}")))
}
