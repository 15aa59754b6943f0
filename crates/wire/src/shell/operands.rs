//! Programs whose operands are names of files, so that a name without a slash is known for one too.

use super::tree::Word;

/// A program, its options that take a word, and how many operands come before the files.
struct Files(&'static str, &'static str, usize);

const PROGRAMS: &[Files] = &[
    Files("awk", "Ffv", 1),
    Files("base64", "w", 0),
    Files("bzip2", "", 0),
    Files("cat", "", 0),
    Files("cd", "", 0),
    Files("chgrp", "", 1),
    Files("chmod", "", 1),
    Files("chown", "", 1),
    Files("cksum", "", 0),
    Files("cmp", "in", 0),
    Files("comm", "", 0),
    Files("cp", "St", 0),
    Files("cut", "bcdf", 0),
    Files("diff", "CULIx", 0),
    Files("du", "dtX", 0),
    Files("ed", "p", 0),
    Files("egrep", "ABCDdefm", 1),
    Files("fgrep", "ABCDdefm", 1),
    Files("file", "fFmP", 0),
    Files("grep", "ABCDdefm", 1),
    Files("gunzip", "S", 0),
    Files("gzip", "S", 0),
    Files("head", "cn", 0),
    Files("install", "gmotS", 0),
    Files("less", "bhjkoOpPtTxyz", 0),
    Files("link", "", 0),
    Files("ln", "St", 0),
    Files("ls", "ITw", 0),
    Files("md5sum", "", 0),
    Files("mkdir", "mZ", 0),
    Files("mkfifo", "mZ", 0),
    Files("more", "n", 0),
    Files("mv", "St", 0),
    Files("nano", "", 0),
    Files("od", "AjNStw", 0),
    Files("paste", "d", 0),
    Files("readlink", "", 0),
    Files("realpath", "", 0),
    Files("rm", "", 0),
    Files("rmdir", "", 0),
    Files("sed", "efl", 1),
    Files("sha1sum", "", 0),
    Files("sha256sum", "", 0),
    Files("sha512sum", "", 0),
    Files("shred", "ns", 0),
    Files("sort", "kStoT", 0),
    Files("split", "abCln", 0),
    Files("stat", "cf", 0),
    Files("strings", "noet", 0),
    Files("tac", "s", 0),
    Files("tail", "cns", 0),
    Files("tee", "", 0),
    Files("touch", "drt", 0),
    Files("truncate", "rs", 0),
    Files("uniq", "fsw", 0),
    Files("unlink", "", 0),
    Files("unzip", "dx", 0),
    Files("vi", "cTtu", 0),
    Files("view", "cTtu", 0),
    Files("vim", "cTtu", 0),
    Files("wc", "", 0),
    Files("xxd", "cgls", 0),
    Files("xz", "S", 0),
    Files("zcat", "", 0),
    Files("zgrep", "ABCDdefm", 1),
];

/// Hands every word to `found` that names a file because of who it is given to.
pub(super) fn paths(name: &str, words: &[Word], mut found: impl FnMut(&str)) {
    let Some(Files(_, valued, first)) = PROGRAMS.iter().find(|Files(known, ..)| *known == name)
    else {
        return;
    };
    let mut skip = *first;
    let mut words = words.iter();
    let mut options = true;
    while let Some(word) = words.next() {
        let said = word.said();
        if options && said == "--" {
            options = false;
        } else if options && said.len() > 1 && said.starts_with('-') {
            let takes_word = said.chars().next_back().is_some_and(|last| valued.contains(last));
            if takes_word && !said.starts_with("--") {
                // `-f FILE` is a file wherever it is one at all, and `-e SCRIPT` stands for the operand.
                skip = if said.ends_with(['e', 'f']) { 0 } else { skip };
                if let Some(value) = words.next().filter(|_| said.ends_with(['f', 't', 'o'])) {
                    found(value.said());
                }
            }
        } else if skip > 0 {
            skip -= 1;
        } else if said != "-" {
            found(said);
        }
    }
}
