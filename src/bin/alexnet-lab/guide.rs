//! The guide: turns the Markdown of `www/guide/` into plain HTML in `dist/guide/`, in every language. A step of `build`.

use crate::outcome::{Failure, Outcome, about, fail};
use pulldown_cmark::{CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};
use std::collections::HashMap;
use std::fs;
use std::path::Path;

/// A language, its folder, and the texts around a page's content.
pub struct Language {
    /// Folder of the Markdown and of the HTML; also the value of the lab's setting `lang`.
    pub folder: &'static str,
    pub tag: &'static str,
    name: &'static str,
    skip: &'static str,
    open: &'static str,
    pages: &'static str,
    here: &'static str,
    previous: &'static str,
    next: &'static str,
}

pub const LANGUAGES: [Language; 2] = [
    Language {
        folder: "en",
        tag: "en",
        name: "English",
        skip: "Skip to the content",
        open: "Open the lab",
        pages: "Guide",
        here: "On this page",
        previous: "Previous",
        next: "Next",
    },
    Language {
        folder: "zh",
        tag: "zh-Hans",
        name: "中文",
        skip: "跳到正文",
        open: "打开实验室",
        pages: "使用指南",
        here: "本页内容",
        previous: "上一页",
        next: "下一页",
    },
];

/// The first page; its links set the order of the others.
const FIRST: &str = "index";

/// From this many chapters on, a page has a list of them.
const CHAPTERS: usize = 3;

/// A page converted from Markdown to HTML.
struct Sheet {
    /// The file's name without its ending.
    name: String,
    title: String,
    content: String,
    /// The pages that it links to.
    links: Vec<String>,
}

/// Writes the guide to `target`, replacing what is there.
pub fn render(www: &Path, target: &Path) -> Outcome {
    let source = www.join("guide");
    if target.exists() {
        fs::remove_dir_all(target).map_err(about(target))?;
    }
    let template = read(&source.join("page.html"))?;
    for (language, other) in [(&LANGUAGES[0], &LANGUAGES[1]), (&LANGUAGES[1], &LANGUAGES[0])] {
        let folder = target.join(language.folder);
        fs::create_dir_all(&folder).map_err(about(&folder))?;
        let sheets = sheets(&source.join(language.folder), language)?;
        for at in 0..sheets.len() {
            let file = folder.join(format!("{}.html", sheets[at].name));
            fs::write(&file, filled(&template, &sheets, at, language, other)).map_err(about(&file))?;
        }
    }
    let style = themed(&read(&www.join("css/tokens.css"))?)? + &read(&source.join("guide.css"))?;
    let file = target.join("guide.css");
    fs::write(&file, style).map_err(about(&file))
}

pub fn read(file: &Path) -> Outcome<String> {
    fs::read_to_string(file).map_err(about(file))
}

/// All pages of a language: the first one, and those that it links to.
fn sheets(folder: &Path, language: &Language) -> Outcome<Vec<Sheet>> {
    let sheet = |name: &str| Ok::<_, Failure>(Sheet::new(name, &read(&folder.join(format!("{name}.md")))?, language));
    let first = sheet(FIRST)?;
    let others: Vec<Sheet> = first.links.iter().map(|name| sheet(name)).collect::<Outcome<_>>()?;
    Ok([first].into_iter().chain(others).collect())
}

/// Colours for pages without a script: dark ones where the system is dark.
fn themed(tokens: &str) -> Outcome<String> {
    const DARK: &str = ":root[data-theme=\"dark\"],\n:host([data-theme=\"dark\"]) {";
    let Some((light, dark)) = tokens.split_once(DARK) else {
        fail!("tokens.css has no rule {DARK} ... for the guide's dark colours.");
    };
    Ok(format!("{light}@media (prefers-color-scheme: dark) {{\n:root {{{dark}}}\n"))
}

