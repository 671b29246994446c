//! Words for roles and lists of them, as sentences on pages use them.

/// People, not a role's name: `users`, `people at example.com`, `ann@example.com`.
pub(super) fn people(role: &str) -> String {
    match role {
        "admin" => "administrators".to_owned(),
        "user" => "users".to_owned(),
        "tester" => "testers".to_owned(),
        address if address.contains('@') => address.to_owned(),
        domain if domain.contains('.') => format!("people at {domain}"),
        scope => format!("people with the role “{scope}”"),
    }
}

/// Where a role stands in a list: the known scopes, other scopes, domains, single people.
pub(super) fn rank(role: &str) -> usize {
    let known = ["admin", "user", "tester"].iter().position(|known| *known == role);
    known.unwrap_or_else(|| 3 + usize::from(role.contains('.')) + 2 * usize::from(role.contains('@')))
}

/// `a`, `a and b`, `a, b and c`; with another last word than `and` where one is wanted.
pub(super) fn joined(parts: &[String], last_word: &str) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {last_word} {last}", first.join(", ")),
    }
}

/// Starts a sentence, except with an e-mail address, which is written as its owner writes it.
pub(super) fn sentence_case(text: &str) -> String {
    let starts_with_address = text.split([' ', ',']).next().is_some_and(|word| word.contains('@'));
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if !starts_with_address => format!("{}{}", first.to_ascii_uppercase(), letters.as_str()),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_called_as_people_call_them() {
        for (role, words) in [
            ("admin", "administrators"),
            ("acme1", "people with the role “acme1”"),
            ("example.com", "people at example.com"),
            ("ann@example.com", "ann@example.com"),
        ] {
            assert_eq!(people(role), words);
        }
    }

    #[test]
    fn known_scopes_come_first_and_single_people_last() {
        let mut roles = ["ann@localhost", "zeta", "example.com", "tester", "ann@b.c", "user", "admin"];
        roles.sort_by_key(|role| rank(role));
        assert_eq!(roles[..5], ["admin", "user", "tester", "zeta", "example.com"]);
    }

    #[test]
    fn lists_end_with_and() {
        let parts = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
        assert_eq!(joined(&parts, "and"), "a, b and c");
        assert_eq!(joined(&parts[..2], "or"), "a or b");
        assert_eq!(joined(&parts[..1], "and"), "a");
    }

    #[test]
    fn an_address_keeps_its_first_letter() {
        assert_eq!(sentence_case("users and ann@b.c"), "Users and ann@b.c");
        assert_eq!(sentence_case("ann@b.c and bob@b.c"), "ann@b.c and bob@b.c");
    }
}
