//! Drawings (SVG) in lists: small pictures of them, since a browser makes a document of each drawing that it shows, on the
//! thread that answers key presses. What cannot be drawn here stands in a sheet as it is, where it is small; of one that is
//! no XML a browser would show a broken image, where a list would rather show the letter.

use image::RgbaImage;
use resvg::{
    tiny_skia::{Pixmap, Transform},
    usvg::{ImageHrefResolver, Options, Tree},
};

/// Bytes of the largest drawing that stands in a sheet as it is; those of real modules take one to twenty kilobytes.
pub const DRAWING_MAX: usize = 32_000;
/// Bytes of the largest that is drawn here.
const DRAWN_MAX: usize = 256_000;
/// What is not drawn here as a browser draws it: there are no fonts, and no other pictures.
const NOT_DRAWN: [&str; 3] = ["<text", "<image", "<foreignObject"];
/// What a few lines of can take hours or gigabytes. Wherever a word stands, it may be meant.
const TOO_MUCH: [&str; 3] = ["pattern", "filter", "marker"];
/// What refers to something that may do so, too, and so becomes twice as much with each step.
const DOUBLING: [&str; 3] = ["href", "mask", "clip"];
/// References in a drawing with one of those: each has this sign, as have colours.
const REFERENCES_MAX: usize = 24;
/// Elements within each other: those who read them do so in depth.
const DEPTH_MAX: usize = 64;
const NAMESPACE: &str = "http://www.w3.org/2000/svg";

/// Whether a drawing is whole, not large, and without entities of its own, of which a few lines can make gigabytes. What
/// else it holds does not matter: in an image no script runs and nothing is loaded.
pub fn is_small_drawing(bytes: &[u8]) -> bool {
    bytes.len() <= DRAWING_MAX && is_whole(bytes)
}

/// The drawing in pixels, `side` of them at its longer side. `None` for what a browser has to draw, and where nothing comes
/// of it. Nothing is loaded.
pub fn draw(bytes: &[u8], side: u32) -> Option<RgbaImage> {
    let text = std::str::from_utf8(bytes).ok()?;
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let is_too_much =
        bytes.len() > DRAWN_MAX || has(&TOO_MUCH) || has(&DOUBLING) && text.matches('#').count() > REFERENCES_MAX;
    if is_too_much || has(&NOT_DRAWN) || !is_whole(bytes) {
        return None;
    }
    // By default it would look for files.
    let image_href_resolver =
        ImageHrefResolver { resolve_data: Box::new(|_, _, _| None), resolve_string: Box::new(|_, _| None) };
    let tree = Tree::from_str(text, &Options { image_href_resolver, ..Options::default() }).ok()?;
    let (width, height) = (tree.size().width(), tree.size().height());
    let scale = side as f32 / width.max(height);
    // At most `side`: the longer one is scaled to it.
    let pixels = |length: f32| ((length * scale).round() as u32).clamp(1, side);
    let mut drawn = Pixmap::new(pixels(width), pixels(height))?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut drawn.as_mut());
    let colours = drawn.pixels().iter().map(|pixel| pixel.demultiply());
    let bytes: Vec<u8> = colours.flat_map(|c| [c.red(), c.green(), c.blue(), c.alpha()]).collect();
    let picture = RgbaImage::from_raw(drawn.width(), drawn.height(), bytes)?;
    picture.pixels().any(|pixel| pixel[3] > 0).then_some(picture)
}

fn is_whole(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    text.contains(NAMESPACE)
        && !text.contains("<!ENTITY")
        && are_references_known(text)
        && is_balanced(text).unwrap_or_default()
}

/// Whether one element holds all others, not too deep, and each that begins ends. `None` where something has no end.
fn is_balanced(text: &str) -> Option<bool> {
    let mut rest = text.trim_start_matches('\u{feff}');
    let mut open: Vec<&str> = Vec::new();
    let mut roots = 0;
    while let Some(at) = rest.find('<') {
        if open.is_empty() && !rest[..at].trim().is_empty() {
            return Some(false);
        }
        rest = &rest[at..];
        let skipped = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"), ("<!", ">")];
        if let Some((start, end)) = skipped.into_iter().find(|(start, _)| rest.starts_with(start)) {
            rest = &rest[start.len()..];
            rest = &rest[rest.find(end)? + end.len()..];
            continue;
        }
        let length = tag_length(rest)?;
        let tag = &rest[1..length - 1];
        rest = &rest[length..];
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name.trim_end()) {
                return Some(false);
            }
            continue;
        }
        roots += usize::from(open.is_empty());
        if !tag.ends_with('/') {
            open.push(tag.split(|sign: char| sign.is_whitespace()).next()?);
            if open.len() > DEPTH_MAX {
                return Some(false);
            }
        }
    }
    Some(open.is_empty() && roots == 1 && rest.trim().is_empty())
}

/// Bytes from `<` to `>`, which does not count between quotes.
fn tag_length(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, sign) in text.char_indices() {
        match (quote, sign) {
            (None, '"' | '\'') => quote = Some(sign),
            (None, '>') => return Some(at + 1),
            (Some(open), _) if open == sign => quote = None,
            (_, '<') if at > 0 => return None,
            _ => {}
        }
    }
    None
}

