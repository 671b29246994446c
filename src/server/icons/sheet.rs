//! Many icons in one SVG, one below the other: a list cuts one of them out. Each has a view, too, so that
//! `<img src="…/sheet/…#i0123456789abcdef">` shows it.
//!
//! As an image the whole is inert: no script runs in it, and it loads nothing, and the same holds for the drawings in it,
//! which are images themselves. Strangers' bytes stand in it only as Base64, or percent-encoded.

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::{AsciiSet, CONTROLS, percent_encode};

use super::SVG;
use crate::{
    domain::icons::{SIDE, height, top},
    server::store::icons::SmallIcon,
};

/// What cannot stand in an address inside of an attribute. The rest stays, because text compresses better than Base64.
const IN_ATTRIBUTE: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'&').add(b'\'').add(b'<').add(b'>').add(b'`');
/// What the icons of a sheet may weigh on the wire, for each of them, in bytes.
const SHARE: usize = 2_000;
/// A sheet of a few icons may weigh as much as one of so many.
const FEW: usize = 16;
/// Side of the picture in its place, in CSS pixels, and what is around it.
const PICTURE: usize = 28;
const EDGE: usize = (SIDE - PICTURE) / 2;
/// The tile's ground: light in the dark, too, because many icons are drawn for a light one. It hides the letter that
/// lists write below.
const GROUND: &str = "#eceeec";

/// The sheet of these icons under their names, each at its place. The place of one that is not there, or has no bytes,
/// stays empty, and so does that of the heaviest where all together are too heavy.
pub fn compose(icons: &[(&str, Option<SmallIcon>)]) -> String {
    let mut shown: Vec<Option<&SmallIcon>> =
        icons.iter().map(|(_, icon)| icon.as_ref().filter(|icon| !icon.bytes.is_empty())).collect();
    let weight_at = |shown: &[Option<&SmallIcon>], at: usize| shown[at].map_or(0, weight);
    let most = SHARE * icons.len().max(FEW);
    while (0..shown.len()).map(|at| weight_at(&shown, at)).sum::<usize>() > most {
        let heaviest = (0..shown.len()).max_by_key(|at| weight_at(&shown, *at));
        shown[heaviest.unwrap_or_default()] = None;
    }
    let height = height(icons.len());
    let mut sheet = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{SIDE}" height="{height}" viewBox="0 0 {SIDE} {height}">"#
    );
    for (nth, ((id, _), icon)) in icons.iter().zip(shown).enumerate() {
        let top = if icon.is_some() { top(nth) } else { 0 };
        // Writing to a string cannot fail.
        let _ = write!(sheet, r#"<view id="i{id}" viewBox="0 {top} {SIDE} {SIDE}"/>"#);
        if let Some(icon) = icon {
            let _ = write!(
                sheet,
                r#"<path fill="{GROUND}" d="M0 {top}h{SIDE}v{SIDE}H0z"/><image x="{EDGE}" y="{y}" width="{PICTURE}" height="{PICTURE}" href="{href}"/>"#,
                y = top + EDGE,
                href = address(icon),
            );
        }
    }
    sheet.push_str("</svg>");
    sheet
}

fn address(icon: &SmallIcon) -> String {
    if icon.media_type == SVG {
        format!("data:{SVG},{}", percent_encode(&icon.bytes, IN_ATTRIBUTE))
    } else {
        format!("data:{};base64,{}", icon.media_type, STANDARD.encode(&icon.bytes))
    }
}

/// About what it takes on the wire: drawings are text, which compresses to less than half.
fn weight(icon: &SmallIcon) -> usize {
    if icon.media_type == SVG { icon.bytes.len() * 2 / 5 } else { icon.bytes.len() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn icon(media_type: &str, bytes: &[u8]) -> SmallIcon {
        SmallIcon { sha256: String::new(), media_type: media_type.to_owned(), bytes: bytes.to_vec() }
    }

    #[test]
    fn x3_a_hostile_drawing_cannot_leave_its_attribute() {
        let hostile = br#"<svg xmlns="http://www.w3.org/2000/svg" onload='alert(1)'><script>alert(1)</script></svg>"/></svg><script>&amp;]]>"#;
        let sheet = compose(&[("0123456789abcdef", Some(icon(SVG, hostile)))]);
        assert_eq!(sheet.matches('<').count(), 5, "{sheet}");
        assert!(!sheet.contains("<script") && !sheet.contains('\'') && sheet.ends_with("/></svg>"), "{sheet}");
    }

    #[test]
    fn icons_that_are_not_there_and_the_heaviest_leave_their_places_empty() {
        let drawing = icon(SVG, b"<svg/>");
        let heavy = icon("image/png", &vec![1; SHARE * FEW]);
        let none = icon("image/png", b"");
        let all =
            [("a", Some(drawing.clone())), ("b", Some(heavy)), ("c", Some(none)), ("d", None), ("e", Some(drawing))];
        let sheet = compose(&all);
        for (id, top) in [("a", top(0)), ("b", 0), ("c", 0), ("d", 0), ("e", top(4))] {
            let view = format!(r#"<view id="i{id}" viewBox="0 {top} 40 40"/>"#);
            assert!(sheet.contains(&view), "{view} in {sheet}");
        }
        assert_eq!(sheet.matches("<image").count(), 2);
    }
}
