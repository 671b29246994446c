//! Many icons in one SVG, each in a view of its own: `<img src="…/sheet/…#i0123456789abcdef">` shows one of them.
//!
//! As an image the whole is inert: no script runs in it, and it loads nothing, and the same holds for the drawings in it,
//! which are images themselves. Strangers' bytes stand in it only as Base64, or percent-encoded.

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::{AsciiSet, CONTROLS, percent_encode};

use super::SVG;
use crate::server::store::icons::SmallIcon;

/// What cannot stand in an address inside of an attribute. The rest stays, because text compresses better than Base64.
const IN_ATTRIBUTE: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'&').add(b'\'').add(b'<').add(b'>').add(b'`');
/// What the icons of a sheet may weigh on the wire, for each of them, in bytes.
const SHARE: usize = 2_000;
/// A sheet of a few icons may weigh as much as one of so many.
const FEW: usize = 16;
/// Side of an icon's place, in CSS pixels; of the picture in it; and what is around that.
const CELL: usize = 40;
const PICTURE: usize = 28;
const EDGE: usize = (CELL - PICTURE) / 2;
/// The tile's ground: light in the dark, too, because many icons are drawn for a light one. It hides the letter that
/// lists write below.
const GROUND: &str = "#eceeec";

/// The sheet of these icons under their names. It has no view of those without bytes, and of the heaviest where all
/// together are too heavy.
pub fn compose(icons: &[(&str, SmallIcon)]) -> String {
    let mut shown: Vec<(usize, &(&str, SmallIcon))> =
        icons.iter().filter(|(_, icon)| !icon.bytes.is_empty()).map(|entry| (weight(&entry.1), entry)).collect();
    let most = SHARE * icons.len().max(FEW);
    while shown.iter().map(|(weight, _)| weight).sum::<usize>() > most {
        let heaviest = shown.iter().enumerate().max_by_key(|(_, (weight, _))| *weight).map(|(at, _)| at);
        shown.remove(heaviest.unwrap_or_default());
    }
    let mut sheet = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{CELL}" height="{CELL}" viewBox="0 0 {CELL} {CELL}">"#
    );
    for (row, (_, (id, icon))) in shown.into_iter().enumerate() {
        // The first place stays empty: a browser shows it for a view that is not there.
        let top = (row + 1) * 2 * CELL;
        // Writing to a string cannot fail.
        let _ = write!(
            sheet,
            r#"<view id="i{id}" viewBox="0 {top} {CELL} {CELL}"/><path fill="{GROUND}" d="M0 {top}h{CELL}v{CELL}H0z"/><image x="{EDGE}" y="{y}" width="{PICTURE}" height="{PICTURE}" href="{href}"/>"#,
            y = top + EDGE,
            href = address(icon),
        );
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
        let sheet = compose(&[("0123456789abcdef", icon(SVG, hostile))]);
        assert_eq!(sheet.matches('<').count(), 5, "{sheet}");
        assert!(!sheet.contains("<script") && !sheet.contains('\'') && sheet.ends_with("/></svg>"), "{sheet}");
    }

    #[test]
    fn icons_without_bytes_and_the_heaviest_are_left_out() {
        let drawing = icon(SVG, b"<svg/>");
        let heavy = icon("image/png", &vec![1; SHARE * FEW]);
        let none = icon("image/png", b"");
        let sheet = compose(&[("a", drawing.clone()), ("b", heavy), ("c", none), ("d", drawing)]);
        assert!(sheet.contains(r#"id="ia""#) && sheet.contains(r#"id="id""#));
        assert!(!sheet.contains(r#"id="ib""#) && !sheet.contains(r#"id="ic""#));
        assert_eq!(compose(&[]).matches("<view").count(), 0);
    }
}
