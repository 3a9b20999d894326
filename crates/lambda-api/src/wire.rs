//! How the model's simple types and structures stand in JSON.
//!
//! Structures are read by [`Object`] instead of serde's derive: an array must not pass for a structure,
//! members that the model does not know are ignored as AWS does, and 400 derives would cost a minute of build.

use std::fmt;
use std::marker::PhantomData;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde::{Serialize, Serializer};

/// Bytes; base64 in JSON. Debug shows the length only: packages are large and payloads private.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Blob(pub Vec<u8>);

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blob({} bytes)", self.0.len())
    }
}

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Base64;
        impl Visitor<'_> for Base64 {
            type Value = Blob;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a blob")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Blob, E> {
                STANDARD.decode(text).map(Blob).map_err(|_| E::custom("a blob is not valid base64"))
            }
        }
        deserializer.deserialize_str(Base64)
    }
}

/// Stands in Debug output for what the model calls sensitive.
pub(crate) struct Sensitive;

impl fmt::Debug for Sensitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Seconds since 1970, fractions allowed, as the REST protocol writes a timestamp in JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd)]
pub struct Timestamp(pub f64);

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer).map(Self)
    }
}

/// A structure that is read from a JSON object member by member.
pub trait Object: Default {
    /// Reads the value of member `name`; false if the model has no such member in the body.
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error>;
}

/// The generated `Deserialize` of every structure.
pub fn read_object<'de, T: Object, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Members<T>(PhantomData<T>);
    impl<'de, T: Object> Visitor<'de> for Members<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a structure")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
            let mut object = T::default();
            while let Some(name) = map.next_key::<String>()? {
                if !object.set(&name, &mut map)? {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Ok(object)
        }
    }
    deserializer.deserialize_map(Members(PhantomData))
}

/// The wording of AWS's JSON reader for a value of the wrong kind, made of serde_json's.
///
/// AWS writes `NUMBER_VALUE can not be converted to a String`; for what has no such form (malformed JSON)
/// serde_json's own words are kept, which name line and column.
pub fn conversion_message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let converted = text.strip_prefix("invalid type: ").and_then(|rest| {
        let (found, expected) = rest.split_once(", expected ")?;
        let expected = expected.split(" at line ").next()?;
        describe(found, expected)
    });
    converted.unwrap_or(text)
}

fn describe(found: &str, expected: &str) -> Option<String> {
    if found.starts_with("map") {
        return Some("Start of structure or map found where not expected.".to_owned());
    }
    if found.starts_with("sequence") {
        return Some("Start of list found where not expected".to_owned());
    }
    let token = match found {
        f if f.starts_with("string") => "STRING_VALUE",
        f if f.starts_with("integer") => "NUMBER_VALUE",
        f if f.starts_with("floating point") => "DECIMAL_VALUE",
        "boolean `true`" => "TRUE_VALUE",
        "boolean `false`" => "FALSE_VALUE",
        _ => return None,
    };
    let target = match expected {
        "a string" => "a String",
        "a boolean" => "a Boolean",
        "i64" => "an Integer",
        "f64" => "a Double",
        "a blob" => "a Blob",
        _ => return Some("Unexpected field type".to_owned()),
    };
    Some(format!("{token} can not be converted to {target}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_is_base64_in_json_and_debug_hides_it() {
        let blob: Blob = serde_json::from_str("\"aGVsbG8=\"").unwrap();
        assert_eq!(blob.0, b"hello");
        assert_eq!(serde_json::to_string(&blob).unwrap(), "\"aGVsbG8=\"");
        assert_eq!(format!("{blob:?}"), "Blob(5 bytes)");
        assert!(serde_json::from_str::<Blob>("\"not base64!\"").is_err());
    }
}
