//! Lists, page by page. A marker names the last item answered, so that pages stay in order and complete for what is
//! there all the time, also while functions come and go.

use crate::commit::Inner;
use crate::model::{Function, FunctionId};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fabric::control::{ControlError, FunctionVersion, ListFunctions, ListVersions, Page};
use std::sync::Arc;
use types::limits::PAGE_ITEMS_MAX;
use types::{FunctionName, Version};

/// Begins every marker, inside its base64; another layout gets another.
const MARKER_LAYOUT: &str = "1";
/// Longest marker that is looked at: a name of 64 and a number.
const MARKER_BYTES_MAX: usize = 256;

/// The last item of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Marker {
    pub(crate) function: FunctionName,
    pub(crate) version: Version,
}

impl Marker {
    pub(crate) fn write(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{MARKER_LAYOUT}:{}:{}", self.function, self.version))
    }

    pub(crate) fn read(text: &str) -> Result<Self, ControlError> {
        let read = || {
            let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
            let text = String::from_utf8(bytes).ok()?;
            let (layout, rest) = text.split_once(':')?;
            let (function, version) = rest.split_once(':')?;
            let version = Version::parse(version)?;
            (layout == MARKER_LAYOUT).then(|| Self { function: FunctionName::new(function), version })
        };
        if text.len() > MARKER_BYTES_MAX { None } else { read() }.ok_or(ControlError::BadMarker)
    }
}

/// Functions by name; with `all_versions` each with its versions, `$LATEST` first.
pub(crate) async fn functions(inner: &Inner, message: &ListFunctions) -> Result<Page, ControlError> {
    let marker = message.marker.as_deref().map(Marker::read).transpose()?;
    let items_max = message.items_max.clamp(1, PAGE_ITEMS_MAX);
    // One for the page's successor, one for the marker's own function, which may be answered whole already.
    let from = marker.as_ref().map(|marker| &marker.function);
    inner.look_at_list(&message.scope, from, items_max + 2).await?;
    let functions = inner.index.from(&message.scope, from, items_max + 2);
    let items = functions.iter().flat_map(|function| {
        let versions = if message.all_versions { usize::MAX } else { 1 };
        function.versions().take(versions).map(move |(version, state)| (function, version, state))
    });
    let items = items.filter(|(function, version, _)| is_after(&function.id.name, *version, marker.as_ref()));
    Ok(page(items.map(|(function, version, state)| function.shown(version, state)), items_max))
}

/// `$LATEST` and the numbers rising.
pub(crate) async fn versions(inner: &Inner, message: &ListVersions) -> Result<Page, ControlError> {
    let id = FunctionId { scope: message.named.scope.clone(), name: message.named.function.clone() };
    let found = inner.look(&id).await?.ok_or_else(|| id.not_found(None))?;
    let marker = message.marker.as_deref().map(Marker::read).transpose()?;
    if marker.as_ref().is_some_and(|marker| marker.function != id.name) {
        return Err(ControlError::BadMarker);
    }
    let function: &Arc<Function> = &found.function;
    let items = function.versions().filter(|(version, _)| is_after(&id.name, *version, marker.as_ref()));
    let items_max = message.items_max.clamp(1, PAGE_ITEMS_MAX);
    Ok(page(items.map(|(version, state)| function.shown(version, state)), items_max))
}

fn is_after(function: &FunctionName, version: Version, marker: Option<&Marker>) -> bool {
    // `Version` orders `$LATEST` before every number, as the lists do.
    marker.is_none_or(|marker| (function, version) > (&marker.function, marker.version))
}

fn page(items: impl Iterator<Item = FunctionVersion>, items_max: usize) -> Page {
    let mut functions: Vec<FunctionVersion> = items.take(items_max + 1).collect();
    let more = functions.len() > items_max;
    functions.truncate(items_max);
    let last = functions.last().filter(|_| more);
    let next = last.map(|last| Marker { function: last.arn.function.clone(), version: last.version }.write());
    Page { functions, next }
}
