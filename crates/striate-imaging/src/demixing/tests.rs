use std::path::Path;

use striate_base::{CancelToken, NoProgress};
use striate_formats::npz::NpzFile;

use super::*;
use crate::ArrayMovie;
use crate::decomposition::{DecompositionConfig, decompose};
use crate::matching::{MatchRule, correlation, match_regions, read_regions};
use crate::simulate::{MovieSimulationConfig, SimulatedMovie};

fn dump(found: &Demixed, pmd: &FactorisedMovie, pairs: &[crate::matching::Pair]) {
    let w = pmd.shape.width;
    let mut rows = Vec::new();
    for k in 0..found.footprints.len() {
        let trace = found.traces.row(k).to_vec();
        let mut sorted = trace.clone();
        sorted.sort_by(f32::total_cmp);
        let med = sorted[sorted.len() / 2];
        let n = detect::noise_of(&trace);
        let strength: f32 =
            trace.iter().map(|c| ((c - med) / n - 3.0).max(0.0).powi(2)).sum::<f32>().sqrt();
        let peak = (sorted[sorted.len() - 2] - med) / n;
        let skew = {
            let m = trace.iter().sum::<f32>() / trace.len() as f32;
            let v = trace.iter().map(|x| (x - m).powi(2)).sum::<f32>() / trace.len() as f32;
            trace.iter().map(|x| (x - m).powi(3)).sum::<f32>() / trace.len() as f32 / v.powf(1.5)
        };
        let f = &found.footprints[k];
        let sumw: f32 = f.weights.iter().sum();
        let noise_px: f32 = f.pixels.iter().map(|&p| pmd.standard.noise[p as usize]).sum::<f32>()
            / f.pixels.len() as f32;
        let amp = (sorted[sorted.len() - 2] - med) / noise_px;
        let c = f.centroid(w);
        rows.push((
            pairs.iter().any(|p| p.found == k),
            strength,
            peak,
            amp,
            skew,
            f.pixels.len(),
            sumw,
            c,
        ));
    }
    rows.sort_by(|a, b| b.1.total_cmp(&a.1));
    for (m, s, p, a, sk, n, sw, c) in rows {
        println!(
            "ROW {} strength {s:.1} peak {p:.1} amp {a:.2} skew {sk:.2} area {n} sum {sw:.1} at {:.0} {:.0}",
            u8::from(m),
            c[0],
            c[1]
        );
    }
}

#[test]
fn try_simulated() {
    let t = std::time::Instant::now();
    let config = MovieSimulationConfig::acceptance();
    let movie = SimulatedMovie::new(config).unwrap();
    let pmd = decompose(
        &movie,
        &DecompositionConfig::default(),
        None,
        &mut NoProgress,
        &CancelToken::new(),
    )
    .unwrap();
    println!(
        "pmd {:.1} rank {:.2} compression {:.1}",
        t.elapsed().as_secs_f64(),
        pmd.mean_rank(),
        pmd.compression()
    );
    let config: DemixingConfig =
        toml::from_str(&std::env::var("DEMIX").unwrap_or_default()).unwrap();
    let found = demix(&pmd, &config, None, &mut NoProgress, &CancelToken::new()).unwrap();
    let truth = movie.truth();
    let m =
        match_regions(&found.footprints, &truth.footprints, 256, &MatchRule::default()).unwrap();
    let mut r: Vec<f64> = m
        .pairs
        .iter()
        .map(|p| {
            correlation(&found.traces.row(p.found).to_vec(), &truth.traces.row(p.truth).to_vec())
        })
        .collect();
    r.sort_by(f64::total_cmp);
    println!(
        "{:.1} s found {} precision {:.3} recall {:.3} F1 {:.3} trace {:.3} 10% {:.3}",
        t.elapsed().as_secs_f64(),
        m.n_found,
        m.precision(),
        m.recall(),
        m.f1(),
        r[r.len() / 2],
        r[r.len() / 10]
    );
    dump(&found, &pmd, &m.pairs);
    let m =
        match_regions(&found.footprints, &truth.footprints, 256, &MatchRule::jaccard(0.5)).unwrap();
    println!("jaccard F1 {:.3}", m.f1());
}

#[test]
fn try_neurofinder() {
    let root = std::path::PathBuf::from(std::env::var("STRIATE_DATA").unwrap());
    let values = NpzFile::open(&root.join("calcium-2p-neurofinder/movie_r304-496_c104-296.npz"))
        .unwrap()
        .read_f32("movie")
        .unwrap();
    let movie = ArrayMovie::new(values.into_dimensionality().unwrap());
    let truth =
        read_regions(&root.join("calcium-2p-neurofinder/regions_crop.json"), (192, 192)).unwrap();
    let t = std::time::Instant::now();
    let pmd = decompose(
        &movie,
        &DecompositionConfig::default(),
        None,
        &mut NoProgress,
        &CancelToken::new(),
    )
    .unwrap();
    let config: DemixingConfig =
        toml::from_str(&std::env::var("DEMIX").unwrap_or_default()).unwrap();
    let found = demix(&pmd, &config, None, &mut NoProgress, &CancelToken::new()).unwrap();
    let m = match_regions(&found.footprints, &truth, 192, &MatchRule::default()).unwrap();
    dump(&found, &pmd, &m.pairs);
    for rule in [MatchRule::default(), MatchRule::jaccard(0.3), MatchRule::jaccard(0.5)] {
        let m = match_regions(&found.footprints, &truth, 192, &rule).unwrap();
        println!(
            "{:.1} s found {} precision {:.3} recall {:.3} F1 {:.3}",
            t.elapsed().as_secs_f64(),
            m.n_found,
            m.precision(),
            m.recall(),
            m.f1()
        );
    }
    let _ = Path::new("");
}
