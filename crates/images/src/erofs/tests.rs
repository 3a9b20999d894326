//! Images are read by the kernel, through a loop device, and by `fsck.erofs`; where either is missing the test says so.

use super::{ErofsError, Options, Times, Tree, write_folder};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{Cursor, Read as _};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Path to kind, mode, time, and content or target.
type Listing = BTreeMap<PathBuf, (char, u32, i64, Vec<u8>)>;

fn listing(root: &Path) -> Listing {
    let mut found = Listing::new();
    let mut open = vec![root.to_owned()];
    while let Some(path) = open.pop() {
        let metadata = path.symlink_metadata().expect("there");
        let (kind, content) = if metadata.is_dir() {
            for entry in fs::read_dir(&path).expect("readable") {
                open.push(entry.expect("readable").path());
            }
            ('d', Vec::new())
        } else if metadata.is_symlink() {
            ('l', fs::read_link(&path).expect("a link").into_os_string().into_vec())
        } else {
            ('f', fs::read(&path).expect("readable"))
        };
        let name = path.strip_prefix(root).expect("inside").to_owned();
        found.insert(name, (kind, metadata.mode() & 0o7777, metadata.mtime(), content));
    }
    found
}

/// An image in the kernel's hands, until it is dropped.
struct Mounted {
    at: tempfile::TempDir,
}

impl Mounted {
    fn path(&self) -> &Path {
        self.at.path()
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Lazily: whoever on the machine walks through /tmp at this moment keeps it busy.
        assert!(Command::new("umount").arg("-l").arg(self.at.path()).status().expect("runs").success());
    }
}

/// `None`, with a sentence, where nothing can be mounted.
fn mount(image: &Path) -> Option<Mounted> {
    let kernel_knows = fs::read_to_string("/proc/filesystems").is_ok_and(|all| all.contains("\terofs"));
    let at = tempfile::tempdir().expect("a folder");
    let mut command = Command::new("mount");
    command.args(["-t", "erofs", "-o", "loop,ro"]).arg(image).arg(at.path());
    // Other processes of the machine take loop devices at the same moment; an image that is refused is refused again.
    let mut output = command.output().expect("runs");
    for _ in 0..3 {
        if output.status.success() {
            return Some(Mounted { at });
        }
        output = command.output().expect("runs");
    }
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!kernel_knows || !rustix::process::getuid().is_root(), "the kernel refuses the image: {error}");
    eprintln!("skipped: no EROFS image can be mounted here ({})", error.trim());
    None
}

/// The second opinion.
fn fsck(image: &Path) {
    match Command::new("fsck.erofs").arg(image).output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        }
        Err(error) => eprintln!("skipped: fsck.erofs does not run here ({error})"),
    }
}

fn image_of(source: &Path, options: &Options) -> tempfile::NamedTempFile {
    let mut image = tempfile::NamedTempFile::new().expect("a file");
    let summary = write_folder(source, image.as_file_mut(), options).expect("written");
    assert_eq!(image.as_file().metadata().expect("there").len(), summary.image_bytes);
    fsck(image.path());
    image
}

/// The kernel reads of the image what lies in the folder.
fn check(source: &Path) {
    let image = image_of(source, &Options::default());
    let Some(mounted) = mount(image.path()) else { return };
    let (expected, found) = (listing(source), listing(mounted.path()));
    for (path, row) in &expected {
        assert!(found.get(path) == Some(row), "{} differs", path.display());
    }
    assert_eq!(found.len(), expected.len());
}

fn content(bytes: usize, seed: u8) -> Vec<u8> {
    (0..bytes).map(|at| (at / 7) as u8 ^ (at % 251) as u8 ^ seed).collect()
}

#[test]
fn the_kernel_reads_files_of_every_length_around_blocks_and_tails() {
    let source = tempfile::tempdir().expect("a folder");
    for bytes in [0, 1, 31, 32, 2_047, 2_048, 2_049, 4_064, 4_095, 4_096, 4_097, 6_144, 6_145, 8_192, 600_000]
    {
        fs::write(source.path().join(format!("{bytes}")), content(bytes, 1)).expect("written");
    }
    fs::write(source.path().join("zeros"), vec![0; 3_000_000]).expect("written");
    check(source.path());
}

