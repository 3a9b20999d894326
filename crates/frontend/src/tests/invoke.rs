//! Invocations over the socket.

use super::*;

#[tokio::test]
async fn an_invocation_goes_in_once_and_its_answer_comes_out() {
    let mut kit = Kit::with_function().await;
    let context =
        [("x-amz-client-context", "eyJhIjoxfQ=="), ("x-amzn-trace-id", "Root=1-a-b;Parent=c;Sampled=1")];
    let (request, answer) =
        kit.invoke(INVOKE, &context, b"{\"k\":1}", vec![success("\"hi\""), outcome(None)]).await;
    assert_eq!(request.invocation.payload, "{\"k\":1}");
    assert_eq!(request.invocation.client_context.as_deref(), Some("{\"a\":1}"));
    assert_eq!(
        request.invocation.invoked_arn.to_string(),
        "arn:aws:lambda:us-east-1:000000000000:function:f"
    );
    assert_eq!(request.invocation.timeout, Duration::from_secs(3));
    assert_eq!(answer.status, 200);
    assert_eq!(answer.text(), "\"hi\"");
    let id = request.invocation.request_id.to_string();
    for (name, value) in [
        ("x-amz-executed-version", Some("$LATEST")),
        ("x-amzn-requestid", Some(id.as_str())),
        ("x-amzn-trace-id", Some("Root=1-a-b;Parent=c;Sampled=1")),
        ("content-type", Some("application/json")),
        ("x-amz-function-error", None),
        ("x-amz-log-result", None),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    let (request, answer) = kit
        .invoke(&format!("{INVOKE}?Qualifier=%24LATEST"), &[], b"", vec![success(""), outcome(None)])
        .await;
    assert_eq!(request.invocation.payload, "{}");
    assert!(request.invocation.invoked_arn.to_string().ends_with(":f:$LATEST"));
    assert_eq!(answer.text(), "null");
}

#[tokio::test]
async fn a_failed_function_is_200_and_the_tail_waits_for_the_outcome() {
    let mut kit = Kit::with_function().await;
    let body = r#"{"errorType":"Sandbox.Timedout"}"#;
    let tail = [("x-amz-log-type", "Tail")];
    let (request, answer) =
        kit.invoke(INVOKE, &tail, b"{}", vec![failure(body), outcome(Some("START\nREPORT\n"))]).await;
    assert!(request.invocation.log_tail);
    assert_eq!((answer.status, answer.text()), (200, body));
    assert_eq!(answer.header("x-amz-function-error"), Some("Unhandled"));
    assert_eq!(answer.header("x-amz-log-result"), Some("U1RBUlQKUkVQT1JUCg=="));
}

#[tokio::test]
async fn the_answer_goes_out_before_the_invocation_is_over() {
    let mut kit = Kit::with_function().await;
    let stream = http::send(kit.address, &http::request("POST", INVOKE, &[], b"{}")).await;
    let (_, to) = kit.taken.recv().await.unwrap();
    to.send(success("1")).await.unwrap();
    // No outcome yet, and none until the caller has read its answer.
    assert_eq!(http::read(stream).await.text(), "1");
    to.send(outcome(None)).await.unwrap();
}

#[tokio::test]
async fn refused_leases_are_asked_for_again_before_user_code_and_missing_environments_reported() {
    let mut kit = Kit::with_function().await;
    kit.assignment.refusals.lock().unwrap().push_back(AcquireError::Stale);
    kit.worker.refusals.lock().unwrap().extend([
        InvokeRefusal::Busy,
        InvokeRefusal::Stale,
        InvokeRefusal::Gone,
    ]);
    let (_, answer) = kit.invoke(INVOKE, &[], b"{}", vec![success("1"), outcome(None)]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(*kit.assignment.acquires.lock().unwrap(), 5);
    assert_eq!(
        *kit.control.resolves.lock().unwrap(),
        3,
        "once, and again for each Stale of assignment and worker"
    );
    assert_eq!(*kit.control.resolves_anew.lock().unwrap(), 2, "not from memory again");
    let reports = kit.assignment.reports.lock().unwrap();
    assert_eq!(reports.len(), 1);
    assert_eq!(reports[0].event, EnvironmentEvent::NotFound, "only a worker says Gone");
}

#[tokio::test]
async fn while_a_partition_finds_its_next_leader_a_caller_waits() {
    let mut kit = Kit::with_function().await;
    // More often than an attempt is made at an environment.
    kit.assignment.refusals.lock().unwrap().extend(std::iter::repeat_n(AcquireError::NotLeader, 12));
    let (_, answer) = kit.invoke(INVOKE, &[], b"{}", vec![success("1"), outcome(None)]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(*kit.assignment.acquires.lock().unwrap(), 13);
    assert_eq!(*kit.control.resolves.lock().unwrap(), 1);
}

#[tokio::test]
async fn endless_refusals_end_in_503_and_no_concurrency_in_429() {
    let kit = Kit::with_function().await;
    kit.worker.refusals.lock().unwrap().extend(std::iter::repeat_n(InvokeRefusal::Busy, 100));
    let answer = kit.call("POST", INVOKE, &[], b"{}").await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    assert_eq!(*kit.assignment.acquires.lock().unwrap(), 8);
    kit.assignment.refusals.lock().unwrap().push_back(AcquireError::ConcurrencyLimit);
    let answer = kit.call("POST", INVOKE, &[], b"{}").await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.json()["Reason"], "ConcurrentInvocationLimitExceeded");
    kit.worker.refusals.lock().unwrap().clear();
    kit.worker.refusals.lock().unwrap().push_back(InvokeRefusal::Failed { reason: "boot".to_owned() });
    let answer = kit.call("POST", INVOKE, &[], b"{}").await;
    assert_eq!((answer.status, answer.header("x-amzn-errortype")), (500, Some("ServiceException")));
}

#[tokio::test]
async fn an_environment_lost_under_user_code_is_500_and_not_tried_again() {
    let mut kit = Kit::with_function().await;
    let (_, answer) = kit.invoke(INVOKE, &[], b"{}", vec![]).await;
    assert_eq!((answer.status, answer.header("x-amzn-errortype")), (500, Some("ServiceException")));
    assert_eq!(*kit.assignment.acquires.lock().unwrap(), 1);
}

#[tokio::test]
async fn invocations_are_refused_in_awss_words() {
    let kit = Kit::with_function().await;
    let large = vec![b' '; 6_291_457];
    let type_event = [("x-amz-invocation-type", "Event")];
    type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [u8], u16, &'a str, &'a str);
    let rows: &[Row<'_>] = &[
        (
            "g",
            &[],
            b"{}",
            404,
            "ResourceNotFoundException",
            r#"{"Type":"User","Message":"Function not found: arn:aws:lambda:us-east-1:000000000000:function:g:$LATEST"}"#,
        ),
        (
            "f:7",
            &[],
            b"{}",
            404,
            "ResourceNotFoundException",
            r#"{"Type":"User","Message":"Function not found: arn:aws:lambda:us-east-1:000000000000:function:f:7"}"#,
        ),
        (
            "f",
            &[],
            b"hello",
            400,
            "InvalidRequestContentException",
            r#"{"Type":"User","message":"Could not parse request body into json: "#,
        ),
        (
            "f",
            &[],
            &large,
            413,
            "RequestEntityTooLargeException",
            r#"{"message":"6291457 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)"}"#,
        ),
        (
            "f",
            &type_event,
            b"{}",
            501,
            "NotImplementedException",
            r#"{"Type":"User","message":"Tinderbox does not implement Invoke with InvocationType Event yet"}"#,
        ),
        (
            "f",
            &[("x-amz-invocation-type", "Later")],
            b"{}",
            400,
            "ValidationException",
            r#"{"message":"1 validation error detected: Value 'Later' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: "#,
        ),
        (
            "f",
            &[("x-amz-tenant-id", "t")],
            b"{}",
            400,
            "InvalidParameterValueException",
            r#"{"Type":"User","message":"Tinderbox does not support TenantId yet"}"#,
        ),
    ];
    for (name, headers, body, status, error, text) in rows {
        let answer = kit.call("POST", &format!("{FUNCTIONS}/{name}/invocations"), headers, body).await;
        assert_eq!(
            (answer.status, answer.header("x-amzn-errortype")),
            (*status, Some(*error)),
            "{}",
            answer.text()
        );
        assert!(answer.text().starts_with(text), "{}", answer.text());
    }
    let dry = kit.call("POST", INVOKE, &[("x-amz-invocation-type", "DryRun")], b"{}").await;
    assert_eq!((dry.status, dry.body.len(), dry.header("x-amz-executed-version")), (204, 0, None));
    kit.control.set_state(State::Pending);
    let pending = kit.call("POST", INVOKE, &[], b"{}").await;
    assert_eq!(pending.status, 409);
    assert_eq!(
        pending.json()["message"],
        "The operation cannot be performed at this time. The function is currently in the following state: Pending"
    );
}

#[tokio::test]
async fn each_chunk_of_a_stream_is_forwarded_before_the_next_is_there() {
    let mut kit = Kit::with_function().await;
    let mut stream = http::send(kit.address, &http::request("POST", STREAM, &[], b"{}")).await;
    let (request, to) = kit.taken.recv().await.unwrap();
    assert!(request.invocation.streaming);
    let mut seen = Vec::new();
    for chunk in ["one", "two"] {
        to.send(InvokeFrame::Chunk(Bytes::from(chunk))).await.unwrap();
        // The next chunk is sent only after this one has arrived: nothing waits in a buffer.
        while !seen.windows(3).any(|it| it == chunk.as_bytes()) {
            let mut part = [0; 1_024];
            let len = tokio::io::AsyncReadExt::read(&mut stream, &mut part).await.unwrap();
            assert_ne!(len, 0);
            seen.extend_from_slice(&part[..len]);
        }
    }
    assert!(seen.starts_with(b"HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn a_stream_ends_with_what_became_of_the_function() {
    let mut kit = Kit::with_function().await;
    let chunk = || InvokeFrame::Chunk(Bytes::from_static(b"part"));
    let tail: &[(&str, &str)] = &[("x-amz-log-type", "Tail")];
    for (headers, frames, complete) in [
        (&[][..], vec![chunk(), success(""), outcome(None)], json!({})),
        (
            &[][..],
            vec![chunk(), failure("{\"e\":1}"), outcome(None)],
            json!({"ErrorCode": "Unhandled", "ErrorDetails": "{\"e\":1}"}),
        ),
        (tail, vec![chunk(), success(""), outcome(Some("log"))], json!({"LogResult": "bG9n"})),
    ] {
        let (_, answer) = kit.invoke(STREAM, headers, b"{}", frames).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), Some("application/vnd.amazon.eventstream"));
        assert_eq!(answer.header("x-amz-executed-version"), Some("$LATEST"));
        let messages = decode(&answer.body);
        assert_eq!(messages.len(), 2);
        assert_eq!(messages[0].1, b"part");
        assert_eq!(messages[0].0[1].1, "PayloadChunk");
        assert_eq!(messages[1].0[1].1, "InvokeComplete");
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&messages[1].1).unwrap(), complete);
    }
    let (_, broken) = kit.invoke(STREAM, &[], b"{}", vec![chunk()]).await;
    assert!(
        !broken.body.windows(14).any(|it| it == b"InvokeComplete"),
        "a broken stream does not look complete"
    );
}

