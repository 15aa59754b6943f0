//! One text, asked by the simple protocol, and everything that comes back.

use anyhow::Result;
use bytes::{Buf, BytesMut};
use model::Peer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wire::postgres::error::{Report, field};
use wire::postgres::frame::{self, Body, HEADER, Header, Malformed, backend, frontend};

use super::Link;
use crate::error::{Exit, Failure};
use crate::output;

/// Rows under their columns' names; `None` is NULL.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    /// The columns.
    pub(crate) columns: Vec<String>,
    /// The rows.
    pub(crate) rows: Vec<Vec<Option<String>>>,
}

/// What one statement came to.
pub(crate) enum Answer {
    /// It returned rows.
    Rows(Rows, String),
    /// It returned none: what was done.
    Done(String),
    /// COPY … TO STDOUT: bytes as they are.
    Bulk(Vec<u8>, String),
    /// It was refused, or failed.
    Failed(Box<Report<'static>>),
}

/// Asks; hands each answer over when it is complete. Notices go to standard error as they come, for
/// a held command says there what it waits for.
pub(crate) async fn ask(
    link: &mut Link,
    sql: &str,
    take: impl FnMut(Answer) -> Result<()>,
) -> Result<()> {
    ask_briefly(link, sql, usize::MAX, take).await
}

/// [`ask`], but of each value in a row only its first so many bytes are kept.
pub(crate) async fn ask_briefly(
    link: &mut Link,
    sql: &str,
    longest: usize,
    mut take: impl FnMut(Answer) -> Result<()>,
) -> Result<()> {
    let mut out = Vec::with_capacity(sql.len() + 6);
    frame::query(&mut out, sql);
    link.socket.write_all(&out).await?;
    link.socket.flush().await?;
    let mut buffer = BytesMut::from(&link.established.rest[..]);
    let mut rows: Option<Rows> = None;
    let mut bulk: Option<Vec<u8>> = None;
    loop {
        let Some((header, body)) = message(link, &mut buffer).await? else { continue };
        match header.tag {
            backend::ROW_DESCRIPTION => {
                let columns = columns(&body).map_err(|Malformed| broken())?;
                rows = Some(Rows { columns, rows: Vec::new() });
            }
            backend::DATA_ROW => {
                let row = row(&body, longest).map_err(|Malformed| broken())?;
                rows.get_or_insert_default().rows.push(row);
            }
            backend::COMMAND_COMPLETE => {
                let tag = Body::new(&body).cstr().map_err(|Malformed| broken())?;
                let tag = String::from_utf8_lossy(tag).into_owned();
                take(match (rows.take(), bulk.take()) {
                    (_, Some(bulk)) => Answer::Bulk(bulk, tag),
                    (Some(rows), None) => Answer::Rows(rows, tag),
                    (None, None) => Answer::Done(tag),
                })?;
            }
            backend::ERROR_RESPONSE => {
                (rows, bulk) = (None, None);
                let report = Report::parse(header.tag, &body).map_err(|Malformed| broken())?;
                let fatal = report.is_fatal();
                take(Answer::Failed(Box::new(owned(&report))))?;
                if fatal {
                    return Ok(());
                }
            }
            backend::NOTICE_RESPONSE => {
                let report = Report::parse(header.tag, &body).map_err(|Malformed| broken())?;
                output::note(&format!("notice: {}", report.text(field::MESSAGE)));
                for (label, code) in [("detail", field::DETAIL), ("hint", field::HINT)] {
                    if report.get(code).is_some() {
                        output::note(&format!("{label}: {}", report.text(code)));
                    }
                }
            }
            backend::COPY_OUT_RESPONSE => bulk = Some(Vec::new()),
            backend::COPY_DATA => bulk.get_or_insert_default().extend_from_slice(&body),
            backend::COPY_IN_RESPONSE => {
                let mut out = Vec::new();
                frame::message(&mut out, frontend::COPY_FAIL, |out| {
                    frame::put_cstr(out, "sluice exec brings no data along: use sluice connect");
                });
                link.socket.write_all(&out).await?;
                link.socket.flush().await?;
            }
            backend::READY_FOR_QUERY => return Ok(()),
            _ => {}
        }
    }
}

async fn message(link: &mut Link, buffer: &mut BytesMut) -> Result<Option<(Header, BytesMut)>> {
    let header = frame::header(Peer::Upstream, buffer).map_err(|_| broken())?;
    if let Some(header) = header.filter(|header| buffer.len() >= header.total()) {
        let mut message = buffer.split_to(header.total());
        message.advance(HEADER);
        return Ok(Some((header, message)));
    }
    buffer.reserve(16 << 10);
    if link.socket.read_buf(buffer).await? == 0 {
        return Err(Failure::new(Exit::Unavailable, "the gateway closed the connection").into());
    }
    Ok(None)
}

fn columns(body: &[u8]) -> Result<Vec<String>, Malformed> {
    let mut body = Body::new(body);
    let count = body.u16()?;
    let mut names = Vec::new();
    for _ in 0..count {
        names.push(String::from_utf8_lossy(body.cstr()?).into_owned());
        // Table, column, type, length, modifier, format.
        body.bytes(4 + 2 + 4 + 2 + 4 + 2)?;
    }
    Ok(names)
}

fn row(body: &[u8], longest: usize) -> Result<Vec<Option<String>>, Malformed> {
    let mut body = Body::new(body);
    let count = body.u16()?;
    let mut values = Vec::new();
    for _ in 0..count {
        let value = body.value()?.map(|value| value.get(..longest).unwrap_or(value));
        values.push(value.map(|value| String::from_utf8_lossy(value).into_owned()));
    }
    Ok(values)
}

/// The fields a person reads, out of the buffer they came in.
fn owned(report: &Report<'_>) -> Report<'static> {
    let text = |code| report.get(code).is_some().then(|| report.text(code).into_owned());
    let mut copy = Report::error("XX000", text(field::MESSAGE).unwrap_or_default());
    for code in [field::CODE, field::DETAIL, field::HINT] {
        copy.remove(code);
        if let Some(text) = text(code) {
            copy = copy.with(code, text.into_bytes());
        }
    }
    copy
}

fn broken() -> Failure {
    Failure::new(Exit::Unavailable, "the gateway's answer breaks PostgreSQL's protocol")
}
