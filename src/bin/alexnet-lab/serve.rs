//! `serve`: serves the page on this machine, as static files on the loopback interface.

use crate::build;
use crate::outcome::{Failure, Outcome, fail, tell};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use tower_http::services::ServeDir;

/// How many more ports are tried after the wanted one.
const FURTHER_PORTS: u16 = 20;

/// The page may use only its own files. The page's HTML says the same, for other hosts.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
     img-src 'self' data: blob:; connect-src 'self'; worker-src 'self'; frame-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'";

/// The single file and the lecture have policies of their own, in their HTML.
const OWN_POLICY: [&str; 2] = ["/lab.html", "/slides/"];

#[derive(clap::Args)]
pub struct Arguments {
    /// Port on 127.0.0.1; if it is in use, the next free port; 0 for any free port
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Serve this folder as it is, without building
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
}

/// Serves until the program is ended.
pub fn run(arguments: &Arguments) -> Outcome {
    let folder = match &arguments.dir {
        Some(folder) if folder.is_dir() => folder.clone(),
        Some(folder) => fail!("{} is not a folder. Choose a folder with an index.html.", folder.display()),
        None => build::run()?.dist,
    };
    let listener = listen(arguments.port)?;
    // Scripts read the address from the first line.
    tell!("AlexNet Lab: http://{}/   (Ctrl+C to stop)", listener.local_addr()?);
    std::io::stdout().flush()?;
    listener.set_nonblocking(true)?;
    // Files are small and in the system's cache: one thread reads and sends them all.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let files = Router::new().fallback(answer).with_state(ServeDir::new(folder).redirect_to_trailing_slash(false));
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
        "None of the ports {port} to {last} on 127.0.0.1 could be opened: {why}. Choose another one with --port."
    )))
}

async fn answer(State(mut files): State<ServeDir>, request: Request) -> Response {
    let path = request.uri().path().to_string();
    // Hidden files are not part of the page. Characters that could hide a dot are refused too: the page's own files have plain
    // names.
    if path.contains("/.") || path.contains(['%', '\\']) {
        return with_headers(sentence(StatusCode::BAD_REQUEST, "This address does not belong to a file of the page."));
    }
    let response = match files.try_call(request).await {
        Ok(response) => response.into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    };
    let mut response = with_headers(match response.status() {
        StatusCode::NOT_FOUND => {
            sentence(StatusCode::NOT_FOUND, &format!("The page has no file {}.", path.trim_start_matches('/')))
        }
        status @ StatusCode::METHOD_NOT_ALLOWED => {
            let allow = [(header::ALLOW, "GET, HEAD")];
            (allow, sentence(status, "This server only sends files. Use GET or HEAD.")).into_response()
        }
        _ => response,
    });
    if OWN_POLICY.iter().any(|own| path.starts_with(own)) {
        response.headers_mut().remove(header::CONTENT_SECURITY_POLICY);
    }
    response
}

fn sentence(status: StatusCode, text: &str) -> Response {
    (status, text.to_string()).into_response()
}

fn with_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let fixed = [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        // Pages of other origins may embed the lab, even those that embed only what agrees to it.
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
        (HeaderName::from_static("cross-origin-embedder-policy"), "require-corp"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // `ServeDir` names the type of a text, but not its encoding.
    let text = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).filter(|kind| kind.starts_with("text/"));
    if let Some(text) = text.filter(|kind| !kind.contains(';')) {
        let text = HeaderValue::try_from(format!("{text}; charset=utf-8")).expect("visible letters");
        headers.insert(header::CONTENT_TYPE, text);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::CONTENT_SECURITY_POLICY;
    use crate::tools::repository;

    #[test]
    fn the_html_has_the_policy_of_the_headers() {
        for file in ["index.html", "embed.html"] {
            let html = std::fs::read_to_string(repository().join("www").join(file)).unwrap();
            let policy = format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{CONTENT_SECURITY_POLICY}\" />");
            assert!(html.contains(&policy), "{file} needs {policy}");
        }
    }
}
