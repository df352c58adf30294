//! The operators of constraints.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! operators {
    ($($variant:ident $text:literal $meaning:literal)*) => {
        /// How a constraint compares.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub enum Operator {
            $(#[doc = $meaning] $variant,)*
            /// From a newer server, or a mistake. Never holds.
            Unknown(Box<str>),
            /// Stands in for an operator that is missing. Never holds.
            #[default]
            Missing,
        }

        impl Operator {
            /// Every operator there is.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// As written in documents.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Unknown(text) => text,
                    Self::Missing => "",
                }
            }

            /// Reads what [`Operator::as_str`] writes.
            pub fn named(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)*
                    "" => Self::Missing,
                    _ => Self::Unknown(text.into()),
                }
            }
        }
    };
}

operators! {
    In "IN" "One of the values."
    NotIn "NOT_IN" "None of the values; holds when the field is absent."
    StrStartsWith "STR_STARTS_WITH" "Starts with one of the values."
    StrEndsWith "STR_ENDS_WITH" "Ends with one of the values."
    StrContains "STR_CONTAINS" "Contains one of the values."
    NumEq "NUM_EQ" "The same number."
    NumGt "NUM_GT" "A larger number."
    NumGte "NUM_GTE" "A number at least as large."
    NumLt "NUM_LT" "A smaller number."
    NumLte "NUM_LTE" "A number at most as large."
    DateAfter "DATE_AFTER" "A later instant."
    DateBefore "DATE_BEFORE" "An earlier instant."
    SemverEq "SEMVER_EQ" "A version of the same precedence."
    SemverGt "SEMVER_GT" "A version of higher precedence."
    SemverGte "SEMVER_GTE" "A version of the same or higher precedence."
    SemverLt "SEMVER_LT" "A version of lower precedence."
    SemverLte "SEMVER_LTE" "A version of the same or lower precedence."
    Regex "REGEX" "Contains a match of the pattern."
    InCidr "IN_CIDR" "An address in one of the networks."
}

impl Operator {
    /// Whether it compares with `values` (a list) rather than with `value`.
    pub const fn takes_values(&self) -> bool {
        matches!(
            self,
            Self::In
                | Self::NotIn
                | Self::StrStartsWith
                | Self::StrEndsWith
                | Self::StrContains
                | Self::InCidr
        )
    }
}

impl Serialize for Operator {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Operator {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::named(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_have_one_name() {
        for operator in Operator::ALL {
            assert_eq!(&Operator::named(operator.as_str()), operator);
        }
        assert_eq!(Operator::ALL.len(), 19);
    }
}
