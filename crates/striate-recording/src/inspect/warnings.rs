//! What is odd about a session, in sentences that say what to do.

use super::duplicates::Duplicates;
use super::types::{SessionInspection, Severity, Warning};
use crate::session::{Session, StimulusKind};

/// Repeats below which ceilings are rough.
const FEW_REPEATS: usize = 4;

/// Examples named in a message.
const NAMED: usize = 5;

/// Pixels are about normalised while mean and standard deviation stay within these.
const USUAL_MEAN: f64 = 5.0;
const USUAL_STD: [f64; 2] = [0.05, 20.0];

/// The warnings, gravest first.
pub(super) fn of(
    session: &Session,
    found: &SessionInspection,
    duplicates: &Duplicates,
) -> Vec<Warning> {
    let mut list = List(Vec::new());
    missing(found, &mut list);
    neurons(found, &mut list);
    shapes(session, found, &mut list);
    equal_trials(session, duplicates, &mut list);
    tiers(found, &mut list);
    for remark in &session.info.remarks {
        list.add(Severity::Note, "remark", remark.clone());
    }
    if found.n_trials_read < found.n_trials {
        let message = format!(
            "values of {} of {} trials were looked at; means and ceilings are of those",
            found.n_trials_read, found.n_trials
        );
        list.add(Severity::Note, "partly-read", message);
    }
    list.0.sort_by_key(|warning| std::cmp::Reverse(warning.severity));
    list.0
}

struct List(Vec<Warning>);

impl List {
    fn add(&mut self, severity: Severity, code: &str, message: String) {
        self.0.push(Warning { severity, code: code.to_owned(), message });
    }
}

fn missing(found: &SessionInspection, list: &mut List) {
    let counts = [
        ("responses", found.n_missing_responses),
        ("stimulus", found.stimulus.n_missing),
        ("behaviour", found.n_missing_behaviour),
        ("pupil position", found.n_missing_pupil),
    ];
    for (what, n) in counts.into_iter().filter(|(_, n)| *n > 0) {
        let message = format!(
            "{n} values of the {what} are NaN or infinite inside trials; fits refuse them: \
             interpolate them, or leave those trials out"
        );
        list.add(Severity::Error, "missing-values", message);
    }
}

fn neurons(found: &SessionInspection, list: &mut List) {
    let ids = |holds: &dyn Fn(&super::NeuronSummary) -> bool| -> Vec<i64> {
        found.neurons.iter().filter(|neuron| holds(neuron)).map(|neuron| neuron.id).collect()
    };
    let read = found.tiers.values().any(|tier| tier.n_trials_with_responses > 0);
    let constant = ids(&|neuron| neuron.std == 0.0);
    if read && !constant.is_empty() {
        let message = format!(
            "{} of {} neurons never change (ids {}): they cannot be predicted, and their \
             correlations count as 0",
            constant.len(),
            found.n_neurons,
            named(&constant)
        );
        list.add(Severity::Warning, "constant-neurons", message);
    }
    let negative = ids(&|neuron| neuron.n_negative > 0);
    if !negative.is_empty() {
        let message = format!(
            "{} neurons have responses below 0 (ids {}), which the Poisson likelihood does not \
             expect: are these raw fluorescence, or is a baseline subtracted?",
            negative.len(),
            named(&negative)
        );
        list.add(Severity::Warning, "negative-responses", message);
    }
}

