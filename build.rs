//! Tells cargo that the server carries these folders: a file that is new in them is a reason to build it again, and
//! `rust-embed` by itself notices only changes of files that it knows.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let embeds =
        std::env::var_os("CARGO_FEATURE_SSR").is_some() && std::env::var("PROFILE").as_deref() == Ok("release");
    if embeds {
        println!("cargo::rerun-if-changed=modules");
        println!("cargo::rerun-if-changed=target/host");
        println!("cargo::rerun-if-changed=target/site");
    }
}
