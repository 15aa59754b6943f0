//! GRANT, REVOKE and roles.

use model::{Action, ObjectKind};
use pg_query::protobuf::{
    AlterDefaultPrivilegesStmt, DropOwnedStmt, GrantRoleStmt, GrantStmt, GrantTargetType,
    ReassignOwnedStmt, RoleSpec, RoleSpecType,
};
use pg_query::{Node, NodeEnum as N};

use super::name::word;
use super::reader::Reader;
use crate::Unreadable;

impl<'t> Reader<'t> {
    pub(super) fn grant(&mut self, grant: &'t GrantStmt) -> Result<(), Unreadable> {
        let action = if grant.is_grant { Action::Grant } else { Action::Revoke };
        self.changes_catalogue();
        for object in &grant.objects {
            match grant.targtype() {
                GrantTargetType::AclTargetAllInSchema => {
                    let schema = word(object).unwrap_or_default();
                    self.top(action, ObjectKind::Schema, schema);
                }
                _ => {
                    let object = self.object(grant.objtype(), object)?;
                    self.access(action, object);
                }
            }
        }
        if grant.objects.is_empty() {
            self.whole(action);
        }
        Ok(())
    }

    pub(super) fn grant_role(&mut self, grant: &'t GrantRoleStmt) -> Result<(), Unreadable> {
        let action = if grant.is_grant { Action::Grant } else { Action::Revoke };
        for role in &grant.granted_roles {
            match &role.node {
                Some(N::AccessPriv(role)) => self.top(action, ObjectKind::Role, &role.priv_name),
                _ => self.whole(action),
            }
        }
        Ok(())
    }

    pub(super) fn default_privileges(
        &mut self,
        privileges: &'t AlterDefaultPrivilegesStmt,
    ) -> Result<(), Unreadable> {
        let grants = privileges.action.as_ref().is_none_or(|action| action.is_grant);
        self.whole(if grants { Action::Grant } else { Action::Revoke });
        Ok(())
    }

    pub(super) fn manages(&mut self, role: &str) -> Result<(), Unreadable> {
        self.top(Action::ManageRole, ObjectKind::Role, role);
        Ok(())
    }

    pub(super) fn manages_role(&mut self, role: Option<&'t RoleSpec>) -> Result<(), Unreadable> {
        self.manages(role.map_or("all", role_name))
    }

    pub(super) fn drop_roles(&mut self, roles: &'t [Node]) -> Result<(), Unreadable> {
        roles.iter().try_for_each(|role| self.manages(role_of(role)?))
    }

    pub(super) fn drop_owned(&mut self, drop: &'t DropOwnedStmt) -> Result<(), Unreadable> {
        self.changes_catalogue();
        for role in &drop.roles {
            self.top(Action::Drop, ObjectKind::Role, role_of(role)?);
        }
        self.whole(Action::Revoke);
        Ok(())
    }

    pub(super) fn reassign_owned(
        &mut self,
        reassign: &'t ReassignOwnedStmt,
    ) -> Result<(), Unreadable> {
        for role in &reassign.roles {
            self.top(Action::Alter, ObjectKind::Role, role_of(role)?);
        }
        self.whole(Action::Grant);
        Ok(())
    }
}

fn role_of(node: &Node) -> Result<&str, Unreadable> {
    match &node.node {
        Some(N::RoleSpec(role)) => Ok(role_name(role)),
        _ => Err(Unreadable::new("a role is named by something that is no role")),
    }
}

fn role_name(role: &RoleSpec) -> &str {
    match role.roletype() {
        RoleSpecType::RolespecCstring | RoleSpecType::Undefined => &role.rolename,
        RoleSpecType::RolespecCurrentRole => "current_role",
        RoleSpecType::RolespecCurrentUser => "current_user",
        RoleSpecType::RolespecSessionUser => "session_user",
        RoleSpecType::RolespecPublic => "public",
    }
}
