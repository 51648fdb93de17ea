//! Sum of absolute values.

use crate::tape::{Tape, Var};

/// Sum of absolute values, accumulated in `f64`, as a scalar of shape `[]`. The gradient is the
/// sign, 0 at 0.
pub fn l1(tape: &mut Tape, input: &Var) -> Var {
    let total: f64 = input.values().iter().map(|&x| f64::from(x.abs())).sum();
    let result = tape.pool().copy(&[total as f32]);
    let (target, saved) = (input.target(), input.clone());
    tape.record(Vec::new(), result, &[input], move |gradient, flow| {
        flow.add(target, |out| {
            for (out, &x) in out.iter_mut().zip(saved.values()) {
                *out = if x == 0.0 { 0.0 } else { gradient[0] * x.signum() };
            }
        });
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Case, check};

    #[test]
    fn gradient_agrees_with_differences() {
        let case = Case::new().argument(&[4], &[0.3, -0.7, 1.9, -2.2]);
        check(&case, |t, v| Ok(l1(t, &v[0])), |x| vec![x[0].iter().map(|x| x.abs()).sum()]);
    }
}
