//! Icons of lists: small, many in one answer, and harmless whatever the manifest's author made of them (X3).

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};
use stockroom::{
    domain::icons::{self, ID_LENGTH, SHEET_MAX},
    server::{archive::Icon, store},
};

use crate::support::{
    client::Answer,
    module::{ICON, Module, sha256},
    server::{TestServer, fresh, with_installed},
};

const SVG: &str = "image/svg+xml";

async fn keep(server: &TestServer, media_type: &str, bytes: &[u8]) -> String {
    let sha256 = sha256(bytes);
    let icon = Icon { sha256: sha256.clone(), media_type: media_type.to_owned(), bytes: bytes.to_vec() };
    server.state.store.write("icon", move |tx| store::icons::put(tx, &[icon])).await.expect("keeps");
    sha256
}

async fn sheet(server: &TestServer, sha256s: &[&str]) -> Answer {
    server.get(&icons::sheet(sha256s.iter().map(|sha256| icons::id(sha256)))).await
}

/// Whether a sheet shows this icon.
fn shows(sheet: &Answer, sha256: &str) -> bool {
    let (text, view) = (sheet.text(), format!("<view id=\"i{}\" viewBox=\"0 ", icons::id(sha256)));
    text.split_once(&view).is_some_and(|(_, rest)| !rest.starts_with("0 "))
}

fn png(side: u32) -> Vec<u8> {
    let of = |x: u32, y: u32| Rgba([(x * 7) as u8, (y * 5) as u8, (x * y) as u8, if x > y { 255 } else { 90 }]);
    let mut bytes = Cursor::new(Vec::new());
    let picture = DynamicImage::ImageRgba8(RgbaImage::from_fn(side, side, of));
    picture.write_to(&mut bytes, ImageFormat::Png).expect("encodes");
    bytes.into_inner()
}

