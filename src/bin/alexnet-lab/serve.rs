//! `serve`: the page on this machine. A static file server on the loopback interface.

use crate::{Failure, Outcome, build, fail};
use std::fs::File;
use std::io::Write;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tiny_http::{Header, Method, Request, Response, Server};

const THREADS: usize = 4;
/// Ports that are tried after the wanted one.
const FURTHER_PORTS: u16 = 20;

/// What the page may do: its own files and nothing else. The page's HTML says the same for other hosts.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
     img-src 'self' data: blob:; connect-src 'self'; worker-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'";

#[derive(clap::Args)]
pub struct Arguments {
    /// Port on 127.0.0.1; the next free one is taken if it is in use, 0 takes any
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Serve this folder as it is, and build nothing
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
}

/// Serves until the program is ended.
pub fn run(arguments: &Arguments) -> Outcome {
    let folder = match &arguments.dir {
        Some(folder) if folder.is_dir() => folder.clone(),
        Some(folder) => fail!("{} is not a folder. Give a folder with an index.html.", folder.display()),
        None => build::run()?,
    };
    let server = Arc::new(listen(arguments.port)?);
    // Scripts read the address from the first line.
    println!("AlexNet Lab: http://{}/   (Ctrl+C ends)", server.server_addr());
    std::io::stdout().flush()?;
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for request in server.incoming_requests() {
                    // A browser that went away in the middle of an answer is no error of ours.
                    let _ = answer(request, &folder);
                }
            });
        }
    });
    Ok(())
}

fn listen(port: u16) -> Outcome<Server> {
    let last = if port == 0 { 0 } else { port.saturating_add(FURTHER_PORTS) };
    let mut why = String::new();
    for port in port..=last {
        match Server::http((Ipv4Addr::LOCALHOST, port)) {
            Ok(server) => return Ok(server),
            Err(error) => why = error.to_string(),
        }
    }
    Err(Failure::new(format!(
        "None of the ports {port} to {last} of 127.0.0.1 could be opened: {why}. Give another one with --port."
    )))
}

fn answer(request: Request, folder: &Path) -> std::io::Result<()> {
    if !matches!(request.method(), Method::Get | Method::Head) {
        let allow = header("Allow", "GET, HEAD");
        return request.respond(sentence(405, "This server only gives files: GET and HEAD.").with_header(allow));
    }
    let Some(name) = file_name(request.url()) else {
        return request.respond(sentence(400, "This address is not that of a file of the page."));
    };
    let path = folder.join(&name);
    match File::open(&path) {
        Ok(file) if path.is_file() => {
            // The length is always announced: the page shows how much of a file has arrived.
            let response = Response::from_file(file).with_chunked_threshold(usize::MAX);
            request.respond(with_headers(response, mime_type(&name)))
        }
        _ => request.respond(sentence(404, &format!("The page has no file {name}."))),
    }
}

/// The file that a request's address means, or `None` if it could lead out of the folder or to a hidden file.
///
/// Nothing is percent-decoded: the page's own files have plain names, so an encoded path can only be no file of ours.
fn file_name(url: &str) -> Option<String> {
    let path = url.split(['?', '#']).next()?.strip_prefix('/')?;
    let path = if path.is_empty() { "index.html" } else { path };
    let plain = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', ':', '\0']);
    path.split('/').all(plain).then(|| path.into())
}

fn sentence(status: u16, text: &str) -> Response<std::io::Cursor<Vec<u8>>> {
    with_headers(Response::from_string(text).with_status_code(status), "text/plain; charset=utf-8")
}

fn with_headers<R: std::io::Read>(response: Response<R>, mime_type: &str) -> Response<R> {
    let headers = [
        ("Content-Type", mime_type),
        ("Cache-Control", "no-store"),
        ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
    ];
    headers.into_iter().fold(response, |response, (name, value)| response.with_header(header(name, value)))
}

fn header(name: &str, value: &str) -> Header {
    Header::from_bytes(name, value).expect("our headers are ASCII")
}

fn mime_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "wasm" => "application/wasm",
        "png" => "image/png",
        "webp" => "image/webp",
        "svg" => "image/svg+xml",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn no_address_leads_out_of_the_folder() {
        assert_eq!(file_name("/").as_deref(), Some("index.html"));
        assert_eq!(file_name("/js/worker.js?x=1#y").as_deref(), Some("js/worker.js"));
        for url in ["/../Cargo.toml", "/js/../../x", "//etc/passwd", "/.git/config", "/a\\..\\b", "/C:/x", "*", "", "/js//x"] {
            assert_eq!(file_name(url), None, "{url}");
        }
    }
}
