//! Rows of zips, each with what becomes of it.

use crate::{ZipError, ZipFacts, inspect, sweep, unpack};
use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt};
use std::path::Path;
use std::process::Command;
use zip::CompressionMethod::{Deflated, Stored};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

type Writer = ZipWriter<Cursor<Vec<u8>>>;

fn zip_of(fill: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    fill(&mut writer);
    writer.finish().expect("finished").into_inner()
}

fn file(writer: &mut Writer, name: &str, mode: u32, content: &[u8]) {
    let options = SimpleFileOptions::default().compression_method(Deflated).unix_permissions(mode);
    writer.start_file(name, options).expect("started");
    writer.write_all(content).expect("written");
}

fn one_file(name: &str) -> Vec<u8> {
    zip_of(|writer| file(writer, name, 0o644, b"x"))
}

fn links(rows: &[(&str, &str)]) -> Vec<u8> {
    zip_of(|writer| {
        file(writer, "a/b/file", 0o644, b"x");
        for (name, target) in rows {
            writer.add_symlink(*name, *target, SimpleFileOptions::default()).expect("added");
        }
    })
}

/// Replaces equally long bytes wherever they stand: names and fields that no writer would write.
fn patched(mut zip: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut found = false;
    for at in 0..=zip.len() - from.len() {
        if zip[at..].starts_with(from) {
            zip[at..at + to.len()].copy_from_slice(to);
            found = true;
        }
    }
    assert!(found, "nothing to replace");
    zip
}

/// Sets bytes inside every central header and, where there is a place for it, every local header.
fn with_headers(mut zip: Vec<u8>, local: Option<usize>, central: usize, bytes: &[u8]) -> Vec<u8> {
    for at in 0..zip.len() - 4 {
        let place = match &zip[at..at + 4] {
            b"PK\x03\x04" => local,
            b"PK\x01\x02" => Some(central),
            _ => None,
        };
        if let Some(place) = place {
            zip[at + place..at + place + bytes.len()].copy_from_slice(bytes);
        }
    }
    zip
}

/// Path to what lies there: `dir MODE`, `file MODE CONTENT`, `link TARGET`.
fn tree(root: &Path) -> BTreeMap<String, String> {
    fn visit(root: &Path, folder: &Path, found: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).expect("readable") {
            let path = entry.expect("readable").path();
            let name = path.strip_prefix(root).expect("inside").to_string_lossy().into_owned();
            let metadata = path.symlink_metadata().expect("there");
            let mode = metadata.permissions().mode() & 0o7777;
            if metadata.is_symlink() {
                let target = std::fs::read_link(&path).expect("a link");
                found.insert(name, format!("link {}", target.display()));
            } else if metadata.is_dir() {
                found.insert(name, format!("dir {mode:o}"));
                visit(root, &path, found);
            } else {
                let content = std::fs::read(&path).expect("readable");
                found.insert(name, format!("file {mode:o} {}", String::from_utf8_lossy(&content)));
            }
        }
    }
    let mut found = BTreeMap::new();
    visit(root, root, &mut found);
    found
}

/// Inspects and unpacks; both must agree, and nothing may be left beside the folder.
fn check(zip: &[u8]) -> Result<BTreeMap<String, String>, ZipError> {
    let parent = tempfile::tempdir().expect("a folder");
    let into = parent.path().join("code");
    let (inspected, unpacked) = (inspect(zip), unpack(zip, &into));
    assert_eq!(inspected.as_ref().err(), unpacked.as_ref().err(), "what is inspected unpacks");
    let beside = std::fs::read_dir(parent.path()).expect("readable").count();
    assert_eq!(beside, usize::from(unpacked.is_ok()), "whole or not at all");
    unpacked?;
    let root = into.metadata().expect("there");
    assert_eq!(root.permissions().mode() & 0o7777, 0o755);
    Ok(tree(&into))
}

fn rows(expected: &[(&str, &str)]) -> BTreeMap<String, String> {
    expected.iter().map(|(path, what)| ((*path).to_owned(), (*what).to_owned())).collect()
}

