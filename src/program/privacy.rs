//! `fluxguard epsilon` and `fluxguard noise-multiplier`: what steps cost, and the noise that a
//! budget asks for.

mod epsilon;
mod noise_multiplier;
mod phase;

pub use epsilon::Epsilon;
pub use noise_multiplier::NoiseMultiplier;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use fluxguard::privacy::accountant::{AccountantKind, Relation};

/// What a bound is about, and how it is computed.
#[derive(Debug, Args)]
struct Terms {
    /// The delta of the bound, in (0, 1)
    #[arg(long, value_name = "D", allow_negative_numbers = true)]
    delta: f64,
    /// How steps compose: pld (tight) or rdp
    #[arg(long, value_name = "NAME", default_value = ACCOUNTANTS[0].0, value_parser = one_of(&ACCOUNTANTS))]
    accountant: AccountantKind,
    /// What neighboring data sets differ by: the presence of a unit, or what one unit is
    #[arg(long, value_name = "NAME", default_value = RELATIONS[0].0, value_parser = one_of(&RELATIONS))]
    relation: Relation,
    /// Examples that one unit (a user) has at most
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true)]
    unit_size: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const ACCOUNTANTS: [(&str, AccountantKind); 2] =
    [("pld", AccountantKind::Pld), ("rdp", AccountantKind::Rdp)];
const RELATIONS: [(&str, Relation); 2] =
    [("add-remove", Relation::AddRemove), ("replace-one", Relation::ReplaceOne)];

/// One of some named values.
fn one_of<T: Copy + Send + Sync + 'static>(
    names: &'static [(&'static str, T)],
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(names.iter().map(|(name, _)| *name)).map(move |given| {
        // The parser before this one lets no other name through.
        names.iter().find(|(name, _)| *name == given).map_or(names[0].1, |(_, value)| *value)
    })
}

/// The name of one of some named values.
fn name_of<T: Copy + PartialEq>(names: &'static [(&'static str, T)], value: T) -> &'static str {
    names.iter().find(|(_, known)| *known == value).map_or("", |(name, _)| *name)
}

impl Terms {
    /// Rows of a table: what the bound is about.
    fn rows(&self) -> Vec<Vec<String>> {
        let row = |name: &str, value: &str| vec![name.to_owned(), value.to_owned()];
        let unit = match self.unit_size {
            1 => "example".to_owned(),
            size => format!("user of up to {size} examples"),
        };
        vec![
            row(
                "delta",
                &if self.delta < 1e-3 {
                    format!("{:e}", self.delta)
                } else {
                    self.delta.to_string()
                },
            ),
            row("accountant", name_of(&ACCOUNTANTS, self.accountant)),
            row("relation", name_of(&RELATIONS, self.relation)),
            row("unit", &unit),
        ]
    }
}
