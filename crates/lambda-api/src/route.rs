//! Path matching: the raw path is split on `/` first and each segment decoded after, so that an encoded
//! ARN (with its slashes) stays one segment. The table itself is generated.

use std::borrow::Cow;

use crate::Operation;
use crate::request::percent_decode;

/// No path of the model has more segments; longer ones match nothing and are not looked at.
pub const SEGMENTS_MAX: usize = 8;
pub const LABELS_MAX: usize = 3;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Routed<'a> {
    Matched {
        operation: Operation,
        labels: PathLabels<'a>,
    },
    /// The path is known but not with this method.
    WrongMethod,
    Unknown,
}

/// The decoded variable segments of a matched path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PathLabels<'a> {
    pairs: [Option<(&'static str, Cow<'a, str>)>; LABELS_MAX],
}

impl PathLabels<'_> {
    /// The value of label `name`, such as `FunctionName`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().flatten().find(|(label, _)| *label == name).map(|(_, value)| value.as_ref())
    }

    pub fn into_owned(self) -> PathLabels<'static> {
        let pairs = self.pairs.map(|pair| pair.map(|(name, value)| (name, Cow::Owned(value.into_owned()))));
        PathLabels { pairs }
    }
}

/// What the generated table says about one path: where its labels stand, and its operations.
#[derive(Debug)]
pub struct Endpoint {
    pub labels: &'static [(&'static str, usize)],
    pub methods: &'static [Method],
}

#[derive(Debug)]
pub struct Method {
    pub method: &'static str,
    /// A constant of the query that chooses between two operations (`find=LayerVersion`).
    pub query: Option<&'static str>,
    pub operation: Operation,
}

/// Splits, decodes, looks up (`find` is the generated match) and picks the operation.
pub(crate) fn resolve<'a>(
    find: fn(&[&str]) -> Option<&'static Endpoint>,
    method: &str,
    path: &'a str,
    query: &str,
) -> Routed<'a> {
    let Some(path) = path.strip_prefix('/') else { return Routed::Unknown };
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut segments: [Cow<'a, str>; SEGMENTS_MAX] = std::array::from_fn(|_| Cow::Borrowed(""));
    let mut len = 0;
    for segment in path.split('/') {
        if len == SEGMENTS_MAX || segment.is_empty() {
            return Routed::Unknown;
        }
        segments[len] = percent_decode(segment, false);
        len += 1;
    }
    let texts: [&str; SEGMENTS_MAX] = std::array::from_fn(|idx| segments[idx].as_ref());
    let Some(endpoint) = find(&texts[..len]) else { return Routed::Unknown };
    let candidates = endpoint.methods.iter().filter(|candidate| candidate.method == method);
    let chosen = candidates
        .filter(|candidate| candidate.query.is_none_or(|wanted| query.split('&').any(|pair| pair == wanted)))
        // One with a constant in the query wins over one without.
        .max_by_key(|candidate| candidate.query.is_some());
    let Some(chosen) = chosen else { return Routed::WrongMethod };
    let mut labels = PathLabels::default();
    for (pair, (name, idx)) in labels.pairs.iter_mut().zip(endpoint.labels) {
        *pair = Some((name, std::mem::take(&mut segments[*idx])));
    }
    Routed::Matched { operation: chosen.operation, labels }
}
