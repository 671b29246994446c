//! Numbers in the words of people: sizes and times.

/// A number of bytes, as in `148 kB`.
pub fn bytes(size: u64) -> String {
    match size {
        0..1_000 => format!("{size} B"),
        1_000..1_000_000 => format!("{} kB", size.div_ceil(1_000).min(999)),
        _ => {
            let tenths = (size + 50_000) / 100_000;
            format!("{}.{} MB", tenths / 10, tenths % 10)
        }
    }
}

/// Minutes and seconds, as in `0:07`.
pub fn minutes(milliseconds: i64) -> String {
    let seconds = milliseconds.max(0) / 1_000;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// `1 component`, `2 components`.
pub fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_read_naturally() {
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(148_000), "148 kB");
        assert_eq!(bytes(999_700), "999 kB");
        assert_eq!(bytes(10_485_760), "10.5 MB");
        assert_eq!(minutes(7_400), "0:07");
        assert_eq!(minutes(61_000), "1:01");
        assert_eq!(count(1, "component"), "1 component");
        assert_eq!(count(0, "trigger"), "0 triggers");
    }
}
