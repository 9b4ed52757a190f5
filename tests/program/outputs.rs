//! What the program writes: nothing before it has read everything, nothing by halves, and no recorded step is lost.

use crate::common::{PROGRAM, SMALL, complaint, folder, json_lines, train};
use safetensors::SafeTensors;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// The names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A file of CIFAR-10 in the binary version.
fn images(count: u8) -> Vec<u8> {
    (0..count)
        .flat_map(|image| std::iter::once(image % 10).chain((0..3072u32).map(move |i| (i * 7 + u32::from(image) * 31) as u8)))
        .collect()
}

#[test]
fn no_output_is_opened_before_every_input_is_read() {
    let folder = folder("inputs_first");
    let outputs = ["keep.jsonl", "keep.safetensors", "keep.py", "keep.predictions"];
    let text = |name: &str| format!("{{ {name}, of an earlier run");
    outputs.iter().for_each(|name| fs::write(folder.join(name), text(name)).unwrap());
    let untouched = || {
        outputs.iter().for_each(|name| assert_eq!(fs::read_to_string(folder.join(name)).unwrap(), text(name), "{name}"));
        assert_eq!(names(&folder).len(), outputs.len(), "{:?}", names(&folder));
    };
    let [log, save, script, predictions] = outputs;
    let flags = ["--steps", "1", "--log", log, "--save", save, "--script", script, "--predictions", predictions];
    let cases: [(&[&str], &str, i32); 5] = [
        (&["--data", "nowhere.bin"], "nowhere.bin", 1),
        (&["--load", "nowhere.safetensors"], "nowhere.safetensors", 1),
        (&["--resume", "keep.safetensors"], "keep.safetensors: this is not a safetensors file", 1),
        (&["--data", log], "--log would overwrite keep.jsonl, which --data reads", 2),
        (&["--data", "nowhere"], "nowhere", 1),
    ];
    for (inputs, sentence, expected) in cases {
        let (text, status) = complaint(&folder, &[&SMALL, &flags[..], inputs].concat());
        assert!(text.contains(sentence) && status == Some(expected), "{inputs:?}: {status:?} {text}");
        untouched();
    }
    // A run without a step has nothing to log.
    train(&folder, &["--steps", "0", "--log", log]);
    untouched();
}

#[test]
fn what_could_not_be_written_is_known_before_the_run() {
    let folder = folder("unwritable");
    fs::create_dir(folder.join("folder")).unwrap();
    fs::write(folder.join("old.jsonl"), "old").unwrap();
    let mut permissions = fs::metadata(folder.join("old.jsonl")).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(folder.join("old.jsonl"), permissions).unwrap();
    let before = names(&folder);
    for flag in ["--log", "--save", "--predictions"] {
        for (path, sentence) in [
            ("no/such/file", "the folder no/such does not exist"),
            ("folder", "folder is a folder. Choose a file in it."),
            ("old.jsonl", "old.jsonl is write-protected"),
        ] {
            let (text, status) = complaint(&folder, &[&SMALL, &["--steps", "100000", flag, path][..]].concat());
            assert!(text.contains(sentence) && status == Some(1), "{flag} {path}: {text}");
            assert_eq!(names(&folder), before);
        }
    }
    let (text, status) = complaint(&folder, &[&SMALL, &["--log", "same", "--save", "./folder/../same"][..]].concat());
    assert!(text.contains("--log and --save name the same file") && status == Some(2), "{text}");
    assert_eq!(fs::read_to_string(folder.join("old.jsonl")).unwrap(), "old");
}

#[test]
fn what_is_written_into_the_folder_of_images_is_none_of_them() {
    let folder = folder("among_images");
    fs::create_dir(folder.join("data")).unwrap();
    for (name, count) in [("data_batch_1.bin", 24), ("test_batch.bin", 8)] {
        fs::write(folder.join("data").join(name), images(count)).unwrap();
    }
    let outputs =
        ["--log", "data/run.jsonl", "--save", "data/w.safetensors", "--script", "data/w.py", "--predictions", "data/p.jsonl"];
    let flags = [&["--data", "data", "--test-every", "0"], &outputs[..]].concat();
    for steps in ["3", "2"] {
        train(&folder, &[&flags[..], &["--steps", steps]].concat());
        assert_eq!(json_lines(&folder.join("data/run.jsonl")).len(), steps.parse::<usize>().unwrap());
        assert_eq!(json_lines(&folder.join("data/p.jsonl")).len(), 8);
    }
    assert_eq!(
        names(&folder.join("data")),
        ["data_batch_1.bin", "p.jsonl", "run.jsonl", "test_batch.bin", "w.py", "w.safetensors"]
    );
    let over = ["--data", "data", "--steps", "1", "--log", "data/data_batch_1.bin"];
    let (text, status) = complaint(&folder, &[&SMALL, &over[..]].concat());
    assert!(text.contains("--log would overwrite data/data_batch_1.bin") && status == Some(2), "{text}");
    assert_eq!(fs::read(folder.join("data/data_batch_1.bin")).unwrap(), images(24));
    // In a folder below it, too.
    fs::create_dir(folder.join("data/runs")).unwrap();
    for _ in 0..2 {
        train(&folder, &["--data", "data", "--steps", "1", "--test-every", "0", "--log", "data/runs/a.jsonl"]);
    }
}

