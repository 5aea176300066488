//! How a CSV is written, and which of its columns are read: the flags that all commands share.

use std::cell::RefCell;
use std::collections::BTreeSet;

use clap::Args;

use super::super::failure::{listed, quoted};
use super::disguise::disguise;
use fluxguard::Error;

/// How a CSV is written.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "How CSVs are written")]
pub struct Dialect {
    /// What stands between cells: a character such as ; or the word tab
    #[arg(long, value_name = "CHARACTER", default_value = ",", value_parser = separator)]
    separator: u8,
    /// What stands before the decimals of a number: . or ,
    #[arg(long, value_name = "CHARACTER", default_value = ".", value_parser = decimal)]
    decimal: char,
    /// Cells that hold no value, besides empty ones, in any case, numbers however they are written;
    /// "" for empty ones alone
    #[arg(
        long,
        value_name = "WORD[,..]",
        value_delimiter = ',',
        default_value = "NA,NaN,null",
        allow_hyphen_values = true
    )]
    missing: Vec<String>,
}

impl Default for Dialect {
    fn default() -> Self {
        Dialect {
            separator: b',',
            decimal: '.',
            missing: ["NA", "NaN", "null"].map(str::to_owned).to_vec(),
        }
    }
}

impl Dialect {
    /// What stands between cells.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where numbers and cells would be cut at the same character.
    pub fn separator(&self) -> Result<u8, Error> {
        if self.separator == self.decimal as u8 {
            let was = format!("{:?}, which is also --decimal", self.decimal);
            return Err(Error::invalid(
                "--separator",
                was,
                "two characters that differ: --separator \";\"",
            ));
        }
        Ok(self.separator)
    }

    /// Whether a cell, without the spaces around it, holds no value.
    pub fn is_missing(&self, cell: &str) -> bool {
        // -999 stands for -999.0, too.
        let is_number =
            |word: &str| self.number(word).is_some_and(|number| self.number(cell) == Some(number));
        cell.is_empty()
            || self.missing.iter().any(|word| word.eq_ignore_ascii_case(cell) || is_number(word))
    }

    /// The number that a cell holds: perhaps NaN or Inf.
    pub fn number(&self, cell: &str) -> Option<f64> {
        match self.decimal {
            '.' => cell.parse().ok(),
            _ if cell.contains('.') => None,
            decimal => cell.replacen(decimal, ".", 1).parse().ok(),
        }
    }

    /// What is in the way of the number that `cell` may be to people: [`disguise()`].
    pub fn disguise(&self, cell: &str) -> Option<&'static str> {
        if self.number(cell).is_some() { None } else { disguise(cell, self.decimal) }
    }

    /// [`Dialect::disguise`], or another decimal sign.
    pub fn seems(&self, cell: &str) -> Option<&'static str> {
        let reported = match (self.decimal, self.disguise(cell).is_some()) {
            ('.', true) => "groups of thousands, or a decimal comma (--decimal ,)",
            ('.', false) => "a decimal comma (--decimal ,)",
            (_, true) => "groups of thousands, or a decimal point (--decimal .)",
            (_, false) => "a decimal point (--decimal .)",
        };
        self.other_decimal(cell).map(|_| reported).or_else(|| self.disguise(cell))
    }

    /// How to say that `cell`, which is not a number here, may be one: with another decimal sign.
    pub fn other_decimal(&self, cell: &str) -> Option<&'static str> {
        let sign = if self.decimal == '.' { ',' } else { '.' };
        let other = Dialect { decimal: sign, ..self.clone() };
        (cell.contains(sign) && other.number(cell).is_some()).then_some(if self.decimal == '.' {
            "say --decimal , where numbers are written so"
        } else {
            "say --decimal . where numbers are written so"
        })
    }
}

fn separator(text: &str) -> Result<u8, String> {
    match (text, text.as_bytes()) {
        ("tab" | "\\t", _) => Ok(b'\t'),
        (_, [b'"' | b'\n' | b'\r']) => Err("quotes and ends of lines have another meaning".into()),
        (_, [byte]) if byte.is_ascii() => Ok(*byte),
        _ => Err("expected one character, such as ; or |, or the word tab".into()),
    }
}

fn decimal(text: &str) -> Result<char, String> {
    match text {
        "." => Ok('.'),
        "," => Ok(','),
        _ => Err("expected . or ,".into()),
    }
}

/// Which columns are features.
#[derive(Debug, Clone, Default, Args)]
pub struct Choice {
    /// Read these columns and no others; may be repeated
    #[arg(long, value_name = "COLUMN[,..]", conflicts_with = "ignore")]
    only: Vec<String>,
    /// Leave these columns out, such as ids and time stamps; may be repeated
    #[arg(long, value_name = "COLUMN[,..]")]
    ignore: Vec<String>,
    /// Names of `ignore` that were met in some file.
    #[arg(skip)]
    met: RefCell<BTreeSet<String>>,
}

impl Choice {
    /// Which columns of this header are read, those of `always` included.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where a column of `--only` is not there, or nothing is left.
    pub fn of(&self, header: &[&str], always: &[&str], file: &str) -> Result<Vec<bool>, Error> {
        let names: BTreeSet<&str> = header.iter().copied().collect();
        let only = split(&self.only, &names);
        if let Some(name) = only.iter().find(|name| !names.contains(*name)) {
            let expected = format!("a column of {file}: {}", listed(header.iter().copied()));
            return Err(Error::invalid("--only", quoted(name), expected));
        }
        let ignored = split(&self.ignore, &names);
        self.met.borrow_mut().extend(
            ignored.iter().filter(|name| names.contains(*name)).map(|name| (*name).to_owned()),
        );
        let read = |name: &&str| {
            always.contains(name)
                || (!ignored.contains(name) && (only.is_empty() || only.contains(name)))
        };
        let read: Vec<bool> = header.iter().map(read).collect();
        if !read.contains(&true) {
            let expected =
                format!("a column that is left of {file}: {}", listed(header.iter().copied()));
            return Err(Error::invalid("--ignore", "all columns", expected));
        }
        Ok(read)
    }

    /// Whether all columns are read.
    pub fn is_of_all(&self) -> bool {
        self.only.is_empty() && self.ignore.is_empty()
    }

    /// To be asked when all files have been read.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a column of `--ignore` that no file has.
    pub fn expect_met(&self) -> Result<(), Error> {
        let met = self.met.borrow();
        let names: BTreeSet<&str> = met.iter().map(String::as_str).collect();
        match split(&self.ignore, &names).iter().find(|name| !names.contains(*name)) {
            Some(name) => {
                Err(Error::invalid("--ignore", quoted(name), "a column that one of the files has"))
            }
            None => Ok(()),
        }
    }
}

/// Each name as it is where there is such a column, else cut at its commas.
fn split<'a>(given: &'a [String], names: &BTreeSet<&str>) -> BTreeSet<&'a str> {
    let mut all = BTreeSet::new();
    for text in given {
        if names.contains(text.as_str()) {
            all.insert(text.as_str());
        } else {
            all.extend(text.split(',').map(str::trim));
        }
    }
    all
}
