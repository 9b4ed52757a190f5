//! "Toy objects": ten classes of drawn objects that differ only in the arrangement of their parts.
//!
//! Position, size, rotation, mirroring, colours, contrast, textures, background, distractors and an occluder are drawn
//! independently of the class and of each other. Whether the background, the body or the details are darkest is also random. So a
//! pixel's mean says nothing about the class, and a linear model learns little.

mod canvas;
mod shapes;

pub use canvas::{Paint, Pose, Texture};
pub use shapes::CLASSES;

use super::{Dataset, Images, Normalisation};
use crate::config::Variation;
use crate::rng::{self, Stream};
use canvas::{CANVAS, Canvas, turn};
use shapes::{DISTRACTOR, OCCLUDER, PARTS, SIZES};

/// As with photographs, the images do not depend on a run's seed.
const SEED: u32 = 1;

/// Whether images are for training or for testing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    Train,
    Test,
}

/// All textures.
pub const TEXTURES: [Texture; 5] = [Texture::Flat, Texture::Stripes, Texture::Dots, Texture::Noise, Texture::Checks];
/// The last texture, held back by [`Variation::Texture`].
pub const HELD_BACK: Texture = Texture::Checks;
/// Largest [`Pose::tilt`]: tan(26.6 degrees), an angle of 53 degrees.
pub const STEEPEST: f32 = 0.5;
/// Largest tilt in training if larger ones are held back: 19 degrees.
pub const UPRIGHT: f32 = STEEPEST / 3.0;

/// For the object, two distractors and the occluder: the smallest and largest size, the largest distance from the middle on each
/// axis, in samples, and the largest tilt.
const RANGES: [[f32; 4]; 4] =
    [[36.0, 48.0, 12.0, STEEPEST], [7.0, 14.0, 50.0, 1.0], [7.0, 14.0, 50.0, 1.0], [90.0, 130.0, 50.0, 1.0]];

/// Everything about one image.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    pub label: u8,
    /// Of the object, two distractors and the occluder. The object's size is before scaling by its class (`SIZES`).
    pub poses: Vec<Pose>,
    /// Whether the occluder is there.
    pub occluded: bool,
    /// Of the background, the object's body, its details, the distractors and the occluder.
    pub paints: Vec<Paint>,
}

/// One image, (32, 32, 3), and its label. Equal arguments give equal images.
pub fn draw(seed: u32, index: u32, split: Split, variation: Variation) -> (Vec<u8>, u8) {
    let scene = Scene::new(seed, index, split, variation);
    (scene.image(), scene.label)
}

impl Scene {
    pub fn new(seed: u32, index: u32, split: Split, variation: Variation) -> Scene {
        let paired = split == Split::Test && variation != Variation::None;
        let lacking = !paired || index.is_multiple_of(2);
        let mut chance = Chance { seed, split, index: if paired { index / 2 } else { index }, count: 0 };
        let label = chance.below(10) as u8;
        let mut poses: Vec<Pose> = RANGES.iter().map(|ranges| chance.pose(*ranges)).collect();
        if variation == Variation::Rotation {
            let steep = poses[0].tilt / STEEPEST;
            let beyond = if steep < 0.0 { -UPRIGHT } else { UPRIGHT };
            poses[0].tilt = if lacking { steep * UPRIGHT } else { beyond + steep * (STEEPEST - UPRIGHT) };
        }
        let occluded = chance.below(2) == 0;
        // Dark, medium and light, in any order.
        let contrast = chance.between(0.75, 1.0);
        let order = [chance.below(3), 1 + chance.below(2)];
        let held_back = (variation == Variation::Texture).then_some(!lacking);
        let paints = (0..6).map(|part| chance.paint(part, order, contrast, held_back)).collect();
        Scene { label, poses, occluded, paints }
    }

