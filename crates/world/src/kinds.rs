//! Every task of the platform: its name, who owns it, how it ends, and what its panic means.
//!
//! A name is given where a task is started; its row is here, and [`crate::Tasks`] looks it up when the task panics.
//! `cargo xtask tidy` holds that a name that is started has a row and that a row is started somewhere. What a task's
//! own errors do is not in the table: tasks answer nothing, so each handles its own, where it has the context.

use End::{Aborted, Itself, Waited};
use Panic::{Fenced, Lasting};

/// One row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskKind {
    /// As it is started and logged.
    pub name: &'static str,
    /// Who starts it, and ends it where it does not end by itself.
    pub owner: &'static str,
    pub end: End,
    pub panic: Panic,
}

/// How it ends: by its work's end, or at shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With its work, which is bounded, or when what it serves is gone.
    Itself,
    /// Its owner aborts it; it holds nothing that must be finished.
    Aborted,
    /// Shutdown tells it and waits for it, with a deadline.
    Waited,
}

/// What a panic in it fails. The process goes on in either case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panic {
    /// One request, environment or file; whoever waits is answered an error. A warning.
    Fenced,
    /// Something that serves everybody until a restart: an error that an operator must see.
    Lasting,
}

const fn row(name: &'static str, owner: &'static str, end: End, panic: Panic) -> TaskKind {
    TaskKind { name, owner, end, panic }
}

