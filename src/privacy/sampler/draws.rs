//! Which lots a sampler drew, and which of them were released: what makes a draw worth its
//! amplification.

use crate::accountant::Sampling;
use crate::locks::lock;
use crate::{Error, Result};
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};

/// The samplers of this process that live, for hosts that know a lot by numbers.
static ALIVE: Mutex<Option<HashMap<u64, Weak<Inner>>>> = Mutex::new(None);

/// The draws of one sampler, from 1 on; clones are the same draws.
#[derive(Debug, Clone)]
pub struct Draws(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: u64,
    /// What a release on a lot costs that was released before.
    again: Sampling,
    private: bool,
    book: Mutex<Book>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        alive(|alive| alive.remove(&self.id));
    }
}

fn alive<T>(with: impl FnOnce(&mut HashMap<u64, Weak<Inner>>) -> T) -> T {
    with(lock(&ALIVE).get_or_insert_default())
}

#[derive(Debug, Default)]
struct Book {
    drawn: u64,
    released: u64,
    /// From which draw on lots are drawn how; those before the last release are forgotten.
    drawn_how: VecDeque<(u64, Sampling)>,
}

impl Draws {
    pub(super) fn new(sampling: Sampling, private: bool) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let inner =
            Arc::new(Inner { id, again: sampling.unamplified(), private, book: Mutex::default() });
        alive(|alive| alive.insert(id, Arc::downgrade(&inner)));
        Draws(inner)
    }

    /// The draws of the sampler of this number, while it lives.
    #[must_use]
    pub fn find(id: u64) -> Option<Self> {
        alive(|alive| alive.get(&id).and_then(Weak::upgrade)).map(Draws)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        lock(&self.0.book)
    }

    /// The sampler's number in this process.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// Was its randomness keyed by the operating system?
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.0.private
    }

    /// What a further release on a lot costs.
    #[must_use]
    pub fn again(&self) -> Sampling {
        self.0.again
    }

    /// Notes another draw and gives its number.
    pub(super) fn draw(&self, sampling: Sampling) -> u64 {
        let mut book = self.book();
        book.drawn += 1;
        let number = book.drawn;
        if book.drawn_how.back().is_none_or(|(_, last)| *last != sampling) {
            book.drawn_how.push_back((number, sampling));
        }
        number
    }

    /// How a draw that was not released yet was drawn.
    #[must_use]
    pub fn sampling(&self, number: u64) -> Option<Sampling> {
        self.book().sampling(number)
    }

    /// Takes a draw as released if `append` agrees to what it costs: as it was drawn, or, where it
    /// was released before, without amplification ([`Sampling::unamplified`]).
    ///
    /// Why that is enough: given all that was released before, a further release on the lot is, for
    /// either neighbor, a mixture of Gaussians over the lots that may have been drawn, and lots
    /// that were drawn by the same randomness are no farther apart than the unamplified pair's
    /// centers. By joint convexity that pair dominates it, whatever came before, and dominating
    /// pairs compose (Zhu, Dong and Wang 2022, Theorem 10). Charging a second release as the first
    /// would not do: both hit or miss an example together.
    ///
    /// # Errors
    /// `InvalidArgument` for a draw that never was, or one before which others were drawn and not
    /// released; as `append`.
    pub fn spend<T>(&self, number: u64, append: impl FnOnce(Sampling) -> Result<T>) -> Result<T> {
        let mut book = self.book();
        if number == 0 || number > book.drawn {
            return Err(Error::invalid(
                "lot",
                format!("draw {number}"),
                format!("one of {} draws", book.drawn),
            ));
        }
        if number > book.released + 1 {
            let was = format!("draw {number} while draw {} was not released", book.released + 1);
            let expected = "every lot that was drawn, in order, empty ones too: lots that were skipped or filtered are no \
                            Poisson sample; begin the loop over the sampler anew";
            return Err(Error::invalid("lot", was, expected));
        }
        let done = append(book.sampling(number).unwrap_or(self.0.again))?;
        book.released = book.released.max(number);
        while book.drawn_how.get(1).is_some_and(|(from, _)| *from <= book.released + 1) {
            book.drawn_how.pop_front();
        }
        Ok(done)
    }
}

