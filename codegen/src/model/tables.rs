//! Tables: an enum each, a variant a value.

use std::collections::{BTreeMap, BTreeSet};

use super::check::{Named, unique_names};
use super::names;
use super::{Table, TableKind, Value};
use crate::schema::{self, Errors};

/// Lowers all tables; `taken` are the types that other items have.
pub(super) fn lower(
    sorted: &[&schema::Table],
    taken: &[Named<'_>],
    errors: &mut Errors,
) -> Vec<Table> {
    let taken: BTreeSet<&str> = taken.iter().map(|named| named.name.as_str()).collect();
    let own: Vec<String> = sorted.iter().map(|table| names::table_name(&table.name)).collect();
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    for name in &own {
        *uses.entry(name).or_default() += 1;
    }
    let mut named = Vec::with_capacity(sorted.len());
    let mut tables = Vec::with_capacity(sorted.len());
    for (from, own) in sorted.iter().zip(&own) {
        if from.id.len() != 4 || !from.id.bytes().all(|byte| byte.is_ascii_digit()) {
            let what = format!("table id \"{}\", expected four digits", from.id);
            errors.push(&from.at, what, "write the number with its zeros, as 0001");
        }
        let shared = uses.get(own.as_str()).is_some_and(|uses| *uses > 1);
        let rust_type = match &from.ident {
            Some(ident) => ident.clone(),
            None if own.is_empty() => format!("Table{}", from.id),
            None if shared || names::is_reserved_type(own) || taken.contains(own.as_str()) => {
                format!("{own}{}", from.id)
            }
            None => own.clone(),
        };
        check_ident(&format!("table {}", from.id), &from.at, from.ident.as_deref(), errors);
        named.push(Named {
            name: rust_type.clone(),
            whose: format!("table {}", from.id),
            at: &from.at,
        });
        tables.push(Table {
            id: from.id.clone(),
            name: from.name.clone(),
            kind: from.kind.unwrap_or(TableKind::Unknown),
            rust_type,
            values: values(from, errors),
            patterns: patterns(from, errors),
        });
    }
    unique_names("the tables", &named, "add ident=\"…\" to one of them", errors);
    tables
}

/// The forms of codes: `99* L` are two.
fn patterns(table: &schema::Table, errors: &mut Errors) -> Vec<(String, String)> {
    let mut patterns = Vec::new();
    for value in &table.values {
        let Some(pattern) = &value.pattern else { continue };
        let whole = |form: &str| form.bytes().all(|byte| byte.is_ascii_graphic());
        if pattern.is_empty() || !pattern.split(' ').all(|form| !form.is_empty() && whole(form)) {
            let what =
                format!("value `{}` of table {} has pattern=\"{pattern}\"", value.code, table.id);
            errors.push(&value.at, what, "write forms with one blank in between: 99* or HL7#");
        }
        patterns.extend(pattern.split(' ').map(|form| (form.to_owned(), value.label.clone())));
    }
    patterns.sort();
    patterns
}

fn values(table: &schema::Table, errors: &mut Errors) -> Vec<Value> {
    let mut sorted: Vec<&schema::Value> =
        table.values.iter().filter(|value| value.pattern.is_none()).collect();
    sorted.sort_by_key(|value| (&value.code, &value.at));
    sorted.dedup_by(|later, first| {
        let twice = later.code == first.code;
        if twice {
            let what = format!(
                "table {} has the code `{}` twice, first at {}",
                table.id, later.code, first.at
            );
            errors.push(&later.at, what, "remove one");
        }
        twice
    });
    let own: Vec<String> =
        sorted.iter().map(|value| names::variant_name(&value.label, &value.code)).collect();
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, _) in own.iter().zip(&sorted).filter(|(_, value)| value.ident.is_none()) {
        *uses.entry(name).or_default() += 1;
    }
    let mut named = Vec::with_capacity(sorted.len());
    let mut lowered = Vec::with_capacity(sorted.len());
    for (from, own) in sorted.iter().zip(&own) {
        let whose = format!("value `{}`", from.code);
        if from.code.is_empty() {
            errors.push(&from.at, format!("table {} has an empty code", table.id), "remove it");
        }
        check_ident(&whose, &from.at, from.ident.as_deref(), errors);
        let shared = uses.get(own.as_str()).is_some_and(|uses| *uses > 1);
        let variant = match &from.ident {
            Some(ident) => ident.clone(),
            None if shared => format!("{own}{}", names::code_name(&from.code)),
            None => own.clone(),
        };
        named.push(Named { name: variant.clone(), whose, at: &from.at });
        lowered.push(Value { code: from.code.clone(), label: from.label.clone(), variant });
    }
    let scope = format!("table {}", table.id);
    unique_names(&scope, &named, "add ident=\"…\" to one of them", errors);
    lowered
}

fn check_ident(whose: &str, at: &schema::At, ident: Option<&str>, errors: &mut Errors) {
    if let Some(ident) = ident.filter(|ident| !names::is_type_ident(ident)) {
        let what = format!("{whose} has ident=\"{ident}\"");
        errors.push(at, what, "write UpperCamelCase, and not `Self`");
    }
}
