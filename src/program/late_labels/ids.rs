//! The ids that predictions and labels are joined by.

use std::collections::HashMap;
use std::fmt;

use serde::Serialize;

use fluxguard::performance::late::Id;

/// An id as it is told.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Name {
    Number(Id),
    Text(String),
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Name::Number(id) => id.fmt(f),
            Name::Text(text) => f.write_str(text),
        }
    }
}

/// Ids: whole numbers of 64 bits where all of both files are, else text, numbered in the order of their first appearance.
pub struct Ids<'a> {
    text: Option<(HashMap<&'a str, Id>, Vec<&'a str>)>,
}

impl<'a> Ids<'a> {
    pub fn new(cells: impl Iterator<Item = &'a String> + Clone) -> Self {
        if cells.clone().all(|cell| whole(cell).is_some()) {
            return Ids { text: None };
        }
        let (mut numbers, mut names) = (HashMap::new(), Vec::new());
        for cell in cells {
            numbers.entry(cell.as_str()).or_insert_with(|| {
                names.push(cell.as_str());
                names.len() as Id - 1
            });
        }
        Ids { text: Some((numbers, names)) }
    }

    pub fn of(&self, cell: &str) -> Id {
        match &self.text {
            Some((numbers, _)) => numbers.get(cell).copied().unwrap_or(-1),
            None => whole(cell).unwrap_or(-1),
        }
    }

    pub fn name(&self, id: Id) -> Name {
        match &self.text {
            Some((_, names)) => Name::Text(names.get(id as usize).map_or_else(String::new, |name| (*name).to_owned())),
            None => Name::Number(id),
        }
    }
}

/// A whole number of 64 bits without leading zeros, or one that is written with a point or an exponent and that a double holds.
fn whole(cell: &str) -> Option<Id> {
    if let Ok(id) = cell.parse::<Id>() {
        return (id.to_string() == cell && id >= Id::from(i64::MIN) && id <= Id::from(u64::MAX)).then_some(id);
    }
    let x = cell.parse::<f64>().ok().filter(|x| x.fract() == 0.0 && x.abs() < 2f64.powi(53))?;
    (!cell.starts_with('0') || x == 0.0).then_some(x as Id)
}