#[test]
fn good_zips_become_folders_that_anybody_can_read() {
    let modes = zip_of(|writer| {
        for (name, mode) in
            [("a/run", 0o700), ("a/read", 0o600), ("none", 0o000), ("suid", 0o4711), ("w", 0o666)]
        {
            file(writer, name, mode, b"x");
        }
        writer.add_directory("empty/", SimpleFileOptions::default().unix_permissions(0o700)).expect("added");
    });
    #[allow(clippy::type_complexity)] // a table, read once, right here
    let table: [(&str, Vec<u8>, &[(&str, &str)]); 9] = [
        (
            "modes",
            modes,
            &[
                ("a", "dir 755"),
                ("a/run", "file 755 x"),
                ("a/read", "file 644 x"),
                ("none", "file 444 x"),
                ("suid", "file 755 x"),
                ("w", "file 644 x"),
                ("empty", "dir 755"),
            ],
        ),
        ("dots and slashes", one_file("./a//./b"), &[("a", "dir 755"), ("a/b", "file 644 x")]),
        ("garbage before", [b"#!/bin/sh\nexit\n", one_file("a").as_slice()].concat(), &[("a", "file 644 x")]),
        (
            "comment",
            zip_of(|writer| {
                file(writer, "a", 0o644, b"x");
                writer.set_comment("a comment with PK\x05\x06 in it").expect("a comment");
            }),
            &[("a", "file 644 x")],
        ),
        ("UTF-8 name", one_file("grüße"), &[("grüße", "file 644 x")]),
        ("old code page", patched(one_file("b_b"), b"b_b", b"b\x81b"), &[("büb", "file 644 x")]),
        (
            "stored",
            zip_of(|writer| {
                let options = SimpleFileOptions::default().compression_method(Stored);
                writer.start_file("a", options).expect("started");
                writer.write_all(b"plain").expect("written");
            }),
            &[("a", "file 644 plain")],
        ),
        (
            "links that stay inside",
            links(&[("a/up", "b/file"), ("a/b/root", "../.."), ("dangling", "no/where"), ("loop", "loop")]),
            &[
                ("a", "dir 755"),
                ("a/b", "dir 755"),
                ("a/b/file", "file 644 x"),
                ("a/up", "link b/file"),
                ("a/b/root", "link ../.."),
                ("dangling", "link no/where"),
                ("loop", "link loop"),
            ],
        ),
        (
            "folder after its file, twice in other words",
            zip_of(|writer| {
                file(writer, "a/b", 0o644, b"x");
                writer.add_directory("a/", SimpleFileOptions::default()).expect("added");
                writer.add_directory("./a/", SimpleFileOptions::default()).expect("added");
            }),
            &[("a", "dir 755"), ("a/b", "file 644 x")],
        ),
    ];
    for (name, zip, expected) in table {
        assert_eq!(check(&zip).expect(name), rows(expected), "{name}");
    }
}

#[test]
fn hostile_and_broken_zips_are_refused_and_leave_nothing() {
    let two = |first: &str, second: &str| {
        zip_of(|writer| {
            file(writer, first, 0o644, b"x");
            file(writer, second, 0o644, b"x");
        })
    };
    let whole = one_file("a");
    let fifo = (0o010_644u32 << 16).to_le_bytes();
    let device = (0o020_644u32 << 16).to_le_bytes();
    let table: Vec<(&str, Vec<u8>)> = vec![
        ("no zip", b"this is no zip at all".to_vec()),
        ("cut off", whole[..whole.len() - 5].to_vec()),
        ("parent", one_file("../evil")),
        ("parent inside", one_file("a/../../evil")),
        ("parent that stays", one_file("a/../b")),
        ("absolute", patched(one_file("_etc_passwd"), b"_etc_passwd", b"/etc/passwd")),
        ("zero byte", patched(one_file("a_b"), b"a_b", b"a\0b")),
        ("long name", one_file(&"n".repeat(256))),
        ("long path", one_file(&["d"; 2_000].join("/"))),
        ("deep path", one_file(&["d"; 129].join("/"))),
        ("same name", patched(two("aa1", "aa2"), b"aa2", b"aa1")),
        ("same path in other words", two("a", "./a")),
        ("below a file", two("a", "a/b")),
        ("a file where a folder is", two("a/b", "a")),
        ("encrypted", with_headers(one_file("a"), Some(6), 8, &1u16.to_le_bytes())),
        ("unknown compression", with_headers(one_file("a"), Some(8), 10, &99u16.to_le_bytes())),
        ("fifo", with_headers(one_file("a"), None, 38, &fifo)),
        ("device", with_headers(one_file("a"), None, 38, &device)),
        ("wrong checksum", with_headers(one_file("a"), Some(14), 16, &[1, 2, 3, 4])),
        ("link out", links(&[("l", "../x")])),
        ("link out of a folder", links(&[("a/b/l", "../../../x")])),
        ("absolute link", links(&[("l", "/etc/passwd")])),
        ("link out by way of another", links(&[("a/b/up", "../.."), ("l", "a/b/up/..")])),
        ("file through a link", {
            zip_of(|writer| {
                writer.add_symlink("l", "a", SimpleFileOptions::default()).expect("added");
                file(writer, "l/evil", 0o644, b"x");
            })
        }),
        ("link too long", links(&[("l", &"x/".repeat(2_500))])),
    ];
    for (name, zip) in table {
        assert!(matches!(check(&zip), Err(ZipError::Unreadable { .. })), "{name}: {:?}", check(&zip));
    }
    assert_eq!(check(b""), Err(ZipError::Empty));
    assert_eq!(check(&zip_of(|_| {})), Err(ZipError::Empty));
}

