//! Networks side by side: up to four configurations that differ in the settings they name and in nothing else.
//!
//! A fragment's own settings are those of the first lane; `lane2=norm:bn,lr:0.1` says what the second one changes.

use crate::config::{Config, SETTINGS, clip};
use crate::error::Note;

/// What every lane but the first is called in a fragment.
const KEYS: [&str; 3] = ["lane2", "lane3", "lane4"];

/// At least one configuration; the first one's is what the others change.
#[derive(Clone, Debug, PartialEq)]
pub struct Lanes(Vec<Config>);

impl Lanes {
    /// Reads a fragment, with or without `#`. Whatever is not understood becomes a note; there are no errors.
    pub fn from_fragment(fragment: &str) -> (Lanes, Vec<Note>) {
        let mut own = String::new();
        let mut changes = [None; KEYS.len()];
        for part in fragment.trim_start_matches('#').split('&') {
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
                let (key, value) = change.split_once(':').unwrap_or((change, ""));
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

    /// The fragment without `#`, as [`Config::to_fragment`] writes it, and what each further lane changes.
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
        // `norm:lrn` is what the first one has.
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
}
