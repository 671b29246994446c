//! Texts of strangers (descriptions, changelogs, READMEs) made safe for a page, or made plain for a list.

use std::sync::LazyLock;

use ammonia::Builder;
use pulldown_cmark::{Event, Options, Parser, TagEnd, html};

/// What may stay of a stranger's markup. No image: a page of ours loads nothing from other hosts.
static SANITISER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .add_tags([
            "a",
            "abbr",
            "b",
            "blockquote",
            "br",
            "code",
            "dd",
            "del",
            "dl",
            "dt",
            "em",
            "hr",
            "i",
            "kbd",
            "li",
            "ol",
            "p",
            "pre",
            "q",
            "s",
            "samp",
            "small",
            "strong",
            "sub",
            "sup",
            "table",
            "tbody",
            "td",
            "th",
            "thead",
            "tr",
            "u",
            "ul",
            "h3",
            "h4",
            "h5",
            "h6",
        ])
        .add_clean_content_tags(["script", "style", "title"])
        .add_tag_attributes("a", ["href"])
        .url_schemes(["http", "https"].into())
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"));
    builder
});

fn markdown(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH)
}

/// Safe HTML of a text that may be plain, Markdown, HTML or a mixture of them.
pub fn to_html(text: &str) -> String {
    // Headings of a stranger's text start below the page's own.
    let events = markdown(text).map(|event| match event {
        Event::Start(pulldown_cmark::Tag::Heading { level, id, classes, attrs }) => {
            Event::Start(pulldown_cmark::Tag::Heading { level: lower(level), id, classes, attrs })
        }
        Event::End(TagEnd::Heading(level)) => Event::End(TagEnd::Heading(lower(level))),
        other => other,
    });
    let mut unsafe_html = String::with_capacity(text.len() * 2);
    html::push_html(&mut unsafe_html, events);
    SANITISER.clean(&unsafe_html).to_string()
}

fn lower(level: pulldown_cmark::HeadingLevel) -> pulldown_cmark::HeadingLevel {
    use pulldown_cmark::HeadingLevel::{H1, H2, H3, H4, H5, H6};
    match level {
        H1 | H2 => H3,
        H3 => H4,
        H4 => H5,
        H5 | H6 => H6,
    }
}

/// The words of such a text on one line, cut at a word's end after at most `limit` characters.
pub fn to_plain(text: &str, limit: usize) -> String {
    let mut plain = String::new();
    let mut space = false;
    let mut push = |text: &str, plain: &mut String| {
        for character in text.chars() {
            if character.is_whitespace() || character.is_control() {
                space = !plain.is_empty();
            } else {
                if std::mem::take(&mut space) {
                    plain.push(' ');
                }
                plain.push(character);
            }
        }
    };
    for event in markdown(text) {
        match event {
            Event::Text(text) | Event::Code(text) => push(&text, &mut plain),
            Event::SoftBreak | Event::HardBreak | Event::End(_) => push(" ", &mut plain),
            Event::Html(html) | Event::InlineHtml(html) => push(&without_tags(&html), &mut plain),
            _ => {}
        }
    }
    if plain.chars().count() <= limit {
        return plain;
    }
    let cut: String = plain.chars().take(limit).collect();
    let end = cut.rfind(' ').unwrap_or(cut.len());
    format!("{}…", cut[..end].trim_end_matches([',', '.', ';', ':']))
}

/// The text between the tags of a piece of HTML; each tag counts as a space.
fn without_tags(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for character in html.chars() {
        match character {
            '<' => {
                inside = true;
                text.push(' ');
            }
            '>' => inside = false,
            other if !inside => text.push(other),
            _ => {}
        }
    }
    text
}

/// `url` when it is an http or https address that may stand in a link (attack id X2).
pub fn safe_link(url: &str) -> Option<String> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let sound = !rest.is_empty()
        && !rest.starts_with('/')
        && url.chars().all(|c| !c.is_control() && !c.is_whitespace() && !matches!(c, '"' | '\'' | '<' | '>' | '\\'));
    sound.then(|| url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_and_harmless_html_stay() {
        assert_eq!(
            to_html("A **bold** [link](https://example.com)."),
            "<p>A <strong>bold</strong> <a href=\"https://example.com\" rel=\"noopener noreferrer nofollow\">link</a>.</p>\n"
        );
        assert!(to_html("See <br/> <b>this</b>").contains("<b>this</b>"));
        assert!(to_html("# Title").contains("<h3>Title</h3>"));
    }

    #[test]
    fn x1_x4_nothing_that_runs_or_loads_stays() {
        for hostile in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "[a](javascript:alert(1))",
            "<a href='javascript:alert(1)'>a</a>",
            "<svg onload=alert(1)>",
            "<iframe src=//evil>",
            "![i](https://evil/x.png)",
            "<a href=\"data:text/html,<script>1</script>\">a</a>",
            "<p style='background:url(//evil)'>x",
            "<math><mtext></mtext></math>",
            "<style>*{}</style>",
            "<a href=\"/backoffice/x\">relative</a>",
        ] {
            let html = to_html(hostile).to_lowercase();
            for bad in [
                "<script",
                "onerror",
                "javascript:",
                "<svg",
                "<iframe",
                "<img",
                "data:",
                "style",
                "<math",
                "/backoffice",
            ] {
                assert!(!html.contains(bad), "{hostile:?} left {html:?}");
            }
        }
    }

    #[test]
    fn a_list_gets_plain_words_on_one_line() {
        assert_eq!(to_plain("Hello <b>big</b>\n\n[world](https://x.y) & `code`.", 80), "Hello big world & code.");
        assert_eq!(to_plain("<p>One</p><p>two</p>", 80), "One two");
        assert_eq!(to_plain("one two three", 8), "one two…");
        assert_eq!(to_plain("", 8), "");
    }

    #[test]
    fn x2_only_http_links_without_tricks_are_links() {
        assert!(safe_link("https://example.com/a?b=c#d").is_some());
        for bad in [
            "javascript:alert(1)",
            "data:text/html,x",
            "//evil",
            "https://",
            "https:///x",
            "https://a\"onclick=",
            "https://a b",
            "https://a\nb",
            "ftp://x",
        ] {
            assert_eq!(safe_link(bad), None, "{bad:?}");
        }
    }
}
