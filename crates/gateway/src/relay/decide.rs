//! A session's policy: the slice it was opened with, made anew when the policies change.

use std::sync::Arc;

use arc_swap::ArcSwap;
use model::{
    Command, Decision, Identity, Reason, ReasonKind, Resource, Ruling, SessionId, Terms, Timestamp,
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
        Self { session, policies, in_force, grant, circumstances, slice, closed: None }
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
            }
            Err(reason) => self.closed = Some(reason),
        }
    }
}
