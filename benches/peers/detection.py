"""Score found cells against labelled ones, in the format of neurofinder's regions.json, and score the peers.

    detection.py score FOUND.json TRUTH.json
    detection.py suite2p MOVIE TRUTH.json [--best FOUND.json]     (needs suite2p)
    detection.py localmd MOVIE TRUTH.json [--best FOUND.json]     (needs localmd)

All print one JSON object. Called by detection.sh; README.md beside this file says what the scores are.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

MAX_DISTANCE = 5.0
OVERLAPS = (0.3, 0.5)


def load(path):
    """Pixels [pixel, (row, column)] of each region."""
    return [np.array(region["coordinates"]).reshape(-1, 2) for region in json.loads(Path(path).read_text())]


def save(path, regions):
    listed = [{"id": number, "coordinates": region.tolist()} for number, region in enumerate(regions)]
    Path(path).write_text(json.dumps(listed))


def score(found, truth):
    """Precision, recall and F1 by the rule of neurofinder, by the best matching of centres, and by overlap."""
    distances = cdist(centres(truth), centres(found)) if found else np.zeros((len(truth), 0))
    overlaps = jaccard(truth, found)
    scores = {
        "found": len(found),
        "labelled": len(truth),
        "neurofinder": rates(matches_in_order(distances), truth, found),
        "centres": rates(most_matches(distances <= MAX_DISTANCE), truth, found),
    }
    for least in OVERLAPS:
        scores[f"overlap_{least}"] = rates(most_matches(overlaps >= least), truth, found)
    return scores


def centres(regions):
    return np.array([region.mean(0) for region in regions])


def matches_in_order(distances):
    """Neurofinder's rule: each label, in the order of the file, takes the nearest free region nearer than 5 pixels."""
    free, matched = np.ones(distances.shape[1], dtype=bool), 0
    for row in distances:
        candidates = np.where(free, row, np.inf)
        if candidates.size and candidates.min() < MAX_DISTANCE:
            free[candidates.argmin()] = False
            matched += 1
    return matched


def most_matches(allowed):
    """The largest number of one-to-one pairs of label and region."""
    rows, columns = linear_sum_assignment(allowed.astype(float), maximize=True)
    return int(allowed[rows, columns].sum())


def jaccard(truth, found):
    """Common pixels over all pixels, [label, region]."""
    truth, found = [set(map(tuple, region.tolist())) for region in truth], [set(map(tuple, r.tolist())) for r in found]
    return np.array([[len(a & b) / len(a | b) for b in found] for a in truth]).reshape(len(truth), len(found))


def rates(matched, truth, found):
    precision, recall = matched / max(1, len(found)), matched / len(truth)
    f1 = 2 * precision * recall / (precision + recall) if matched else 0.0
    return {"matched": matched, "precision": precision, "recall": recall, "f1": f1}


def curve(regions, confidence, truth):
    """Scores of the regions of at least each confidence, from the strictest cutoff to the loosest."""
    order = np.argsort(-np.asarray(confidence), kind="stable")
    cutoffs = sorted({round(float(value), 4) for value in confidence}, reverse=True)
    points = []
    for cutoff in cutoffs:
        kept = [regions[number] for number in order if round(float(confidence[number]), 4) >= cutoff]
        points.append({"cutoff": cutoff, **score_centres(kept, truth)})
    return points


def score_centres(found, truth):
    distances = cdist(centres(truth), centres(found)) if found else np.zeros((len(truth), 0))
    return {"found": len(found), **rates(matches_in_order(distances), truth, found)}


def kept(regions, confidence, cutoff):
    return [region for region, sure in zip(regions, confidence) if round(float(sure), 4) >= cutoff]


def report(attempts, default, truth, best_path):
    """The default and the best of all attempts: (settings, regions, confidence, cutoff of the default).

    The best is chosen on the labels that score it, which flatters the peer.
    """
    best = None
    tried = []
    for settings, regions, confidence, _ in attempts:
        points = curve(regions, confidence, truth)
        top = max(points, key=lambda point: point["f1"], default=None)
        if top is None:
            continue
        tried.append({"settings": settings, **top})
        if best is None or top["f1"] > best[0]["f1"]:
            best = top, settings, kept(regions, confidence, top["cutoff"]), points
    settings, regions, confidence, cutoff = default
    top, best_settings, best_regions, points = best
    if best_path:
        save(best_path, best_regions)
    return {
        "default": {"settings": settings, "cutoff": cutoff, **score(kept(regions, confidence, cutoff), truth)},
        "default_all": score(regions, truth),
        "best": {"settings": best_settings, "cutoff": top["cutoff"], **score(best_regions, truth)},
        "best_curve": points,
        "tried": sorted(tried, key=lambda one: -one["f1"]),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["score", "suite2p", "localmd"])
    parser.add_argument("first", type=Path, help="FOUND.json, or the movie")
    parser.add_argument("truth", type=Path)
    parser.add_argument("--best", type=Path, help="where to write the regions of the best attempt")
    parser.add_argument("--quick", action="store_true", help="the default settings alone")
    options = parser.parse_args()
    truth = load(options.truth)
    if options.what == "score":
        print(json.dumps(score(load(options.first), truth)))
        return
    if options.what == "suite2p":
        import detection_suite2p as peer
    else:
        import detection_localmd as peer
    default, attempts = peer.attempts(options.first, options.quick)
    print(json.dumps(report(attempts, default, truth, options.best)))


if __name__ == "__main__":
    main()
