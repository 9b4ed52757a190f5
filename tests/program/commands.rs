//! The native program as a user meets it: flags, files, exit status and the served page.

use crate::common::{PROGRAM, SMALL, complaint, folder, json_lines, run, train};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, UNIX_EPOCH};

#[test]
fn the_log_has_one_line_a_step() {
    let folder = folder("log");
    train(&folder, &["--steps", "5", "--test-every", "2", "--test-size", "20", "--train-eval", "true", "--log", "run.jsonl"]);
    let lines = json_lines(&folder.join("run.jsonl"));
    assert_eq!(lines.len(), 5);
    for (index, line) in lines.iter().enumerate() {
        assert_eq!(line["step"], index + 1);
        assert!(line["loss"].as_f64().unwrap() > 0.0);
        let right = line["accuracy"].as_f64().unwrap() * 8.0;
        assert!((0.0..=8.0).contains(&right) && right.fract() == 0.0);
        let evaluated = (index + 1) % 2 == 0;
        assert_eq!(line["test_loss"].as_f64().is_some_and(|loss| loss > 0.0), evaluated);
        let right = line["test_accuracy"].as_f64().map(|accuracy| accuracy * 20.0);
        assert_eq!(right.is_some_and(|right| (right - right.round()).abs() < 1e-9), evaluated);
        assert_eq!(line["train_eval_loss"].as_f64().is_some_and(|loss| loss > 0.0), evaluated);
        let right = line["train_eval_accuracy"].as_f64().map(|accuracy| accuracy * 20.0);
        assert_eq!(right.is_some_and(|right| (right - right.round()).abs() < 1e-9), evaluated);
    }
    // So has the last one, with --eval.
    train(&folder, &["--steps", "1", "--train-eval", "true", "--eval", "--log", "eval.jsonl"]);
    assert!(json_lines(&folder.join("eval.jsonl"))[0]["train_eval_loss"].as_f64().is_some_and(|loss| loss > 0.0));
    // The first loss of ten classes that are still unknown is near ln 10 = 2.3.
    assert!((1.0..6.0).contains(&lines[0]["loss"].as_f64().unwrap()), "{}", lines[0]);
}

