//! Makes a small picture of a large one, under limits: whoever wrote the manifest is a stranger.

use std::io::Cursor;

use image::{
    DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, ImageReader, Limits, Rgba, RgbaImage,
    codecs::{
        jpeg::JpegEncoder,
        png::{CompressionType, FilterType, PngEncoder},
        webp::WebPEncoder,
    },
    imageops,
    metadata::Orientation,
};

/// Side of what lists show, in pixels: more than two for each CSS pixel of the picture in its tile.
const SIDE: u32 = 64;
/// Pixels of the largest picture that is decoded.
const PIXELS_MAX: u64 = 6_000_000;
/// Bytes that a decoder may take for it.
const MEMORY_MAX: u64 = 50_000_000;
/// What a small picture may weigh before it is drawn with fewer colours.
const BYTES: usize = 2_500;

/// Red, green and blue of the tile that lists show icons on, `#eceeec`.
const GROUND: [u8; 3] = [0xec, 0xee, 0xec];

/// A media type, and what is of it.
type Encoded = (&'static str, Vec<u8>);

/// A picture of at most [`SIDE`] pixels a side. `None` for what cannot be decoded, and for what has too many pixels.
pub fn shrink(bytes: &[u8]) -> Option<Encoded> {
    let (picture, orientation) = decode(bytes)?;
    let mut picture = DynamicImage::ImageRgba8(scale(picture));
    picture.apply_orientation(orientation);
    Some(encode(&picture.into_rgba8()))
}

/// As [`shrink`], of a drawing.
pub fn draw(bytes: &[u8]) -> Option<Encoded> {
    super::drawing::draw(bytes, SIDE).as_ref().map(encode)
}

fn decode(bytes: &[u8]) -> Option<(RgbaImage, Orientation)> {
    let reader = || ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok();
    let (width, height) = reader()?.into_dimensions().ok()?;
    if u64::from(width) * u64::from(height) > PIXELS_MAX {
        return None;
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MEMORY_MAX);
    let mut reader = reader()?;
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder().ok()?;
    decoder.set_limits(limits).ok()?;
    if decoder.total_bytes() > MEMORY_MAX {
        return None;
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Some((DynamicImage::from_decoder(decoder).ok()?.into_rgba8(), orientation))
}

/// Scales down, with colours weighed by their opacity: what is transparent has a colour, too, which nobody is to see.
fn scale(mut picture: RgbaImage) -> RgbaImage {
    let (width, height) = picture.dimensions();
    let longer = width.max(height);
    if longer <= SIDE {
        return picture;
    }
    for Rgba([red, green, blue, alpha]) in picture.pixels_mut() {
        for colour in [red, green, blue] {
            *colour = divide(u32::from(*colour) * u32::from(*alpha), u32::from(u8::MAX));
        }
    }
    let fit = |side: u32| {
        let one =
            |length: u32| u32::try_from(u64::from(length) * u64::from(side) / u64::from(longer)).unwrap_or(side).max(1);
        (one(width), one(height))
    };
    if longer > 4 * SIDE {
        // Averaging is fast, and as good as anything until the last steps.
        let (width, height) = fit(4 * SIDE);
        picture = imageops::thumbnail(&picture, width, height);
    }
    let (width, height) = fit(SIDE);
    let mut small = imageops::resize(&picture, width, height, imageops::FilterType::CatmullRom);
    for Rgba([red, green, blue, alpha]) in small.pixels_mut() {
        for colour in [red, green, blue] {
            *colour = divide(u32::from(*colour) * u32::from(u8::MAX), u32::from(*alpha));
        }
    }
    small
}

/// Rounded; nothing by nothing is nothing.
fn divide(dividend: u32, divisor: u32) -> u8 {
    (dividend + divisor / 2).checked_div(divisor).map_or(0, |quotient| u8::try_from(quotient).unwrap_or(u8::MAX))
}

/// In the format that takes least, and with fewer colours when that is still much: at this size no eye tells. What is
/// transparent and heavy gets the ground that it is shown on.
fn encode(picture: &RgbaImage) -> Encoded {
    let mut best = lossless(picture).min_by_key(weight);
    let is_opaque = picture.pixels().all(|pixel| pixel[3] == u8::MAX);
    if is_opaque || best.as_ref().is_none_or(|best| weight(best) > BYTES) {
        best = best.into_iter().chain(jpeg(&grounded(picture))).min_by_key(weight);
    }
    for bits in [5, 4] {
        if best.as_ref().is_some_and(|best| weight(best) <= BYTES) {
            break;
        }
        best = best.into_iter().chain(lossless(&posterise(picture, bits))).min_by_key(weight);
    }
    best.unwrap_or(("image/png", Vec::new()))
}

fn weight((_, bytes): &Encoded) -> usize {
    bytes.len()
}

fn lossless(picture: &RgbaImage) -> impl Iterator<Item = Encoded> {
    let (width, height) = picture.dimensions();
    let (mut png, mut webp) = (Vec::new(), Vec::new());
    let is_png = PngEncoder::new_with_quality(&mut png, CompressionType::Best, FilterType::Adaptive)
        .write_image(picture, width, height, ExtendedColorType::Rgba8)
        .is_ok();
    let is_webp =
        WebPEncoder::new_lossless(&mut webp).write_image(picture, width, height, ExtendedColorType::Rgba8).is_ok();
    [is_png.then_some(("image/png", png)), is_webp.then_some(("image/webp", webp))].into_iter().flatten()
}

/// The picture on the ground of its tile.
fn grounded(picture: &RgbaImage) -> RgbaImage {
    let mut picture = picture.clone();
    for pixel in picture.pixels_mut() {
        let alpha = u32::from(pixel[3]);
        for (value, ground) in pixel.0.iter_mut().zip(GROUND) {
            let sum = u32::from(*value) * alpha + u32::from(ground) * (u32::from(u8::MAX) - alpha);
            *value = divide(sum, u32::from(u8::MAX));
        }
        pixel[3] = u8::MAX;
    }
    picture
}

fn jpeg(picture: &RgbaImage) -> Option<Encoded> {
    let picture = DynamicImage::ImageRgba8(picture.clone()).into_rgb8();
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 85)
        .write_image(&picture, picture.width(), picture.height(), ExtendedColorType::Rgb8)
        .ok()?;
    Some(("image/jpeg", bytes))
}

/// With so many bits for each of red, green, blue and opacity.
fn posterise(picture: &RgbaImage, bits: u32) -> RgbaImage {
    let most = u32::from(u8::MAX) >> (8 - bits);
    let mut picture = picture.clone();
    for pixel in picture.pixels_mut() {
        for value in &mut pixel.0 {
            let step = u32::from(divide(u32::from(*value) * most, u32::from(u8::MAX)));
            *value = divide(step * u32::from(u8::MAX), most);
        }
        if pixel[3] == 0 {
            *pixel = Rgba([0; 4]);
        }
    }
    picture
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32, of: impl Fn(u32, u32) -> [u8; 4]) -> Vec<u8> {
        let picture = RgbaImage::from_fn(width, height, |x, y| Rgba(of(x, y)));
        let mut bytes = Vec::new();
        PngEncoder::new(&mut bytes).write_image(&picture, width, height, ExtendedColorType::Rgba8).expect("encodes");
        bytes
    }

    fn shrunk(bytes: &[u8]) -> RgbaImage {
        let (_, bytes) = shrink(bytes).expect("shrinks");
        image::load_from_memory(&bytes).expect("decodes").into_rgba8()
    }

    #[test]
    fn a_large_picture_becomes_small_and_keeps_its_shape() {
        assert_eq!(shrunk(&png(400, 200, |_, _| [10, 200, 30, 255])).dimensions(), (64, 32));
        assert_eq!(shrunk(&png(1000, 1, |_, _| [10, 200, 30, 255])).dimensions(), (64, 1));
        assert_eq!(shrunk(&png(20, 10, |_, _| [10, 200, 30, 255])).dimensions(), (20, 10));
    }

    #[test]
    fn what_is_transparent_gives_no_colour_to_what_is_not() {
        let picture =
            shrunk(&png(256, 256, |x, y| if (x / 2 + y / 2) % 2 == 0 { [250, 250, 250, 255] } else { [0; 4] }));
        assert!(picture.pixels().all(|pixel| pixel[0] > 230 && (100..150).contains(&pixel[3])));
    }

    #[test]
    fn what_is_heavy_and_transparent_gets_the_ground_of_its_tile() {
        let noise = |x: u32, y: u32| (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)).to_le_bytes();
        let half = |x, y| if x < 32 { [0; 4] } else { noise(x, y) };
        let (media_type, bytes) = shrink(&png(64, 64, half)).expect("shrinks");
        assert_eq!(media_type, "image/jpeg");
        let shown = image::load_from_memory(&bytes).expect("decodes").into_rgb8();
        let is_ground = |value: u8, ground: u8| value.abs_diff(ground) <= 3;
        assert!(shown.get_pixel(8, 32).0.iter().zip(GROUND).all(|(value, ground)| is_ground(*value, ground)));
        let (light, _) = shrink(&png(64, 64, |x, _| if x < 32 { [0; 4] } else { [9, 9, 9, 255] })).expect("shrinks");
        assert_ne!(light, "image/jpeg");
    }

    #[test]
    fn noise_is_bounded_as_well() {
        let noise =
            |x: u32, y: u32| (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503) ^ (x * y * 97)).to_le_bytes();
        let (_, bytes) = shrink(&png(64, 64, noise)).expect("shrinks");
        assert!(bytes.len() < 9_000, "{}", bytes.len());
    }

    #[test]
    fn what_is_broken_is_no_picture() {
        let whole = png(300, 300, |x, y| [x as u8, y as u8, (x ^ y) as u8, 255]);
        assert!(shrink(&whole).is_some());
        assert!(shrink(&whole[..whole.len() / 2]).is_none());
        for bytes in
            [b"".as_slice(), b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\x10\0\0\0WEBPVP8L", b"\xff\xd8\xff\xe0", b"BM"]
        {
            assert!(shrink(bytes).is_none(), "{bytes:?}");
        }
    }
}
