//! Every message of every role, in every variant, survives its own bytes.
//!
//! Messages are made by a deserializer that makes values up instead of reading them, so a member or a variant that is
//! added tomorrow is in the test without a line here; a new role adds its name to the list below.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use fabric::api::{ApiHead, ApiRequest, BodyFrame};
use fabric::assignment::{AssignmentRequest, AssignmentResponse};
use fabric::control::{ControlRequest, ControlResponse};
use fabric::placement::{FleetRequest, FleetResponse, PlacementRequest, PlacementResponse};
use fabric::telemetry::{TelemetryRequest, TelemetryResponse};
use fabric::worker::{InvokeFrame, InvokeRefusal, InvokeRequest, WorkerRequest, WorkerResponse};
use serde::de::value::Error;
use serde::de::{
    DeserializeOwned, DeserializeSeed, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::{Deserializer, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

/// So many that each variant of each enum is made; the end of [`check`] looks whether it was.
const ROUNDS: u64 = 2_000;

#[test]
fn every_message_in_every_variant_survives_its_own_bytes() {
    check::<AssignmentRequest>();
    check::<AssignmentResponse>();
    check::<ControlRequest>();
    check::<ControlResponse>();
    check::<FleetRequest>();
    check::<FleetResponse>();
    check::<PlacementRequest>();
    check::<PlacementResponse>();
    check::<TelemetryRequest>();
    check::<TelemetryResponse>();
    check::<WorkerRequest>();
    check::<WorkerResponse>();
    check::<InvokeRequest>();
    check::<InvokeFrame>();
    check::<InvokeRefusal>();
    check::<ApiRequest>();
    check::<ApiHead>();
    check::<BodyFrame>();
}

/// Each variant of `T` itself, and inside it each variant of every enum, options full and empty.
fn check<T: Serialize + DeserializeOwned + Debug>() {
    let (mut outer, mut variants) = (0, 1);
    let mut seen = Seen::new();
    while outer < variants {
        for round in 0..ROUNDS {
            let mut maker = Maker { outer: Some(outer), variants: 1, round, made: 0, seen: &mut seen };
            let message = T::deserialize(&mut maker).unwrap();
            variants = maker.variants;
            let bytes = postcard::to_stdvec(&message).unwrap();
            let (again, rest) = postcard::take_from_bytes::<T>(&bytes).unwrap();
            assert!(rest.is_empty(), "{} bytes were not read: {message:?}", rest.len());
            assert_eq!(format!("{again:?}"), format!("{message:?}"));
            assert_eq!(postcard::to_stdvec(&again).unwrap(), bytes, "{message:?}");
        }
        outer += 1;
    }
    for ((name, variants), seen) in seen {
        assert_eq!(seen.len(), variants.len(), "of {name} only {seen:?} were made");
    }
}

/// Enums by name and variants, and which of them were made.
type Seen = BTreeMap<(&'static str, &'static [&'static str]), BTreeSet<usize>>;

/// Makes up whatever is asked for; no two things of one message are alike.
struct Maker<'a> {
    /// The variant of the first enum that is asked for.
    outer: Option<usize>,
    /// How many that enum has.
    variants: usize,
    round: u64,
    made: u64,
    seen: &'a mut Seen,
}

impl Maker<'_> {
    /// Any number below 2^32, the same for the same round and place (Fibonacci hashing).
    fn next(&mut self) -> u64 {
        self.made += 1;
        (self.round * 1_000 + self.made).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32
    }
}

macro_rules! numbers {
    ($($name:ident $visit:ident $number:ty;)*) => {
        $(fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.$visit(<$number>::try_from(self.next() % 120).unwrap())
        })*
    };
}

impl<'de> Deserializer<'de> for &mut Maker<'_> {
    type Error = Error;

    numbers! {
        deserialize_u8 visit_u8 u8; deserialize_u16 visit_u16 u16; deserialize_u32 visit_u32 u32;
        deserialize_i8 visit_i8 i8; deserialize_i16 visit_i16 i16; deserialize_i32 visit_i32 i32;
        deserialize_i64 visit_i64 i64;
    }
    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_u64(u64::MAX - self.next())
    }
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_bool(self.next().is_multiple_of(2))
    }
    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_f32(0.5)
    }
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_f64(0.5)
    }
    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_char('λ')
    }
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_string(visitor)
    }
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_string(format!("text λ \n\0 {}", self.next()))
    }
    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_byte_buf(visitor)
    }
    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_byte_buf([&[0, 255, b'\n'][..], &self.next().to_le_bytes()].concat())
    }
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.next().is_multiple_of(3) { visitor.visit_none() } else { visitor.visit_some(self) }
    }
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }
    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let left = usize::try_from(self.next() % 3).unwrap();
        visitor.visit_seq(Members { maker: self, left })
    }
    fn deserialize_tuple<V: Visitor<'de>>(self, left: usize, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(Members { maker: self, left })
    }
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &str,
        left: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_seq(Members { maker: self, left })
    }
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let left = usize::try_from(self.next() % 3).unwrap();
        visitor.visit_map(Members { maker: self, left })
    }
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_seq(Members { maker: self, left: fields.len() })
    }
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let chosen = match self.outer.take() {
            Some(outer) => {
                self.variants = variants.len();
                outer
            }
            None => usize::try_from(self.next()).unwrap() % variants.len(),
        };
        self.seen.entry((name, variants)).or_default().insert(chosen);
        visitor.visit_enum(Chosen { maker: self, variant: u32::try_from(chosen).unwrap() })
    }
    fn deserialize_identifier<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        panic!("postcard writes no names")
    }
    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        panic!("postcard can not tell what comes")
    }
    fn deserialize_ignored_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        panic!("postcard can not pass over anything")
    }
    fn is_human_readable(&self) -> bool {
        false
    }
}

struct Members<'a, 'b> {
    maker: &'a mut Maker<'b>,
    left: usize,
}

impl<'de> SeqAccess<'de> for Members<'_, '_> {
    type Error = Error;
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(&mut *self.maker).map(Some)
    }
    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

impl<'de> MapAccess<'de> for Members<'_, '_> {
    type Error = Error;
    fn next_key_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        self.next_element_seed(seed)
    }
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(&mut *self.maker)
    }
}

struct Chosen<'a, 'b> {
    maker: &'a mut Maker<'b>,
    variant: u32,
}

impl<'de, 'a, 'b> EnumAccess<'de> for Chosen<'a, 'b> {
    type Error = Error;
    type Variant = Inside<'a, 'b>;
    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Inside<'a, 'b>), Error> {
        let variant = serde::de::IntoDeserializer::<Error>::into_deserializer(self.variant);
        Ok((seed.deserialize(variant)?, Inside(self.maker)))
    }
}

/// What a variant holds.
struct Inside<'a, 'b>(&'a mut Maker<'b>);

impl<'de> VariantAccess<'de> for Inside<'_, '_> {
    type Error = Error;
    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.0)
    }
    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        self.0.deserialize_tuple(len, visitor)
    }
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.0.deserialize_tuple(fields.len(), visitor)
    }
}
