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
/// potentials (Jonker and Volgenant 1987), `O(rows^2 columns)`. Index 0 of the working arrays is the
/// row that is being placed.
fn shortest_paths(
    n_rows: usize,
    n_columns: usize,
    cost: impl Fn(usize, usize) -> f64,
) -> Vec<usize> {
    let mut row_potential = vec![0.0; n_rows + 1];
    let mut column_potential = vec![0.0; n_columns + 1];
    let mut row_of = vec![0; n_columns + 1];
    for row in 1..=n_rows {
        row_of[0] = row;
        let mut least = vec![f64::INFINITY; n_columns + 1];
        let mut previous = vec![0; n_columns + 1];
        let mut done = vec![false; n_columns + 1];
        let mut column = 0;
        while row_of[column] != 0 {
            done[column] = true;
            let from = row_of[column];
            let (mut step, mut next) = (f64::INFINITY, 0);
            for to in (1..=n_columns).filter(|&c| !done[c]) {
                let reduced = cost(from - 1, to - 1) - row_potential[from] - column_potential[to];
                if reduced < least[to] {
                    (least[to], previous[to]) = (reduced, column);
                }
                if least[to] < step {
                    (step, next) = (least[to], to);
                }
            }
            for c in 0..=n_columns {
                if done[c] {
                    row_potential[row_of[c]] += step;
                    column_potential[c] -= step;
                } else {
                    least[c] -= step;
                }
            }
            column = next;
        }
        while column != 0 {
            row_of[column] = row_of[previous[column]];
            column = previous[column];
        }
    }
    let mut column_of = vec![0; n_rows];
    for (column, &row) in row_of.iter().enumerate().skip(1).filter(|(_, row)| **row != 0) {
        column_of[row - 1] = column - 1;
    }
    column_of
}
