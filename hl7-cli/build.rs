//! Links `hl7` to a fixed address where that is known to work.
//!
//! The definitions of fourteen versions are half a million pointers. In a program that may be loaded anywhere each of
//! them is set when it starts, which takes five times as long as everything else that `hl7 check` does with a message.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let of_target =
        |what: &str| std::env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    if (of_target("OS"), of_target("ENV"), of_target("ARCH"))
        == ("linux".into(), "gnu".into(), "x86_64".into())
    {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
