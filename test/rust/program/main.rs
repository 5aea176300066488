//! The program from outside, a topic a file.

mod adjust;
mod compare;
mod csv;
mod csv_corpus;
mod detect;
mod detect_sequences;
mod doctor;
mod formats;
mod hints;
mod late_labels;
mod malformed;
mod manual;
mod methods;
mod performance;
mod privacy;
mod reading;
mod sketch;
mod slips;
mod stream;
mod support;
mod threshold;

#[path = "../reference_support.rs"]
mod reference_support;