fn shapes(session: &Session, found: &SessionInspection, list: &mut List) {
    let square = session.info.trials.iter().find(|trial| {
        trial.n_frames == found.n_neurons && found.n_neurons > 1 && trial.has_responses
    });
    if let Some(trial) = square {
        let message = format!(
            "trial {} has as many frames as there are neurons ({}): its shape cannot tell whether \
             responses are transposed; see that they are [neuron, frame]",
            trial.id, found.n_neurons
        );
        list.add(Severity::Warning, "ambiguous-shape", message);
    }
    let stimulus = &found.stimulus;
    let usual = (USUAL_STD[0]..=USUAL_STD[1]).contains(&stimulus.std);
    if stimulus.std == 0.0 {
        let message = format!("the stimulus is {} everywhere", stimulus.mean);
        // One pixel stands for no stimulus.
        let is_blank = found.height * found.width == 1;
        let severity = if is_blank { Severity::Note } else { Severity::Warning };
        list.add(severity, "constant-stimulus", message);
    } else if !usual || stimulus.mean.abs() > USUAL_MEAN {
        let message = format!(
            "pixels have mean {:.3} and standard deviation {:.3}; models learn best near 0 and 1: \
             set stimulus.scale and stimulus.offset in the manifest",
            stimulus.mean, stimulus.std
        );
        list.add(Severity::Warning, "unnormalised-stimulus", message);
    }
}

fn equal_trials(session: &Session, duplicates: &Duplicates, list: &mut List) {
    let trials = &session.info.trials;
    let ids = |group: &[usize]| {
        let ids: Vec<&str> = group.iter().map(|&trial| trials[trial].id.as_str()).collect();
        named(&ids)
    };
    let equal = duplicates.equal_responses();
    if let Some(first) = equal.first() {
        let n: usize = equal.iter().map(|group| group.len() - 1).sum();
        let message = format!(
            "{n} trials have exactly the responses of another (as trials {}): were files copied?",
            ids(first)
        );
        list.add(Severity::Warning, "duplicate-trials", message);
    }
    let leaks = |group: &&Vec<usize>| {
        let in_train = group.iter().filter(|&&trial| trials[trial].tier == "train").count();
        in_train > 0 && in_train < group.len()
    };
    let equal = duplicates.equal_stimuli();
    let leaking: Vec<_> = equal.iter().filter(leaks).collect();
    if let Some(first) = leaking.first() {
        let message = format!(
            "{} stimuli are shown in tier train and in another (as in trials {}): scores on them \
             are not of unseen stimuli",
            leaking.len(),
            ids(first)
        );
        list.add(Severity::Warning, "leaking-stimuli", message);
    }
}

fn tiers(found: &SessionInspection, list: &mut List) {
    if !found.tiers.contains_key("train") {
        let names: Vec<&str> = found.tiers.keys().map(String::as_str).collect();
        let message = format!(
            "there is no tier train (tiers are {}): name one with fit.train_tier",
            names.join(", ")
        );
        list.add(Severity::Note, "no-train-tier", message);
    }
    for (name, tier) in &found.tiers {
        let n_answered = tier.n_trials_with_responses;
        if 0 < n_answered && n_answered < tier.n_trials {
            let message = format!(
                "tier {name} has responses to only {n_answered} of its {} trials: are files missing?",
                tier.n_trials
            );
            list.add(Severity::Warning, "partly-hidden-tier", message);
        }
        if n_answered == 0 {
            let message =
                format!("tier {name} is hidden: its {} trials have no responses", tier.n_trials);
            list.add(Severity::Note, "hidden-tier", message);
        }
        if let Some(fewest) = tier.fewest_repeats.filter(|fewest| *fewest < FEW_REPEATS) {
            let message =
                format!("tier {name} has stimuli of only {fewest} repeats: ceilings are rough");
            list.add(Severity::Note, "few-repeats", message);
        }
    }
    if found.ceiling.is_none() {
        let what = match found.kind {
            StimulusKind::Image => "image",
            StimulusKind::Video => "video",
        };
        let message =
            format!("no two {what}s are known to be repeated: there are no noise ceilings");
        list.add(Severity::Note, "no-repeats", message);
    }
}

/// The first few of many.
fn named(items: &[impl ToString]) -> String {
    let first: Vec<String> = items.iter().take(NAMED).map(ToString::to_string).collect();
    let more = if items.len() > NAMED { ", ..." } else { "" };
    format!("{}{more}", first.join(", "))
}
