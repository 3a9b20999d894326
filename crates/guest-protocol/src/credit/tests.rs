use super::*;
use crate::SPARE_BYTES;
use proptest::prelude::*;

#[test]
fn a_byte_beyond_the_credit_is_a_violation() {
    let mut receiving = Receiving::default();
    assert_eq!(receiving.received(FIRST_BYTES as usize), Ok(()));
    assert_eq!(receiving.received(1), Err(Violation::OverCredit));
    assert_eq!(Receiving::default().received(usize::MAX), Err(Violation::OverCredit));
}

#[test]
fn credit_beyond_a_window_is_a_violation() {
    let mut sending = Sending::default();
    assert_eq!(sending.granted(WINDOW_BYTES - FIRST_BYTES), Ok(()));
    assert_eq!(sending.granted(1), Err(Violation::OverWindow));
    assert_eq!(Sending::default().granted(u32::MAX), Err(Violation::OverWindow));
}

#[test]
fn nothing_comes_after_the_end() {
    let mut receiving = Receiving::default();
    assert_eq!(receiving.end(), Ok(()));
    assert_eq!(receiving.received(1), Err(Violation::AfterEnd));
    assert_eq!(receiving.end(), Err(Violation::AfterEnd));
    let mut sending = Sending::default();
    sending.end();
    assert_eq!((sending.room(), sending.sent(1)), (0, Err(Violation::AfterEnd)));
}

#[test]
fn a_small_question_costs_no_word_about_credit() {
    let (mut receiving, mut spare) = (Receiving::default(), SPARE_BYTES);
    receiving.received(4_000).unwrap();
    receiving.taken(4_000);
    assert_eq!(receiving.grant(&mut spare), None);
}

#[test]
fn a_reader_that_keeps_up_gets_a_wider_window_while_there_is_stock() {
    let (mut receiving, mut spare) = (Receiving::default(), WINDOW_BYTES);
    for window in [FIRST_BYTES * 2, FIRST_BYTES * 4, WINDOW_BYTES, WINDOW_BYTES] {
        let all = receiving.allowed as usize;
        receiving.received(all).unwrap();
        receiving.taken(all);
        assert_eq!(receiving.grant(&mut spare), Some(window));
    }
    assert_eq!(spare, WINDOW_BYTES - receiving.give_back());
    let mut poor = Receiving::default();
    poor.received(FIRST_BYTES as usize).unwrap();
    poor.taken(FIRST_BYTES as usize);
    assert_eq!(poor.grant(&mut 0), Some(FIRST_BYTES));
}

#[test]
fn a_word_that_says_nothing_is_a_violation() {
    assert_eq!(Receiving::default().received(0), Err(Violation::Empty));
    assert_eq!(Sending::default().granted(0), Err(Violation::Empty));
    assert_eq!(Late::default().received(0), Err(Violation::Empty));
}

#[test]
fn of_a_shut_stream_comes_what_was_on_its_way_and_no_more() {
    let (mut receiving, mut sending, mut late) = (Receiving::default(), Sending::default(), Late::default());
    receiving.received(1_000).unwrap();
    sending.sent(300).unwrap();
    late.shut(&receiving, &sending);
    let stream = StreamId(1);
    assert_eq!(late.received(FIRST_BYTES as usize - 1_000), Ok(()));
    assert_eq!(late.received(1), Err(Violation::OverCredit));
    let most = WINDOW_BYTES - FIRST_BYTES + 300;
    assert_eq!(late.hears(&Stream::Credit(stream, most)), Ok(()));
    assert_eq!(late.hears(&Stream::Credit(stream, 1)), Err(Violation::OverWindow));
    for _ in 0..2 {
        assert_eq!(late.hears(&Stream::Reset(stream)), Ok(()));
    }
    assert_eq!(late.hears(&Stream::End(stream)), Err(Violation::AfterEnd));
}

#[test]
fn names_rise_by_parity() {
    let (mut host, mut guest) = (Names::host(), Names::guest());
    let (a, b) = (host.name().unwrap(), guest.name().unwrap());
    assert_eq!((a, b), (StreamId(0), StreamId(1)));
    assert_eq!((guest.named(a), host.named(b)), (Ok(()), Ok(())));
    assert_eq!(host.named(b), Err(Violation::Misnamed), "again");
    assert_eq!(host.named(StreamId(4)), Err(Violation::Misnamed), "not its parity");
    assert_eq!(host.named(StreamId(u32::MAX)), Err(Violation::Misnamed), "the last one leaves no next");
    assert_eq!((host.was(a), host.was(b)), (Ok(()), Ok(())));
    assert_eq!(
        (host.was(StreamId(2)), host.was(StreamId(3))),
        (Err(Violation::Unnamed), Err(Violation::Unnamed))
    );
}

proptest! {
    /// Two ends that keep the rules never see a violation, never hold more than a window, and never get stuck.
    #[test]
    fn honest_ends_never_violate_and_never_stall(
        steps in proptest::collection::vec((any::<bool>(), 1usize..50_000), 1..200),
        stock in 0..WINDOW_BYTES,
    ) {
        let (mut sending, mut receiving) = (Sending::default(), Receiving::default());
        let (mut spare, mut held) = (stock, 0);
        for (sends, bytes) in steps {
            if sends {
                let bytes = bytes.min(sending.room());
                if bytes == 0 {
                    continue;
                }
                prop_assert_eq!(sending.sent(bytes), Ok(()));
                prop_assert_eq!(receiving.received(bytes), Ok(()));
                held += bytes;
            } else {
                let bytes = bytes.min(held);
                receiving.taken(bytes);
                held -= bytes;
                if let Some(more) = receiving.grant(&mut spare) {
                    prop_assert_eq!(sending.granted(more), Ok(()));
                }
            }
            prop_assert!(held <= WINDOW_BYTES as usize);
            prop_assert!(held > 0 || sending.room() > 0, "nothing on its way, and nothing may be sent");
            prop_assert_eq!(spare + receiving.give_back(), stock);
        }
    }
}
