//! `hl7 sample`: messages made from what the standard says.

use std::io;

use hl7_types::desc::{StructureDesc, VersionDesc};
use hl7_types::{Fill, Rule, Version, sample_faulty, sample_seeded};

use crate::console::{Console, Status};
use crate::describe::find::similar;
use crate::versions;

/// Print a message that conforms to the standard, or one with a single fault
///
/// The message is made from the definition of its structure, with invented values; the same arguments give the same message.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// A message structure, or an event that has one
    #[arg(value_name = "STRUCTURE")]
    structure: String,

    /// The version of the standard [default: the newest of this build]
    #[arg(long, value_parser = versions::parse)]
    version: Option<&'static Version>,

    /// Every segment, field and component that may be used, instead of what is required
    #[arg(long, conflicts_with = "faulty")]
    full: bool,

    /// Damage one place, so that this rule of `hl7 check` finds it and no other rule finds anything
    #[arg(long, value_parser = rule, value_name = "RULE")]
    faulty: Option<Rule>,

    /// Other values, and another place for the fault
    #[arg(long, default_value_t = 0, value_name = "NUMBER")]
    seed: u64,
}

const HELP: &str = "\
Examples:
  hl7 sample ADT_A01
  hl7 sample ORU^R01 --version 2.5.1 --full | hl7 show
  hl7 sample ADT_A01 --faulty required-field --seed 7 | hl7 check

Exit status:
  0  the message is printed; with --faulty, standard error says where the fault is
  1  the version has no such structure, or the structure has no place that could show the rule
  2  the arguments are wrong";

/// Reads the id of a rule.
fn rule(id: &str) -> Result<Rule, String> {
    Rule::ALL.iter().copied().find(|rule| rule.id() == id).ok_or_else(|| {
        let known: Vec<_> = Rule::ALL.iter().map(|rule| rule.id()).collect();
        format!("the rules are {}", known.join(", "))
    })
}

/// Runs the command.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn run(args: &Args, console: &mut Console) -> io::Result<Status> {
    let version = args.version.unwrap_or_else(versions::newest).desc();
    let Some(structure) = structure(version, &args.structure) else {
        console.complain(&unknown(version, &args.structure));
        return Ok(Status::Found);
    };
    let Some(rule) = args.faulty else {
        let fill = if args.full { Fill::Full } else { Fill::Minimal };
        console.write_bytes(&sample_seeded(structure, fill, args.seed))?;
        return Ok(Status::Clean);
    };
    let Some(faulty) = sample_faulty(structure, rule, args.seed) else {
        let what = format!("{} of {} has no place that could show", structure.id, version.id);
        console.complain(&format!("{what} {}", rule.id()));
        return Ok(Status::Found);
    };
    console.write_bytes(&faulty.bytes)?;
    console.say(&format!("{}: {}", faulty.path, rule.id()));
    Ok(Status::Clean)
}

/// The structure with an id, or that of an event.
fn structure(version: &'static VersionDesc, name: &str) -> Option<&'static StructureDesc> {
    let upper = name.to_uppercase();
    let (code, trigger) = upper.split_once('^').unwrap_or((&upper, ""));
    let named = version.structure(name).or_else(|| version.structure(&upper));
    named.or_else(|| version.structure_of_event(code, trigger))
}

/// Says that a name means no structure, and which one may have been meant.
fn unknown(version: &'static VersionDesc, name: &str) -> String {
    let mut near = similar(&name.to_uppercase(), version);
    near.retain(|near| structure(version, near).is_some());
    let nothing = format!("version {} has no message structure {name}", version.id);
    match near.as_slice() {
        [] => nothing,
        near => format!("{nothing}; did you mean {}?", near.join(", ")),
    }
}
