//! One number in many places.

use crate::error::OpError;
use crate::shape::check_shape;
use crate::tape::{Tape, Var};

/// A number repeated `length` times; its gradient is summed in `f64`.
///
/// # Shapes
/// `input` `[1]`; result `[length]`.
///
/// # Errors
/// [`OpError::Shape`] for any other shape.
pub fn expand(tape: &mut Tape, input: &Var, length: usize) -> Result<Var, OpError> {
    check_shape("expand", "input", input.shape(), &[1])?;
    let mut output = tape.pool().take(length);
    output.fill(input.scalar());
    let target = input.target();
    Ok(tape.record(vec![length], output, &[input], move |gradient, flow| {
        let total: f64 = gradient.iter().map(|&g| f64::from(g)).sum();
        flow.add(target, |out| out.fill(total as f32));
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Case, check};

    #[test]
    fn gradients_agree_with_differences() {
        let case = Case::new().random(&[1], 1);
        check(&case, |t, v| expand(t, &v[0], 3), |x| vec![x[0][0]; 3]);
    }

    #[test]
    fn only_one_number_is_repeated() {
        let mut tape = Tape::forward_only(&crate::Pool::new());
        let input = tape.constant(vec![2], &[0.0; 2]).unwrap();
        assert!(expand(&mut tape, &input, 3).is_err());
    }
}
