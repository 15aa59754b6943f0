//! What changed in a text, line by line, as `diff -u` writes it.

/// So many lines of context stand around a change.
const CONTEXT: usize = 3;
/// Texts whose changed parts are larger than this, multiplied, are shown as removed and added whole.
const LARGE: usize = 4_000_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Same,
    Removed,
    Added,
}

/// The lines of a difference, headed by the file's name; none when there is no difference.
pub(super) fn unified(name: &str, old: &str, new: &str) -> Vec<String> {
    let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    let lines = compared(&old, &new);
    let mut out = vec![format!("--- {name}"), format!("+++ {name}")];
    let changed = |(kind, _): &(Kind, &str)| *kind != Kind::Same;
    let (mut at, mut olds, mut news) = (0, 0, 0);
    while let Some(next) = lines.iter().skip(at).position(changed) {
        let first = (at + next).saturating_sub(CONTEXT).max(at);
        // Until nothing changes for long enough that two hunks do not touch.
        let mut last = at + next;
        while let Some(gap) = lines.iter().skip(last + 1).take(2 * CONTEXT + 1).position(changed) {
            last += gap + 1;
        }
        let end = (last + 1 + CONTEXT).min(lines.len());
        let before = lines.get(at..first).unwrap_or_default();
        olds += before.len();
        news += before.len();
        let hunk = lines.get(first..end).unwrap_or_default();
        let count = |other| hunk.iter().filter(|(kind, _)| *kind != other).count();
        let (in_old, in_new) = (count(Kind::Added), count(Kind::Removed));
        out.push(format!("@@ -{},{in_old} +{},{in_new} @@", olds + 1, news + 1));
        olds += in_old;
        news += in_new;
        out.extend(hunk.iter().map(|(kind, line)| {
            let sign = match kind {
                Kind::Same => ' ',
                Kind::Removed => '-',
                Kind::Added => '+',
            };
            format!("{sign}{line}")
        }));
        at = end;
    }
    if out.len() == 2 { Vec::new() } else { out }
}

/// Every line of both, in order, by a longest common subsequence.
fn compared<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<(Kind, &'t str)> {
    let same = |pair: &(&&str, &&str)| pair.0 == pair.1;
    let begin = old.iter().zip(new).take_while(same).count();
    let (rest_old, rest_new) =
        (old.get(begin..).unwrap_or_default(), new.get(begin..).unwrap_or_default());
    let end = rest_old.iter().rev().zip(rest_new.iter().rev()).take_while(same).count();
    let middle_old = rest_old.get(..rest_old.len() - end).unwrap_or_default();
    let middle_new = rest_new.get(..rest_new.len() - end).unwrap_or_default();
    let mut lines: Vec<_> = old.iter().take(begin).map(|line| (Kind::Same, *line)).collect();
    if middle_old.len().saturating_mul(middle_new.len()) > LARGE {
        lines.extend(middle_old.iter().map(|line| (Kind::Removed, *line)));
        lines.extend(middle_new.iter().map(|line| (Kind::Added, *line)));
    } else {
        middle(middle_old, middle_new, &mut lines);
    }
    lines.extend(rest_old.iter().skip(rest_old.len() - end).map(|line| (Kind::Same, *line)));
    lines
}

fn middle<'t>(old: &[&'t str], new: &[&'t str], lines: &mut Vec<(Kind, &'t str)>) {
    // lengths[i][j]: how long the longest common subsequence of old[i..] and new[j..] is.
    let wide = new.len() + 1;
    let mut lengths = vec![0_u32; (old.len() + 1) * wide];
    let at = |lengths: &[u32], i: usize, j: usize| lengths.get(i * wide + j).copied().unwrap_or(0);
    for (i, one) in old.iter().enumerate().rev() {
        for (j, other) in new.iter().enumerate().rev() {
            let length = if one == other {
                at(&lengths, i + 1, j + 1) + 1
            } else {
                at(&lengths, i + 1, j).max(at(&lengths, i, j + 1))
            };
            if let Some(place) = lengths.get_mut(i * wide + j) {
                *place = length;
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    loop {
        match (old.get(i), new.get(j)) {
            (Some(one), Some(other)) if one == other => {
                lines.push((Kind::Same, one));
                (i, j) = (i + 1, j + 1);
            }
            (Some(one), other)
                if other.is_none() || at(&lengths, i + 1, j) >= at(&lengths, i, j + 1) =>
            {
                lines.push((Kind::Removed, one));
                i += 1;
            }
            (_, Some(other)) => {
                lines.push((Kind::Added, other));
                j += 1;
            }
            (_, None) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_shown_with_what_stands_around_it() {
        let old: String = (1..=20).map(|n| format!("line {n}\n")).collect();
        let new = old.replace("line 10\n", "line ten\n").replace("line 20\n", "");
        assert_eq!(
            unified("a.cedar", &old, &new),
            [
                "--- a.cedar",
                "+++ a.cedar",
                "@@ -7,7 +7,7 @@",
                " line 7",
                " line 8",
                " line 9",
                "-line 10",
                "+line ten",
                " line 11",
                " line 12",
                " line 13",
                "@@ -17,4 +17,3 @@",
                " line 17",
                " line 18",
                " line 19",
                "-line 20",
            ]
        );
    }

    #[test]
    fn what_is_new_what_is_gone_and_what_is_the_same() {
        assert_eq!(unified("n", "", "a\nb\n"), ["--- n", "+++ n", "@@ -1,0 +1,2 @@", "+a", "+b"]);
        assert_eq!(unified("n", "a\n", ""), ["--- n", "+++ n", "@@ -1,1 +1,0 @@", "-a"]);
        assert!(unified("n", "a\n", "a\n").is_empty());
        let large: String = (0..5000).map(|n| format!("{n}\n")).collect();
        let other: String = (0..5000).map(|n| format!("x{n}\n")).collect();
        assert_eq!(unified("n", &large, &other).len(), 10_003);
    }
}
