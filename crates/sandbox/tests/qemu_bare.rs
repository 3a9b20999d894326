#![allow(clippy::all, clippy::disallowed_methods, clippy::expect_used)]
mod common;
use sandbox::microvm::rehearsal::Bare;
use sandbox::process::{self, Config, ProcessSandbox};
use sandbox::Sandbox;
use world::World;
use std::time::Instant;

#[tokio::test(flavor = "multi_thread")]
async fn bare() {
    let world = World::real();
    let data = tempfile::tempdir().unwrap();
    let mut config = Config::new(data.path());
    config.executable = common::rehearsal();
    config.cpu_floor_percent = 400;
    let handle = process::launch(&config).unwrap();
    let spawner = handle.pid();
    let sandbox = ProcessSandbox::new(handle, world.clone()).unwrap();
    println!("{:?}", sandbox.capabilities());
    let mut drives = Vec::new();
    for i in 0..8 {
        let file = tempfile::tempfile().unwrap();
        file.set_len(16 << 30).unwrap();
        drives.push((file, i == 7));
    }
    // read-only descriptors for the read-only ones
    let drives = drives.into_iter().map(|(file, w)| {
        use std::os::fd::AsRawFd;
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        (std::fs::File::options().read(true).write(w).open(path).unwrap(), w)
    }).collect();
    let bare = Bare::new(sandbox.clone(), world.clone(), "/tmp/vmm/k/boot/vmlinuz-6.1.0-56-cloud-amd64".as_ref(), "/tmp/vmm/initrd.gz".as_ref(), drives, std::env::var("NAT").is_ok()).await.unwrap();
    let t = Instant::now();
    let mut machine = match bare.boot().await { Ok(m) => m, Err(e) => panic!("{e}") };
    println!("launched {:?}", t.elapsed());
    let list = std::fs::read_to_string(format!("/proc/{spawner}/task/{spawner}/children")).unwrap();
    for pid in list.split_whitespace() {
        let read = |name: &str| std::fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default();
        let comm = read("comm");
        println!("child {pid} {comm}");
        if comm.starts_with("qemu") {
            println!("{}", read("status").lines().filter(|l| ["Uid","Gid","Cap","NoNew","Seccomp:","Groups","VmRSS","Threads"].iter().any(|p| l.starts_with(p))).collect::<Vec<_>>().join("\n"));
            println!("{}\n{}\n{}\n{}", read("mountinfo"), read("net/dev"), read("net/route"), read("cgroup"));
            if let Ok(entries) = std::fs::read_dir(format!("/proc/{pid}/root")) { for e in entries { print!("{:?} ", e.unwrap().file_name()); } }
            if let Ok(s) = std::env::var("HOLD") { println!("hold {pid}"); std::thread::sleep(std::time::Duration::from_secs(s.parse().unwrap())); }
        }
    }
    let said = machine.read().await; if said.is_empty() { panic!("{}", machine.ended().await); }
    println!("{said:?} after {:?}", t.elapsed());
    println!("{:?}", machine.usage().await);
    machine.pause().await.unwrap();
    let into = tempfile::tempdir().unwrap();
    let t = Instant::now();
    let snapshot = machine.snapshot(into.path()).await.unwrap();
    println!("snapshot {:?}", t.elapsed());
    machine.resume().await.unwrap();
    machine.say("still").await;
    println!("{}", machine.read().await);
    machine.end().await;
    println!("{}", machine.ended().await);
    let mut clones = Vec::new();
    for i in 0..3 {
        let t = Instant::now();
        let mut clone = bare.restore(&snapshot).await.unwrap_or_else(|e| panic!("{e}"));
        println!("restored {:?}", t.elapsed());
        clone.resume().await.unwrap();
        clone.say(&format!("clone {i}")).await;
        println!("{} {:?} {:?}", clone.read().await, t.elapsed(), clone.usage().await);
        clones.push(clone);
    }
    clones[1].pause().await.unwrap();
    let into2 = tempfile::tempdir().unwrap();
    let t = Instant::now();
    let snapshot = clones[1].snapshot(into2.path()).await.unwrap_or_else(|e| panic!("{e}"));
    println!("snapshot of a clone {:?}", t.elapsed());
    let mut clone = bare.restore(&snapshot).await.unwrap_or_else(|e| panic!("{e}"));
    clone.resume().await.unwrap();
    clone.say("grandchild").await;
    println!("{}", clone.read().await);
    for c in clones { c.end().await; }
    clone.end().await;
    println!("{:?}", common::leftovers(data.path()));
    sandbox.shutdown().await;
}
