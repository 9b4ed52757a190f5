//! `train`: a run without the page, with the same settings, images, initial weights and masks.
//!
//! Its numbers are the page's except for rounding, which a run amplifies: rounding differs between builds and with the number
//! of workers. The same program on the same machine gives the same bits again.

use crate::interrupt::Interrupt;
use crate::outcome::{Failure, Outcome, about, fail, misuse, say, tell};
use crate::output::{self, Log};
use crate::settings::{Data, Settings};
use alexnet_lab::backend::machine::{Host, Reason};
use alexnet_lab::config::lanes::Lanes;
use alexnet_lab::config::{Config, Effect, SETTINGS};
use alexnet_lab::step::{Place, StepRecord};
use alexnet_lab::trainer::{Trainer, argmax, cross_entropy};
use alexnet_lab::{pytorch, weights};
use indicatif::{ProgressBar, ProgressStyle};
use pollster::block_on;
use serde::Serialize;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Steps that wait on the GPU while the program prepares the next.
const IN_FLIGHT: usize = 8;

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    data: Data,
    /// Number of training steps
    #[arg(long, conflicts_with = "epochs")]
    steps: Option<u64>,
    /// Number of passes over the training images [default: 1]
    #[arg(long)]
    epochs: Option<u32>,
    /// Start with the settings of a link copied from the page; flags override them
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["resume", "load"])]
    link: Option<String>,
    /// Continue a run saved with --save: same settings, weights, momentum and step
    #[arg(long, value_name = "FILE", conflicts_with = "load")]
    resume: Option<PathBuf>,
    /// Start a new run at step 0 with the settings and weights saved with --save
    #[arg(long, value_name = "FILE")]
    load: Option<PathBuf>,
    /// Write one line of JSON per step: step, loss, accuracy, and after an evaluation test_loss and test_accuracy,
    /// with train_eval also train_eval_loss and train_eval_accuracy
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Write the weights when the run ends, as safetensors with PyTorch's names and layouts
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Write a PyTorch script that rebuilds the network, loads the weights of --save and prints logits for images
    #[arg(long, value_name = "FILE", requires = "save")]
    script: Option<PathBuf>,
    /// Stop at the first evaluation (test_every, test_size) whose test error is at most this many percent, and print the time taken
    #[arg(long, value_name = "PERCENT", allow_negative_numbers = true)]
    until_error: Option<f64>,
    /// At the end, evaluate on all test images and print the result as a line of JSON
    #[arg(long)]
    eval: bool,
    /// At the end, write one line of JSON per test image: index, label, logits
    #[arg(long, value_name = "FILE")]
    predictions: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

pub fn run(arguments: &Arguments) -> Outcome {
    let mut run = Run::start(arguments)?;
    let interrupt = Interrupt::watch(&run.bar)?;
    let outcome = run.train(&interrupt);
    // A run that ends early saves its last good state.
    let saved = run.save();
    interrupt.ends_at_once();
    let interrupted = match (outcome, saved) {
        (Ok(interrupted), saved) => saved.map(|()| interrupted)?,
        // The reason for the end comes first.
        (Err(failure), Err(unsaved)) => return Err(failure.and(&unsaved.sentence)),
        (Err(failure), Ok(())) => return Err(failure.and(&arguments.saved("The last good state is in {}."))),
    };
    if interrupted {
        let saved = arguments.saved("The weights are in {}; use --resume to continue.");
        say!("Interrupted after step {}. {saved}", run.trainer.step_count());
    }
    run.finish()?;
    if interrupted { Err(Failure::interrupted()) } else { Ok(()) }
}

impl Arguments {
    /// The files to write, with their flags.
    fn outputs(&self) -> Vec<(&'static str, &Path)> {
        let files = [("log", &self.log), ("save", &self.save), ("script", &self.script), ("predictions", &self.predictions)];
        files.into_iter().filter_map(|(flag, path)| Some((flag, path.as_deref()?))).collect()
    }