impl Sheet {
    fn new(name: &str, markdown: &str, language: &Language) -> Sheet {
        let mut sheet = Sheet { name: name.into(), title: String::new(), content: String::new(), links: vec![] };
        let mut events: Vec<Event> = Parser::new_ext(markdown, Options::ENABLE_TABLES).collect();
        let mut chapters = String::new();
        let mut count = 0;
        let mut seen = HashMap::new();
        let mut heading = String::new();
        for at in 0..events.len() {
            match &events[at] {
                Event::Start(Tag::Heading { level, .. }) => {
                    let level = *level;
                    heading = words(&events[at..]);
                    let id = unique(slug(&heading), &mut seen);
                    match level {
                        HeadingLevel::H1 => sheet.title = heading.clone(),
                        HeadingLevel::H2 => {
                            count += 1;
                            chapters += &format!("<li><a href=\"#{id}\">{}</a></li>\n", escaped(&heading));
                        }
                        _ => {}
                    }
                    events[at] = Event::Html(format!("<{level} id=\"{id}\">").into());
                }
                Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                    let address = in_html(dest_url);
                    sheet.links.extend(page_of(dest_url).filter(|page| !sheet.links.contains(page)));
                    let [title, id] = [title, id].map(CowStr::clone);
                    events[at] = Event::Start(Tag::Link { link_type: *link_type, dest_url: address.into(), title, id });
                }
                // A block wider than the page scrolls on its own; `tabindex` makes that possible with the keyboard.
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_))) => {
                    events[at] = Event::Html("<pre tabindex=\"0\"><code>".into());
                }
                Event::End(TagEnd::CodeBlock) => events[at] = Event::Html("</code></pre>\n".into()),
                Event::Start(Tag::Table(_)) => {
                    let label = escaped(&heading);
                    events[at] = Event::Html(
                        format!("<div class=\"table\" role=\"group\" aria-label=\"{label}\" tabindex=\"0\"><table>").into(),
                    );
                }
                Event::End(TagEnd::Table) => events[at] = Event::Html("</tbody></table></div>\n".into()),
                _ => {}
            }
        }
        html::push_html(&mut sheet.content, events.into_iter());
        if count >= CHAPTERS {
            let list = format!("</h1>\n<nav class=\"here\" aria-label=\"{}\"><ul>\n{chapters}</ul></nav>\n", language.here);
            sheet.content = sheet.content.replacen("</h1>\n", &list, 1);
        }
        sheet
    }
}

/// The template filled with a page.
fn filled(template: &str, sheets: &[Sheet], at: usize, language: &Language, other: &Language) -> String {
    let Sheet { name, title, content, .. } = &sheets[at];
    let link = |sheet: &Sheet, attributes: &str, before: &str| {
        format!("<a href=\"{}.html\"{attributes}>{before}{}</a>", sheet.name, escaped(&sheet.title))
    };
    let mut pages = String::new();
    for (index, sheet) in sheets.iter().enumerate() {
        let current = if index == at { " aria-current=\"page\"" } else { "" };
        pages += &format!("        <li>{}</li>\n", link(sheet, current, ""));
    }
    let mut turn = String::new();
    if let Some(before) = at.checked_sub(1).map(|before| &sheets[before]) {
        turn += &format!("      {}\n", link(before, " rel=\"prev\"", &format!("{}: ", language.previous)));
    }
    if let Some(after) = sheets.get(at + 1) {
        turn += &format!("      {}\n", link(after, " class=\"next\" rel=\"next\"", &format!("{}: ", language.next)));
    }
    let whole = if title.contains("AlexNet Lab") { escaped(title) } else { format!("{} · AlexNet Lab", escaped(title)) };
    let values = [
        ("{tag}", language.tag),
        ("{folder}", language.folder),
        ("{title}", &whole),
        ("{skip}", language.skip),
        ("{open}", language.open),
        ("{other}", &format!("../{}/{name}.html", other.folder)),
        ("{other_tag}", other.tag),
        ("{other_name}", other.name),
        ("{pages_label}", language.pages),
        ("{pages}", &pages),
        ("{turn}", &turn),
        // Last, because a page may contain any of these places as text.
        ("{content}", content),
    ];
    values.iter().fold(template.to_string(), |html, (place, value)| html.replace(place, value))
}

