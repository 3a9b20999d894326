//! From the pieces of an HTTP request to the input of an operation.

use std::borrow::Cow;
use std::fmt;

use serde::de::DeserializeOwned;

use crate::rule::Shape;
use crate::wire::{Timestamp, conversion_message};
use crate::{ErrorShape, PathLabels};

/// The pieces of a request that an input is made of.
pub struct Request<'a> {
    pub labels: &'a PathLabels<'a>,
    /// The raw query, without `?`.
    pub query: &'a str,
    pub header: &'a dyn Fn(&str) -> Option<&'a str>,
    /// The body. Ignored where the body is the payload itself (Invoke): that one stays with the caller.
    pub body: &'a [u8],
}

/// The request is not of the model's types: SerializationException, 400.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SerializationError {
    pub message: String,
}

impl fmt::Display for SerializationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SerializationError {}

impl SerializationError {
    /// The error's shape on the wire.
    pub fn shape(&self) -> &'static ErrorShape {
        &crate::overrides::SERIALIZATION_EXCEPTION
    }
}

/// The input structure of an operation.
pub trait Input: Shape + Sized {
    type Operation: Copy;
    const OPERATION: Self::Operation;

    /// Reads what is in the body (generated: nothing, the structure, or one member).
    fn read_body(body: &[u8]) -> Result<Self, SerializationError>;

    /// Fills what is bound to path, query and headers (generated).
    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError>;

    fn parse(request: &Request<'_>) -> Result<Self, SerializationError> {
        let mut input = Self::read_body(request.body)?;
        input.bind(request)?;
        Ok(input)
    }
}

/// Reads a JSON body; an absent one is an empty structure.
pub fn read_json<T: DeserializeOwned + Default>(body: &[u8]) -> Result<T, SerializationError> {
    if body.is_empty() {
        return Ok(T::default());
    }
    serde_json::from_slice(body).map_err(|error| SerializationError { message: conversion_message(&error) })
}

impl<'a> Request<'a> {
    pub fn label<T: FromText>(&self, name: &str) -> Result<Option<T>, SerializationError> {
        self.labels.get(name).map(T::from_text).transpose()
    }

    pub fn header<T: FromText>(&self, name: &str) -> Result<Option<T>, SerializationError> {
        (self.header)(name).map(T::from_text).transpose()
    }

    pub fn query<T: FromText>(&self, name: &str) -> Result<Option<T>, SerializationError> {
        self.query_values(name).next().map(|value| T::from_text(&value)).transpose()
    }

    /// A list: the parameter once for each element.
    pub fn query_list(&self, name: &str) -> Result<Option<Vec<String>>, SerializationError> {
        let values: Vec<_> = self.query_values(name).map(Cow::into_owned).collect();
        Ok(Some(values).filter(|values| !values.is_empty()))
    }

    fn query_values(&self, name: &str) -> impl Iterator<Item = Cow<'a, str>> {
        query_pairs(self.query).filter(move |(key, _)| key == name).map(|(_, value)| value)
    }
}

/// The decoded pairs of a raw query.
pub fn query_pairs(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (percent_decode(key, true), percent_decode(value, true))
    })
}

/// Decodes `%XX` (and `+` in a query). What is not a valid escape stays as it is, and what is not UTF-8
/// becomes U+FFFD: no pattern of the model admits that, so it ends as a validation error.
pub fn percent_decode(text: &str, plus_is_space: bool) -> Cow<'_, str> {
    let plus = plus_is_space && text.contains('+');
    if !plus && !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = match bytes.get(at..at + 3) {
            Some(&[b'%', high, low]) => hex(high).zip(hex(low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        if let Some(byte) = escape {
            out.push(byte);
            at += 3;
        } else {
            out.push(if plus && bytes[at] == b'+' { b' ' } else { bytes[at] });
            at += 1;
        }
    }
    match String::from_utf8(out) {
        Ok(text) => Cow::Owned(text),
        Err(error) => Cow::Owned(String::from_utf8_lossy(error.as_bytes()).into_owned()),
    }
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// A simple type as it stands in a path, a query or a header.
pub trait FromText: Sized {
    fn from_text(text: &str) -> Result<Self, SerializationError>;
}

fn not_a(target: &str) -> SerializationError {
    SerializationError { message: format!("STRING_VALUE can not be converted to {target}") }
}

impl FromText for String {
    fn from_text(text: &str) -> Result<Self, SerializationError> {
        Ok(text.to_owned())
    }
}

impl FromText for i64 {
    fn from_text(text: &str) -> Result<Self, SerializationError> {
        text.parse().map_err(|_| not_a("an Integer"))
    }
}

impl FromText for bool {
    fn from_text(text: &str) -> Result<Self, SerializationError> {
        match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(not_a("a Boolean")),
        }
    }
}

impl FromText for Timestamp {
    /// `2026-01-31T12:00:00Z`, with or without a fraction.
    fn from_text(text: &str) -> Result<Self, SerializationError> {
        parse_date_time(text).map(Timestamp).ok_or_else(|| not_a("a Timestamp"))
    }
}

fn parse_date_time(text: &str) -> Option<f64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<u32>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let mut time = time.splitn(3, ':');
    let hour: u32 = time.next()?.parse().ok()?;
    let minute: u32 = time.next()?.parse().ok()?;
    let second: f64 = time.next()?.parse().ok()?;
    let in_range = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && (0.0..61.0).contains(&second);
    // Before any arithmetic, which a year of ten digits would overflow.
    if !in_range {
        return None;
    }
    // Days from civil date (years begin in March, so that the leap day is the last).
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = i64::from(365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1) - 719_468;
    let seconds = days * 86_400 + i64::from(hour * 3_600 + minute * 60);
    Some(seconds as f64 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_and_broken_ones_do_no_harm() {
        for (raw, plain, in_query) in [
            ("hello", "hello", "hello"),
            ("arn%3Aaws%3alambda", "arn:aws:lambda", "arn:aws:lambda"),
            ("%24LATEST", "$LATEST", "$LATEST"),
            ("a+b", "a+b", "a b"),
            ("a%2Bb%2Fc", "a+b/c", "a+b/c"),
            ("100%", "100%", "100%"),
            ("%zz%4", "%zz%4", "%zz%4"),
            ("%ff", "\u{fffd}", "\u{fffd}"),
            ("%C3%A9", "é", "é"),
        ] {
            assert_eq!(percent_decode(raw, false), plain, "{raw} in a path");
            assert_eq!(percent_decode(raw, true), in_query, "{raw} in a query");
        }
    }

    #[test]
    fn a_date_time_becomes_seconds() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", Some(0.0)),
            ("2000-03-01T00:00:00Z", Some(951_868_800.0)),
            ("2026-01-31T12:00:00.5Z", Some(1_769_860_800.5)),
            ("2026-13-01T00:00:00Z", None),
            ("0-1-1T0:0:0Z", None),
            ("4294967295-12-31T23:59:59Z", None),
            ("2026-01-31T4294967295:00:00Z", None),
            ("2026-01-31", None),
            ("yesterday", None),
        ] {
            assert_eq!(Timestamp::from_text(text).ok().map(|time| time.0), seconds, "{text}");
        }
    }
}