#[test]
fn bombs_are_stopped_by_what_they_declare_and_by_what_comes_out() {
    let too_large = Err(ZipError::UnzippedTooLarge { limit: 262_144_000 });
    // 4 MiB of zeros, 63 times: 252 MiB in a quarter of a megabyte.
    let zeros = vec![0; 4 * 1024 * 1024];
    let bomb = zip_of(|writer| {
        for number in 0..63 {
            file(writer, &format!("zeros-{number}"), 0o644, &zeros);
        }
    });
    assert!(bomb.len() < 1_000_000);
    assert_eq!(inspect(&bomb).map(|_| ()), too_large);
    // The same, and every header says one byte.
    let liar = with_headers(bomb, Some(22), 24, &1u32.to_le_bytes());
    let refused = inspect(&liar).map(|_| ());
    assert!(refused == too_large || matches!(refused, Err(ZipError::Unreadable { .. })), "{refused:?}");
    // Every entry's bytes are the first one's.
    let shared = with_headers(
        zip_of(|writer| {
            for number in 0..50 {
                file(writer, &format!("{number:02}"), 0o644, b"the same bytes for all of them");
            }
        }),
        None,
        42,
        &0u32.to_le_bytes(),
    );
    assert!(matches!(inspect(&shared), Err(ZipError::Unreadable { .. })), "{:?}", inspect(&shared));
}

#[test]
fn more_entries_than_the_limit_are_refused_before_they_are_read() {
    let mut zip = one_file("a");
    for _ in 0..types::limits::ZIP_ENTRIES_MAX {
        zip.extend_from_slice(b"PK\x01\x02");
    }
    assert!(matches!(inspect(&zip), Err(ZipError::Unreadable { reason }) if reason.contains("entries")));
}

#[test]
fn sizes_are_measured_on_what_comes_out() {
    let zip = zip_of(|writer| {
        file(writer, "a", 0o644, &[7; 1_000]);
        file(writer, "b/c", 0o644, &[7; 500]);
        writer.add_directory("d/", SimpleFileOptions::default()).expect("added");
    });
    assert_eq!(inspect(&zip), Ok(ZipFacts { entries: 3, unzipped_bytes: 1_500 }));
}

#[test]
fn times_are_the_zips_own_whatever_the_zone() {
    let zip = zip_of(|writer| {
        let time = zip::DateTime::from_date_and_time(2024, 2, 29, 12, 30, 10).expect("a date");
        let options = SimpleFileOptions::default().last_modified_time(time);
        writer.start_file("a", options).expect("started");
    });
    let parent = tempfile::tempdir().expect("a folder");
    let into = parent.path().join("code");
    unpack(&zip, &into).expect("unpacked");
    assert_eq!(into.join("a").metadata().expect("there").mtime(), 1_709_209_810);
}

#[test]
fn unpacking_again_keeps_the_folder_and_leftovers_are_swept() {
    let parent = tempfile::tempdir().expect("a folder");
    let into = parent.path().join("code");
    unpack(&one_file("a"), &into).expect("unpacked");
    unpack(&one_file("a"), &into).expect("there already");
    assert_eq!(tree(&into), rows(&[("a", "file 644 x")]));
    let left = parent.path().join(".unpacking-1-1");
    std::fs::create_dir(&left).expect("made");
    std::fs::write(left.join("half"), "x").expect("written");
    sweep(parent.path()).expect("swept");
    assert!(!left.exists() && into.exists());
}

/// Runs a tool in a folder that holds `app/run` (0755), `app/data` and a link; `None` where the tool is not installed.
fn made_by(program: &str, arguments: &[&str]) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().expect("a folder");
    let app = folder.path().join("app");
    std::fs::create_dir(&app).expect("made");
    std::fs::write(app.join("run"), "#!/bin/sh\n").expect("written");
    std::fs::set_permissions(app.join("run"), PermissionsExt::from_mode(0o755)).expect("set");
    std::fs::write(app.join("data"), "d".repeat(10_000)).expect("written");
    std::os::unix::fs::symlink("data", app.join("link")).expect("made");
    let made = Command::new(program).args(arguments).current_dir(folder.path()).output();
    let made = made.ok().filter(|made| made.status.success())?;
    assert!(made.stderr.is_empty(), "{}", String::from_utf8_lossy(&made.stderr));
    Some(std::fs::read(folder.path().join("out.zip")).expect("made"))
}

#[test]
fn archives_of_zip_and_of_python_unpack() {
    let data = format!("file 644 {}", "d".repeat(10_000));
    let python = "import shutil; shutil.make_archive('out', 'zip', '.', 'app')";
    let streamed = "zip -q -r - app > out.zip"; // sizes after the data
    let table: [(&str, &[&str], bool); 4] = [
        ("zip", &["-q", "-r", "-y", "out.zip", "app"], true),
        ("zip", &["-q", "-r", "out.zip", "app"], false),
        ("sh", &["-c", streamed], false),
        ("python3", &["-c", python], false),
    ];
    for (program, arguments, keeps_links) in table {
        let Some(zip) = made_by(program, arguments) else { continue };
        let link = if keeps_links { "link data" } else { &data };
        let mut expected =
            rows(&[("app", "dir 755"), ("app/run", "file 755 #!/bin/sh\n"), ("app/link", link)]);
        expected.insert("app/data".into(), data.clone());
        assert_eq!(check(&zip).expect(program), expected, "{program} {arguments:?}");
    }
}
