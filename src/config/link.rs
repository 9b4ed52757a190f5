//! Links as they arrive: mail programs, chats, editors and forms encode a fragment once more, escape it, or append the text
//! around it. Bytes are read one by one, because the page loads this file's code before anything else.

/// Layers of encoding that are removed; more have never been seen.
pub const LAYERS: usize = 3;

/// Escapes, and the characters they stand for.
const ESCAPED: [(&[u8], u8); 5] = [(b"&amp;", b'&'), (b"&#38;", b'&'), (b"&#x26;", b'&'), (b"\\u0026", b'&'), (b"=3d", b'=')];

/// The settings as they may have been `layers` encodings ago, each word without characters that cannot belong to it. Every word
/// of a link is lower case. A fragment that the lab wrote is unchanged.
pub fn mended(text: &str, layers: usize) -> String {
    let mut bytes = text.as_bytes().to_ascii_lowercase();
    for _ in 0..layers {
        bytes = unescaped(&bytes);
    }
    let mut mended = Vec::new();
    // `;` may stand for `&`.
    for part in bytes.split(|byte| matches!(byte, b'&' | b';')) {
        let start = mended.len();
        if start > 0 {
            mended.push(b'&');
        }
        let before = mended.len();
        let (key, value) = part.split_at(part.iter().position(|byte| *byte == b'=').unwrap_or(part.len()));
        push_words(key, &mut mended);
        if let [_, value @ ..] = value {
            mended.push(b'=');
            push_words(value, &mut mended);
        }
        if mended.len() == before {
            // Letters outside ASCII are kept, so that the note can name them.
            if part.iter().any(|byte| !byte.is_ascii()) {
                mended.extend_from_slice(part);
            } else {
                mended.truncate(start);
            }
        }
    }
    String::from_utf8_lossy(&mended).into_owned()
}

/// The settings of a whole address: after `#`, or after `?` if nothing follows `#`. `None` if the text is encoded or no address.
#[cfg(not(target_arch = "wasm32"))]
fn own_part(text: &str) -> Option<&str> {
    let of_address = |before: &str| !before.contains('=') || before.contains(['/', '?']);
    let (before, fragment) = text.split_once('#').filter(|(before, _)| of_address(before)).unwrap_or((text, ""));
    match before.split_once('?') {
        _ if !fragment.is_empty() => Some(fragment),
        Some((_, query)) => Some(query),
        None => before.contains("://").then_some(""),
    }
}

/// The settings of an address, encoded or not, or of a text that has only settings.
#[cfg(not(target_arch = "wasm32"))]
pub fn settings_of(address: &str) -> String {
    let mut text = address.as_bytes().to_vec();
    for _ in 0..LAYERS {
        if let Some(own) = own_part(&String::from_utf8_lossy(&text)) {
            return own.into();
        }
        text = unescaped(&text);
    }
    address.into()
}

/// Removes one layer of encoding: percent codes and [`ESCAPED`]. Everything else stays.
fn unescaped(mut rest: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(rest.len());
    while let [first, after @ ..] = rest {
        let digit = |at: usize| char::from(*after.get(at)?).to_digit(16);
        let code = if *first == b'%' { digit(0).zip(digit(1)) } else { None };
        let escaped = ESCAPED.iter().find(|(escaped, _)| rest.starts_with(escaped));
        let (byte, length) = match (code, escaped) {
            (Some((high, low)), _) => ((16 * high + low) as u8, 3),
            (_, Some((escaped, byte))) => (*byte, escaped.len()),
            _ => (*first, 1),
        };
        bytes.push(byte.to_ascii_lowercase());
        rest = &rest[length..];
    }
    bytes
}

/// Appends a word, or several separated by commas. Drops what precedes it, what follows from the first character that cannot
/// belong to it, and a full stop at the end.
fn push_words(words: &[u8], mended: &mut Vec<u8>) {
    let start = mended.len();
    for word in words.split(|byte| *byte == b',') {
        let before = mended.len();
        if before > start {
            mended.push(b',');
        }
        let first = mended.len();
        let mut bytes = word.iter().copied();
        while let Some(byte) = bytes.next() {
            match byte {
                b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' => mended.push(byte),
                b'_' | b':' | b'=' | b'+' if mended.len() > first => mended.push(byte),
                // Markdown's backslash before `_`, and characters without width: U+00AD, U+200B to U+2060, U+FEFF.
                b'\\' => {}
                0xc2 => _ = bytes.next(),
                0xe2 | 0xef => _ = bytes.nth(1),
                _ if mended.len() > first => break,
                _ => {}
            }
        }
        while mended.len() > first && !mended[mended.len() - 1].is_ascii_alphanumeric() {
            mended.pop();
        }
        if mended.len() == first {
            mended.truncate(before);
        }
    }
}
