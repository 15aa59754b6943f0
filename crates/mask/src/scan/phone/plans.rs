//! Which numbers the numbering plans of the world have, by libphonenumber.
//!
//! ```text
//!   made with the first detectors:  library ─► is a number of this code and length possible? ─► Plans
//!   on every byte:                  digits  ─► Plans
//! ```
//!
//! Whether a number is possible depends on its country code and its length alone. So the library is asked once about each
//! of them, and a scan asks its answers: it makes no call, whatever a value holds.

use std::sync::LazyLock;

use rlibphonenumber::{NumberLengthType, PhoneNumber, PhoneNumberUtil, Region};

/// ITU-T E.164: no number has more digits, its country code included.
pub(super) const LONGEST: usize = 15;
/// Country codes have at most three digits.
const CODES: usize = 1_000;

/// Where a number without country code may be at home, if it begins with the 0 that is dialled in front of it.
const WITH_TRUNK_ZERO: [Region; 37] = [
    Region::AE,
    Region::AT,
    Region::AU,
    Region::BD,
    Region::BE,
    Region::CH,
    Region::DE,
    Region::EG,
    Region::FI,
    Region::FR,
    Region::GB,
    Region::HR,
    Region::ID,
    Region::IE,
    Region::IL,
    Region::IN,
    Region::JP,
    Region::KE,
    Region::KR,
    Region::MY,
    Region::NG,
    Region::NL,
    Region::NZ,
    Region::PH,
    Region::PK,
    Region::RO,
    Region::RS,
    Region::SA,
    Region::SE,
    Region::SI,
    Region::SK,
    Region::TH,
    Region::TR,
    Region::TW,
    Region::UA,
    Region::VN,
    Region::ZA,
];
/// The same, where the 0 is part of the number.
const WITH_OWN_ZERO: [Region; 1] = [Region::IT];
/// The same, if it has the groups of North America.
const NORTH_AMERICAN: [Region; 2] = [Region::CA, Region::US];

/// The library's answers: a bit for each length.
pub(in crate::scan) struct Plans {
    /// Of numbers behind each country code.
    behind_code: Box<[u32]>,
    /// Of numbers that begin with a 0, with it.
    zero_led: u32,
    /// Of North American numbers without their country code.
    north_american: u32,
}

impl Plans {
    /// The one there is. To be called when detectors are made: the first call takes some milliseconds.
    pub(in crate::scan) fn get() -> &'static Self {
        static PLANS: LazyLock<Plans> = LazyLock::new(|| match PhoneNumberUtil::new() {
            Ok(library) => Plans::of(&library),
            // Its tables are part of the binary and a test reads them. Without them shapes alone would decide.
            Err(_) => Plans::any(),
        });
        &PLANS
    }

    fn of(library: &PhoneNumberUtil) -> Self {
        let lengths = |code: i32| -> u32 {
            (1..=LONGEST).filter(|&length| is_possible(library, code, length)).map(bit).sum()
        };
        let of_all = |regions: &[Region]| {
            let codes = regions.iter().filter_map(|&it| library.get_country_code_for_region(it));
            codes.fold(0, |all, code| all | lengths(code))
        };
        let mut behind_code = vec![0; CODES];
        for code in library.get_supported_calling_codes() {
            let slot = usize::try_from(code).ok().and_then(|code| behind_code.get_mut(code));
            slot.into_iter().for_each(|slot| *slot = lengths(code));
        }
        Self {
            behind_code: behind_code.into(),
            zero_led: of_all(&WITH_TRUNK_ZERO) << 1 | of_all(&WITH_OWN_ZERO),
            north_american: of_all(&NORTH_AMERICAN),
        }
    }

    fn any() -> Self {
        Self { behind_code: vec![!0; CODES].into(), zero_led: !0, north_american: !0 }
    }

    /// The lengths of numbers behind the country code that these digits begin with, and the code's own length.
    pub(super) fn international(&self, digits: &[u8]) -> Option<(Lengths, usize)> {
        let mut code = 0;
        digits.iter().take(3).zip(1..).find_map(|(digit, length)| {
            code = code * 10 + usize::from(digit.wrapping_sub(b'0'));
            let lengths = self.behind_code.get(code).copied().unwrap_or(0);
            (code > 0 && lengths != 0).then_some((Lengths(lengths), length))
        })
    }

    /// The lengths of national numbers that begin with a 0.
    pub(super) const fn zero_led(&self) -> Lengths {
        Lengths(self.zero_led)
    }

    /// The lengths of North American numbers.
    pub(super) const fn north_american(&self) -> Lengths {
        Lengths(self.north_american)
    }
}

