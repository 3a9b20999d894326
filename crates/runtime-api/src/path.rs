//! The calls and their paths.

use http::Method;

/// Every path begins with the API's version.
pub const VERSION: &str = "/2018-06-01";
/// Credentials of an environment with SnapStart, under the door's own address and not under [`VERSION`].
pub const CREDENTIALS: &str = "/2021-04-23/credentials";

/// One call, as method and path name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call<'a> {
    Ping,
    Next,
    Response { id: &'a str },
    Error { id: &'a str },
    InitError,
    RestoreNext,
    RestoreError,
    Credentials,
}

/// Why a request is none of the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoCall {
    /// No such path.
    Path,
    /// The path is there, under another method.
    Method,
}

impl<'a> Call<'a> {
    /// Reads method and path (without its query).
    pub fn read(method: &Method, path: &'a str) -> Result<Self, NoCall> {
        if path == CREDENTIALS {
            return if *method == Method::GET { Ok(Self::Credentials) } else { Err(NoCall::Method) };
        }
        let rest = path.strip_prefix(VERSION).ok_or(NoCall::Path)?;
        let (call, wants) = match rest.strip_prefix("/runtime/").unwrap_or(rest) {
            "/ping" => (Self::Ping, Method::GET),
            "invocation/next" => (Self::Next, Method::GET),
            "init/error" => (Self::InitError, Method::POST),
            "restore/next" => (Self::RestoreNext, Method::GET),
            "restore/error" => (Self::RestoreError, Method::POST),
            other => (Self::answer(other).ok_or(NoCall::Path)?, Method::POST),
        };
        if *method == wants { Ok(call) } else { Err(NoCall::Method) }
    }

    fn answer(rest: &'a str) -> Option<Self> {
        let (id, leaf) = rest.strip_prefix("invocation/")?.split_once('/')?;
        match leaf {
            "response" => Some(Self::Response { id }),
            "error" => Some(Self::Error { id }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_read_from_method_and_path() {
        let rows = [
            ("GET", "/2018-06-01/runtime/invocation/next", Ok(Call::Next)),
            ("POST", "/2018-06-01/runtime/invocation/next", Err(NoCall::Method)),
            ("POST", "/2018-06-01/runtime/invocation/7/response", Ok(Call::Response { id: "7" })),
            ("POST", "/2018-06-01/runtime/invocation//error", Ok(Call::Error { id: "" })),
            ("POST", "/2018-06-01/runtime/init/error", Ok(Call::InitError)),
            ("GET", "/2018-06-01/ping", Ok(Call::Ping)),
            ("GET", "/2018-06-01/runtime/restore/next", Ok(Call::RestoreNext)),
            ("GET", "/2021-04-23/credentials", Ok(Call::Credentials)),
            ("POST", "/2021-04-23/credentials", Err(NoCall::Method)),
            ("GET", "/2018-06-01/runtime/invocation/7/other", Err(NoCall::Path)),
            ("GET", "/2019-01-01/runtime/invocation/next", Err(NoCall::Path)),
        ];
        for (method, path, call) in rows {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            assert_eq!(Call::read(&method, path), call, "{method} {path}");
        }
    }
}
