//! What there is: CREATE, ALTER, DROP and their kin.

use model::{Action, Object, ObjectKind, Parent};
use pg_query::protobuf::{
    ConstrType, CreateSchemaStmt, ObjectType, PublicationObjSpecType, RangeVar, RenameStmt,
    TypeName,
};
use pg_query::{Node, NodeEnum as N};

use super::name::{qualified, words};
use super::reader::Reader;
use crate::{Effect, Outputs, RelationName, Renamed, Unreadable};

type Walked = Result<(), Unreadable>;

impl<'t> Reader<'t> {
    pub(super) fn define(&mut self, kind: &'t N) -> Walked {
        match kind {
            // Tables and what hangs on them.
            N::CreateStmt(e) => self.create_table(e),
            N::CreateForeignTableStmt(e) => {
                e.base_stmt.as_ref().map_or(Ok(()), |base| self.create_table(base))
            }
            N::CreateTableAsStmt(e) => self.create_table_as(e),
            N::ViewStmt(e) => self.create_view(e),
            N::IndexStmt(e) => {
                self.on_relation(Action::CreateIndex, e.relation.as_ref())?;
                self.looks_through(e.relation.as_ref());
                self.nodes(&e.index_params)?;
                self.nodes(&e.index_including_params)?;
                self.maybe(&e.where_clause)
            }
            N::CreateSeqStmt(e) => {
                self.creates(Action::CreateObject, e.sequence.as_ref())?;
                self.nodes(&e.options)
            }
            N::AlterSeqStmt(e) => self.on_relation(Action::Alter, e.sequence.as_ref()),
            N::AlterTableStmt(e) => self.alter_table(e),
            N::CreateStatsStmt(e) => {
                for relation in &e.relations {
                    if let Some(N::RangeVar(name)) = &relation.node {
                        self.on_relation(Action::CreateObject, Some(name))?;
                    }
                }
                self.nodes(&e.exprs)
            }
            N::AlterStatsStmt(e) => self.named(Action::Alter, ObjectKind::Other, &e.defnames),
            N::CreatePolicyStmt(e) => {
                self.on_relation(Action::CreateObject, e.table.as_ref())?;
                self.maybe(&e.qual)?;
                self.maybe(&e.with_check)
            }
            N::AlterPolicyStmt(e) => {
                self.on_relation(Action::Alter, e.table.as_ref())?;
                self.maybe(&e.qual)?;
                self.maybe(&e.with_check)
            }
            N::TruncateStmt(e) => {
                self.found.unbounded = true;
                for relation in &e.relations {
                    let Some(N::RangeVar(name)) = &relation.node else { return Err(odd()) };
                    self.on_relation(Action::Truncate, Some(name))?;
                }
                Ok(())
            }

            // Anything by its type.
            N::DropStmt(e) => {
                for object in &e.objects {
                    let object = self.object(e.remove_type(), object)?;
                    self.access(Action::Drop, object);
                }
                Ok(())
            }
            N::RenameStmt(e) => self.rename(e),
            N::CommentStmt(e) => self.on(Action::Comment, e.objtype(), e.object.as_deref()),
            N::SecLabelStmt(e) => self.on(Action::Comment, e.objtype(), e.object.as_deref()),
            N::AlterObjectSchemaStmt(e) => {
                self.top(Action::CreateObject, ObjectKind::Schema, &e.newschema);
                if let Some(name) = &e.relation {
                    let from = self.relation(name);
                    let schema = Parent::Is(e.newschema.clone());
                    let to = RelationName { schema, name: from.name.clone() };
                    self.found.renamed = Some(Renamed { from, to, column: None });
                }
                self.alter(e.object_type(), e.relation.as_ref(), e.object.as_deref())
            }
            N::AlterOwnerStmt(e) => {
                self.alter(e.object_type(), e.relation.as_ref(), e.object.as_deref())
            }
            N::AlterObjectDependsStmt(e) => {
                self.alter(e.object_type(), e.relation.as_ref(), e.object.as_deref())
            }

            // Schemas, types, functions, operators.
            N::CreateSchemaStmt(e) => self.create_schema(e),
            N::DefineStmt(e) => {
                let kind = match e.kind() {
                    ObjectType::ObjectAggregate => ObjectKind::Function,
                    ObjectType::ObjectType => ObjectKind::Type,
                    _ => ObjectKind::Other,
                };
                self.new_named(Action::CreateObject, kind, &e.defnames)
            }
            N::CompositeTypeStmt(e) => {
                let Some(name) = &e.typevar else { return Err(odd()) };
                let relation = self.new_relation(name);
                self.within(
                    Action::CreateObject,
                    ObjectKind::Type,
                    relation.schema,
                    &relation.name,
                );
                Ok(())
            }
            N::CreateEnumStmt(e) => {
                self.new_named(Action::CreateObject, ObjectKind::Type, &e.type_name)
            }
            N::CreateRangeStmt(e) => {
                self.new_named(Action::CreateObject, ObjectKind::Type, &e.type_name)
            }
            N::AlterEnumStmt(e) => self.named(Action::Alter, ObjectKind::Type, &e.type_name),
            N::AlterTypeStmt(e) => self.named(Action::Alter, ObjectKind::Type, &e.type_name),
            N::CreateDomainStmt(e) => {
                self.new_named(Action::CreateObject, ObjectKind::Type, &e.domainname)?;
                let defaults = e.constraints.iter().filter(|constraint| {
                    matches!(&constraint.node, Some(N::Constraint(constraint))
                        if constraint.contype() == ConstrType::ConstrDefault)
                });
                for default in defaults {
                    self.keeps_default(default)?;
                }
                self.nodes(&e.constraints)
            }
            N::AlterDomainStmt(e) => {
                self.named(Action::Alter, ObjectKind::Type, &e.type_name)?;
                // SET DEFAULT
                match e.def.as_deref() {
                    Some(default) if e.subtype == "T" => self.keeps_default(default),
                    _ => self.maybe(&e.def),
                }
            }
            N::AlterFunctionStmt(e) => {
                let names = e.func.as_ref().map_or(&[][..], |function| &function.objname);
                self.named(Action::Alter, ObjectKind::Function, names)
            }
            N::AlterOperatorStmt(e) => {
                let names = e.opername.as_ref().map_or(&[][..], |operator| &operator.objname);
                self.named(Action::Alter, ObjectKind::Other, names)
            }
            N::AlterCollationStmt(e) => self.named(Action::Alter, ObjectKind::Other, &e.collname),
            N::CreateOpClassStmt(e) => {
                self.new_named(Action::CreateObject, ObjectKind::Other, &e.opclassname)
            }
            N::CreateOpFamilyStmt(e) => {
                self.new_named(Action::CreateObject, ObjectKind::Other, &e.opfamilyname)
            }
            N::AlterOpFamilyStmt(e) => {
                self.named(Action::Alter, ObjectKind::Other, &e.opfamilyname)
            }
            N::CreateConversionStmt(e) => {
                self.new_named(Action::CreateObject, ObjectKind::Other, &e.conversion_name)
            }
            N::CreateCastStmt(e) => {
                let target = type_words(e.targettype.as_ref());
                let (schema, name) = qualified(&target);
                let parent = self.parent(schema);
                self.within(Action::CreateObject, ObjectKind::Type, parent, name);
                Ok(())
            }
            N::CreateTransformStmt(e) => {
                self.top(Action::CreateObject, ObjectKind::Other, &e.lang);
                Ok(())
            }
            N::AlterTsdictionaryStmt(e) => {
                self.named(Action::Alter, ObjectKind::Other, &e.dictname)
            }
            N::AlterTsconfigurationStmt(e) => {
                self.named(Action::Alter, ObjectKind::Other, &e.cfgname)
            }

            // What stands in the database or the cluster itself.
            N::CreatedbStmt(e) => self.other(Action::CreateObject, ObjectKind::Database, &e.dbname),
            N::AlterDatabaseStmt(e) => self.other(Action::Alter, ObjectKind::Database, &e.dbname),
            N::AlterDatabaseRefreshCollStmt(e) => {
                self.other(Action::Alter, ObjectKind::Database, &e.dbname)
            }
            N::DropdbStmt(e) => self.other(Action::Drop, ObjectKind::Database, &e.dbname),
            N::CreateTableSpaceStmt(e) => {
                self.top(Action::ServerFile, ObjectKind::File, &e.location);
                self.other(Action::CreateObject, ObjectKind::Other, &e.tablespacename)
            }
            N::DropTableSpaceStmt(e) => {
                self.other(Action::Drop, ObjectKind::Other, &e.tablespacename)
            }
            N::AlterTableSpaceOptionsStmt(e) => {
                self.other(Action::Alter, ObjectKind::Other, &e.tablespacename)
            }
            N::AlterTableMoveAllStmt(e) => {
                self.other(Action::Alter, ObjectKind::Other, &e.orig_tablespacename)
            }
            N::CreateExtensionStmt(e) => self.loads(&e.extname),
            N::AlterExtensionStmt(e) => self.loads(&e.extname),
            N::AlterExtensionContentsStmt(e) => self.loads(&e.extname),
            N::CreatePlangStmt(e) => self.loads(&e.plname),
            N::CreateAmStmt(e) => self.loads(&e.amname),
            N::CreateFdwStmt(e) => self.loads(&e.fdwname),
            N::AlterFdwStmt(e) => self.loads(&e.fdwname),
            N::CreateForeignServerStmt(e) => {
                self.other(Action::CreateObject, ObjectKind::Other, &e.servername)
            }
            N::AlterForeignServerStmt(e) => {
                self.other(Action::Alter, ObjectKind::Other, &e.servername)
            }
            N::CreateUserMappingStmt(e) => {
                self.other(Action::CreateObject, ObjectKind::Other, &e.servername)
            }
            N::AlterUserMappingStmt(e) => {
                self.other(Action::Alter, ObjectKind::Other, &e.servername)
            }
            N::DropUserMappingStmt(e) => self.other(Action::Drop, ObjectKind::Other, &e.servername),
            N::ImportForeignSchemaStmt(e) => {
                self.other(Action::CreateObject, ObjectKind::Schema, &e.local_schema)
            }
            N::AlterEventTrigStmt(e) => self.other(Action::Alter, ObjectKind::Other, &e.trigname),
            N::CreatePublicationStmt(e) => {
                if e.for_all_tables {
                    self.found.opaque = true;
                }
                self.publishes(&e.pubobjects)?;
                self.other(Action::CreateObject, ObjectKind::Other, &e.pubname)
            }
            N::AlterPublicationStmt(e) => {
                if e.for_all_tables {
                    self.found.opaque = true;
                }
                self.publishes(&e.pubobjects)?;
                self.other(Action::Alter, ObjectKind::Other, &e.pubname)
            }
            // A subscription makes the server dial out, and writes whatever comes back.
            N::CreateSubscriptionStmt(e) => {
                self.whole(Action::Operate);
                self.other(Action::CreateObject, ObjectKind::Other, &e.subname)
            }
            N::AlterSubscriptionStmt(e) => {
                self.whole(Action::Operate);
                self.other(Action::Alter, ObjectKind::Other, &e.subname)
            }
            N::DropSubscriptionStmt(e) => {
                self.whole(Action::Operate);
                self.other(Action::Drop, ObjectKind::Other, &e.subname)
            }
            _ => Err(Unreadable::new("its kind is not known")),
        }
    }

