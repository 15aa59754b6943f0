use serde_json::Value;

use super::{Category, Description, Field, FieldDescription, Severity, events};

events! {
    /// Somebody proved who they are. Written for the first time in ten minutes that the same identity
    /// shows the same kind of credential at the same address; sessions have entries of their own.
    SignInAccepted = "login.accepted", Authentication, Informational, "the address" {
        /// Who vouches: a provider's name, or `sluice` for a Sluice token.
        provider: String,
        /// `user`, `machine` or `agent`.
        kind: String,
        /// The groups that came with it.
        groups: Vec<String>,
        /// On whose behalf an agent acts.
        on_behalf_of: Option<String>,
        /// What was shown: `token`, `sluice_token` or `certificate`.
        credential: String,
        /// The Sluice token's id.
        token: Option<String>,
        /// When the credential ends.
        expires: Option<String>,
        /// How many more sign-ins the entry before this one stands for.
        earlier: u64,
    }
    /// Logins from an address failed. The first is written within seconds, those that follow are
    /// summed up, one entry for each address and minute; beyond 64 addresses in a minute the rest
    /// share one entry, whose object is `other addresses`.
    SignInRefused = "login.refused", Authentication, Low, "the address" {
        /// How many.
        count: u64,
        /// Who the last of them said to be.
        claimed: Option<String>,
        /// Why the last of them failed. Never what was shown.
        why: Option<String>,
    }
    /// Somebody known was not let in to a resource. Summed up as failed logins are, one entry for each
    /// identity, resource, address and minute.
    ResourceRefused = "resource.refused", Authorisation, Medium, "the resource's name as it was asked for" {
        /// How many times.
        count: u64,
        /// Who vouches for the identity.
        provider: String,
        /// Where they came from.
        source: String,
        /// What they were told.
        why: String,
        /// The policies that refused; none when nothing permitted it.
        policies: Vec<String>,
    }
    /// A session was opened. On the disk before its first command is sent.
    SessionOpened = "session.open", Session, Informational, "the session" {
        /// The first hash of its recording's chain.
        recording: String,
        /// What was opened.
        resource: String,
        /// How it is spoken to.
        protocol: String,
        /// What of it.
        database: Option<String>,
        /// The policies that permitted it.
        policies: Vec<String>,
        /// Who vouches for the identity.
        provider: String,
        /// `user`, `machine` or `agent`.
        kind: String,
        /// The groups that came with it.
        groups: Vec<String>,
        /// On whose behalf an agent acts.
        on_behalf_of: Option<String>,
        /// The Sluice token it was opened with.
        token: Option<String>,
        /// Where the client came from.
        source: String,
        /// What the client calls itself.
        client: Option<String>,
        /// Whether it was written at the next start, from the recording that was found.
        late: bool,
    }
    /// A statement puts data of a class where it was not known to be, and its columns inherit the class.
    /// On the disk before the statement is sent; whether the target then carried it out is in the
    /// session's recording.
    DataInherited = "data.inherit", Session, Low, "the resource" {
        /// The session the statement is in.
        session: String,
        /// The database.
        database: String,
        /// What inherits what: `public.copies.number: us_ssn (value)`. The first hundred.
        columns: Vec<String>,
        /// How many more.
        more: u64,
    }
    /// Somebody said that a column no longer holds what it inherited.
    DataForgotten = "data.forget", Configuration, Medium, "the resource" {
        /// The session of the statement it inherited it from.
        session: String,
        /// The database.
        database: String,
        /// What is no longer there: `public.copies.number: us_ssn (value)`.
        column: String,
    }
    /// A session ended in order.
    SessionEnded = "session.end", Session, Informational, "the session" {
        /// The last hash of its recording's chain.
        recording: String,
        /// How it ended.
        how: Option<String>,
        /// How many frames the recording holds.
        frames: u64,
        /// How many commands there were.
        commands: u64,
        /// How many were refused.
        denied: u64,
        /// How many were held for a person.
        held: u64,
        /// How many ended in an error of the target's.
        failed: u64,
        /// How many rows the client received.
        rows: u64,
        /// How long the recording is, in bytes.
        bytes: u64,
        /// How many bytes the client was sent.
        delivered: u64,
        /// Their SHA-256.
        delivered_sha256: String,
        /// Whether it was written at the next start, from the recording that was found.
        late: bool,
    }
    /// A session did not end in order: the gateway's process ended before it, or nobody said how it
    /// ended. The numbers are those of its recording's last signature.
    SessionInterrupted = "session.interrupted", Session, Medium, "the session" {
        /// The last hash of its recording's chain.
        recording: String,
        /// How many frames the recording holds.
        frames: u64,
        /// How many commands there were.
        commands: u64,
        /// How many were refused.
        denied: u64,
        /// How many were held for a person.
        held: u64,
        /// How many ended in an error of the target's.
        failed: u64,
        /// How many rows the client received.
        rows: u64,
        /// How long the recording is, in bytes.
        bytes: u64,
        /// How many bytes the client was sent, as far as is known.
        delivered: u64,
        /// Their SHA-256.
        delivered_sha256: String,
        /// Whether it was written at the next start, from the recording that was found.
        late: bool,
    }
    /// A session was open when the gateway last ran, and at the start its recording is not there or
    /// cannot be read.
    SessionLost = "session.lost", Session, High, "the session" {
        /// What was found in its place.
        why: String,
    }
    /// Somebody ended a session.
    SessionKilled = "session.kill", Session, Low, "the session" {
        /// Whose it was.
        subject: Option<String>,
        /// What it was on.
        resource: Option<String>,
        /// Why, in the administrator's words.
        reason: Option<String>,
    }
    /// A command waits for people to decide.
    ApprovalRequested = "approval.request", Approval, Informational, "the approval" {
        /// The session the command is in.
        session: String,
        /// What it is for.
        resource: String,
        /// The command's number in its session.
        number: u64,
        /// Who may decide.
        approvers: Vec<String>,
        /// The policies that ask.
        policies: Vec<String>,
    }
    /// Somebody approved a held command.
    ApprovalApproved = "approval.approve", Approval, Informational, "the approval" {
        /// The session the command is in.
        session: String,
        /// The command's number in its session.
        number: u64,
        /// What it is for.
        resource: String,
        /// Who asks.
        requester: String,
        /// Who vouches for the one who decided.
        provider: String,
        /// What they said.
        comment: String,
        /// How many have approved now.
        approvals: u64,
        /// How many must.
        needed: u64,
    }
    /// Somebody refused a held command.
    ApprovalDenied = "approval.deny", Approval, Low, "the approval" {
        /// The session the command is in.
        session: String,
        /// The command's number in its session.
        number: u64,
        /// What it is for.
        resource: String,
        /// Who asks.
        requester: String,
        /// Who vouches for the one who decided.
        provider: String,
        /// What they said.
        comment: String,
        /// How many have approved.
        approvals: u64,
        /// How many would have had to.
        needed: u64,
    }
    /// Nobody decided in time.
    ApprovalExpired = "approval.expire", Approval, Low, "the approval" {}
    /// The client gave a held command up, or its session ended.
    ApprovalWithdrawn = "approval.withdraw", Approval, Informational, "the approval" {
        /// Why, when it was not the client.
        why: Option<String>,
    }
    /// Somebody was shown what tokens of a resource stand for (`mask: token`). On the disk before they are.
    Detokenised = "data.detokenise", Data, Medium, "the resource" {
        /// The classes of the values.
        classes: Vec<String>,
        /// How many tokens.
        count: u64,
        /// Why, as they said.
        reason: String,
        /// Who vouches for the identity.
        provider: String,
        /// Where they came from.
        source: String,
    }
    /// Somebody asked what tokens stand for, and was not told.
    DetokeniseRefused = "data.detokenise_refused", Data, Medium, "the resource's name as it was asked for" {
        /// The classes that the tokens say they have, of those that the resource has.
        classes: Vec<String>,
        /// How many tokens.
        count: u64,
        /// Why, as they said.
        reason: String,
        /// Who vouches for the identity.
        provider: String,
        /// Where they came from.
        source: String,
        /// What they were told.
        why: String,
    }
    /// A token was made.
    TokenCreated = "token.create", Token, Low, "the token" {
        /// What people call it.
        name: String,
        /// The subject that policies see.
        subject: String,
        /// `user`, `machine` or `agent`.
        kind: String,
        /// The groups it brings along.
        groups: Vec<String>,
        /// The only resources it is good for.
        only_resources: Option<Vec<String>>,
        /// When it ends.
        expires: String,
    }
    /// An SSH key was registered: whoever holds its private key comes in.
    SshKeyRegistered = "ssh_key.register", Token, Low, "the key, as a token" {
        /// What people call it.
        name: String,
        /// The subject that policies see.
        subject: String,
        /// `user`, `machine` or `agent`.
        kind: String,
        /// The groups it brings along.
        groups: Vec<String>,
        /// The only resources it is good for.
        only_resources: Option<Vec<String>>,
        /// When it ends.
        expires: String,
        /// Its SHA-256, as `SHA256:…`.
        fingerprint: String,
    }
    /// Somebody's SSH key was given a certificate.
    SshCertified = "ssh_certificate.issue", Token, Informational, "the fingerprint of the key" {
        /// When it stops being good.
        expires: String,
    }
    /// A target showed a host key for the first time.
    HostKeySeen = "host_key.seen", Configuration, Medium, "the resource" {
        /// Its SHA-256, as `SHA256:…`.
        fingerprint: String,
    }
    /// An administrator said that a target's host key is the right one.
    HostKeyConfirmed = "host_key.confirm", Configuration, Low, "the resource" {
        /// Its SHA-256, as `SHA256:…`.
        fingerprint: String,
    }
    /// An administrator forgot a target's host key: the next one is believed.
    HostKeyForgotten = "host_key.forget", Configuration, Medium, "the resource" {
        /// Its SHA-256, as `SHA256:…`.
        fingerprint: String,
    }
    /// A token was taken back.
    TokenRevoked = "token.revoke", Token, Low, "the token" {}
    /// The gateway started with this configuration.
    ConfigLoaded = "config.loaded", Configuration, Low, "the configuration's file" {
        /// The version of the policies: a digest of them.
        policies: String,
        /// How many policies there are.
        policy_count: u64,
        /// The names of the resources.
        resources: Vec<String>,
        /// Every file read, and the BLAKE3 hash of what it held: `sluice.yaml 1f3a…`.
        files: Vec<String>,
    }
    /// A change of policies or resources is in force.
    ConfigChanged = "config.change", Configuration, Medium, "the configuration's file" {
        /// The version of the policies before.
        before: String,
        /// The version of the policies now.
        policies: String,
        /// What changed in the policies' text, as `diff -u` writes it; cut after 64 KiB, and said so.
        diff: Vec<String>,
        /// Resources that are new.
        added: Vec<String>,
        /// Resources that are no more.
        removed: Vec<String>,
        /// Resources that changed, and which of their keys: `orders: address, labels`.
        changed: Vec<String>,
        /// Keys of `sluice.yaml` that changed and wait for a restart.
        waiting: Vec<String>,
        /// Every file read, and the BLAKE3 hash of what it held.
        files: Vec<String>,
    }
    /// A changed configuration is wrong and was not taken. What is wrong stands in the operational log.
    ConfigRefused = "config.refused", Configuration, Medium, "the configuration's file" {
        /// Where the mistakes are: `policies/a.cedar:3:1`.
        places: Vec<String>,
    }
    /// Somebody read what happened in a session.
    RecordingViewed = "recording.view", Evidence, Informational, "the session" {
        /// What for, as the reader's program says: `replay`, `tail`, `export`, `verify` or `read`.
        purpose: String,
        /// Whose session it is.
        subject: Option<String>,
        /// What it was on.
        resource: Option<String>,
        /// Where the reader came from.
        source: String,
    }
    /// Somebody took a copy of a recording, sealed as it is.
    RecordingExported = "recording.export", Evidence, Low, "the session" {
        /// What for, as the reader's program says: `replay`, `tail`, `export`, `verify` or `read`.
        purpose: String,
        /// Whose session it is.
        subject: Option<String>,
        /// What it was on.
        resource: Option<String>,
        /// Where the reader came from.
        source: String,
    }
    /// Retention deletes a recording. Written in the transaction that decides so, before it is done.
    RecordingDeleted = "recording.deleted", Evidence, Medium, "the session" {
        /// Why: the rule that asked for it.
        why: String,
        /// How long it was, in bytes.
        bytes: u64,
        /// The last hash of its chain.
        recording: String,
        /// Whether it was in the gateway's own folder.
        local: bool,
        /// Whether it was in the object store.
        object_store: bool,
    }
    /// A recording is in the object store: what is there was read back and is what was sent. From here on
    /// it need not be in the gateway's own folder.
    RecordingUploaded = "recording.uploaded", Evidence, Informational, "the session" {
        /// Where it is.
        to: String,
        /// How long it is, in bytes.
        bytes: u64,
        /// The BLAKE3 hash of the whole file.
        blake3: String,
        /// The last hash of its chain.
        recording: String,
    }
    /// A recording cannot be uploaded as it is: its name is taken by something else, or its file is
    /// damaged.
    RecordingUploadFailed = "recording.upload_failed", Evidence, High, "the session" {
        /// Why.
        why: String,
    }
    /// A recording was read from the object store and is what was uploaded.
    RecordingFetched = "recording.fetched", Evidence, Informational, "the session" {
        /// How long it is, in bytes.
        bytes: u64,
    }
    /// A recording was read from the object store and is not what was uploaded.
    RecordingDiffers = "recording.differs", Evidence, High, "the session" {
        /// How long what was found is, in bytes.
        bytes: u64,
        /// The BLAKE3 hash of what was found.
        blake3: String,
        /// The BLAKE3 hash of what was uploaded.
        uploaded: Option<String>,
    }
    /// A legal hold was laid on a recording: retention does not delete it.
    RecordingHeld = "recording.hold", Evidence, Low, "the session" {
        /// Why.
        reason: String,
    }
    /// A legal hold was lifted.
    RecordingReleased = "recording.release", Evidence, Low, "the session" {}
    /// Somebody took a copy of the audit log.
    AuditExported = "audit.export", Evidence, Low, "`audit`" {
        /// The last entry that was not asked for; 0 for the whole log.
        after: u64,
        /// Where the reader came from.
        source: String,
    }
    /// The log could not be written for a while, and can be again. What changes something was refused
    /// meanwhile.
    AuditGap = "audit.gap", Evidence, High, "`audit`" {
        /// Since when.
        since: String,
        /// Why.
        why: String,
        /// How many sign-ins of administrators, who were let in to see what is wrong, have no entry.
        sign_ins: u64,
        /// How many entries were given up beside these, of things that did not happen therefore or
        /// could not be kept from happening.
        lost: u64,
    }
    /// Somebody was given the key that opens a recording.
    KeyUsed = "key.use", Key, Low, "the session" {
        /// What for, as the reader's program says: `replay`, `tail`, `export`, `verify` or `read`.
        purpose: String,
        /// Whose session it is.
        subject: Option<String>,
        /// What it was on.
        resource: Option<String>,
        /// Where the reader came from.
        source: String,
    }
    /// The keyring was replaced, and the gateway took it up: a key was added, or it is sealed under another
    /// master key. At a start, `gateway.start` has the keys.
    KeyringChanged = "key.change", Key, Medium, "`recordings.keyring`" {
        /// The names of its keys, the oldest first; the last one seals new recordings.
        keys: Vec<String>,
    }
    /// The gateway's process began to work.
    GatewayStarted = "gateway.start", Gateway, Low, "`gateway`" {
        /// Its version.
        version: String,
        /// How it found the log when it opened it: how many entries there were.
        entries: u64,
        /// The names of the keys that open recordings, the oldest first.
        keys: Vec<String>,
    }
    /// The gateway's process ended in order.
    GatewayStopped = "gateway.stop", Gateway, Low, "`gateway`" {}
}
