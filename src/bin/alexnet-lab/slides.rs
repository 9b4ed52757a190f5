//! The lecture: turns `www/slides/` into a deck of reveal.js in `dist/slides/`, in every language. A step of `build`.

use crate::guide::{LANGUAGES, Language, escaped, read, words};
use crate::outcome::{Outcome, about, fail};
use crate::tools::{Page, finish};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The lab on a slide.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lab {
    /// The part of its link after `v=1`; language and colours are added.
    settings: String,
    /// Whether it takes the whole width of the slide. Otherwise the slide's text stands beside it.
    #[serde(default)]
    wide: bool,
    /// The step to which the deck leads its lesson.
    #[serde(default)]
    step: String,
}

/// The labs by the names of their slides; a slide that is not listed has none.
type Labs = BTreeMap<String, Lab>;

/// A slide in Markdown: it begins with `## Title {#name}`, and what follows the line `Note:` is for the speaker. A line `---` ends it.
struct Slide {
    name: String,
    title: String,
    heading: String,
    content: String,
    notes: String,
}

/// Writes the deck to `dist/slides/`, replacing what is there.
pub fn render(page: &Page) -> Outcome {
    let source = page.root.join("www/slides");
    let target = page.dist.join("slides");
    if target.exists() {
        fs::remove_dir_all(&target).map_err(about(&target))?;
    }
    fs::create_dir_all(&target).map_err(about(&target))?;
    let mut esbuild = page.tool("esbuild");
    esbuild.args(["www/slides/slides.js", "www/slides/slides.css", "--bundle", "--format=iife", "--target=es2022"]);
    esbuild.args(["--minify", "--log-level=warning"]).arg(format!("--outdir={}", target.display()));
    finish(esbuild, "")?;

    let labs: Labs = serde_json::from_str(&read(&source.join("labs.json"))?)?;
    let template = read(&source.join("page.html"))?.replace("{speaker_hash}", &speaker_hash(&page.root.join(SPEAKER))?);
    for (language, other) in [(&LANGUAGES[0], &LANGUAGES[1]), (&LANGUAGES[1], &LANGUAGES[0])] {
        let slides = slides(&read(&source.join(format!("{}.md", language.folder)))?)?;
        agree(&slides, &labs, language)?;
        let folder = target.join(language.folder);
        fs::create_dir_all(&folder).map_err(about(&folder))?;
        let file = folder.join("index.html");
        fs::write(&file, filled(&template, &slides, &labs, language, other)).map_err(about(&file))?;
    }
    Ok(())
}

/// The plugin that opens the speaker's view.
const SPEAKER: &str = "node_modules/reveal.js/dist/plugin/notes.mjs";

/// What a content security policy calls the script of the speaker's view, which the plugin writes into a window of its own.
fn speaker_hash(plugin: &Path) -> Outcome<String> {
    let script = read(plugin)?;
    // The page is a string literal, which JSON reads, too, but for tabs and \xA0.
    let literal = script.split_once("document.write(").map(|(_, literal)| literal.replace('\t', "\\t").replace("\\x", "\\u00"));
    let page = literal.and_then(|literal| serde_json::Deserializer::from_str(&literal).into_iter::<String>().next()?.ok());
    let code = page.as_deref().and_then(|page| Some(page.split_once("<script>")?.1.split_once("</script>")?.0));
    match code {
        Some(code) => Ok(BASE64_STANDARD.encode(Sha256::digest(code))),
        None => {
            fail!("{} writes no page with a script. See how it opens the speaker's view, and adapt slides.rs.", plugin.display())
        }
    }
}

/// The slides of a file.
fn slides(markdown: &str) -> Outcome<Vec<Slide>> {
    markdown.split("\n---\n").map(Slide::new).collect()
}

impl Slide {
    fn new(markdown: &str) -> Outcome<Slide> {
        let (shown, notes) = markdown.split_once("\nNote:\n").unwrap_or((markdown, ""));
        let mut events: Vec<Event> = Parser::new_ext(shown, Options::ENABLE_HEADING_ATTRIBUTES).collect();
        let title = words(&events);
        let Some(Event::Start(Tag::Heading { id, .. })) = events.first_mut() else {
            fail!(
                "A slide begins with a heading and its name, such as ## Title {{#name}}. This one does not: {}",
                shown.trim().lines().next().unwrap_or_default()
            );
        };
        let Some(name) = id.take().map(String::from) else {
            fail!("The slide “{title}” has no name. Write one after its title, such as ## Title {{#name}}.");
        };
        let end = events.iter().position(|event| matches!(event, Event::End(TagEnd::Heading(_)))).map_or(0, |end| end + 1);
        let content = in_html(events.drain(end..));
        Ok(Slide { name, title, heading: in_html(events.into_iter()), content, notes: in_html(Parser::new(notes)) })
    }
}

