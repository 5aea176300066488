//! The program `fluxguard`.
fn main() {}
