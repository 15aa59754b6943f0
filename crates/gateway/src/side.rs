//! The gateway's own questions to a target, in a connection of their own: what its catalogue says.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use model::Peer;
use policy::Grant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wire::postgres::error::{Report, field};
use wire::postgres::frame::{self, Body, HEADER, Header, Malformed, backend, frontend};

use crate::dial::{DialError, Dialer, LoggedIn, Wanted};

/// What the gateway calls itself on a target.
const NAME: &str = "sluice catalogue";

/// How long an answer may take, and how large it may be.
const PATIENCE: Duration = Duration::from_secs(30);
const MOST: usize = 256 << 20;

/// The gateway's own question was not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// The target could not be opened.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The connection ended.
    #[error("the target ended the connection: {0}")]
    Lost(std::io::ErrorKind),
    /// The target answered with an error.
    #[error("the target answered with SQLSTATE {0}")]
    Failed(String),
    /// The answer breaks the protocol, or is too large.
    #[error("the target's answer is malformed or too large")]
    Malformed,
    /// There is no answer.
    #[error("the target did not answer in time")]
    TimedOut,
}

/// A row of an answer.
pub type Row = Vec<Option<Bytes>>;

/// Asks a grant's target one statement, in text and UTF-8, and returns its rows.
///
/// # Errors
/// The target could not be opened or did not answer as it should.
pub async fn query(
    dialer: &Dialer,
    grant: &Grant,
    database: &str,
    sql: &str,
) -> Result<Vec<Row>, QueryError> {
    let settings = [("client_encoding", "UTF8"), ("statement_timeout", "30000")];
    let wanted = Wanted {
        database: Some(database),
        application_name: NAME.to_owned(),
        settings: settings.into_iter().collect(),
    };
    let target = dialer.dial(grant, wanted).await?;
    tokio::time::timeout(PATIENCE, ask(target, sql)).await.map_err(|_| QueryError::TimedOut)?
}

async fn ask(mut target: LoggedIn, sql: &str) -> Result<Vec<Row>, QueryError> {
    let lost = |error: std::io::Error| QueryError::Lost(error.kind());
    let mut out = Vec::with_capacity(sql.len() + 6);
    frame::query(&mut out, sql);
    target.transport.write_all(&out).await.map_err(lost)?;
    target.transport.flush().await.map_err(lost)?;
    let mut buffer = BytesMut::from(&target.rest[..]);
    let mut rows = Vec::new();
    let mut heard = buffer.len();
    loop {
        while let Some((header, body)) = complete(&mut buffer)? {
            match header.tag {
                backend::DATA_ROW => {
                    rows.push(row(&body).map_err(|Malformed| QueryError::Malformed)?)
                }
                backend::ERROR_RESPONSE => return Err(failed(&body)),
                backend::READY_FOR_QUERY => {
                    let mut farewell = Vec::new();
                    frame::empty(&mut farewell, frontend::TERMINATE);
                    // The answer is here; how the connection ends makes no difference.
                    let _ = target.transport.write_all(&farewell).await;
                    let _ = target.transport.shutdown().await;
                    return Ok(rows);
                }
                backend::ROW_DESCRIPTION
                | backend::COMMAND_COMPLETE
                | backend::EMPTY_QUERY_RESPONSE
                | backend::NOTICE_RESPONSE
                | backend::NOTIFICATION_RESPONSE
                | backend::PARAMETER_STATUS => {}
                _ => return Err(QueryError::Malformed),
            }
        }
        let count = target.transport.read_buf(&mut buffer).await.map_err(lost)?;
        heard += count;
        if count == 0 {
            return Err(QueryError::Lost(std::io::ErrorKind::UnexpectedEof));
        }
        if heard > MOST {
            return Err(QueryError::Malformed);
        }
    }
}

fn complete(buffer: &mut BytesMut) -> Result<Option<(Header, Bytes)>, QueryError> {
    let header = frame::header(Peer::Upstream, buffer).map_err(|_| QueryError::Malformed)?;
    let Some(header) = header.filter(|header| buffer.len() >= header.total()) else {
        buffer.reserve(8192);
        return Ok(None);
    };
    let message = buffer.split_to(header.total()).freeze();
    Ok(Some((header, message.slice(HEADER..))))
}

fn row(bytes: &Bytes) -> Result<Row, Malformed> {
    let mut body = Body::new(bytes);
    let count = body.u16()?;
    let mut row = Vec::with_capacity(usize::from(count).min(64));
    for _ in 0..count {
        row.push(body.value()?.map(|value| bytes.slice_ref(value)));
    }
    body.end()?;
    Ok(row)
}

fn failed(body: &[u8]) -> QueryError {
    match Report::parse(backend::ERROR_RESPONSE, body) {
        Ok(report) => {
            let code = report.text(field::CODE);
            QueryError::Failed(code.chars().filter(char::is_ascii_alphanumeric).take(5).collect())
        }
        Err(Malformed) => QueryError::Malformed,
    }
}
