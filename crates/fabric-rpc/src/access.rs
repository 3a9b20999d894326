//! Who may make which call: the roles that a node's certificate names, and what each is there to ask.
//!
//! What is not in [`allowed`] is refused: a call that is added says here who needs it. What a worker says of itself it says
//! under its own name ([`Party::may_say`]).

use fabric::assignment::EnvironmentReport;
use fabric::placement::{Heartbeat, JoinFleet, LeaveFleet, StartReport};
use fabric::remote::Call;
use serde::de::DeserializeOwned;
use std::fmt;
use std::str::FromStr;
use types::WorkerId;

/// What a node is, as its certificate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeRole {
    Frontend,
    Control,
    Assignment,
    Placement,
    Worker,
}

impl NodeRole {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Frontend, Self::Control, Self::Assignment, Self::Placement, Self::Worker];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Frontend => "frontend",
            Self::Control => "control",
            Self::Assignment => "assignment",
            Self::Placement => "placement",
            Self::Worker => "worker",
        }
    }

    /// Whether a node of this role may make `call`.
    fn may(self, call: Call) -> bool {
        allowed(self)
            .iter()
            .any(|(role, names)| *role == call.role && (names.is_empty() || names.contains(&call.name)))
    }
}

impl fmt::Display for NodeRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for NodeRole {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|role| role.name() == text);
        found.ok_or_else(|| {
            let all: Vec<&str> = Self::ALL.into_iter().map(Self::name).collect();
            format!("`{text}` is no role; there are {}", all.join(", "))
        })
    }
}

/// Roles and their calls; no names: all of them.
fn allowed(caller: NodeRole) -> &'static [(&'static str, &'static [&'static str])] {
    match caller {
        // Every customer's request comes through it: it may all that a customer may, in any account.
        NodeRole::Frontend => &[
            ("Control", FRONTENDS_CONTROL),
            ("Assignment", &["acquire", "report", "census"]),
            // An operator's `drain` comes through the frontend.
            ("Placement", &["drain", "workers"]),
            // What a node has not shipped yet. All else of that role is done where the lines are.
            ("Telemetry", &["fresh", "get_trace"]),
            ("WorkerInvoke", &[]),
            // For `status`.
            ("Standing", &[]),
            // An operator's `status --check` comes as a frontend.
            ("WorkerCensus", &[]),
        ],
        NodeRole::Control => &[("Assignment", &["retire", "reserve", "provision"])],
        NodeRole::Assignment => {
            &[("Placement", &["lease", "place", "release", "started", "workers"]), ("WorkerControl", &[])]
        }
        NodeRole::Placement => &[],
        // User code is next to it: no function of a customer can be changed from here, no lease taken.
        NodeRole::Worker => &[
            ("Control", &["boot_plan", "code", "preparations", "prepared"]),
            ("Assignment", &["report"]),
            ("Placement", &["join", "heartbeat", "started", "leave"]),
            ("Api", &[]),
        ],
    }
}

/// All but what workers ask.
const FRONTENDS_CONTROL: &[&str] = &[
    "create_function",
    "get_function",
    "list_functions",
    "list_versions",
    "update_code",
    "update_configuration",
    "publish_version",
    "delete_function",
    "reserve_concurrency",
    "provision",
    "give_up_provisioned",
    "provisioned",
    "list_provisioned",
    "account_usage",
    "list_tags",
    "tag",
    "untag",
    "resolve",
    "resolve_anew",
    "code",
];

/// A node, as its certificate names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    pub name: String,
    pub roles: Vec<NodeRole>,
}

impl Party {
    pub(crate) fn may(&self, call: Call) -> bool {
        self.roles.iter().any(|role| role.may(call))
    }

    /// Whether it may say this: who may make the call as a worker only speaks of itself. Leaders and frontends, which may
    /// make some of the same calls, speak of others.
    pub(crate) fn may_say(&self, call: Call, message: &[u8]) -> bool {
        let of_others = self.roles.iter().any(|role| *role != NodeRole::Worker && role.may(call));
        of_others || speaker(call, message).is_none_or(|worker| worker.as_str() == self.name)
    }
}

/// Of which worker a worker's message is; `None`: of none, or it is no message, which the role refuses.
fn speaker(call: Call, message: &[u8]) -> Option<WorkerId> {
    match (call.role, call.name) {
        ("Placement", "join") => read::<JoinFleet>(message).map(|it| it.worker),
        ("Placement", "heartbeat") => read::<Heartbeat>(message).map(|it| it.worker),
        ("Placement", "started") => read::<StartReport>(message).map(|it| it.worker),
        ("Placement", "leave") => read::<LeaveFleet>(message).map(|it| it.worker),
        ("Assignment", "report") => read::<EnvironmentReport>(message).map(|it| it.worker),
        _ => None,
    }
}