/// How many digits a number may have.
#[derive(Clone, Copy)]
pub(super) struct Lengths(u32);

impl Lengths {
    pub(super) fn has(self, length: usize) -> bool {
        self.0 & bit(length) != 0
    }
}

const fn bit(length: usize) -> u32 {
    if length < 32 { 1 << length } else { 0 }
}

/// What the library says of a number of so many digits behind a country code. What can be dialled only from nearby is none.
fn is_possible(library: &PhoneNumberUtil, code: i32, length: usize) -> bool {
    #[cfg(test)]
    calls::add();
    let power = u32::try_from(length - 1).ok().and_then(|zeros| 10_u64.checked_pow(zeros));
    let number = PhoneNumber {
        country_code: code,
        national_number: power.unwrap_or(0),
        ..PhoneNumber::default()
    };
    library.is_possible_number_with_reason(&number) == Ok(NumberLengthType::IsPossible)
}

/// Counts the calls of the library, so that "none on the byte path" is tested.
#[cfg(test)]
pub(in crate::scan) mod calls {
    use std::cell::Cell;

    thread_local!(static CALLS: Cell<usize> = const { Cell::new(0) });

    pub(super) fn add() {
        CALLS.with(|calls| calls.set(calls.get() + 1));
    }

    /// How many calls this thread has made.
    pub(in crate::scan) fn count() -> usize {
        CALLS.with(Cell::get)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(lengths: Lengths) -> Vec<usize> {
        (0..32).filter(|length| lengths.has(*length)).collect()
    }

    #[test]
    fn the_library_s_tables_can_be_read() {
        let plans = Plans::get();
        let behind = |digits: &str| {
            plans.international(digits.as_bytes()).map(|(of, code)| (lengths(of), code))
        };
        assert_eq!(behind("14155552671"), Some((vec![10], 1)));
        assert_eq!(behind("33142685300"), Some((vec![9], 2)));
        assert_eq!(behind("6834002"), Some((vec![4, 7], 3)));
        assert_eq!(behind("999"), None);
        assert_eq!(behind("0"), None);
        assert_eq!(lengths(plans.north_american()), [10]);
        assert!(plans.zero_led().has(10) && !plans.zero_led().has(3));
    }

    #[test]
    fn no_country_code_begins_with_another() {
        let library = PhoneNumberUtil::new().unwrap();
        for code in library.get_supported_calling_codes() {
            let digits = code.to_string();
            let found = Plans::get().international(digits.as_bytes());
            assert_eq!(found.map(|(_, length)| length), Some(digits.len()), "{code}");
        }
    }

    #[test]
    fn a_zero_is_dialled_in_front_where_the_list_says_so() {
        let library = PhoneNumberUtil::new().unwrap();
        for region in WITH_TRUNK_ZERO {
            let number = library.get_example_number(region).unwrap();
            let national = library.format(&number, rlibphonenumber::PhoneNumberFormat::National);
            let digits: String = national.chars().filter(char::is_ascii_digit).collect();
            assert!(digits.starts_with('0'), "{region:?}: {national}");
            assert_eq!(library.parse(&digits, Some(region)).unwrap(), number, "{region:?}");
            assert!(Plans::get().zero_led().has(digits.len()), "{region:?}");
        }
    }

    #[test]
    fn the_page_names_the_regions() {
        const PAGE: &str = include_str!("../../../../../docs/data-classes.md");
        let section = PAGE.split("## ").find(|text| text.starts_with("Telephone numbers")).unwrap();
        let region = |word: &&str| word.len() == 2 && word.bytes().all(|b| b.is_ascii_uppercase());
        let listed: Vec<_> = section.split('`').filter(region).collect();
        let regions = WITH_TRUNK_ZERO.iter().chain(&WITH_OWN_ZERO).chain(&NORTH_AMERICAN);
        let mut named: Vec<_> = regions.map(|region| format!("{region:?}")).collect();
        named.sort_unstable();
        assert_eq!(listed, named);
    }
}
