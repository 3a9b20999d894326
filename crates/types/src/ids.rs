//! Ids as types. Text ids are immutable and cheap to clone (one reference count), since the hot path
//! copies them between rooms.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// A text id: a newtype over shared immutable text.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes the text as it is; whoever reads it from outside validates first.
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(Arc::from(text.as_ref()))
            }
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", &self.0)
            }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(|text| Self::new(text))
            }
        }
    };
}

/// A numeric id.
macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

text_id!(
    /// Twelve digits.
    AccountId
);
text_id!(
    /// `eu-central-1`; from the SigV4 credential scope, never from the host name.
    Region
);
text_id!(
    /// 1 to 64 of `[a-zA-Z0-9-_]`.
    FunctionName
);
text_id!(
    /// What follows the function's name: `$LATEST`, a version's number or an alias.
    Qualifier
);
text_id!(
    /// A lower-case UUID that changes with every change of a function's configuration or code.
    RevisionId
);
text_id!(
    /// Base64 of the SHA-256 of the zip as uploaded (`CodeSha256` on the wire).
    CodeDigest
);
text_id!(
    /// A host of environments.
    WorkerId
);
text_id!(
    /// A failure domain of workers.
    Zone
);

number_id!(
    /// Which reign of a partition's leader; a worker refuses one below the highest it has seen.
    Epoch
);
number_id!(
    /// A slice of the accounts, owned by one leader at a time.
    PartitionId
);
number_id!(
    /// Names one grant of one environment to one invocation.
    LeaseToken
);

/// 16 random bytes that print as a lower-case UUID.
macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $display:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub [u8; 16]);

        impl $name {
            /// From 16 random bytes (RFC 9562 version 4 bits are set here).
            pub fn from_random(mut bytes: [u8; 16]) -> Self {
                bytes[6] = (bytes[6] & 0x0f) | 0x40;
                bytes[8] = (bytes[8] & 0x3f) | 0x80;
                Self(bytes)
            }
            /// 32 lower-case hexadecimal digits, as log stream names carry them.
            pub fn hex(&self) -> String {
                self.0.iter().map(|byte| format!("{byte:02x}")).collect()
            }
            /// Reads the form that `Display` writes, with or without hyphens; `None` for anything else.
            pub fn parse(text: &str) -> Option<Self> {
                let mut bytes = [0u8; 16];
                let mut digits = text.bytes().filter(|byte| *byte != b'-');
                for byte in &mut bytes {
                    let high = (digits.next()? as char).to_digit(16)?;
                    let low = (digits.next()? as char).to_digit(16)?;
                    *byte = (high * 16 + low) as u8;
                }
                digits.next().is_none().then_some(Self(bytes))
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let hyphens: bool = $display;
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                let mut text = [0u8; 36];
                let mut at = 0;
                for (index, byte) in self.0.iter().enumerate() {
                    if hyphens && matches!(index, 4 | 6 | 8 | 10) {
                        text[at] = b'-';
                        at += 1;
                    }
                    text[at] = DIGITS[usize::from(byte >> 4)];
                    text[at + 1] = DIGITS[usize::from(byte & 15)];
                    at += 2;
                }
                f.write_str(std::str::from_utf8(&text[..at]).unwrap_or_default())
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

uuid_id!(
    /// One invocation: `x-amzn-RequestId`, `Lambda-Runtime-Aws-Request-Id`, the id in START and REPORT.
    RequestId,
    true
);
uuid_id!(
    /// One execution environment: one sandbox with one runtime in it. 32 hexadecimal digits, as in log streams.
    EnvironmentId,
    false
);

/// `$LATEST` or a published number, 1 and up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Version {
    /// The unpublished, changing version.
    Latest,
    /// An immutable published one.
    Published(u64),
}

impl Version {
    /// `$LATEST` or a number from 1; `None` for anything else (an alias).
    pub fn parse(text: &str) -> Option<Self> {
        if text == "$LATEST" {
            return Some(Self::Latest);
        }
        if text.starts_with('0') || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        text.parse().ok().map(Self::Published)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("$LATEST"),
            Self::Published(number) => write!(f, "{number}"),
        }
    }
}

/// What environments are made for and kept under: one version of one function of one account, in one
/// generation. `generation` rises with every change of that version's code or configuration, also over
/// a delete and re-create, so that an environment of old code is never taken for one of the new.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct VersionKey {
    pub account: AccountId,
    pub region: Region,
    pub function: FunctionName,
    pub version: Version,
    pub generation: u64,
}

impl VersionKey {
    /// The same version of the same function, whatever its generation.
    pub fn same_version(&self, other: &Self) -> bool {
        self.account == other.account
            && self.region == other.region
            && self.function == other.function
            && self.version == other.version
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_prints_as_a_uuid_and_reads_back() {
        let id = RequestId::from_random([0xab; 16]);
        assert_eq!(id.to_string(), "abababab-abab-4bab-abab-abababababab");
        assert_eq!(RequestId::parse(&id.to_string()), Some(id));
        assert_eq!(RequestId::parse("abab"), None);
        assert_eq!(RequestId::parse(&format!("{id}0")), None);
    }

    #[test]
    fn an_environment_id_prints_without_hyphens() {
        assert_eq!(
            EnvironmentId::from_random([1; 16]).to_string(),
            EnvironmentId::from_random([1; 16]).hex()
        );
    }

    #[test]
    fn versions_are_latest_or_numbers_and_nothing_else() {
        assert_eq!(Version::parse("$LATEST"), Some(Version::Latest));
        assert_eq!(Version::parse("12"), Some(Version::Published(12)));
        for alias in ["0", "012", "live", "", "-1", "1a", "99999999999999999999999"] {
            assert_eq!(Version::parse(alias), None, "{alias}");
        }
    }
}
