use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn weights_add_up_to_one(height in 1usize..80, width in 1usize..80, side in 1usize..30) {
        let grid = BlockGrid::new(height, width, side);
        let mut sums = vec![0.0f64; height * width];
        for (i, weights) in grid.weights().iter().enumerate() {
            let block = grid.block(i);
            prop_assert_eq!(block.n_pixels(), weights.len());
            for (pixel, &weight) in block.pixels(width).zip(weights) {
                prop_assert!(weight > 0.0);
                sums[pixel] += f64::from(weight);
            }
        }
        prop_assert!(sums.iter().all(|sum| (sum - 1.0).abs() < 1e-6));
    }

    #[test]
    fn a_tiling_covers_every_pixel(height in 1usize..80, width in 1usize..80, side in 1usize..30) {
        let grid = BlockGrid::new(height, width, side);
        let mut counts = vec![0; height * width];
        let tiles = grid.tiling();
        tiles.iter().for_each(|&i| grid.block(i).pixels(width).for_each(|p| counts[p] += 1));
        prop_assert!(counts.iter().all(|&n| n > 0));
        if side % 2 == 0 && height % side == 0 && width % side == 0 {
            prop_assert!(counts.iter().all(|&n| n == 1));
        }
    }

    #[test]
    fn a_block_is_made_of_its_cells(height in 1usize..60, width in 1usize..60, side in 1usize..30) {
        let grid = BlockGrid::new(height, width, side);
        let cells = grid.cells();
        prop_assert_eq!(cells.iter().map(Rectangle::n_pixels).sum::<usize>(), height * width);
        for i in 0..grid.n_blocks() {
            let block = grid.block(i);
            let pixels: Vec<usize> = block.pixels(width).collect();
            let mut seen = vec![false; pixels.len()];
            for cell in grid.cells_of(i) {
                let places = grid.places(cell, &block);
                for (place, pixel) in places.into_iter().zip(cells[cell].pixels(width)) {
                    prop_assert_eq!(pixels[place], pixel);
                    seen[place] = true;
                }
            }
            prop_assert!(seen.iter().all(|&seen| seen));
        }
    }
}
