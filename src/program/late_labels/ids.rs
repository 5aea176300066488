//! The ids that predictions and labels are joined by.

use std::collections::HashMap;
use std::fmt;

use clap::ValueEnum;
use serde::Serialize;

use super::super::sample::whole;
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

/// What ids are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum IdKind {
    /// Whole numbers of 64 bits: 7, 7.0 and 007 are one
    Int,
    /// Names: 7 and 007 are two
    Text,
}

/// Ids: whole numbers, or text, numbered in the order of their first appearance.
pub struct Ids<'a> {
    text: Option<(HashMap<&'a str, Id>, Vec<&'a str>)>,
}

impl<'a> Ids<'a> {
    /// Of the cells of all files; without a kind whole numbers where all are, and none has zeros in
    /// front.
    pub fn new(cells: impl Iterator<Item = &'a String> + Clone, kind: Option<IdKind>) -> Self {
        let numbers = match kind {
            Some(kind) => kind == IdKind::Int,
            None => cells.clone().all(|cell| whole(cell).is_some()),
        };
        if numbers {
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

    /// None for a cell that is no whole number where all should be.
    pub fn of(&self, cell: &str) -> Option<Id> {
        match &self.text {
            Some((numbers, _)) => numbers.get(cell).copied(),
            None => whole(cell)
                .or_else(|| whole(&format!("0{}", cell.trim_start_matches('0'))))
                .or_else(|| whole(cell.trim_start_matches('0'))),
        }
    }

    pub fn name(&self, id: Id) -> Name {
        match &self.text {
            Some((_, names)) => Name::Text(
                names.get(id as usize).map_or_else(String::new, |name| (*name).to_owned()),
            ),
            None => Name::Number(id),
        }
    }
}
