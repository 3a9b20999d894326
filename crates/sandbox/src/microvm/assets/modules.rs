//! Which modules of a kernel a microVM needs, and in which order.
//!
//! The order comes from what each module says of itself (`.modinfo`), not from `modules.dep`: that file is made when a
//! package is installed, and a package that was only unpacked has none.

use super::AssetError;
use super::unpack::unpack;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Without these no microVM works.
const NEEDED: &[&str] = &["virtio_mmio", "virtio_blk", "erofs", "ext4"];
/// Each serves something; a kernel without it lacks that, and the backend that needs it says so.
const WISHED: &[&str] = &[
    "crc32c_generic", // erofs asks the kernel for "crc32c" by name, which no dependency says
    "virtio_console", // the channel to guest-init on QEMU
    "vmw_vsock_virtio_transport", // the channel to guest-init on Firecracker
    "virtio_net",     // egress
    "virtio_rng",     // entropy of the host
    "virtio_balloon", // memory of idle environments is given back
    "vmgenid",        // the kernel's generator is reseeded after a restore
];
/// The largest that a distribution ships has some 5 MB.
const MODULE_BYTES_MAX: u64 = 64 << 20;
/// Distributions ship some 6,000.
const FILES_MAX: usize = 100_000;
const FOLDERS_DEEP_MAX: usize = 12;

/// One module, as the guest's kernel takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Module {
    /// `virtio_blk`
    pub(super) name: String,
    pub(super) content: Vec<u8>,
}

/// What the modules folder of one release offers.
pub(super) struct Modules {
    folder: PathBuf,
    /// Name (with underscores) to file.
    files: BTreeMap<String, PathBuf>,
    builtin: BTreeSet<String>,
}

impl Modules {
    /// `folder` is `/lib/modules/RELEASE`.
    pub(super) fn read(folder: &Path) -> Result<Self, AssetError> {
        let at = |error: io::Error| AssetError::of_file(folder, &error);
        let mut files = BTreeMap::new();
        // Later ones win, as for modprobe: `updates` is what the operator built.
        for below in ["kernel", "extra", "updates"] {
            collect(&folder.join(below), &mut files, FOLDERS_DEEP_MAX).map_err(at)?;
        }
        let builtin = fs::read_to_string(folder.join("modules.builtin")).unwrap_or_default();
        let builtin = builtin.lines().filter_map(|line| name_of(Path::new(line))).collect();
        Ok(Self { folder: folder.to_owned(), files, builtin })
    }

    /// The modules that a microVM loads, each after what it needs. What is built in is not among them.
    pub(super) fn for_microvm(&self, release: &str) -> Result<Vec<Module>, AssetError> {
        let mut chosen = Chosen::default();
        for name in NEEDED {
            if !self.offers(name) {
                return Err(AssetError::Unusable {
                    what: format!("kernel {release}"),
                    reason: format!(
                        "it has no {name}, neither built in nor as a module in {}",
                        self.folder.display()
                    ),
                });
            }
            self.choose(name, &mut chosen)?;
        }
        for name in WISHED.iter().filter(|name| self.offers(name)) {
            self.choose(name, &mut chosen)?;
        }
        Ok(chosen.order)
    }

    fn offers(&self, name: &str) -> bool {
        self.builtin.contains(name) || self.files.contains_key(name)
    }

    /// Depth first: what it needs, then it. A circle ends at what was begun already.
    fn choose(&self, name: &str, chosen: &mut Chosen) -> Result<(), AssetError> {
        if self.builtin.contains(name) || !chosen.begun.insert(name.to_owned()) {
            return Ok(());
        }
        let Some(file) = self.files.get(name) else {
            return Err(AssetError::Unusable {
                what: self.folder.display().to_string(),
                reason: format!("module {name}, which another one needs, is missing"),
            });
        };
        let content = content(file)?;
        let needs = Needs::of(&content).ok_or_else(|| AssetError::Unusable {
            what: file.display().to_string(),
            reason: "this is no kernel module".to_owned(),
        })?;
        for needed in &needs.hard {
            self.choose(needed, chosen)?;
        }
        for wished in needs.soft.iter().filter(|wished| self.offers(wished)) {
            self.choose(wished, chosen)?;
        }
        chosen.order.push(Module { name: name.to_owned(), content });
        Ok(())
    }
}

#[derive(Default)]
struct Chosen {
    begun: BTreeSet<String>,
    order: Vec<Module>,
}