    /// VACUUM, ANALYZE, CLUSTER, REINDEX, REFRESH MATERIALIZED VIEW.
    pub(super) fn maintain(&mut self, kind: &'t N) -> Walked {
        match kind {
            N::VacuumStmt(e) => {
                for relation in &e.rels {
                    let Some(N::VacuumRelation(relation)) = &relation.node else {
                        return Err(odd());
                    };
                    self.on_relation(Action::Maintain, relation.relation.as_ref())?;
                }
                if e.rels.is_empty() {
                    self.whole(Action::Maintain);
                }
                Ok(())
            }
            N::ClusterStmt(e) => self.on_relation_or_all(Action::Maintain, e.relation.as_ref()),
            N::ReindexStmt(e) if e.relation.is_none() && !e.name.is_empty() => {
                self.other(Action::Maintain, ObjectKind::Other, &e.name)
            }
            N::ReindexStmt(e) => self.on_relation_or_all(Action::Maintain, e.relation.as_ref()),
            N::RefreshMatViewStmt(e) => self.on_relation(Action::Maintain, e.relation.as_ref()),
            _ => Err(Unreadable::new("its kind is not known")),
        }
    }

    fn create_schema(&mut self, create: &'t CreateSchemaStmt) -> Walked {
        let name = match create.authrole.as_ref() {
            Some(role) if create.schemaname.is_empty() => &role.rolename,
            _ => &create.schemaname,
        };
        self.top(Action::CreateObject, ObjectKind::Schema, name);
        let before = self.creating_in.replace(name);
        for element in &create.schema_elts {
            self.statement(element)?;
        }
        self.creating_in = before;
        self.found.effect = Effect::None;
        self.found.outputs = Outputs::None;
        Ok(())
    }

