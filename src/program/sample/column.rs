//! A column: numbers or names, with the cells that hold no value.

use std::collections::BTreeMap;

use super::super::failure::quoted;
use super::Dialect;
use super::whole::{category, has_zeros};

/// How numbers are written.
pub const PLAIN: &str = "write plain numbers, such as 1234.5";

/// What a column's cells are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Finite numbers.
    Numbers,
    /// Categories, none of which is a number.
    Words,
    /// Categories because the caller says so; numbers are names, too, 1 and 1.0 the same one.
    Categories,
    /// Names because the caller says so, each kept in its place.
    Text,
}

/// Names, each written once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Categories {
    /// Each has a number, as it came.
    pub numbers: BTreeMap<String, u32>,
    /// Those numbers in the order of the file; none where there is no value.
    pub rows: Vec<Option<u32>>,
}

impl Categories {
    /// How often each stands there.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        let mut counts = vec![0; self.numbers.len()];
        self.rows.iter().flatten().for_each(|number| counts[*number as usize] += 1);
        self.numbers.iter().map(|(name, number)| (name.clone(), counts[*number as usize])).collect()
    }
}

/// A column's cells.
#[derive(Debug, Clone, PartialEq)]
pub enum Cells {
    /// In the order of the file; NaN where there is no value.
    Numbers(Vec<f64>),
    /// Categories.
    Categories(Categories),
    /// In the order of the file.
    Text(Vec<Option<String>>),
}

/// One feature.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// From the header.
    pub name: String,
    /// What stands below it. Numbers where no cell has a value.
    pub kind: Kind,
    /// All of it.
    pub cells: Cells,
    /// Cells without a value.
    pub missing: u64,
    /// Line and text of the first cell with a value; line 0 where there is none.
    pub first: (u64, String),
    /// Categories that are numbers to people, and what is in the way of the first: it and that.
    pub disguised: Option<(String, &'static str)>,
    /// Line and text of the first number with a zero in front that it does not need.
    pub zeros: Option<(u64, String)>,
    declared: bool,
}

impl Column {
    /// An empty column: of this kind, or of that which its first value says.
    pub(super) fn new(name: &str, kind: Option<Kind>) -> Self {
        let mut column = Column {
            name: name.to_owned(),
            kind: Kind::Numbers,
            cells: Cells::Numbers(Vec::new()),
            missing: 0,
            first: (0, String::new()),
            disguised: None,
            zeros: None,
            declared: kind.is_some(),
        };
        column.become_of(kind.unwrap_or(Kind::Numbers));
        column
    }

    /// Whether no cell has a value.
    pub fn is_blank(&self) -> bool {
        self.first.0 == 0
    }

    fn become_of(&mut self, kind: Kind) {
        self.kind = kind;
        self.cells = match kind {
            Kind::Numbers => Cells::Numbers(vec![f64::NAN; self.missing as usize]),
            Kind::Words | Kind::Categories => Cells::Categories(Categories {
                rows: vec![None; self.missing as usize],
                ..Categories::default()
            }),
            Kind::Text => Cells::Text(vec![None; self.missing as usize]),
        };
    }

    /// Adds a cell; the first value of a column whose kind is not known says it. Else the problem
    /// and its fix.
    pub(super) fn push(
        &mut self,
        line: u64,
        cell: &str,
        dialect: &Dialect,
    ) -> Result<(), (String, String)> {
        if dialect.is_missing(cell) {
            self.missing += 1;
            match &mut self.cells {
                Cells::Numbers(values) => values.push(f64::NAN),
                Cells::Text(cells) => cells.push(None),
                Cells::Categories(categories) => categories.rows.push(None),
            }
            return Ok(());
        }
        let number = dialect.number(cell);
        if self.first.0 == 0 {
            if !self.declared && number.is_none() {
                self.become_of(Kind::Words);
            }
            self.first = (line, cell.to_owned());
        }
        let like = if self.first.0 == line {
            "the reference".into()
        } else {
            format!("line {}", self.first.0)
        };
        let problem = match (self.kind, number) {
            (Kind::Categories | Kind::Text, _) | (Kind::Words, None) => None,
            (Kind::Numbers | Kind::Words, Some(x)) if !x.is_finite() => {
                Some("which is not a finite number".into())
            }
            (Kind::Numbers, Some(_)) => None,
            (Kind::Numbers, None) => Some(format!("expected a number, as in {like}")),
            (Kind::Words, Some(_)) => Some(format!("a number, expected text, as in {like}")),
        };
        if let Some(problem) = problem {
            return Err((format!("got {}, {problem}", quoted(cell)), self.fix(cell, dialect)));
        }
        match (&mut self.cells, number) {
            (Cells::Numbers(values), number) => {
                values.push(number.unwrap_or(f64::NAN));
                if self.zeros.is_none() && !self.declared && has_zeros(cell) {
                    self.zeros = Some((line, cell.to_owned()));
                }
            }
            (Cells::Text(cells), _) => cells.push(Some(cell.to_owned())),
            (Cells::Categories(categories), _) => {
                let name = category(cell);
                let number = match categories.numbers.get(name.as_ref()) {
                    Some(number) => *number,
                    None => {
                        if self.kind == Kind::Words && self.disguised.is_none() && !self.declared {
                            self.disguised =
                                dialect.seems(cell).map(|what| (cell.to_owned(), what));
                        }
                        let number = categories.numbers.len() as u32;
                        categories.numbers.insert(name.into_owned(), number);
                        number
                    }
                };
                categories.rows.push(Some(number));
            }
        }
        Ok(())
    }

    /// A cell that is a number to people, and what is in its way: `cell`, or one of the column.
    fn disguised_or(&self, cell: &str, dialect: &Dialect) -> Option<(String, &'static str)> {
        dialect
            .disguise(cell)
            .map(|what| (cell.to_owned(), what))
            .or_else(|| self.disguised.clone())
    }

    /// What an error about text says of a column that may hold numbers.
    pub fn plainly(&self) -> String {
        let shown = |(cell, what): &(String, _)| format!(" ({} has {what}: {PLAIN})", quoted(cell));
        self.disguised.as_ref().map(shown).unwrap_or_default()
    }

    fn fix(&self, cell: &str, dialect: &Dialect) -> String {
        if let Some(decimal) =
            dialect.other_decimal(cell).or_else(|| dialect.other_decimal(&self.first.1))
        {
            // Of 1,234 only people know whether it is more than a thousand.
            return match dialect.disguise(cell) {
                Some(what) => format!("{decimal}; where it has {what}, {PLAIN}"),
                None => decimal.to_owned(),
            };
        }
        if let Some((cell, what)) = self.disguised_or(cell, dialect) {
            return format!("{} has {what}: {PLAIN}", quoted(&cell));
        }
        let categories = format!(
            "compare can take the column as categories: --categorical {}",
            quoted(&self.name)
        );
        format!(
            "fix the cell or remove the line; where it stands for no value, say --missing {}; {categories}",
            quoted(cell)
        )
    }
}
