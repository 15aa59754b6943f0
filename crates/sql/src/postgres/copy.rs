//! COPY: to and from the client, files and programs of the server.

use model::{Action, ObjectKind};
use pg_query::protobuf::a_const::Val;
use pg_query::protobuf::{CopyStmt, DefElem};
use pg_query::{Node, NodeEnum as N};

use super::name::{word, words};
use super::reader::Reader;
use crate::{
    CopyFormat, CopyOut, CopySource, CsvFormat, Effect, Flow, Lineage, Output, Outputs, Reach,
    RelationName, Source, TextFormat, Unreadable,
};

impl<'t> Reader<'t> {
    pub(super) fn copy(&mut self, copy: &'t CopyStmt) -> Result<(), Unreadable> {
        let options = Options::read(&copy.options)?;
        let columns: Vec<String> = words(&copy.attlist).into_iter().map(str::to_owned).collect();
        let outputs = match (&copy.relation, &copy.query) {
            (Some(relation), None) if copy.is_from => {
                self.writes(Action::CopyIn, relation);
                Outputs::None
            }
            (Some(relation), None) => {
                // COPY never names a WITH query.
                let relation = self.relation(relation);
                let outputs = table_outputs(&relation, &columns);
                self.selects(relation);
                outputs
            }
            (None, Some(query)) if !copy.is_from => {
                self.trace(query);
                let outputs = std::mem::take(&mut self.found.outputs);
                self.node(query)?;
                outputs
            }
            _ => return Err(Unreadable::new("COPY copies nothing that is known")),
        };
        self.maybe(&copy.where_clause)?;
        if !copy.filename.is_empty() || copy.is_program {
            let (action, kind) = if copy.is_program {
                (Action::CopyProgram, ObjectKind::Program)
            } else {
                (Action::ServerFile, ObjectKind::File)
            };
            self.top(action, kind, &copy.filename);
            self.found.stores |= !copy.is_from;
            return Ok(());
        }
        self.found.outputs = outputs;
        self.found.effect = if copy.is_from {
            Effect::CopyIn
        } else {
            let source = match &copy.relation {
                Some(relation) => CopySource::Table { name: self.relation(relation), columns },
                None => CopySource::Query,
            };
            Effect::CopyOut(CopyOut {
                source,
                encoding: options.encoding.clone(),
                format: options.format(),
            })
        };
        Ok(())
    }
}

/// The columns of a table that is copied: those that are named, or all.
fn table_outputs(relation: &RelationName, columns: &[String]) -> Outputs {
    let lineage = |column: Option<&String>| Lineage {
        sources: [Source {
            relation: relation.clone(),
            column: column.map(|column| column.as_str().into()),
            flow: Flow::Value,
        }]
        .into(),
        reach: Reach::Traced,
    };
    if columns.is_empty() {
        return Outputs::Rows(vec![Output::Many(lineage(None))]);
    }
    let column = |name: &String| Output::Column {
        name: Some(name.as_str().into()),
        from: lineage(Some(name)),
    };
    Outputs::Rows(columns.iter().map(column).collect())
}

/// COPY's options as written.
#[derive(Default)]
struct Options {
    format: Option<Format>,
    delimiter: Option<u8>,
    quote: Option<u8>,
    escape: Option<u8>,
    null: Option<String>,
    header: bool,
    encoding: Option<String>,
}

#[derive(Clone, Copy)]
enum Format {
    Text,
    Csv,
    Binary,
}

impl Options {
    fn read(options: &[Node]) -> Result<Self, Unreadable> {
        let mut read = Self::default();
        for option in options {
            let Some(N::DefElem(option)) = &option.node else {
                return Err(Unreadable::new("COPY has an option that is none"));
            };
            read.option(option)?;
        }
        Ok(read)
    }

    fn option(&mut self, option: &DefElem) -> Result<(), Unreadable> {
        let text = option.arg.as_deref().and_then(word);
        let byte = || match text.map(str::as_bytes) {
            Some([byte]) => Ok(Some(*byte)),
            _ => Err(Unreadable::new(format!("COPY's option {} is not one byte", option.defname))),
        };
        match option.defname.as_str() {
            "format" => {
                self.format = Some(match text {
                    Some("text") => Format::Text,
                    Some("csv") => Format::Csv,
                    Some("binary") => Format::Binary,
                    _ => return Err(Unreadable::new("COPY's format is not known")),
                });
            }
            "delimiter" => self.delimiter = byte()?,
            "quote" => self.quote = byte()?,
            "escape" => self.escape = byte()?,
            "null" => self.null = text.map(str::to_owned),
            "header" => self.header = !is_off(option),
            "encoding" => self.encoding = text.map(str::to_ascii_lowercase),
            // These choose what is quoted, what is taken and what is said about it.
            "force_quote" | "force_not_null" | "force_null" | "freeze" | "default" | "on_error"
            | "log_verbosity" | "reject_limit" => {}
            other => return Err(Unreadable::new(format!("COPY's option {other} is not known"))),
        }
        Ok(())
    }

    fn format(self) -> CopyFormat {
        let header = self.header;
        match self.format.unwrap_or(Format::Text) {
            Format::Binary => CopyFormat::Binary,
            Format::Text => CopyFormat::Text(TextFormat {
                delimiter: self.delimiter.unwrap_or(b'\t'),
                null: self.null.unwrap_or_else(|| "\\N".to_owned()),
                header,
            }),
            Format::Csv => {
                let quote = self.quote.unwrap_or(b'"');
                CopyFormat::Csv(CsvFormat {
                    delimiter: self.delimiter.unwrap_or(b','),
                    quote,
                    escape: self.escape.unwrap_or(quote),
                    null: self.null.unwrap_or_default(),
                    header,
                })
            }
        }
    }
}

/// Whether an option says no in so many words.
fn is_off(option: &DefElem) -> bool {
    match option.arg.as_deref().map(|arg| &arg.node) {
        Some(Some(N::String(text))) => {
            matches!(text.sval.to_ascii_lowercase().as_str(), "off" | "false")
        }
        Some(Some(N::Integer(number))) => number.ival == 0,
        Some(Some(N::Boolean(truth))) => !truth.boolval,
        Some(Some(N::AConst(constant))) => {
            matches!(&constant.val, Some(Val::Boolval(truth)) if !truth.boolval)
        }
        _ => false,
    }
}