    fn rename(&mut self, rename: &'t RenameStmt) -> Walked {
        let kind = rename.rename_type();
        match kind {
            ObjectType::ObjectRole => self.manages(&rename.subname),
            ObjectType::ObjectSchema => {
                self.other(Action::Alter, ObjectKind::Schema, &rename.subname)
            }
            ObjectType::ObjectDatabase => {
                self.other(Action::Alter, ObjectKind::Database, &rename.subname)
            }
            ObjectType::ObjectTablespace => {
                self.other(Action::Alter, ObjectKind::Other, &rename.subname)
            }
            _ => {
                if let Some(name) = &rename.relation {
                    self.renames_relation(kind, name, rename);
                }
                self.alter(kind, rename.relation.as_ref(), rename.object.as_deref())
            }
        }
    }

    fn renames_relation(&mut self, kind: ObjectType, name: &RangeVar, rename: &RenameStmt) {
        let from = self.relation(name);
        let new = rename.newname.as_str();
        self.found.renamed = match kind {
            ObjectType::ObjectTable
            | ObjectType::ObjectForeignTable
            | ObjectType::ObjectView
            | ObjectType::ObjectMatview => {
                let to = RelationName { schema: from.schema.clone(), name: new.to_owned() };
                Some(Renamed { from, to, column: None })
            }
            ObjectType::ObjectColumn => {
                let column = Some((rename.subname.as_str().into(), new.into()));
                Some(Renamed { to: from.clone(), from, column })
            }
            _ => None,
        };
    }