fn content(file: &Path) -> Result<Vec<u8>, AssetError> {
    let bytes = super::read_bounded(file, MODULE_BYTES_MAX)?;
    unpack(&file.display().to_string(), &bytes)
}

/// Every module below a folder. Links are not followed: `build` and `source` lead elsewhere.
fn collect(folder: &Path, files: &mut BTreeMap<String, PathBuf>, deep: usize) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    for entry in entries {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() && deep > 0 {
            collect(&path, files, deep - 1)?;
        } else if kind.is_file()
            && let Some(name) = name_of(&path)
        {
            files.insert(name, path);
            if files.len() > FILES_MAX {
                return Err(io::Error::other("more modules than any kernel has"));
            }
        }
    }
    Ok(())
}

/// `virtio_rng` of `…/virtio-rng.ko.xz`; `None` of what is no module.
fn name_of(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let (name, packing) = name.split_once(".ko")?;
    ["", ".gz", ".xz", ".zst"].contains(&packing).then(|| plain_name(name))
}

/// The kernel takes both signs for one.
fn plain_name(name: &str) -> String {
    name.replace('-', "_")
}

/// What a module says that it needs.
#[derive(Debug, Default, PartialEq, Eq)]
struct Needs {
    hard: Vec<String>,
    soft: Vec<String>,
}

impl Needs {
    /// From the section `.modinfo`: `key=value`, each with a zero behind it. `None` of what is no module.
    fn of(module: &[u8]) -> Option<Self> {
        let mut needs = Self::default();
        for field in section(module, b".modinfo")?.split(|byte| *byte == 0) {
            let Ok(field) = std::str::from_utf8(field) else { continue };
            if let Some(names) = field.strip_prefix("depends=") {
                needs.hard.extend(names.split(',').filter(|name| !name.is_empty()).map(plain_name));
            }
            if let Some((_, names)) = field.strip_prefix("softdep=").and_then(|text| text.split_once("pre:"))
            {
                let names = names.split("post:").next().unwrap_or_default();
                needs.soft.extend(names.split_whitespace().map(plain_name));
            }
        }
        Some(needs)
    }
}

