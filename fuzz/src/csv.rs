//! The program's reader of CSVs: the first byte says how the file is written, the second what its
//! columns are, the rest is the file.

use std::collections::BTreeMap;
use std::path::Path;

use clap::{Args, Command, FromArgMatches};

// The program is no library: its reader is compiled here, too.
#[path = "../../src/program"]
#[allow(dead_code, unused_imports, missing_docs)]
mod program {
    pub mod failure;
    pub mod sample;
    pub mod text_table;
}
use program::sample::{Dialect, Kind, Plan, Sample, Wanted};

const DIALECTS: [&[&str]; 4] = [
    &["csv"],
    &["csv", "--separator", ";", "--decimal", ","],
    &["csv", "--separator", "tab"],
    &["csv", "--missing", "-999,n/a"],
];

fn dialect(which: usize) -> Dialect {
    let command = Dialect::augment_args(Command::new("csv"));
    let matches = command.get_matches_from(DIALECTS[which % DIALECTS.len()]);
    Dialect::from_arg_matches(&matches).expect("flags that it has")
}

pub fn run(bytes: &[u8]) {
    let [how, columns, file @ ..] = bytes else { return };
    let dialect = dialect((*how).into());
    let known = BTreeMap::new();
    let columns = match columns % 4 {
        0 => Wanted::All,
        1 => Wanted::AllAs(Kind::Categories),
        2 => Wanted::AllAs(Kind::Numbers),
        _ => Wanted::Named(&["a", "b"]),
    };
    let plan = Plan { dialect: &dialect, known: &known, columns };
    let path = std::env::temp_dir().join(format!("fluxguard-csv-{}", std::process::id()));
    std::fs::write(&path, file).expect("a temporary folder");
    let read = Sample::read("FILE", &path, plan);
    let _ = std::fs::remove_file(&path);
    match read {
        Ok(sample) => used(&sample),
        Err(failure) => drop(failure.to_string()),
    }
}

fn used(sample: &Sample) {
    let names: Vec<&str> = sample.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(sample.complete(&names).len(), sample.observations);
    assert!(sample.observations > 0);
    for k in 0..sample.observations {
        assert!(sample.line(k) > 0);
    }
    let _ = (sample.names(), sample.only("--column", None).is_ok());
    let _ = sample.only("--column", Some("A")).map_err(|error| error.to_string());
    let _ = Path::new(&sample.file);
}

/// Files of all dialects, good ones and others.
pub fn seeds() -> Vec<Vec<u8>> {
    let files: [&[u8]; 14] = [
        b"a,b\n1,2\n3,4\n",
        b"a;b\n1,5;x\n3,25;y\n",
        b"a\tb\n1\tx\n",
        b"a,b\n-999,n/a\n1,2\n",
        b"a\n1\n\n2\n\n",
        b"a,b\n\"x, y\",\"1,234.50\"\n\"say \"\"so\"\"\",12 %\n",
        b"a,b\n1\n",
        b"a,a\n1,2\n",
        b"\xef\xbb\xbfa,b\r\n1,NaN\r\n",
        b"\xff\xfea\0,\0b\0\n\x001\0,\x002\0",
        b"\xfe\xff\0a\0\n\x001",
        b"id,zip\n1,00501\n2,02139\n",
        b"a,b\n1,\"2\n3,4\n",
        b"",
    ];
    let with = |(k, file): (usize, &&[u8])| {
        (0..4).map(|columns| [&[k as u8, columns], *file].concat()).collect::<Vec<_>>()
    };
    files.iter().enumerate().flat_map(with).collect()
}