/// The text of the heading at the start of `events`.
pub fn words(events: &[Event]) -> String {
    let of_heading = events.iter().take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))));
    let texts = of_heading.filter_map(|event| match event {
        Event::Text(text) | Event::Code(text) => Some(&**text),
        _ => None,
    });
    texts.collect()
}

/// A heading's anchor, as on GitHub, so that the same link works in both.
fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Adds a number to the anchor of a repeated heading.
fn unique(slug: String, seen: &mut HashMap<String, u32>) -> String {
    let count = seen.entry(slug.clone()).or_default();
    *count += 1;
    if *count == 1 { slug } else { format!("{slug}-{}", *count - 1) }
}

/// The page of the guide that a link on another page leads to.
fn page_of(address: &str) -> Option<String> {
    let path = address.split('#').next()?;
    path.strip_suffix(".md").filter(|name| !name.contains(['/', ':'])).map(String::from)
}

/// The same link between the HTML files.
fn in_html(address: &str) -> String {
    match page_of(address) {
        Some(name) => address.replacen(&format!("{name}.md"), &format!("{name}.html"), 1),
        // The lecture: each of its files becomes a folder.
        None if address.starts_with("../../slides/") => address.replacen(".md", "/index.html", 1),
        None => address.into(),
    }
}

pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::repository;

    #[test]
    fn a_page_becomes_html() {
        let markdown = "# Keys & more\n\n## The `lr`\n\nSee [A](settings.md#size), [B](https://x.org/a.md), [C](../../slides/en.md).\n\n| a |\n| --- |\n| 1 |\n\n## Two\n\n## Two\n";
        let sheet = Sheet::new("keys", markdown, &LANGUAGES[0]);
        assert_eq!((&*sheet.title, &*sheet.links), ("Keys & more", &["settings".to_string()][..]));
        for part in [
            "<h1 id=\"keys--more\">Keys &amp; more</h1>\n<nav class=\"here\" aria-label=\"On this page\">",
            "<h2 id=\"the-lr\">The <code>lr</code></h2>",
            "<a href=\"settings.html#size\">A</a>, <a href=\"https://x.org/a.md\">B</a>, <a href=\"../../slides/en/index.html\">C</a>",
            "<div class=\"table\" role=\"group\" aria-label=\"The lr\" tabindex=\"0\"><table><thead><tr><th>a</th></tr></thead><tbody>\n<tr><td>1</td></tr>\n</tbody></table></div>",
            "<h2 id=\"two-1\">Two</h2>",
        ] {
            assert!(sheet.content.contains(part), "{part} is missing in {}", sheet.content);
        }
    }

    #[test]
    fn every_page_is_linked_from_the_first_one() {
        for language in &LANGUAGES {
            let folder = repository().join("www/guide").join(language.folder);
            let mut linked: Vec<String> =
                sheets(&folder, language).ok().unwrap().into_iter().map(|sheet| sheet.name + ".md").collect();
            let mut files: Vec<String> =
                fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            linked.sort();
            files.sort();
            assert_eq!(linked, files, "{}", folder.display());
        }
    }

    #[test]
    fn the_dark_colours_are_those_of_the_page() {
        let tokens = fs::read_to_string(repository().join("www/css/tokens.css")).unwrap();
        let style = themed(&tokens).ok().unwrap();
        assert!(style.contains("@media (prefers-color-scheme: dark) {\n:root {\n  --paper: #"), "{style}");
        assert_eq!(style.matches('{').count(), style.matches('}').count());
    }

    #[test]
    fn nothing_but_a_style_sheet_is_allowed() {
        let template = fs::read_to_string(repository().join("www/guide/page.html")).unwrap();
        assert!(template.contains("content=\"default-src 'none'; style-src 'self'; img-src data:;"), "{template}");
    }
}
