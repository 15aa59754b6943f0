use std::collections::BTreeMap;
use std::sync::OnceLock;

use mask::{
    Cell, Classes, DataClass, Detectors, MaskKeys, Masked, Masking, Operator, Treatments,
    ValueFormat, ValueType, mask_cell,
};

use crate::stage::contains;
use crate::typed::{check, whole};

fn detectors() -> &'static Detectors {
    static ALL: OnceLock<Detectors> = OnceLock::new();
    ALL.get_or_init(|| {
        let named = mask::catalogue().iter().filter(|class| class.has_detector);
        let classes: Classes = named.filter_map(|class| DataClass::new(class.name)).collect();
        Detectors::new(&classes).unwrap()
    })
}

/// What must be found wherever it stands between two of [`EDGES`].
const CANARIES: [&[u8]; 6] = [
    b"4242424242424242",
    b"378282246310005",
    b"536-22-8726",
    b"ssn: 536228726",
    b"eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UifQ.c2ln",
    b"AKIAIOSFODNN7EXAMPLE",
];
const EDGES: [&[u8]; 6] = [b" ", b"\n", b"\t", b"\"", b";", b" | "];

/// Findings are in order, inside the text and apart; what is found is replaced; text stays text. A
/// number or a token between edges is found whatever else the text holds.
pub fn mask_text(data: &[u8]) {
    if let [at, which, how, text @ ..] = data {
        canary(usize::from(*at), usize::from(*which), *how, text);
    }
    found(data);
}

/// Puts a canary into a text and masks it as one of the operators says.
fn canary(at: usize, which: usize, how: u8, text: &[u8]) {
    let canary = CANARIES[which % CANARIES.len()];
    let edge = |which: usize| EDGES[which % EDGES.len()];
    let (before, after) = text.split_at(at * text.len() / 255);
    if contains(text, canary) {
        return;
    }
    let edges = (edge(which / CANARIES.len()), edge(which / CANARIES.len() / EDGES.len()));
    let whole = [before, edges.0, canary, edges.1, after].concat();
    let mut out = Vec::new();
    let treated = &treated()[usize::from(how) % treated().len()];
    assert!(treated.mask_text(&whole, &mut out), "{:?}", String::from_utf8_lossy(&whole));
    let left = if canary.starts_with(b"ssn: ") { &canary[5..] } else { canary };
    let elsewhere = contains(before, left) || contains(after, left);
    assert!(elsewhere || !contains(&out, left), "{:?}", String::from_utf8_lossy(&whole));
}

/// Detectors of everything, by each of the operators.
fn treated() -> &'static [Detectors] {
    static ALL: OnceLock<Vec<Detectors>> = OnceLock::new();
    ALL.get_or_init(|| {
        let keys = MaskKeys::derive(b"fuzz");
        let by = |masking: Option<&Masking>| {
            let classes = mask::catalogue().iter().filter_map(|it| DataClass::new(it.name));
            let rules: BTreeMap<_, _> =
                classes.filter_map(|class| Some((class, masking?.clone()))).collect();
            detectors().clone().treated(Treatments::new(&rules, &keys))
        };
        std::iter::once(by(None)).chain(MASKINGS.iter().map(|masking| by(Some(masking)))).collect()
    })
}

fn found(data: &[u8]) {
    let found = detectors().find(data);
    let mut end = 0;
    for finding in &found {
        assert!(finding.start >= end && finding.end > finding.start && finding.end <= data.len());
        end = finding.end;
    }
    let mut out = b"before".to_vec();
    let replaced = detectors().mask_text(data, &mut out);
    assert_eq!(replaced, !found.is_empty());
    let masked = out.strip_prefix(b"before").unwrap();
    if !replaced {
        assert!(masked.is_empty());
        return;
    }
    if std::str::from_utf8(data).is_ok() {
        assert!(std::str::from_utf8(masked).is_ok());
    }
    // What was no finding is left as it was, in order.
    let mut rest = masked;
    let mut from = 0;
    for finding in &found {
        let kept = &data[from..finding.start];
        let at = rest.windows(kept.len().max(1)).position(|window| window == kept);
        assert!(kept.is_empty() || at.is_some());
        rest = &rest[at.map_or(0, |at| at + kept.len())..];
        from = finding.end;
    }
}

const MASKINGS: [Masking; 15] = [
    Masking::Redact,
    Masking::KeepLast(4),
    Masking::KeepDomain,
    Masking::Hash(None),
    Masking::Null,
    Masking::DateYear,
    Masking::Format,
    Masking::Tag,
    Masking::KeepFirst(4),
    Masking::Email,
    Masking::Default,
    Masking::DateMonth,
    Masking::Bucket(10),
    Masking::Token,
    Masking::DenyRow,
];

const TYPES: &[ValueType] = &[
    ValueType::Text,
    ValueType::Int2,
    ValueType::Int4,
    ValueType::Int8,
    ValueType::Float4,
    ValueType::Float8,
    ValueType::Numeric,
    ValueType::Bool,
    ValueType::Date,
    ValueType::Time,
    ValueType::Timestamp,
    ValueType::TimestampTz,
    ValueType::Interval,
    ValueType::Uuid,
    ValueType::Json,
    ValueType::Jsonb,
    ValueType::Bytea,
    ValueType::Inet,
    ValueType::MacAddr,
    ValueType::TEXT_ARRAY,
    ValueType::Record,
    ValueType::Other,
    ValueType::Oid,
    ValueType::Money,
    ValueType::Xml,
    ValueType::Bit,
    ValueType::Hstore,
    ValueType::Range(&ValueType::Date),
    ValueType::Range(&ValueType::Text),
    ValueType::MultiRange(&ValueType::Int8),
    ValueType::Array(&ValueType::Jsonb),
];

/// A masked value of any type in any format is valid for it or NULL, and says so the same way twice.
pub fn mask_value(data: &[u8]) {
    let [ty, how, value @ ..] = data else { return };
    let ty = TYPES[usize::from(*ty) % TYPES.len()];
    let format = if how & 1 == 0 { ValueFormat::Text } else { ValueFormat::Binary };
    let how = usize::from(how >> 1);
    let masking = &MASKINGS[how % MASKINGS.len()];
    let class = DataClass::new("us_ssn").unwrap();
    let operator = Operator::new(masking, &class, &MaskKeys::derive(b"fuzz"));
    let cell = Cell::new(ty, format).not_null(how / MASKINGS.len() % 2 == 1);
    let (mut out, mut again) = (b"before".to_vec(), Vec::new());
    let done = mask_cell(&operator, &cell, value, &mut out);
    assert_eq!(mask_cell(&operator, &cell, value, &mut again), done);
    let masked = out.strip_prefix(b"before").unwrap();
    assert_eq!(masked, again);
    assert!(done != Masked::Kept, "{operator} kept a whole {ty:?}: {value:?}");
    if done == Masked::Replaced {
        whole(ty, format, value, masked);
    } else {
        assert!(masked.is_empty(), "{done:?} and yet {masked:?}");
    }

    let (mut out, mut again) = (Vec::new(), Vec::new());
    let done = detectors().mask_value(ty, format, value, &mut out);
    assert_eq!(detectors().mask_value(ty, format, value, &mut again), done);
    assert_eq!(out, again);
    check(done, ty, format, value, &out);
    // What it left can be read as before.
    if done == Masked::Replaced && matches!(ty, ValueType::Array(_) | ValueType::Hstore) {
        assert_ne!(detectors().mask_value(ty, format, &out, &mut again), Masked::Null);
    }
}
