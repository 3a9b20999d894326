//! Error shapes: name, status, whose fault it is, and how the body is spelt.

use std::fmt::Write as _;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The caller's: `"Type":"User"`.
    User,
    /// Ours: `"Type":"Service"`.
    Service,
}

impl Fault {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Service => "Service",
        }
    }
}

/// How one error of the API stands on the wire.
#[derive(Debug, PartialEq, Eq)]
pub struct ErrorShape {
    pub name: &'static str,
    pub status: u16,
    pub fault: Fault,
    /// `Message` or `message`: the model differs from shape to shape and clients read only the one.
    pub message_member: &'static str,
    /// Whether the body has `Type`. Errors made before the service itself (signatures, validation) have none.
    pub typed: bool,
    /// Further members of the body, such as `Reason`.
    pub members: &'static [&'static str],
    /// Members that are headers: member name, header name.
    pub headers: &'static [(&'static str, &'static str)],
}

impl ErrorShape {
    /// The REST body: `{"Reason":"…","Type":"User","message":"…"}`. `extra` are further members.
    pub fn body(&self, message: &str, extra: &[(&str, &str)]) -> String {
        let mut body = String::from("{");
        for (name, value) in extra {
            push_pair(&mut body, name, value);
        }
        if self.typed {
            push_pair(&mut body, "Type", self.fault.as_str());
        }
        push_pair(&mut body, self.message_member, message);
        body.push('}');
        body
    }

    /// The JSON 1.1 body (CloudWatch Logs): `{"__type":"ResourceNotFoundException","message":"…"}`.
    pub fn target_body(&self, message: &str) -> String {
        let mut body = String::from("{");
        push_pair(&mut body, "__type", self.name);
        push_pair(&mut body, "message", message);
        body.push('}');
        body
    }
}

fn push_pair(body: &mut String, name: &str, value: &str) {
    if body.len() > 1 {
        body.push(',');
    }
    // Writing to a String cannot fail; `Value` prints a string with all its escapes.
    let _ = write!(body, "{}:{}", serde_json::Value::from(name), serde_json::Value::from(value));
}
