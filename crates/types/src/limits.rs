//! Every number that Lambda promises or that bounds us, with its reason. Relations are asserted below.

use std::time::Duration;

/// Largest synchronous request payload, bytes (6 MiB; AWS "Lambda quotas").
pub const PAYLOAD_BYTES_MAX: usize = 6_291_456;
/// Largest asynchronous request payload, bytes (1 MiB since 2025).
pub const EVENT_PAYLOAD_BYTES_MAX: usize = 1_048_576;
/// Largest buffered response, bytes: 6 MiB and the 100 bytes that AWS adds.
pub const RESPONSE_BYTES_MAX: usize = PAYLOAD_BYTES_MAX + 100;
/// Largest streamed response, bytes (200 MB).
pub const STREAM_BYTES_MAX: u64 = 200 * 1024 * 1024;
/// Part of a streamed response that is not slowed, bytes.
pub const STREAM_BURST_BYTES: u64 = 6 * 1024 * 1024;
/// Speed of a streamed response past the burst, bytes a second.
pub const STREAM_BYTES_PER_SECOND: u64 = 2 * 1024 * 1024;
/// One chunk of a body between rooms, bytes: large enough to amortise a hop, small enough to stay live.
pub const CHUNK_BYTES_MAX: usize = 64 * 1024;
/// How many chunks may wait between two rooms before the writer has to.
pub const CHUNKS_IN_FLIGHT_MAX: usize = 16;

/// Largest zip, bytes.
pub const ZIP_BYTES_MAX: usize = 52_428_800;
/// Largest sum of unzipped files, bytes (250 x 1024 x 1024).
pub const UNZIPPED_BYTES_MAX: u64 = 262_144_000;
/// Most entries in a zip: none of AWS's, ours, so that a zip of a million empty files is refused early.
pub const ZIP_ENTRIES_MAX: usize = 200_000;
/// Largest body of CreateFunction and UpdateFunctionCode, bytes (the base64 of a 50 MiB zip and its JSON).
pub const CREATE_BODY_BYTES_MAX: usize = 70_167_211;
/// Largest body of any other request that is not an invocation, bytes.
pub const REQUEST_BODY_BYTES_MAX: usize = 1024 * 1024;

/// Most partitions of one platform: each has an election that every candidate watches, and a stream.
pub const PARTITIONS_MAX: u32 = 1_024;

/// Memory of an environment, MB.
pub const MEMORY_MB_MIN: u32 = 128;
pub const MEMORY_MB_MAX: u32 = 10_240;
pub const MEMORY_MB_DEFAULT: u32 = 128;
/// `/tmp` of an environment, MB.
pub const EPHEMERAL_STORAGE_MB_MIN: u32 = 512;
pub const EPHEMERAL_STORAGE_MB_MAX: u32 = 10_240;
pub const EPHEMERAL_STORAGE_MB_DEFAULT: u32 = 512;
/// Memory that comes with one full vCPU, MB.
pub const MEMORY_MB_PER_VCPU: u32 = 1_769;
/// Function timeout, seconds.
pub const TIMEOUT_SECONDS_DEFAULT: u32 = 3;
pub const TIMEOUT_SECONDS_MAX: u32 = 900;
/// The init phase's own limit, outside the function's timeout.
pub const INIT_TIMEOUT: Duration = Duration::from_secs(10);
/// The init phase's limit of a version with SnapStart, or its timeout if that is longer (AWS, SnapStart hooks).
pub const SNAP_START_INIT_TIMEOUT: Duration = Duration::from_secs(130);
/// A restore with its hooks (AWS, SnapStart hooks).
pub const RESTORE_TIMEOUT: Duration = Duration::from_secs(10);
/// Processes and threads of one environment (AWS documents 1,024).
pub const PROCESSES_MAX: u32 = 1_024;
/// Open files of one process of an environment (AWS: 1,024 soft).
pub const OPEN_FILES_MAX: u64 = 1_024;
/// Environment variables as compact JSON, bytes.
pub const ENVIRONMENT_BYTES_MAX: usize = 4_096;
/// The log tail that `LogType=Tail` answers, bytes.
pub const LOG_TAIL_BYTES: usize = 4_096;
/// One log event, bytes (CloudWatch Logs' own limit since 2025 is 1 MiB, before 256 KiB).
pub const LOG_EVENT_BYTES_MAX: usize = 256 * 1024;

/// Concurrent executions of an account and region.
pub const CONCURRENT_EXECUTIONS_DEFAULT: u32 = 1_000;
/// Of these at least so many are left to functions that reserve none ("up to the Unreserved account concurrency value minus
/// 100", Lambda developer guide, "Configuring reserved concurrency").
pub const UNRESERVED_EXECUTIONS_MIN: u32 = 100;
/// Tags of one resource.
pub const TAGS_MAX: usize = 50;
/// Items on one page of a list.
pub const PAGE_ITEMS_MAX: usize = 50;
/// Sum of all code of an account and region, bytes (GetAccountSettings).
pub const TOTAL_CODE_BYTES_MAX: u64 = 80_530_636_800;

/// Port of everything: λ is U+03BB, decimal 955.
pub const DEFAULT_PORT: u16 = 9_955;

const _: () = assert!(RESPONSE_BYTES_MAX > PAYLOAD_BYTES_MAX);
const _: () = assert!((STREAM_BYTES_MAX as usize) > RESPONSE_BYTES_MAX);
const _: () = assert!(CREATE_BODY_BYTES_MAX > ZIP_BYTES_MAX / 3 * 4, "a full zip in base64 must fit");
const _: () = assert!(MEMORY_MB_MIN <= MEMORY_MB_DEFAULT && MEMORY_MB_DEFAULT <= MEMORY_MB_MAX);
const _: () = assert!(TIMEOUT_SECONDS_DEFAULT <= TIMEOUT_SECONDS_MAX);
