//! Files over the wire: whole and in chunks, with owners kept apart and limits held, and nothing left behind.

use std::{collections::BTreeSet, fs};

use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream, runtime::Runtime};

use crate::support::{
    client::{Answer, exchange, get, head, send},
    eventually,
    folder::{Folders, column, kept},
    module::noise,
    server::{TestServer, fresh},
};

/// What an upload is called, and so the file that it becomes.
const ID: &str = "6f1a3c52-8d11-4a6e-9c55-0d8d3c1f2b7a";

/// A server, and somebody who owns files on it.
struct Desk {
    folders: Folders,
    server: TestServer,
    token: String,
}

impl Desk {
    async fn open() -> Self {
        let (folders, server) = fresh().await;
        server.add_person("owner@example.com", &["user"], &[]).await;
        let token = format!("Bearer {}", server.token("owner@example.com").await);
        Self { folders, server, token }
    }

    async fn get(&self, path: &str) -> Answer {
        get(self.server.address, path, &[("Authorization", &self.token)]).await
    }

    async fn delete(&self, path: &str) -> Answer {
        send(self.server.address, "DELETE", path, &[("Authorization", &self.token)], "").await
    }

    async fn send(&self, name: &str, headers: &[(&str, &str)], bytes: &[u8]) -> Answer {
        self.send_as(&self.token, name, headers, bytes).await
    }

    async fn send_as(&self, token: &str, name: &str, headers: &[(&str, &str)], bytes: &[u8]) -> Answer {
        let body = form(name, bytes);
        let length = body.len().to_string();
        let headers = [headers, &[("Authorization", token), KIND, ("Content-Length", &length)]].concat();
        let request = [head(self.server.address, "POST", "/files", &headers).into_bytes(), body].concat();
        exchange(self.server.address, &request).await
    }

    /// Sends one chunk of a file.
    async fn chunk(&self, number: &str, total: &str, size: &str, bytes: &[u8]) -> Answer {
        let headers = [
            ("uploader-file-id", ID),
            ("uploader-file-name", "big%20one.bin"),
            ("uploader-chunk-size", size),
            ("uploader-chunk-number", number),
            ("uploader-chunks-total", total),
        ];
        self.send("blob", &headers, bytes).await
    }

    /// Sends a file that is to be kept; gives its id.
    async fn file(&self, name: &str, bytes: &[u8]) -> String {
        let answer = self.send(name, &[], bytes).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["fileId"].as_str().expect("an id").to_owned()
    }

    async fn names(&self, query: &str) -> Vec<String> {
        let answer = self.get(&format!("/files?{query}")).await;
        let files = answer.json();
        let files = files.as_array().unwrap_or_else(|| panic!("{query}: {}", answer.text())).iter();
        files.map(|file| file["filename"].as_str().expect("a name").to_owned()).collect()
    }

    /// The contents and unfinished uploads that lie in the data folder.
    fn bytes(&self) -> BTreeSet<String> {
        let files = kept(&self.folders.data()).into_iter();
        files.filter(|path| path.starts_with("files/") || path.starts_with("tmp/")).collect()
    }

    async fn limit(&self, bytes: u64) {
        let setting = json!({ "key": "LIMIT_FILE_MAX_BYTES", "value": bytes }).to_string();
        assert_eq!(send(self.server.address, "POST", "/config", &[], &setting).await.status, 200);
    }
}

const KIND: (&str, &str) = ("Content-Type", "multipart/form-data; boundary=edge");

fn form(name: &str, bytes: &[u8]) -> Vec<u8> {
    let disposition = format!("Content-Disposition: form-data; name=\"file\"; filename=\"{name}\"");
    let begin = format!("--edge\r\n{disposition}\r\nContent-Type: text/html\r\n\r\n");
    [begin.as_bytes(), bytes, b"\r\n--edge--\r\n"].concat()
}

