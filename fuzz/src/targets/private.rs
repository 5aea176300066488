//! The state of a private run: the bytes stand behind a header that is made for them.

use fluxguard::privacy::accountant::{Accountant, AccountantKind, Phase, Relation, Sampling};
use fluxguard::privacy::clip::{AdaptiveClip, AdaptiveClipOptions, Clipping};
use fluxguard::privacy::state::PrivacyState;

use super::with_file;

const VERSION: u32 = 1;
/// Bytes before the payload.
const HEADER: usize = 20;

pub fn run(payload: &[u8]) {
    let mut file = b"FGDP".to_vec();
    file.extend(VERSION.to_le_bytes());
    file.extend((payload.len() as u64).to_le_bytes());
    file.extend(crc32fast::hash(payload).to_le_bytes());
    file.extend(payload);
    let state = with_file(&file, PrivacyState::load);
    if let Ok(state) = state {
        // What was read can be written, and is then the same.
        let again = with_file(&[], |path| {
            state.save(path).expect("sound");
            PrivacyState::load(path).expect("just written")
        });
        assert_eq!(format!("{again:?}"), format!("{state:?}"));
    }
}

/// A run that is under way, by either accountant, and one that has not begun.
pub fn seeds() -> Vec<Vec<u8>> {
    let kinds = [AccountantKind::Pld, AccountantKind::Rdp];
    kinds.into_iter().flat_map(|kind| [state(kind, 300), state(kind, 0)]).map(payload).collect()
}

fn payload(state: PrivacyState) -> Vec<u8> {
    with_file(&[], |path| {
        state.save(path).expect("sound");
        std::fs::read(path).expect("just written")[HEADER..].to_vec()
    })
}

fn state(kind: AccountantKind, steps: u64) -> PrivacyState {
    let mut accountant = Accountant::new(kind, Relation::AddRemove);
    let sampling = Sampling::Poisson { rate: 0.01 };
    let phase = Phase { noise_multiplier: 1.1, sampling, steps: 300 };
    if steps > 0 {
        let whole = Phase { noise_multiplier: 1.3, sampling: Sampling::FullBatch, steps: 2 };
        for phase in [Phase { steps, ..phase.clone() }, whole] {
            accountant.push(phase).expect("sound");
        }
    }
    let options = AdaptiveClipOptions {
        initial: 1.0,
        quantile: 0.5,
        learning_rate: 0.2,
        count_noise: 10.0,
        bounds: (0.1, 10.0),
    };
    PrivacyState {
        accountant,
        clipping: Clipping::PerLayer(vec![0.5, 1.5]),
        adaptive: (steps > 0).then(|| AdaptiveClip::new(options).expect("sound")),
        schedule: vec![Phase { steps: 1000, ..phase }],
        private_randomness: true,
    }
}