#[test]
#[cfg(unix)]
fn a_link_stays_a_link_and_a_device_a_device() {
    let folder = folder("links");
    fs::write(folder.join("real.jsonl"), "{}\n").unwrap();
    std::os::unix::fs::symlink("real.jsonl", folder.join("link.jsonl")).unwrap();
    train(&folder, &["--steps", "2", "--test-every", "0", "--log", "link.jsonl", "--save", "/dev/null"]);
    assert!(fs::symlink_metadata(folder.join("link.jsonl")).unwrap().is_symlink());
    assert_eq!(json_lines(&folder.join("real.jsonl")).len(), 2);
    let output = train(&folder, &["--steps", "2", "--test-every", "0", "--log", "/dev/stdout"]);
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 2);
}

/// Runs the program where no file may be larger than `blocks` blocks of 512 bytes.
#[cfg(unix)]
fn on_a_small_disk(folder: &Path, blocks: u32, arguments: &[&str]) -> (String, Option<i32>) {
    let script = format!("ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let output = Command::new("sh").args(["-c", &script, PROGRAM]).args(arguments).current_dir(folder).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!text.contains("panicked"), "{text}");
    (text, output.status.code())
}

#[test]
#[cfg(unix)]
fn a_full_disk_leaves_whole_files_and_whole_lines() {
    let folder = folder("full_disk");
    fs::write(folder.join("w.safetensors"), "the last good ones").unwrap();
    // Weights of some 300 kB do not fit, and neither does a log of 5,000 lines; some of its lines do.
    let arguments = ["--steps", "5000", "--test-every", "0", "--log", "run.jsonl", "--save", "w.safetensors"];
    let (text, status) = on_a_small_disk(&folder, 8, &[&SMALL, &arguments[..]].concat());
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("run.jsonl could not be written") && text.contains("w.safetensors could not be written"), "{text}");
    assert_eq!(names(&folder), ["run.jsonl", "w.safetensors"]);
    assert_eq!(fs::read_to_string(folder.join("w.safetensors")).unwrap(), "the last good ones");
    let lines = json_lines(&folder.join("run.jsonl"));
    assert!(lines.len() > 10 && lines.iter().enumerate().all(|(index, line)| line["step"] == index + 1), "{lines:?}");
    assert!(fs::read_to_string(folder.join("run.jsonl")).unwrap().ends_with('\n'));

    // Not even the first line fits: the old content stays.
    fs::write(folder.join("run.jsonl"), "{}\n".repeat(3)).unwrap();
    let (_, status) = on_a_small_disk(&folder, 0, &[&SMALL, &arguments[..6]].concat());
    assert_eq!((status, fs::read_to_string(folder.join("run.jsonl")).unwrap().as_str()), (Some(1), "{}\n{}\n{}\n"));
    assert_eq!(names(&folder), ["run.jsonl", "w.safetensors"]);
}

#[test]
#[cfg(target_os = "linux")]
fn standard_output_that_takes_nothing_is_an_error_with_a_sentence() {
    let folder = folder("full_output");
    let full = || Stdio::from(fs::File::options().write(true).open("/dev/full").unwrap());
    let evaluate = [&SMALL[..], &["--steps", "0", "--eval"]].concat();
    for arguments in [&evaluate[..], &["lesson", "--list"], &["bench", "--dry-run", "--backend", "cpu"]] {
        let output = Command::new(PROGRAM).args(arguments).current_dir(&folder).stdout(full()).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains("Standard output could not be written: the disk is full."), "{arguments:?}: {text}");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {text}");
    }
    // Its messages may be lost; the run is not.
    let arguments = [&SMALL[..], &["--steps", "2", "--save", "w.safetensors"]].concat();
    let status = Command::new(PROGRAM).args(arguments).current_dir(&folder).stderr(full()).status().unwrap();
    assert!(status.success() && folder.join("w.safetensors").exists());
}

