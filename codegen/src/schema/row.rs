//! From the attributes of one element to a serde struct.
//!
//! serde stops at the first thing it does not like; a person who corrects a schema wants the whole
//! list. So the row is tried again without the attribute that was wrong (or with a stand-in for one
//! that is missing) until nothing new comes up, and is dropped if anything did.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::error::{Errors, did_you_mean};
use super::tree::Node;

/// Reads the attributes of `node` as a `T`; what is wrong goes to `errors`.
pub(super) fn read<T: DeserializeOwned>(node: &Node, errors: &mut Errors) -> Option<T> {
    let element = &node.name;
    let mut attributes = node.attributes.clone();
    let mut faulty: Vec<String> = Vec::new();
    loop {
        let problem = match T::deserialize(Row { attributes: &attributes }) {
            Ok(row) => return faulty.is_empty().then_some(row),
            Err(problem) => problem,
        };
        let (name, what, help) = match problem {
            Problem::Value { index, expected } => {
                let (name, value) = attributes.remove(index);
                let what = format!("<{element}> has {name}=\"{value}\", expected {expected}");
                (name, what, "correct the value; schemas/README.md lists what is allowed".into())
            }
            Problem::Unknown { index, known } => {
                let (name, _) = attributes.remove(index);
                let near = did_you_mean(&name, known.iter().copied());
                let what = format!("<{element}> has an unknown attribute `{name}`{near}");
                (name, what, format!("<{element}> may have: {}", known.join(", ")))
            }
            Problem::Missing(name) => {
                let what = format!("<{element}> lacks the required attribute `{name}`");
                attributes.push((name.into(), "1".into()));
                if faulty.iter().any(|known| known == name) {
                    continue;
                }
                (name.into(), what, format!("add {name}=\"…\""))
            }
            Problem::Other(what) => {
                errors.push(&node.at, format!("<{element}>: {what}"), "see schemas/README.md");
                return None;
            }
        };
        // A stand-in that does not fit is no news.
        if faulty.contains(&name) {
            return None;
        }
        errors.push(&node.at, what, help);
        faulty.push(name);
    }
}

/// What serde disliked.
#[derive(Debug)]
enum Problem {
    Value { index: usize, expected: String },
    Unknown { index: usize, known: &'static [&'static str] },
    Missing(&'static str),
    Other(String),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl std::error::Error for Problem {}

impl serde::de::Error for Problem {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Other(message.to_string())
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::Other(format!("one of: {}", expected.join(", ")))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field)
    }
}

type Attribute = (String, String);

/// The attributes as a serde map.
struct Row<'a> {
    attributes: &'a [Attribute],
}

impl<'de> Deserializer<'de> for Row<'_> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_map(Columns { attributes: self.attributes, next: 0 })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        let unknown = self.attributes.iter().position(|(name, _)| !known.contains(&name.as_str()));
        match unknown {
            Some(index) => Err(Problem::Unknown { index, known }),
            None => self.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

struct Columns<'a> {
    attributes: &'a [Attribute],
    next: usize,
}

impl<'de> MapAccess<'de> for Columns<'_> {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Problem> {
        let Some((name, _)) = self.attributes.get(self.next) else { return Ok(None) };
        let name: StrDeserializer<'_, Problem> = name.as_str().into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Problem> {
        let index = self.next;
        self.next += 1;
        seed.deserialize(Value(&self.attributes[index].1)).map_err(|problem| match problem {
            Problem::Other(expected) => Problem::Value { index, expected },
            other => other,
        })
    }
}

/// The text of one attribute; an error in it is phrased as what was expected.
struct Value<'a>(&'a str);

impl Value<'_> {
    fn parse<T: std::str::FromStr>(&self, expected: &str) -> Result<T, Problem> {
        self.0.parse().map_err(|_| Problem::Other(expected.to_owned()))
    }
}

impl<'de> Deserializer<'de> for Value<'_> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_str(self.0)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_bool(self.parse("`true` or `false`")?)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_u16(self.parse("a whole number from 0 to 65535")?)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_u32(self.parse("a whole number from 0 to 4294967295")?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_some(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        let variant: StrDeserializer<'_, Problem> = self.0.into_deserializer();
        visitor.visit_enum(variant)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}