/// The content of a section of a 64-bit little-endian ELF file. [elf(5)]
fn section<'a>(file: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    if !file.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let number = |at: usize, bytes: usize| -> Option<u64> {
        let field = file.get(at..at.checked_add(bytes)?)?;
        Some(field.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    };
    let place = |at: usize, bytes: usize| number(at, bytes).and_then(|value| usize::try_from(value).ok());
    let (table, size, count, names) = (place(0x28, 8)?, place(0x3a, 2)?, place(0x3c, 2)?, place(0x3e, 2)?);
    let header = |idx: usize| table.checked_add(idx.checked_mul(size)?);
    let content = |idx: usize| -> Option<&'a [u8]> {
        let header = header(idx)?;
        let (start, bytes) = (place(header.checked_add(0x18)?, 8)?, place(header.checked_add(0x20)?, 8)?);
        file.get(start..start.checked_add(bytes)?)
    };
    let all_names = content(names)?;
    (0..count).find_map(|idx| {
        let this = all_names.get(place(header(idx)?, 4)?..)?;
        (this.strip_prefix(name)?.first() == Some(&0)).then(|| content(idx)).flatten()
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An ELF file with nothing but the two sections that count.
    pub(in super::super) fn module(modinfo: &[&str]) -> Vec<u8> {
        let names = b"\0.modinfo\0.shstrtab\0";
        let text: Vec<u8> = modinfo.iter().flat_map(|field| [field.as_bytes(), b"\0"].concat()).collect();
        let mut file = b"\x7fELF\x02\x01\x01".to_vec();
        file.resize(64, 0);
        let (text_at, names_at) = (64, 64 + text.len());
        let table = names_at + names.len();
        file[0x28..0x30].copy_from_slice(&(table as u64).to_le_bytes());
        file[0x3a..0x3c].copy_from_slice(&64_u16.to_le_bytes());
        file[0x3c..0x3e].copy_from_slice(&3_u16.to_le_bytes());
        file[0x3e..0x40].copy_from_slice(&2_u16.to_le_bytes());
        file.extend(&text);
        file.extend(names);
        for (name, start, bytes) in [(0_u32, 0, 0), (1, text_at, text.len()), (10, names_at, names.len())] {
            let mut header = [0_u8; 64];
            header[..4].copy_from_slice(&name.to_le_bytes());
            header[0x18..0x20].copy_from_slice(&(start as u64).to_le_bytes());
            header[0x20..0x28].copy_from_slice(&(bytes as u64).to_le_bytes());
            file.extend(header);
        }
        file
    }

    /// A modules folder as a package has it.
    pub(in super::super) fn folder(at: &Path, files: &[(&str, &[&str])], builtin: &str) {
        for (path, modinfo) in files {
            let path = at.join("kernel").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, module(modinfo)).unwrap();
        }
        fs::write(at.join("modules.builtin"), builtin).unwrap();
    }

    const DEBIAN: &[(&str, &[&str])] = &[
        ("drivers/virtio/virtio_mmio.ko", &["license=GPL", "depends=virtio,virtio_ring"]),
        ("drivers/virtio/virtio.ko", &["depends=virtio_ring"]),
        ("drivers/virtio/virtio_ring.ko", &["depends="]),
        ("drivers/block/virtio_blk.ko", &["depends=virtio,virtio_ring"]),
        ("drivers/char/hw_random/virtio-rng.ko", &["depends=virtio"]),
        ("fs/erofs/erofs.ko", &["depends=libcrc32c", "softdep=pre: lz4-thing crc32c post: other"]),
        ("lib/libcrc32c.ko", &["depends="]),
        ("drivers/unwanted.ko", &["depends="]),
    ];

    fn names(modules: &[Module]) -> Vec<&str> {
        modules.iter().map(|module| module.name.as_str()).collect()
    }

    #[test]
    fn each_module_comes_after_what_it_needs_and_what_is_built_in_does_not_come() {
        let at = tempfile::tempdir().unwrap();
        folder(at.path(), DEBIAN, "kernel/fs/ext4/ext4.ko\nkernel/crypto/crc32c_generic.ko\n");
        let chosen = Modules::read(at.path()).unwrap().for_microvm("6.1.0").unwrap();
        let expected =
            ["virtio_ring", "virtio", "virtio_mmio", "virtio_blk", "libcrc32c", "erofs", "virtio_rng"];
        assert_eq!(names(&chosen), expected);
    }

    #[test]
    fn a_kernel_that_lacks_something_is_refused_by_name() {
        let at = tempfile::tempdir().unwrap();
        folder(at.path(), DEBIAN, "");
        let error = Modules::read(at.path()).unwrap().for_microvm("6.1.0").unwrap_err().to_string();
        assert!(
            error.starts_with("kernel 6.1.0: it has no ext4, neither built in nor as a module in"),
            "{error}"
        );
        fs::remove_file(at.path().join("kernel/lib/libcrc32c.ko")).unwrap();
        fs::write(at.path().join("modules.builtin"), "kernel/fs/ext4/ext4.ko").unwrap();
        let error = Modules::read(at.path()).unwrap().for_microvm("6.1.0").unwrap_err().to_string();
        assert!(error.ends_with("module libcrc32c, which another one needs, is missing"), "{error}");
    }

    #[test]
    fn circles_end_and_what_is_no_module_is_refused() {
        let at = tempfile::tempdir().unwrap();
        let circle: &[(&str, &[&str])] =
            &[("virtio_mmio.ko", &["depends=virtio_blk"]), ("virtio_blk.ko", &["depends=virtio_mmio"])];
        folder(at.path(), circle, "erofs.ko\next4.ko\n");
        let chosen = Modules::read(at.path()).unwrap().for_microvm("6.1.0").unwrap();
        assert_eq!(names(&chosen), ["virtio_blk", "virtio_mmio"]);
        fs::write(at.path().join("kernel/virtio_blk.ko"), "what").unwrap();
        let error = Modules::read(at.path()).unwrap().for_microvm("6.1.0").unwrap_err().to_string();
        assert!(error.ends_with("virtio_blk.ko: this is no kernel module"), "{error}");
    }

    #[test]
    fn names_are_read_from_all_that_distributions_write() {
        for (path, name) in [
            ("kernel/a/virtio-rng.ko", Some("virtio_rng")),
            ("ext4.ko.xz", Some("ext4")),
            ("ext4.ko.zst", Some("ext4")),
            ("ext4.ko.sig", None),
            ("modules.dep", None),
        ] {
            assert_eq!(name_of(Path::new(path)).as_deref(), name);
        }
    }

    #[test]
    fn a_file_cut_anywhere_is_no_panic() {
        let whole = module(&["depends=a,b"]);
        assert_eq!(Needs::of(&whole).unwrap().hard, ["a", "b"]);
        for end in 0..whole.len() {
            let _ = Needs::of(&whole[..end]);
        }
    }
}
