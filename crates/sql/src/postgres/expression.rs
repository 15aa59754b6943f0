//! The walk through expressions: every node kind, named.

use pg_query::protobuf::{
    ColumnRef, JsonAggConstructor, JsonArgument, JsonBehavior, JsonKeyValue, JsonValueExpr,
    TypeName, WindowDef,
};
use pg_query::{Node, NodeEnum as N};

use super::name::{word, words};
use super::reader::Reader;
use crate::Unreadable;

type Walked = Result<(), Unreadable>;

impl<'t> Reader<'t> {
    pub(super) fn nodes(&mut self, nodes: &'t [Node]) -> Walked {
        nodes.iter().try_for_each(|node| self.node(node))
    }

    pub(super) fn maybe(&mut self, node: &'t Option<Box<Node>>) -> Walked {
        node.as_deref().map_or(Ok(()), |node| self.node(node))
    }

    /// Walks any node that may stand inside a statement.
    pub(super) fn node(&mut self, node: &'t Node) -> Walked {
        self.deeper(|reader| reader.node_here(node))
    }

    fn node_here(&mut self, node: &'t Node) -> Walked {
        let Some(kind) = &node.node else { return Ok(()) };
        match kind {
            // Leaves: nothing flows out of them and nothing is done by them.
            N::Alias(_)
            | N::AStar(_)
            | N::AConst(_)
            | N::ParamRef(_)
            | N::SetToDefault(_)
            | N::CurrentOfExpr(_)
            | N::SqlvalueFunction(_)
            | N::RoleSpec(_)
            | N::Integer(_)
            | N::Float(_)
            | N::Boolean(_)
            | N::String(_)
            | N::BitString(_)
            | N::IntList(_)
            | N::OidList(_)
            | N::JsonFormat(_)
            | N::JsonReturning(_)
            | N::JsonOutput(_)
            | N::CtesearchClause(_)
            | N::ReturningOption(_)
            | N::TriggerTransition(_)
            | N::MergeSupportFunc(_)
            | N::JsonTablePathSpec(_)
            | N::ReplicaIdentityStmt(_)
            | N::AtalterConstraint(_)
            | N::AccessPriv(_)
            | N::ObjectWithArgs(_) => Ok(()),

            // Names.
            N::ColumnRef(column) => self.column(column),
            N::RangeVar(relation) => self.reads(relation),
            N::TypeName(name) => self.type_name(name),

            // Calls.
            N::FuncCall(call) => self.call(call),
            N::AExpr(operation) => {
                self.operator(&operation.name);
                self.maybe(&operation.lexpr)?;
                self.maybe(&operation.rexpr)
            }

            // Expressions that only combine others.
            N::BoolExpr(e) => self.nodes(&e.args),
            N::NamedArgExpr(e) => self.maybe(&e.arg),
            N::SubLink(e) => {
                self.operator(&e.oper_name);
                self.maybe(&e.testexpr)?;
                self.maybe(&e.subselect)
            }
            N::CaseExpr(e) => {
                self.maybe(&e.arg)?;
                self.nodes(&e.args)?;
                self.maybe(&e.defresult)
            }
            N::CaseWhen(e) => {
                self.maybe(&e.expr)?;
                self.maybe(&e.result)
            }
            N::RowExpr(e) => self.nodes(&e.args),
            N::CoalesceExpr(e) => self.nodes(&e.args),
            N::MinMaxExpr(e) => self.nodes(&e.args),
            N::GroupingFunc(e) => self.nodes(&e.args),
            N::NullTest(e) => self.maybe(&e.arg),
            N::BooleanTest(e) => self.maybe(&e.arg),
            N::TypeCast(e) => {
                self.maybe(&e.arg)?;
                e.type_name.as_ref().map_or(Ok(()), |name| self.type_name(name))
            }
            N::CollateClause(e) => self.maybe(&e.arg),
            N::AIndices(e) => {
                self.maybe(&e.lidx)?;
                self.maybe(&e.uidx)
            }
            N::AIndirection(e) => {
                self.maybe(&e.arg)?;
                self.indirection(&e.indirection)
            }
            N::AArrayExpr(e) => self.nodes(&e.elements),
            N::ResTarget(e) => {
                self.nodes(&e.indirection)?;
                self.maybe(&e.val)
            }
            N::MultiAssignRef(e) => self.maybe(&e.source),
            N::SortBy(e) => {
                self.operator(&e.use_op);
                self.maybe(&e.node)
            }
            N::WindowDef(e) => self.window(e),
            N::GroupingSet(e) => self.nodes(&e.content),
            N::List(e) => self.nodes(&e.items),

            // XML and JSON.
            N::XmlExpr(e) => {
                self.nodes(&e.named_args)?;
                self.nodes(&e.args)
            }
            N::XmlSerialize(e) => self.maybe(&e.expr),
            N::JsonValueExpr(e) => self.json_value(e),
            N::JsonIsPredicate(e) => self.maybe(&e.expr),
            N::JsonBehavior(e) => self.maybe(&e.expr),
            N::JsonArgument(e) => self.json_argument(e),
            N::JsonKeyValue(e) => self.json_pair(e),
            N::JsonFuncExpr(e) => {
                self.maybe_value(e.context_item.as_deref())?;
                self.maybe(&e.pathspec)?;
                self.nodes(&e.passing)?;
                self.behaviour(e.on_empty.as_deref())?;
                self.behaviour(e.on_error.as_deref())
            }
            N::JsonTable(e) => {
                self.maybe_value(e.context_item.as_deref())?;
                self.nodes(&e.passing)?;
                self.nodes(&e.columns)?;
                self.behaviour(e.on_error.as_deref())
            }
            N::JsonTableColumn(e) => {
                self.nodes(&e.columns)?;
                self.behaviour(e.on_empty.as_deref())?;
                self.behaviour(e.on_error.as_deref())
            }
            N::JsonParseExpr(e) => self.maybe_value(e.expr.as_deref()),
            N::JsonScalarExpr(e) => self.maybe(&e.expr),
            N::JsonSerializeExpr(e) => self.maybe_value(e.expr.as_deref()),
            N::JsonObjectConstructor(e) => self.nodes(&e.exprs),
            N::JsonArrayConstructor(e) => self.nodes(&e.exprs),
            N::JsonArrayQueryConstructor(e) => self.maybe(&e.query),
            N::JsonAggConstructor(e) => self.json_aggregate(e),
            N::JsonObjectAgg(e) => {
                e.constructor.as_deref().map_or(Ok(()), |c| self.json_aggregate(c))?;
                e.arg.as_deref().map_or(Ok(()), |pair| self.json_pair(pair))
            }
            N::JsonArrayAgg(e) => {
                e.constructor.as_deref().map_or(Ok(()), |c| self.json_aggregate(c))?;
                self.maybe_value(e.arg.as_deref())
            }

            // FROM.
            N::JoinExpr(e) => {
                self.maybe(&e.larg)?;
                self.maybe(&e.rarg)?;
                self.maybe(&e.quals)
            }
            N::RangeSubselect(e) => self.maybe(&e.subquery),
            N::RangeFunction(e) => {
                self.nodes(&e.functions)?;
                self.nodes(&e.coldeflist)
            }
            N::RangeTableFunc(e) => {
                self.maybe(&e.docexpr)?;
                self.maybe(&e.rowexpr)?;
                self.nodes(&e.namespaces)?;
                self.nodes(&e.columns)
            }
            N::RangeTableFuncCol(e) => {
                self.maybe(&e.colexpr)?;
                self.maybe(&e.coldefexpr)
            }
            N::RangeTableSample(e) => {
                self.maybe(&e.relation)?;
                self.sampling(&words(&e.method));
                self.nodes(&e.args)?;
                self.maybe(&e.repeatable)
            }

            // Clauses.
            N::LockingClause(_) => Ok(()),
            N::WithClause(e) => self.nodes(&e.ctes),
            N::CommonTableExpr(e) => self.maybe(&e.ctequery),
            N::CtecycleClause(e) => {
                self.maybe(&e.cycle_mark_value)?;
                self.maybe(&e.cycle_mark_default)
            }
            N::InferClause(e) => {
                self.nodes(&e.index_elems)?;
                self.maybe(&e.where_clause)
            }
            N::OnConflictClause(e) => {
                self.nodes(&e.target_list)?;
                self.maybe(&e.where_clause)
            }
            N::ReturningClause(e) => self.nodes(&e.exprs),
            N::MergeWhenClause(e) => {
                self.maybe(&e.condition)?;
                self.nodes(&e.target_list)?;
                self.nodes(&e.values)
            }

            // Parts of definitions: what they would compute later counts now.
            N::ColumnDef(_)
            | N::Constraint(_)
            | N::TableLikeClause(_)
            | N::IndexElem(_)
            | N::DefElem(_)
            | N::PartitionElem(_)
            | N::PartitionSpec(_)
            | N::PartitionBoundSpec(_)
            | N::PartitionRangeDatum(_)
            | N::PartitionCmd(_)
            | N::StatsElem(_)
            | N::FunctionParameter(_)
            | N::AlterTableCmd(_)
            | N::CreateOpClassItem(_)
            | N::PublicationTable(_)
            | N::PublicationObjSpec(_)
            | N::VacuumRelation(_)
            | N::ReturnStmt(_) => self.definition_part(kind),

            // Queries.
            N::SelectStmt(e) => self.select(e),
            N::InsertStmt(e) => self.insert(e),
            N::UpdateStmt(e) => self.update(e),
            N::DeleteStmt(e) => self.delete(e),
            N::MergeStmt(e) => self.merge(e),

            // Statements that stand on their own, and never inside another.
            N::RawStmt(_)
            | N::PlassignStmt(_)
            | N::CreateSchemaStmt(_)
            | N::AlterTableStmt(_)
            | N::AlterCollationStmt(_)
            | N::AlterDomainStmt(_)
            | N::GrantStmt(_)
            | N::GrantRoleStmt(_)
            | N::AlterDefaultPrivilegesStmt(_)
            | N::CopyStmt(_)
            | N::VariableSetStmt(_)
            | N::VariableShowStmt(_)
            | N::CreateStmt(_)
            | N::CreateTableSpaceStmt(_)
            | N::DropTableSpaceStmt(_)
            | N::AlterTableSpaceOptionsStmt(_)
            | N::AlterTableMoveAllStmt(_)
            | N::CreateExtensionStmt(_)
            | N::AlterExtensionStmt(_)
            | N::AlterExtensionContentsStmt(_)
            | N::CreateFdwStmt(_)
            | N::AlterFdwStmt(_)
            | N::CreateForeignServerStmt(_)
            | N::AlterForeignServerStmt(_)
            | N::CreateForeignTableStmt(_)
            | N::CreateUserMappingStmt(_)
            | N::AlterUserMappingStmt(_)
            | N::DropUserMappingStmt(_)
            | N::ImportForeignSchemaStmt(_)
            | N::CreatePolicyStmt(_)
            | N::AlterPolicyStmt(_)
            | N::CreateAmStmt(_)
            | N::CreateTrigStmt(_)
            | N::CreateEventTrigStmt(_)
            | N::AlterEventTrigStmt(_)
            | N::CreatePlangStmt(_)
            | N::CreateRoleStmt(_)
            | N::AlterRoleStmt(_)
            | N::AlterRoleSetStmt(_)
            | N::DropRoleStmt(_)
            | N::CreateSeqStmt(_)
            | N::AlterSeqStmt(_)
            | N::DefineStmt(_)
            | N::CreateDomainStmt(_)
            | N::CreateOpClassStmt(_)
            | N::CreateOpFamilyStmt(_)
            | N::AlterOpFamilyStmt(_)
            | N::DropStmt(_)
            | N::TruncateStmt(_)
            | N::CommentStmt(_)
            | N::SecLabelStmt(_)
            | N::DeclareCursorStmt(_)
            | N::ClosePortalStmt(_)
            | N::FetchStmt(_)
            | N::IndexStmt(_)
            | N::CreateStatsStmt(_)
            | N::AlterStatsStmt(_)
            | N::CreateFunctionStmt(_)
            | N::AlterFunctionStmt(_)
            | N::DoStmt(_)
            | N::InlineCodeBlock(_)
            | N::CallStmt(_)
            | N::CallContext(_)
            | N::RenameStmt(_)
            | N::AlterObjectDependsStmt(_)
            | N::AlterObjectSchemaStmt(_)
            | N::AlterOwnerStmt(_)
            | N::AlterOperatorStmt(_)
            | N::AlterTypeStmt(_)
            | N::RuleStmt(_)
            | N::NotifyStmt(_)
            | N::ListenStmt(_)
            | N::UnlistenStmt(_)
            | N::TransactionStmt(_)
            | N::CompositeTypeStmt(_)
            | N::CreateEnumStmt(_)
            | N::CreateRangeStmt(_)
            | N::AlterEnumStmt(_)
            | N::ViewStmt(_)
            | N::LoadStmt(_)
            | N::CreatedbStmt(_)
            | N::AlterDatabaseStmt(_)
            | N::AlterDatabaseRefreshCollStmt(_)
            | N::AlterDatabaseSetStmt(_)
            | N::DropdbStmt(_)
            | N::AlterSystemStmt(_)
            | N::ClusterStmt(_)
            | N::VacuumStmt(_)
            | N::ExplainStmt(_)
            | N::CreateTableAsStmt(_)
            | N::RefreshMatViewStmt(_)
            | N::CheckPointStmt(_)
            | N::DiscardStmt(_)
            | N::LockStmt(_)
            | N::ConstraintsSetStmt(_)
            | N::ReindexStmt(_)
            | N::CreateConversionStmt(_)
            | N::CreateCastStmt(_)
            | N::CreateTransformStmt(_)
            | N::PrepareStmt(_)
            | N::ExecuteStmt(_)
            | N::DeallocateStmt(_)
            | N::DropOwnedStmt(_)
            | N::ReassignOwnedStmt(_)
            | N::AlterTsdictionaryStmt(_)
            | N::AlterTsconfigurationStmt(_)
            | N::CreatePublicationStmt(_)
            | N::AlterPublicationStmt(_)
            | N::CreateSubscriptionStmt(_)
            | N::AlterSubscriptionStmt(_)
            | N::DropSubscriptionStmt(_) => {
                Err(Unreadable::new("a statement stands inside another"))
            }

            // Kinds that only analysis, planning and execution make.
            N::TableFunc(_)
            | N::IntoClause(_)
            | N::Var(_)
            | N::Param(_)
            | N::Aggref(_)
            | N::WindowFunc(_)
            | N::WindowFuncRunCondition(_)
            | N::SubscriptingRef(_)
            | N::FuncExpr(_)
            | N::OpExpr(_)
            | N::DistinctExpr(_)
            | N::NullIfExpr(_)
            | N::ScalarArrayOpExpr(_)
            | N::SubPlan(_)
            | N::AlternativeSubPlan(_)
            | N::FieldSelect(_)
            | N::FieldStore(_)
            | N::RelabelType(_)
            | N::CoerceViaIo(_)
            | N::ArrayCoerceExpr(_)
            | N::ConvertRowtypeExpr(_)
            | N::CollateExpr(_)
            | N::CaseTestExpr(_)
            | N::ArrayExpr(_)
            | N::RowCompareExpr(_)
            | N::JsonConstructorExpr(_)
            | N::JsonExpr(_)
            | N::JsonTablePath(_)
            | N::JsonTablePathScan(_)
            | N::JsonTableSiblingJoin(_)
            | N::MergeAction(_)
            | N::CoerceToDomain(_)
            | N::CoerceToDomainValue(_)
            | N::NextValueExpr(_)
            | N::InferenceElem(_)
            | N::ReturningExpr(_)
            | N::TargetEntry(_)
            | N::RangeTblRef(_)
            | N::FromExpr(_)
            | N::OnConflictExpr(_)
            | N::Query(_)
            | N::RangeTblEntry(_)
            | N::RtepermissionInfo(_)
            | N::RangeTblFunction(_)
            | N::TableSampleClause(_)
            | N::WithCheckOption(_)
            | N::SortGroupClause(_)
            | N::WindowClause(_)
            | N::RowMarkClause(_)
            | N::SetOperationStmt(_) => {
                Err(Unreadable::new("the grammar returned a node that it should not"))
            }
        }
    }