/// Whether each `&` begins one of XML's own references.
fn are_references_known(text: &str) -> bool {
    text.split('&').skip(1).all(|rest| {
        let name = rest.split(';').next().unwrap_or_default();
        name.starts_with('#') || ["amp", "lt", "gt", "quot", "apos"].contains(&name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn svg(inner: &str) -> String {
        format!("<svg xmlns=\"{NAMESPACE}\">{inner}</svg>")
    }

    #[test]
    fn a_drawing_becomes_a_picture_of_its_shape() {
        let drawing = format!(
            "<svg xmlns=\"{NAMESPACE}\" viewBox=\"0 0 20 10\"><style>.a {{ fill: #0a0 }}</style><rect class=\"a\" width=\"10\" height=\"10\"/></svg>"
        );
        let picture = draw(drawing.as_bytes(), 64).expect("is drawn");
        assert_eq!(picture.dimensions(), (64, 32));
        assert_eq!(picture.get_pixel(10, 16).0, [0, 170, 0, 255]);
        assert_eq!(picture.get_pixel(50, 16).0[3], 0);
    }

    #[test]
    fn what_a_browser_has_to_draw_is_left_to_it() {
        for inner in ["<text>a</text>", "<image href='/etc/hostname' width='9' height='9'/>", "", "<g/>"] {
            assert!(draw(svg(inner).as_bytes(), 64).is_none(), "{inner}");
        }
    }

    /// Each step refers to the one before twice.
    fn doubling(steps: u32, step: impl Fn(u32) -> String, last: &str) -> String {
        let steps: String = (1..=steps).map(step).collect();
        svg(&format!("<defs><rect id=\"a0\" width=\"9\" height=\"9\"/>{steps}</defs>{last}"))
    }

    #[test]
    fn s5_a_drawing_that_multiplies_itself_is_not_drawn() {
        let shapes = |n: u32, by: &str| format!("<path {by}=\"url(#a{n})\" d=\"M0 0h9v9z\"/>").repeat(2);
        let uses = |n: u32| format!("<g id=\"a{n}\">{}</g>", format!("<use href=\"#a{}\"/>", n - 1).repeat(2));
        let clips = |n: u32| format!("<clipPath id=\"a{n}\">{}</clipPath>", shapes(n - 1, "clip-path"));
        let masks = |n: u32| format!("<x:mask id=\"a{n}\">{}</x:mask>", shapes(n - 1, "mask"));
        let patterns =
            |n: u32| format!("<pattern id=\"a{n}\" width=\"9\" height=\"9\">{}</pattern>", shapes(n - 1, "fill"));
        for bomb in [
            doubling(40, uses, "<use href=\"#a40\"/>"),
            doubling(40, clips, &shapes(40, "clip-path")),
            doubling(40, masks, &shapes(40, "mask")),
            doubling(40, patterns, &shapes(40, "fill")),
            svg("<filter id=\"a\"><feMorphology radius=\"99999\"/></filter>"),
        ] {
            assert!(draw(bomb.as_bytes(), 64).is_none(), "{bomb}");
        }
        // As far as it goes, it comes to an end.
        assert!(draw(doubling(10, uses, "<use href=\"#a10\"/>").as_bytes(), 64).is_some());
    }

    #[test]
    fn s5_a_deep_drawing_is_none() {
        let deep = |depth: usize| {
            svg(&format!("{}<rect width=\"9\" height=\"9\"/>{}", "<g>".repeat(depth), "</g>".repeat(depth)))
        };
        assert!(draw(deep(60).as_bytes(), 64).is_some());
        for depth in [100, 30_000] {
            assert!(draw(deep(depth).as_bytes(), 64).is_none() && !is_small_drawing(deep(depth).as_bytes()), "{depth}");
        }
    }

    #[test]
    fn whole_drawings_stay_in_lists() {
        for drawing in [
            format!(
                "\u{feff}<?xml version=\"1.0\"?>\n<!-- a -- <b> -->\n<!DOCTYPE svg PUBLIC \"a\" \"b\">\n{}\n",
                svg("<path/>")
            ),
            format!("<svg xmlns='{NAMESPACE}' />"),
            svg("<g id=\"a>b\"><path d='M0 0'/><style><![CDATA[a > b {}]]></style></g ><text>a &amp; b &#160;</text>"),
        ] {
            assert!(is_small_drawing(drawing.as_bytes()), "{drawing}");
        }
    }

    #[test]
    fn broken_large_and_explosive_ones_do_not() {
        for drawing in [
            String::new(),
            "hello".to_owned(),
            "<svg/>".to_owned(),
            format!("<svg xmlns=\"{NAMESPACE}\"><path d=\"M0 0"),
            format!("<svg xmlns=\"{NAMESPACE}\"><g>"),
            format!("{}\"/></svg><script>", svg("")),
            svg("<rect>"),
            svg("<rect></g>"),
            svg("&nbsp;"),
            svg("<!-- "),
            format!("<!DOCTYPE svg [<!ENTITY a \"aaaa\">]>{}", svg("&a;")),
            svg(&" ".repeat(DRAWING_MAX)),
        ] {
            assert!(!is_small_drawing(drawing.as_bytes()), "{drawing}");
        }
        assert!(!is_small_drawing(b"\xff\xfe<svg></svg>"));
    }
}