/// Owner by owner.
pub const KINDS: &[TaskKind] = &[
    row("assignment.timer", "assignment", Itself, Lasting),
    row("assignment.fleet", "assignment", Itself, Lasting),
    row("assignment.effect", "assignment", Itself, Fenced),
    row("assignment.greet", "assignment", Itself, Fenced),
    row("assignment.journal", "assignment", Itself, Lasting),
    row("assignment.partition", "assignment", Aborted, Lasting),
    row("control.collector", "control", Aborted, Lasting),
    row("control.follow", "control", Aborted, Lasting),
    row("control.inspect", "control", Itself, Fenced),
    // Mutations: a caller who leaves does not end them.
    row("control.create", "control", Itself, Fenced),
    row("control.update_code", "control", Itself, Fenced),
    row("control.update_configuration", "control", Itself, Fenced),
    row("control.publish", "control", Itself, Fenced),
    row("control.delete", "control", Itself, Fenced),
    row("control.prepared", "control", Itself, Fenced),
    row("control.reserve_concurrency", "control", Itself, Fenced),
    row("control.provision", "control", Itself, Fenced),
    row("control.retell", "control", Aborted, Lasting),
    row("control.tag", "control", Itself, Fenced),
    row("control.untag", "control", Itself, Fenced),
    row("rpc connection", "fabric-rpc", Itself, Fenced),
    row("rpc stream", "fabric-rpc", Itself, Fenced),
    row("rpc peer", "fabric-rpc", Waited, Fenced),
    row("authority.join", "fabric-rpc", Itself, Fenced),
    row("authority.books", "fabric-rpc", Itself, Fenced),
    row("placement.fleet", "placement", Waited, Lasting),
    row("connection", "frontend", Waited, Fenced),
    row("connection-refusal", "frontend", Itself, Fenced),
    row("invocation", "frontend", Itself, Fenced),
    row("payload-check", "frontend", Itself, Fenced),
    row("blobs.open", "substrate", Itself, Lasting),
    row("blobs.put", "substrate", Itself, Fenced),
    row("blobs.get", "substrate", Itself, Fenced),
    row("blobs.exists", "substrate", Itself, Fenced),
    row("blobs.delete", "substrate", Itself, Fenced),
    row("blobs.list", "substrate", Itself, Fenced),
    row("materialised.open", "images", Itself, Lasting),
    row("chunks.manifest", "images", Itself, Fenced),
    row("chunks.places", "images", Itself, Fenced),
    row("chunks.seal", "images", Itself, Fenced),
    row("chunks.begin", "images", Itself, Fenced),
    row("chunks.open", "images", Itself, Fenced),
    row("chunks.finish", "images", Itself, Fenced),
    row("materialised.adopt", "images", Itself, Fenced),
    row("materialised.remove", "images", Itself, Fenced),
    row("materialise", "images", Itself, Fenced),
    row("sqlite.open", "substrate", Itself, Lasting),
    row("sqlite.writer", "substrate", Itself, Lasting),
    row("sqlite.commit", "substrate", Itself, Fenced),
    row("sqlite.read", "substrate", Itself, Fenced),
    row("blobs.hash", "substrate", Itself, Fenced),
    row("cluster.output", "tinderbox", Itself, Fenced),
    row("node.turns", "tinderbox", Aborted, Lasting),
    row("node.spread", "tinderbox", Aborted, Lasting),
    row("node.certificate", "tinderbox", Aborted, Lasting),
    row("node.forget", "tinderbox", Itself, Fenced),
    row("placement.lead", "tinderbox", Waited, Lasting),
    row("held.renew", "substrate", Aborted, Lasting),
    row("nats.hints", "substrate", Aborted, Lasting),
    row("telemetry.open", "telemetry", Itself, Lasting),
    row("telemetry.writer", "telemetry", Itself, Lasting),
    row("telemetry.commit", "telemetry", Itself, Fenced),
    row("telemetry.read", "telemetry", Itself, Fenced),
    row("telemetry.tidy", "telemetry", Aborted, Lasting),
    row("telemetry.ship", "telemetry", Aborted, Lasting),
    row("telemetry.block", "telemetry", Itself, Fenced),
    row("telemetry.garbage", "telemetry", Aborted, Lasting),
    row("sandbox-launch", "sandbox", Itself, Lasting),
    row("sandbox-spawner", "sandbox", Itself, Lasting),
    row("sandbox-spawner-end", "sandbox", Waited, Fenced),
    row("machine files", "sandbox", Itself, Fenced),
    row("machine look", "sandbox", Itself, Lasting),
    row("machine drives", "sandbox", Itself, Fenced),
    row("machine watch", "sandbox", Aborted, Fenced),
    row("machine memory", "sandbox", Itself, Fenced),
    row("machine console", "sandbox", Itself, Fenced),
    row("microvm link", "sandbox", Itself, Fenced),
    row("worker.tenancy", "worker", Aborted, Lasting),
    row("worker.vitals", "worker", Itself, Fenced),
    row("environment", "worker", Waited, Fenced),
    row("door", "worker", Aborted, Fenced),
    row("door connection", "worker", Itself, Fenced),
    row("slow reader", "worker", Itself, Fenced),
    row("log pump", "worker", Itself, Fenced),
    row("log outbox", "worker", Itself, Fenced),
    row("sandbox stop", "worker", Itself, Fenced),
    row("pool", "worker", Itself, Lasting),
    row("pool stop", "worker", Itself, Fenced),
    row("snapshots of rooms", "worker", Itself, Lasting),
    row("snapshots", "worker", Itself, Fenced),
    row("working set", "worker", Itself, Fenced),
    row("snapstart list", "worker", Itself, Lasting),
    row("snapstart", "worker", Itself, Lasting),
    row("snapstart prepare", "worker", Itself, Fenced),
    row("snapstart stop", "worker", Itself, Fenced),
    row("code cache list", "worker", Itself, Lasting),
    row("code cache scan", "worker", Itself, Lasting),
    row("code cache removal", "worker", Itself, Fenced),
    row("unpack code", "worker", Itself, Fenced),
    row("runtimes.look", "worker", Itself, Fenced),
    row("client-connection", "the command line", Aborted, Fenced),
    row("data.look", "the command line", Itself, Fenced),
    row("dev.read", "the command line", Itself, Fenced),
];

/// The row of a name; tests name tasks of their own.
pub fn kind(name: &str) -> Option<&'static TaskKind> {
    KINDS.iter().find(|kind| kind.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_row() {
        for (idx, row) in KINDS.iter().enumerate() {
            assert_eq!(KINDS.iter().position(|other| other.name == row.name), Some(idx), "{}", row.name);
            assert_eq!(kind(row.name), Some(row));
        }
        assert_eq!(kind("nobody's"), None);
    }
}
