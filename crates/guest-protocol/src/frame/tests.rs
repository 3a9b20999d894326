use super::*;
use crate::messages::{Door, Moment, Pipes, Program};
use proptest::prelude::*;

fn hello() -> ToGuest {
    let moment = Moment { unix_us: 7, entropy: [1; 32], generation: [2; 16] };
    ToGuest::Hello { version: crate::VERSION, moment }
}

fn framed<T: Word>(word: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(word, &mut bytes).unwrap();
    bytes
}

/// Feeds in pieces of these sizes, in turn.
fn fed<T: Word>(mut bytes: &[u8], sizes: &[usize]) -> Result<Vec<T>, FrameError> {
    let (mut decoder, mut words) = (Decoder::default(), Vec::new());
    let mut sizes = sizes.iter().cycle();
    while !bytes.is_empty() {
        let space = decoder.space();
        let take = (*sizes.next().unwrap()).clamp(1, space.len()).min(bytes.len());
        space[..take].copy_from_slice(&bytes[..take]);
        decoder.filled(take);
        bytes = &bytes[take..];
        while let Some(body) = decoder.next()? {
            words.push(decode(body)?);
        }
        assert!(decoder.capacity() <= FRAME_BYTES_MAX + HEAD + READ_BYTES);
    }
    Ok(words)
}

#[test]
fn a_word_comes_back_however_the_stream_is_cut() {
    let long = ToGuest::Stream(Stream::Data(StreamId(4), vec![9; DATA_BYTES_MAX]));
    let words = vec![hello(), long.clone(), ToGuest::Quiesce, long, ToGuest::Resume];
    let bytes: Vec<u8> = words.iter().flat_map(framed).collect();
    for size in [1, 3, 4, 5, 4_096, 70_000] {
        assert_eq!(fed::<ToGuest>(&bytes, &[size]), Ok(words.clone()), "{size}");
    }
}

#[test]
fn a_length_beyond_the_longest_is_refused_before_its_body_comes() {
    let mut decoder = Decoder::default();
    decoder.space()[..4].copy_from_slice(&u32::MAX.to_le_bytes());
    decoder.filled(4);
    assert_eq!(decoder.next(), Err(FrameError::TooLong(u32::MAX as usize)));
    assert_eq!(decoder.capacity(), FIRST_BYTES);
}

#[test]
fn a_word_that_is_too_long_leaves_nothing_behind() {
    let pipes = Pipes { stdout: StreamId(0), stderr: StreamId(2), telemetry: None, bind: None };
    let program = Program {
        program: "/bin/true".into(),
        arguments: vec!["x".repeat(FRAME_BYTES_MAX)],
        environment: Vec::new(),
        working_directory: "/".into(),
        pipes,
    };
    let mut bytes = framed(&ToGuest::Quiesce);
    let before = bytes.clone();
    let word = ToGuest::Start { request: 1, process: 0, program };
    assert!(matches!(encode(&word, &mut bytes), Err(FrameError::TooLong(_))));
    assert_eq!(bytes, before);
}

#[test]
fn what_is_left_over_in_a_frame_is_an_error() {
    let mut bytes = framed(&ToHost::Quiet)[HEAD..].to_vec();
    assert_eq!(decode::<ToHost>(&bytes), Ok(ToHost::Quiet));
    bytes.push(0);
    assert_eq!(decode::<ToHost>(&bytes), Err(FrameError::Malformed));
    assert_eq!(decode::<ToHost>(&[]), Err(FrameError::Malformed));
}

#[test]
fn a_data_is_seen_where_it_lies_and_nothing_else_is_one() {
    fn check<T: Word + PartialEq + std::fmt::Debug>() {
        for bytes in [vec![], vec![1], vec![7; 127], vec![8; 128], vec![9; DATA_BYTES_MAX]] {
            let stream = StreamId(70_001);
            let owned = framed(&T::stream(Stream::Data(stream, bytes.clone())));
            let mut lent = Vec::new();
            encode_data::<T>(stream, &bytes, &mut lent).unwrap();
            assert_eq!(lent, owned);
            assert_eq!(data::<T>(&owned[HEAD..]), Some(Ok((stream, &*bytes))));
            assert_eq!(decode::<T>(&owned[HEAD..]), Ok(T::stream(Stream::Data(stream, bytes))));
        }
        let mut nothing = Vec::new();
        let over = vec![0; DATA_BYTES_MAX + 1];
        assert!(encode_data::<T>(StreamId(1), &over, &mut nothing).is_err() && nothing.is_empty());
        let over = framed(&T::stream(Stream::Data(StreamId(1), over)));
        assert_eq!(data::<T>(&over[HEAD..]), Some(Err(FrameError::Malformed)));
        for word in [Stream::Credit(StreamId(1), 5), Stream::End(StreamId(1)), Stream::Reset(StreamId(1))] {
            assert_eq!(data::<T>(&framed(&T::stream(word))[HEAD..]), None);
        }
    }
    check::<ToGuest>();
    check::<ToHost>();
    let opened = ToHost::Opened { stream: StreamId(0), door: Door::RuntimeApi };
    assert_eq!(data::<ToHost>(&framed(&opened)[HEAD..]), None);
    assert_eq!(data::<ToGuest>(&framed(&hello())[HEAD..]), None);
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_words_or_an_error(
        bytes in proptest::collection::vec(any::<u8>(), 0..4_096),
        sizes in proptest::collection::vec(1usize..600, 1..8),
    ) {
        if let Ok(words) = fed::<ToHost>(&bytes, &sizes) {
            // Postcard takes longer forms of a number too, so only the words come back, not the bytes.
            let again: Vec<u8> = words.iter().flat_map(framed).collect();
            prop_assert_eq!(fed::<ToHost>(&again, &sizes), Ok(words));
        }
        let _ = fed::<ToGuest>(&bytes, &sizes);
    }

    #[test]
    fn what_is_sent_in_pieces_comes_in_order(
        pieces in proptest::collection::vec((0u32..50, 0usize..3_000), 1..40),
        sizes in proptest::collection::vec(1usize..9_000, 1..8),
    ) {
        let words: Vec<ToHost> = pieces
            .iter()
            .map(|(id, len)| ToHost::Stream(Stream::Data(StreamId(*id), vec![*id as u8; *len])))
            .collect();
        let bytes: Vec<u8> = words.iter().flat_map(framed).collect();
        prop_assert_eq!(fed::<ToHost>(&bytes, &sizes), Ok(words));
    }
}
