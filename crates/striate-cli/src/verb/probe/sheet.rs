//! Plots beside and below each other in one SVG.

use std::fmt::Write;
use std::path::Path;

use striate::base::files::write_atomic;
use striate::report::figure::Plot;

use crate::failure::Failure;

/// Write rows of plots, all of `size` pixels, to `path` with the ending `svg`.
pub(super) fn write(rows: &[Vec<Plot>], size: [f64; 2], path: &Path) -> Result<(), Failure> {
    let n_columns = rows.iter().map(Vec::len).max().unwrap_or(0) as f64;
    let (width, height) = (n_columns * size[0], rows.len() as f64 * size[1]);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\"><rect width=\"100%\" height=\"100%\" fill=\"white\"/>"
    );
    for (row, plots) in rows.iter().enumerate() {
        for (column, plot) in plots.iter().enumerate() {
            let (x, y) = (column as f64 * size[0], row as f64 * size[1]);
            let plot = plot.clone().size(size[0], size[1]).to_svg();
            let _ = write!(svg, "<g transform=\"translate({x},{y})\">{plot}</g>");
        }
    }
    svg += "</svg>\n";
    let path = path.with_extension("svg");
    write_atomic(&path, |file| file.write_all(svg.as_bytes()))
        .map_err(|e| Failure::io("cannot write the picture", &e, &path))
}
