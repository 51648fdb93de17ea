use std::path::{Path, PathBuf};

use super::*;

const LEAST: &str = "[recording]\npath = \"data\"\n";

fn read(text: &str, overrides: &[&str]) -> Result<FitConfig, ConfigError> {
    let overrides: Vec<String> = overrides.iter().map(ToString::to_string).collect();
    FitConfig::from_toml(&format!("{LEAST}{text}"), Path::new("/folder"), &overrides)
}

fn refusal(text: &str, overrides: &[&str]) -> String {
    read(text, overrides).and_then(FitConfig::check).unwrap_err().to_string()
}

#[test]
fn an_almost_empty_file_gives_the_defaults() {
    let config = read("", &[]).unwrap();
    assert_eq!(config.fit, FitSection::default());
    assert_eq!(config.seed, 42);
    assert_eq!(config.recording.path, PathBuf::from("/folder/data"));
    config.check().unwrap();
}

#[test]
fn defaults_written_out_are_read_back_equal() {
    let config = read("[fit]\nmax_steps = 3\ngradient_clip = 0.1", &[]).unwrap();
    let text = config.to_toml().unwrap();
    assert_eq!(FitConfig::from_toml(&text, Path::new("/other"), &[]).unwrap(), config);
}

#[test]
fn misspelt_key_names_itself_in_full_and_its_nearest() {
    assert_eq!(
        refusal("[fit]\nlerning_rate = 0.1", &[]),
        "unknown key `fit.lerning_rate`, nearest known key is `fit.learning_rate`"
    );
    assert_eq!(
        refusal("[fit.schedule]\npatiense = 1", &[]),
        "unknown key `fit.schedule.patiense`, nearest known key is `fit.schedule.patience`"
    );
    assert_eq!(
        refusal("", &["fit.checkpoint.every=1"]),
        "unknown key `fit.checkpoint.every`, nearest known key is `fit.checkpoint.every_s`"
    );
}

#[test]
fn key_in_the_wrong_table_is_told_its_place() {
    assert_eq!(
        refusal("", &["learning_rat=0.1"]),
        "unknown key `learning_rat`, nearest known key is `fit.learning_rate`"
    );
    // `fit.eps` is a rightful key of the same name as the wrong one.
    assert_eq!(
        refusal("", &["fit.stopping.eps=1"]),
        "unknown key `fit.stopping.eps`, known keys there are patience, threshold"
    );
}

#[test]
fn overrides_come_last_and_replace_single_values() {
    let config = read(
        "[fit]\nlearning_rate = 0.1\nfreeze = [\"readout\"]",
        &["fit.learning_rate=0.2", "fit.freeze=core", "seed=7", "fit.schedule.patience=9"],
    )
    .unwrap();
    assert_eq!(config.fit.learning_rate, 0.2);
    assert_eq!(config.fit.freeze, ["core"]);
    assert_eq!(config.seed, 7);
    let expected = PlateauConfig { patience: 9, ..PlateauConfig::default() };
    assert_eq!(config.fit.schedule, ScheduleConfig::Plateau(expected));
}

#[test]
fn another_kind_drops_the_keys_of_the_old_one() {
    let config = read(
        "[fit.schedule]\nkind = \"plateau\"\nfactor = 0.5",
        &["fit.schedule.kind=cosine", "fit.schedule.warmup_steps=4"],
    )
    .unwrap();
    let expected = CosineConfig { warmup_steps: 4, ..CosineConfig::default() };
    assert_eq!(config.fit.schedule, ScheduleConfig::Cosine(expected));
}

#[test]
fn override_paths_resolve_against_the_current_folder() {
    let config = read("", &["recording.root=here", "fit.start_from=/absolute"]).unwrap();
    let here = std::env::current_dir().unwrap().join("here");
    assert_eq!(config.recording.root, Some(here));
    assert_eq!(config.fit.start_from, Some(PathBuf::from("/absolute")));
}

#[test]
fn values_out_of_range_name_key_value_and_range() {
    let cases = [
        ("fit.learning_rate=0", "`fit.learning_rate` is 0, expected above 0, at most 1"),
        ("fit.learning_rate=nan", "`fit.learning_rate` is NaN"),
        ("fit.betas=[0.9, 1.0]", "`fit.betas` is 1, expected 0 to below 1"),
        ("fit.eps=0.0", "`fit.eps` is 0"),
        ("fit.weight_decay=-1", "`fit.weight_decay` is -1"),
        ("fit.gradient_clip=0", "`fit.gradient_clip` is 0"),
        ("fit.clip_frames=0", "`fit.clip_frames` is 0, expected 1 or more"),
        ("fit.max_steps=0", "`fit.max_steps` is 0"),
        ("fit.schedule.factor=1", "`fit.schedule.factor` is 1"),
        ("fit.schedule.min_learning_rate=1", "0 to fit.learning_rate = 0.005"),
        ("fit.schedule.decay_rounds=0", "`fit.schedule.decay_rounds` is 0"),
        ("fit.stopping.threshold=-0.1", "`fit.stopping.threshold` is -0.1"),
        ("fit.validation.every_epochs=0", "`fit.validation.every_epochs` is 0"),
        ("fit.checkpoint.keep=1", "`fit.checkpoint.keep` is 1, expected 2 or more"),
        ("fit.checkpoint.every_s=0", "`fit.checkpoint.every_s` is 0"),
        ("fit.memory_limit=much", "`fit.memory_limit` is much"),
        ("threads=0", "`threads` is 0"),
    ];
    for (given, expected) in cases {
        let found = refusal("", &[given]);
        assert!(found.contains(expected), "{given}: {found}");
    }
}

#[test]
fn wrong_types_and_broken_text_are_explained() {
    assert!(refusal("", &["fit.max_epochs=many"]).contains("many"));
    let of_file = refusal("[fit]\neps = 1e-8\nmax_epochs = \"many\"\n", &[]);
    assert!(of_file.starts_with("line 5: ") && of_file.contains("`fit.max_epochs`"), "{of_file}");
    assert!(refusal("", &["fit.optimiser=sgd"]).contains("adamw"));
    let broken = FitConfig::from_toml("[fit\n", Path::new("/"), &[]).unwrap_err().to_string();
    assert!(broken.contains("not valid TOML") && broken.contains("line 1"), "{broken}");
    let missing = FitConfig::from_toml("", Path::new("/"), &[]).unwrap_err().to_string();
    assert!(missing.contains("recording"), "{missing}");
    let unreadable = FitConfig::open(Path::new("/no/such/file.toml"), &[]).unwrap_err();
    assert!(unreadable.to_string().ends_with("/no/such/file.toml"), "{unreadable}");
}

#[test]
fn shipped_configurations_are_valid() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let configs: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|ending| ending == "toml")).collect();
    assert!(configs.len() >= 5, "{configs:?}");
    for path in configs {
        // Some leave the data to the command line.
        let overrides = ["recording.path=data".to_owned()];
        FitConfig::open(&path, &overrides).and_then(FitConfig::check).unwrap();
    }
}
