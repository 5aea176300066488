//! The same windows for peers: little-endian doubles, a reference and a window after the other, and
//! a list of what is where.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde_json::json;

use super::draws::{Null, Order, Values};
use super::power::Change;
use super::tests::SIZES;

/// Writes `trials` pairs of samples of each null and of each change to FOLDER/windows.
pub fn write(folder: &Path, real: &[Null], trials: u64) -> io::Result<()> {
    let folder = folder.join("windows");
    fs::create_dir_all(&folder)?;
    let mut all: Vec<(Null, Option<Change>)> = Vec::new();
    all.extend(Values::ALL.map(|values| (Null::Drawn(values, Order::Independent), None)));
    all.extend(
        Order::ALL.into_iter().skip(1).map(|order| (Null::Drawn(Values::Normal, order), None)),
    );
    all.extend(real.iter().map(|null| (null.clone(), None)));
    all.extend(
        Change::all()
            .into_iter()
            .map(|(v, change)| (Null::Drawn(v, Order::Independent), Some(change))),
    );
    let mut list = Vec::new();
    for (number, (null, change)) in all.into_iter().enumerate() {
        let (values, order) = null.names();
        // Of a real file the first column, as in the other table.
        let (sizes, width) =
            if let Null::Rows(_, _, width) = &null { ((600, 200), *width) } else { (SIZES, 1) };
        let file = format!("{number}.f64");
        let mut out = BufWriter::new(File::create(folder.join(&file))?);
        for seed in 0..trials {
            let (reference, mut window) = null.draw(seed, 1, sizes);
            if let Some(change) = change {
                change.to(&reference, &mut window);
            }
            for x in reference.iter().chain(&window).step_by(width) {
                out.write_all(&x.to_le_bytes())?;
            }
        }
        list.push(json!({
            "file": file, "values": values, "order": change.map_or(order, Change::name), "how": if change.is_some() { "detections" } else { "compare" },
            "reference": sizes.0, "window": sizes.1, "trials": trials, "columns": width,
        }));
    }
    fs::write(folder.join("list.json"), serde_json::to_vec_pretty(&list)?)
}
