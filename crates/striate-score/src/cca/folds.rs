//! Dealing frames or trials to folds.

use striate_base::Streams;

use super::{CcaError, Folds, PairedSeries};

/// The fold of every frame, from 0; the same for the same seed.
pub(super) fn deal(
    series: &PairedSeries,
    folds: Folds,
    n_folds: usize,
    seed: u64,
) -> Result<Vec<usize>, CcaError> {
    let (what, n_items) = match folds {
        Folds::Shuffled => ("frames to be dealt to folds", series.n_frames()),
        Folds::Blocked => ("trials to be dealt to folds", series.n_trials()),
    };
    if n_items < n_folds {
        return Err(CcaError::shape(what, n_items, format!("at least one for each of {n_folds}")));
    }
    let mut order: Vec<usize> = (0..n_items).collect();
    Streams::new(seed).stream("folds of a canonical correlation analysis").shuffle(&mut order);
    let mut of_item = vec![0; n_items];
    for (place, item) in order.into_iter().enumerate() {
        of_item[item] = place % n_folds;
    }
    Ok(match folds {
        Folds::Shuffled => of_item,
        Folds::Blocked => {
            let trials = series.lengths.iter().zip(of_item);
            trials.flat_map(|(&length, fold)| std::iter::repeat_n(fold, length)).collect()
        }
    })
}
