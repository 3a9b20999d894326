//! What distributions pack kernels and modules with, unpacked in memory: gzip, xz, zstd and the kernel's LZ4.
//!
//! The input is a file of the host's `/boot` or `/lib/modules`, or one that the operator named: no stranger's, but it
//! may be damaged or something else, so everything is bounded and nothing is trusted.

use super::AssetError;
use std::io::Read;

/// A kernel with everything built in is some 60 MB, unpacked.
pub(super) const UNPACKED_BYTES_MAX: usize = 512 << 20;
const LZ4_LEGACY: [u8; 4] = [0x02, 0x21, 0x4c, 0x18];
/// What the legacy format cuts its content into. [lz4_Frame_format.md, "Legacy frame"]
const LZ4_BLOCK_BYTES: usize = 8 << 20;

/// How something is packed, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Not,
    Gzip,
    Xz,
    Zstd,
    Lz4,
    /// Known, and not taken: its name.
    Other(&'static str),
}

impl Packing {
    /// `Not` where nothing known begins: whoever asks knows what it should be then.
    pub(super) fn of(bytes: &[u8]) -> Self {
        match bytes {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            _ if bytes.starts_with(&LZ4_LEGACY) => Self::Lz4,
            [b'B', b'Z', b'h', ..] => Self::Other("bzip2"),
            [0x89, b'L', b'Z', b'O', ..] => Self::Other("LZO"),
            [0x5d, 0, 0, ..] => Self::Other("LZMA"),
            _ => Self::Not,
        }
    }
}

/// The content; `what` names it in errors. What is not packed is its own content.
pub(super) fn unpack(what: &str, bytes: &[u8]) -> Result<Vec<u8>, AssetError> {
    let damaged = |reason: String| AssetError::Unusable { what: what.to_owned(), reason };
    match Packing::of(bytes) {
        Packing::Not => Ok(bytes.to_vec()),
        // Kernels carry what is not theirs behind the packed part: only the first member counts.
        Packing::Gzip => read(flate2::read::GzDecoder::new(bytes)).map_err(damaged),
        Packing::Xz => read(lzma_rust2::XzReader::new(bytes, false)).map_err(damaged),
        Packing::Zstd => ruzstd::decoding::StreamingDecoder::new(bytes)
            .map_err(|error| error.to_string())
            .and_then(read)
            .map_err(damaged),
        Packing::Lz4 => lz4_legacy(&bytes[LZ4_LEGACY.len()..]).map_err(|reason| damaged(reason.to_owned())),
        Packing::Other(name) => Err(damaged(format!("it is packed with {name}, which is not taken"))),
    }
}

fn read(from: impl Read) -> Result<Vec<u8>, String> {
    let mut content = Vec::new();
    let bound = UNPACKED_BYTES_MAX as u64 + 1;
    from.take(bound).read_to_end(&mut content).map_err(|error| format!("damaged: {error}"))?;
    if content.len() > UNPACKED_BYTES_MAX { Err("unpacked, it is too large".to_owned()) } else { Ok(content) }
}

/// Blocks, each with its length before it, of 8 MiB unpacked but the last. The kernel's build appends the unpacked size
/// (4 bytes), which reads like the length of a block that is not there.
fn lz4_legacy(mut bytes: &[u8]) -> Result<Vec<u8>, &'static str> {
    const DAMAGED: &str = "damaged: its LZ4 blocks do not fit together";
    let mut content = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
        let length = u32::from_le_bytes(*length) as usize;
        let Some((block, rest)) = rest.split_at_checked(length) else { break };
        let start = content.len();
        lz4_block(block, &mut content, start + LZ4_BLOCK_BYTES).ok_or(DAMAGED)?;
        if content.len() > UNPACKED_BYTES_MAX {
            return Err("unpacked, it is too large");
        }
        bytes = rest;
        if content.len() - start < LZ4_BLOCK_BYTES {
            break; // the last
        }
    }
    if content.is_empty() { Err(DAMAGED) } else { Ok(content) }
}

