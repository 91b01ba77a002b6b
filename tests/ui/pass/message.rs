//! A message by hand, with a group that repeats and a choice in it.

use hl7_types::desc::MANY;
use hl7_types::primitives::{Si, St};
use hl7_types::v2_5_1::segments::{Msh, Nte, Pid};
use hl7_types::{Extra, Group, Message, Part, RawSegment, Segment};

/// A meal.
#[derive(Segment)]
#[hl7(id = "ZME")]
struct Zme {
    /// ZME-1.
    #[hl7(seq = 1, usage = "R")]
    dish: St,
    /// Everything else.
    #[hl7(extra)]
    extra: Extra,
}

/// A tray.
#[derive(Segment)]
#[hl7(id = "ZTR")]
struct Ztr {
    /// ZTR-1.
    #[hl7(seq = 1)]
    number: Si,
    /// Everything else.
    #[hl7(extra)]
    extra: Extra,
}

/// A tray with notes.
#[derive(Group)]
#[hl7(name = "TRAY")]
struct Tray {
    /// The tray.
    ztr: Part<Ztr>,
    /// What is written on it.
    #[hl7(max = 2)]
    nte: Vec<Nte>,
    /// Everything else.
    #[hl7(extra)]
    extra: Extra,
}

/// What is brought.
#[derive(Group)]
#[hl7(name = "SERVED")]
enum Served {
    /// A meal.
    Meal(Part<Zme>),
    /// A tray.
    WholeTray(Part<Tray>),
}

/// One order.
#[derive(Group)]
#[hl7(name = "ORDER")]
struct Order {
    /// What is brought.
    served: Part<Served>,
    /// Notes.
    nte: Vec<Nte>,
    /// Everything else.
    #[hl7(extra)]
    extra: Extra,
}

/// Meals for a patient.
#[derive(Message)]
#[hl7(id = "ZML_Z01", version = hl7_types::v2_5_1::VERSION)]
struct ZmlZ01 {
    /// The header.
    msh: Part<Msh>,
    /// The patient.
    pid: Option<Box<Pid>>,
    /// The orders.
    #[hl7(min = 1)]
    order: Vec<Order>,
    /// Whatever follows.
    rest: Vec<RawSegment>,
    /// Everything else.
    #[hl7(extra)]
    extra: Extra,
}

const MESSAGE: &[u8] = b"MSH|^~\\&|KITCHEN||WARD||20260211140114||ZML^Z01^ZML_Z01|1|P|2.5.1\r\
    ZME|soup\r\
    NTE|1||hot\r\
    ZTR|7\r\
    NTE|1||left\r\
    NTE|2||right\r\
    ZXX|1\r";

#[test]
fn a_message_with_a_group_and_a_choice() {
    let desc = <ZmlZ01 as Message>::DESC;
    assert_eq!((desc.id, desc.root.name), ("ZML_Z01", "ZML_Z01"));
    assert_eq!(desc.version.map(|version| version.id), Some("2.5.1"));
    let rows: Vec<_> =
        desc.root.members.iter().map(|row| (row.ident, row.name(), row.min, row.max)).collect();
    assert_eq!(
        rows,
        [
            ("msh", "MSH", 1, 1),
            ("pid", "PID", 0, 1),
            ("order", "ORDER", 1, MANY),
            ("rest", "Hxx", 0, MANY)
        ]
    );

    let decoded = ZmlZ01::decode(MESSAGE).expect("a message");
    let message = decoded.message;
    assert_eq!(message.encode(), MESSAGE);
    assert_eq!(message.order.len(), 2);
    match &*message.order[0].served {
        Served::Meal(meal) => assert_eq!(meal.dish, "soup"),
        other => panic!("{other:?}"),
    }
    match &*message.order[1].served {
        Served::WholeTray(tray) => assert_eq!(tray.nte.len(), 2),
        other => panic!("{other:?}"),
    }

    // Required members are arguments: `order` takes its first occurrence.
    let header = Msh::new("20260211140114", "ZML", "1", "P", "2.5.1");
    let made = ZmlZ01::new(header, Order::new(Served::Meal(Zme::new("soup").into())));
    assert_eq!(
        String::from_utf8(made.encode()).expect("text"),
        "MSH|^~\\&|||||20260211140114||ZML|1|P|2.5.1\rZME|soup\r"
    );
    let shown = format!("{made:?}");
    assert!(shown.contains("ZME {1: 4 bytes}") && !shown.contains("soup"), "{shown}");
    let served = format!("{:?}", made.order[0].served);
    assert_eq!(served, "ZME {1: 4 bytes}");
}
