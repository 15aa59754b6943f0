use std::sync::OnceLock;

use mask::{
    Classes, DataClass, Detectors, MaskKeys, Masked, Masking, Operator, ValueFormat, ValueType,
    mask_value as whole,
};

fn detectors() -> &'static Detectors {
    static ALL: OnceLock<Detectors> = OnceLock::new();
    ALL.get_or_init(|| {
        let named = mask::catalogue().iter().filter(|class| class.has_detector);
        let classes: Classes = named.filter_map(|class| DataClass::new(class.name)).collect();
        Detectors::new(&classes).unwrap()
    })
}

/// Findings are in order, inside the text and apart; what is found is replaced; text stays text.
pub fn mask_text(data: &[u8]) {
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
    let masking = match (how >> 1) % 15 {
        0 => Masking::Redact,
        1 => Masking::KeepLast(4),
        2 => Masking::KeepDomain,
        3 => Masking::Hash(None),
        4 => Masking::Null,
        5 => Masking::DateYear,
        6 => Masking::Format,
        7 => Masking::Tag,
        8 => Masking::KeepFirst(4),
        9 => Masking::Email,
        10 => Masking::Default,
        11 => Masking::DateMonth,
        12 => Masking::Bucket(10),
        13 => Masking::Token,
        _ => Masking::DenyRow,
    };
    let class = DataClass::new("us_ssn").unwrap();
    let operator = Operator::new(&masking, &class, &MaskKeys::derive(b"fuzz"));
    let (mut out, mut again) = (b"before".to_vec(), Vec::new());
    let done = whole(&operator, ty, format, value, &mut out);
    assert_eq!(whole(&operator, ty, format, value, &mut again), done);
    let masked = out.strip_prefix(b"before").unwrap();
    assert_eq!(masked, again);
    check(done, ty, format, value, masked);
    assert!(done != Masked::Kept || value.is_empty(), "{operator} kept a whole {ty:?}: {value:?}");

    let (mut out, mut again) = (Vec::new(), Vec::new());
    let done = detectors().mask_value(ty, format, value, &mut out);
    assert_eq!(detectors().mask_value(ty, format, value, &mut again), done);
    assert_eq!(out, again);
    check(done, ty, format, value, &out);
}

fn check(done: Masked, ty: ValueType, format: ValueFormat, value: &[u8], masked: &[u8]) {
    if done != Masked::Replaced {
        assert!(masked.is_empty(), "{done:?} and yet {masked:?}");
        return;
    }
    let text = || std::str::from_utf8(masked).expect("text");
    let utf8 = std::str::from_utf8(value).is_ok();
    match (ty, format) {
        (ValueType::Int2 | ValueType::Int4 | ValueType::Int8, ValueFormat::Text) => {
            text().parse::<i64>().unwrap();
        }
        (ValueType::Int2, ValueFormat::Binary) => assert_eq!(masked.len(), 2),
        (ValueType::Int4 | ValueType::Float4 | ValueType::Date, ValueFormat::Binary) => {
            assert_eq!(masked.len(), 4);
        }
        (
            ValueType::Int8 | ValueType::Float8 | ValueType::Timestamp | ValueType::TimestampTz,
            ValueFormat::Binary,
        ) => assert_eq!(masked.len(), 8),
        (ValueType::Uuid, ValueFormat::Binary) => assert_eq!(masked.len(), 16),
        (ValueType::Bool, ValueFormat::Binary) => assert_eq!(masked.len(), 1),
        (ValueType::Jsonb, ValueFormat::Binary) => assert_eq!(masked.first(), Some(&1)),
        (ValueType::Text, _) | (_, ValueFormat::Text) if utf8 => {
            text();
        }
        _ => {}
    }
}