#[test]
fn the_kernel_reads_long_names_odd_names_links_and_modes() {
    let source = tempfile::tempdir().expect("a folder");
    let path = |name: &str| source.path().join(name);
    for name in ["!before the dots", "-", "~after", "ünïcode", &"n".repeat(255), &"n".repeat(254)] {
        fs::write(path(name), name).expect("written");
    }
    fs::write(source.path().join(OsString::from_vec(vec![b'x', 0xff, b'\n'])), "no UTF-8").expect("written");
    fs::create_dir_all(path("a/b/c/empty")).expect("made");
    for (index, target) in ["!before the dots", "/absolute", "../..", &"t".repeat(4_000)].iter().enumerate() {
        symlink(target, path(&format!("link{index}"))).expect("made");
    }
    let longest = format!("{}t", "t/".repeat(2_047));
    symlink(&longest, path("longest link")).expect("made");
    for mode in [0o400, 0o755, 0o777, 0o600, 0o1777] {
        let file = path(&format!("mode{mode:o}"));
        fs::write(&file, "x").expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("set");
    }
    fs::hard_link(path("mode755"), path("hard link")).expect("made");
    check(source.path());
}

#[test]
fn the_kernel_finds_each_of_very_many_entries() {
    let source = tempfile::tempdir().expect("a folder");
    for index in 0..5_000 {
        let name = format!("{index:x}{}", "y".repeat(index % 90));
        fs::write(source.path().join(name), index.to_string()).expect("written");
    }
    for index in 0..300 {
        fs::create_dir(source.path().join(format!("folder{index}"))).expect("made");
    }
    check(source.path());
}

#[test]
fn a_sparse_file_of_more_than_four_gigabytes_stays_sparse() {
    let source = tempfile::tempdir().expect("a folder");
    let file = File::create(source.path().join("huge")).expect("made");
    let length = (5 << 30) + 17;
    file.set_len(length).expect("set");
    for (at, bytes) in [(0, "begin"), (3 << 30, "middle"), (length - 3, "end")] {
        file.write_all_at(bytes.as_bytes(), at).expect("written");
    }
    fs::write(source.path().join("zz after it"), content(9_000, 3)).expect("written");
    let image = image_of(source.path(), &Options::default());
    let disk = image.as_file().metadata().expect("there").blocks() * 512;
    assert!(disk < 1 << 20, "{disk} bytes on the disk");
    let Some(mounted) = mount(image.path()) else { return };
    let huge = File::open(mounted.path().join("huge")).expect("opens");
    assert_eq!(huge.metadata().expect("there").len(), length);
    for (at, bytes) in [(0, "begin"), (3 << 30, "middle"), (length - 3, "end"), ((4 << 30) + 5, "\0\0\0")] {
        let mut read = vec![0; bytes.len()];
        huge.read_exact_at(&mut read, at).expect("read");
        assert_eq!(read, bytes.as_bytes());
    }
    assert_eq!(fs::read(mounted.path().join("zz after it")).expect("read"), content(9_000, 3));
}

fn bytes_of(source: &Path, times: Times) -> Vec<u8> {
    let mut image = Cursor::new(Vec::new());
    write_folder(source, &mut image, &Options { times }).expect("written");
    image.into_inner()
}

