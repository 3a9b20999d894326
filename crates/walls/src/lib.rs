//! What stands around code, seen from within: the walls of one room and the process that builds them around itself.
//!
//! Both kinds of host use it: the spawner of the `process` sandbox on the machine itself, and `guest-init` inside a
//! microVM, so that code finds the same folders, user, filters and limits in both. No tokio, no thread: everything here
//! runs between a fork and the end of a single-threaded process.
//!
//! | module | what it does |
//! |---|---|
//! | `init` | builds the walls of one environment around itself, then starts and reaps |
//! | `channel`, `protocol` | what it says to the one who forked it |
//! | `namespaces`, `rootfs`, `tmp`, `seccomp`, `landlock` | one wall each |
//! | `network`, `tun` | the addresses inside, and the devices |
//! | `tap` | the network around a machine |
//! | `cgroup`, `cgroup_v1`, `cgroup_v2`, `watch` | limits and counters |
//! | `binding` | what a waiting room lacks is put in place |
//! | `hand` | slow work of the host beside a loop: file systems made ahead, memory given back |
//! | `sparse` | copies without zeros |
//! | `fault` | for tests: death between any two steps |

pub mod binding;
pub mod cgroup;
pub mod cgroup_v1;
pub mod cgroup_v2;
pub mod channel;
pub mod fault;
pub mod hand;
pub mod init;
pub mod landlock;
pub mod namespaces;
pub mod network;
pub mod protocol;
pub mod rootfs;
pub mod seccomp;
pub mod sparse;
pub mod sys;
pub mod tap;
pub mod tmp;
pub mod tun;
pub mod watch;

/// Where the Runtime API listens inside every environment, on its own loopback (AWS uses this port too).
pub const RUNTIME_API_ADDRESS: &str = "127.0.0.1:9001";
/// Where the environment's own door to the Lambda API listens inside.
pub const LAMBDA_API_ADDRESS: &str = "127.0.0.1:9002";
/// Names the descriptor from which a process that waits for its function reads.
pub const BIND_FD_VARIABLE: &str = "TINDERBOX_BIND_FD";

/// A step after which the spawner dies as by kill -9; steps are counted from 0.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Fault {
    /// Of its own, from its start.
    Spawner { step: u32 },
    /// Of an environment's init, from the fork.
    Init { step: u32 },
    /// None: of the environments, this one's init can not be watched, as where the kernel has no memory for it.
    Watch { boot: u32 },
}
