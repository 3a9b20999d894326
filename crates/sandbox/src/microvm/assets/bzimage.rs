//! A kernel's file: which release it is, and the plain kernel inside a packed one.
//!
//! A `bzImage` is a small program that unpacks the real kernel, an ELF file, which lies packed in its middle. QEMU starts
//! the former, Firecracker (which has no firmware) only the latter. [kernel, Documentation/arch/x86/boot.rst]

use super::AssetError;
use super::unpack::{Packing, unpack};

/// Setup sectors of kernels that say 0.
const SETUP_SECTORS_DEFAULT: u64 = 4;
const SECTOR_BYTES: u64 = 512;
const SETUP_SECTORS: usize = 0x1f1;
const MAGIC: usize = 0x202;
const PROTOCOL: usize = 0x206;
const VERSION: usize = 0x20e;
const PAYLOAD_OFFSET: usize = 0x248;
const PAYLOAD_LENGTH: usize = 0x24c;
/// From here on the header says where the payload is.
const PROTOCOL_OLDEST: u16 = 0x208;
/// A release is shorter than the kernel's own `__NEW_UTS_LEN`.
const RELEASE_BYTES_MAX: usize = 64;
/// Begins the kernel's `linux_banner`.
const BANNER: &[u8] = b"Linux version ";

/// What kind of file a kernel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Packed, with a header: what distributions install on x86-64.
    BzImage,
    /// An ELF file, `vmlinux`.
    Plain,
}

/// The format, or why this file is no kernel that can be started.
pub(super) fn format(what: &str, bytes: &[u8]) -> Result<Format, AssetError> {
    if bytes.get(MAGIC..MAGIC + 4) == Some(b"HdrS") {
        return Ok(Format::BzImage);
    }
    if bytes.starts_with(b"\x7fELF") {
        return Ok(Format::Plain);
    }
    Err(AssetError::Unusable {
        what: what.to_owned(),
        reason: "this is neither a bzImage (vmlinuz) nor an ELF kernel (vmlinux) of x86-64".to_owned(),
    })
}

/// The release, as `uname -r` would say it in a machine with this kernel.
pub(super) fn release(what: &str, bytes: &[u8]) -> Result<String, AssetError> {
    let found = match format(what, bytes)? {
        Format::BzImage => number::<2>(bytes, VERSION)
            .map(u16::from_le_bytes)
            .filter(|offset| *offset != 0)
            .and_then(|offset| first_word(bytes, usize::from(offset) + 0x200)),
        // The banner's text is there more than once; with a format's percent sign it is not the banner.
        Format::Plain => {
            let starts = memory_find(bytes, BANNER);
            starts.filter_map(|start| first_word(bytes, start + BANNER.len())).next()
        }
    };
    found.ok_or_else(|| AssetError::Unusable {
        what: what.to_owned(),
        reason: "the kernel does not say its release".to_owned(),
    })
}

/// The ELF kernel: the file itself, or what is packed in it.
pub(super) fn plain(what: &str, bytes: &[u8]) -> Result<Vec<u8>, AssetError> {
    if format(what, bytes)? == Format::Plain {
        return Ok(bytes.to_vec());
    }
    let unusable = |reason: &str| AssetError::Unusable { what: what.to_owned(), reason: reason.to_owned() };
    let payload =
        payload(bytes).ok_or_else(|| unusable("its header does not say where the kernel is in it"))?;
    let unpacked = unpack(what, payload)?;
    if unpacked.starts_with(b"\x7fELF") {
        Ok(unpacked)
    } else if Packing::of(payload) == Packing::Not {
        Err(unusable("the kernel in it is packed in a way that is not known"))
    } else {
        Err(unusable("what is packed in it is no ELF kernel"))
    }
}

fn payload(bytes: &[u8]) -> Option<&[u8]> {
    if u16::from_le_bytes(number(bytes, PROTOCOL)?) < PROTOCOL_OLDEST {
        return None;
    }
    let sectors = match *bytes.get(SETUP_SECTORS)? {
        0 => SETUP_SECTORS_DEFAULT,
        sectors => u64::from(sectors),
    };
    let setup = (sectors + 1) * SECTOR_BYTES;
    let start = setup + u64::from(u32::from_le_bytes(number(bytes, PAYLOAD_OFFSET)?));
    let end = start + u64::from(u32::from_le_bytes(number(bytes, PAYLOAD_LENGTH)?));
    bytes.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?).filter(|payload| !payload.is_empty())
}