#[test]
fn equal_trees_are_equal_images_whoever_wrote_them_and_in_which_order() {
    let folders = [tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder")];
    let names = ["one", "two", "three", "four", "five"];
    for (folder, reverse) in folders.iter().zip([false, true]) {
        let names: Vec<&str> = if reverse { names.into_iter().rev().collect() } else { names.to_vec() };
        for name in names {
            fs::write(folder.path().join(name), content(5_000, name.len() as u8)).expect("written");
            symlink(name, folder.path().join(format!("{name}.link"))).expect("made");
        }
    }
    if rustix::process::getuid().is_root() {
        std::os::unix::fs::chown(folders[1].path().join("two"), Some(1_234), Some(99)).expect("given");
    }
    let fixed = Times::Fixed(1_000_000_000);
    assert!(bytes_of(folders[0].path(), fixed) == bytes_of(folders[1].path(), fixed));
    assert!(bytes_of(folders[0].path(), Times::Kept) == bytes_of(folders[0].path(), Times::Kept));
}

#[test]
fn folders_of_the_host_and_made_up_things_lie_over_each_other() {
    let lower = tempfile::tempdir().expect("a folder");
    let upper = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(lower.path().join("lib/python")).expect("made");
    fs::write(lower.path().join("lib/python/os.py"), "lower").expect("written");
    fs::write(lower.path().join("lib/python/pip.py"), "left out").expect("written");
    fs::create_dir_all(upper.path().join("python")).expect("made");
    fs::write(upper.path().join("python/os.py"), "upper").expect("written");
    let mut tree = Tree::new();
    let mut take = |path: &Path| !path.ends_with("pip.py");
    tree.add_host(&lower.path().join("lib"), Path::new("/usr/lib"), &mut take).expect("added");
    tree.add_host(upper.path(), Path::new("/usr/lib"), &mut |_| true).expect("added");
    tree.add_folder(Path::new("/tmp"), 0o1777).expect("added");
    tree.add_link(Path::new("/lib"), Path::new("usr/lib")).expect("added");
    tree.add_file(Path::new("/etc/passwd"), 0o644, b"root:x:0:0\n".to_vec()).expect("added");
    let folder = tempfile::tempdir().expect("a folder");
    let image = folder.path().join("root.erofs");
    tree.write_file(&image, 0o600, &Options::default()).expect("written");
    assert_eq!(image.metadata().expect("there").mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 1, "nothing is left beside it");
    fsck(&image);
    let Some(mounted) = mount(&image) else { return };
    let found = listing(mounted.path());
    let names: Vec<&str> = found.keys().map(|path| path.to_str().expect("a name")).collect();
    assert_eq!(
        names,
        ["", "etc", "etc/passwd", "lib", "tmp", "usr", "usr/lib", "usr/lib/python", "usr/lib/python/os.py"]
    );
    assert_eq!(found[Path::new("usr/lib/python/os.py")].3, b"upper");
    assert_eq!(found[Path::new("tmp")].1, 0o1777);
    assert_eq!(fs::read(mounted.path().join("lib/python/os.py")).expect("read"), b"upper");
    assert_eq!(mounted.path().join("etc/passwd").metadata().expect("there").uid(), 0);
}

#[test]
fn what_can_not_be_read_is_listed_and_the_rest_is_there() {
    let source = tempfile::tempdir().expect("a folder");
    fs::write(source.path().join("file"), "x").expect("written");
    let socket = source.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("bound");
    let mut tree = Tree::new();
    tree.add_host(source.path(), Path::new("/"), &mut |_| true).expect("added");
    let skipped: Vec<&Path> = tree.skipped().iter().map(|skipped| &*skipped.path).collect();
    assert_eq!(skipped, [&*socket]);
    let mut image = Cursor::new(Vec::new());
    assert_eq!(tree.write(&mut image, &Options::default()).expect("written").files, 1);
    let refused = write_folder(source.path(), &mut image, &Options::default()).expect_err("refused");
    assert!(matches!(refused, ErofsError::Source { .. }), "{refused}");
}

#[test]
fn no_set_id_bit_gets_into_an_image() {
    let source = tempfile::tempdir().expect("a folder");
    let file = source.path().join("su");
    fs::write(&file, "x").expect("written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o6755)).expect("set");
    let image = image_of(source.path(), &Options::default());
    let Some(mounted) = mount(image.path()) else { return };
    assert_eq!(listing(mounted.path())[Path::new("su")].1, 0o755);
}

#[test]
fn a_file_that_changes_while_it_is_read_is_named() {
    let source = tempfile::tempdir().expect("a folder");
    let file = source.path().join("growing");
    fs::write(&file, "x").expect("written");
    let mut tree = Tree::new();
    tree.add_host(source.path(), Path::new("/"), &mut |_| true).expect("added");
    fs::write(&file, "longer").expect("written");
    let failed = tree.write(&mut Cursor::new(Vec::new()), &Options::default()).expect_err("changed");
    assert_eq!(failed, ErofsError::Changed { path: file.display().to_string() });
}

#[test]
fn paths_that_no_image_can_have_are_refused() {
    let mut tree = Tree::new();
    tree.add_file(Path::new("/file"), 0o644, Vec::new()).expect("added");
    let long = format!("/{}", "x".repeat(256));
    for path in ["relative", "", "/a/../b", "/file/below", "/", &long] {
        let refused = tree.add_file(Path::new(path), 0o644, Vec::new()).expect_err(path);
        assert!(matches!(refused, ErofsError::Path { .. }), "{path}: {refused}");
    }
    assert!(tree.add_link(Path::new("/link"), Path::new("")).is_err());
}

/// The disk as a function of what was written to it.
struct FullAfter(u64);

impl std::io::Write for FullAfter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let full = || std::io::Error::from(std::io::ErrorKind::StorageFull);
        self.0 = self.0.checked_sub(bytes.len() as u64).ok_or_else(full)?;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl std::io::Seek for FullAfter {
    fn seek(&mut self, _: std::io::SeekFrom) -> std::io::Result<u64> {
        Ok(0)
    }
}

#[test]
fn a_full_disk_is_named() {
    let source = tempfile::tempdir().expect("a folder");
    fs::write(source.path().join("file"), content(2_000_000, 1)).expect("written");
    for room in [0, 4_096, 1_000_000] {
        let failed = write_folder(source.path(), &mut FullAfter(room), &Options::default());
        assert!(matches!(failed, Err(ErofsError::Full { .. })), "{failed:?}");
    }
}

#[test]
fn a_whole_python_library_is_read_back_equal() {
    let library = Path::new("/usr/lib/python3.11");
    if !library.is_dir() {
        eprintln!("skipped: no {}", library.display());
        return;
    }
    let mut tree = Tree::new();
    tree.add_host(library, Path::new("/"), &mut |_| true).expect("added");
    let mut image = tempfile::NamedTempFile::new().expect("a file");
    let summary = tree.write(image.as_file_mut(), &Options::default()).expect("written");
    fsck(image.path());
    assert!(summary.image_bytes < summary.content_bytes + summary.content_bytes / 4, "{summary:?}");
    let Some(mounted) = mount(image.path()) else { return };
    let mut compared = 0;
    for (path, (kind, mode, time, content)) in listing(mounted.path()) {
        let on_host = library.join(&path);
        let metadata = on_host.symlink_metadata().expect("there");
        assert_eq!((metadata.mode() & 0o1777, metadata.mtime()), (mode, time), "{}", path.display());
        if kind == 'f' {
            let mut expected = Vec::new();
            File::open(&on_host).expect("opens").read_to_end(&mut expected).expect("read");
            assert!(expected == content, "{} differs", path.display());
            compared += 1;
        }
    }
    assert_eq!(compared, summary.files);
}

#[derive(Clone, Debug)]
enum Grown {
    File(usize, u32),
    Link(String),
    Folder(BTreeMap<String, Grown>),
}

fn grown() -> impl Strategy<Value = Grown> {
    let sizes = prop_oneof![0..5_000_usize, 4_000..4_200_usize, 0..100_000_usize];
    let leaf = prop_oneof![
        (sizes, 0..0o1000_u32).prop_map(|(bytes, mode)| Grown::File(bytes, mode)),
        "[a-z/.]{1,60}".prop_map(Grown::Link),
    ];
    leaf.prop_recursive(4, 64, 24, |inner| {
        proptest::collection::btree_map("[a-zA-Z0-9!_-]{1,40}", inner, 0..24).prop_map(Grown::Folder)
    })
}

fn grow(at: &Path, grown: &Grown) {
    match grown {
        Grown::File(bytes, mode) => {
            fs::write(at, content(*bytes, *mode as u8)).expect("written");
            fs::set_permissions(at, fs::Permissions::from_mode(mode | 0o400)).expect("set");
        }
        Grown::Link(target) => symlink(target, at).expect("made"),
        Grown::Folder(rows) => {
            fs::create_dir(at).expect("made");
            for (name, inner) in rows {
                grow(&at.join(name), inner);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_tree_reads_back_equal(rows in proptest::collection::btree_map("[a-z]{1,12}", grown(), 0..12)) {
        let folder = tempfile::tempdir().expect("a folder");
        let source = folder.path().join("source");
        grow(&source, &Grown::Folder(rows));
        check(&source);
    }
}