    /// The sentence with the file of `--save` in place of `{}`; empty without `--save`.
    fn saved(&self, sentence: &str) -> String {
        self.save.as_ref().map(|path| sentence.replace("{}", &path.display().to_string())).unwrap_or_default()
    }
}

struct Run<'a> {
    arguments: &'a Arguments,
    trainer: Trainer,
    log: Option<Log>,
    bar: ProgressBar,
    /// The outcome on all test images, once it is known.
    test: Option<Test>,
    start: Instant,
    /// Time spent on evaluations.
    evaluating: Duration,
}

/// A line of the log.
#[derive(Serialize)]
struct Line {
    /// Counted from 1, as on the page.
    step: u64,
    /// `null` when it is not finite.
    loss: f32,
    accuracy: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    test_loss: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    test_accuracy: Option<f64>,
    /// With `train_eval`.
    #[serde(skip_serializing_if = "Option::is_none")]
    train_eval_loss: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    train_eval_accuracy: Option<f64>,
}

/// A line of the predictions.
#[derive(Serialize)]
struct Prediction<'a> {
    index: usize,
    label: u8,
    logits: &'a [f32],
}

struct Test {
    loss: f64,
    accuracy: f64,
    logits: Vec<f32>, // (images, classes)
}

impl<'a> Run<'a> {
    fn start(arguments: &'a Arguments) -> Outcome<Run<'a>> {
        // It is better to find out before the run than after it that a file cannot be written.
        output::check(&arguments.outputs())?;
        for (flag, path) in arguments.outputs().into_iter().filter(|(flag, _)| *flag != "save") {
            if [&arguments.load, &arguments.resume].into_iter().flatten().any(|weights| output::is_same(weights, path)) {
                misuse!("--{flag} would overwrite the weights in {}. Choose another file.", path.display());
            }
        }
        let trainer = match arguments.resume.as_ref().or(arguments.load.as_ref()) {
            Some(path) => continued(arguments, path)?,
            None => {
                let mut config = arguments.settings.over(linked(arguments))?;
                let dataset = arguments.data.load(&mut config, &arguments.outputs())?;
                block_on(Trainer::new(config, dataset, &Host::native()))?
            }
        };
        if arguments.until_error.is_some() && trainer.config().test_every == 0 {
            misuse!("--until-error needs evaluations, but with test_every 0 there are none. Set test_every above 0.");
        }
        output::try_out(&arguments.outputs())?;
        let log = arguments.log.as_ref().map(|path| Log::new(path, arguments.resume.is_some()));
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} steps, {per_sec}, {eta} left  {msg}")?;
        let bar = ProgressBar::no_length().with_style(style);
        Ok(Run { arguments, trainer, log, bar, test: None, start: Instant::now(), evaluating: Duration::ZERO })
    }