    fn alter(
        &mut self,
        kind: ObjectType,
        relation: Option<&RangeVar>,
        object: Option<&Node>,
    ) -> Walked {
        match relation {
            Some(relation) => self.on_relation(Action::Alter, Some(relation)),
            None => self.on(Action::Alter, kind, object),
        }
    }

    fn on(&mut self, action: Action, kind: ObjectType, object: Option<&Node>) -> Walked {
        let object = match object {
            Some(object) => self.object(kind, object)?,
            None => Object::resource(),
        };
        self.access(action, object);
        Ok(())
    }

    fn publishes(&mut self, objects: &'t [Node]) -> Walked {
        self.found.stores = true;
        for object in objects {
            let Some(N::PublicationObjSpec(object)) = &object.node else { return Err(odd()) };
            match (object.pubobjtype(), object.pubtable.as_deref()) {
                (_, Some(table)) => {
                    let Some(name) = &table.relation else { return Err(odd()) };
                    self.reads(name)?;
                    self.maybe(&table.where_clause)?;
                }
                (PublicationObjSpecType::PublicationobjTablesInCurSchema, None) => {
                    self.found.opaque = true;
                }
                (_, None) => {
                    self.found.opaque = true;
                    self.top(Action::Select, ObjectKind::Schema, &object.name);
                }
            }
        }
        Ok(())
    }

    /// A domain's default gets into columns that nobody names here.
    fn keeps_default(&mut self, default: &'t Node) -> Walked {
        let (before, opaque) = (self.sources, std::mem::take(&mut self.found.opaque));
        self.node(default)?;
        self.found.stores |= self.found.opaque || self.sources != before;
        self.found.opaque |= opaque;
        Ok(())
    }

    /// An access to a relation that is there already.
    pub(super) fn on_relation(&mut self, action: Action, name: Option<&RangeVar>) -> Walked {
        let Some(name) = name else { return Err(odd()) };
        let relation = self.relation(name);
        self.within(action, ObjectKind::Relation, relation.schema, &relation.name);
        Ok(())
    }

    /// Every row is gone through, and an error may tell of any.
    pub(super) fn looks_through(&mut self, name: Option<&RangeVar>) {
        if let Some(name) = name {
            let relation = self.relation(name);
            self.found.reads.push(relation);
        }
    }

    fn on_relation_or_all(&mut self, action: Action, name: Option<&RangeVar>) -> Walked {
        match name {
            Some(name) => self.on_relation(action, Some(name)),
            None => {
                self.whole(action);
                Ok(())
            }
        }
    }

    /// A relation that is about to be.
    pub(super) fn creates(&mut self, action: Action, name: Option<&RangeVar>) -> Walked {
        let Some(name) = name else { return Err(odd()) };
        let relation = self.new_relation(name);
        self.within(action, ObjectKind::Relation, relation.schema, &relation.name);
        Ok(())
    }

    fn named(&mut self, action: Action, kind: ObjectKind, names: &[Node]) -> Walked {
        let names = words(names);
        let (schema, name) = qualified(&names);
        let parent = self.parent(schema);
        self.place(action, kind, parent, name)
    }

    pub(super) fn new_named(&mut self, action: Action, kind: ObjectKind, names: &[Node]) -> Walked {
        let names = words(names);
        let (schema, name) = qualified(&names);
        let parent = self.new_parent(schema);
        self.place(action, kind, parent, name)
    }

    fn place(&mut self, action: Action, kind: ObjectKind, parent: Parent, name: &str) -> Walked {
        self.within(action, kind, parent, name);
        Ok(())
    }

    fn other(&mut self, action: Action, kind: ObjectKind, name: &str) -> Walked {
        self.top(action, kind, name);
        Ok(())
    }

    /// Code of the server's own machine comes in.
    fn loads(&mut self, name: &str) -> Walked {
        self.opaque();
        self.other(Action::Load, ObjectKind::Other, name)
    }
}

fn type_words(name: Option<&TypeName>) -> Vec<&str> {
    name.map(|name| words(&name.names)).unwrap_or_default()
}

pub(super) fn odd() -> Unreadable {
    Unreadable::new("a definition holds something that does not belong there")
}