/// As the role's server reads it: what it takes is what is looked at here.
fn read<T: DeserializeOwned>(message: &[u8]) -> Option<T> {
    postcard::take_from_bytes(message).ok().map(|(message, _)| message)
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let roles: Vec<&str> = self.roles.iter().map(|role| role.name()).collect();
        write!(f, "{} ({})", self.name, roles.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use bytes::Bytes;
    use fabric::FrameStream;
    use fabric::remote::{Answering as _, Carrier, Lost, Remote, Served};
    use std::sync::Arc;

    struct Nobody;

    #[async_trait]
    impl Carrier for Nobody {
        async fn call(&self, _: Call, _: Bytes) -> Result<Bytes, Lost> {
            Err(Lost { reason: String::new(), sent: false })
        }
        async fn open(&self, _: Call, _: Bytes) -> Result<(Bytes, FrameStream<Bytes>), Lost> {
            Err(Lost { reason: String::new(), sent: false })
        }
    }

    macro_rules! calls {
        ($($Role:path),*) => {
            [$({
                let role: Arc<dyn $Role> = Remote::<dyn $Role>::new(Arc::new(Nobody));
                Served::new(role).calls()
            }),*].concat()
        };
    }

    fn every_call() -> Vec<Call> {
        calls!(
            fabric::api::Api,
            fabric::assignment::Assignment,
            fabric::control::Control,
            fabric::placement::Placement,
            fabric::telemetry::Telemetry,
            fabric::worker::WorkerCensus,
            fabric::worker::WorkerControl,
            fabric::worker::WorkerInvoke
        )
    }

    #[test]
    fn somebody_may_make_every_call_and_every_call_that_is_named_exists() {
        let calls = every_call();
        for call in &calls {
            let who = NodeRole::ALL.into_iter().any(|role| role.may(*call));
            // Lines are written by whoever has them, and read from the shared stores.
            let nobody = call.role == "Telemetry" && !matches!(call.name, "fresh" | "get_trace");
            assert!(who != nobody, "nobody may make {call:?}: say in access.rs who needs it");
        }
        for caller in NodeRole::ALL {
            for (role, names) in allowed(caller) {
                if *role == "Standing" {
                    continue; // by hand, in the binary
                }
                assert!(calls.iter().any(|call| call.role == *role), "{role}");
                for name in *names {
                    let named = calls.iter().any(|call| call.role == *role && call.name == *name);
                    assert!(named, "{role}.{name} is no call");
                }
            }
        }
    }

    #[test]
    fn every_call_by_which_a_worker_speaks_of_itself_is_bound_to_its_name() {
        for call in every_call().into_iter().filter(|call| NodeRole::Worker.may(*call)) {
            let bound = matches!(call.role, "Placement" | "Assignment");
            // Of others it asks, and says nothing.
            let asks = matches!(call.role, "Control" | "Api");
            assert!(bound != asks, "{call:?}: say in `speaker` whose word it is");
            if bound {
                let bytes = worker_message(call, "w1");
                assert_eq!(speaker(call, &bytes), Some(WorkerId::new("w1")), "{call:?}");
            }
        }
    }

    fn worker_message(call: Call, name: &str) -> Vec<u8> {
        let worker = WorkerId::new(name);
        let seen = &mut testkit::made::Seen::new();
        let bytes = match call.name {
            "join" => postcard::to_stdvec(&JoinFleet { worker, ..testkit::made::make(0, 1, seen).0 }),
            "heartbeat" => postcard::to_stdvec(&Heartbeat { worker, ..testkit::made::make(0, 1, seen).0 }),
            "started" => postcard::to_stdvec(&StartReport { worker, ..testkit::made::make(0, 1, seen).0 }),
            "leave" => postcard::to_stdvec(&LeaveFleet { worker, ..testkit::made::make(0, 1, seen).0 }),
            "report" => {
                postcard::to_stdvec(&EnvironmentReport { worker, ..testkit::made::make(0, 1, seen).0 })
            }
            other => panic!("{other}: no message of a worker is made here"),
        };
        bytes.unwrap()
    }

    #[test]
    fn a_worker_speaks_under_its_own_name_and_a_leader_of_others() {
        let party = |name: &str, roles: &[NodeRole]| Party { name: name.to_owned(), roles: roles.to_vec() };
        let (w1, a1) = (party("w1", &[NodeRole::Worker]), party("a1", &[NodeRole::Assignment]));
        let f1 = party("f1", &[NodeRole::Frontend]);
        for name in ["join", "heartbeat", "started", "leave"] {
            let call = Call { role: "Placement", name };
            assert!(w1.may_say(call, &worker_message(call, "w1")), "{name}");
            assert!(!w1.may_say(call, &worker_message(call, "w2")), "{name}");
            assert_eq!(a1.may_say(call, &worker_message(call, "w2")), name == "started");
        }
        let call = Call { role: "Assignment", name: "report" };
        assert!(
            w1.may_say(call, &worker_message(call, "w1")) && !w1.may_say(call, &worker_message(call, "w2"))
        );
        assert!(f1.may_say(call, &worker_message(call, "w2")), "a frontend says whom it did not find");
        // Not a message: the role says so.
        assert!(w1.may_say(call, b"") && w1.may_say(call, &[0xff; 40]));
    }

    #[test]
    fn a_worker_changes_no_function_takes_no_lease_and_commands_no_worker() {
        for call in every_call() {
            let may = NodeRole::Worker.may(call);
            let wanted = match call.role {
                "Api" => true,
                "Control" => matches!(call.name, "boot_plan" | "code" | "preparations" | "prepared"),
                "Assignment" => call.name == "report",
                "Placement" => matches!(call.name, "join" | "heartbeat" | "started" | "leave"),
                _ => false,
            };
            assert_eq!(may, wanted, "{call:?}");
        }
    }
}
