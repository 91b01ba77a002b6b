//! What fields and components have in common: their Rust type, their descriptor, their documentation.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};

use super::{doc, ident, number};
use crate::model::{
    Branch, Branches, Component, Condition, ConformanceLength, DatatypeId, DatatypeKind, Field,
    Format, Length, Max, TableId, Usage, VariesBy, Version,
};

/// A composite with at most this many texts stands in its owner as it is; a larger one is a `Part`, eight bytes until
/// something is in it.
const INLINE_LEAVES: usize = 5;

/// A field or a component.
pub(super) struct Element<'m> {
    owner: &'m str,
    seq: u16,
    name: &'m str,
    ident: &'m str,
    datatype: Option<DatatypeId>,
    usage: Usage,
    condition: Option<Condition>,
    min: u16,
    max: Max,
    len: Length,
    table: Option<TableId>,
    item: Option<u32>,
    varies_by: Option<VariesBy>,
    open: bool,
    boxed: bool,
    former: Option<&'m str>,
}

impl<'m> Element<'m> {
    pub(super) fn of_field(owner: &'m str, field: &'m Field) -> Self {
        Self {
            owner,
            seq: field.seq,
            name: &field.name,
            ident: &field.ident,
            datatype: field.datatype,
            usage: field.usage,
            condition: field.condition,
            min: field.min,
            max: field.max,
            len: field.len,
            table: field.table,
            item: field.item,
            varies_by: field.varies_by,
            open: field.open,
            boxed: false,
            former: field.hist.as_deref(),
        }
    }

    pub(super) fn of_component(owner: &'m str, component: &'m Component) -> Self {
        Self {
            owner,
            seq: component.seq,
            name: &component.name,
            ident: &component.ident,
            datatype: component.datatype,
            usage: component.usage,
            condition: component.condition,
            min: 0,
            max: Max::Times(1),
            len: component.len,
            table: component.table,
            item: None,
            varies_by: None,
            open: false,
            boxed: component.boxed,
            former: component.hist.as_deref(),
        }
    }

    /// The field of the struct.
    pub(super) fn declaration(&self, version: &Version, separator: char) -> TokenStream {
        let doc = self.doc(version, separator);
        let (seq, usage) = (number(self.seq), self.usage_attribute());
        let (name, ty) = (ident(self.ident), self.rust_type(version));
        let open = self.open.then(|| quote!(, open));
        quote! {
            #[doc = #doc]
            #[hl7(seq = #seq #usage #open)]
            pub #name: #ty
        }
    }

    /// Only a required element concerns the derive: it becomes an argument of `new`.
    fn usage_attribute(&self) -> TokenStream {
        if self.usage == Usage::Required { quote!(, usage = "R") } else { TokenStream::new() }
    }

    fn doc(&self, version: &Version, separator: char) -> String {
        let position = format!("{}{separator}{}", self.owner, self.seq);
        let mut doc = format!(" {}", doc::titled(&position, self.name));
        let mut facts = Vec::new();
        if let Some(datatype) = self.datatype {
            facts.push(doc::text(&version[datatype].id));
        }
        facts.push(usage_word(self.usage).to_owned());
        if self.max.is_many() {
            facts.push("repeats".to_owned());
        }
        if let Some(table) = self.table {
            facts.push(format!("table {}", version[table].id));
        }
        if let Some(former) = self.former {
            facts.push(format!("formerly {}", doc::text(former)));
        }
        doc.push_str(&format!(" ({}).", facts.join(", ")));
        doc
    }

