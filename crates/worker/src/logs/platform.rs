//! The platform's own lines: INIT_START, INIT_REPORT, RESTORE_START, RESTORE_REPORT, START, END, REPORT, as text or as
//! JSON events.

use fabric::control::LoggingConfig;
use serde_json::{Value, json};
use std::fmt::Write;
use std::time::Duration;
use time::OffsetDateTime;
use time::macros::format_description;
use types::RequestId;
use world::WallTime;

/// How one environment's platform lines look.
#[derive(Clone, Debug)]
pub(crate) struct Platform {
    format: Format,
    /// `$LATEST` or a number.
    pub(crate) version: String,
    pub(crate) function: String,
    /// `python:3.13.v13`.
    pub(crate) runtime_version: String,
    pub(crate) runtime_version_arn: String,
    pub(crate) initialization: Initialization,
}

/// When init is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Initialization {
    OnDemand,
    SnapStart,
    /// Ahead of invocations.
    Provisioned,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Text,
    /// With the least level that is written.
    Json(Level),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Debug,
    Info,
    Warn,
}

/// In which phase init ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Before the invocation, in its own ten seconds.
    Init,
    /// Once more, inside the invocation.
    Invoke,
}

/// How init or an invocation failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Timeout,
    Error(String),
}

/// What came before the first invocation of an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beginning {
    Init(Duration),
    Restore {
        took: Duration,
        /// From the moment the runtime was let go on, rounded up.
        billed_ms: u64,
    },
}

/// The figures of one invocation.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) request_id: RequestId,
    pub(crate) duration: Duration,
    pub(crate) beginning: Option<Beginning>,
    pub(crate) billed_ms: u64,
    pub(crate) memory_mb: u32,
    pub(crate) memory_used_mb: u32,
    pub(crate) status: Option<Status>,
    /// With active tracing, the trace header.
    pub(crate) trace: Option<String>,
}

/// Duration and what came before it together, rounded up (of init: AWS, since August 2025).
pub(crate) fn billed_ms(duration: Duration, beginning: Option<Beginning>) -> u64 {
    rounded_up_ms(match beginning {
        None => duration,
        Some(Beginning::Init(init)) => duration + init,
        Some(Beginning::Restore { billed_ms, .. }) => duration + Duration::from_millis(billed_ms),
    })
}

pub(crate) fn rounded_up_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX)
}

impl Platform {
    pub(crate) fn new(
        logging: &LoggingConfig,
        function: String,
        version: String,
        runtime: (String, String),
        initialization: Initialization,
    ) -> Self {
        let level = match logging.system_level.as_deref() {
            Some("DEBUG") => Level::Debug,
            Some("WARN") => Level::Warn,
            _ => Level::Info,
        };
        let format = if logging.format == "JSON" { Format::Json(level) } else { Format::Text };
        let (runtime_version, runtime_version_arn) = runtime;
        Self { format, version, function, runtime_version, runtime_version_arn, initialization }
    }

    pub(crate) fn init_start(&self, at: WallTime, phase: Phase) -> Option<String> {
        let (version, arn) = (&self.runtime_version, &self.runtime_version_arn);
        self.line(
            Level::Info,
            || format!("INIT_START Runtime Version: {version}\tRuntime Version ARN: {arn}\n"),
            |json| {
                json(
                    at,
                    "platform.initStart",
                    json!({"initializationType": self.initialization.word(), "phase": phase.word(), "runtimeVersion": version,
                           "runtimeVersionArn": arn, "functionName": self.function, "functionVersion": self.version}),
                )
            },
        )
    }

    /// Of ours: what its owner should know, and AWS has no line for.
    pub(crate) fn warning(&self, at: WallTime, text: &str) -> Option<String> {
        self.line(
            Level::Warn,
            || format!("[WARN] {text}\n"),
            |json| json(at, "platform.warning", json!({"message": text})),
        )
    }

