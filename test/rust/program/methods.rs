//! `compare --method`: what was asked for is what was done, and what a test has not is refused by
//! name.
#![allow(clippy::unwrap_used)]

use crate::support::Folder;

#[test]
fn the_programs_methods() {
    let folder = Folder::new("methods");
    let rows = |n: u32, by: u32| -> String {
        let line = |i: u32| {
            format!("{},{},{}\n", i * 7919 % 601, i * by % 379, ["u", "v", "w"][(i % 3) as usize])
        };
        std::iter::once("x,y,kind\n".to_owned()).chain((0..n).map(line)).collect()
    };
    folder.write("r.csv", rows(300, 31));
    folder.write("c.csv", rows(200, 37));
    let run =
        |flags: &[&str]| folder.run(&[&["compare", "r.csv", "c.csv", "--json"], flags].concat());
    let methods = |flags: &[&str]| -> Vec<String> {
        let json = run(flags).json();
        let columns = json["columns"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|column| column["tests"].as_array().unwrap());
        let all = json["all_columns"]["tests"].as_array().into_iter().flatten();
        let word = |test: &serde_json::Value| {
            format!("{} {}", test["test"], test["method"]).replace('"', "")
        };
        columns.chain(all).map(word).collect()
    };
    let three = ["ks exact", "ks exact", "chi2 asymptotic"];
    assert_eq!(methods(&[]), three);
    assert_eq!(methods(&["--method", "auto"]), three);
    let permuted = ["ks permutation", "ks permutation", "chi2 permutation"];
    assert_eq!(methods(&["--method", "permutation"]), permuted);
    assert_eq!(methods(&["--method", "ks=permutation", "--method", "chi2=permutation"]), permuted);
    let joint =
        methods(&["--test", "chi2,mmd,lsdd,c2st,pca", "--method", "mmd=linear,c2st=forest"]);
    assert_eq!(joint[3..], ["mmd linear", "lsdd permutation", "c2st forest", "pca exact"]);
    for (flags, message) in [
        (
            &["--method", "exact"][..],
            "method: got exact for chi2, expected a method of chi2: asymptotic, permutation",
        ),
        (
            &["--test", "ks,g", "--method", "linear"],
            "got linear for ks, expected a method of ks: exact, asymptotic, perm",
        ),
        (
            &["--method", "mmd=exact"],
            "got exact for mmd, expected a method of mmd: permutation, linear, random-features",
        ),
        (
            &["--method", "mmd=linear"],
            "--method: got mmd, expected a test that is run; add --test mmd",
        ),
        (&["--method", "quick"], "got \"quick\", expected one of auto, exact"),
    ] {
        let refused = run(flags);
        assert!(refused.refused().contains(message), "{flags:?}: {}", refused.err);
    }
}