impl Book {
    fn sampling(&self, number: u64) -> Option<Sampling> {
        if number <= self.released || number > self.drawn {
            return None;
        }
        let how = self.drawn_how.iter().rev().find(|(from, _)| *from <= number);
        how.map(|(_, sampling)| *sampling)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accountant::{Accountant, AccountantKind, Phase, Relation};

    const HOW: [Sampling; 2] = [Sampling::Poisson { rate: 0.1 }, Sampling::Poisson { rate: 0.2 }];

    #[test]
    fn a_draw_is_worth_its_rate_once_and_in_order() {
        let draws = Draws::new(HOW[0], true);
        for how in [HOW[0], HOW[0], HOW[1]] {
            draws.draw(how);
        }
        let spender = draws.clone();
        let spend = move |number| spender.spend(number, Ok);
        assert!(spend(0).is_err() && spend(4).is_err() && spend(2).is_err());
        assert_eq!(spend(1), Ok(HOW[0]));
        assert_eq!(spend(1), Ok(Sampling::FullBatch));
        assert!(draws.spend(2, |_| Err::<(), _>(Error::invalid("budget", 1, 2))).is_err());
        assert_eq!(spend(2), Ok(HOW[0])); // what was refused was not released
        assert_eq!(draws.sampling(3), Some(HOW[1]));
        assert_eq!(spend(3), Ok(HOW[1]));
        assert_eq!(draws.sampling(3), None);
        let id = draws.id();
        assert_ne!(id, Draws::new(HOW[0], true).id());
        assert!(
            Draws::find(id).is_some_and(|found| found.sampling(1).is_none() && found.id() == id)
        );
        drop((draws, spend));
        assert!(Draws::find(id).is_none());
    }

    #[test]
    fn a_lot_in_which_others_take_a_place_is_twice_as_far_apart_again() {
        let (max_lot, dataset_size) = (10, 100);
        let how = Sampling::TruncatedPoisson { rate: 0.3, max_lot, dataset_size };
        let draws = Draws::new(how, true);
        draws.draw(how);
        assert_eq!(draws.spend(1, Ok), Ok(how));
        let again = draws.spend(1, Ok).expect("charged");
        assert_eq!(again, Sampling::TruncatedPoisson { rate: 1.0, max_lot, dataset_size });
        // half the multiplier of a whole batch, for both relations; the same for lots of a fixed
        // size
        for relation in [Relation::AddRemove, Relation::ReplaceOne] {
            let cost = |sampling, noise_multiplier| {
                let mut accountant = Accountant::new(AccountantKind::Pld, relation);
                accountant.push(Phase { noise_multiplier, sampling, steps: 1 })?;
                accountant.epsilon(1e-5)
            };
            let whole = cost(Sampling::FullBatch, 1.0).expect("known");
            let least = if relation == Relation::AddRemove {
                cost(Sampling::FullBatch, 0.5).expect("known")
            } else {
                whole
            };
            for lot in
                [again, Sampling::WithoutReplacement { lot_size: 10, dataset_size }.unamplified()]
            {
                assert!(
                    cost(lot, 1.0).expect("known") >= least * (1.0 - 1e-6),
                    "{relation:?} {lot:?}"
                );
            }
        }
    }

    #[test]
    fn what_was_released_takes_no_memory() {
        let draws = Draws::new(HOW[0], true);
        for step in 0..10_000u32 {
            let number = draws.draw(Sampling::Poisson { rate: 1.0 / f64::from(step + 2) });
            assert!(draws.spend(number, Ok).is_ok());
        }
        assert!(draws.book().drawn_how.len() <= 2);
    }
}
