//! Networks side by side: up to four configurations that differ only in the settings they name.
//!
//! A fragment's own settings are those of the first lane; `lane2=norm:bn,lr:0.1` says what the second lane changes.

use super::{Config, SETTINGS, clip, link};
use crate::error::Note;

/// The names of the lanes after the first in a fragment.
const KEYS: [&str; 3] = ["lane2", "lane3", "lane4"];

/// At least one configuration; the others are changes to the first.
#[derive(Clone, Debug, PartialEq)]
pub struct Lanes(Vec<Config>);

impl Lanes {
    /// Reads a whole address.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn from_address(address: &str) -> (Lanes, Vec<Note>) {
        Lanes::from_fragment(&link::settings_of(address))
    }

    /// Reads a fragment or a query, with or without its first `#` or `?`, even if it was altered on its way. Whatever is not
    /// understood becomes a note; there are no errors.
    pub fn from_fragment(fragment: &str) -> (Lanes, Vec<Note>) {
        let mut best = Lanes::read(fragment.trim_start_matches(['#', '?']));
        for layers in 1..=link::LAYERS {
            if best.1.is_empty() {
                break;
            }
            let read = Lanes::read(&link::mended(fragment, layers));
            // If as much is understood, the repaired text is the better reading: `v%3D1%26norm%3Dbn` is one unknown key.
            if read.1.len() <= best.1.len() {
                best = read;
            }
        }
        best
    }

    /// Reads a fragment as it is.
    fn read(fragment: &str) -> (Lanes, Vec<Note>) {
        let mut own = String::new();
        let mut changes = [None; KEYS.len()];
        for part in fragment.split('&') {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            match KEYS.iter().position(|lane| *lane == key) {
                Some(lane) => changes[lane] = Some(value),
                None => own = own + "&" + part,
            }
        }
        let (first, mut notes) = Config::from_fragment(&own);
        let mut configs = vec![first.clone()];
        for (lane, changes) in KEYS.iter().zip(changes).filter_map(|(lane, changes)| Some((lane, changes?))) {
            let mut pairs = changes.split(',').filter(|change| !change.is_empty()).filter_map(|change| {
                let (key, value) = change.split_once(':').or_else(|| change.split_once('=')).unwrap_or((change, ""));
                let may_differ = SETTINGS.iter().any(|setting| setting.key == key && setting.lane);
                if !may_differ {
                    notes.push(Note::UnknownKey { key: clip(&format!("{lane}:{key}")) });
                }
                may_differ.then_some((key, value))
            });
            let (config, of_lane) = first.clone().with(&mut pairs);
            configs.push(config);
            notes.extend(of_lane);
        }
        (Lanes(configs), notes)
    }

    /// The fragment without `#`, as [`Config::to_fragment`] writes it, and the changes of each further lane.
    pub fn to_fragment(&self) -> String {
        let mut fragment = self.0[0].to_fragment();
        for (key, config) in KEYS.iter().zip(&self.0[1..]) {
            let changes: Vec<String> = self.changes(config).map(|(key, value)| format!("{key}:{value}")).collect();
            fragment += &format!("&{key}={}", changes.join(","));
        }
        fragment
    }

    pub fn configs(&self) -> &[Config] {
        &self.0
    }

    /// The settings by which a lane differs from the first.
    pub fn changes(&self, config: &Config) -> impl Iterator<Item = (&'static str, String)> {
        SETTINGS.iter().filter_map(move |setting| {
            let value = config.get(setting.key)?;
            (self.0[0].get(setting.key)? != value).then_some((setting.key, value))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_is_the_first_one_but_for_its_changes() {
        let (lanes, notes) = Lanes::from_fragment("#v=1&depth=4&lane3=activation:tanh&seed=2&lane2=norm:bn,lr:0.1");
        assert_eq!(notes, []);
        let [first, second, third] = lanes.configs() else { panic!("three lanes") };
        assert_eq!(*first, Config::from_fragment("depth=4&seed=2").0);
        assert_eq!(*second, Config::from_fragment("depth=4&seed=2&norm=bn&lr=0.1").0);
        assert_eq!(*third, Config::from_fragment("depth=4&seed=2&activation=tanh").0);
        assert_eq!(lanes.to_fragment(), "v=1&depth=4&seed=2&lane2=norm:bn,lr:0.1&lane3=activation:tanh");
        assert_eq!(Lanes::from_fragment(&lanes.to_fragment()), (lanes, vec![]));
    }

    #[test]
    fn one_lane_is_a_plain_fragment() {
        let (lanes, notes) = Lanes::from_fragment("v=1&norm=bn");
        assert_eq!((lanes.configs(), notes), (&[Config::from_fragment("norm=bn").0][..], vec![]));
        assert_eq!(lanes.to_fragment(), "v=1&norm=bn");
    }

    #[test]
    fn a_lane_that_changes_nothing_is_a_lane() {
        // The first lane has `norm:lrn` too.
        for fragment in ["v=1&lane2=", "v=1&lane2=norm:lrn"] {
            let (lanes, notes) = Lanes::from_fragment(fragment);
            assert_eq!((lanes.configs().len(), notes), (2, vec![]));
            assert_eq!(lanes.to_fragment(), "v=1&lane2=");
        }
    }

    #[test]
    fn what_lanes_have_in_common_and_nonsense_become_notes() {
        let (lanes, notes) = Lanes::from_fragment("lane2=backend:gpu,theme:dark,nose:1,norm:what,lr:99&lane5=norm:bn");
        let unknown = |key: &str| Note::UnknownKey { key: key.into() };
        assert_eq!(lanes.configs().len(), 2);
        let [five, backend, theme, nose, Note::NotUnderstood { .. }, Note::Clamped { .. }] = &notes[..] else {
            panic!("{notes:?}")
        };
        assert_eq!(
            [five, backend, theme, nose].map(Clone::clone),
            ["lane5", "lane2:backend", "lane2:theme", "lane2:nose"].map(unknown)
        );
        assert_eq!(lanes.to_fragment(), "v=1&lane2=lr:10");
    }

    #[test]
    fn a_link_that_was_changed_on_its_way_is_read_as_it_was() {
        let link = "v=1&norm=bn&lr=0.02&init_scale=2&lane2=norm:lrn,lr:0.1&lane3=weight_decay:0";
        let (lanes, notes) = Lanes::from_fragment(link);
        assert_eq!((lanes.configs().len(), notes), (3, vec![]));
        let encode = |text: &str, upper: bool| -> String {
            let code = |c: char| if upper { format!("%{:02X}", c as u32) } else { format!("%{:02x}", c as u32) };
            text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_string() } else { code(c) }).collect()
        };
        let mut ways = vec![
            link.replace(':', "%3A").replace(',', "%2C"),
            link.replace(':', "%3a").replace(',', "%2c"),
            encode(link, true),
            encode(link, false),
            encode(&encode(link, true), true),
            encode(&encode(&encode(link, true), false), true),
            format!("?{link}"),
            format!("#{link}"),
            link.replace("v=1&", ""),
            link.replace('&', ";"),
            link.replace('&', "&%20"),
            link.replace('&', "+&+"),
            link.replace(',', ",%20"),
            link.replace(':', "="),
            link.replace('_', "\\_"),
            link.replace('=', "=3D"),
            link.to_uppercase(),
            link.replace("norm", "no\u{200b}rm"),
        ];
        ways.extend(["&amp;", "&#38;", "&#x26;", "\\u0026", "%26amp%3B", "&amp;amp;"].map(|and| link.replace('&', and)));
        let ends = [
            ".",
            ",",
            ")",
            "]",
            ">",
            "\"",
            "'",
            "\u{201d}",
            "\u{3002}",
            "%29.",
            "%22%3E",
            "\u{200b}",
            " ",
            "%20and%20so%20on",
            "&",
            "\r\n",
            ");",
        ];
        ways.extend(ends.map(|end| format!("{link}{end}")));
        ways.extend([
            format!("<{link}>"),
            format!("\"{link}\""),
            format!("({link})"),
            format!(" {link} "),
            format!("\u{feff}{link}"),
        ]);
        for way in ways {
            assert_eq!(Lanes::from_fragment(&way), (lanes.clone(), vec![]), "{way}");
        }
        let whole = format!("https://your.host/lab/embed.html#{link}");
        let addresses = [
            encode(&whole, true),
            encode(&encode(&whole, false), true),
            whole.replace('#', "?"),
            whole.replace('#', "?") + "#",
            whole.replace('#', "?simd=simd128#"),
            format!("<iframe src=\"{}\" width=\"640\" height=\"360\"></iframe>", whole.replace('&', "&amp;")),
            whole,
            link.into(),
            format!("#{link}"),
            encode(link, true),
        ];
        for address in addresses {
            assert_eq!(Lanes::from_address(&address), (lanes.clone(), vec![]), "{address}");
        }
        for address in ["https://your.host/lab/", "https://your.host/lab/#", "http%3A%2F%2Flocalhost%3A8080%2F"] {
            assert_eq!(Lanes::from_address(address), Lanes::from_fragment(""), "{address}");
        }
    }

    #[test]
    fn what_is_written_well_is_read_as_it_is_written_and_what_is_not_is_noted() {
        let read = |fragment: &str| {
            let (lanes, notes) = Lanes::from_fragment(fragment);
            (lanes.to_fragment(), notes.len())
        };
        for (fragment, canonical, notes) in [
            ("", "v=1", 0),
            ("#", "v=1", 0),
            ("lr=1e-3&weight_decay=1E-4&momentum=+0.5&seed=1e+5", "v=1&seed=100000&lr=0.001&momentum=0.5&weight_decay=0.0001", 0),
            ("v%3D1%26norm%3Dbn%26colour%3Dred", "v=1&norm=bn", 1),
            ("norm%3Dbn&colour=red&lr=99", "v=1&norm=bn&lr=10", 2),
            ("v=1&norm=%", "v=1", 1),
            ("%E4%BD%A0%FF%zz%", "v=1", 1),
            ("section-2", "v=1", 1),
            ("#\u{7b2c}\u{4e00}\u{7ae0}", "v=1", 1),
            ("#%E7%AC%AC", "v=1", 1),
        ] {
            assert_eq!(read(fragment), (canonical.into(), notes), "{fragment}");
        }
    }
}
