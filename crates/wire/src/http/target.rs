//! A request's target: what is decided is what the target's server will see.
//!
//! Servers differ in how they read a path: some decode it twice, some take `\` or `%2F` for a separator, some cut a
//! segment at `;`. A path that two of them could read as two is refused, and what is left is sent in one spelling
//! (RFC 3986, section 6.2.2), whatever spelling the client chose.

use std::fmt::Write as _;

/// The longest path and query that are taken, in bytes. RFC 9110, section 4.1 asks for 8,000 at least.
const LONGEST: usize = 32 << 10;

/// Segments of a path. Nobody's are so deep.
const DEEPEST: usize = 256;

/// Parameters of a query.
const MOST_PARAMETERS: usize = 1024;

/// Why a target is not taken. Says nothing of what stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refused {
    /// It does not begin with `/`.
    #[error("the path does not begin with a slash")]
    Form,
    /// It is longer than anybody needs.
    #[error("the path or the query is too long")]
    Long,
    /// A `%` without two hexadecimal digits behind it.
    #[error("a percent sign stands for nothing")]
    Escape,
    /// What is encoded is no text.
    #[error("what is encoded is not UTF-8")]
    Text,
    /// NUL, a line break, or another character that no path is made of, encoded or not.
    #[error("a control character stands in it")]
    Control,
    /// `\`, which some servers take for `/`.
    #[error("a backslash stands in the path")]
    Backslash,
    /// `%2F`, which some servers take for `/`.
    #[error("an encoded slash stands in the path")]
    Slash,
    /// `%25` in front of two hexadecimal digits: whoever decodes twice reads something else.
    #[error("the path is encoded twice")]
    Twice,
    /// `;`, where some servers cut a segment.
    #[error("a segment of the path has parameters")]
    Parameters,
    /// More `..` than there is to leave.
    #[error("the path leads out of its root")]
    Above,
    /// A character that has to be encoded, and is not.
    #[error("a character stands in it that has to be encoded")]
    Raw,
}

/// What a resource takes beside what every server reads alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leniency {
    /// An encoded slash is a letter of its segment, and stays encoded: `/projects/a%2Fb`.
    pub encoded_slashes: bool,
    /// What stands behind `;` is a part of its segment: `/map;zoom=3`.
    pub path_parameters: bool,
}

/// A path that every server reads alike.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Path {
    segments: Vec<String>,
    /// It ends in a slash.
    is_folder: bool,
}

impl Path {
    /// Reads a path: decodes it once, resolves `.` and `..` and leaves out what stands between two slashes that touch.
    ///
    /// # Errors
    /// It could be read in two ways, or is none.
    pub fn read(text: &[u8], leniency: Leniency) -> Result<Self, Refused> {
        if text.len() > LONGEST {
            return Err(Refused::Long);
        }
        let Some(rest) = text.strip_prefix(b"/") else { return Err(Refused::Form) };
        let mut segments: Vec<String> = Vec::new();
        let mut is_folder = true;
        for raw in rest.split(|byte| *byte == b'/') {
            let segment = decoded(raw, Part::Segment)?;
            check(raw, &segment, leniency)?;
            is_folder = true;
            match &*segment {
                "" | "." => {}
                ".." => {
                    segments.pop().ok_or(Refused::Above)?;
                }
                _ => {
                    is_folder = false;
                    segments.push(segment);
                }
            }
            if segments.len() > DEEPEST {
                return Err(Refused::Long);
            }
        }
        Ok(Self { segments, is_folder })
    }

    /// Its segments, decoded.
    #[must_use]
    pub fn segments(&self) -> &[String] {
        &self.segments
    }

    /// Whether it ends in a slash. The root does.
    #[must_use]
    pub const fn is_folder(&self) -> bool {
        self.is_folder
    }

    /// As policy and people know it: decoded, but for slashes inside of a segment and the percent sign, so that two paths
    /// are never written alike.
    #[must_use]
    pub fn shown(&self) -> String {
        self.joined(|segment, out| {
            for letter in segment.chars() {
                match letter {
                    '/' => out.push_str("%2F"),
                    '%' => out.push_str("%25"),
                    letter => out.push(letter),
                }
            }
        })
    }

    /// As it is sent.
    #[must_use]
    pub fn encoded(&self) -> String {
        self.joined(|segment, out| {
            for &byte in segment.as_bytes() {
                if is_plain(byte) {
                    out.push(char::from(byte));
                } else {
                    // Writing to a string cannot fail.
                    let _ = write!(out, "%{byte:02X}");
                }
            }
        })
    }

    fn joined(&self, mut put: impl FnMut(&str, &mut String)) -> String {
        let mut out = String::new();
        for segment in &self.segments {
            out.push('/');
            put(segment, &mut out);
        }
        if self.is_folder {
            out.push('/');
        }
        out
    }
}

/// What a path is made of as it stands (RFC 3986, section 3.3: `pchar`).
const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.'
                | b'_'
                | b'~'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
                | b':'
                | b'@'
        )
}

