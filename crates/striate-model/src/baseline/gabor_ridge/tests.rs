use ndarray::{Array2, Array3, s};
use striate_base::Streams;

use super::*;

const SIZE: SessionSize = SessionSize { height: 24, width: 32, n_neurons: 2 };

/// Images of smoothed noise of changing contrast.
fn images(n_images: usize) -> Array3<f32> {
    let mut random = Streams::new(11).stream("images");
    let mut images = Array3::zeros((n_images, SIZE.height, SIZE.width));
    for mut image in images.outer_iter_mut() {
        let contrast = random.uniform_in(0.2, 2.0);
        let noise: Array2<f64> =
            Array2::from_shape_simple_fn((SIZE.height + 1, SIZE.width + 1), || random.normal());
        for ((row, column), value) in image.indexed_iter_mut() {
            *value = (contrast * (noise[[row, column]] + noise[[row + 1, column + 1]])) as f32;
        }
    }
    images
}

/// One neuron likes brightness in a corner, the other contrast.
fn responses(images: &Array3<f32>) -> Array2<f32> {
    Array2::from_shape_fn((images.dim().0, 2), |(image, neuron)| {
        let corner = images.slice(s![image, ..3, ..4]);
        match neuron {
            0 => corner.mean().unwrap_or(0.0) * 3.0 + 1.0,
            _ => images.slice(s![image, .., ..]).std(0.0).ln(),
        }
    })
}

fn fit(images: &Array3<f32>, responses: &Array2<f32>) -> Result<GaborRidge, BaselineError> {
    GaborRidge::fit(&GaborRidgeConfig::default(), SIZE, |visit: &mut Visit<'_>| {
        let middle = images.dim().0 / 2;
        for part in [0..middle, middle..images.dim().0] {
            visit(Stretch {
                stimulus: images.slice(s![part.clone(), .., ..]),
                responses: responses.slice(s![part, ..]),
            })?;
        }
        Ok(())
    })
}

#[test]
fn learns_brightness_and_contrast_and_predicts_new_images() {
    let all = images(500);
    let truth = responses(&all);
    let model =
        fit(&all.slice(s![..400, .., ..]).to_owned(), &truth.slice(s![..400, ..]).to_owned())
            .unwrap();
    let predicted = model.predict(all.slice(s![400.., .., ..])).unwrap();
    for neuron in 0..2 {
        let (truth, predicted) = (truth.slice(s![400.., neuron]), predicted.column(neuron));
        let residual = (&predicted - &truth).mapv(|r| r * r).mean().unwrap();
        let explained = 1.0 - residual / truth.var(0.0);
        // Brightness is a feature itself; contrast is a smooth function of many features.
        assert!(explained > 0.9, "neuron {neuron}: {explained}");
    }
}

#[test]
fn refuses_wrong_shapes_broken_values_and_too_few_images() {
    let all = images(20);
    let truth = responses(&all);
    let mut broken = truth.clone();
    broken[[3, 1]] = f32::NAN;
    assert!(matches!(fit(&all, &broken), Err(BaselineError::NotFinite { what: "responses" })));
    let few = all.slice(s![..2, .., ..]).to_owned();
    let error = fit(&few, &truth.slice(s![..2, ..]).to_owned()).unwrap_err();
    assert!(matches!(error, BaselineError::TooFew { found: 2, expected: 3, .. }));
    let narrow = all.slice(s![.., .., ..30]).to_owned();
    assert!(matches!(fit(&narrow, &truth), Err(BaselineError::Shape { .. })));
    let model = fit(&all, &truth).unwrap();
    assert!(matches!(model.predict(narrow.view()), Err(BaselineError::Shape { .. })));
}
