//! `serve`: the page on this machine. A static file server on the loopback interface.

use crate::{Failure, Outcome, build, fail, tell};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Ports that are tried after the wanted one.
const FURTHER_PORTS: u16 = 20;

/// What the page may do: its own files and nothing else. The page's HTML says the same, for other hosts.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
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
    let listener = listen(arguments.port)?;
    // Scripts read the address from the first line.
    tell!("AlexNet Lab: http://{}/   (Ctrl+C ends)", listener.local_addr()?);
    std::io::stdout().flush()?;
    listener.set_nonblocking(true)?;
    // Files are small and in the cache of the system: one thread reads and sends them all.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let files = Router::new().fallback(answer).with_state(Arc::from(folder));
    Ok(runtime.block_on(async { axum::serve(tokio::net::TcpListener::from_std(listener)?, files).await })?)
}

fn listen(port: u16) -> Outcome<TcpListener> {
    let last = if port == 0 { 0 } else { port.saturating_add(FURTHER_PORTS) };
    let mut why = String::new();
    for port in port..=last {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(listener) => return Ok(listener),
            Err(error) => why = error.to_string(),
        }
    }
    Err(Failure::new(format!(
        "None of the ports {port} to {last} of 127.0.0.1 could be opened: {why}. Give another one with --port."
    )))
}

async fn answer(State(folder): State<Arc<Path>>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = sentence(StatusCode::METHOD_NOT_ALLOWED, "This server only gives files: GET and HEAD.");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let address = request.uri().path_and_query().map_or("", |address| address.as_str());
    let Some(name) = file_name(address) else {
        return sentence(StatusCode::BAD_REQUEST, "This address is not that of a file of the page.");
    };
    match std::fs::read(folder.join(&name)) {
        Ok(bytes) => with_headers(bytes.into_response(), mime_type(&name)),
        Err(_) => sentence(StatusCode::NOT_FOUND, &format!("The page has no file {name}.")),
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

fn sentence(status: StatusCode, text: &str) -> Response {
    with_headers((status, text.to_string()).into_response(), "text/plain; charset=utf-8")
}

fn with_headers(mut response: Response, mime_type: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, mime_type),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
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
    use super::{CONTENT_SECURITY_POLICY, file_name};
    use crate::repository;

    #[test]
    fn the_html_has_the_policy_of_the_headers() {
        for file in ["index.html", "embed.html"] {
            let html = std::fs::read_to_string(repository().join("www").join(file)).unwrap();
            let policy = format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{CONTENT_SECURITY_POLICY}\" />");
            assert!(html.contains(&policy), "{file} needs {policy}");
        }
    }

    #[test]
    fn no_address_leads_out_of_the_folder() {
        assert_eq!(file_name("/").as_deref(), Some("index.html"));
        assert_eq!(file_name("/js/worker.js?x=1#y").as_deref(), Some("js/worker.js"));
        for url in ["/../Cargo.toml", "/js/../../x", "//etc/passwd", "/.git/config", "/a\\..\\b", "/C:/x", "*", "", "/js//x"] {
            assert_eq!(file_name(url), None, "{url}");
        }
    }
}
