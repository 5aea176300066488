//! `S:Q:T`, steps of one kind.

use fluxguard::privacy::accountant::{Phase, Sampling};

/// `T` Poisson-sampled steps.
pub fn poisson(noise_multiplier: f64, rate: f64, steps: u64) -> Phase {
    Phase { noise_multiplier, sampling: Sampling::Poisson { rate }, steps }
}

/// Reads `NOISE_MULTIPLIER:SAMPLE_RATE:STEPS`.
pub fn parse(text: &str) -> Result<Phase, String> {
    const FORM: &str = "expected NOISE_MULTIPLIER:SAMPLE_RATE:STEPS, such as 1.1:0.004:14000";
    let parts: Vec<&str> = text.split(':').collect();
    let [sigma, rate, steps] = parts[..] else {
        return Err(format!("{} parts; {FORM}", parts.len()));
    };
    let number = |name: &str, part: &str| {
        part.parse::<f64>().map_err(|_| format!("{name} is {part:?}; {FORM}"))
    };
    let steps = steps
        .parse::<u64>()
        .map_err(|_| format!("STEPS is {steps:?}, not a whole number from 0; {FORM}"))?;
    Ok(poisson(number("NOISE_MULTIPLIER", sigma)?, number("SAMPLE_RATE", rate)?, steps))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_parts_and_no_other_form() {
        assert_eq!(parse("1.5:0.01:200"), Ok(poisson(1.5, 0.01, 200)));
        for bad in
            ["", "1", "1:2", "1:0.1:2:3", "x:0.1:2", "1:y:2", "1:0.1:-2", "1:0.1:2.5", "1:0.1:"]
        {
            assert!(parse(bad).is_err_and(|message| message.contains("STEPS")), "{bad}");
        }
    }
}
