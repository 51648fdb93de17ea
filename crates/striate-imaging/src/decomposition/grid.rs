//! Overlapping blocks, the cells that their borders cut the image into, and the weights that blend them.

#[cfg(test)]
mod tests;

use std::ops::Range;

/// A rectangle of pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rectangle {
    /// Rows of the image.
    pub rows: Range<usize>,
    /// Columns of the image.
    pub columns: Range<usize>,
}

impl Rectangle {
    /// Pixels.
    pub fn n_pixels(&self) -> usize {
        self.rows.len() * self.columns.len()
    }

    /// Where pixel `pixel` of an image `width` wide lies in the rectangle, row by row; none where it does not.
    pub fn index_of(&self, pixel: usize, width: usize) -> Option<usize> {
        let (y, x) = (pixel / width, pixel % width);
        let is_inside = self.rows.contains(&y) && self.columns.contains(&x);
        is_inside.then(|| (y - self.rows.start) * self.columns.len() + x - self.columns.start)
    }

    /// Pixels of the image `width` wide, row by row.
    pub fn pixels(&self, width: usize) -> impl Iterator<Item = usize> + '_ {
        self.rows.clone().flat_map(move |y| self.columns.clone().map(move |x| y * width + x))
    }
}

/// Blocks along one axis, and the segments between all their borders.
#[derive(Debug, Clone)]
struct Axis {
    blocks: Vec<Range<usize>>,
    segments: Vec<Range<usize>>,
    /// Segments of each block.
    spans: Vec<Range<usize>>,
}

impl Axis {
    /// A block every half block, and a last one flush with the edge.
    fn new(length: usize, block: usize) -> Self {
        let block = block.min(length);
        let step = (block / 2).max(1);
        let mut starts: Vec<usize> = (0..=length - block).step_by(step).collect();
        if starts.last() != Some(&(length - block)) {
            starts.push(length - block);
        }
        let blocks: Vec<_> = starts.into_iter().map(|start| start..start + block).collect();
        let mut cuts: Vec<usize> = blocks.iter().flat_map(|b| [b.start, b.end]).collect();
        cuts.sort_unstable();
        cuts.dedup();
        let segments: Vec<_> = cuts.windows(2).map(|cut| cut[0]..cut[1]).collect();
        let place = |cut: usize| cuts.partition_point(|&other| other < cut);
        let spans = blocks.iter().map(|b| place(b.start)..place(b.end)).collect();
        Self { blocks, segments, spans }
    }

    /// Blocks of which each begins where the last one ends, or as near before as there is one.
    fn tiling(&self) -> Vec<usize> {
        let (mut tiles, mut end) = (Vec::new(), 0);
        while end < self.blocks[self.blocks.len() - 1].end {
            let next = self.blocks.partition_point(|block| block.start <= end) - 1;
            end = self.blocks[next].end;
            tiles.push(next);
        }
        tiles
    }
}

/// The blocks of an image: each half a block from the next, the last ones flush with the edges.
///
/// All borders of blocks cut the image into cells, so that a block is a rectangle of whole cells. Sums over a
/// cell, or over a pair of cells, serve all blocks that share them.
#[derive(Debug, Clone)]
pub struct BlockGrid {
    height: usize,
    width: usize,
    side: usize,
    rows: Axis,
    columns: Axis,
}

impl BlockGrid {
    /// The grid of blocks of `side` pixels, clipped to the image.
    ///
    /// ```
    /// let grid = striate_imaging::decomposition::BlockGrid::new(192, 192, 20);
    /// assert_eq!(grid.n_blocks(), 19 * 19);
    /// assert_eq!(grid.block(18).columns, 172..192);
    /// ```
    ///
    /// # Panics
    /// For an image or blocks without pixels.
    pub fn new(height: usize, width: usize, side: usize) -> Self {
        assert!(height > 0 && width > 0 && side > 0, "an image and blocks have pixels");
        Self { height, width, side, rows: Axis::new(height, side), columns: Axis::new(width, side) }
    }

