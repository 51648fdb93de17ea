//! The same few pixels of all frames: a task that works in near memory.

/// Pixels per block: memory is read in stretches long enough to be fetched ahead, and all taps of a
/// block stay near.
pub(super) const BLOCK: usize = 128;

/// Some pixels of all frames of a clip.
pub(super) struct Block<'a> {
    pub(super) clip: usize,
    pub(super) first_pixel: usize,
    /// For each frame its pixels `[pixel, channel]`.
    pub(super) frames: Vec<&'a mut [f32]>,
}

/// Cut `values` `[clip, frame, pixel, channel]` into blocks of pixels.
pub(super) fn blocks_of(
    values: &mut [f32],
    [n_clips, n_frames, n_pixels, n_channels]: [usize; 4],
) -> Vec<Block<'_>> {
    let n_blocks = n_pixels.div_ceil(BLOCK);
    let empty = |index| Block {
        clip: index / n_blocks,
        first_pixel: index % n_blocks * BLOCK,
        frames: Vec::with_capacity(n_frames),
    };
    let mut blocks: Vec<Block<'_>> = (0..n_clips * n_blocks).map(empty).collect();
    let frames = values.chunks_exact_mut((n_pixels * n_channels).max(1));
    for (index, frame) in frames.enumerate() {
        let pixels = frame.chunks_mut(BLOCK * n_channels);
        for (block, pixels) in blocks[index / n_frames * n_blocks..].iter_mut().zip(pixels) {
            block.frames.push(pixels);
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_everything_once() {
        let shape = [2, 3, BLOCK + 1, 2];
        let mut values = vec![0.0; shape.iter().product()];
        for block in blocks_of(&mut values, shape) {
            for (frame, pixels) in block.frames.into_iter().enumerate() {
                let start = (block.clip * 3 + frame) * (BLOCK + 1) + block.first_pixel;
                for (offset, value) in pixels.iter_mut().enumerate() {
                    *value += (2 * start + offset) as f32;
                }
            }
        }
        assert!(values.iter().enumerate().all(|(index, &value)| value == index as f32));
    }
}