    /// On demand the text only when init failed; with SnapStart, and ahead of invocations, always, since no REPORT says it.
    pub(crate) fn init_report(
        &self,
        at: WallTime,
        phase: Phase,
        took: Duration,
        failed: Option<&Status>,
    ) -> Option<String> {
        let on_demand = self.initialization == Initialization::OnDemand;
        let level = match failed {
            Some(_) => Level::Warn,
            None if on_demand => Level::Debug,
            None => Level::Info,
        };
        if self.format == Format::Text && failed.is_none() && on_demand {
            return None;
        }
        self.line(
            level,
            || {
                let mut line = format!("INIT_REPORT Init Duration: {:.2} ms", millis(took));
                if failed.is_some() {
                    line.push_str("\tPhase: ");
                    line.push_str(phase.word());
                }
                push_status(&mut line, failed);
                line.push('\n');
                line
            },
            |json| {
                let mut record = json!({"initializationType": self.initialization.word(), "phase": phase.word(),
                                        "metrics": {"durationMs": rounded(took)}});
                put_status(&mut record, failed);
                json(at, "platform.initReport", record)
            },
        )
    }

    pub(crate) fn restore_start(&self, at: WallTime) -> Option<String> {
        let (version, arn) = (&self.runtime_version, &self.runtime_version_arn);
        self.line(
            Level::Info,
            || format!("RESTORE_START Runtime Version: {version}\tRuntime Version ARN: {arn}\n"),
            |json| {
                let record = json!({"runtimeVersion": version, "runtimeVersionArn": arn, "functionName": self.function,
                                    "functionVersion": self.version});
                json(at, "platform.restoreStart", record)
            },
        )
    }

    /// RESTORE_REPORT, and what goes before it among JSON events.
    pub(crate) fn restore_report(
        &self,
        at: WallTime,
        took: Duration,
        failed: Option<&Status>,
    ) -> Vec<String> {
        let mut lines = Vec::new();
        if self.format != Format::Text {
            let level = if failed.is_some() { Level::Warn } else { Level::Debug };
            lines.extend(self.line(level, String::new, |json| {
                let mut record = json!({});
                put_status(&mut record, failed);
                json(at, "platform.restoreRuntimeDone", record)
            }));
        }
        let level = if failed.is_some() { Level::Warn } else { Level::Info };
        lines.extend(self.line(
            level,
            || {
                let mut line = format!("RESTORE_REPORT Restore Duration: {:.2} ms", millis(took));
                push_status(&mut line, failed);
                line.push('\n');
                line
            },
            |json| {
                let mut record = json!({"metrics": {"durationMs": rounded(took)}});
                put_status(&mut record, failed);
                json(at, "platform.restoreReport", record)
            },
        ));
        lines
    }

    pub(crate) fn start(&self, at: WallTime, request_id: RequestId) -> Option<String> {
        let version = &self.version;
        self.line(
            Level::Info,
            || format!("START RequestId: {request_id} Version: {version}\n"),
            |json| {
                json(at, "platform.start", json!({"requestId": request_id.to_string(), "version": version}))
            },
        )
    }

    /// END and REPORT, or their JSON counterparts.
    pub(crate) fn report(&self, at: WallTime, report: &Report) -> Vec<String> {
        let level = if report.status.is_some() { Level::Warn } else { Level::Info };
        let done_level = if report.status.is_some() { Level::Warn } else { Level::Debug };
        let id = report.request_id.to_string();
        let end = self.line(
            done_level,
            || format!("END RequestId: {id}\n"),
            |json| {
                let mut record =
                    json!({"requestId": id, "metrics": {"durationMs": rounded(report.duration)}});
                put_status(&mut record, report.status.as_ref());
                json(at, "platform.runtimeDone", record)
            },
        );
        let last = self.line(
            level,
            || report_text(report),
            |json| {
                let mut metrics = json!({"durationMs": rounded(report.duration), "billedDurationMs": report.billed_ms,
                                         "memorySizeMB": report.memory_mb, "maxMemoryUsedMB": report.memory_used_mb});
                match report.beginning {
                    None => {}
                    Some(Beginning::Init(init)) => metrics["initDurationMs"] = json!(rounded(init)),
                    Some(Beginning::Restore { took, .. }) => metrics["restoreDurationMs"] = json!(rounded(took)),
                }
                let mut record = json!({"requestId": id, "metrics": metrics});
                put_status(&mut record, report.status.as_ref());
                json(at, "platform.report", record)
            },
        );
        end.into_iter().chain(last).collect()
    }