#[tokio::test]
async fn a_file_is_sent_whole_looked_at_and_fetched() {
    let desk = Desk::open().await;
    let answer = desk.send("C:\\fakepath\\a page.html", &[], b"<script>alert(1)</script>").await;
    let mut file = answer.json();
    let id = file["fileId"].as_str().expect("an id").to_owned();
    assert_eq!(desk.get(&format!("/files/metadata/{id}")).await.json(), file);
    let sent = file.as_object_mut().expect("a file").remove("uploadDate").expect("a time");
    assert!(sent.as_str().is_some_and(|text| text.ends_with('Z')), "{sent}");
    let owner = desk.get("/user").await.json()["id"].clone();
    let expected = json!({
        "fileId": id, "filename": "a page.html", "length": 25, "chunkSize": 262_144,
        "md5": "38fff51cb7248a06d6142c6bdf846831", "contentType": "text/html",
        "metadata": { "fileId": id, "userId": owner },
    });
    assert_eq!(file, expected);
    let fetched = desk.get(&format!("/files/{id}")).await;
    assert_eq!(fetched.body, b"<script>alert(1)</script>");
    for (name, value) in [
        ("content-type", "text/html"),
        ("content-length", "25"),
        // No browser shows it as a page of this server.
        ("content-disposition", "attachment; filename*=UTF-8''a%20page%2Ehtml"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(fetched.header(name), Some(value), "{name}");
    }
    let empty = desk.send("empty", &[], b"").await.json();
    assert_eq!((&empty["length"], &empty["md5"]), (&json!(0), &json!("d41d8cd98f00b204e9800998ecf8427e")));
    let empty = desk.get(&format!("/files/{}", empty["fileId"].as_str().expect("an id"))).await;
    assert_eq!((empty.status, empty.body.len()), (200, 0));
    // Longer than the bodies of other requests may be.
    let big = noise(3 << 20);
    let id = desk.file("big", big.as_bytes()).await;
    assert_eq!(desk.get(&format!("/files/{id}")).await.body, big.as_bytes());
}

#[tokio::test]
async fn chunks_after_the_first_come_in_any_order() {
    let desk = Desk::open().await;
    let early = desk.chunk("1", "3", "4", b"4567").await;
    assert_eq!(early.status, 409, "nobody has begun: {}", early.text());
    assert_eq!(desk.chunk("0", "3", "4", b"0123").await.json(), json!({ "received": 1, "total": 3 }));
    assert_eq!(desk.chunk("2", "3", "4", b"89").await.json(), json!({ "received": 2, "total": 3 }));
    assert_eq!(desk.chunk("2", "3", "4", b"89").await.json(), json!({ "received": 2, "total": 3 }), "sent again");
    assert_eq!(desk.get("/files").await.json(), json!([]));
    for (number, total, size, bytes) in [
        ("1", "4", "4", b"4567".as_slice()),
        ("1", "3", "5", b"45678"),
        ("1", "3", "4", b"456"),
        ("1", "3", "4", b"45678"),
        ("3", "3", "4", b"4567"),
        ("0", "0", "4", b"4567"),
        ("x", "3", "4", b"4567"),
        ("-1", "3", "4", b"4567"),
        ("1", "3", "0", b""),
        ("1", "100001", "4", b"4567"),
    ] {
        let answer = desk.chunk(number, total, size, bytes).await;
        assert_eq!(answer.status, 400, "{number} of {total}, {size}: {}", answer.text());
    }
    let file = desk.chunk("1", "3", "4", b"4567").await.json();
    assert_eq!((&file["fileId"], &file["filename"]), (&json!(ID), &json!("big one.bin")));
    assert_eq!((&file["length"], &file["md5"]), (&json!(10), &json!("781e5e245d69b566979b86e28d23f2c7")));
    assert_eq!(desk.get(&format!("/files/{ID}")).await.body, b"0123456789");
    assert_eq!(desk.bytes().len(), 1, "{:?}", desk.bytes());
    // Sent again from the beginning, it takes the file's place.
    assert_eq!(desk.chunk("0", "2", "2", b"ab").await.status, 200);
    assert_eq!(desk.get(&format!("/files/{ID}")).await.body, b"0123456789", "until it is whole");
    assert_eq!(desk.chunk("1", "2", "2", b"c").await.json()["length"], 3);
    assert_eq!(desk.get(&format!("/files/{ID}")).await.body, b"abc");
    assert_eq!(desk.get("/files/count").await.json(), json!({ "count": 1 }));
    let nameless = desk.send("x", &[("uploader-chunks-total", "2"), ("uploader-chunk-size", "1")], b"x").await;
    assert_eq!(nameless.status, 400, "{}", nameless.text());
}

#[tokio::test]
async fn files_of_others_do_not_exist() {
    let desk = Desk::open().await;
    let id = desk.send("mine.txt", &[("uploader-file-id", ID)], b"mine").await.json()["fileId"].clone();
    assert_eq!(id, ID);
    desk.server.add_person("other@example.com", &["user"], &[]).await;
    let token = format!("Bearer {}", desk.server.token("other@example.com").await);
    let other = [("Authorization", token.as_str())];
    let (one, about) = (format!("/files/{ID}"), format!("/files/metadata/{ID}"));
    for (method, path) in [("GET", &one), ("GET", &about), ("DELETE", &one)] {
        let answer = send(desk.server.address, method, path, &other, "").await;
        assert_eq!(answer.status, 404, "{method} {path}: {}", answer.text());
    }
    let owner = desk.get("/user").await.json()["id"].as_str().expect("an id").to_owned();
    for query in ["", "?filter=filename:mine.txt", &format!("?filter=userId:{owner}"), &format!("?filter=fileId:{ID}")]
    {
        assert_eq!(get(desk.server.address, &format!("/files{query}"), &other).await.json(), json!([]), "{query}");
        let count = get(desk.server.address, &format!("/files/count{query}"), &other).await;
        assert_eq!(count.json(), json!({ "count": 0 }), "{query}");
    }
    let none = send(desk.server.address, "DELETE", &format!("/files?filter=userId:{owner}"), &other, "").await;
    assert_eq!(none.json(), json!({ "deletedCount": 0 }));
    let taken = desk.send_as(&token, "evil.txt", &[("uploader-file-id", ID)], b"evil").await;
    assert_eq!(taken.status, 409, "{}", taken.text());
    assert_eq!(desk.get(&one).await.body, b"mine");
    assert_eq!(desk.bytes().len(), 1, "{:?}", desk.bytes());
    // Administrators look after everybody's.
    assert_eq!(desk.server.get("/files").await.json(), json!([]));
    assert_eq!(desk.server.get(&format!("/files?filter=userId:{owner}")).await.json()[0]["fileId"], ID);
    assert_eq!(desk.server.get(&one).await.body, b"mine");
    assert_eq!(send(desk.server.address, "DELETE", &one, &[], "").await.status, 200);
    assert_eq!(desk.get(&one).await.status, 404);
}

#[tokio::test]
async fn what_is_over_the_limit_or_no_form_leaves_nothing() {
    let desk = Desk::open().await;
    desk.limit(10).await;
    let exact = desk.file("exact", b"0123456789").await;
    let before = desk.bytes();
    let big = desk.send("big", &[], b"01234567890").await;
    assert_eq!((big.status, &big.json()["limit"]), (413, &json!(10)));
    // Told by the first chunk that would be beyond it.
    assert_eq!(desk.chunk("2", "3", "8", b"x").await.status, 413);
    assert_eq!(desk.send("", &[("uploader-file-name", "%00")], b"x").await.status, 200, "it gets another name");
    for (kind, body, status) in [
        ("application/json", b"{}".as_slice(), 415),
        ("multipart/form-data", b"", 415),
        (KIND.1, b"--edge--\r\n", 400),
        (KIND.1, b"--edge\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nx\r\n--edge--\r\n", 400),
        (KIND.1, b"no form at all", 400),
    ] {
        let length = body.len().to_string();
        let headers = [("Authorization", desk.token.as_str()), ("Content-Type", kind), ("Content-Length", &length)];
        let request = [head(desk.server.address, "POST", "/files", &headers).as_bytes(), body].concat();
        let answer = exchange(desk.server.address, &request).await;
        assert_eq!(answer.status, status, "{kind} {}: {}", String::from_utf8_lossy(body), answer.text());
    }
    assert_eq!(desk.get("/files/count").await.json(), json!({ "count": 2 }));
    assert_eq!(desk.delete("/files?filter=length:1").await.status, 400);
    let names = desk.names("").await;
    let other = names.iter().find(|name| *name != "exact").expect("the one with another name");
    assert_eq!(desk.delete(&format!("/files?filter=filename:{other}")).await.json(), json!({ "deletedCount": 1 }));
    assert_eq!(desk.bytes(), before);
    assert_eq!(desk.get(&format!("/files/{exact}")).await.body, b"0123456789");
}

#[tokio::test]
async fn an_upload_that_is_cut_in_the_middle_leaves_nothing() {
    let desk = Desk::open().await;
    let body = form("cut.bin", &vec![b'x'; 2 << 20]);
    let length = body.len().to_string();
    for headers in [
        vec![("Content-Length", length.as_str())],
        vec![
            ("Content-Length", &length),
            ("uploader-file-id", ID),
            ("uploader-chunks-total", "2"),
            ("uploader-chunk-size", "2097152"),
        ],
    ] {
        let headers = [headers, vec![("Authorization", desk.token.as_str()), KIND]].concat();
        let mut stream = TcpStream::connect(desk.server.address).await.expect("connects");
        stream.write_all(head(desk.server.address, "POST", "/files", &headers).as_bytes()).await.expect("asks");
        stream.write_all(&body[..1 << 20]).await.expect("sends half of it");
        eventually("it comes", async || (!desk.bytes().is_empty()).then_some(())).await;
        drop(stream);
        eventually("it is gone", async || desk.bytes().is_empty().then_some(())).await;
    }
    assert_eq!(desk.get("/files").await.json(), json!([]));
    assert_eq!(column(&desk.folders.data(), "SELECT action FROM audit WHERE action LIKE 'file.%'"), [""; 0]);
    // The cut chunk has begun nothing that could be gone on with.
    assert_eq!(desk.chunk("1", "2", "2097152", b"x").await.status, 409);
}

#[tokio::test]
async fn deletion_removes_the_bytes() {
    let desk = Desk::open().await;
    let ids = [desk.file("a.txt", b"a").await, desk.file("b.txt", b"b").await, desk.file("c.csv", b"c").await];
    assert_eq!(desk.bytes().len(), 3);
    let gone = desk.delete(&format!("/files/{}", ids[0])).await;
    assert_eq!(gone.json(), json!({ "fileId": ids[0] }));
    assert_eq!(desk.bytes().len(), 2);
    assert_eq!(desk.delete(&format!("/files/{}", ids[0])).await.status, 404);
    for bad in ["/files", "/files?filter=", "/files?filter=name", "/files?filter=size:1"] {
        assert_eq!(desk.delete(bad).await.status, 400, "{bad}");
    }
    assert_eq!(desk.delete("/files?filter=filename:~.TXT").await.json(), json!({ "deletedCount": 1 }));
    assert_eq!(desk.names("").await, ["c.csv"]);
    assert_eq!(desk.bytes().len(), 1);
    let trail = column(&desk.folders.data(), "SELECT action FROM audit WHERE action LIKE 'file.%' ORDER BY id");
    assert_eq!(trail, ["file.upload", "file.upload", "file.upload", "file.delete", "file.delete"]);
    // Files of somebody who is gone are swept up.
    let owner = desk.get("/user").await.json()["id"].as_str().expect("an id").to_owned();
    send(desk.server.address, "DELETE", &format!("/users/{owner}"), &[], "").await;
    eventually("they are gone", async || column(&desk.folders.data(), "SELECT id FROM files").is_empty().then_some(()))
        .await;
    desk.server.state.files.sweep().await.expect("sweeps");
    assert_eq!(desk.bytes(), BTreeSet::new());
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_cut() {
    let desk = Desk::open().await;
    for (name, bytes) in [("b.txt", "22"), ("A report.txt", "1"), ("c.csv", "333")] {
        desk.file(name, bytes.as_bytes()).await;
    }
    for (query, names) in [
        ("sort=filename", vec!["A report.txt", "b.txt", "c.csv"]),
        ("sort=filename:-1&limit=1", vec!["c.csv"]),
        ("sort=length:1&offset=1", vec!["b.txt", "c.csv"]),
        ("sort=filename:1&filter=filename:~.txt", vec!["A report.txt", "b.txt"]),
        ("filter=filename:~.txt&filter=filename:~REPORT", vec!["A report.txt"]),
        ("filter=filename:b.txt&includeComponentSourceFiles=true", vec!["b.txt"]),
        ("filter=originFlowId:none", vec![]),
        ("limit=0", vec![]),
    ] {
        assert_eq!(desk.names(query).await, names, "{query}");
    }
    assert_eq!(desk.get("/files/count?filter=filename:~.txt&limit=1").await.json(), json!({ "count": 2 }));
    let fields = desk.get("/files?sort=filename&limit=1&projection=filename,length").await.json();
    assert_eq!(fields, json!([{ "filename": "A report.txt", "length": 1 }]));
    let fields = desk.get("/files?limit=1&projection=-metadata").await.json();
    assert_eq!((fields[0].get("metadata"), fields[0]["chunkSize"].clone()), (None, json!(262_144)));
    for bad in ["sort=md5", "sort=length:2", "limit=x", "filter=filename", "filter=length:1"] {
        assert_eq!(desk.get(&format!("/files?{bad}")).await.status, 400, "{bad}");
    }
    for path in ["/files/none", "/files/metadata/none", "/files/..%2F..%2Fsecret.key"] {
        assert_eq!(desk.get(path).await.status, 404, "{path}");
    }
}

/// A server whose end comes without warning, with what it was at.
fn life<T>(work: impl Future<Output = T>) -> T {
    Runtime::new().expect("starts").block_on(work)
}

#[test]
fn a_file_survives_a_restart_and_what_belongs_to_none_does_not() {
    let folders = Folders::new();
    let (data, stray) = (folders.data(), "11111111-2222-4333-8444-555555555555");
    let (id, token) = life(async {
        let server = TestServer::start(&data, &[]).await;
        let token = server.token(crate::support::server::ADMIN).await;
        let desk = Desk { folders, server, token: format!("Bearer {token}") };
        let id = desk.file("kept.txt", b"kept").await;
        assert_eq!(desk.chunk("0", "2", "4", b"lost").await.status, 200);
        assert_eq!(desk.bytes().len(), 2);
        (id, (desk.token, desk.folders))
    });
    let (token, folders) = token;
    // As an end between the bytes and the row leaves it.
    fs::create_dir_all(data.join("files/11")).expect("makes a folder");
    fs::write(data.join("files/11").join(stray), "stray").expect("writes");
    life(async {
        let server = TestServer::start(&data, &[]).await;
        let desk = Desk { folders, server, token };
        assert_eq!(desk.get(&format!("/files/{id}")).await.body, b"kept");
        assert_eq!(desk.names("").await, ["kept.txt"]);
        eventually("the rest is swept up", async || (desk.bytes().len() == 1).then_some(())).await;
        let lost: Value = desk.chunk("1", "2", "4", b"x").await.json();
        assert_eq!(lost["statusCode"], 409, "{lost}");
    });
}