#[test]
fn a_resumed_run_is_the_same_run() {
    let folder = folder("resume");
    let settings = ["--norm", "bn", "--augment", "--test-every", "0"];
    let run = |arguments: &[&str]| train(&folder, &[&settings, arguments].concat());
    run(&["--steps", "10", "--log", "whole.jsonl", "--save", "whole.safetensors"]);
    run(&["--steps", "5", "--log", "parts.jsonl", "--save", "half.safetensors"]);
    // The settings come from the file.
    let backend = ["train", "--backend", "cpu", "--resume", "half.safetensors"];
    let rest = ["--steps", "5", "--log", "parts.jsonl", "--save", "parts.safetensors"];
    let output = self::run(&folder, &[backend.as_slice(), &rest].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    assert_eq!(text("whole.jsonl"), text("parts.jsonl"));
    let bytes = |name: &str| fs::read(folder.join(name)).unwrap();
    assert_eq!(bytes("whole.safetensors"), bytes("parts.safetensors"));
    assert_ne!(bytes("half.safetensors"), bytes("parts.safetensors"));

    let (text, status) = complaint(&folder, &["train", "--resume", "half.safetensors", "--width", "1"]);
    assert_eq!(status, Some(2));
    assert!(text.contains("--width cannot be changed when a run continues"), "{text}");
}

#[test]
fn predictions_are_one_line_a_test_image_and_fit_the_evaluation() {
    let folder = folder("predictions");
    train(&folder, &["--steps", "3", "--save", "w.safetensors", "--test-every", "0"]);
    let arguments = ["train", "--load", "w.safetensors", "--steps", "0", "--eval", "--predictions", "out.jsonl"];
    let output = run(&folder, &arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let evaluation: Value = serde_json::from_slice(&output.stdout).unwrap();
    let lines = json_lines(&folder.join("out.jsonl"));
    assert_eq!((lines.len(), evaluation["images"].as_u64()), (2000, Some(2000)));
    let (mut loss, mut right) = (0.0, 0);
    for (index, line) in lines.iter().enumerate() {
        assert_eq!(line["index"], index);
        let label = line["label"].as_u64().unwrap() as usize;
        let logits: Vec<f64> = line["logits"].as_array().unwrap().iter().map(|z| z.as_f64().unwrap()).collect();
        assert_eq!(logits.len(), 10);
        let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        loss += logits.iter().map(|z| (z - largest).exp()).sum::<f64>().ln() + largest - logits[label];
        right += usize::from(logits[label] == largest);
    }
    // The file's logits are exact f32 values, so only the order of an f64 sum differs.
    assert!((evaluation["test_loss"].as_f64().unwrap() - loss / 2000.0).abs() < 1e-9, "{evaluation} {loss}");
    assert!((evaluation["test_accuracy"].as_f64().unwrap() - right as f64 / 2000.0).abs() < 1e-9, "{evaluation} {right}");
}

#[test]
fn a_run_stops_where_its_settings_say() {
    let folder = folder("stop");
    let stops = |settings: &[&str]| {
        let common = ["--steps", "9", "--test-every", "2", "--test-size", "20", "--log", "run.jsonl"];
        let output = train(&folder, &[&common, settings].concat());
        (json_lines(&folder.join("run.jsonl")).len(), String::from_utf8(output.stderr).unwrap())
    };
    let told = |text: &str, sentence: &str| assert!(text.contains(sentence), "{text}");
    let (steps, text) = stops(&["--stop-steps", "5"]);
    assert_eq!(steps, 5);
    told(&text, "Stopped at step 5: stop_steps is 5.");
    // Any loss is below 10, and some of 20 images are right by chance or nearly so.
    let (steps, text) = stops(&["--stop-loss", "10"]);
    assert_eq!(steps, 2);
    told(&text, "Stopped at step 2: stop_loss is 10.");
    let (steps, text) = stops(&["--stop-accuracy", "100", "--stop-steps", "40", "--stop-seconds", "80000"]);
    assert_eq!(steps, 9, "none of them is met");
    assert!(!text.contains("Stopped"), "{text}");
    let (text, status) = complaint(&folder, &[&SMALL[..], &["--steps", "9", "--stop-steps", "3", "--until-error", "0"]].concat());
    assert!(text.contains("Stopped at step 3") && text.contains("above 0 % at every evaluation"), "{text}");
    assert_eq!(status, Some(1));
}

#[test]
fn the_script_lies_beside_its_weights() {
    let folder = folder("script");
    train(&folder, &["--steps", "1", "--test-every", "0", "--save", "my run.safetensors", "--script", "net.py"]);
    let script = fs::read_to_string(folder.join("net.py")).unwrap();
    assert!(script.contains(r#"with_name("my run.safetensors")"#), "{script}");
    assert!(script.contains("self.conv1 = nn.Conv2d(3, 8, kernel_size=5, stride=1, padding=2)"), "{script}");
    let (text, status) = complaint(&folder, &["train", "--steps", "0", "--script", "net.py"]);
    assert!(text.contains("--save <FILE>"), "{text}");
    assert_eq!(status, Some(2));
}

#[test]
fn a_diverged_run_says_where_and_keeps_the_last_good_state() {
    let folder = folder("diverged");
    let arguments = ["--steps", "50", "--lr", "10", "--log", "run.jsonl", "--save", "w.safetensors"];
    let (text, status) = complaint(&folder, &[SMALL.as_slice(), &arguments].concat());
    assert_eq!(status, Some(1), "{text}");
    let lines = json_lines(&folder.join("run.jsonl"));
    assert!(lines.len() < 50);
    assert!(text.contains(&format!("Training diverged at step {}: ", lines.len())), "{text}");
    assert!(text.contains("learning rate") && text.contains("The last good state is in w.safetensors."), "{text}");
    // All weights in the file are finite, and a run can start from it.
    let bytes = fs::read(folder.join("w.safetensors")).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    for (name, tensor) in tensors.tensors() {
        let finite = tensor.data().chunks_exact(4).all(|f| f32::from_le_bytes(f.try_into().unwrap()).is_finite());
        assert!(finite, "{name}");
    }
    let output = run(&folder, &["train", "--backend", "cpu", "--load", "w.safetensors", "--steps", "0", "--lr", "0.001"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn misuse_gets_a_sentence_and_status_2() {
    let folder = folder("misuse");
    let cases: [(&[&str], &str); 9] = [
        (&["train", "--activation", "gelu"], "must be one of relu, sigmoid, tanh, leaky_relu"),
        (&["train", "--dropout", "0.95"], "must be between 0 and 0.9"),
        (&["train", "--train-size", "1.5"], "must be between 1 and 60000"),
        (&["train", "--lr", "NaN"], "must be between 0 and 10"),
        (&["train", "--steps", "five"], "invalid value 'five' for '--steps"),
        (&["train", "--steps", "1", "--epochs", "1"], "cannot be used with"),
        (&["train", "--theme", "dark"], "unexpected argument '--theme'"),
        (&["fly"], "unrecognized subcommand 'fly'"),
        (&["serve", "--port", "70000"], "70000"),
    ];
    for (arguments, sentence) in cases {
        let (text, status) = complaint(&folder, arguments);
        assert!(text.contains(sentence), "{arguments:?}: {text}");
        assert_eq!(status, Some(2), "{arguments:?}: {text}");
    }
}

#[test]
fn a_file_that_cannot_be_used_gets_a_sentence_and_status_1() {
    let folder = folder("files");
    fs::write(folder.join("noise.bin"), [77; 5000]).unwrap();
    fs::write(folder.join("noise.safetensors"), [77; 5000]).unwrap();
    let cases: [(&[&str], &str); 5] = [
        (&["train", "--data", "missing.bin"], "missing.bin"),
        (&["train", "--data", "noise.bin"], "noise.bin"),
        (&["train", "--load", "noise.safetensors"], "noise.safetensors: this is not a safetensors file"),
        (&["train", "--steps", "0", "--log", "no/such/folder.jsonl"], "no/such/folder.jsonl"),
        (&["train", "--steps", "0", "--save", "no/such/w.safetensors"], "the folder no/such does not exist"),
    ];
    for (arguments, sentence) in cases {
        let (text, status) = complaint(&folder, arguments);
        assert!(text.contains(sentence), "{arguments:?}: {text}");
        assert_eq!((status, text.lines().count()), (Some(1), 1), "{arguments:?}: {text}");
    }
}

/// A server that stops when the test ends.
struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn start(folder: &Path, port: u16) -> Server {
        let arguments = ["serve", "--port", &port.to_string(), "--dir", "."];
        let mut process = Command::new(PROGRAM).args(arguments).current_dir(folder).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split_once("http://127.0.0.1:").expect("the address is printed").1;
        let port = address.split('/').next().unwrap().parse().unwrap();
        Server { process, port }
    }

    /// Status, headers in lower case, and body.
    fn ask(&self, request: &str) -> (u16, String, Vec<u8>) {
        self.ask_with(request, "Accept: */*")
    }

    /// The same with a header.
    fn ask_with(&self, request: &str, header: &str) -> (u16, String, Vec<u8>) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(stream, "{request} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{header}\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(answer[..end].to_vec()).unwrap().to_lowercase();
        (head[9..12].parse().unwrap(), head, answer[end + 4..].to_vec())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_server_gives_files_with_the_right_headers_and_nothing_else() {
    let folder = folder("serve");
    let wasm: Vec<u8> = (0..100_000u32).map(|i| (i % 251) as u8).collect();
    fs::create_dir_all(folder.join("page/pkg")).unwrap();
    fs::write(folder.join("secret.txt"), "secret").unwrap();
    fs::write(folder.join("page/.hidden"), "secret").unwrap();
    fs::write(folder.join("page/index.html"), "<!doctype html>").unwrap();
    fs::write(folder.join("page/pkg/engine_bg.wasm"), &wasm).unwrap();
    let server = Server::start(&folder.join("page"), 0);

    let (status, head, body) = server.ask("GET /pkg/engine_bg.wasm?v=1");
    assert_eq!(status, 200);
    assert!(head.contains("content-type: application/wasm") && head.contains("content-length: 100000"), "{head}");
    assert_eq!(body, wasm);
    let (status, head, body) = server.ask("GET /");
    assert_eq!((status, body.as_slice()), (200, b"<!doctype html>".as_slice()));
    for header in ["content-type: text/html; charset=utf-8", "cache-control: no-store", "x-content-type-options: nosniff"] {
        assert!(head.contains(header), "{head}");
    }
    assert!(head.contains("content-security-policy: default-src 'none'; script-src 'self' 'wasm-unsafe-eval'"), "{head}");
    assert_eq!(head.matches("\r\ncontent-type:").count(), 1, "{head}");
    // A page in a slide must be able to frame this one.
    assert!(!head.contains("frame-ancestors") && !head.contains("x-frame-options"), "{head}");
    let (status, head, body) = server.ask("HEAD /");
    assert_eq!((status, body.len()), (200, 0));
    assert!(head.contains("content-length: 15"), "{head}");

    for path in [
        "/../secret.txt",
        "/pkg/../../secret.txt",
        "/..%2fsecret.txt",
        "//secret.txt",
        "/.hidden",
        "/pkg",
        "/none.html",
        "/%2ehidden",
        "/pkg%2f..%2f.hidden",
        "/pkg/%2e%2e/.hidden",
        "/pkg/",
        "/js/../../x",
        "//etc/passwd",
        "/.git/config",
        "/a\\..\\b",
        "/\\.hidden",
        "/C:/x",
        "*",
        "/js//x",
        "/index.html/",
        "/%00",
        "/%ff",
    ] {
        let (status, head, body) = server.ask(&format!("GET {path}"));
        assert!(matches!(status, 400 | 404), "{path}: {head}");
        assert!(!String::from_utf8_lossy(&body).contains("doctype") && !body.starts_with(b"secret"), "{path}");
    }
    let (_, head, body) = server.ask("GET /none.html");
    assert_eq!(String::from_utf8(body).unwrap(), "The page has no file none.html.");
    for header in ["content-type: text/plain; charset=utf-8", "cache-control: no-store", "content-security-policy: "] {
        assert!(head.contains(header), "{head}");
    }
    let (status, head, _) = server.ask("POST /");
    assert!(status == 405 && head.contains("\r\nallow: get, head\r\n"), "{head}");

    // A second server on the same port takes the next one.
    let second = Server::start(&folder.join("page"), server.port);
    assert!(second.port > server.port);
    assert_eq!(second.ask("GET /").0, 200);
}

#[test]
fn the_server_gives_parts_of_files_and_says_that_one_is_unchanged() {
    let folder = folder("parts");
    let mut file = fs::File::create(folder.join("index.html")).unwrap();
    file.write_all(b"<!doctype html>").unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_secs(1_000_000_000)).unwrap();
    let server = Server::start(&folder, 0);
    let (_, head, _) = server.ask("GET /");
    for header in ["accept-ranges: bytes", "last-modified: sun, 09 sep 2001 01:46:40 gmt"] {
        assert!(head.contains(header), "{head}");
    }
    let tag = head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap();

    for (range, part, place) in [("2-8", "doctype", "2-8"), ("9-", " html>", "9-14"), ("-5", "html>", "10-14")] {
        let (status, head, body) = server.ask_with("GET /", &format!("Range: bytes={range}"));
        assert_eq!((status, String::from_utf8(body).unwrap().as_str()), (206, part), "{head}");
        assert!(head.contains(&format!("content-range: bytes {place}/15")), "{head}");
        assert!(head.contains("content-security-policy: ") && head.contains("cache-control: no-store"), "{head}");
    }
    let (status, head, _) = server.ask_with("GET /", "Range: bytes=15-");
    assert!(status == 416 && head.contains("content-range: bytes */15"), "{head}");

    for header in ["If-Modified-Since: Sun, 09 Sep 2001 01:46:40 GMT", &format!("If-None-Match: {tag}")] {
        let (status, head, body) = server.ask_with("GET /", header);
        assert_eq!((status, body.len()), (304, 0), "{head}");
    }
    let (status, _, body) = server.ask_with("GET /", "If-Modified-Since: Sun, 09 Sep 2001 01:46:39 GMT");
    assert_eq!((status, body.len()), (200, 15));
}

/// Browsers keep connections open, and open several at once: none may wait until another closes.
#[test]
fn a_server_answers_on_every_connection_while_the_others_stay_open() {
    let folder = folder("connections");
    fs::write(folder.join("index.html"), "<!doctype html>").unwrap();
    let server = Server::start(&folder, 0);
    for round in 0..5 {
        let ask = |_| {
            let mut stream = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
            write!(stream, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").unwrap();
            stream
        };
        let mut open: Vec<TcpStream> = (0..24).map(ask).collect();
        for (i, stream) in open.iter_mut().enumerate() {
            let mut status = [0; 12];
            stream.read_exact(&mut status).unwrap_or_else(|error| panic!("round {round}, connection {i}: {error}"));
            assert_eq!(&status, b"HTTP/1.1 200");
        }
    }
}

#[test]
fn a_run_stops_at_the_test_error_asked_for() {
    let folder = folder("until_error");
    let evaluated = ["--test-every", "3", "--test-size", "20", "--steps", "9"];
    // Any error is at most 100 %: the first evaluation ends the run.
    let output = train(&folder, &[&evaluated[..], &["--until-error", "100", "--log", "run.jsonl"]].concat());
    let line: Value = serde_json::from_slice(&output.stdout).unwrap();
    let lines = json_lines(&folder.join("run.jsonl"));
    assert_eq!((line["step"].as_u64(), lines.len()), (Some(3), 3));
    let accuracy = lines[2]["test_accuracy"].as_f64().unwrap();
    assert!((line["test_error"].as_f64().unwrap() - (1.0 - accuracy) * 100.0).abs() < 1e-9, "{line}");
    let [training, all] = ["seconds_without_evaluations", "seconds"].map(|key| line[key].as_f64().unwrap());
    assert!(0.0 < training && training < all, "{line}");
    // No error is below 0 %.
    let (text, status) = complaint(&folder, &[&SMALL[..], &evaluated, &["--until-error", "-1"]].concat());
    assert!(text.contains("above -1 % at every evaluation"), "{text}");
    assert_eq!(status, Some(1));
    let (text, status) = complaint(&folder, &[&SMALL[..], &["--until-error", "50", "--test-every", "0"]].concat());
    assert!(text.contains("with test_every 0 there are none") && status == Some(2), "{text}");
}

#[test]
fn bench_prints_what_a_step_costs() {
    let arguments = ["bench", "--backend", "cpu", "--width", "0.25", "--batch", "4", "--steps", "3", "--warm-up", "1"];
    let output = run(&folder("bench"), &arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let number = |value: &Value| value.as_f64().unwrap();
    assert_eq!((report["backend"].as_str(), number(&report["batch"]), number(&report["steps"])), (Some("cpu"), 4.0, 3.0));
    let milliseconds = &report["ms_per_step"];
    let [min, median, max] = ["min", "median", "max"].map(|key| number(&milliseconds[key]));
    assert!(0.0 < min && min <= median && median <= max, "{report}");
    assert!((number(&report["images_per_second"]) * median / 4000.0 - 1.0).abs() < 1e-9, "{report}");
    // The network of width 0.25, by hand: 2 * MACs of forward, weight gradients and input gradients except conv1's.
    let convs = [(1024, 75 * 8), (256, 200 * 16), (64, 144 * 24), (64, 216 * 24), (64, 216 * 16)];
    let macs = convs.iter().map(|(positions, weights)| positions * weights).sum::<u64>() + 256 * 64 + 64 * 64 + 64 * 10;
    let operations = 4.0 * 2.0 * (3 * macs - 1024 * 75 * 8) as f64;
    assert_eq!(number(&report["macs"]) * 2.0, operations);
    let planned = run(&folder("bench_dry"), &["bench", "--backend", "cpu", "--width", "0.25", "--batch", "4", "--dry-run"]);
    let planned: Value = serde_json::from_slice(&planned.stdout).unwrap();
    for key in ["memory_bytes", "parameters", "macs"] {
        assert!(number(&planned[key]) > 0.0 && planned[key] == report[key], "{key}: {planned} {report}");
    }
    assert!(planned.get("ms_per_step").is_none(), "nothing was trained: {planned}");
    assert!((number(&report["gflops"]) * 1e6 * median / operations - 1.0).abs() < 1e-9, "{report}");
    let keys = ["gflops", "product_gflops", "share_of_product", "workers"];
    let [rate, product, share, workers] = keys.map(|key| number(&report[key]));
    assert_eq!(workers, 2.0, "{report}");
    assert!(product > 0.0 && (share * product * workers / rate - 1.0).abs() < 1e-9, "{report}");
    // Ten classes and small logits at the start: near ln 10.
    assert!((1.5..3.5).contains(&number(&report["loss"]["first"])), "{report}");
}

#[test]
fn check_agrees_on_this_machines_adapter() {
    let output = run(&folder("check"), &["check"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let right = text.lines().filter(|line| line.ends_with(" ok")).count();
    assert!(text.ends_with(&format!("All {right} combinations agree with the CPU.\n")) && right > 10, "{text}");
}

/// A folder that looks like the repository to `build`, with shell scripts as the only tools.
#[cfg(unix)]
fn build_with(test: &str, tools: &[(&str, &str)]) -> (String, Option<i32>, PathBuf) {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder(test);
    for below in ["www", "bin", "sysroot"] {
        fs::create_dir(folder.join(below)).unwrap();
    }
    fs::write(folder.join("www/index.html"), "").unwrap();
    for (name, script) in tools {
        let path = folder.join("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let environment = [("PATH", folder.join("bin")), ("CARGO_MANIFEST_DIR", folder.clone())];
    let output = Command::new(PROGRAM).arg("build").current_dir(&folder).envs(environment).output().unwrap();
    (String::from_utf8(output.stderr).unwrap(), output.status.code(), folder)
}

#[test]
#[cfg(unix)]
fn build_says_what_is_missing_and_installs_the_target() {
    let (text, status, _) = build_with("no_npm", &[]);
    assert!(text.contains("npm could not be started") && text.contains("Install Node.js 20"), "{text}");
    assert_eq!(status, Some(1));
    let (text, status, _) = build_with("no_rustc", &[("npm", "exit 0")]);
    assert!(text.contains("rustc could not be started") && text.contains("https://rustup.rs"), "{text}");
    assert_eq!(status, Some(1));

    let rustc = ("rustc", "echo sysroot");
    let (text, status, _) = build_with("no_network", &[("npm", "exit 0"), rustc, ("rustup", "exit 1")]);
    assert!(text.contains("rustup ended with") && text.contains("The page needs Rust's WebAssembly target"), "{text}");
    assert_eq!(status, Some(1));
    // With the target, the compiler comes next; its failure is passed on.
    let (rustup, cargo) = (("rustup", "echo \"$@\" >> rustup.log"), ("cargo", "echo no such profile >&2; exit 101"));
    let (text, status, folder) = build_with("target", &[("npm", "exit 0"), rustc, rustup, cargo]);
    assert_eq!(fs::read_to_string(folder.join("rustup.log")).unwrap(), "target add wasm32-unknown-unknown\n");
    assert!(text.contains("no such profile\n") && text.contains("The engine could not be compiled"), "{text}");
    assert_eq!(status, Some(1));

    fs::remove_file(folder.join("www/index.html")).unwrap();
    let output = Command::new(PROGRAM).arg("build").env("CARGO_MANIFEST_DIR", &folder).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("has no www/index.html") && output.status.code() == Some(1), "{text}");
}
