//! Numbers in JSON whose every bit survives: 16 hexadecimal digits, NaN and infinities included.
//! Decimal text would do for printing, but `serde_json` may read it back one bit off.

use serde::{Deserialize, Deserializer, Serializer, de::Error};

/// One number, for `#[serde(with = "...")]`.
pub(crate) mod number {
    use super::{Deserializer, Serializer, read};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
    pub(crate) fn serialize<S: Serializer>(value: &f64, target: S) -> Result<S::Ok, S::Error> {
        target.serialize_str(&format!("{:016x}", value.to_bits()))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(source: D) -> Result<f64, D::Error> {
        read(source)
    }
}

/// A number that may be absent, for `#[serde(with = "...")]`.
pub(crate) mod optional {
    use super::{Deserialize, Deserializer, Error, Serializer, parse};

    #[expect(clippy::ref_option, reason = "the signature serde asks for")]
    pub(crate) fn serialize<S: Serializer>(
        value: &Option<f64>,
        target: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => target.serialize_some(&format!("{:016x}", value.to_bits())),
            None => target.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        source: D,
    ) -> Result<Option<f64>, D::Error> {
        Option::<String>::deserialize(source)?
            .map(|text| parse(&text).map_err(D::Error::custom))
            .transpose()
    }
}

fn read<'de, D: Deserializer<'de>>(source: D) -> Result<f64, D::Error> {
    parse(&String::deserialize(source)?).map_err(D::Error::custom)
}

fn parse(text: &str) -> Result<f64, String> {
    u64::from_str_radix(text, 16)
        .map(f64::from_bits)
        .map_err(|e| format!("found `{text}`, expected 16 hexadecimal digits: {e}"))
}