    /// Does the requested steps, or stops early and says why. Returns whether it was interrupted.
    fn train(&mut self, interrupt: &Interrupt) -> Outcome<bool> {
        let total = self.steps_to_do();
        self.introduce(total);
        self.start = Instant::now();
        let (first, every) = (self.trainer.step_count(), u64::from(self.trainer.config().test_every));
        let last = first.saturating_add(total);
        while self.trainer.step_count() < last {
            if !self.trainer.step()? {
                fail!("The data set ended before all of its {} training images were read.", self.trainer.dataset().train_total);
            }
            block_on(self.trainer.work())?;
            let done = self.trainer.step_count();
            let (reached, interrupted) = (self.reached(), interrupt.came());
            let ends = done == last || reached.is_some() || interrupted;
            let due = every > 0 && done.is_multiple_of(every) && self.trainer.can_evaluate();
            if due || ends || self.trainer.in_flight() >= IN_FLIGHT {
                block_on(self.trainer.settle())?;
            }
            for note in self.trainer.notes() {
                self.bar.suspend(|| say!("note: {note}"));
            }
            let lines = self.lines()?;
            let before_test = Instant::now();
            let mut train = None;
            let test = if self.trainer.has_diverged() {
                None
            } else if ends && self.arguments.eval && !interrupted {
                let test = self.test_all()?;
                let outcome = (test.loss, test.accuracy);
                self.test = Some(test);
                if self.trainer.config().train_eval {
                    train = block_on(self.trainer.evaluate())?.train;
                }
                Some(outcome)
            } else if due {
                let evaluation = block_on(self.trainer.evaluate())?;
                train = evaluation.train;
                Some((self.finite(evaluation.loss)?, evaluation.accuracy))
            } else {
                None
            };
            self.evaluating += before_test.elapsed();
            self.report(lines, test, train)?;
            self.end_if_diverged()?;
            if interrupted || self.is_good_enough(test)? {
                self.bar.finish();
                return Ok(interrupted);
            }
            if let Some(key) = reached.or_else(|| self.reached_by(test?)) {
                let limit = self.trainer.config().get(key).expect("the table's keys are known");
                self.bar.suspend(|| say!("Stopped at step {done}: {key} is {limit}."));
                break;
            }
        }
        self.bar.finish();
        match self.arguments.until_error {
            Some(percent) => {
                fail!("The test error stayed above {percent} % at every evaluation. Train longer, or choose a higher percentage.")
            }
            None => Ok(false),
        }
    }

    /// Whether `test`, a loss and an accuracy, reaches `--until-error`; if so, prints when.
    fn is_good_enough(&self, test: Option<(f64, f64)>) -> Outcome<bool> {
        let (Some(percent), Some((_, accuracy))) = (self.arguments.until_error, test) else { return Ok(false) };
        let error = (1.0 - accuracy) * 100.0;
        let good = error <= percent;
        if good {
            let all = self.start.elapsed();
            let training = (all - self.evaluating).as_secs_f64();
            let (step, seconds) = (self.trainer.step_count(), all.as_secs_f64());
            tell!(
                "{}",
                json!({ "step": step, "test_error": error, "seconds": seconds, "seconds_without_evaluations": training })
            );
        }
        Ok(good)
    }

