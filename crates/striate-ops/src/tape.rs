//! The tape: what was computed, and how gradients flow back through it.

use crate::error::OpError;
use crate::pool::{Buffer, Pool};
use crate::tensor::Tensor;

/// Turns the gradient of an operation's result into gradients of its arguments.
type Backward = Box<dyn FnOnce(Buffer, &mut Flow<'_>) + Send>;

/// A record of computed operations, in order.
pub struct Tape {
    pool: Pool,
    /// `None` for leaves, whose gradients stay.
    nodes: Vec<Option<Backward>>,
    is_recording: bool,
}

/// A tensor computed on a tape. Cloning shares the values.
#[derive(Debug, Clone)]
pub struct Var {
    value: Tensor,
    node: Option<usize>,
}

/// Where a gradient goes: a [`Var`] without its values, so that they can be freed. Nowhere by default.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Target {
    node: Option<usize>,
    length: usize,
}

impl Var {
    /// Length of each axis.
    pub fn shape(&self) -> &[usize] {
        self.value.shape()
    }

    /// The values, last axis fastest.
    pub fn values(&self) -> &[f32] {
        self.value.values()
    }

    /// The first value; that of a scalar.
    ///
    /// NaN for a tensor without elements.
    pub fn scalar(&self) -> f32 {
        self.values().first().copied().unwrap_or(f32::NAN)
    }

    /// Whether a gradient is wanted.
    pub fn needs_gradient(&self) -> bool {
        self.node.is_some()
    }

    /// The same values and the same place on the tape in another shape.
    ///
    /// # Errors
    /// [`OpError::Shape`] where the number of elements differs.
    pub fn reshape(&self, shape: Vec<usize>) -> Result<Self, OpError> {
        Ok(Self { value: self.value.reshape(shape)?, node: self.node })
    }

    pub(crate) fn target(&self) -> Target {
        Target { node: self.node, length: self.values().len() }
    }
}

impl Target {
    pub(crate) fn needs_gradient(self) -> bool {
        self.node.is_some()
    }
}

impl Tape {
    /// A tape that records, for gradients.
    pub fn recording(pool: &Pool) -> Self {
        Self { pool: pool.clone(), nodes: Vec::new(), is_recording: true }
    }

    /// A tape that computes only: no gradients, and activations are freed with their `Var`.
    pub fn forward_only(pool: &Pool) -> Self {
        Self { is_recording: false, ..Self::recording(pool) }
    }

    /// Where buffers come from.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Whether gradients can be asked for.
    pub fn is_recording(&self) -> bool {
        self.is_recording
    }

    /// Values that get a gradient (where the tape records).
    ///
    /// # Errors
    /// [`OpError::Shape`] where the shape has another number of elements than `values`.
    pub fn leaf(&mut self, shape: Vec<usize>, values: &[f32]) -> Result<Var, OpError> {
        let mut leaf = self.constant(shape, values)?;
        if self.is_recording {
            leaf.node = Some(self.nodes.len());
            self.nodes.push(None);
        }
        Ok(leaf)
    }

    /// Values that get no gradient.
    ///
    /// # Errors
    /// As [`Tape::leaf`].
    pub fn constant(&mut self, shape: Vec<usize>, values: &[f32]) -> Result<Var, OpError> {
        self.constant_buffer(shape, self.pool.copy(values))
    }

    /// [`Tape::constant`] without a copy.
    ///
    /// # Errors
    /// As [`Tape::leaf`].
    pub fn constant_buffer(&mut self, shape: Vec<usize>, values: Buffer) -> Result<Var, OpError> {
        Ok(Var { value: Tensor::new(shape, values)?, node: None })
    }