    /// `a.b` may be a column b of a, or a call b(a) written like one.
    fn column(&mut self, column: &'t ColumnRef) -> Walked {
        if let [_, .., last] = column.fields.as_slice() {
            self.field(last);
        }
        Ok(())
    }

    fn indirection(&mut self, steps: &'t [Node]) -> Walked {
        for step in steps {
            self.field(step);
            self.node(step)?;
        }
        Ok(())
    }

    fn field(&mut self, step: &'t Node) {
        if let Some(name) = word(step) {
            self.call_in_disguise(name);
        }
    }

    pub(super) fn type_name(&mut self, name: &'t TypeName) -> Walked {
        self.nodes(&name.typmods)
    }

    pub(super) fn window(&mut self, window: &'t WindowDef) -> Walked {
        self.nodes(&window.partition_clause)?;
        self.nodes(&window.order_clause)?;
        self.maybe(&window.start_offset)?;
        self.maybe(&window.end_offset)
    }

    fn maybe_value(&mut self, value: Option<&'t JsonValueExpr>) -> Walked {
        value.map_or(Ok(()), |value| self.json_value(value))
    }

    fn json_value(&mut self, value: &'t JsonValueExpr) -> Walked {
        self.maybe(&value.raw_expr)?;
        self.maybe(&value.formatted_expr)
    }

    fn json_argument(&mut self, argument: &'t JsonArgument) -> Walked {
        self.maybe_value(argument.val.as_deref())
    }

    fn json_pair(&mut self, pair: &'t JsonKeyValue) -> Walked {
        self.maybe(&pair.key)?;
        self.maybe_value(pair.value.as_deref())
    }

    fn json_aggregate(&mut self, aggregate: &'t JsonAggConstructor) -> Walked {
        self.maybe(&aggregate.agg_filter)?;
        self.nodes(&aggregate.agg_order)?;
        aggregate.over.as_deref().map_or(Ok(()), |window| self.window(window))
    }

    fn behaviour(&mut self, behaviour: Option<&'t JsonBehavior>) -> Walked {
        behaviour.map_or(Ok(()), |behaviour| self.maybe(&behaviour.expr))
    }
}
