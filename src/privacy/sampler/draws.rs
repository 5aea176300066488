//! Which lots a sampler drew, and which of them were released: what makes a draw worth its amplification.

use crate::privacy::accountant::Sampling;
use crate::{Error, Result};
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// The samplers of this process that live, for hosts that know a lot by numbers.
static ALIVE: Mutex<Option<HashMap<u64, Weak<Inner>>>> = Mutex::new(None);

/// The draws of one sampler, from 1 on; clones are the same draws.
#[derive(Debug, Clone)]
pub struct Draws(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: u64,
    book: Mutex<Book>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        alive(|alive| alive.remove(&self.id));
    }
}

fn alive<T>(with: impl FnOnce(&mut HashMap<u64, Weak<Inner>>) -> T) -> T {
    with(ALIVE.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default())
}

#[derive(Debug, Default)]
struct Book {
    drawn: u64,
    released: u64,
    /// From which draw on lots are drawn how; those before the last release are forgotten.
    drawn_how: VecDeque<(u64, Sampling)>,
}

impl Draws {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let inner = Arc::new(Inner { id, book: Mutex::default() });
        alive(|alive| alive.insert(id, Arc::downgrade(&inner)));
        Draws(inner)
    }

    /// The draws of the sampler of this number, while it lives.
    #[must_use]
    pub fn find(id: u64) -> Option<Self> {
        alive(|alive| alive.get(&id).and_then(Weak::upgrade)).map(Draws)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sampler's number in this process.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.0.id
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

    /// Takes a draw as released if `append` agrees to what it costs: as it was drawn, or, where it was released before, as
    /// if every example were in it.
    ///
    /// Why that is enough: let `L1`, `L2` be the likelihood ratios of two releases with the example against without.
    /// On one lot of rate `q` the pair's ratio is `f = (1-q) + q·L1·L2`; charged are a sampled and a whole release,
    /// `g = L2·((1-q) + q·L1)`. Given the product `L1·L2` the mean of `g - f` is `(1-q)(E[L2 | L1·L2] - 1)`, increasing in
    /// the product with mean zero, so `g` is above `f` in convex order, and every hockey-stick divergence with it.
    ///
    /// # Errors
    /// `InvalidArgument` for a draw that never was, or one before which others were drawn and not released; as `append`.
    pub fn spend<T>(&self, number: u64, append: impl FnOnce(Sampling) -> Result<T>) -> Result<T> {
        let mut book = self.book();
        if number == 0 || number > book.drawn {
            return Err(Error::invalid("lot", format!("draw {number}"), format!("one of {} draws", book.drawn)));
        }
        if number > book.released + 1 {
            let was = format!("draw {number} while draw {} was not released", book.released + 1);
            let expected = "every lot that was drawn, in order, empty ones too: lots that were skipped or filtered are no \
                            Poisson sample; begin the loop over the sampler anew";
            return Err(Error::invalid("lot", was, expected));
        }
        let done = append(book.sampling(number).unwrap_or(Sampling::FullBatch))?;
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

    const HOW: [Sampling; 2] = [Sampling::Poisson { rate: 0.1 }, Sampling::Poisson { rate: 0.2 }];

    #[test]
    fn a_draw_is_worth_its_rate_once_and_in_order() {
        let draws = Draws::new();
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
        assert_ne!(id, Draws::new().id());
        assert!(Draws::find(id).is_some_and(|found| found.sampling(1).is_none() && found.id() == id));
        drop((draws, spend));
        assert!(Draws::find(id).is_none());
    }

    #[test]
    fn what_was_released_takes_no_memory() {
        let draws = Draws::new();
        for step in 0..10_000u32 {
            let number = draws.draw(Sampling::Poisson { rate: 1.0 / f64::from(step + 2) });
            assert!(draws.spend(number, Ok).is_ok());
        }
        assert!(draws.book().drawn_how.len() <= 2);
    }
}
