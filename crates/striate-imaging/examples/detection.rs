//! Sweep of demixing settings.
use std::path::PathBuf;
use striate_base::{CancelToken, NoProgress};
use striate_formats::npz::NpzFile;
use striate_imaging::ArrayMovie;
use striate_imaging::decomposition::{DecompositionConfig, decompose};
use striate_imaging::demixing::{DemixingConfig, demix};
use striate_imaging::matching::{MatchRule, match_regions, read_regions};

fn main() {
    let root = PathBuf::from(std::env::var("STRIATE_DATA").unwrap());
    let values = NpzFile::open(&root.join("calcium-2p-neurofinder/movie_r304-496_c104-296.npz")).unwrap().read_f32("movie").unwrap();
    let movie = ArrayMovie::new(values.into_dimensionality().unwrap());
    let truth = read_regions(&root.join("calcium-2p-neurofinder/regions_crop.json"), (192, 192)).unwrap();
    let pmd = decompose(&movie, &DecompositionConfig::default(), None, &mut NoProgress, &CancelToken::new()).unwrap();
    for text in std::env::args().skip(1) {
        let config: DemixingConfig = toml::from_str(&text.replace(',', "\n")).unwrap();
        let clock = std::time::Instant::now();
        let found = demix(&pmd, &config, None, &mut NoProgress, &CancelToken::new()).unwrap();
        let seconds = clock.elapsed().as_secs_f64();
        let mut order: Vec<usize> = (0..found.footprints.len()).collect();
        order.sort_by(|&a, &b| found.quality[b].strength.total_cmp(&found.quality[a].strength));
        let m = match_regions(&found.footprints, &truth, 192, &MatchRule::default()).unwrap();
        let j = match_regions(&found.footprints, &truth, 192, &MatchRule::jaccard(0.3)).unwrap();
        let areas: Vec<usize> = { let mut a: Vec<usize> = found.quality.iter().map(|q| q.area_px).collect(); a.sort(); a };
        // best over strength and area
        let mut best = (0.0, 0, 0.0, 0);
        for min_area in [0, 30, 40, 50, 60, 70] { for s in [0.0, 5.0, 8.0, 10.0, 12.0, 15.0, 20.0, 30.0] {
            let f: Vec<_> = order.iter().filter(|&&k| found.quality[k].strength >= s && found.quality[k].area_px >= min_area).map(|&k| found.footprints[k].clone()).collect();
            let f1 = match_regions(&f, &truth, 192, &MatchRule::default()).unwrap().f1();
            if f1 > best.0 { best = (f1, min_area, s, f.len()); }
        }}
        if std::env::var("NEAR").is_ok() { for l in [2usize, 23, 31, 37, 63, 69] {
            let c = truth[l].centroid(192);
            println!("label {l} at {:.0} {:.0} area {}", c[0], c[1], truth[l].pixels.len());
            for k in 0..found.footprints.len() { let f = found.footprints[k].centroid(192); if (f[0]-c[0]).hypot(f[1]-c[1]) < 9.0 { println!("   {:.1} {:.1} {:?}", f[0], f[1], found.quality[k]); } }
        } }
        println!("{text}: {seconds:.1}s found {} P {:.3} R {:.3} F1 {:.3} J.3 {:.3} | best {best:?} areas {:?}", m.n_found, m.precision(), m.recall(), m.f1(), j.f1(), &[areas[areas.len()/10], areas[areas.len()/2], areas[areas.len()*9/10]]);
    }
}
