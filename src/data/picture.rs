//! One picture of the user: decoded, turned upright, and reduced to the size of a stored image.

use super::SIDE;
use image::imageops::{FilterType, resize};
use image::{DynamicImage, ImageDecoder, ImageReader, Limits, Rgb, RgbImage};
use std::io::Cursor;

/// The most bytes of a picture's file, and the most pixels along a side.
pub const LONGEST: u64 = 64 << 20;
const WIDEST: u32 = 20_000;

/// The pixels of a picture's file, (32, 32, 3): PNG, JPEG, WebP, GIF or BMP. The picture is turned upright as its camera says. Of an
/// animation, the first image counts; transparent parts become white. The largest square in the middle is kept, and each pixel is
/// the mean of the part that it covers, weighted by a triangle. A picture of 32 x 32 pixels stays as it is.
///
/// # Errors
/// `None` for a damaged file or another format.
pub fn decode(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    let mut limits = Limits::default(); // 512 MiB
    (limits.max_image_width, limits.max_image_height) = (Some(WIDEST), Some(WIDEST));
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    let orientation = decoder.orientation().ok();
    let mut picture = DynamicImage::from_decoder(decoder).ok()?;
    let side = picture.width().min(picture.height());
    if side == 0 {
        return None;
    }
    let (left, top) = ((picture.width() - side) / 2, (picture.height() - side) / 2);
    picture = picture.crop_imm(left, top, side, side);
    if let Some(orientation) = orientation {
        picture.apply_orientation(orientation);
    }
    let square = if picture.color().has_alpha() { on_white(&picture) } else { picture.into_rgb8() };
    Some(resize(&square, SIDE as u32, SIDE as u32, FilterType::Triangle).into_raw())
}

fn on_white(picture: &DynamicImage) -> RgbImage {
    let rgba = picture.to_rgba8();
    RgbImage::from_fn(rgba.width(), rgba.height(), |x, y| {
        let [colours @ .., alpha] = rgba.get_pixel(x, y).0;
        let over = |colour: u8| (u32::from(colour) * u32::from(alpha) + 255 * (255 - u32::from(alpha)) + 127) / 255;
        Rgb(colours.map(|colour| over(colour) as u8))
    })
}
