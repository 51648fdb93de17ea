//! Kinds that a configuration can name: one line per kind.

/// Makes a configuration enum `$config` whose `kind` says which settings follow, and its way to the
/// `dyn $settings` that checks and builds. The first kind is the default where `kind` is absent.
macro_rules! registry {
    (
        $(#[$doc:meta])*
        $config:ident, dyn $settings:ident:
        $first_name:literal => $first:ident($first_type:ty),
        $($name:literal => $variant:ident($type:ty),)*
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize)]
        #[serde(tag = "kind")]
        pub enum $config {
            #[doc = concat!("`kind = \"", $first_name, "\"`, the default.")]
            #[serde(rename = $first_name)]
            $first($first_type),
            $(
                #[doc = concat!("`kind = \"", $name, "\"`.")]
                #[serde(rename = $name)]
                $variant($type),
            )*
        }

        impl $config {
            /// The names that `kind` can have.
            pub const KINDS: &'static [&'static str] = &[$first_name $(, $name)*];

            pub(crate) fn settings(&self) -> &dyn $settings {
                match self {
                    Self::$first(settings) => settings,
                    $(Self::$variant(settings) => settings,)*
                }
            }
        }

        impl Default for $config {
            fn default() -> Self {
                Self::$first(Default::default())
            }
        }

        impl<'de> serde::Deserialize<'de> for $config {
            fn deserialize<D: serde::Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
                let (kind, fields) = crate::registry::kind_and_fields(source, $first_name)?;
                match kind.as_str() {
                    $first_name => crate::registry::settings(fields).map(Self::$first),
                    $($name => crate::registry::settings(fields).map(Self::$variant),)*
                    other => Err(serde::de::Error::unknown_variant(other, Self::KINDS)),
                }
            }
        }
    };
}

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error};
use serde_json::{Map, Value};

pub(crate) use registry;

/// The table's `kind`, and its other entries.
pub(crate) fn kind_and_fields<'de, D: Deserializer<'de>>(
    source: D,
    default: &str,
) -> Result<(String, Map<String, Value>), D::Error> {
    let mut fields = Map::<String, Value>::deserialize(source)?;
    match fields.remove("kind") {
        None => Ok((default.to_owned(), fields)),
        Some(Value::String(kind)) => Ok((kind, fields)),
        Some(other) => Err(D::Error::custom(format!("found `kind = {other}`, expected a string"))),
    }
}

/// Settings from a table's entries.
pub(crate) fn settings<T: DeserializeOwned, E: Error>(fields: Map<String, Value>) -> Result<T, E> {
    serde_json::from_value(Value::Object(fields)).map_err(E::custom)
}
