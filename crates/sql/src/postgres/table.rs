//! Tables and views: what they are made of and made from.

use model::{Action, ObjectKind};
use pg_query::protobuf::{
    AlterTableCmd, AlterTableStmt, AlterTableType, ConstrType, CreateStmt, CreateTableAsStmt,
    ObjectType, RangeVar, ViewStmt,
};
use pg_query::{Node, NodeEnum as N};

use super::define::odd;
use super::name::words;
use super::reader::Reader;
use crate::{Effect, Outputs, RelationName, Unreadable};

type Walked = Result<(), Unreadable>;

impl<'t> Reader<'t> {
    pub(super) fn create_table(&mut self, create: &'t CreateStmt) -> Walked {
        self.creates(Action::CreateTable, create.relation.as_ref())?;
        for parent in &create.inh_relations {
            let Some(N::RangeVar(parent)) = &parent.node else { return Err(odd()) };
            self.on_relation(Action::Alter, Some(parent))?;
        }
        if let Some(name) = &create.relation {
            let relation = self.new_relation(name);
            for element in &create.table_elts {
                self.defaults(name, &relation, element);
            }
        }
        self.nodes(&create.table_elts)?;
        self.nodes(&create.constraints)?;
        if let Some(part) = &create.partspec {
            self.nodes(&part.part_params)?;
        }
        if let Some(bound) = &create.partbound {
            self.nodes(&bound.listdatums)?;
            self.nodes(&bound.lowerdatums)?;
            self.nodes(&bound.upperdatums)?;
        }
        Ok(())
    }

    pub(super) fn create_table_as(&mut self, create: &'t CreateTableAsStmt) -> Walked {
        let (Some(into), Some(query)) = (create.into.as_deref(), create.query.as_deref()) else {
            return Err(odd());
        };
        let action = match create.objtype() {
            ObjectType::ObjectMatview => Action::CreateView,
            _ => Action::CreateTable,
        };
        self.creates_from_query(into, action);
        match &query.node {
            Some(N::ExecuteStmt(execute)) => {
                self.found.stores = true;
                self.nodes(&execute.params)?;
                let name = execute.name.clone();
                self.found.effect = Effect::Execute { name, explain_only: false };
            }
            Some(_) => {
                // What a materialised view shows is told by its definition.
                if action == Action::CreateTable
                    && let Some(name) = &into.rel
                {
                    let relation = self.new_relation(name);
                    self.trace_into(query, &relation, &words(&into.col_names));
                }
                self.node(query)?;
            }
            None => return Err(odd()),
        }
        self.found.outputs = Outputs::None;
        Ok(())
    }

    pub(super) fn create_view(&mut self, create: &'t ViewStmt) -> Walked {
        self.creates(Action::CreateView, create.view.as_ref())?;
        self.maybe(&create.query)
    }

    pub(super) fn alter_table(&mut self, alter: &'t AlterTableStmt) -> Walked {
        if alter.objtype() == ObjectType::ObjectType {
            let Some(name) = &alter.relation else { return Err(odd()) };
            let (schema, name) = (&name.schemaname, &name.relname);
            let parent = self.parent((!schema.is_empty()).then_some(schema.as_str()));
            self.within(Action::Alter, ObjectKind::Type, parent, name);
        } else {
            self.on_relation(Action::Alter, alter.relation.as_ref())?;
            self.looks_through(alter.relation.as_ref());
        }
        for command in &alter.cmds {
            let Some(N::AlterTableCmd(command)) = &command.node else { return Err(odd()) };
            self.converts(alter.relation.as_ref(), command);
            let Some(definition) = command.def.as_deref() else { continue };
            match (&definition.node, command.subtype()) {
                (
                    Some(N::RangeVar(parent)),
                    AlterTableType::AtAddInherit | AlterTableType::AtDropInherit,
                ) => {
                    self.on_relation(Action::Alter, Some(parent))?;
                }
                _ => self.node(definition)?,
            }
        }
        Ok(())
    }

    /// ALTER … TYPE … USING puts what it computes into the column, and so does a default.
    fn converts(&mut self, table: Option<&RangeVar>, command: &AlterTableCmd) {
        let (Some(table), Some(definition)) = (table, command.def.as_deref()) else { return };
        match (command.subtype(), &definition.node) {
            (AlterTableType::AtAlterColumnType, Some(N::ColumnDef(column))) => {
                if let Some(using) = column.raw_default.as_deref() {
                    self.trace_column(table, &command.name, using);
                }
            }
            (AlterTableType::AtColumnDefault | AlterTableType::AtSetExpression, Some(_)) => {
                let relation = self.relation(table);
                self.trace_default(table, &relation, &command.name, definition);
            }
            (AlterTableType::AtAddColumn, Some(_)) => {
                let relation = self.relation(table);
                self.defaults(table, &relation, definition);
            }
            _ => {}
        }
    }

    /// What a new column's default, or what it is generated from, puts into it.
    fn defaults(&mut self, table: &RangeVar, relation: &RelationName, element: &Node) {
        let Some(N::ColumnDef(column)) = &element.node else { return };
        for constraint in &column.constraints {
            if let Some(N::Constraint(constraint)) = &constraint.node
                && let ConstrType::ConstrDefault | ConstrType::ConstrGenerated =
                    constraint.contype()
                && let Some(value) = constraint.raw_expr.as_deref()
            {
                self.trace_default(table, relation, &column.colname, value);
            }
        }
    }

    /// Parts of definitions that hold expressions or names of other things.
    pub(super) fn definition_part(&mut self, kind: &'t N) -> Walked {
        match kind {
            N::ColumnDef(e) => {
                self.maybe(&e.raw_default)?;
                self.nodes(&e.constraints)?;
                e.type_name.as_ref().map_or(Ok(()), |name| self.type_name(name))
            }
            N::Constraint(e) => {
                self.maybe(&e.raw_expr)?;
                self.nodes(&e.exclusions)?;
                self.nodes(&e.options)?;
                self.maybe(&e.where_clause)?;
                // A foreign key tells which keys there are.
                match &e.pktable {
                    Some(other) => self.on_relation(Action::Select, Some(other)),
                    None => Ok(()),
                }
            }
            N::TableLikeClause(e) => self.on_relation(Action::Select, e.relation.as_ref()),
            N::IndexElem(e) => self.maybe(&e.expr),
            N::DefElem(e) => self.maybe(&e.arg),
            N::PartitionElem(e) => self.maybe(&e.expr),
            N::PartitionSpec(e) => self.nodes(&e.part_params),
            N::PartitionBoundSpec(e) => {
                self.nodes(&e.listdatums)?;
                self.nodes(&e.lowerdatums)?;
                self.nodes(&e.upperdatums)
            }
            N::PartitionRangeDatum(e) => self.maybe(&e.value),
            N::PartitionCmd(e) => self.on_relation(Action::Alter, e.name.as_ref()),
            N::StatsElem(e) => self.maybe(&e.expr),
            N::FunctionParameter(e) => self.maybe(&e.defexpr),
            N::AlterTableCmd(e) => self.maybe(&e.def),
            N::VacuumRelation(e) => self.on_relation(Action::Maintain, e.relation.as_ref()),
            N::ReturnStmt(e) => self.maybe(&e.returnval),
            N::PublicationObjSpec(_) | N::PublicationTable(_) | N::CreateOpClassItem(_) => Ok(()),
            _ => Err(odd()),
        }
    }
}