    pub fn image(&self) -> Vec<u8> {
        let mut canvas = Canvas::new();
        // From back to front: the thing, and the index of its pose.
        let things = [(DISTRACTOR, 1), (DISTRACTOR + 1, 2), (usize::from(self.label), 0), (OCCLUDER, 3)];
        for (thing, pose) in &things[..3 + usize::from(self.occluded)] {
            let pose = Pose { size: self.poses[*pose].size * SIZES[*thing], ..self.poses[*pose] };
            for (paint, form) in PARTS[*thing] {
                canvas.stamp(*form, &pose, *paint);
            }
        }
        canvas.image(&self.paints)
    }
}

/// The random numbers of one image, one after the other.
struct Chance {
    seed: u32,
    split: Split,
    index: u32,
    count: u32,
}

// Called from many places; inlined copies are not worth their bytes.
impl Chance {
    #[inline(never)]
    fn bits(&mut self) -> u32 {
        self.count += 1;
        rng::hash(self.seed, Stream::Toy, self.split as u32, self.index, self.count)
    }

    /// A number in [low, high).
    #[inline(never)]
    fn between(&mut self, low: f32, high: f32) -> f32 {
        low + rng::uniform(self.bits()) * (high - low)
    }

    /// A whole number below `n`, all equally likely up to 2^-32 * n.
    #[inline(never)]
    fn below(&mut self, n: usize) -> usize {
        ((u64::from(self.bits()) * n as u64) >> 32) as usize
    }

    #[inline(never)]
    fn pose(&mut self, [small, large, spread, steepest]: [f32; 4]) -> Pose {
        let middle = CANVAS as f32 / 2.0;
        Pose {
            centre: [(); 2].map(|()| self.between(middle - spread, middle + spread)),
            size: self.between(small, large),
            tilt: self.between(-steepest, steepest),
            mirror: self.below(2) as f32 * 2.0 - 1.0,
        }
    }

    /// `held_back` is `None` if no texture is held back, else whether this image's object has that texture.
    #[inline(never)]
    fn paint(&mut self, part: usize, order: [usize; 2], contrast: f32, held_back: Option<bool>) -> Paint {
        let rank = if part < 3 { (order[0] + order[1] * part) % 3 } else { self.below(3) };
        let level = 0.5 + contrast * 0.3 * (rank as f32 - 1.0) + self.between(-0.05, 0.05);
        let choice = self.below(TEXTURES.len() - usize::from(held_back.is_some()));
        let texture = if held_back == Some(true) && (part == 1 || part == 2) { HELD_BACK } else { TEXTURES[choice] };
        let [red, blue] = [(); 2].map(|()| self.between(-0.16, 0.16));
        let (depth, cell) = (self.between(0.03, 0.1), self.between(7.0, 16.0));
        let tints = [red, -(red + blue) / 2.0, blue];
        let colours = [-depth, depth].map(|change| tints.map(|tint| ((level + tint + change) * 255.0) as u8));
        let wave = turn(self.between(-1.0, 1.0)).map(|share| share / cell);
        Paint { texture, colours, wave }
    }
}

impl Dataset {
    /// Toy objects before the first image is drawn.
    pub fn toy(held_back: Variation) -> Dataset {
        let normalisation = Normalisation { mean: [0.477, 0.479, 0.479], std: [0.235, 0.227, 0.235] };
        Dataset { held_back, ..Dataset::to_come("Toy objects", &CLASSES, normalisation, 200) }
    }

    /// Adds the next `count` images to [`Dataset::toy`], every sixth a test image. Returns how many are still to come.
    pub fn add_generated(&mut self, count: usize) -> usize {
        for _ in 0..count {
            let (split, images, total) = if self.test.len() * 5 < self.train.len() {
                (Split::Test, &mut self.test, self.test_total)
            } else {
                (Split::Train, &mut self.train, self.train_total)
            };
            if images.len() == total {
                break;
            }
            images.reserve(total);
            let (pixels, label) = draw(SEED, images.len() as u32, split, self.held_back);
            images.append(Images { pixels, labels: vec![label] });
        }
        self.train_total + self.test_total - self.train.len() - self.test.len()
    }
}