/// A PNG that says it has so many pixels a side, with a right checksum and next to nothing in it.
fn bomb(side: u32) -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend(side.to_be_bytes());
    header.extend(side.to_be_bytes());
    header.extend([8, 6, 0, 0, 0]);
    let crc = !header.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 })
    });
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\r".to_vec();
    bytes.extend(header);
    bytes.extend(crc.to_be_bytes());
    bytes.extend(&png(8)[33..]);
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_list_gets_its_icons_small_and_in_one_answer() {
    let (_folders, server) = fresh().await;
    let large = png(600);
    let picture = keep(&server, "image/png", &large).await;
    let drawing = keep(&server, SVG, ICON.as_bytes()).await;
    let first = sheet(&server, &[&picture, &drawing]).await;
    assert_eq!((first.status, first.header("content-type")), (200, Some(SVG)));
    assert!(shows(&first, &picture) && shows(&first, &drawing), "{}", first.text());
    assert!(first.body.len() < 12_000 && large.len() > 40_000, "{} of {}", first.body.len(), large.len());
    assert!(first.header("cache-control").is_some_and(|cache| cache.contains("immutable")));
    let policy = first.header("content-security-policy").expect("has a policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("sandbox"), "{policy}");
    assert_eq!(sheet(&server, &[&picture, &drawing]).await.body, first.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_small_icon_is_one_of_at_most_64_pixels_whatever_it_was() {
    let (_folders, server) = fresh().await;
    let picture = keep(&server, "image/png", &png(600)).await;
    let drawn = ICON.replace("</svg>", "<rect width=\"9\" height=\"9\"/></svg>");
    let drawing = keep(&server, SVG, drawn.as_bytes()).await;
    for icon in [&picture, &drawing] {
        let small = server.get(&format!("/backoffice/icons/small/{icon}")).await;
        let decoded = image::load_from_memory(&small.body).expect("decodes");
        assert_eq!((decoded.width(), decoded.height()), (64, 64));
    }
    let written = drawn.replace("</svg>", "<text>a</text></svg>");
    let written_icon = keep(&server, SVG, written.as_bytes()).await;
    assert_eq!(
        server.get(&format!("/backoffice/icons/small/{written_icon}")).await.text(),
        written,
        "there are no fonts"
    );
    assert_eq!(server.get(&format!("/backoffice/icons/{picture}")).await.body, png(600));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_list_page_asks_for_one_sheet() {
    let (_folders, server) = with_installed(&Module::new("acme.pay", "1.0.0")).await;
    let page = server.get("/backoffice/modules").await.text();
    let address = icons::sheet([icons::id(&sha256(ICON.as_bytes()))]);
    assert!(page.contains(&format!("src=\"{address}#i")), "{page}");
    assert!(shows(&server.get(&address).await, &sha256(ICON.as_bytes())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_icon_that_nobody_knows_is_left_out_and_asked_for_again() {
    let (_folders, server) = fresh().await;
    let known = keep(&server, SVG, ICON.as_bytes()).await;
    let unknown = "0".repeat(64);
    let answer = sheet(&server, &[&unknown, &known]).await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    assert!(shows(&answer, &known) && !shows(&answer, &unknown));
    assert_eq!(server.get(&format!("/backoffice/icons/small/{unknown}")).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_no_list_of_icons_is_refused() {
    let (_folders, server) = fresh().await;
    let id = "0".repeat(ID_LENGTH);
    for ids in ["1", "..%2f..%2fetc", "%22%3E%3Cscript%3E", "0000000000000000,1111111111111111", "ABCDEFABCDEFABCD"] {
        assert_eq!(server.get(&format!("/backoffice/icons/sheet/{ids}")).await.status, 400, "{ids}");
    }
    assert_eq!(server.get(&format!("/backoffice/icons/sheet/{}", id.repeat(SHEET_MAX))).await.status, 200);
    assert_eq!(server.get(&format!("/backoffice/icons/sheet/{}", id.repeat(SHEET_MAX + 1))).await.status, 400);
    let endless = server.get(&format!("/backoffice/icons/sheet/{}", id.repeat(2_000))).await;
    assert_eq!(endless.status, 400);
    for sha256 in ["0", &id, "..%2f..%2fsecret.key"] {
        assert_eq!(server.get(&format!("/backoffice/icons/small/{sha256}")).await.status, 404, "{sha256}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn broken_and_gigantic_pictures_are_left_out_and_stay_as_they_came() {
    let (_folders, server) = fresh().await;
    let whole = png(300);
    let hostile = [
        ("image/png", whole[..whole.len() / 2].to_vec()),
        ("image/png", bomb(50_000)),
        ("image/png", bomb(2_400)),
        ("image/png", b"not a picture".to_vec()),
        ("image/gif", b"GIF89a\xff\xff\xff\xff\xff\xff\xff\xff\xff".to_vec()),
        ("image/jpeg", b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\xff\xc0\0\x11\x08\xff\xff\xff\xff\x03".to_vec()),
        ("image/webp", b"RIFF\xff\xff\xff\xffWEBPVP8L\xff\xff\xff\xff/\xff\xff\xff\xff".to_vec()),
    ];
    for (media_type, bytes) in hostile {
        let icon = keep(&server, media_type, &bytes).await;
        for _ in 0..2 {
            let answer = sheet(&server, &[&icon]).await;
            assert_eq!(answer.status, 200);
            assert!(!shows(&answer, &icon), "{media_type}");
            let small = server.get(&format!("/backoffice/icons/small/{icon}")).await;
            assert_eq!((small.status, small.body), (200, bytes.clone()));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn x3_hostile_drawings_stay_inside_of_their_image() {
    let (_folders, server) = fresh().await;
    let mut drawings = Vec::new();
    for drawing in [
        r#"<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>"#,
        r#"<svg xmlns="http://www.w3.org/2000/svg"><image href="https://evil.example/x.png"/><foreignObject><iframe src="//evil"/></foreignObject></svg>"#,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1e300 1e300" width="1e9"><rect width="1e300" height="1"/></svg>"#,
        r#"<svg xmlns="http://www.w3.org/2000/svg"><style><![CDATA["/></svg><script>alert(1)</script>]]></style></svg>"#,
    ] {
        drawings.push(keep(&server, SVG, drawing.as_bytes()).await);
    }
    let open = r#"<svg xmlns="http://www.w3.org/2000/svg">"#;
    let bomb = format!(r#"<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>{open}&b;</svg>"#);
    let entities = keep(&server, SVG, bomb.as_bytes()).await;
    let cut = keep(&server, SVG, format!("{open}<path d=\"M0 0h1").as_bytes()).await;
    let more = keep(&server, SVG, format!("{open}</svg>\"/></svg><script>alert(1)</script>").as_bytes()).await;
    let large = keep(&server, SVG, format!("{open}{}</svg>", "<g/>".repeat(20_000)).as_bytes()).await;
    let mut all: Vec<&str> = drawings.iter().map(String::as_str).collect();
    all.extend([entities.as_str(), &cut, &more, &large]);
    let answer = sheet(&server, &all).await;
    assert_eq!(answer.status, 200);
    for drawing in &drawings {
        assert!(shows(&answer, drawing));
    }
    for left_out in [&entities, &cut, &more, &large] {
        assert!(!shows(&answer, left_out));
    }
    // An `svg`, a view for each, and of each that is shown a ground and an image: nothing of theirs is an element of the sheet.
    let text = answer.text();
    assert_eq!(text.matches('<').count(), 2 + all.len() + 2 * drawings.len(), "{text}");
    assert!(!text.contains("<script") && !text.contains("\"https:"), "{text}");
}
