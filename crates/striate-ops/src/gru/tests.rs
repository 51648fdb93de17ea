use super::*;
use crate::testing::{Case, check};
use crate::{Pool, Seed};

fn weights(v: &[Var]) -> GruWeights<'_> {
    let [_, input_weight, hidden_weight, input_bias, hidden_bias] = v else {
        panic!("five arguments");
    };
    GruWeights { input_weight, hidden_weight, input_bias, hidden_bias }
}

/// By definition, with `[n_frames, ins, state]`.
fn naive(x: &[Vec<f64>], [n_frames, ins, state]: [usize; 3]) -> Vec<f64> {
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let mut result = Vec::new();
    for clip in x[0].chunks(n_frames * ins) {
        let mut h = vec![0.0; state];
        for frame in clip.chunks(ins) {
            let sum = |values: &[f64], weight: &[f64], bias: &[f64], k: usize| {
                let terms = values.iter().enumerate().map(|(i, v)| v * weight[i * 3 * state + k]);
                bias[k] + terms.sum::<f64>()
            };
            let of_input = |k| sum(frame, &x[1], &x[3], k);
            let of_hidden = |k| sum(&h, &x[2], &x[4], k);
            let next = |i: usize| {
                let r = sigmoid(of_input(i) + of_hidden(i));
                let z = sigmoid(of_input(state + i) + of_hidden(state + i));
                let n = (of_input(2 * state + i) + r * of_hidden(2 * state + i)).tanh();
                (1.0 - z) * n + z * h[i]
            };
            h = (0..state).map(next).collect();
            result.extend_from_slice(&h);
        }
    }
    result
}

fn case([n_clips, n_frames, ins, state]: [usize; 4]) -> Case {
    let case = Case::new().random(&[n_clips, n_frames, ins], 1);
    let case = case.random(&[ins, 3 * state], 2).random(&[state, 3 * state], 3);
    case.random(&[3 * state], 4).random(&[3 * state], 5)
}

#[test]
fn gradients_agree_with_differences() {
    for [n_clips, n_frames, ins, state] in [[2, 4, 3, 2], [1, 1, 1, 1], [3, 3, 1, 3]] {
        check(
            &case([n_clips, n_frames, ins, state]),
            |t, v| gru(t, &v[0], weights(v)),
            |x| naive(x, [n_frames, ins, state]),
        );
    }
}

/// State, gradients of the input and of all weights.
fn run([n_clips, n_frames, ins, state]: [usize; 4]) -> Vec<Vec<f32>> {
    let mut tape = Tape::recording(&Pool::new());
    let shapes: [&[usize]; 5] = [
        &[n_clips, n_frames, ins],
        &[ins, 3 * state],
        &[state, 3 * state],
        &[3 * state],
        &[3 * state],
    ];
    let leaf = |shape: &&[usize]| {
        let value = |i: usize| ((i * 37 % 101) as f32 - 50.0) / 100.0;
        let values: Vec<f32> = (0..shape.iter().product()).map(value).collect();
        tape.leaf(shape.to_vec(), &values).unwrap()
    };
    let leaves: Vec<Var> = shapes.iter().map(leaf).collect();
    let states = gru(&mut tape, &leaves[0], weights(&leaves)).unwrap();
    let mut results = vec![states.values().to_vec()];
    let mut gradients = tape.backward(vec![Seed::scaled(&states, 1.0)]);
    results.extend(leaves.iter().map(|leaf| gradients.take(leaf).unwrap().to_vec()));
    results
}

#[test]
fn bits_are_the_same_for_any_number_of_threads() {
    let with_threads = |n| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
        pool.install(|| run([5, 90, 7, 6]))
    };
    assert_eq!(with_threads(1), with_threads(3));
}

#[test]
fn empty_sizes_give_empty_states() {
    for sizes in [[0, 3, 2, 2], [2, 0, 2, 2], [2, 3, 2, 0]] {
        assert!(run(sizes)[0].is_empty());
    }
    // Without inputs, the biases alone move the state.
    assert!(run([1, 2, 0, 1])[0].iter().all(|h| h.is_finite()));
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let mut tape = Tape::forward_only(&Pool::new());
    let shapes: [&[usize]; 5] = [&[1, 2, 3], &[3, 6], &[2, 6], &[6], &[6]];
    let mut all = |wrong: Option<usize>| -> Result<Var, OpError> {
        let mut vars = Vec::new();
        for (index, shape) in shapes.iter().enumerate() {
            let mut shape = shape.to_vec();
            if wrong == Some(index) {
                shape[0] += 1;
                shape.push(1);
            }
            vars.push(tape.constant(shape.clone(), &vec![0.0; shape.iter().product()])?);
        }
        gru(&mut tape, &vars[0], weights(&vars))
    };
    assert!(all(None).is_ok());
    for wrong in 0..5 {
        assert!(matches!(all(Some(wrong)), Err(OpError::Shape { .. })), "{wrong}");
    }
}
