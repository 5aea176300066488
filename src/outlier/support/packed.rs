//! Numbers in a file: 4 bytes each where all of them are single precision, else 8; little-endian,
//! in one piece. For `#[serde(with = "packed")]`.

use serde::de::{Deserializer, Error, Visitor};
use serde::ser::Serializer;

const SINGLE: u8 = 4;
const DOUBLE: u8 = 8;

/// The width, then the numbers.
pub fn serialize<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
    let single = values.iter().all(|x| f64::from(*x as f32).to_bits() == x.to_bits());
    let mut bytes = vec![if single { SINGLE } else { DOUBLE }];
    if single {
        values.iter().for_each(|x| bytes.extend_from_slice(&(*x as f32).to_le_bytes()));
    } else {
        values.iter().for_each(|x| bytes.extend_from_slice(&x.to_le_bytes()));
    }
    serializer.serialize_bytes(&bytes)
}

/// What [`serialize`] wrote.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    struct Bytes;
    impl<'de> Visitor<'de> for Bytes {
        type Value = Vec<f64>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("packed numbers")
        }
        fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<f64>, E> {
            let (width, rest) =
                bytes.split_first().ok_or_else(|| E::custom("packed numbers without a width"))?;
            if !matches!(*width, SINGLE | DOUBLE) || !rest.len().is_multiple_of(usize::from(*width))
            {
                return Err(E::custom(format!(
                    "{} bytes of packed numbers of width {width}",
                    rest.len()
                )));
            }
            Ok(if *width == SINGLE {
                rest.chunks_exact(4)
                    .map(|b| f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]])))
                    .collect()
            } else {
                let double =
                    |b: &[u8]| f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]);
                rest.chunks_exact(8).map(double).collect()
            })
        }
        fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Vec<f64>, E> {
            self.visit_bytes(&bytes)
        }
    }
    deserializer.deserialize_byte_buf(Bytes)
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    struct Held(#[serde(with = "super")] Vec<f64>);

    #[test]
    fn numbers_come_back_to_the_bit_in_as_few_bytes_as_they_need() {
        for (values, bytes) in
            [(vec![], 1), (vec![0.5, -3.0], 9), (vec![0.1, f64::MAX], 17), (vec![f64::INFINITY], 5)]
        {
            let mut file = Vec::new();
            ciborium::into_writer(&Held(values.clone()), &mut file).expect("written");
            assert!(file.len() <= bytes + 4, "{}", file.len());
            let Held(again) = ciborium::from_reader(file.as_slice()).expect("read");
            assert_eq!(again, values);
        }
    }

    #[test]
    fn damage_is_refused() {
        for bytes in [vec![], vec![7, 0, 0], vec![8, 1, 2, 3]] {
            let mut file = Vec::new();
            ciborium::into_writer(&ciborium::Value::Bytes(bytes), &mut file).expect("written");
            assert!(ciborium::from_reader::<Held, _>(file.as_slice()).is_err());
        }
    }
}
