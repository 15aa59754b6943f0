//! The parameters of a request, decoded, in order.

use super::Unknown;

/// The parameters of a request.
///
/// The API server looks at the first value of a parameter and ignores the others
/// (`apimachinery/pkg/runtime/conversion.go`, `Convert_Slice_string_To_string`); what stands in
/// between may look at the last. So a parameter that is given twice has no value here.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    pairs: &'a [(String, String)],
}

impl<'a> Query<'a> {
    /// The decoded pairs.
    #[must_use]
    pub const fn new(pairs: &'a [(String, String)]) -> Self {
        Self { pairs }
    }

    /// Every value of a parameter that may be repeated.
    ///
    /// # Errors
    ///
    /// It is also given by a name that differs only by case.
    pub fn all(self, name: &'static str) -> Result<Vec<&'a str>, Unknown> {
        let mut values = Vec::new();
        for (key, value) in self.pairs {
            if key == name {
                values.push(&**value);
            } else if key.eq_ignore_ascii_case(name) {
                return Err(Unknown::Parameter(name));
            }
        }
        Ok(values)
    }

    /// The value of a parameter that is given at most once.
    ///
    /// # Errors
    ///
    /// It is given twice, or by a name that differs only by case.
    pub fn one(self, name: &'static str) -> Result<Option<&'a str>, Unknown> {
        match *self.all(name)? {
            [] => Ok(None),
            [value] => Ok(Some(value)),
            _ => Err(Unknown::Parameter(name)),
        }
    }

    /// A parameter that is on or off, as `Convert_Slice_string_To_bool` of the API server reads it:
    /// absent, `0` and `false` in any case are off, everything else is on, the empty value too.
    ///
    /// # Errors
    ///
    /// As [`Query::one`]; and a value outside of ASCII, because older servers compare in lower case
    /// and newer ones by Unicode's folding (`falſe` is on for the former and off for the latter).
    pub fn flag(self, name: &'static str) -> Result<bool, Unknown> {
        match self.one(name)? {
            None => Ok(false),
            Some(value) if !value.is_ascii() => Err(Unknown::Parameter(name)),
            Some(value) => Ok(value != "0" && !value.eq_ignore_ascii_case("false")),
        }
    }
}