fn in_html<'a>(events: impl Iterator<Item = Event<'a>>) -> String {
    let mut text = String::new();
    html::push_html(&mut text, events);
    text
}

/// Checks that every lab has its slide, in every language.
fn agree(slides: &[Slide], labs: &Labs, language: &Language) -> Outcome {
    match labs.keys().find(|name| slides.iter().all(|slide| slide.name != **name)) {
        Some(name) => fail!("labs.json has a lab for the slide #{name}, but {}.md has no such slide.", language.folder),
        None => Ok(()),
    }
}

/// The template filled with the slides.
fn filled(template: &str, slides: &[Slide], labs: &Labs, language: &Language, other: &Language) -> String {
    let sections: String = slides.iter().map(|slide| section(slide, labs.get(&slide.name), language)).collect();
    let values = [
        ("{tag}", language.tag),
        ("{title}", &escaped(&slides[0].title)),
        ("{other}", other.folder),
        ("{other_tag}", other.tag),
        // Last, because a slide may contain any of these places as text.
        ("{slides}", &sections),
    ];
    values.iter().fold(template.to_string(), |html, (place, value)| html.replace(place, value))
}

fn section(Slide { name, title, heading, content, notes }: &Slide, lab: Option<&Lab>, language: &Language) -> String {
    let (class, frame) = lab.map_or(("plain", String::new()), |lab| {
        let link = escaped(&format!("../../embed.html#v=1&lang={}&theme=light&{}", language.folder, lab.settings));
        let step = if lab.step.is_empty() { String::new() } else { format!(" data-step=\"{}\"", escaped(&lab.step)) };
        let frame = format!(
            "<div class=\"lab\"><iframe title=\"AlexNet Lab: {}\" src=\"{link}\" loading=\"lazy\"{step}></iframe></div>\n",
            escaped(title)
        );
        (if lab.wide { "wide" } else { "beside" }, frame)
    });
    format!(
        "<section id=\"{name}\" class=\"{class}\">\n{heading}{frame}<div class=\"text\">\n{content}</div>\n<aside class=\"notes\">\n{notes}</aside>\n</section>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::repository;

    #[test]
    fn a_slide_becomes_a_section_with_its_lab() {
        let slide = Slide::new("## Why & how {#why}\n\nLook.\n\nNote:\n\n* Ask.\n").ok().unwrap();
        let lab = Lab { settings: "norm=bn&lane2=norm:lrn".into(), wide: false, step: String::new() };
        let html = section(&slide, Some(&lab), &LANGUAGES[1]);
        for part in [
            "<section id=\"why\" class=\"beside\">\n<h2>Why &amp; how</h2>\n<div class=\"lab\">",
            "title=\"AlexNet Lab: Why &amp; how\" src=\"../../embed.html#v=1&amp;lang=zh&amp;theme=light&amp;norm=bn&amp;lane2=norm:lrn\" loading=\"lazy\">",
            "<div class=\"text\">\n<p>Look.</p>\n</div>\n<aside class=\"notes\">\n<ul>\n<li>Ask.</li>\n</ul>\n</aside>",
        ] {
            assert!(html.contains(part), "{part} is missing in {html}");
        }
    }

    #[test]
    fn a_slide_without_a_name_and_a_lab_without_a_slide_are_told() {
        let sentence = |markdown: &str| slides(markdown).err().unwrap().sentence;
        assert_eq!(
            sentence("# A {#a}\n\n---\n## B\n"),
            "The slide “B” has no name. Write one after its title, such as ## Title {#name}."
        );
        assert!(sentence("# A {#a}\n\n---\nText\n").ends_with("This one does not: Text"));
        let labs = serde_json::from_str(r#"{ "b": { "settings": "norm=bn" } }"#).unwrap();
        let told = agree(&slides("# A {#a}\n").ok().unwrap(), &labs, &LANGUAGES[1]).err().unwrap().sentence;
        assert_eq!(told, "labs.json has a lab for the slide #b, but zh.md has no such slide.");
    }

    #[test]
    fn both_languages_have_the_same_slides() {
        let names = LANGUAGES.map(|language| {
            let file = repository().join("www/slides").join(language.folder).with_extension("md");
            let slides = slides(&read(&file).ok().unwrap()).ok().unwrap();
            slides.into_iter().map(|slide| slide.name).collect::<Vec<_>>()
        });
        assert_eq!(names[0], names[1]);
    }
}
