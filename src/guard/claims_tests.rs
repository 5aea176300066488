//! Of [`super::claims`], whose file is explored elsewhere and so has no tests in it.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::claims::Claims;
use super::options::Length;

proptest! {
    #[test]
    fn panes_are_filled_in_order_and_exactly(
        length in 1u64..50,
        batches in prop::collection::vec((0usize..120, any::<bool>()), 1..30),
    ) {
        let claims = Claims::new(Length::Observations(length));
        let (mut pane, mut filled) = (0, 0);
        for (n, cut) in batches {
            let mut claimed = 0;
            for stretch in claims.claim(n, Instant::now()) {
                prop_assert_eq!(stretch.pane, pane);
                filled += stretch.observations as u64;
                claimed += stretch.observations;
                prop_assert!(filled <= length && stretch.ends == (filled == length));
                if stretch.ends {
                    (pane, filled) = (pane + 1, 0);
                }
            }
            prop_assert_eq!(claimed, n);
            if cut {
                (pane, filled) = (pane + u64::from(filled > 0), 0);
                prop_assert_eq!(claims.cut(), pane);
            }
            prop_assert_eq!(claims.ended(Instant::now()), pane);
        }
    }
}

#[test]
fn time_ends_a_pane_that_has_observations() {
    let claims = Claims::new(Length::Seconds(2.0));
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    let pane = |n, seconds| claims.claim(n, at(seconds)).map(|s| s.pane).collect::<Vec<_>>();
    assert_eq!((claims.ended(at(9)), pane(3, 10), pane(5, 11)), (0, vec![0], vec![0]));
    assert_eq!((pane(1, 12), claims.ended(at(13)), claims.due()), (vec![1], 1, Some(at(14))));
    assert_eq!((claims.ended(at(14)), claims.due()), (2, None));
}
