//! The Hungarian method.

/// Cost of leaving both sides of a pair alone: more than all pairs of costs up to 1 together.
const ALONE: f64 = 1e6;

/// As many pairs `(row, column)` as `cost` allows (none: not this pair; else 0 to 1), of the least
/// sum, ordered by row.
pub(super) fn assign(
    n_rows: usize,
    n_columns: usize,
    cost: impl Fn(usize, usize) -> Option<f64>,
) -> Vec<(usize, usize)> {
    let costs: Vec<Vec<f64>> = (0..n_rows)
        .map(|row| (0..n_columns).map(|column| cost(row, column).unwrap_or(ALONE)).collect())
        .collect();
    let flipped = n_rows > n_columns;
    let column_of = if flipped {
        shortest_paths(n_columns, n_rows, |i, j| costs[j][i])
    } else {
        shortest_paths(n_rows, n_columns, |i, j| costs[i][j])
    };
    let pairs = column_of.into_iter().enumerate();
    let mut pairs: Vec<(usize, usize)> = pairs
        .map(|(i, j)| if flipped { (j, i) } else { (i, j) })
        .filter(|&(row, column)| costs[row][column] < ALONE)
        .collect();
    pairs.sort_unstable();
    pairs
}

/// Column of each row, for no more rows than columns: successive shortest augmenting paths with
/// potentials (Jonker and Volgenant 1987), `O(rows^2 columns)`.
fn shortest_paths(
    n_rows: usize,
    n_columns: usize,
    cost: impl Fn(usize, usize) -> f64,
) -> Vec<usize> {
    let mut search = Search {
        cost,
        row_potential: vec![0.0; n_rows + 1],
        column_potential: vec![0.0; n_columns + 1],
        row_of: vec![0; n_columns + 1],
    };
    (1..=n_rows).for_each(|row| search.place(row));
    let mut column_of = vec![0; n_rows];
    for (column, &row) in search.row_of.iter().enumerate().skip(1).filter(|(_, row)| **row != 0) {
        column_of[row - 1] = column - 1;
    }
    column_of
}

/// Rows and columns count from 1: column 0 holds the row that is being placed, row 0 is none.
struct Search<F> {
    cost: F,
    row_potential: Vec<f64>,
    column_potential: Vec<f64>,
    row_of: Vec<usize>,
}

/// Paths from the row that is being placed.
struct Paths {
    /// Length of the shortest path to each column.
    least: Vec<f64>,
    /// Column before it on that path.
    previous: Vec<usize>,
    /// Whether the path can get no shorter.
    done: Vec<bool>,
}

impl<F: Fn(usize, usize) -> f64> Search<F> {
    fn place(&mut self, row: usize) {
        let n = self.row_of.len();
        self.row_of[0] = row;
        let mut paths =
            Paths { least: vec![f64::INFINITY; n], previous: vec![0; n], done: vec![false; n] };
        let mut column = 0;
        while self.row_of[column] != 0 {
            paths.done[column] = true;
            let (step, next) = self.nearest(column, &mut paths);
            for c in 0..n {
                if paths.done[c] {
                    self.row_potential[self.row_of[c]] += step;
                    self.column_potential[c] -= step;
                } else {
                    paths.least[c] -= step;
                }
            }
            column = next;
        }
        while column != 0 {
            self.row_of[column] = self.row_of[paths.previous[column]];
            column = paths.previous[column];
        }
    }

    /// Lengthen the paths by the row of `column`; the nearest column that is not done.
    fn nearest(&self, column: usize, paths: &mut Paths) -> (f64, usize) {
        let row = self.row_of[column];
        let mut nearest = (f64::INFINITY, 0);
        for to in 1..self.row_of.len() {
            if paths.done[to] {
                continue;
            }
            let potentials = self.row_potential[row] + self.column_potential[to];
            let length = (self.cost)(row - 1, to - 1) - potentials;
            if length < paths.least[to] {
                (paths.least[to], paths.previous[to]) = (length, column);
            }
            if paths.least[to] < nearest.0 {
                nearest = (paths.least[to], to);
            }
        }
        nearest
    }
}