    fn line(
        &self,
        level: Level,
        text: impl FnOnce() -> String,
        event: impl FnOnce(fn(WallTime, &str, Value) -> String) -> String,
    ) -> Option<String> {
        match self.format {
            Format::Text => Some(text()),
            Format::Json(least) => (level >= least).then(|| event(json_event)),
        }
    }
}

impl Phase {
    fn word(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::Invoke => "invoke",
        }
    }
}

impl Initialization {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::OnDemand => "on-demand",
            Self::SnapStart => "snap-start",
            Self::Provisioned => "provisioned-concurrency",
        }
    }
}

fn report_text(report: &Report) -> String {
    let mut line = format!(
        "REPORT RequestId: {}\tDuration: {:.2} ms\tBilled Duration: {} ms\tMemory Size: {} MB\tMax Memory Used: {} MB",
        report.request_id,
        millis(report.duration),
        report.billed_ms,
        report.memory_mb,
        report.memory_used_mb
    );
    // Writing to a String can not fail.
    let _ = match report.beginning {
        None => Ok(()),
        Some(Beginning::Init(init)) => write!(line, "\tInit Duration: {:.2} ms", millis(init)),
        Some(Beginning::Restore { took, billed_ms }) => {
            let took = millis(took);
            write!(line, "\tRestore Duration: {took:.2} ms\tBilled Restore Duration: {billed_ms} ms")
        }
    };
    match &report.status {
        None => line.push_str("\t\n"),
        status => {
            push_status(&mut line, status.as_ref());
            line.push('\n');
        }
    }
    if let Some(xray) = report.trace.as_deref().and_then(xray_line) {
        line.push_str(&xray);
    }
    line
}

/// `Root=…;Parent=…;Sampled=1` as the second line of a REPORT.
fn xray_line(header: &str) -> Option<String> {
    let field = |name: &str| {
        header
            .split(';')
            .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
            .map(str::to_owned)
    };
    let sampled = field("Sampled")? == "1";
    sampled.then_some(())?;
    Some(format!("XRAY TraceId: {}\tSegmentId: {}\tSampled: true\t\n", field("Root")?, field("Parent")?))
}

fn push_status(line: &mut String, status: Option<&Status>) {
    match status {
        None => {}
        Some(Status::Timeout) => line.push_str("\tStatus: timeout"),
        Some(Status::Error(error_type)) => {
            line.push_str("\tStatus: error\tError Type: ");
            line.push_str(error_type);
        }
    }
}

fn put_status(record: &mut Value, status: Option<&Status>) {
    match status {
        None => record["status"] = json!("success"),
        Some(Status::Timeout) => record["status"] = json!("timeout"),
        Some(Status::Error(error_type)) => {
            record["status"] = json!("error");
            record["errorType"] = json!(error_type);
        }
    }
}

fn json_event(at: WallTime, kind: &str, record: Value) -> String {
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.0) * 1_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
        .format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z"))
        .unwrap_or_default();
    format!("{}\n", json!({"time": time, "type": kind, "record": record}))
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// Milliseconds with three decimals, as the JSON events carry them.
fn rounded(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1_000.0
}