    /// The result of an operation. `backward` is kept only where a gradient of some argument is
    /// wanted, and runs at most once.
    ///
    /// # Panics
    /// Where `shape` has another number of elements than `values`, which an operation rules out.
    pub(crate) fn record(
        &mut self,
        shape: Vec<usize>,
        values: Buffer,
        arguments: &[&Var],
        backward: impl FnOnce(Buffer, &mut Flow<'_>) + Send + 'static,
    ) -> Var {
        let value = Tensor::new(shape, values).expect("operations give the shape they computed");
        self.record_tensor(value, arguments, backward)
    }

    /// [`Tape::record`] for a result that `backward` itself holds on to.
    pub(crate) fn record_tensor(
        &mut self,
        value: Tensor,
        arguments: &[&Var],
        backward: impl FnOnce(Buffer, &mut Flow<'_>) + Send + 'static,
    ) -> Var {
        let wanted = self.is_recording && arguments.iter().any(|a| a.node.is_some());
        let node = wanted.then(|| {
            self.nodes.push(Some(Box::new(backward)));
            self.nodes.len() - 1
        });
        Var { value, node }
    }

    /// Walk the tape from its end; what each operation saved is freed on the way.
    ///
    /// The sum of the seeds' `weights . values` is what the gradients are of. Contributions to one
    /// gradient are added in the reverse order of the operations that made them.
    pub fn backward(mut self, seeds: Vec<Seed>) -> LeafGradients {
        let mut gradients: Vec<Option<Buffer>> = Vec::new();
        gradients.resize_with(self.nodes.len(), || None);
        let mut flow = Flow { pool: &self.pool, gradients: &mut gradients };
        for seed in seeds {
            seed.sow(&mut flow);
        }
        while let Some(node) = self.nodes.pop() {
            let Some(backward) = node else { continue };
            if let Some(gradient) = flow.gradients[self.nodes.len()].take() {
                backward(gradient, &mut flow);
            }
        }
        LeafGradients(gradients)
    }
}

/// Where backpropagation starts, and with which weights.
pub struct Seed {
    target: Target,
    weights: Weights,
}

enum Weights {
    All(f32),
    Each(Buffer),
}

impl Seed {
    /// Every element of `var` with the weight `weight`; for a scalar, its factor in the objective.
    pub fn scaled(var: &Var, weight: f32) -> Self {
        Self { target: var.target(), weights: Weights::All(weight) }
    }

    /// Each element of `var` with its own weight.
    ///
    /// # Errors
    /// [`OpError::Shape`] where there are more or fewer weights than elements.
    pub fn weighted(tape: &Tape, var: &Var, weights: &[f32]) -> Result<Self, OpError> {
        if weights.len() != var.values().len() {
            let expected = format!("{:?}", var.shape());
            return Err(OpError::shape("backward", "weights", &[weights.len()], expected));
        }
        Ok(Self { target: var.target(), weights: Weights::Each(tape.pool().copy(weights)) })
    }

    fn sow(self, flow: &mut Flow<'_>) {
        match self.weights {
            Weights::All(weight) => flow.add(self.target, |gradient| gradient.fill(weight)),
            Weights::Each(weights) => flow.pass(self.target, weights),
        }
    }
}

/// The gradients on their way back.
pub struct Flow<'a> {
    pool: &'a Pool,
    gradients: &'a mut Vec<Option<Buffer>>,
}

impl Flow<'_> {
    /// A buffer for the gradient of `target`, contents left over; `None` where none is wanted.
    pub(crate) fn buffer(&self, target: Target) -> Option<Buffer> {
        target.needs_gradient().then(|| self.pool.take(target.length))
    }

    /// A buffer of that length, contents left over.
    pub(crate) fn take(&self, length: usize) -> Buffer {
        self.pool.take(length)
    }

    /// Add to the gradient of `target` what `fill` writes; it must overwrite the whole slice, and
    /// is not called where no gradient is wanted.
    pub(crate) fn add(&mut self, target: Target, fill: impl FnOnce(&mut [f32])) {
        if let Some(mut gradient) = self.buffer(target) {
            fill(&mut gradient);
            self.pass(target, gradient);
        }
    }

    /// Add `gradient` to the gradient of `target`, where one is wanted.
    pub(crate) fn pass(&mut self, target: Target, gradient: Buffer) {
        let Some(node) = target.node else { return };
        match &mut self.gradients[node] {
            Some(sum) => {
                for (sum, &more) in sum.iter_mut().zip(gradient.iter()) {
                    *sum += more;
                }
            }
            empty => *empty = Some(gradient),
        }
    }
}

/// The gradients of the leaves.
#[derive(Debug)]
pub struct LeafGradients(Vec<Option<Buffer>>);

impl LeafGradients {
    /// The gradient of a leaf; `None` where nothing depends on it, or the second time.
    pub fn take(&mut self, leaf: &Var) -> Option<Buffer> {
        self.0.get_mut(leaf.node?)?.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{add, l1, scale};

    #[test]
    fn gradients_of_a_leaf_used_twice_add_up() {
        let mut tape = Tape::recording(&Pool::new());
        let x = tape.leaf(vec![2], &[1.0, -2.0]).unwrap();
        let tripled = scale(&mut tape, &x, 3.0);
        let sum = add(&mut tape, &x, &tripled).unwrap();
        let size = l1(&mut tape, &sum);
        let seeds = vec![Seed::scaled(&size, 1.0), Seed::scaled(&x, 0.5)];
        let mut gradients = tape.backward(seeds);
        assert_eq!(*gradients.take(&x).unwrap(), [4.5, -3.5]);
        assert!(gradients.take(&x).is_none());
    }

    #[test]
    fn constants_get_no_gradient_and_forward_only_keeps_nothing() {
        let pool = Pool::new();
        let mut tape = Tape::forward_only(&pool);
        let x = tape.leaf(vec![1000], &[1.0; 1000]).unwrap();
        assert!(!x.needs_gradient());
        let mut y = x.clone();
        for _ in 0..100 {
            y = scale(&mut tape, &y, 1.01);
        }
        // The leaf, the result and the one before it.
        assert!(pool.bytes() <= 4 * 3 * 1000 * 115 / 100, "{}", pool.bytes());
        assert!(tape.backward(vec![Seed::scaled(&y, 1.0)]).take(&x).is_none());
    }

    #[test]
    fn activations_are_freed_on_the_way_back() {
        let pool = Pool::new();
        let mut tape = Tape::recording(&pool);
        let x = tape.leaf(vec![1000], &[1.0; 1000]).unwrap();
        let mut y = x.clone();
        for _ in 0..50 {
            y = crate::tanh(&mut tape, &y);
        }
        let before = pool.bytes();
        let seed = Seed::scaled(&y, 1.0);
        drop(y);
        let gradients = tape.backward(vec![seed]);
        // The gradient travels in one buffer; nothing is added to what the forward pass took.
        assert!(pool.bytes() <= before + 4 * 1015, "{} after {before}", pool.bytes());
        drop((gradients, x));
        pool.clear();
        assert_eq!(pool.bytes(), 0);
    }
}
