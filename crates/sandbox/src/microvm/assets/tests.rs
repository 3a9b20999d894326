use super::bzimage::tests::bz_image;
use super::*;
use std::os::unix::fs::PermissionsExt;

/// A host with a kernel, its modules and a program.
struct Host(tempfile::TempDir);

impl Host {
    fn new() -> Self {
        let host = Self(tempfile::tempdir().unwrap());
        host.put(
            "k/boot/vmlinuz-6.1.0-cloud",
            &bz_image("6.1.0-cloud", &[0x02, 0x21, 0x4c, 0x18, 5, 0, 0, 0, 0x40, 0x7f, b'E', b'L', b'F']),
        );
        let modules = host.at("k/lib/modules/6.1.0-cloud");
        let files: &[(&str, &[&str])] =
            &[("virtio_blk.ko", &["depends=virtio"]), ("virtio.ko", &[]), ("erofs.ko", &[])];
        modules::tests::folder(&modules, files, "virtio_mmio.ko\next4.ko\n");
        host.put("root/usr/bin/python3", b"a program");
        std::fs::create_dir_all(host.at("root/etc")).unwrap();
        host
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn put(&self, path: &str, bytes: &[u8]) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn recipe(&self) -> Recipe<'static> {
        Recipe {
            store: self.at("data/microvm"),
            kernel: Some(self.at("k")),
            root: Some(self.at("root")),
            leave_out: Vec::new(),
            guest_init: b"\x7fELF init",
        }
    }
}

fn made(recipe: &Recipe<'_>) -> Made {
    make(recipe, &mut |_| {}).unwrap()
}

#[test]
fn everything_is_made_once_and_then_found() {
    let host = Host::new();
    let recipe = host.recipe();
    assert!(look(&recipe).unwrap().is_none() && !were_made(&recipe.store));
    let mut steps = Vec::new();
    let first = make(&recipe, &mut |progress| {
        if let Progress::Step { number, of, .. } = progress {
            steps.push((number, of));
        }
    });
    let first = first.unwrap();
    assert_eq!(steps, [(1, 4), (2, 4), (3, 4), (4, 4)]);
    assert_eq!(first.already, [false, false]);
    let assets = first.assets;
    assert_eq!(assets.release, "6.1.0-cloud");
    assert_eq!(fs::read(assets.kernel_plain.as_ref().unwrap()).unwrap(), b"\x7fELF");
    let initramfs = String::from_utf8_lossy(&fs::read(&assets.initramfs).unwrap()).into_owned();
    assert!(initramfs.contains("virtio.ko\nvirtio_blk.ko\nerofs.ko\n"), "the order of modules");
    // The magic number of EROFS. [kernel, Documentation/filesystems/erofs.rst]
    assert_eq!(fs::read(&assets.root).unwrap()[1024..1028], 0xe0f5_e1e2_u32.to_le_bytes());
    assert_eq!(made(&recipe).already, [true, true]);
    assert_eq!(look(&recipe).unwrap().unwrap().key, assets.key);
    assert!(were_made(&recipe.store));
    verify(&recipe.store, &mut |_| {}).unwrap();
}

#[test]
fn another_guest_init_makes_another_initramfs_and_keeps_the_root_image() {
    let host = Host::new();
    let recipe = host.recipe();
    let key = made(&recipe).assets.key;
    let newer = made(&Recipe { guest_init: b"\x7fELF newer", ..recipe.clone() });
    assert_eq!(newer.already, [false, true]);
    assert_ne!(newer.assets.key, key);
    host.put("root/usr/bin/node", b"another program");
    let other = made(&recipe);
    assert!(!other.already[1]);
    drop((newer, other));
    assert_eq!(
        list(&recipe.store).len(),
        4,
        "what was held at that time is kept, and goes with the next that is made"
    );
    host.put("root/usr/bin/node", b"yet another program");
    drop(made(&recipe));
    assert_eq!(list(&recipe.store).iter().filter(|manifest| manifest.kind == ROOT).count(), 1);
}

#[test]
fn two_builds_of_the_same_inputs_are_equal_byte_for_byte() {
    let host = Host::new();
    let recipe = host.recipe();
    let first = made(&recipe).assets;
    let second = made(&Recipe { store: host.at("other"), ..recipe }).assets;
    assert_eq!(first.key, second.key);
    assert_eq!(first.manifests, second.manifests);
}

#[test]
fn a_kernel_that_cannot_be_unpacked_serves_qemu_and_says_why_not_firecracker() {
    let host = Host::new();
    host.put("k/boot/vmlinuz-6.1.0-cloud", &bz_image("6.1.0-cloud", b"\x89LZO\0"));
    let refused = made(&host.recipe()).assets.kernel_plain.unwrap_err();
    assert!(refused.ends_with("it is packed with LZO, which is not taken"), "{refused}");
}

#[test]
fn what_is_missing_is_said_with_what_to_do() {
    let host = Host::new();
    let missing = |recipe: Recipe<'_>| make(&recipe, &mut |_| {}).unwrap_err();
    let error = missing(Recipe { kernel: Some(host.at("nowhere")), ..host.recipe() });
    assert!(error.to_string().ends_with("nowhere: No such file or directory (os error 2)"), "{error}");
    let error = missing(Recipe { kernel: Some(host.at("root")), ..host.recipe() });
    assert!(error.to_string().starts_with("there is no kernel for microVMs in "), "{error}");
    fs::remove_file(host.at("k/lib/modules/6.1.0-cloud/kernel/erofs.ko")).unwrap();
    let error = missing(host.recipe());
    assert!(error.to_string().starts_with("kernel 6.1.0-cloud: it has no erofs"), "{error}");
    assert!(error.advice().contains("--kernel"));
}

/// The real thing, where it is: `cargo xtask test` unpacks Debian's kernel for it.
#[test]
fn debians_cloud_kernel_is_unpacked_and_its_modules_found() {
    let folder =
        std::env::var_os("TINDERBOX_TEST_KERNEL").map(PathBuf::from).filter(|folder| folder.is_dir());
    let Some(folder) = folder else {
        eprintln!("skipped: TINDERBOX_TEST_KERNEL names no unpacked kernel package");
        return;
    };
    let host = Host::new();
    let assets = made(&Recipe { kernel: Some(folder), ..host.recipe() }).assets;
    let plain = fs::read(assets.kernel_plain.unwrap()).unwrap();
    assert!(plain.starts_with(b"\x7fELF") && plain.len() > 20 << 20, "{} bytes", plain.len());
    let modules = &assets.manifests[0].facts["modules"];
    for name in
        ["virtio_mmio", "virtio_blk", "virtio_console", "vmw_vsock_virtio_transport", "virtio_net", "erofs"]
    {
        assert!(modules.split(' ').any(|module| module == name), "{name} in {modules}");
    }
}