#[tokio::test]
async fn a_traced_invocation_can_be_opened_as_a_waterfall() {
    let mut kit = Kit::with_function().await;
    let (request, _) =
        kit.invoke(INVOKE, &[("x-tinderbox-trace", "1")], b"{}", vec![success("1"), outcome(None)]).await;
    let path = format!("/_tinderbox/traces/{}", request.invocation.request_id);
    let trace = kit.call("GET", &path, &[], b"").await;
    assert_eq!(trace.status, 200);
    let trace = trace.json();
    assert_eq!((trace["function"].as_str(), trace["cold"].as_bool()), (Some("f"), Some(true)));
    let rooms: Vec<&str> =
        trace["spans"].as_array().unwrap().iter().filter_map(|it| it["room"].as_str()).collect();
    assert_eq!(rooms, ["frontend", "resolve", "acquire", "request"]);
    let other = "AWS4-HMAC-SHA256 Credential=111111111111/20260131/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0";
    assert_eq!(kit.call("GET", &path, &[("authorization", other)], b"").await.status, 404);
}

#[tokio::test]
async fn a_caller_who_hangs_up_does_not_end_the_invocation() {
    let mut kit = Kit::with_function().await;
    let stream = http::send(kit.address, &http::request("POST", INVOKE, &[], b"{}")).await;
    let (request, to) = kit.taken.recv().await.unwrap();
    drop(stream);
    to.send(success("1")).await.unwrap();
    to.send(outcome(None)).await.unwrap();
    drop(to);
    let path = format!("/_tinderbox/traces/{}", request.invocation.request_id);
    while kit.call("GET", &path, &[], b"").await.status != 200 {
        tokio::task::yield_now().await;
    }
}
