//! The crate of the generator's obstacle course: it compiles, and its types hold messages.
//!
//! Its schema is `codegen/tests/obstacle`; every name there collides with something.

use hl7_types::{Coded, DecodeOptions, Fill, Message, Part, Path, Rules, Segment, Table, sample};
use hl7_v9_9::messages::abc_a01::{BoxGroup, OptionGroup, Part as PartGroup, SomeGroup, VecGroup};
use hl7_v9_9::messages::abc_a02::{Choice, InnerBX, Many};
use hl7_v9_9::messages::{AbcA01, AbcA02, OrderMembers, OtherMessage};
use hl7_v9_9::segments::{BoxSegment, Con, ErrSegment, Key, Mod, Msh, Rol, Use, Var, VecSegment};
use hl7_v9_9::tables::{Code0004, Option0001, Twins0005};
use hl7_v9_9::{AnyMessage, VERSION, datatypes};

/// Four levels of groups, and each segment that stands several times among its siblings.
const NESTED: &[u8] = b"MSH|^~\\&|A|B|C|D|20260211||ABC^A01^ABC_A01|1|P|9.9\r\
    ROL|first\r\
    KEY|type|self|async|match|extra|new|1\r\
    ROL|second\r\
    PV1|raw\r\
    USE|part^xy||a~b&c\r\
    PV1|raw2\r\
    PV1|raw3\r\
    USE|required\r\
    ROL|third\r\
    VEC|outer\r\
    VEC|inner\r\
    BOX|deep\r\
    ERR|deeper\r\
    MOD|deepest 1\r\
    CON|a\r\
    CON|b\r\
    MOD|deepest 2\r\
    VAR|NM|1~2|x\r\
    VAR|PART|p&q^r|y|open|further\r\
    STD\r\
    Z12|site\r\
    ZZZ|1\r";

fn decode<M: Message>(bytes: &[u8]) -> M {
    let message = M::decode(bytes).expect("a message").message;
    assert_eq!(message.encode().escape_ascii().to_string(), bytes.escape_ascii().to_string());
    message
}

#[test]
fn every_structure_minimal_and_full() {
    for structure in VERSION.structures {
        for fill in [Fill::Minimal, Fill::Full] {
            let bytes = sample(structure, fill);
            let decoded = AnyMessage::decode(&bytes).expect("a sample is HL7");
            assert_eq!(decoded.message.name(), structure.id);
            let encoded = decoded.message.encode();
            assert_eq!(
                String::from_utf8_lossy(&encoded),
                String::from_utf8_lossy(&bytes),
                "{}",
                structure.id
            );
        }
    }
}

#[test]
fn codes_are_written_as_their_variants() {
    fn check<T: Table + std::fmt::Debug>(expected: &str) {
        let written: Vec<String> = T::ALL.iter().map(|code| format!("{code:?}")).collect();
        assert_eq!(written.join(" "), expected);
    }

    check::<Option0001>("None SelfValue Ok ALL");
    check::<Code0004>(
        "Space CodeQuoteQuote CodeLt CodeGtEq CodeBackslash Code CodeOpenBraceCloseBrace",
    );
}

#[test]
fn groups_named_like_the_prelude_nest() {
    let message: AbcA01 = decode(NESTED);
    assert_eq!(message.rol[0].role_instance, "first");
    assert_eq!(
        message.rol2.as_ref().map(|rol| rol.role_instance.text()).as_deref(),
        Some("second")
    );
    assert_eq!(message.rol3[0].role_instance, "third");
    assert_eq!(message.pv1_2[1].raw, "raw3");
    assert_eq!(message.use2.required[0].part, "required");
    assert_eq!(message.key.type_, "type");
    assert_eq!(message.key.extra_, "extra");

    let option: &OptionGroup = message.option.as_ref().expect("OPTION");
    let some: &[SomeGroup] = &option.vec_group.box_group[0].some;
    assert_eq!(some.iter().map(|some| some.con.len()).collect::<Vec<_>>(), [2, 0]);
    assert_eq!(some[1].mod_.mod_, "deepest 2");

    let parts: &[PartGroup] = &message.part;
    assert!(
        matches!(&parts[0].var.value[..], [datatypes::Varies::Nm(one), datatypes::Varies::Nm(_)] if *one == "1")
    );
    let datatypes::Varies::Part(part) = &parts[1].var.value[0] else { panic!("PART by VAR-1") };
    assert_eq!(part.part, "p");
    assert_eq!(message.z12.as_ref().map(|site| site.text.text()).as_deref(), Some("site"));
}

