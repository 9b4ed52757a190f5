//! The table of settings as command line flags, and the data set of a run.

use crate::outcome::{Outcome, fail, misuse, say};
use crate::output;
use crate::tools::repository;
use alexnet_lab::backend::gpu::choice::Choices;
use alexnet_lab::backend::machine::Host;
use alexnet_lab::config::{Config, Effect, Kind, SETTINGS, Setting};
use alexnet_lab::data::Dataset;
use alexnet_lab::gpu::family::Family;
use clap::builder::ValueParser;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};

/// Which kernels multiply on the GPU. This is not a setting of a run: results are the same up to rounding.
#[derive(clap::Args)]
pub struct Kernels {
    /// Kernels for matrix products on the GPU: registers suits processors, tiled suits graphics cards, auto measures which is faster
    #[arg(long, value_enum, default_value_t = FamilyFlag::Auto)]
    family: FamilyFlag,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum FamilyFlag {
    Registers,
    Tiled,
    Auto,
}

impl Kernels {
    /// The program as a host that runs these kernels.
    pub fn host(&self) -> Host {
        let asked = match self.family {
            FamilyFlag::Registers => Some(Family::Registers),
            FamilyFlag::Tiled => Some(Family::Tiled),
            FamilyFlag::Auto => None,
        };
        Host { choices: Choices::of(asked), ..Host::native() }
    }
}

/// A flag for each setting of the engine: `--train-size`, and `--train_size` as in the page's links.
#[derive(Default)]
pub struct Settings {
    /// The given settings, by key.
    pub given: Vec<(&'static str, String)>,
}

/// The settings with a flag: all but the page's view and `data`, which has its own flag, [`Data`].
fn flags() -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().filter(|setting| setting.effect != Effect::View && setting.key != "data")
}

impl Args for Settings {
    fn augment_args(command: Command) -> Command {
        command.args(flags().map(flag))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Settings::augment_args(command)
    }
}

impl FromArgMatches for Settings {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Settings, clap::Error> {
        let given = |setting: &Setting| Some((setting.key, matches.get_one::<String>(setting.key)?.clone()));
        Ok(Settings { given: flags().filter_map(given).collect() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Settings::from_arg_matches(matches)?;
        Ok(())
    }
}

fn flag(setting: &'static Setting) -> Arg {
    let arg = Arg::new(setting.key)
        .long(setting.key.replace('_', "-"))
        .alias(setting.key)
        .value_name(setting.kind.allowed().replace(", ", "|"))
        .help(format!("{} [default: {}]", setting.help, setting.default))
        .help_heading("Settings")
        .allow_negative_numbers(true)
        .value_parser(ValueParser::from(move |text: &str| allowed(setting, text)));
    // A switch without a value is switched on.
    if setting.kind == Kind::Switch { arg.num_args(0..=1).default_missing_value("true") } else { arg }
}

/// On the command line a value out of range is refused, not clamped: in a script the note would go unseen.
fn allowed(setting: &Setting, text: &str) -> Result<String, String> {
    match Config::default().set(setting.key, text) {
        Ok(false) => Ok(text.into()),
        Ok(true) | Err(_) => {
            let allowed = setting.kind.allowed();
            Err(match allowed.split_once(" to ") {
                Some((least, most)) => format!("must be between {least} and {most}"),
                None => format!("must be one of {allowed}"),
            })
        }
    }
}

impl Settings {
    /// `config` with the flags that were given.
    pub fn over(&self, mut config: Config) -> Outcome<Config> {
        for (key, value) in &self.given {
            config.set(key, value)?;
        }
        Ok(config)
    }
}

/// The data set of a run.
#[derive(Args, Default)]
pub struct Data {
    /// Built-in data set (cifar10, toy), or files or folders with CIFAR-10 or CIFAR-100 (.bin, .tar.gz), MNIST, Fashion-MNIST, QMNIST or EMNIST (IDX, .gz), or a folder or archive with a folder of pictures for each class [default: cifar10]
    #[arg(long, num_args = 1.., value_name = "PATH")]
    data: Vec<PathBuf>,
}

impl Data {
    /// Reads the given files. An output in a folder of images is not one of the images.
    fn read(&self, outputs: &[(&str, &Path)]) -> Outcome<Dataset> {
        for (flag, path) in outputs {
            let given = self.data.iter().any(|given| output::is_same(given, path));
            let within = self.data.iter().any(|given| output::is_within(path, given));
            if given || within && path.exists() && !output::is_ours(path) {
                misuse!("--{flag} would overwrite {}, which --data reads. Choose another file.", path.display());
            }
        }
        let style = ProgressStyle::with_template("Reading {pos} of {len} files {bar:30}").expect("the template is a constant");
        let bar = ProgressBar::no_length().with_style(style);
        let mut progress = |opened: usize, files: usize| {
            bar.set_length(files as u64);
            bar.set_position(opened as u64);
        };
        let dataset =
            Dataset::load_without(&self.data, &outputs.iter().map(|(_, path)| *path).collect::<Vec<_>>(), &mut progress);
        bar.finish_and_clear();
        Ok(dataset?)
    }

    /// The given files, or a built-in data set. If `--data` names a built-in set, `config` gets its name. `outputs` are not read
    /// as data, wherever they are.
    pub fn load(&self, config: &mut Config, outputs: &[(&str, &Path)]) -> Outcome<Dataset> {
        let named = match self.data.as_slice() {
            [] => true,
            [only] if !only.exists() => only.to_str().is_some_and(|name| config.set("data", name).is_ok()),
            _ => false,
        };
        let data = if named { Dataset::whole(config, &repository().join("www/data"))? } else { self.read(outputs)? };
        data.notes.iter().for_each(|note| say!("note: {note}"));
        if data.train.is_empty() {
            fail!("{} has no training images. Use a data set with training images.", data.name);
        }
        Ok(data)
    }
}
