//! What the latent part consists of, and how it comes back from a file.

use super::*;
use crate::latent::LatentConfig;

/// Numbers of values by the beginning of the parameters' names.
fn count(twin: &Twin, start: &str) -> usize {
    let found = twin.parameters().0.iter().filter(|p| p.trainable && p.name.starts_with(start));
    found.map(|p| p.values.len()).sum()
}

#[test]
fn blocks_of_the_default_size_have_the_published_counts() {
    let mut spec = spec(ZERO_INFLATED, "");
    spec.model.latent = Some(LatentConfig::default());
    let twin = Twin::build(spec, &starts(), &Streams::new(3)).unwrap();
    let neurons = [("a", 5), ("b", 3)];
    for (session, n_neurons) in neurons {
        assert_eq!(count(&twin, &format!("encoder.{session}.")), 42 * (n_neurons + 1));
        assert_eq!(count(&twin, &format!("loadings.{session}.")), 2 * 12 * n_neurons);
    }
    assert_eq!(count(&twin, "latent.norm."), 84);
    assert_eq!(count(&twin, "latent.gru."), 3840);
    assert_eq!(count(&twin, "latent.output."), 252);
    assert_eq!(count(&twin, "latent.scale"), 1);
    assert_eq!(count(&twin, "latent."), 84 + 3840 + 252 + 1);
}

#[test]
fn settings_add_the_parameters_they_need() {
    let settings = r#""prior": "autoregressive", "posterior_scale": "per-dimension",
                      "loadings": "from-positions""#;
    let twin = fresh(ZERO_INFLATED, settings);
    assert_eq!((count(&twin, "latent.prior."), count(&twin, "latent.scale")), (2, 2));
    // Networks 3 -> 6 -> 2 of two outputs.
    assert_eq!(count(&twin, "loadings.a."), 2 * (3 * 6 + 6 + 6 * 2 + 2));
    assert_eq!(twin.prior_coefficients().unwrap(), [1.0 / (1.0 + (-2.0f32).exp()); 2]);
    assert_eq!(fresh(POISSON, "").prior_coefficients().unwrap(), [0.0; 2]);
}

#[test]
fn saved_twins_come_back_bit_by_bit() {
    for settings in ["", r#""loadings": "from-positions", "prior": "autoregressive""#] {
        let twin = loaded(ZERO_INFLATED, settings);
        let folder = tempfile::tempdir().unwrap();
        twin.save(folder.path()).unwrap();
        let found = Twin::load(folder.path()).unwrap();
        assert_eq!((found.spec(), found.parameters()), (twin.spec(), twin.parameters()));
        assert_eq!(found.loadings(1).unwrap(), twin.loadings(1).unwrap());
        let batch = batch(&twin, 1, 9);
        let states = [state(&twin, &batch)];
        let predict = |twin: &Twin| twin.predict_given(&batch.input(), &states).unwrap();
        assert_eq!(state(&found, &batch), states[0]);
        assert_eq!(predict(&found), predict(&twin));
    }
}

#[test]
fn loadings_of_positions_need_positions() {
    let settings = r#""loadings": "from-positions""#;
    let build = |starts: &[SessionStart]| {
        Twin::build(spec(POISSON, settings), starts, &Streams::new(3)).err().unwrap().to_string()
    };
    let mut starts = starts();
    starts[1].cortex.as_mut().unwrap().pop();
    assert!(build(&starts).contains("positions of the neurons: found 2, expected 3"));
    starts[1].cortex = None;
    let message = build(&starts);
    assert!(
        message.contains("from-positions") && message.contains("three coordinates"),
        "{message}"
    );
}

/// A neuron's loadings depend on its place alone: moved to a place, it gets the loadings of that place.
#[test]
fn loadings_of_positions_hold_where_no_neuron_was() {
    let mut twin = fresh(ZERO_INFLATED, r#""loadings": "from-positions""#);
    let before = twin.loadings(0).unwrap();
    let name = "loadings.a.positions";
    let positions = twin.parameters.0.iter_mut().find(|p| p.name == name).unwrap();
    positions.values.copy_within(9..12, 0);
    let after = twin.loadings(0).unwrap();
    assert_eq!(after.len(), 2);
    for (before, after) in before.iter().zip(&after) {
        // `[dim, neuron]`
        for (before, after) in before.chunks_exact(5).zip(after.chunks_exact(5)) {
            assert_ne!(before[0], before[3]);
            assert_eq!((after[0], &after[1..]), (before[3], &before[1..]));
        }
    }
}
