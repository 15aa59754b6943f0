//! A function's result: what of its arguments is in it.

use pg_query::protobuf::FuncCall;

use super::super::function::{Comes, comes_from, keeps, place_of, tells_nothing};
use super::super::name::{qualified, words};
use super::flow::Stream;
use super::{Level, Tracer};
use crate::{FunctionFacts, Reach};

/// Functions that say how long, how many, or whether.
const FACTS: &[&str] = &[
    "length",
    "char_length",
    "character_length",
    "octet_length",
    "bit_length",
    "array_length",
    "array_ndims",
    "cardinality",
    "json_array_length",
    "jsonb_array_length",
    "json_typeof",
    "jsonb_typeof",
    "count",
    "regr_count",
    "bool_and",
    "bool_or",
    "every",
    "starts_with",
    "regexp_like",
    "num_nulls",
    "num_nonnulls",
    "isfinite",
    "isempty",
    "rank",
    "dense_rank",
    "percent_rank",
    "cume_dist",
    "ntile",
    "row_number",
    "grouping",
    "pg_column_size",
];

/// Functions that give one of the values back that they are given first.
const KEEPS: &[&str] =
    &["min", "max", "first_value", "last_value", "any_value", "lag", "lead", "nth_value"];

/// Functions that give as many rows as what they are given says, wherever they are called.
const SETS: &[&str] = &[
    "generate_series",
    "generate_subscripts",
    "unnest",
    "string_to_table",
    "regexp_split_to_table",
    "regexp_matches",
    "json_array_elements",
    "json_array_elements_text",
    "json_each",
    "json_each_text",
    "json_object_keys",
    "json_populate_recordset",
    "json_to_recordset",
    "jsonb_array_elements",
    "jsonb_array_elements_text",
    "jsonb_each",
    "jsonb_each_text",
    "jsonb_object_keys",
    "jsonb_path_query",
    "jsonb_path_query_tz",
    "jsonb_populate_recordset",
    "jsonb_to_recordset",
];

impl<'t> Tracer<'t> {
    pub(super) fn call(&mut self, call: &'t FuncCall, level: &Level<'_, 't>) -> Stream {
        let names = words(&call.funcname);
        let (schema, name) = qualified(&names);
        let mut arguments = call.args.iter();
        let first = self.values_of(arguments.next(), level);
        let others = self.values_of(arguments, level);
        if keeps(name, &call.args) {
            self.keepers.insert(place_of(&call.args));
            let given = first.clone().and(&others);
            if !given.is_nothing() {
                self.kept.push((name, given));
            }
        }
        if SETS.contains(&name) {
            self.filters.join(&first);
            self.filters.join(&others);
        }
        let mut ordered = self.values_of(&call.agg_order, level);
        let mut looked_at = Stream::default();
        if let Some(filter) = call.agg_filter.as_deref() {
            let filter = self.value(filter, level);
            self.filters.join(&filter);
            looked_at.join(&filter);
        }
        if let Some(window) = call.over.as_deref() {
            looked_at.join(&self.window(window, level));
        }
        let looked_at = looked_at.fact();
        if call.agg_within_group {
            // `percentile_disc(0.5) WITHIN GROUP (ORDER BY salary)` returns what it orders.
            ordered = ordered.computed();
        } else {
            self.filters.join(&ordered);
            ordered = ordered.fact();
        }
        let own = match comes_from(schema, name, call.args.len(), self.scope) {
            Comes::Anywhere => {
                let all = match self.scope.body(schema, name) {
                    Some(body) => self.names.stream(&body),
                    None => Stream::reaching(Reach::Anything),
                };
                return all.and(&first).and(&others).and(&ordered).computed();
            }
            Comes::Arguments if matches!(schema, None | Some("pg_catalog")) => {
                let known =
                    !matches!(self.scope.function(schema, name), FunctionFacts::UserDefined { .. });
                // `random(a, b)` is between what it is given.
                let given = !call.args.is_empty() && matches!(name, "count" | "random");
                let counts = call.agg_star || (!given && tells_nothing(&names, self.scope));
                if known && counts {
                    Stream::default()
                } else if known && FACTS.contains(&name) {
                    first.and(&others).fact()
                } else if known && KEEPS.contains(&name) {
                    first.and(&others.computed())
                } else {
                    first.and(&others).computed()
                }
            }
            Comes::Arguments => first.and(&others).computed(),
        };
        own.and(&ordered).and(&looked_at)
    }
}