/// One block: literals and copies of what is already there, alternating. [lz4_Block_format.md]
fn lz4_block(mut bytes: &[u8], content: &mut Vec<u8>, end_max: usize) -> Option<()> {
    let start = content.len();
    loop {
        let (&token, rest) = bytes.split_first()?;
        bytes = rest;
        let literals = lz4_length(usize::from(token >> 4), &mut bytes)?;
        let (literal, rest) = bytes.split_at_checked(literals)?;
        if content.len() + literals > end_max {
            return None;
        }
        content.extend_from_slice(literal);
        bytes = rest;
        // The last sequence has no copy.
        let Some((offset, rest)) = bytes.split_first_chunk::<2>() else {
            return bytes.is_empty().then_some(());
        };
        bytes = rest;
        let offset = usize::from(u16::from_le_bytes(*offset));
        let copied = lz4_length(usize::from(token & 15), &mut bytes)? + 4;
        let from = content.len().checked_sub(offset).filter(|from| offset > 0 && *from >= start)?;
        if content.len() + copied > end_max {
            return None;
        }
        // It may overlap what it writes: that is how repetitions are said.
        for idx in from..from + copied {
            content.push(content[idx]);
        }
    }
}

fn lz4_length(nibble: usize, bytes: &mut &[u8]) -> Option<usize> {
    let mut length = nibble;
    if nibble == 15 {
        loop {
            let (&more, rest) = bytes.split_first()?;
            *bytes = rest;
            length = length.checked_add(usize::from(more))?;
            if more != 255 {
                break;
            }
        }
    }
    Some(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::process::{Command, Stdio};

    fn content() -> Vec<u8> {
        (0..2_500_000_u32).flat_map(|number| (number / 7).to_le_bytes()).collect()
    }

    /// Packed by the program itself; `None` where the host lacks it.
    fn packed(program: &str, arguments: &[&str], content: &[u8]) -> Option<Vec<u8>> {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut stdin = child.stdin.take().unwrap();
        let content = content.to_vec();
        let writer = std::thread::spawn(move || stdin.write_all(&content));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap().unwrap();
        output.status.success().then_some(output.stdout)
    }

    #[test]
    fn what_the_usual_programs_pack_is_unpacked() {
        let cases = [
            ("gzip", &["-1"][..], Packing::Gzip),
            ("xz", &["-0", "--check=crc32"][..], Packing::Xz),
            ("zstd", &["-1", "-q", "-c"][..], Packing::Zstd),
            ("lz4", &["-l", "-q", "-c"][..], Packing::Lz4),
        ];
        for (program, arguments, packing) in cases {
            let Some(bytes) = packed(program, arguments, &content()) else {
                eprintln!("skipped: no {program} here");
                continue;
            };
            assert_eq!(Packing::of(&bytes), packing, "{program}");
            assert!(unpack("it", &bytes).unwrap() == content(), "{program}");
            // Cut anywhere it is refused or shorter, never a panic.
            for end in [6, 11, bytes.len() / 2, bytes.len() - 1] {
                let _ = unpack("it", &bytes[..end]);
            }
        }
    }

    #[test]
    fn lz4_blocks_of_the_kernel_with_the_size_behind_them_are_unpacked() {
        // Literals "ab", a copy of 9 bytes two back, then the literals "end".
        let block = [0x25, b'a', b'b', 2, 0, 0x30, b'e', b'n', b'd'];
        let mut bytes = LZ4_LEGACY.to_vec();
        bytes.extend((block.len() as u32).to_le_bytes());
        bytes.extend(block);
        bytes.extend(14_u32.to_le_bytes()); // the unpacked size
        assert_eq!(unpack("it", &bytes).unwrap(), b"abababababaend");
    }

    #[test]
    fn lz4_that_points_before_its_beginning_is_refused() {
        for offset in [0_u8, 9] {
            let mut bytes = LZ4_LEGACY.to_vec();
            bytes.extend([5, 0, 0, 0, 0x10, b'a', offset, 0, 0]);
            let error = unpack("it", &bytes).unwrap_err().to_string();
            assert!(error.contains("LZ4 blocks do not fit"), "{error}");
        }
    }

    #[test]
    fn packings_that_are_not_taken_are_named() {
        let error = unpack("modules/a.ko", b"BZh91AY").unwrap_err().to_string();
        assert_eq!(error, "modules/a.ko: it is packed with bzip2, which is not taken");
    }
}
