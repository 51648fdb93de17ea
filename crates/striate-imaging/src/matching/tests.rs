use std::io::Write;
use std::path::Path;

use super::*;

/// A square of side 4 whose upper left corner is at `(y, x)`, frames 20 wide.
fn square(y: u32, x: u32) -> Footprint {
    Footprint::of_mask((0..16).map(|i| (y + i / 4) * 20 + x + i % 4).collect())
}

#[test]
fn pairs_are_many_before_they_are_close() {
    // The first found cell is closest to the first true one, but only it may have the second.
    let truth = [square(4, 4), square(4, 8)];
    let found = [square(4, 5), square(4, 1)];
    let rule = MatchRule { max_distance_px: Some(3.5), ..MatchRule::default() };
    let matches = match_regions(&found, &truth, 20, &rule).unwrap();
    let pairs: Vec<_> = matches.pairs.iter().map(|p| (p.found, p.truth, p.distance_px)).collect();
    assert_eq!(pairs, [(0, 1, 3.0), (1, 0, 3.0)]);
    assert_eq!((matches.precision(), matches.recall(), matches.f1()), (1.0, 1.0, 1.0));
}

#[test]
fn distance_and_jaccard_are_limits() {
    let truth = [square(4, 4)];
    let found = [square(4, 6), square(15, 15)];
    // Half of 16 pixels are common: 8 of 24.
    let third = match_regions(&found, &truth, 20, &MatchRule::jaccard(1.0 / 3.0)).unwrap();
    assert_eq!((third.pairs.len(), third.precision(), third.recall()), (1, 0.5, 1.0));
    assert!((third.f1() - 2.0 / 3.0).abs() < 1e-15);
    assert!((third.pairs[0].jaccard - 1.0 / 3.0).abs() < 1e-15);
    let more = match_regions(&found, &truth, 20, &MatchRule::jaccard(0.34)).unwrap();
    assert_eq!(more.pairs.len(), 0);
    let both = MatchRule { max_distance_px: Some(1.9), ..MatchRule::jaccard(0.3) };
    assert_eq!(match_regions(&found, &truth, 20, &both).unwrap().pairs.len(), 0);
}

#[test]
fn faint_pixels_do_not_belong_to_the_mask() {
    let mut blurred = square(4, 4);
    blurred.pixels.push(399);
    blurred.weights.push(0.19);
    let rule = MatchRule::jaccard(1.0);
    let one = [square(4, 4)];
    assert_eq!(match_regions(&[blurred.clone()], &one, 20, &rule).unwrap().pairs.len(), 1);
    let all = MatchRule { mask_level: 0.1, ..rule };
    assert_eq!(match_regions(&[blurred], &one, 20, &all).unwrap().pairs.len(), 0);
}

#[test]
fn nothing_matches_nothing() {
    let none: [Footprint; 0] = [];
    let matches = match_regions(&none, &none, 20, &MatchRule::default()).unwrap();
    assert_eq!((matches.precision(), matches.recall(), matches.f1()), (0.0, 0.0, 0.0));
    let empty = [Footprint::default()];
    assert!(match_regions(&empty, &empty, 20, &MatchRule::default()).unwrap().pairs.is_empty());
    assert!(match_regions(&empty, &empty, 20, &MatchRule::jaccard(0.1)).unwrap().pairs.is_empty());
}

#[test]
fn rules_out_of_range_are_refused() {
    let message = |rule: MatchRule| rule.check().unwrap_err().to_string();
    let rule = MatchRule { max_distance_px: None, ..MatchRule::default() };
    assert_eq!(
        message(rule),
        "match: found neither, expected max_distance_px or min_jaccard to be set"
    );
    let nan = MatchRule { max_distance_px: Some(f64::NAN), ..MatchRule::default() };
    assert_eq!(message(nan), "match.max_distance_px: found NaN, expected above 0");
    assert!(MatchRule::jaccard(1.5).check().is_err());
    assert!(MatchRule { mask_level: 1.0, ..MatchRule::default() }.check().is_err());
}

#[test]
fn assignment_is_the_best_of_all_permutations() {
    let mut stream = striate_base::Streams::new(4).stream("costs");
    for _ in 0..50 {
        let costs: Vec<f64> = (0..20).map(|_| stream.uniform()).collect();
        // A quarter of the pairs is forbidden; 4 rows, 5 columns, and the other way round.
        let cost = |i: usize, j: usize| Some(costs[i * 5 + j]).filter(|c| *c < 0.75);
        let best = brute_force(&cost, 0, &mut [false; 5]);
        let score = |pairs: &[(usize, usize)]| {
            (pairs.len(), pairs.iter().map(|&(i, j)| costs[i * 5 + j]).sum::<f64>())
        };
        let (n_pairs, sum) = score(&assignment::assign(4, 5, cost));
        assert_eq!(n_pairs, best.0);
        assert!((sum - best.1).abs() < 1e-12);
        let flipped = assignment::assign(5, 4, |j, i| cost(i, j));
        let back: Vec<_> = flipped.iter().map(|&(j, i)| (i, j)).collect();
        assert_eq!(score(&back).0, best.0);
        assert!((score(&back).1 - best.1).abs() < 1e-12);
    }
}

