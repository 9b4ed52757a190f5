//! What other sites read of the page when somebody shares its address: Open Graph and oEmbed. Both need an absolute address, so they are
//! written only by `build --address`.

use crate::outcome::{Outcome, about, fail};
use crate::tools::Page;
use serde_json::json;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

const TITLE: &str = "AlexNet Lab";
/// The picture of the network, with its width and height in pixels; `tests/browser/draw_picture.mjs` draws it.
const PICTURE: (&str, u32, u32) = ("picture.png", 1200, 630);
/// Pages that are shared.
const PAGES: [&str; 2] = ["index.html", "embed.html"];

/// Remembers the address of the next builds, or that there is none.
pub fn remember(page: &Page, address: Option<&str>) -> Outcome {
    let file = page.work.join("address");
    match address {
        Some(address) => fs::write(&file, folder(address)?).map_err(about(&file))?,
        None => remove(&file)?,
    }
    Ok(())
}

/// Brings the heads of the pages and `oembed.json` up to date.
pub fn write(page: &Page) -> Outcome {
    let address = fs::read_to_string(page.work.join("address")).ok();
    for name in PAGES {
        let html = fs::read_to_string(page.root.join("www").join(name))?;
        replace(&page.dist.join(name), &filled(&html, address.as_deref()))?;
    }
    let oembed = page.dist.join("oembed.json");
    match address {
        Some(address) => replace(&oembed, &described(&address)),
        None => remove(&oembed),
    }
}

/// The address of a folder, with `/` at its end.
fn folder(address: &str) -> Outcome<String> {
    let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://")).unwrap_or_default();
    let plain = |c: char| c.is_ascii_graphic() && !"\"'<>`\\?#".contains(c);
    if rest.trim_matches('/').is_empty() || !rest.chars().all(plain) {
        fail!("{address} is no address of a folder. Write it as in --address https://your.host/lab/.");
    }
    Ok(format!("{}/", address.trim_end_matches('/').trim_end_matches("/index.html")))
}

/// A page with the lines that its address makes possible.
fn filled(html: &str, address: Option<&str>) -> String {
    let Some(address) = address else { return html.into() };
    let address = &address.replace('&', "&amp;");
    let (picture, width, height) = PICTURE;
    let lines = [
        format!("<link rel=\"canonical\" href=\"{address}\" />"),
        format!("<link rel=\"alternate\" type=\"application/json+oembed\" href=\"{address}oembed.json\" title=\"{TITLE}\" />"),
        format!("<meta property=\"og:url\" content=\"{address}\" />"),
        format!("<meta property=\"og:image\" content=\"{address}{picture}\" />"),
        format!("<meta property=\"og:image:width\" content=\"{width}\" />"),
        format!("<meta property=\"og:image:height\" content=\"{height}\" />"),
        "<meta name=\"twitter:card\" content=\"summary_large_image\" />".into(),
    ];
    html.replacen("  </head>", &format!("    {}\n  </head>", lines.join("\n    ")), 1)
}

/// `oembed.json`: a frame with the default settings. A file cannot answer for the settings of a link. See <https://oembed.com>.
fn described(address: &str) -> String {
    let (picture, width, height) = PICTURE;
    let frame = format!(
        "<iframe src=\"{address}embed.html#v=1\" width=\"640\" height=\"360\" title=\"{TITLE}\" style=\"border: 0; max-width: 100%\"></iframe>"
    );
    let answer = json!({
        "version": "1.0",
        "type": "rich",
        "title": TITLE,
        "provider_name": TITLE,
        "provider_url": address,
        "width": 640,
        "height": 360,
        "html": frame,
        "thumbnail_url": format!("{address}{picture}"),
        "thumbnail_width": width,
        "thumbnail_height": height,
    });
    format!("{answer:#}\n")
}

/// Writes a file in one piece, as a server may be reading it; not if it is the same.
fn replace(file: &Path, content: &str) -> Outcome {
    if fs::read_to_string(file).is_ok_and(|old| old == content) {
        return Ok(());
    }
    let new = file.with_extension("new");
    fs::write(&new, content).map_err(about(&new))?;
    fs::rename(&new, file).map_err(about(file))
}

fn remove(file: &Path) -> Outcome {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(about(file)(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::folder;

    #[test]
    fn an_address_is_that_of_a_folder() {
        let of = |address| folder(address).map_err(|failure| failure.sentence);
        for address in ["https://your.host/lab/", "https://your.host/lab", "https://your.host/lab/index.html"] {
            assert_eq!(of(address), Ok("https://your.host/lab/".into()));
        }
        assert_eq!(of("http://127.0.0.1:8080"), Ok("http://127.0.0.1:8080/".into()));
        for address in [
            "",
            "your.host",
            "https://",
            "https:///",
            "ftp://your.host/",
            "https://your.host/?a=1",
            "https://a\"b/",
            "https://a b/",
            "https://实验/",
        ] {
            assert!(of(address).unwrap_err().contains("--address https://your.host/lab/"), "{address}");
        }
    }
}
