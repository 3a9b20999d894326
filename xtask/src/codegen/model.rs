//! The reduced service model. Only what is named here survives `--reduce`, so no documentation can.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::marker::PhantomData;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::{Deserialize as DeriveDeserialize, Serialize, Serializer};

/// A JSON object in its document order: AWS reports violations in the order of the members.
#[derive(Debug, Clone)]
pub(crate) struct Ordered<T>(pub(crate) Vec<(String, T)>);

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Ordered<T> {
    pub(crate) fn get(&self, name: &str) -> Option<&T> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        self.0.iter_mut().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: Serialize> Serialize for Ordered<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for InOrder<T> {
            type Value = Ordered<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered<T>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Ordered(pairs))
            }
        }
        deserializer.deserialize_map(InOrder(PhantomData))
    }
}

#[derive(Debug, Clone, Serialize, DeriveDeserialize)]
pub(crate) struct Model {
    /// The botocore version that the model was taken from.
    #[serde(default)]
    pub(crate) botocore: String,
    pub(crate) metadata: Metadata,
    pub(crate) operations: Ordered<Operation>,
    pub(crate) shapes: Ordered<Shape>,
}

#[derive(Debug, Clone, Serialize, DeriveDeserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Metadata {
    pub(crate) api_version: String,
    pub(crate) protocol: String,
    pub(crate) service_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) json_version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) target_prefix: Option<String>,
}

#[derive(Debug, Clone, Serialize, DeriveDeserialize)]
pub(crate) struct Operation {
    pub(crate) http: Http,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) input: Option<Ref>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) output: Option<Ref>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<Ref>,
}

#[derive(Debug, Clone, Serialize, DeriveDeserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Http {
    pub(crate) method: String,
    pub(crate) request_uri: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) response_code: Option<u16>,
}

#[derive(Debug, Clone, Serialize, DeriveDeserialize)]
pub(crate) struct Ref {
    pub(crate) shape: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, DeriveDeserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Structure,
    List,
    Map,
    String,
    Integer,
    Long,
    Double,
    Boolean,
    Blob,
    Timestamp,
}

#[derive(Debug, Clone, Serialize, DeriveDeserialize)]
pub(crate) struct Shape {
    #[serde(rename = "type")]
    pub(crate) kind: Kind,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) required: Vec<String>,
    #[serde(default, skip_serializing_if = "Ordered::is_empty")]
    pub(crate) members: Ordered<Member>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) payload: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) member: Option<Ref>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<Ref>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<Ref>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) min: Option<serde_json::Number>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max: Option<serde_json::Number>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pattern: Option<String>,
    #[serde(default, rename = "enum", skip_serializing_if = "Vec::is_empty")]
    pub(crate) values: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<HttpError>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) exception: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) fault: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) eventstream: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) event: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) streaming: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) sensitive: bool,
}

#[derive(Debug, Clone, Serialize, DeriveDeserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Member {
    pub(crate) shape: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) location: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) location_name: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) eventpayload: bool,
}

#[derive(Debug, Clone, Serialize, DeriveDeserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HttpError {
    pub(crate) http_status_code: u16,
}

fn is_false(value: &bool) -> bool {
    !value
}

impl Model {
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    pub(crate) fn shape(&self, name: &str) -> Result<&Shape, String> {
        self.shapes.get(name).ok_or_else(|| format!("the model has no shape {name}"))
    }

    /// The shapes that a request can hold: only these are validated.
    pub(crate) fn input_shapes(&self) -> Result<BTreeSet<&str>, String> {
        let inputs = self.operations.0.iter().filter_map(|(_, operation)| operation.input.as_ref());
        self.reachable(inputs.map(|input| input.shape.as_str()).collect())
    }

    /// All shapes that are reached from `waiting`.
    pub(crate) fn reachable<'a>(&'a self, mut waiting: Vec<&'a str>) -> Result<BTreeSet<&'a str>, String> {
        let mut reached = BTreeSet::new();
        while let Some(name) = waiting.pop() {
            let shape = self.shape(name)?;
            if reached.insert(name) {
                waiting.extend(shape.members.0.iter().map(|(_, member)| member.shape.as_str()));
                let refs = shape.member.iter().chain(&shape.key).chain(&shape.value);
                waiting.extend(refs.map(|reference| reference.shape.as_str()));
            }
        }
        Ok(reached)
    }

    /// The structures that become Rust types: no errors, no event stream unions.
    pub(crate) fn structures(&self) -> impl Iterator<Item = (&str, &Shape)> {
        let wanted = |shape: &Shape| shape.kind == Kind::Structure && !shape.exception && !shape.eventstream;
        self.shapes
            .0
            .iter()
            .filter(move |(_, shape)| wanted(shape))
            .map(|(name, shape)| (name.as_str(), shape))
    }
}

/// Where the model states more than the service accepts; each entry says why.
#[derive(Debug, DeriveDeserialize)]
pub(crate) struct Overrides {
    /// Narrower limits of a shape.
    #[serde(default)]
    shapes: BTreeMap<String, Narrower>,
    /// `Structure.Member`s whose check is written by hand, with the reason.
    #[serde(default)]
    by_hand: BTreeMap<String, String>,
}

#[derive(Debug, DeriveDeserialize)]
struct Narrower {
    max: serde_json::Number,
    why: String,
}

impl Overrides {
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Fails on an entry that names nothing: it would be a limit that silently is not there.
    pub(crate) fn apply(&self, model: &mut Model) -> Result<(), String> {
        for (name, narrower) in &self.shapes {
            let shape =
                model.shapes.get_mut(name).ok_or_else(|| format!("override of an unknown shape {name}"))?;
            if narrower.why.is_empty() {
                return Err(format!("override of {name} has no reason"));
            }
            shape.max = Some(narrower.max.clone());
        }
        for name in self.by_hand.keys() {
            let known = name.split_once('.').is_some_and(|(shape, member)| {
                model.shapes.get(shape).is_some_and(|s| s.members.get(member).is_some())
            });
            if !known {
                return Err(format!("override of an unknown member {name}"));
            }
        }
        Ok(())
    }

    pub(crate) fn is_by_hand(&self, shape: &str, member: &str) -> bool {
        self.by_hand.contains_key(&format!("{shape}.{member}"))
    }
}
