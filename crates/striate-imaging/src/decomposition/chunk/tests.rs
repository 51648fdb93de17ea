use super::*;
use crate::ArrayMovie;
use crate::decomposition::grid::BlockGrid;

/// Cells of all widths, a last task with fewer frames, and pixels and values that are no numbers.
#[test]
fn cells_hold_the_standardised_values() {
    let (n_frames, height, width) = (11, 27, 90);
    let mut frames = ndarray::Array3::from_shape_fn((n_frames, height, width), |(t, y, x)| {
        (t * 7919 + y * 104_729 + x * 31) as f32 % 1009.0
    });
    frames[[3, 2, 5]] = f32::NAN;
    let mut mean = vec![500.0; height * width];
    mean[40] = f32::NAN;
    let noise = (0..height * width).map(|i| 2.0 + (i % 7) as f32).collect();
    let standard = Standard { mean, noise };
    let movie = ArrayMovie::new(frames);
    for side in [10, 13, 20] {
        let cells = BlockGrid::new(height, width, side).cells();
        let mut chunk = CellChunk::new(cells.clone(), &standard);
        chunk.read(&movie, 2..n_frames).unwrap();
        assert_eq!(chunk.n_frames(), n_frames - 2);
        for (i, cell) in cells.iter().enumerate() {
            let Rows { values, step } = chunk.cell(i);
            for t in 0..n_frames - 2 {
                let mut frame = vec![0.0; height * width];
                movie.read(t + 2..t + 3, &mut frame).unwrap();
                standard.apply_to_frame(&mut frame);
                for (pixel, &found) in cell.pixels(width).zip(&values[t * step..]) {
                    assert!((found - frame[pixel]).abs() <= 1e-6 * frame[pixel].abs());
                }
            }
        }
    }
}