fn number<const BYTES: usize>(bytes: &[u8], offset: usize) -> Option<[u8; BYTES]> {
    bytes.get(offset..)?.first_chunk().copied()
}

/// A release at this place: what goes into names of files and nothing else.
fn first_word(bytes: &[u8], start: usize) -> Option<String> {
    let text = bytes.get(start..)?;
    let end =
        text.iter().take(RELEASE_BYTES_MAX).position(|byte| byte.is_ascii_whitespace() || *byte == 0)?;
    let word = &text[..end];
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_+~".contains(byte);
    let sound = word.first().is_some_and(u8::is_ascii_digit) && word.iter().all(fits);
    sound.then(|| String::from_utf8_lossy(word).into_owned())
}

fn memory_find<'a>(bytes: &'a [u8], what: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let (first, length) = (what.first().copied().unwrap_or(0), what.len());
    let starts = bytes.iter().enumerate().filter(move |(_, byte)| **byte == first).map(|(idx, _)| idx);
    starts.filter(move |idx| bytes.get(*idx..idx + length) == Some(what))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// As small as a bzImage can be: header, version, payload.
    pub(in super::super) fn bz_image(release: &str, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0_u8; 1024];
        bytes[SETUP_SECTORS] = 1;
        bytes[MAGIC..MAGIC + 4].copy_from_slice(b"HdrS");
        bytes[PROTOCOL..PROTOCOL + 2].copy_from_slice(&0x20f_u16.to_le_bytes());
        bytes[VERSION..VERSION + 2].copy_from_slice(&0x100_u16.to_le_bytes());
        let version = format!("{release} (somebody@somewhere) #1 SMP\0");
        bytes[0x300..0x300 + version.len()].copy_from_slice(version.as_bytes());
        bytes[PAYLOAD_OFFSET..PAYLOAD_OFFSET + 4].copy_from_slice(&16_u32.to_le_bytes());
        bytes[PAYLOAD_LENGTH..PAYLOAD_LENGTH + 4].copy_from_slice(&(payload.len() as u32).to_le_bytes());
        bytes.extend([0; 16]);
        bytes.extend(payload);
        bytes
    }

    fn gzip(content: &[u8]) -> Vec<u8> {
        use std::io::Write;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_packed_kernel_says_its_release_and_gives_the_plain_one() {
        let plain_kernel = b"\x7fELF and so on".to_vec();
        let image = bz_image("6.1.0-56-cloud-amd64", &gzip(&plain_kernel));
        assert_eq!(release("it", &image).unwrap(), "6.1.0-56-cloud-amd64");
        assert_eq!(plain("it", &image).unwrap(), plain_kernel);
    }

    #[test]
    fn a_plain_kernel_is_its_own_and_says_its_release_in_its_banner() {
        let mut kernel = b"\x7fELF..Linux version %s (%s)..".to_vec();
        kernel.extend(b"Linux version 6.12.30-ring3 (me@here) (gcc) #1\n\0");
        assert_eq!(release("it", &kernel).unwrap(), "6.12.30-ring3");
        assert_eq!(plain("it", &kernel).unwrap(), kernel);
    }

    #[test]
    fn what_is_no_kernel_is_refused_in_a_sentence() {
        let cases = [
            (
                b"#!/bin/sh\n".to_vec(),
                "it: this is neither a bzImage (vmlinuz) nor an ELF kernel (vmlinux) of x86-64",
            ),
            (bz_image("6.1.0", b""), "it: its header does not say where the kernel is in it"),
            (bz_image("6.1.0", b"what"), "it: the kernel in it is packed in a way that is not known"),
            (bz_image("6.1.0", &gzip(b"what")), "it: what is packed in it is no ELF kernel"),
        ];
        for (bytes, sentence) in cases {
            assert_eq!(plain("it", &bytes).unwrap_err().to_string(), sentence);
        }
        for name in ["../../etc", "%s", "", "6.1/../.."] {
            assert!(release("it", &bz_image(name, b"x")).is_err(), "{name}");
        }
        // A header that lies about its places, cut anywhere.
        let image = bz_image("6.1.0", &gzip(b"\x7fELF"));
        for end in 0..image.len() {
            let _ = (release("it", &image[..end]), plain("it", &image[..end]));
        }
    }
}
