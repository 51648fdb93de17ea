//! What is inferred from which responses.

use std::ops::Range;

use super::*;

const VISIBLE: [bool; 5] = [true, false, true, true, false];

#[test]
fn hidden_responses_do_not_matter() {
    let twin = fresh(POISSON, "");
    let mut batch = batch(&twin, 2, 8);
    let expected = twin.infer(&seen(&batch, Some(&VISIBLE))).unwrap();
    for (index, response) in batch.responses.iter_mut().enumerate() {
        if !VISIBLE[index % 5] {
            *response = if index % 2 == 0 { f32::NAN } else { 1e30 };
        }
    }
    assert_eq!(twin.infer(&seen(&batch, Some(&VISIBLE))).unwrap(), expected);
    assert_eq!((expected.mean.len(), expected.scale), (2 * 8 * 2, vec![1.0; 2]));
}

#[test]
fn later_responses_do_not_matter() {
    let twin = fresh(POISSON, "");
    let mut batch = batch(&twin, 2, 8);
    let before = twin.infer(&seen(&batch, None)).unwrap();
    for clip in batch.responses.chunks_exact_mut(8 * 5) {
        clip[5 * 5..].iter_mut().for_each(|response| *response += 1.0);
    }
    let after = twin.infer(&seen(&batch, None)).unwrap();
    let cut = |state: &LatentState, frames: Range<usize>| state.frames(8, &frames);
    assert_eq!(cut(&after, 0..5), cut(&before, 0..5));
    assert_ne!(cut(&after, 5..6), cut(&before, 5..6));
}

#[test]
fn leaving_one_neuron_out_is_hiding_it() {
    for rescale in ["true", "false"] {
        let twin = fresh(POISSON, &format!(r#""rescale_at_test": {rescale}"#));
        let batch = batch(&twin, 1, 9);
        for visible in [[true; 5], VISIBLE] {
            let found = twin.infer_without_each(&seen(&batch, Some(&visible)), &[3, 1]).unwrap();
            for (hidden, found) in [3, 1].into_iter().zip(found.mean.chunks_exact(9 * 2)) {
                let mut others = visible;
                others[hidden] = false;
                let expected = twin.infer(&seen(&batch, Some(&others))).unwrap();
                // One neuron's share is taken out of the sums, which rounds differently.
                assert_near(found, &expected.mean, 1e-5);
            }
        }
    }
}

#[test]
fn what_is_seen_is_scaled_up_where_wanted() {
    let [scaled, plain] =
        ["true", "false"].map(|on| fresh(POISSON, &format!(r#""rescale_at_test": {on}"#)));
    let mut batch = batch(&scaled, 1, 8);
    let found = scaled.infer(&seen(&batch, Some(&VISIBLE))).unwrap();
    assert_ne!(plain.infer(&seen(&batch, Some(&VISIBLE))).unwrap(), found);
    let of_all = |twin: &Twin| twin.infer(&seen(&batch, None)).unwrap();
    assert_eq!(of_all(&plain), of_all(&scaled));
    batch.responses.iter_mut().for_each(|response| *response *= 5.0 / 3.0);
    assert_eq!(plain.infer(&seen(&batch, Some(&VISIBLE))).unwrap(), found);
}

#[test]
fn responses_that_do_not_fit_are_named() {
    let twin = fresh(POISSON, "");
    let batch = batch(&twin, 1, 8);
    let message = |seen: SeenResponses<'_>| twin.infer(&seen).unwrap_err().to_string();
    assert!(message(seen(&batch, Some(&[true; 4]))).contains("visible neurons: found 4"));
    assert!(message(SeenResponses { session: 2, ..seen(&batch, None) }).contains("below 2"));
    let none = SeenResponses { n_frames: 0, responses: &[], ..seen(&batch, None) };
    assert!(message(none).contains("at least one"));
}
