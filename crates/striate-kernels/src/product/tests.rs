mod pairs;

use proptest::prelude::*;

use super::{Layout, Product, Run};
use crate::columns::padded;
use crate::simd::Level;
use crate::testing::{TOLERANCE, assert_close, at_every_level, at_native_speed, cases, random};

/// Sizes of a product whose factors and result end with the last value that is used.
#[derive(Debug, Clone)]
struct Case {
    rows: usize,
    columns: usize,
    depth: usize,
    runs: Vec<Run>,
    layout: Layout,
    /// Values from row to row of the second factor and of the result.
    steps: [usize; 2],
    adds: bool,
}

impl Case {
    /// From row to row and from term to term of the first factor.
    fn a_steps(&self) -> [usize; 2] {
        match self.layout {
            Layout::RowsApart(step) => [step, 1],
            Layout::TermsApart(step) => [1, step],
        }
    }

    fn a_length(&self) -> usize {
        let [row, term] = self.a_steps();
        let last = self.runs.iter().map(|run| run.a).max().unwrap_or(0);
        last + (self.rows - 1) * row + self.depth.saturating_sub(1) * term + 1
    }

    fn b_length(&self, lanes: usize) -> usize {
        let last = self.runs.iter().map(|run| run.b).max().unwrap_or(0);
        last + self.depth.saturating_sub(1) * self.steps[0] + padded(self.columns, lanes)
    }

    /// The definition; what lies between the rows of `out` stays.
    fn naive(&self, a: &[f32], b: &[f32], out: &[f32]) -> Vec<f64> {
        let mut result: Vec<f64> = out.iter().map(|&x| f64::from(x)).collect();
        let [a_row, a_term] = self.a_steps();
        for index in 0..self.rows * self.columns {
            let (m, n) = (index / self.columns, index % self.columns);
            let mut sum = 0.0;
            for run in &self.runs {
                for d in 0..self.depth {
                    let a = a[run.a + m * a_row + d * a_term];
                    sum += f64::from(a) * f64::from(b[run.b + d * self.steps[0] + n]);
                }
            }
            let at = m * self.steps[1] + n;
            result[at] = sum + if self.adds { result[at] } else { 0.0 };
        }
        result
    }

    fn check(&self) {
        at_every_level(|| {
            let level = Level::active();
            let a = random(self.a_length(), 1);
            let b = random(self.b_length(level.lanes()), 2);
            let mut out = random((self.rows - 1) * self.steps[1] + self.columns, 3);
            let expected = self.naive(&a, &b, &out);
            self.compute(level, [&a, &b], &mut out);
            assert_close("product", &out, &expected, TOLERANCE);
        });
    }

    fn compute(&self, level: Level, [a, b]: [&[f32]; 2], out: &mut [f32]) {
        Product {
            rows: self.rows,
            columns: self.columns,
            depth: self.depth,
            runs: &self.runs,
            a,
            layout: self.layout,
            b,
            b_step: self.steps[0],
            out,
            out_step: self.steps[1],
            adds: self.adds,
        }
        .compute(level);
    }
}

fn case() -> impl Strategy<Value = Case> {
    let run = (0..50usize, 0..50usize).prop_map(|(a, b)| Run { a, b });
    let sizes = (1..at_native_speed(40usize, 14), 1..at_native_speed(80usize, 20), 0..9usize);
    let steps = (1..9usize, 0..9usize, 0..5usize);
    let runs = prop::collection::vec(run, 0..4);
    (sizes, steps, runs, any::<[bool; 2]>()).prop_map(|(sizes, steps, runs, flags)| {
        let (rows, columns, depth) = sizes;
        let layout = if flags[0] { Layout::RowsApart } else { Layout::TermsApart };
        let (layout, steps) = (layout(steps.0), [columns + steps.1, columns + steps.2]);
        Case { rows, columns, depth, runs, layout, steps, adds: flags[1] }
    })
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn results_are_those_of_the_definition(case in case()) {
        case.check();
    }
}

/// 3 rows and columns, 2 terms.
fn small() -> Case {
    let runs = vec![Run { a: 0, b: 0 }, Run { a: 1, b: 2 }];
    let layout = Layout::RowsApart(2);
    Case { rows: 3, columns: 3, depth: 2, runs, layout, steps: [4, 3], adds: false }
}

/// Compute with slices shorter than they must be.
fn compute_without(a: usize, b: usize, out: usize) {
    let (case, level) = (small(), Level::active());
    let factors = [case.a_length() - a, case.b_length(level.lanes()) - b].map(|n| vec![1.0; n]);
    let [a, b] = &factors;
    case.compute(level, [a, b], &mut vec![0.0; 9 - out]);
}

#[test]
#[should_panic(expected = "first factor too short")]
fn a_first_factor_that_ends_early_is_refused() {
    compute_without(1, 0, 0);
}

#[test]
#[should_panic(expected = "second factor too short")]
fn a_second_factor_that_ends_early_is_refused() {
    compute_without(0, 1, 0);
}

#[test]
#[should_panic(expected = "result of a product too short")]
fn a_result_that_ends_early_is_refused() {
    compute_without(0, 0, 1);
}
