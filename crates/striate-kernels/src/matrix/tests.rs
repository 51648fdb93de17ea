use super::*;

/// A value for every place of a matrix, small enough for exact sums.
fn value(i: usize, j: usize) -> f32 {
    ((i * 7 + j * 13) % 11) as f32 - 5.0
}

fn matrix(rows: usize, step: usize) -> Vec<f32> {
    let mut values: Vec<f32> = (0..rows * step).map(|i| value(i / step, i % step)).collect();
    values.resize(rows * step + PADDING, f32::NAN);
    values
}

#[test]
fn both_orders_of_the_first_factor_agree_with_sums() {
    for shape @ [rows, terms, columns] in [[1, 1, 1], [3, 5, 2], [13, 40, 33], [27, 9, 100]] {
        let (a, a_transposed) = (matrix(rows, terms + 2), matrix(terms, rows + 3));
        let b = matrix(terms, columns + 1);
        let second = Rows { values: &b, step: columns + 1 };
        let mut out = vec![1.0; rows * columns];
        add_product(shape, Rows { values: &a, step: terms + 2 }, second, &mut out);
        let mut transposed = vec![1.0; rows * columns];
        let first = Rows { values: &a_transposed, step: rows + 3 };
        add_transposed_product(shape, first, second, &mut transposed);
        for i in 0..rows {
            for j in 0..columns {
                let sum =
                    |a: &dyn Fn(usize) -> f32| (0..terms).map(|t| a(t) * value(t, j)).sum::<f32>();
                assert_eq!(out[i * columns + j], 1.0 + sum(&|t| value(i, t)));
                assert_eq!(transposed[i * columns + j], 1.0 + sum(&|t| value(t, i)));
            }
        }
    }
}