#[test]
fn choices_hold_segments_and_groups() {
    let bytes =
        b"MSH|^~\\&|||||||ABC^A02|1|P|9.9\rMOD|m\rPV1|p\rROL|r\rERR|e\rVEC|v\rBOX|b\rUSE|u\rROL|r2\rSTD\r";
    let message: AbcA02 = decode(bytes);
    assert!(matches!(&*message.choice, Choice::Mod(segment) if segment.mod_ == "m"));
    let [Many::Rol(_), Many::Deep(deep), Many::Rol(last)] = &message.many[..] else {
        panic!("ROL, DEEP, ROL")
    };
    let [InnerBX::Vec(vec), InnerBX::Box(inner)] = &deep.inner_b_x[..] else { panic!("VEC, BOX") };
    assert_eq!(
        (vec.vec.text(), inner.box_.text(), last.role_instance.text()),
        ("v".into(), "b".into(), "r2".into())
    );
    assert_eq!(message.hxx.id(), Some("STD"));
}

#[test]
fn datatypes_contain_each_other_to_the_depth_of_er7() {
    let mut used = Use::new("part", "twice");
    used.set_deep();
    let line = String::from_utf8(hl7_types::encode_segment(&used)).expect("ASCII");
    assert_eq!(line, "USE|part||one^two&three|||||||||twice");
}

/// Writes through the circle of A and B.
trait SetDeep {
    fn set_deep(&mut self);
}

impl SetDeep for Use {
    fn set_deep(&mut self) {
        let mut a = datatypes::A::from("one");
        a.back.text = "two".into();
        a.back.back.text = "three".into();
        self.optional.push(a);
    }
}

#[test]
fn codes_that_are_signs_are_variants() {
    for code in Code0004::ALL {
        assert_eq!(Code0004::of_code(code.code()), Some(*code));
        assert_eq!(Coded::<Code0004>::from(*code).known(), Some(*code));
    }
    assert_eq!(Code0004::of_code(">="), Some(Code0004::CodeGtEq));
    assert_eq!(Twins0005::of_code("３"), None);
    assert_eq!((Option0001::None.code(), Option0001::ALL.label()), ("A", "A L L"));
}

#[test]
fn what_is_required_is_an_argument() {
    let msh = Msh::new("ABC", "9.9");
    let part = PartGroup::new(Var::new(datatypes::Varies::Raw("x".into())));
    let mut message = AbcA01::new(msh, Key::new("t"), Use::new("u", "v"), part);
    let some = SomeGroup::new(Mod::new());
    let inner = VecGroup::new(BoxSegment::new());
    let mut option = OptionGroup::new(VecSegment::new(), inner);
    option.vec_group.box_group.push(BoxGroup::new(ErrSegment::new(), some));
    option.vec_group.box_group[0].some[0].con.push(Con::new());
    message.option = Some(Box::new(option));
    let again: AbcA01 = decode(&message.encode());
    assert_eq!(again.option.map(|option| option.vec_group.box_group.len()), Some(1));

    let decoded =
        AnyMessage::decode(&OtherMessage::new(Msh::new("ORD", "9.9")).encode()).expect("a message");
    assert_eq!(decoded.message.name(), "ORDER_MEMBERS", "ORD without an event");
    let _: (Part<Rol>, fn(Msh) -> OrderMembers) = (Rol::new().into(), OrderMembers::new);
}

#[test]
fn facts_arrive_in_the_findings() {
    let faulty =
        String::from_utf8_lossy(NESTED).replace("USE|required\r", "USE|r^toolong||||||||x|||y\r");
    let options = DecodeOptions { rules: Rules::ALL, ..DecodeOptions::default() };
    let findings = AbcA01::decode_with(faulty.as_bytes(), &options).expect("a message").findings;
    let found: Vec<_> = findings
        .iter()
        .filter(|finding| finding.path.to_string().starts_with("USE[2]"))
        .map(|finding| format!("{} {}", finding.rule.id(), finding.path))
        .collect();
    insta::assert_debug_snapshot!(found, @r#"
    [
        "too-long USE[2]-1.2",
        "conditional USE[2]-1.4",
        "not-supported USE[2]-9",
    ]
    "#);
    let path: Path = "USE[2]-12".parse().expect("a path");
    assert_eq!(decode::<AbcA01>(faulty.as_bytes()).get(&path).as_deref(), Some("y"));
    assert_eq!(<Use as Segment>::DESC.fields[9].usage.code(), "W");
}
