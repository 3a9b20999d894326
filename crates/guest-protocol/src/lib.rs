//! What a host and `guest-init`, the PID 1 of one microVM, say to each other over one stream of bytes.
//!
//! ```text
//!  host                         guest-init
//!    │── Hello ───────────────────▶│   phase 1, once: version, time, entropy
//!    │◀────────────── Welcome ─────│
//!    │── Furnish ─────────────────▶│   phase 2, once: what the room is made of
//!    │◀─── Furnished | Failed ─────│
//!    │── Start, Bind, Stats … ────▶│   phase 3, Live: asked in any order, answers carry the request's number
//!    │◀─ answers, Opened, Exited ──│
//!    │◀══ Data, Credit, End ══════▶│   streams: doors' connections and processes' pipes
//!    │── Quiesce ─────────────────▶│   phase 4, before a snapshot: nothing is on its way any more
//!    │◀──────────────── Quiet ─────│
//!    ┊   pause, snapshot; in each copy, on a NEW stream of bytes:
//!    │── Restored ────────────────▶│   back to the phase before Quiesce; streams begin anew
//!    │◀─────────────── Awake ──────│
//! ```
//!
//! No IO, no clock, no thread: [`messages`] are the words, [`frame`] cuts the stream into them, [`credit`] bounds what may be
//! on its way in each stream, [`phase`] says what may be said when. Both ends are made from one source, but a snapshot may be older than the host: `Hello` and
//! `Restored` carry the version. The host takes every byte from a guest as hostile: what is too long, out of phase or over
//! its credit ends the environment, and nothing else.

pub mod credit;
pub mod frame;
pub mod messages;
pub mod phase;

/// Version of the words. Another one is refused; a snapshot of another one is made anew.
pub const VERSION: u32 = 1;
/// The port that guest-init connects to on a host with vsock (CID 2), and the name of its port on one with virtio-serial.
pub const VSOCK_PORT: u32 = 52;
/// The name of the virtio-serial port.
pub const SERIAL_NAME: &str = "tinderbox";
/// Read-only devices beside the root: `/dev/vdb` to `/dev/vdg`; the next, `/dev/vdh`, is `/tmp`.
pub const SLOTS: usize = 6;
/// Longest frame, bytes of its body: a process's variables and paths (128 KiB at most) and what is around them.
pub const FRAME_BYTES_MAX: usize = 160 * 1024;
/// Most bytes of one `Data`.
pub const DATA_BYTES_MAX: usize = 32 * 1024;
/// What may be on its way in one stream and direction before its reader said more, at most.
pub const WINDOW_BYTES: u32 = 256 * 1024;
/// What may be on its way from the first, unasked: a small question and its answer need no word about credit, and as
/// many streams as there may be hold 40 MiB.
pub const FIRST_BYTES: u32 = 32 * 1024;
/// What all windows of one link and direction may have beyond their `FIRST_BYTES`: some dozens of full ones.
pub const SPARE_BYTES: u32 = 8 * 1024 * 1024;
/// Programs that run in one environment at a time: a runtime and its extensions.
pub const PROCESSES_MAX: usize = 64;
/// Streams of one environment at a time: the doors' connections (the worker's own bound is lower) ...
pub const DOOR_STREAMS_MAX: usize = 1_024;
/// ... and the processes' pipes.
pub const STREAMS_MAX: usize = DOOR_STREAMS_MAX + 4 * PROCESSES_MAX;

const _: () = assert!(FIRST_BYTES as usize >= DATA_BYTES_MAX && FIRST_BYTES <= WINDOW_BYTES);
const _: () = assert!(DATA_BYTES_MAX + 64 <= FRAME_BYTES_MAX && FRAME_BYTES_MAX <= u32::MAX as usize);