    /// The setting that ends the run at this step or time; it would pause the page's run.
    fn reached(&self) -> Option<&'static str> {
        let config = self.trainer.config();
        let limit = Duration::from_secs(config.stop_seconds.into());
        if self.trainer.step_count() == u64::from(config.stop_steps) {
            Some("stop_steps")
        } else {
            (!limit.is_zero() && self.start.elapsed() >= limit).then_some("stop_seconds")
        }
    }

    /// The same for the outcome of an evaluation, a loss and an accuracy.
    fn reached_by(&self, (loss, accuracy): (f64, f64)) -> Option<&'static str> {
        let config = self.trainer.config();
        if config.stop_accuracy > 0.0 && accuracy >= config.stop_accuracy / 100.0 {
            Some("stop_accuracy")
        } else {
            (config.stop_loss > 0.0 && loss <= config.stop_loss).then_some("stop_loss")
        }
    }

    fn save(&mut self) -> Outcome {
        let Some(path) = &self.arguments.save else { return Ok(()) };
        let saved = block_on(self.trainer.save(&path.display().to_string()));
        let bytes = saved.map_err(|error| Failure::from(error).and("Nothing was written."))?;
        output::write_whole(path, &bytes)?;
        let Some(script) = &self.arguments.script else { return Ok(()) };
        let weights = path.file_name().unwrap_or_default().to_string_lossy();
        let text = pytorch::script(self.trainer.config(), self.trainer.network().classes, &weights);
        output::write_whole(script, text.as_bytes())
    }

    fn steps_to_do(&self) -> u64 {
        let images = (self.trainer.config().train_size as usize).min(self.trainer.dataset().train_total) as u64;
        let epochs = u64::from(self.arguments.epochs.unwrap_or(1));
        self.arguments.steps.unwrap_or_else(|| (epochs * images).div_ceil(u64::from(self.trainer.config().batch)))
    }

    fn introduce(&mut self, total: u64) {
        let (backend, machine) = (self.trainer.backend().name(), self.trainer.machine());
        let why = match machine.reason {
            Reason::SoftwareAdapter => " (the only graphics adapter runs in software)".into(),
            Reason::NoAdapter => " (no graphics adapter responded)".into(),
            _ if machine.adapter().is_empty() => String::new(),
            _ => format!(" on {}", machine.adapter()),
        };
        let (data, parameters) = (self.trainer.dataset().title(), self.trainer.network().parameters());
        say!("{data}; {parameters} parameters; backend {backend}{why}; {}", self.trainer.config().to_fragment());
        let hints = self.trainer.config().hints(self.trainer.step_count());
        hints.iter().filter(|_| total > 0).for_each(|hint| say!("note: {hint}"));
        self.bar.set_length(total);
    }

    /// The steps finished since the last call.
    fn lines(&mut self) -> Outcome<Vec<Line>> {
        let batch = f64::from(self.trainer.config().batch);
        let records = self.trainer.records()?.into_iter();
        let line = |StepRecord { step, loss, correct, .. }| Line {
            step: step + 1,
            loss,
            accuracy: f64::from(correct) / batch,
            test_loss: None,
            test_accuracy: None,
            train_eval_loss: None,
            train_eval_accuracy: None,
        };
        Ok(records.map(line).collect())
    }

    /// Writes the log and moves the progress bar. `test` and `train` are the loss and accuracy of an evaluation after the last line.
    fn report(&mut self, mut lines: Vec<Line>, test: Option<(f64, f64)>, train: Option<[f64; 2]>) -> Outcome {
        let Some(last) = lines.last_mut() else { return Ok(()) };
        self.bar.set_message(format!("loss {:.4}", last.loss));
        if let Some((loss, accuracy)) = test {
            let percent = accuracy * 100.0;
            let sentence =
                format!("step {}: loss {:.4}, test loss {loss:.4}, test accuracy {percent:.1} %", last.step, last.loss);
            self.bar.suspend(|| say!("{sentence}"));
            (last.test_loss, last.test_accuracy) = (Some(loss), Some(accuracy));
            last.train_eval_loss = train.map(|[loss, _]| loss);
            last.train_eval_accuracy = train.map(|[_, accuracy]| accuracy);
        }
        self.bar.inc(lines.len() as u64);
        let Some(log) = &mut self.log else { return Ok(()) };
        log.write(&json_lines(&lines)?)
    }

    fn end_if_diverged(&mut self) -> Outcome {
        if !self.trainer.has_diverged() {
            return Ok(());
        }
        self.bar.abandon();
        let Some(divergence) = block_on(self.trainer.divergence())? else {
            fail!("Training diverged, but repeating the step found no NaN or infinity. Try a smaller learning rate.");
        };
        let place = match divergence.found.place {
            Place::Activation => "output",
            Place::Gradient => "gradient",
        };
        let (step, layer, remedy) = (divergence.step + 1, divergence.found.layer, divergence.remedy);
        fail!("Training diverged at step {step}: the first NaN or infinity is in the {place} of {layer}. {remedy}");
    }

    /// Does the requested evaluation and writes the predictions.
    fn finish(mut self) -> Outcome {
        if !self.arguments.eval && self.arguments.predictions.is_none() {
            return Ok(());
        }
        let test = match self.test.take() {
            Some(test) => test,
            None => self.test_all()?,
        };
        let (step, labels) = (self.trainer.step_count(), &self.trainer.dataset().test.labels);
        if self.arguments.eval {
            let (loss, accuracy, images) = (test.loss, test.accuracy, labels.len());
            tell!("{}", json!({ "step": step, "test_loss": loss, "test_accuracy": accuracy, "images": images }));
        }
        if let Some(path) = &self.arguments.predictions {
            let rows = test.logits.chunks_exact(self.trainer.network().classes).zip(labels).enumerate();
            let lines: Vec<Prediction> = rows.map(|(index, (logits, &label))| Prediction { index, label, logits }).collect();
            output::write_whole(path, json_lines(&lines)?.as_bytes())?;
        }
        Ok(())
    }

    /// The loss on test images; an error if it is not finite.
    fn finite(&self, loss: f64) -> Outcome<f64> {
        if loss.is_finite() {
            return Ok(loss);
        }
        fail!(
            "The test loss is not finite ({loss}) after step {}: the network's outputs exceed the range of 32-bit numbers. \
             Train with a smaller learning rate, or use other weights.",
            self.trainer.step_count()
        );
    }

    /// Loss, accuracy and logits of all test images.
    fn test_all(&mut self) -> Outcome<Test> {
        let (images, classes) = (self.trainer.dataset().test.len(), self.trainer.network().classes);
        if images == 0 {
            fail!("{} has no test images to evaluate on. Add the test files.", self.trainer.dataset().name);
        }
        let logits = block_on(self.trainer.logits(0..images))?;
        let dataset = self.trainer.dataset();
        let rows = || logits.chunks_exact(classes).zip(dataset.test.labels.iter().map(|l| usize::from(*l)));
        let loss = self.finite(rows().map(|(logits, label)| cross_entropy(logits, label)).sum::<f64>() / images as f64)?;
        let right = rows().filter(|(logits, label)| argmax(logits) == *label).count();
        Ok(Test { loss, accuracy: right as f64 / images as f64, logits })
    }
}