    /// Side of a block before clipping.
    pub fn side(&self) -> usize {
        self.side
    }

    /// Width of the image.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Pixels of the image.
    pub fn n_pixels(&self) -> usize {
        self.height * self.width
    }

    /// Blocks.
    pub fn n_blocks(&self) -> usize {
        self.rows.blocks.len() * self.columns.blocks.len()
    }

    /// Where block `i` lies; blocks go row by row.
    pub fn block(&self, i: usize) -> Rectangle {
        let (row, column) = (i / self.columns.blocks.len(), i % self.columns.blocks.len());
        Rectangle {
            rows: self.rows.blocks[row].clone(),
            columns: self.columns.blocks[column].clone(),
        }
    }

    /// Blocks that cover the image once, but for overlaps at the last edges where it is no multiple of the block.
    pub(crate) fn tiling(&self) -> Vec<usize> {
        let (rows, columns) = (self.rows.tiling(), self.columns.tiling());
        let n_columns = self.columns.blocks.len();
        rows.into_iter()
            .flat_map(|row| columns.iter().map(move |column| row * n_columns + column))
            .collect()
    }

    /// The cells, row by row.
    pub(crate) fn cells(&self) -> Vec<Rectangle> {
        let n_cells = self.rows.segments.len() * self.columns.segments.len();
        (0..n_cells).map(|i| self.cell(i)).collect()
    }

    /// The cells of block `i`, ascending.
    pub(crate) fn cells_of(&self, i: usize) -> Vec<usize> {
        let (row, column) = (i / self.columns.blocks.len(), i % self.columns.blocks.len());
        let per_row = self.columns.segments.len();
        let columns = &self.columns.spans[column];
        let rows = self.rows.spans[row].clone();
        rows.flat_map(|y| columns.clone().map(move |x| y * per_row + x)).collect()
    }

    /// Where the pixels of a cell lie in a block, which is numbered row by row.
    pub(crate) fn places(&self, cell: usize, block: &Rectangle) -> Vec<usize> {
        let cell = self.cell(cell);
        let width = block.columns.len();
        let place = |y: usize, x: usize| (y - block.rows.start) * width + x - block.columns.start;
        cell.rows.clone().flat_map(|y| cell.columns.clone().map(move |x| place(y, x))).collect()
    }

    fn cell(&self, i: usize) -> Rectangle {
        let (row, column) = (i / self.columns.segments.len(), i % self.columns.segments.len());
        let (rows, columns) = (&self.rows.segments[row], &self.columns.segments[column]);
        Rectangle { rows: rows.clone(), columns: columns.clone() }
    }

    /// The weight of each pixel of each block: a pyramid, `1 +` the distance to the nearest edge of the block,
    /// divided so that the weights of all blocks at a pixel add up to 1.
    pub(crate) fn weights(&self) -> Vec<Vec<f32>> {
        let mut sums = vec![0.0f32; self.n_pixels()];
        let mut weights: Vec<Vec<f32>> = Vec::with_capacity(self.n_blocks());
        for i in 0..self.n_blocks() {
            let block = self.block(i);
            let pyramid = pyramid(block.rows.len(), block.columns.len());
            block.pixels(self.width).zip(&pyramid).for_each(|(pixel, w)| sums[pixel] += w);
            weights.push(pyramid);
        }
        for (i, weights) in weights.iter_mut().enumerate() {
            let pixels = self.block(i);
            weights.iter_mut().zip(pixels.pixels(self.width)).for_each(|(w, p)| *w /= sums[p]);
        }
        weights
    }
}

fn pyramid(height: usize, width: usize) -> Vec<f32> {
    let distance = |i: usize, length: usize| i.min(length - 1 - i);
    let at = |y: usize, x: usize| 1 + distance(y, height).min(distance(x, width));
    (0..height * width).map(|i| at(i / width, i % width) as f32).collect()
}
