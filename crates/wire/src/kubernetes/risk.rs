macro_rules! risks {
    ($($(#[$doc:meta])* $variant:ident = $name:literal;)*) => {
        /// Something written that reaches out of a pod, or widens what somebody may.
        ///
        /// Those of pods are the baseline of the Pod Security Standards
        /// (<https://kubernetes.io/docs/concepts/security/pod-security-standards/>) and what is
        /// asked of users and escalation beyond it; those of rules are the verbs that RBAC itself
        /// checks (<https://kubernetes.io/docs/concepts/security/rbac-good-practices/>).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Risk { $($(#[$doc])* $variant,)* }

        impl Risk {
            /// Every risk.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name: `host_path`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

risks! {
    /// A folder of the node: `hostPath`, or a volume's `local.path`.
    HostPath = "host_path";
    /// `privileged`.
    Privileged = "privileged";
    /// `hostNetwork`.
    HostNetwork = "host_network";
    /// `hostPID`.
    HostPid = "host_pid";
    /// `hostIPC`.
    HostIpc = "host_ipc";
    /// `hostPort`.
    HostPort = "host_port";
    /// `hostProcess`, of Windows.
    HostProcess = "host_process";
    /// `capabilities.add`.
    AddedCapability = "added_capability";
    /// `runAsUser: 0`.
    RunsAsRoot = "runs_as_root";
    /// `allowPrivilegeEscalation: true`.
    PrivilegeEscalation = "privilege_escalation";
    /// `procMount: Unmasked`.
    UnmaskedProc = "unmasked_proc";
    /// A profile of seccomp or AppArmor that is `Unconfined`.
    Unconfined = "unconfined";
    /// `sysctls`.
    Sysctls = "sysctls";
    /// A rule for every verb, group, resource or path.
    RuleForAll = "rule_for_all";
    /// A rule with `escalate`: roles may be given more than their giver has.
    RuleEscalate = "rule_escalate";
    /// A rule with `bind`: roles may be bound that their binder does not have.
    RuleBind = "rule_bind";
    /// A rule with `impersonate`.
    RuleImpersonate = "rule_impersonate";
    /// A role that takes in the rules of others by their labels.
    RuleAggregation = "rule_aggregation";
}