fn check(raw: &[u8], segment: &str, leniency: Leniency) -> Result<(), Refused> {
    if segment.contains('\\') {
        return Err(Refused::Backslash);
    }
    if segment.contains('/') && !leniency.encoded_slashes {
        return Err(Refused::Slash);
    }
    if let Some((name, _)) = segment.split_once(';')
        // Whoever cuts there goes a step up.
        && (!leniency.path_parameters || matches!(name, "" | "." | ".."))
    {
        return Err(Refused::Parameters);
    }
    let twice = |three: &[u8]| matches!(three, [b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit());
    if segment.as_bytes().windows(3).any(twice) {
        return Err(Refused::Twice);
    }
    // A segment whose slashes are letters must not be a way through folders for whoever takes them for slashes.
    let dots = |part: &str| matches!(part, "." | "..");
    if segment.contains('/') && segment.split('/').any(dots) {
        return Err(Refused::Slash);
    }
    let is_raw = |byte: &u8| !is_plain(*byte) && *byte != b'%';
    if raw.iter().any(is_raw) { Err(Refused::Raw) } else { Ok(()) }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Of a path.
    Segment,
    /// A name or a value of a query: `+` is a space.
    Parameter,
}

fn decoded(raw: &[u8], part: Part) -> Result<String, Refused> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((&first, behind)) = rest.split_first() {
        rest = behind;
        bytes.push(match first {
            b'%' => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                let [high, low, behind @ ..] = rest else { return Err(Refused::Escape) };
                let (high, low) =
                    (digit(high).ok_or(Refused::Escape)?, digit(low).ok_or(Refused::Escape)?);
                rest = behind;
                // Two digits of sixteen are a byte.
                (high << 4 | low) as u8
            }
            b'+' if part == Part::Parameter => b' ',
            byte => byte,
        });
    }
    let text = String::from_utf8(bytes).map_err(|_| Refused::Text)?;
    // A form's text may hold the ends of its lines.
    let fits = |letter: char| part == Part::Parameter && matches!(letter, '\t' | '\n' | '\r');
    if text.chars().any(|letter| letter.is_control() && !fits(letter)) {
        return Err(Refused::Control);
    }
    Ok(text)
}

/// A query, as it is sent and as an application reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    sent: String,
    parameters: Vec<(String, String)>,
}

impl Query {
    /// Reads what stands behind the `?` (the URL standard's `application/x-www-form-urlencoded`): parameters between `&`,
    /// a name in front of the first `=` of each. It is sent as it was said.
    ///
    /// # Errors
    /// It could be read in two ways.
    pub fn read(text: &[u8]) -> Result<Self, Refused> {
        if text.len() > LONGEST {
            return Err(Refused::Long);
        }
        // What a query is made of as it stands, and what clients leave in it.
        let is_left = |byte: &u8| {
            is_plain(*byte)
                || matches!(
                    byte,
                    b'%' | b'/' | b'?' | b'[' | b']' | b'{' | b'}' | b'|' | b'^' | b'`'
                )
        };
        if !text.iter().all(is_left) {
            return Err(Refused::Raw);
        }
        let mut parameters = Vec::new();
        for one in text.split(|byte| *byte == b'&').filter(|one| !one.is_empty()) {
            if parameters.len() == MOST_PARAMETERS {
                return Err(Refused::Long);
            }
            let mut parts = one.splitn(2, |byte| *byte == b'=');
            let (name, value) =
                (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            parameters.push((decoded(name, Part::Parameter)?, decoded(value, Part::Parameter)?));
        }
        let sent = String::from_utf8(text.to_vec()).map_err(|_| Refused::Text)?;
        Ok(Self { sent, parameters })
    }

    /// As it is sent.
    #[must_use]
    pub fn sent(&self) -> &str {
        &self.sent
    }

    /// Names and values, decoded, in their order. A name may stand there more than once.
    #[must_use]
    pub fn parameters(&self) -> &[(String, String)] {
        &self.parameters
    }

    /// The values of a name.
    pub fn values<'q>(&'q self, name: &'q str) -> impl Iterator<Item = &'q str> {
        self.parameters.iter().filter(move |(one, _)| one == name).map(|(_, value)| &**value)
    }
}

/// A path and maybe a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The path.
    pub path: Path,
    /// The query. `None`: there is no `?`.
    pub query: Option<Query>,
}

impl Target {
    /// Reads a target in the form that servers are asked in (RFC 9112, section 3.2.1).
    ///
    /// # Errors
    /// Its path or its query could be read in two ways.
    pub fn read(text: &[u8], leniency: Leniency) -> Result<Self, Refused> {
        let mut parts = text.splitn(2, |byte| *byte == b'?');
        let path = Path::read(parts.next().unwrap_or_default(), leniency)?;
        let query = parts.next().map(Query::read).transpose()?;
        Ok(Self { path, query })
    }

    /// As it is sent.
    #[must_use]
    pub fn sent(&self) -> String {
        let mut sent = self.path.encoded();
        if let Some(query) = &self.query {
            sent.push('?');
            sent.push_str(query.sent());
        }
        sent
    }
}

#[cfg(test)]
mod tests;