/// Most pairs of rows from `row` on, and the least sum of so many.
fn brute_force(
    cost: &impl Fn(usize, usize) -> Option<f64>,
    row: usize,
    taken: &mut [bool; 5],
) -> (usize, f64) {
    if row == 4 {
        return (0, 0.0);
    }
    let mut best = brute_force(cost, row + 1, taken);
    for column in 0..5 {
        let Some(price) = cost(row, column).filter(|_| !taken[column]) else {
            continue;
        };
        taken[column] = true;
        let (n, sum) = brute_force(cost, row + 1, taken);
        taken[column] = false;
        if n + 1 > best.0 || (n + 1 == best.0 && sum + price < best.1) {
            best = (n + 1, sum + price);
        }
    }
    best
}

#[test]
fn curve_takes_the_best_first_and_agrees_with_matching() {
    let truth = [square(4, 4), square(4, 12), square(12, 4)];
    let found = [square(4, 5), square(14, 14), square(4, 12), square(4, 4)];
    let curve = precision_recall(&found, &truth, 20, &MatchRule::default()).unwrap();
    assert_eq!(curve.precision, [1.0, 0.5, 2.0 / 3.0, 0.5]);
    assert_eq!(curve.recall, [1.0 / 3.0, 1.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0]);
    assert!((curve.average_precision() - (1.0 + 2.0 / 3.0) / 3.0).abs() < 1e-15);
    let (f1, n_taken) = curve.best_f1();
    assert_eq!(n_taken, 3);
    for n in 1..=found.len() {
        let matches = match_regions(&found[..n], &truth, 20, &MatchRule::default()).unwrap();
        assert_eq!(matches.precision(), curve.precision[n - 1]);
        assert_eq!(matches.recall(), curve.recall[n - 1]);
        assert!(matches.f1() <= f1 + 1e-15);
    }
}

#[test]
fn curve_moves_earlier_pairs_where_that_makes_room() {
    let truth = [square(4, 4), square(4, 8)];
    let found = [square(4, 5), square(4, 1)];
    let rule = MatchRule { max_distance_px: Some(3.5), ..MatchRule::default() };
    assert_eq!(precision_recall(&found, &truth, 20, &rule).unwrap().recall, [0.5, 1.0]);
}

#[test]
fn correlation_of_known_courses() {
    assert!((correlation(&[1.0, 2.0, 3.0], &[2.0, 4.0, 6.0]) - 1.0).abs() < 1e-15);
    assert!((correlation(&[1.0, 2.0, 3.0], &[1.0, 0.0, 1.0])).abs() < 1e-15);
    assert_eq!(correlation(&[1.0, 1.0], &[1.0, 2.0]), 0.0);
}

#[test]
fn regions_survive_a_round_trip() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("regions.json");
    let cells = [square(4, 4), square(0, 16)];
    write_regions(&path, &cells, 20).unwrap();
    assert_eq!(read_regions(&path, (20, 20)).unwrap(), cells);
    let message = read_regions(&path, (20, 19)).unwrap_err().to_string();
    assert!(message.starts_with(
        "pixel of region 1: found row 0, column 19, expected row below 20 and column below 19: /"
    ));
}

#[test]
fn files_that_are_not_regions_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("regions.json");
    for text in ["", "{}", r#"[{"coordinates": [[-1, 2]]}]"#, r#"[{"coordinates": [[1]]}]"#] {
        std::fs::write(&path, text).unwrap();
        assert!(matches!(read_regions(&path, (20, 20)), Err(ImagingError::Format(_))), "{text}");
    }
    assert!(matches!(
        read_regions(&folder.path().join("none"), (20, 20)),
        Err(ImagingError::Io { .. })
    ));
}

#[test]
fn hand_labelled_cells_are_read() {
    let Some(data) = std::env::var_os("STRIATE_DATA") else {
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED hand_labelled_cells_are_read: STRIATE_DATA is not set"
        );
        return;
    };
    let path = Path::new(&data).join("calcium-2p-neurofinder/regions_crop.json");
    let cells = read_regions(&path, (192, 192)).unwrap();
    assert_eq!(cells.len(), 80);
    let itself = match_regions(&cells, &cells, 192, &MatchRule::default()).unwrap();
    assert!(itself.pairs.iter().all(|p| p.found == p.truth && p.distance_px == 0.0));
    assert_eq!(itself.f1(), 1.0);
}