    /// The type of the struct's field.
    fn rust_type(&self, version: &Version) -> TokenStream {
        let one = self.single_type(version);
        if self.open {
            // A list of fields, each a list of repetitions.
            return quote!(Vec<Vec<#one>>);
        }
        if self.max.is_many() { quote!(Vec<#one>) } else { one }
    }

    fn single_type(&self, version: &Version) -> TokenStream {
        let Some(id) = self.datatype else { return quote!(hl7_types::primitives::Raw) };
        let datatype = &version[id];
        let name = ident(&datatype.rust_type);
        match &datatype.kind {
            DatatypeKind::Varies if self.varies() => {
                quote!(crate::datatypes::#name)
            }
            DatatypeKind::Varies => quote!(hl7_types::primitives::Raw),
            DatatypeKind::Primitive(Format::Id | Format::Coded) => match self.coded(version) {
                Some(table) => quote!(hl7_types::Coded<crate::tables::#table>),
                None => quote!(crate::datatypes::#name),
            },
            DatatypeKind::Composite(_)
                if self.boxed || (!self.max.is_many() && datatype.leaves > INLINE_LEAVES) =>
            {
                quote!(hl7_types::Part<crate::datatypes::#name>)
            }
            DatatypeKind::Primitive(_) | DatatypeKind::Composite(_) => {
                quote!(crate::datatypes::#name)
            }
        }
    }

    /// The function of a view that gives it.
    pub(super) fn accessor(&self, version: &Version, separator: char) -> TokenStream {
        let doc = self.doc(version, separator);
        let (name, seq) = (ident(self.ident), number(self.seq));
        let (one, varies) = self.single_view(version);
        let many = if varies { quote!(VaryingRepetitions) } else { quote!(Repetitions) };
        let ty = match (self.open, self.max.is_many()) {
            (true, _) => quote!(impl Iterator<Item = view::#many<'m, #one>>),
            (false, true) => quote!(view::#many<'m, #one>),
            (false, false) => one,
        };
        let call = ident(match (self.open, self.max.is_many(), varies) {
            _ if separator == '.' => "part",
            (true, _, true) => "open_varying",
            (true, _, false) => "open",
            (false, true, true) => "varying_repeated",
            (false, true, false) => "repeated",
            (false, false, true) => "varying",
            (false, false, false) => "field",
        });
        let by = self.varies_by.map_or(quote!(0), varies_by_tokens);
        let by = varies.then(|| quote!(, #by));
        quote! {
            #[doc = #doc]
            #[inline]
            pub fn #name(self) -> #ty {
                self.0.#call(#seq #by)
            }
        }
    }

    /// The view of one repetition, and whether its datatype is named by the message.
    fn single_view(&self, version: &Version) -> (TokenStream, bool) {
        let one = self.single_type(version);
        let Some(datatype) = self.datatype.map(|id| &version[id]) else {
            return (quote!(view::Leaf<'m, #one>), false);
        };
        let name = ident(&datatype.rust_type);
        match datatype.kind {
            DatatypeKind::Composite(_) => (quote!(crate::views::datatypes::#name<'m>), false),
            DatatypeKind::Varies if self.varies() => {
                (quote!(crate::views::datatypes::#name<'m>), true)
            }
            DatatypeKind::Primitive(_) | DatatypeKind::Varies => {
                (quote!(view::Leaf<'m, #one>), false)
            }
        }
    }

    /// Whether its datatype is named by the message. An open field varies whatever names it, if only the agreement of
    /// those who use it.
    fn varies(&self) -> bool {
        self.varies_by.is_some() || self.open
    }

    /// The enum of the table, if the table has codes.
    fn coded(&self, version: &Version) -> Option<proc_macro2::Ident> {
        let table = &version[self.table?];
        (!table.values.is_empty()).then(|| ident(&table.rust_type))
    }

    /// The descriptor.
    pub(super) fn descriptor(&self, version: &Version) -> TokenStream {
        let (name, field) = (self.name, self.ident);
        let mut out = match self.datatype {
            Some(datatype) => {
                let datatype = datatype_static(version, datatype);
                quote!(ElementDesc::new(#name, #field, &crate::datatypes::#datatype))
            }
            None => quote!(ElementDesc::withdrawn(#name, #field)),
        };
        if self.usage != Usage::Optional && self.datatype.is_some() {
            let usage = usage_variant(self.usage);
            out.extend(quote!(.usage(Usage::#usage)));
        }
        if let Some(Condition(terms)) = self.condition {
            let terms = terms.map(term);
            out.extend(quote!(.required_if([#(#terms),*])));
        }
        if self.datatype.is_some() && (self.min, self.max) != (0, Max::Times(1)) {
            let (min, max) = (number(self.min), max_tokens(self.max));
            out.extend(quote!(.repeats(#min, #max)));
        }
        if let Some(max) = self.len.max {
            let max = number(max);
            out.extend(quote!(.len(#max)));
        }
        if let Some(min) = self.len.min {
            let min = number(min);
            out.extend(quote!(.min_len(#min)));
        }
        if let Some(ConformanceLength { chars, truncatable }) = self.len.conf {
            let chars = number(chars);
            out.extend(quote!(.conf_len(#chars, #truncatable)));
        }
        if let Some(table) = self.table {
            let table = table_static(&version[table].id);
            out.extend(quote!(.table(&crate::tables::#table)));
        }
        if let Some(item) = self.item {
            let item = number(item);
            out.extend(quote!(.item(#item)));
        }
        if let Some(by) = self.varies_by.map(varies_by_tokens) {
            out.extend(quote!(.varies_by(#by)));
        }
        if self.open {
            out.extend(quote!(.open()));
        }
        out
    }
}

/// A term of a condition: a number with its sign.
fn term(term: i8) -> TokenStream {
    let (minus, seq) = ((term < 0).then(|| quote!(-)), number(term.unsigned_abs()));
    quote!(#minus #seq)
}

/// What names the datatype, as descriptors have it.
fn varies_by_tokens(by: VariesBy) -> TokenStream {
    match by {
        VariesBy::Field(seq) => number(seq).into_token_stream(),
        VariesBy::Column => quote!(hl7_types::desc::BY_COLUMN),
    }
}

/// `*` or a number.
pub(super) fn max_tokens(max: Max) -> TokenStream {
    match max {
        Max::Unbounded => quote!(hl7_types::desc::MANY),
        Max::Times(times) => {
            let times = number(times);
            quote!(#times)
        }
    }
}

/// The name of a table's descriptor.
pub(super) fn table_static(id: &str) -> proc_macro2::Ident {
    format_ident!("TABLE_{}", id)
}

/// The name of a datatype's descriptor: its id, in capitals.
pub(super) fn datatype_static(version: &Version, id: DatatypeId) -> proc_macro2::Ident {
    ident(&version[id].module.to_uppercase())
}

fn usage_variant(usage: Usage) -> proc_macro2::Ident {
    ident(match usage {
        Usage::Required => "R",
        Usage::RequiredOrEmpty => "Re",
        Usage::Optional => "O",
        Usage::Conditional(None) => "C",
        Usage::Conditional(Some(Branches {
            met: Branch::Required,
            unmet: Branch::NotSupported,
        })) => "CrX",
        Usage::Conditional(Some(Branches {
            met: Branch::RequiredOrEmpty,
            unmet: Branch::NotSupported,
        })) => "CreX",
        // No version has another pair; what is left of it without its branches is true.
        Usage::Conditional(Some(_)) => "C",
        Usage::BackwardCompatible => "B",
        Usage::NotSupported => "X",
        Usage::Withdrawn => "W",
    })
}

fn usage_word(usage: Usage) -> &'static str {
    match usage {
        Usage::Required => "required",
        Usage::RequiredOrEmpty => "required but may be empty",
        Usage::Optional => "optional",
        Usage::Conditional(_) => "conditional",
        Usage::BackwardCompatible => "backward compatible",
        Usage::NotSupported => "not supported",
        Usage::Withdrawn => "withdrawn",
    }
}
