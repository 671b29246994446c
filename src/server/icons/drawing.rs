//! Which drawings (SVG) can stand in a sheet as they are. A browser shows a broken image for one that is no XML, where a
//! list would rather show the letter.

/// Bytes of the largest drawing that lists show; those of real modules take one to twenty kilobytes.
pub const DRAWING_MAX: usize = 32_000;
const NAMESPACE: &str = "http://www.w3.org/2000/svg";

/// Whether a drawing is whole, not large, and without entities of its own, of which a few lines can make gigabytes. What
/// else it holds does not matter: in an image no script runs and nothing is loaded.
pub fn is_small_drawing(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    bytes.len() <= DRAWING_MAX
        && text.contains(NAMESPACE)
        && !text.contains("<!ENTITY")
        && are_references_known(text)
        && is_balanced(text).unwrap_or_default()
}

/// Whether one element holds all others, and each that begins ends. `None` where something has no end.
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
