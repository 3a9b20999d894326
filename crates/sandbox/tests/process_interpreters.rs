//! Interpreters of the host run inside: what the filters and the root must leave to ordinary programs. Each is passed
//! over where it is not installed.

#![allow(clippy::expect_used)] // a test fails by it, and says what it expected

mod common;

use sandbox::ReadOnlyMount;
use sandbox::conformance::{Kit, program};
use std::path::{Path, PathBuf};

async fn check(kit: &Kit, installation: Option<PathBuf>, words: &[&str], expected: &str) {
    let mut spec = kit.spec();
    spec.memory_mb = 512;
    if let Some(folder) = installation {
        spec.mounts.push(ReadOnlyMount { host: folder.clone(), inside: folder });
    }
    let environment = kit.boot_as(spec).await;
    let output = kit.run(&environment, program(words[0], &words[1..])).await;
    assert_eq!(output.stdout.trim(), expected, "{words:?} {output:?}");
    environment.stop().await;
}

#[tokio::test]
async fn python_of_a_version_manager_runs_with_threads_processes_and_sockets() {
    let kit = common::kit().await;
    let folder = PathBuf::from("/root/.pyenv/versions/3.11.7");
    let script = "import ssl, sqlite3, ctypes, socket, threading, subprocess, tempfile, getpass, os\n\
        from concurrent.futures import ThreadPoolExecutor, ProcessPoolExecutor\n\
        def f(x): return x + 1\n\
        print(sum(ThreadPoolExecutor(8).map(f, range(8))), subprocess.check_output(['echo', 'hi']).decode().strip(),\n\
              sum(ProcessPoolExecutor(2).map(f, range(4))), getpass.getuser(),\n\
              ssl.create_default_context().cert_store_stats()['x509'] > 0, tempfile.gettempdir())";
    if folder.is_dir() {
        let python = folder.join("bin/python3.11");
        let words = [python.to_str().expect("text"), "-c", script];
        check(&kit, Some(folder.clone()), &words, "36 hi 10 sbx_user1051 True /tmp").await;
    }
    kit.sandbox.shutdown().await;
}

#[tokio::test]
async fn node_runs_with_workers_children_and_file_watching() {
    let kit = common::kit().await;
    let script = "const { Worker } = require('worker_threads');\n\
        require('fs').writeFileSync('/tmp/x', 'x');\n\
        const out = require('child_process').execSync('echo hi').toString().trim();\n\
        const server = require('http').createServer((q, s) => s.end('ok')).listen(8080, '127.0.0.1', async () => {\n\
          const answer = await (await fetch('http://127.0.0.1:8080/')).text();\n\
          new Worker('require(\"worker_threads\").parentPort.postMessage(7)', { eval: true })\n\
            .on('message', (m) => { console.log(out, answer, m, require('os').cpus().length > 0); process.exit(0); });\n\
        });";
    if let Ok(node) = std::fs::canonicalize("/usr/bin/node") {
        let installation =
            (!node.starts_with("/usr")).then(|| node.ancestors().nth(2).expect("a folder").to_owned());
        check(&kit, installation, &[node.to_str().expect("text"), "-e", script], "hi ok 7 true").await;
    }
    kit.sandbox.shutdown().await;
}

#[tokio::test]
async fn java_runs_with_its_collector_and_trust_store() {
    let kit = common::kit().await;
    if Path::new("/usr/bin/java").exists()
        && std::fs::canonicalize("/usr/bin/java").is_ok_and(|p| p.starts_with("/usr"))
    {
        let words = ["/bin/sh", "-c", "java -XX:+UseG1GC -version 2>&1 | grep -c -i openjdk"];
        let kit = &kit;
        check(kit, None, &words, "3").await;
    }
    kit.sandbox.shutdown().await;
}
