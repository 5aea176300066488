//! Something else in a place of a value.

use ciborium::Value;

use fluxguard_core::testing::Random;

/// Places in a value: itself, and all that is in it.
pub fn places(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(places).sum(),
        Value::Map(pairs) => pairs.iter().map(|(_, value)| places(value)).sum(),
        Value::Tag(_, value) => places(value),
        _ => 0,
    }
}

/// Changes the place with this number, in the order of [`places`]; what was done there.
pub fn change(value: &mut Value, at: &mut usize, random: &mut Random) -> Option<String> {
    if *at == 0 {
        let before = format!("{value:?}");
        *value = another(value, random);
        let short = |text: String| text.chars().take(80).collect::<String>();
        return Some(format!("{} -> {}", short(before), short(format!("{value:?}"))));
    }
    *at -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| change(item, at, random)),
        Value::Map(pairs) => pairs.iter_mut().find_map(|(key, value)| {
            change(value, at, random)
                .map(|done| format!("{}: {done}", key.as_text().unwrap_or("?")))
        }),
        Value::Tag(_, value) => change(value, at, random),
        _ => None,
    }
}

fn pick<T: Clone>(of: &[T], random: &mut Random) -> T {
    of[(random.uniform() * of.len() as f64) as usize].clone()
}

const WHOLE: [i128; 12] = [
    0,
    1,
    2,
    -1,
    7,
    255,
    65_536,
    1 << 31,
    u32::MAX as i128,
    1 << 53,
    i64::MAX as i128,
    u64::MAX as i128,
];
const NUMBERS: [f64; 9] =
    [0.0, -1.0, 0.5, 1.5, 1e308, -1e308, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];

/// Something else in the place of a value.
fn another(value: &Value, random: &mut Random) -> Value {
    match value {
        Value::Integer(number) => {
            let number = i128::from(*number);
            let near = [number + 1, number - 1, 2 * number, number / 2];
            let new = pick(&[WHOLE.as_slice(), &near].concat(), random);
            ciborium::value::Integer::try_from(new).map_or(Value::Null, Value::Integer)
        }
        Value::Float(number) => {
            Value::Float(pick(&[NUMBERS.as_slice(), &[-number, 2.0 * number]].concat(), random))
        }
        Value::Bool(yes) => Value::Bool(!yes),
        Value::Text(text) => Value::Text(pick(
            &[String::new(), "x".into(), text.repeat(2), "average".into()],
            random,
        )),
        Value::Bytes(bytes) => Value::Bytes(other_bytes(bytes, random)),
        Value::Array(items) => {
            let mut items = items.clone();
            match pick(&[0, 1, 2, 3, 4], random) {
                0 => drop(items.pop()),
                1 => items.extend(items.first().cloned()),
                2 => items.clear(),
                3 => items.truncate(items.len() / 2),
                _ => items.reverse(),
            }
            Value::Array(items)
        }
        Value::Map(pairs) => {
            let mut pairs = pairs.clone();
            pairs.pop();
            Value::Map(pairs)
        }
        Value::Null => {
            pick(&[Value::Integer(1.into()), Value::Float(0.5), Value::Array(vec![])], random)
        }
        _ => Value::Null,
    }
}

/// Packed numbers: fewer, more, or others.
fn other_bytes(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let width = usize::from(bytes.first().copied().unwrap_or(8)).clamp(4, 8);
    match pick(&[0, 1, 2, 3, 4, 4, 4], random) {
        0 => bytes.truncate(bytes.len().saturating_sub(width)),
        1 => bytes.extend_from_within(bytes.len().saturating_sub(width)..),
        2 => bytes.truncate(1),
        3 => bytes.truncate(1 + (bytes.len() / 2) / width * width),
        _ if bytes.len() > width => {
            let at = 1 + (random.uniform() * ((bytes.len() - 1) / width) as f64) as usize * width;
            let number = pick(&NUMBERS, random);
            let new = if width == 4 {
                (number as f32).to_le_bytes().to_vec()
            } else {
                number.to_le_bytes().to_vec()
            };
            bytes[at..at + width].copy_from_slice(&new);
        }
        _ => bytes.push(0),
    }
    bytes
}
