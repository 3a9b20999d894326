//! Functions, versions, tags: the durable truth.
//!
//! ```text
//!            create                     update*, publish, tag
//!  (no name) ──────► live, generation g ──────────────────────► live, generation ≥ g
//!      ▲               │ delete                                     │ delete
//!      │               ▼                                            ▼
//!   create ◄── tombstone: last generation and last version number, kept for ever
//! ```
//! A mutation is decided by a pure function over what is there (`create`, `update`, `publish`, `delete`, `tags`),
//! committed by compare-and-set (`commit`), shown to readers (`index`), and told to assignment, in this order, before
//! its answer goes out. Mutations of one function wait for each other; different functions go in parallel. Once
//! begun a mutation runs to its end, also if its caller goes away.
//!
//! What is Pending or InProgress in AWS is so here only in the answer of the mutation: what is stored is Active and
//! Successful at once, under a second revision id, since there is nothing left to wait for. But for published versions
//! with SnapStart: those are Pending until a worker has run their init (`snap_start`).
//!
//! Code is kept once per digest (`code`); what no record names is removed, at the latest at the next start.
//!
//! All of it goes into one file and back into any stores (`backup`).
//!
//! Several processes may have the same stores (`Settings::shared`): then memory follows the store (`refresh`), and
//! garbage is one [`Collector`]'s, which agrees with those who upload by dooms (`doom`).

pub mod backup;
mod code;
mod collector;
mod commit;
mod create;
mod delete;
mod doom;
mod index;
mod keyed_locks;
mod list;
mod model;
mod provision;
mod publish;
mod record;
mod refresh;
mod reserve;
mod resolve;
mod revisions;
mod service;
mod settings;
mod snap_start;
mod store;
mod tags;
mod update;

pub use collector::{CollectError, Collected, Collector};
pub use revisions::RecordedRevisions;
pub use service::Control;
pub use settings::{AnyRuntime, RuntimeCheck, Settings};
