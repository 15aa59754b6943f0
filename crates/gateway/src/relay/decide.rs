//! A session's policy: the slice it was opened with, made anew when the policies change.

use std::sync::Arc;

use arc_swap::ArcSwap;
use model::{
    Command, Decision, Evidence, Identity, Reason, ReasonKind, Resource, Ruling, SessionId, Shadow,
    Terms, Timestamp,
};
use policy::{Circumstances, Grant, PolicySet, Slice};

/// Decides the commands of one session by the policies in force at each.
pub(crate) struct Decider {
    session: SessionId,
    policies: Arc<ArcSwap<PolicySet>>,
    in_force: Arc<PolicySet>,
    grant: Grant,
    circumstances: Circumstances,
    slice: Slice,
    /// The policies in force no longer let this session be opened.
    closed: Option<Reason>,
    /// What policies that are only tried out make of this session is still to be said.
    unsaid: bool,
    evidence: Asked,
}

/// When what is recorded must be on the disk, as the terms of commands ask for it.
#[derive(Clone, Copy, Debug, Default)]
struct Asked {
    /// By the last command: what it is sent later (COPY) is still of it.
    last: Evidence,
    /// By any command that was not committed yet.
    uncommitted: Evidence,
}

impl Decider {
    /// Decides for the session that `grant` opened.
    pub(crate) fn new(
        session: SessionId,
        policies: Arc<ArcSwap<PolicySet>>,
        grant: Grant,
        circumstances: Circumstances,
    ) -> Self {
        let in_force = policies.load_full();
        let slice = in_force.slice(&grant);
        Self {
            session,
            policies,
            in_force,
            grant,
            circumstances,
            slice,
            closed: None,
            unsaid: true,
            evidence: Asked::default(),
        }
    }

    pub(crate) const fn session(&self) -> SessionId {
        self.session
    }

    pub(crate) fn identity(&self) -> &Arc<Identity> {
        self.grant.identity()
    }

    pub(crate) fn resource(&self) -> &Arc<Resource> {
        self.grant.resource()
    }

    /// Decides one command. A policy set loaded since the last one holds from here on.
    pub(crate) fn decide(&mut self, command: &Command, now: Timestamp) -> Decision {
        self.reload(now);
        match &self.closed {
            Some(reason) => Decision::Deny(reason.clone()),
            None => self.slice.decide(command, now),
        }
    }

    /// What policies that are only tried out would have made of a command that was just decided.
    pub(crate) fn shadow(
        &mut self,
        command: &Command,
        now: Timestamp,
        decided: &Decision,
    ) -> Option<Shadow> {
        // A session that policy closed has no policies of its own to try others beside.
        self.closed.is_none().then(|| self.slice.shadow(command, now, decided)).flatten()
    }

    /// What they would have made of the session as a whole: said once for each set of policies.
    pub(crate) fn shadow_of_session(&mut self, now: Timestamp) -> Option<Shadow> {
        if !std::mem::take(&mut self.unsaid) {
            return None;
        }
        self.closed.is_none().then(|| self.slice.shadow_of_session(now)).flatten()
    }

    /// A command may run on these terms.
    pub(crate) fn permitted(&mut self, terms: &Terms) {
        self.evidence.last = terms.evidence;
        self.evidence.uncommitted = self.evidence.uncommitted.max(terms.evidence);
    }

    /// When what was recorded must be on the disk: the stricter of what the resource and what policy ask.
    pub(crate) fn evidence(&mut self) -> Evidence {
        let asked = std::mem::take(&mut self.evidence.uncommitted).max(self.evidence.last);
        self.grant.resource().evidence.max(asked)
    }

    /// An approval stands only as long as the policies it was asked under.
    pub(crate) fn still(&self, terms: Terms) -> Ruling {
        if self.policies.load().version() == self.in_force.version() {
            return Ok(terms);
        }
        Err(Reason {
            kind: ReasonKind::Policy,
            message: "the policies changed while the command waited for its approval".to_owned(),
            policies: Vec::new(),
            hint: Some("Send it again.".to_owned()),
        })
    }

    fn reload(&mut self, now: Timestamp) {
        let newest = self.policies.load();
        if Arc::ptr_eq(&newest, &self.in_force) {
            return;
        }
        self.in_force = Arc::clone(&newest);
        let circumstances = Circumstances { now, ..self.circumstances.clone() };
        let authorized = self.in_force.authorize(
            Arc::clone(self.grant.identity()),
            Arc::clone(self.grant.resource()),
            &circumstances,
        );
        match authorized {
            Ok(grant) => {
                self.slice = self.in_force.slice(&grant);
                self.grant = grant;
                self.closed = None;
                self.unsaid = true;
            }
            Err(reason) => self.closed = Some(reason),
        }
    }
}
