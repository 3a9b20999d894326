//! `tinderbox certs init` by its binary: what is there afterwards, and whether it serves.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use fabric_rpc::Identity;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};
use world::World;

fn init(dir: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tinderbox"));
    command.args(["certs", "init", "--dir"]).arg(dir).args(more).output().unwrap()
}

fn done(dir: &Path, more: &[&str]) {
    let output = init(dir, more);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn refused(dir: &Path, more: &[&str], words: &str) {
    let output = init(dir, more);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains(words), "{said}");
}

#[tokio::test]
async fn certs_init_makes_files_that_their_owner_alone_reads_and_that_a_node_can_use() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("certs");
    let read = |name: &str| std::fs::read_to_string(dir.join(name)).unwrap();
    done(&dir, &["--name", "f1=frontend,control", "--name", "w1=worker"]);
    let authority = read("ca.pem");
    for name in ["ca.pem", "ca.key", "f1.pem", "f1.key", "w1.pem", "w1.key"] {
        let mode = std::fs::metadata(dir.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert_eq!(std::fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
    for name in ["f1", "w1"] {
        let (certificate, key) = (read(&format!("{name}.pem")), read(&format!("{name}.key")));
        Identity::new(&World::real(), &authority, &certificate, &key).unwrap();
    }

    // One more node, by the same authority; what is there is replaced only where that is asked for.
    let before = read("w1.pem");
    done(&dir, &["--name", "w2=worker"]);
    assert_eq!(read("ca.pem"), authority);
    refused(&dir, &["--name", "w3=worker", "--name", "w1=worker"], "--renew");
    assert!(!dir.join("w3.pem").exists(), "refused before anything was made");
    assert_eq!(read("w1.pem"), before);
    done(&dir, &["--name", "w1=worker", "--renew"]);
    assert_ne!(read("w1.pem"), before);
    Identity::new(&World::real(), &authority, &read("w1.pem"), &read("w1.key")).unwrap();

    refused(&dir, &["--name", "w4"], "w4=worker");
    refused(&dir, &["--name", "w4=boss"], "there are frontend");
    std::fs::remove_file(dir.join("ca.key")).unwrap();
    refused(&dir, &["--name", "w4=worker"], "is not");
}
