//! How lists address icons: many in one answer, so that a page of modules is one request.

/// Hex digits of an icon's SHA-256 that name it in lists: so many that nobody makes another icon that begins alike, and
/// a third of what the whole of it weighs on the wire.
pub const ID_LENGTH: usize = 16;
/// Icons in one sheet at most.
pub const SHEET_MAX: usize = 48;

/// The name of an icon in lists, by its SHA-256 in hex.
pub fn id(sha256: &str) -> &str {
    sha256.get(..ID_LENGTH).unwrap_or(sha256)
}

/// The address of the sheet with these icons. The same icons in the same order have the same address, for ever.
pub fn sheet<'a>(ids: impl IntoIterator<Item = &'a str>) -> String {
    let mut address = String::from("/backoffice/icons/sheet/");
    address.extend(ids);
    address
}

/// The names in the last part of a sheet's address; `None` when it is not made of them, or of too many.
pub fn ids_of(text: &str) -> Option<Vec<&str>> {
    let is_hex = text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    let count = text.len() / ID_LENGTH;
    if !is_hex || !(1..=SHEET_MAX).contains(&count) || !text.len().is_multiple_of(ID_LENGTH) {
        return None;
    }
    Some((0..count).map(|at| &text[at * ID_LENGTH..(at + 1) * ID_LENGTH]).collect())
}

/// The address of one icon in a sheet.
pub fn view(sheet: &str, id: &str) -> String {
    format!("{sheet}#i{id}")
}

/// Side of an icon's place in a sheet, in CSS pixels.
pub const SIDE: usize = 40;

/// Where the place of the `nth` icon of a sheet begins, in CSS pixels from the top. The one before the first stays empty.
pub fn top(nth: usize) -> usize {
    (nth + 1) * 2 * SIDE
}

/// Height of a sheet with so many icons, in CSS pixels.
pub fn height(count: usize) -> usize {
    top(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_is_addressed_by_what_is_in_it() {
        let sha256 = "0123456789abcdef0123456789abcdef";
        let address = sheet([id(sha256), "fedcba9876543210"]);
        let ids = address.rsplit('/').next().and_then(ids_of).expect("reads");
        assert_eq!(ids, ["0123456789abcdef", "fedcba9876543210"]);
    }

    #[test]
    fn what_is_no_list_of_icons_is_refused() {
        for text in
            ["", "0", "0123456789abcdeg", "0123456789ABCDEF", "0123456789abcdef0", "0123456789abcde\"", "ääääääää"]
        {
            assert_eq!(ids_of(text), None, "{text}");
        }
        assert_eq!(ids_of(&"0".repeat(ID_LENGTH * (SHEET_MAX + 1))), None);
    }
}