#[test]
#[cfg(unix)]
fn ctrl_c_ends_the_loop_and_saves_and_a_second_one_ends_at_once() {
    use std::io::{BufRead, BufReader};
    let signal = |process: &std::process::Child, name: &str| {
        assert!(Command::new("kill").args([name, &process.id().to_string()]).status().unwrap().success());
    };
    let folder = folder("interrupt");
    let start = |arguments: &[&str]| {
        let mut command = Command::new(PROGRAM);
        command.args([&SMALL[..], arguments].concat()).current_dir(&folder);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    for name in ["-INT", "-TERM"] {
        let arguments = ["--steps", "1000000", "--test-every", "0", "--log", "run.jsonl", "--save", "w.safetensors", "--eval"];
        let process = start(&arguments);
        // The log can be read while it grows, line by line.
        while fs::read_to_string(folder.join("run.jsonl")).map_or(0, |text| text.lines().count()) < 3 {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        signal(&process, name);
        let output = process.wait_with_output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(130), "{text}");
        let steps = json_lines(&folder.join("run.jsonl")).len();
        assert!(text.contains(&format!("Interrupted after step {steps}. The weights are in w.safetensors")), "{text}");
        let evaluation: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(evaluation["step"], steps);
        let bytes = fs::read(folder.join("w.safetensors")).unwrap();
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        assert_eq!(header.metadata().as_ref().unwrap()["step"], steps.to_string());
        assert_eq!(names(&folder), ["run.jsonl", "w.safetensors"]);
        // It continues from there, and so does the log.
        train(&folder, &["--resume", "w.safetensors", "--steps", "1", "--log", "run.jsonl"]);
        assert_eq!(json_lines(&folder.join("run.jsonl"))[steps]["step"], steps + 1);
        ["run.jsonl", "w.safetensors"].iter().for_each(|name| fs::remove_file(folder.join(name)).unwrap());
    }
    // Steps that take seconds.
    let slow = ["--width", "1", "--depth", "12", "--batch", "512", "--save", "w.safetensors"];
    let mut command = Command::new(PROGRAM);
    command.args([&["train", "--backend", "cpu"], &slow[..]].concat()).current_dir(&folder).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let mut lines = BufReader::new(process.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("parameters; backend cpu")));
    signal(&process, "-INT");
    assert!(lines.any(|line| line.contains("Ctrl+C again to stop at once")));
    signal(&process, "-INT");
    assert_eq!(process.wait().unwrap().code(), Some(130));
    assert_eq!(names(&folder), [""; 0]);
}

/// The file with the numbers of a tensor changed.
fn with_numbers(path: &Path, tensor: &str, change: impl Fn(usize, &mut [u8])) {
    let mut bytes = fs::read(path).unwrap();
    let view = SafeTensors::deserialize(&bytes).unwrap().tensor(tensor).unwrap().data().as_ptr_range();
    let [start, end] = [view.start, view.end].map(|at| at as usize - bytes.as_ptr() as usize);
    bytes[start..end].chunks_exact_mut(4).enumerate().for_each(|(index, number)| change(index, number));
    fs::write(path, bytes).unwrap();
}

#[test]
fn weights_and_evaluations_that_are_not_finite_are_errors() {
    let folder = folder("not_finite");
    let evaluate = ["train", "--backend", "cpu", "--load", "w.safetensors", "--steps", "0", "--eval", "--predictions", "p.jsonl"];
    let path = folder.join("w.safetensors");
    let fresh = || train(&folder, &["--steps", "1", "--test-every", "0", "--norm", "bn", "--save", "w.safetensors"]);
    fresh();
    with_numbers(&path, "bn3.running_var", |index, number| {
        if index == 4 {
            number.copy_from_slice(&(-0.25f32).to_le_bytes())
        }
    });
    let (text, status) = complaint(&folder, &evaluate);
    assert!(text.contains("w.safetensors: bn3.running_var[4] is -0.25") && status == Some(1), "{text}");
    // Finite numbers can have a result that is not finite.
    fresh();
    for tensor in ["bn1.weight", "bn2.weight"] {
        with_numbers(&path, tensor, |_, number| number.copy_from_slice(&1e38f32.to_le_bytes()));
    }
    let (text, status) = complaint(&folder, &evaluate);
    assert!(text.contains("The test loss is not finite") && status == Some(1), "{text}");
    assert!(!folder.join("p.jsonl").exists());
    // Variances overflow before losses do: such weights are not written.
    let explodes = ["--norm", "bn", "--lr", "10", "--weight-decay", "0.1", "--steps", "45", "--save", "v.safetensors"];
    let (text, status) = complaint(&folder, &[&SMALL, &explodes[..]].concat());
    assert!(text.contains("diverged") && status == Some(1), "{text}");
    if folder.join("v.safetensors").exists() {
        train(&folder, &["--load", "v.safetensors", "--steps", "0"]);
    }
}
