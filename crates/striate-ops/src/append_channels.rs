//! Behaviour as image channels.

use crate::error::OpError;
use crate::shape::check_shape;
use crate::tape::{Tape, Var};

const NAME: &str = "append constant channels";

/// Append to each pixel of a frame the frame's extra channels.
///
/// # Shapes
/// `images` `[clip, frame, height, width, channel]`, `extra` `[clip, frame, more]`; result `[clip,
/// frame, height, width, channel + more]`. No gradient flows to `extra`.
///
/// # Errors
/// [`OpError::Shape`] for shapes that do not fit together.
pub fn append_constant_channels(
    tape: &mut Tape,
    images: &Var,
    extra: &Var,
) -> Result<Var, OpError> {
    let &[n_clips, n_frames, height, width, channels] = images.shape() else {
        let expected = "[clip, frame, height, width, channel]";
        return Err(OpError::shape(NAME, "images", images.shape(), expected));
    };
    let &[.., more] = extra.shape() else {
        return Err(OpError::shape(NAME, "extra", extra.shape(), "[clip, frame, channel]"));
    };
    check_shape(NAME, "extra", extra.shape(), &[n_clips, n_frames, more])?;
    let after = channels + more;
    let n_pixels = height * width;
    let mut output = tape.pool().take(n_clips * n_frames * n_pixels * after);
    for (place, pixel) in output.chunks_exact_mut(after.max(1)).enumerate() {
        let frame = place / n_pixels;
        pixel[..channels].copy_from_slice(&images.values()[place * channels..][..channels]);
        pixel[channels..].copy_from_slice(&extra.values()[frame * more..][..more]);
    }
    let target = images.target();
    let shape = vec![n_clips, n_frames, height, width, after];
    Ok(tape.record(shape, output, &[images], move |gradient, flow| {
        flow.add(target, |out| {
            let pixels = gradient.chunks_exact(after.max(1));
            for (out, pixel) in out.chunks_exact_mut(channels.max(1)).zip(pixels) {
                out.copy_from_slice(&pixel[..channels]);
            }
        });
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Case, check};

    #[test]
    fn gradient_agrees_with_differences() {
        let case = Case::new().random(&[1, 2, 2, 3, 1], 1);
        let behaviour = [0.5, -1.0, 2.0, 3.0];
        check(
            &case,
            |t, v| {
                let extra = t.constant(vec![1, 2, 2], &behaviour)?;
                append_constant_channels(t, &v[0], &extra)
            },
            |x| {
                let pixel = |place: usize| {
                    let frame = place / 6;
                    let b = &behaviour[frame * 2..];
                    [x[0][place], f64::from(b[0]), f64::from(b[1])]
                };
                (0..12).flat_map(pixel).collect()
            },
        );
    }
}