/// `YYYY/MM/DD/[VERSION]32hex`, UTC.
pub(crate) fn stream_name(at: WallTime, version: &str, environment: types::EnvironmentId) -> String {
    let day = OffsetDateTime::from_unix_timestamp((at.millis() / 1_000) as i64)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
        .format(format_description!("[year]/[month]/[day]"))
        .unwrap_or_default();
    format!("{day}/[{version}]{}", environment.hex())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(format: &str, level: Option<&str>) -> Platform {
        let logging = LoggingConfig {
            format: format.into(),
            group: "/aws/lambda/f".into(),
            application_level: None,
            system_level: level.map(str::to_owned),
        };
        let runtime = ("python:3.13.v13".into(), "arn:x".into());
        Platform::new(&logging, "f".into(), "$LATEST".into(), runtime, Initialization::OnDemand)
    }

    fn report(init: Option<f64>, status: Option<Status>) -> Report {
        let duration = Duration::from_micros(2_460);
        let beginning = init.map(|ms| Beginning::Init(Duration::from_secs_f64(ms / 1_000.0)));
        Report {
            request_id: RequestId([0; 16]),
            duration,
            beginning,
            billed_ms: billed_ms(duration, beginning),
            memory_mb: 1024,
            memory_used_mb: 95,
            status,
            trace: None,
        }
    }

    #[test]
    fn text_lines_are_lambdas_own() {
        let platform = platform("Text", None);
        let id = "00000000-0000-0000-0000-000000000000";
        let at = WallTime(0);
        assert_eq!(
            platform.init_start(at, Phase::Init).unwrap(),
            "INIT_START Runtime Version: python:3.13.v13\tRuntime Version ARN: arn:x\n"
        );
        assert_eq!(
            platform.start(at, RequestId([0; 16])).unwrap(),
            format!("START RequestId: {id} Version: $LATEST\n")
        );
        let head = format!("REPORT RequestId: {id}\tDuration: 2.46 ms\t");
        let rows = [
            (
                report(Some(413.61), None),
                "Billed Duration: 417 ms\tMemory Size: 1024 MB\tMax Memory Used: 95 MB\tInit Duration: 413.61 ms\t\n",
            ),
            (report(None, None), "Billed Duration: 3 ms\tMemory Size: 1024 MB\tMax Memory Used: 95 MB\t\n"),
            (
                report(None, Some(Status::Timeout)),
                "Billed Duration: 3 ms\tMemory Size: 1024 MB\tMax Memory Used: 95 MB\tStatus: timeout\n",
            ),
            (
                report(Some(84.0), Some(Status::Error("Runtime.ExitError".into()))),
                "Billed Duration: 87 ms\tMemory Size: 1024 MB\tMax Memory Used: 95 MB\tInit Duration: 84.00 ms\tStatus: error\tError Type: Runtime.ExitError\n",
            ),
        ];
        for (report, tail) in rows {
            let lines = platform.report(at, &report);
            assert_eq!(lines, [format!("END RequestId: {id}\n"), format!("{head}{tail}")]);
        }
    }

    #[test]
    fn an_init_report_is_written_only_for_a_failure() {
        let platform = platform("Text", None);
        let took = Duration::from_micros(10_000_120);
        assert_eq!(platform.init_report(WallTime(0), Phase::Init, took, None), None);
        assert_eq!(
            platform.init_report(WallTime(0), Phase::Init, took, Some(&Status::Timeout)).unwrap(),
            "INIT_REPORT Init Duration: 10000.12 ms\tPhase: init\tStatus: timeout\n"
        );
        assert_eq!(
            platform
                .init_report(
                    WallTime(0),
                    Phase::Invoke,
                    took,
                    Some(&Status::Error("Runtime.ImportModuleError".into()))
                )
                .unwrap(),
            "INIT_REPORT Init Duration: 10000.12 ms\tPhase: invoke\tStatus: error\tError Type: Runtime.ImportModuleError\n"
        );
    }

    #[test]
    fn json_lines_are_events_above_the_system_level() {
        let lines =
            platform("JSON", Some("INFO")).report(WallTime(1_700_000_000_123_000), &report(None, None));
        assert_eq!(lines.len(), 1, "runtimeDone of a success is DEBUG");
        let event: Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(event["time"], "2023-11-14T22:13:20.123Z");
        assert_eq!(event["type"], "platform.report");
        assert_eq!(event["record"]["metrics"]["billedDurationMs"], 3);
        assert_eq!(platform("JSON", Some("WARN")).start(WallTime(0), RequestId([0; 16])), None);
    }

    #[test]
    fn lines_of_a_restore_are_lambdas_own() {
        let platform = Platform { initialization: Initialization::SnapStart, ..platform("Text", None) };
        let (at, took) = (WallTime(0), Duration::from_micros(398_970));
        assert_eq!(
            platform.restore_start(at).unwrap(),
            "RESTORE_START Runtime Version: python:3.13.v13\tRuntime Version ARN: arn:x\n"
        );
        assert_eq!(platform.restore_report(at, took, None), ["RESTORE_REPORT Restore Duration: 398.97 ms\n"]);
        let rows = [
            (Status::Timeout, "Status: timeout"),
            (Status::Error("Runtime.ExitError".into()), "Status: error\tError Type: Runtime.ExitError"),
        ];
        for (status, tail) in rows {
            let line = format!("RESTORE_REPORT Restore Duration: 398.97 ms\t{tail}\n");
            assert_eq!(platform.restore_report(at, took, Some(&status)), [line]);
        }
        assert_eq!(
            platform.init_report(at, Phase::Init, took, None).unwrap(),
            "INIT_REPORT Init Duration: 398.97 ms\n",
            "no REPORT will say it"
        );
        // As recorded in 2023 of a function with 3,009 MB.
        let duration = Duration::from_micros(2_338_660);
        let beginning = Some(Beginning::Restore { took, billed_ms: 182 });
        let billed_ms = billed_ms(duration, beginning);
        let report = Report { duration, beginning, billed_ms, ..report(None, None) };
        let line = &platform.report(at, &report)[1];
        assert!(line.contains("\tDuration: 2338.66 ms\tBilled Duration: 2521 ms\t"), "{line}");
        assert!(
            line.ends_with("\tRestore Duration: 398.97 ms\tBilled Restore Duration: 182 ms\t\n"),
            "{line}"
        );
    }

    #[test]
    fn events_of_a_restore_have_the_telemetry_apis_shape() {
        let json = Platform { initialization: Initialization::SnapStart, ..platform("JSON", Some("DEBUG")) };
        let (at, took) = (WallTime(0), Duration::from_micros(15_190));
        let read = |line: &String| serde_json::from_str::<Value>(line).unwrap();
        let started = read(&json.restore_start(at).unwrap());
        assert_eq!(started["type"], "platform.restoreStart");
        assert_eq!(started["record"]["functionVersion"], "$LATEST");
        let lines: Vec<Value> = json.restore_report(at, took, None).iter().map(read).collect();
        assert_eq!(lines[0]["type"], "platform.restoreRuntimeDone");
        assert_eq!(lines[0]["record"], json!({"status": "success"}));
        assert_eq!(lines[1]["type"], "platform.restoreReport");
        assert_eq!(lines[1]["record"], json!({"status": "success", "metrics": {"durationMs": 15.19}}));
        assert_eq!(
            read(&json.init_report(at, Phase::Init, took, None).unwrap())["record"]["initializationType"],
            "snap-start"
        );
        let least = Platform { initialization: Initialization::SnapStart, ..platform("JSON", Some("WARN")) };
        assert_eq!(least.restore_report(at, took, None), Vec::<String>::new());
        assert_eq!(least.restore_report(at, took, Some(&Status::Timeout)).len(), 2);
        let beginning = Some(Beginning::Restore { took, billed_ms: 3 });
        let report = Report { beginning, ..report(None, None) };
        let last = json.report(at, &report).last().map(read).unwrap();
        assert_eq!(last["record"]["metrics"]["restoreDurationMs"], 15.19);
    }

    #[test]
    fn a_sampled_trace_is_the_reports_second_line() {
        let traced = Report { trace: Some("Root=1-a-b;Parent=c;Sampled=1".into()), ..report(None, None) };
        let lines = platform("Text", None).report(WallTime(0), &traced);
        assert!(lines[1].ends_with("\t\nXRAY TraceId: 1-a-b\tSegmentId: c\tSampled: true\t\n"), "{lines:?}");
    }
}