/// The settings of `--link`; without one, the defaults.
fn linked(arguments: &Arguments) -> Config {
    let Some(link) = &arguments.link else { return Config::default() };
    let (lanes, notes) = Lanes::from_address(link);
    notes.iter().for_each(|note| say!("note: {note}"));
    let [config, others @ ..] = lanes.configs() else { unreachable!("there is at least one") };
    if !others.is_empty() {
        say!("note: The link has {} networks side by side. Only the first one is trained.", 1 + others.len());
    }
    config.clone()
}

/// A trainer that continues from the file of `--resume`, or starts with the weights of `--load`.
fn continued(arguments: &Arguments, path: &Path) -> Outcome<Trainer> {
    let bytes = fs::read(path).map_err(about(path))?;
    let checkpoint = weights::load(&path.display().to_string(), &bytes)?;
    let meta = &checkpoint.meta;
    checkpoint.notes.iter().for_each(|note| say!("note: {note}"));
    let saved = meta.config.clone().on_machine_of(&Config::default());
    let mut config = arguments.settings.over(saved.clone())?;
    let resume = arguments.resume.is_some();
    if resume {
        let fixed = |(key, _): &&(&str, String)| {
            let restarts = SETTINGS.iter().any(|setting| setting.key == *key && setting.effect == Effect::Restart);
            restarts && *key != "backend" && saved.get(key) != config.get(key)
        };
        if let Some((key, _)) = arguments.settings.given.iter().find(fixed) {
            misuse!("--{key} cannot be changed when a run continues. Use --load to start a new run with these weights.");
        }
    }
    let mut dataset = arguments.data.load(&mut config, &arguments.outputs())?;
    if meta.data != dataset.title() {
        let (then, now) = (&meta.data, dataset.title());
        if resume {
            fail!("The run was trained on {then}, but this data set is {now}. Use the same --data, or use --load.");
        }
        say!("note: The weights were trained on {then}, but this data set is {now}.");
    }
    // The normalisation that the weights were trained with.
    dataset.normalisation = meta.normalisation;
    let mut trainer = block_on(Trainer::new(config, dataset, &Host::native()))?;
    let mut state = checkpoint.state(trainer.network())?;
    if !resume {
        state.velocities.fill(0.0);
    }
    trainer.start_from(&state, if resume { meta.step } else { 0 })?;
    Ok(trainer)
}

fn json_lines(lines: &[impl Serialize]) -> Outcome<String> {
    lines.iter().map(|line| Ok(serde_json::to_string(line)? + "\n")).collect()
}
