//! The end of each clip.

use crate::error::OpError;
use crate::tape::{Tape, Var};

const NAME: &str = "last frames";

/// The last `n_frames` frames of each clip.
///
/// # Shapes
/// `input` `[clip, frame, channel]`; result `[clip, n_frames, channel]`.
///
/// # Errors
/// [`OpError::Shape`] for another number of axes, or fewer frames than asked for.
pub fn last_frames(tape: &mut Tape, input: &Var, n_frames: usize) -> Result<Var, OpError> {
    let shape = input.shape();
    let &[n_clips, n_given, n_channels] = shape else {
        return Err(OpError::shape(NAME, "input", shape, "[clip, frame, channel]"));
    };
    let Some(n_skipped) = n_given.checked_sub(n_frames) else {
        return Err(OpError::shape(NAME, "input", shape, format!("at least {n_frames} frames")));
    };
    let (kept, skipped) = (n_frames * n_channels, n_skipped * n_channels);
    let clip = (kept + skipped).max(1);
    let mut output = tape.pool().take(n_clips * kept);
    let clips = input.values().chunks_exact(clip);
    for (output, clip) in output.chunks_exact_mut(kept.max(1)).zip(clips) {
        output.copy_from_slice(&clip[skipped..]);
    }
    let target = input.target();
    let shape = vec![n_clips, n_frames, n_channels];
    Ok(tape.record(shape, output, &[input], move |gradient, flow| {
        flow.add(target, |out| {
            // Where no frame is kept, no gradient is written below.
            out.fill(0.0);
            let gradients = gradient.chunks_exact(kept.max(1));
            for (out, gradient) in out.chunks_exact_mut(clip).zip(gradients) {
                out[skipped..].copy_from_slice(gradient);
            }
        });
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Case, check};

    #[test]
    fn gradients_agree_with_differences() {
        for n_frames in 1..=3 {
            check(
                &Case::new().random(&[2, 3, 2], 1),
                |t, v| last_frames(t, &v[0], n_frames),
                |x| x[0].chunks(6).flat_map(|clip| clip[6 - 2 * n_frames..].to_vec()).collect(),
            );
        }
    }

    #[test]
    fn shapes_that_do_not_fit_are_refused() {
        let mut tape = Tape::forward_only(&crate::Pool::new());
        let input = tape.constant(vec![1, 2, 1], &[0.0; 2]).unwrap();
        assert_eq!(last_frames(&mut tape, &input, 0).unwrap().shape(), [1, 0, 1]);
        let error = last_frames(&mut tape, &input, 3).unwrap_err();
        assert!(error.to_string().contains("at least 3 frames"), "{error}");
        let flat = tape.constant(vec![2], &[0.0; 2]).unwrap();
        assert!(last_frames(&mut tape, &flat, 1).is_err());
    }
}
