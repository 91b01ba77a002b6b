//! How often decoding copies a document of some megabytes that stands in a field.

use std::alloc::System;

use hl7_types::v2_5_1::datatypes::Varies;
use hl7_types::v2_5_1::messages::OruR01;
use hl7_types::{DecodeOptions, Message, Rules};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const SIZE: usize = 4 << 20;

fn report(datatype: &str, before: &str, document: &str) -> Vec<u8> {
    format!(
        "MSH|^~\\&|LAB1|HARBOUR|HUB|HARBOUR|20240311||ORU^R01^ORU_R01|1|P|2.5.1\r\
         PID|1||100234^^^HARBOUR^MR||FENWICK^ODETTE\rOBR|1|||11502-2^Report^LN\r\
         OBX|1|{datatype}|11502-2^Report^LN||{before}{document}||||||F\r"
    )
    .into_bytes()
}

/// Bytes that decoding asks for, those of growing buffers included, as multiples of the document.
fn copies(bytes: &[u8], rules: Rules) -> (f64, OruR01) {
    let options = DecodeOptions { rules, ..DecodeOptions::default() };
    let region = Region::new(ALLOCATOR);
    let decoded = OruR01::decode_with(bytes, &options).expect("a message");
    let asked = region.change().bytes_allocated;
    #[expect(clippy::cast_precision_loss, reason = "a ratio, shown with two digits")]
    let ratio = asked as f64 / SIZE as f64;
    (ratio, decoded.message)
}

/// One test, because the counter counts for all threads.
#[test]
fn a_document_is_copied_once() {
    let document: String = "JVBERi0x".chars().cycle().take(SIZE).collect();
    for (datatype, before) in
        [("ED", "LAB1^AP^PDF^Base64^"), ("RP", ""), ("TX", ""), ("ZZ", ""), ("", "")]
    {
        let bytes = report(datatype, before, &document);
        for rules in [Rules::STRUCTURE, Rules::ALL] {
            let (ratio, message) = copies(&bytes, rules);
            // One copy, and the room that the index takes before it knows how few separators there are.
            assert!((1.0..2.0).contains(&ratio), "{datatype}: {ratio:.2} copies");
            assert_eq!(message.encode(), bytes);
            let order = &message.patient_result[0].order_observation[0];
            let value = &order.observation[0].obx.observation_value[0];
            let text = match value {
                Varies::Ed(ed) => ed.data.raw(),
                Varies::Rp(rp) => rp.pointer.raw(),
                Varies::Tx(text) => text.raw(),
                Varies::Raw(raw) => raw.raw(),
                _ => panic!("{datatype} is none of these"),
            };
            assert_eq!(text.len(), SIZE, "{datatype}");
        }
    }
}
