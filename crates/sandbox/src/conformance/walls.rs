//! What code inside can not do or see.

use super::{GUEST, Kit, code, program};
use crate::{BootError, Egress, ExitStatus};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

pub async fn the_root_is_read_only(kit: &Kit) {
    let environment = kit.boot().await;
    let script = "for d in / /usr /etc /var /var/task /opt /dev /home /root /run /proc/sys/kernel; do \
        touch $d/x 2>/dev/null && echo $d; done; echo x > /etc/passwd; echo x > /proc/sys/kernel/hostname; \
        echo x > /dev/null && echo x > /tmp/x && echo x > /dev/shm/x && echo fine";
    assert_eq!(kit.shell(&environment, script).await.stdout, "fine\n");
}

pub async fn tmp_has_the_size_that_was_asked_for_and_a_bound_on_files(kit: &Kit) {
    if !kit.sandbox.capabilities().sized_tmp {
        return;
    }
    for size_mb in [16u64, 24] {
        let mut spec = kit.spec();
        spec.ephemeral_storage_mb = size_mb as u32;
        let environment = kit.boot_as(spec).await;
        let fill = "dd if=/dev/zero of=/tmp/full bs=64k 2>&1 | grep -o 'No space left on device'; stat -c %s /tmp/full";
        let output = kit.shell(&environment, fill).await;
        let mut lines = output.stdout.lines();
        assert_eq!(lines.next(), Some("No space left on device"), "{output:?}");
        let written: u64 = lines.next().expect("a size").parse().expect("a number");
        let range = (size_mb << 20)..((size_mb << 20) * 110 / 100 + (1 << 20));
        assert!(range.contains(&written), "{written} of {size_mb} MB");
        let output = kit.shell(&environment, "rm /tmp/full; df --output=itotal /tmp | tail -1").await;
        let inodes: u64 = output.stdout.trim().parse().expect("a number");
        assert!((64..100_000).contains(&inodes), "{inodes}");
        let many = "mkdir /tmp/d; cd /tmp/d; seq 1 5000 | xargs touch 2>/dev/null; ls | wc -l";
        let made: u64 = kit.shell(&environment, many).await.stdout.trim().parse().expect("a number");
        assert!(made > 0 && made <= inodes, "{made} files with {inodes} inodes");
        environment.stop().await;
    }
}

pub async fn tmp_is_not_charged_to_memory(kit: &Kit) {
    if !kit.sandbox.capabilities().sized_tmp {
        return;
    }
    let mut spec = kit.spec();
    spec.ephemeral_storage_mb = 110;
    spec.memory_mb = 64;
    let environment = kit.boot_as(spec).await;
    let output =
        kit.shell(&environment, "head -c 100m /dev/zero > /tmp/large && cat /tmp/large | wc -c").await;
    assert_eq!(output.stdout, format!("{}\n", 100 << 20), "{output:?}");
    assert!(!output.exit.out_of_memory);
    let stats = kit.within(environment.stats()).await.expect("stats");
    assert!(stats.memory_bytes < 48 << 20, "{stats:?}");
}

pub async fn too_much_memory_is_an_out_of_memory_verdict(kit: &Kit) {
    let environment = kit.boot().await;
    let output = kit.guest(&environment, &["eat", "1000"]).await;
    assert_eq!(output.exit.status, ExitStatus::Signal(9), "{output:?}");
    assert!(output.exit.out_of_memory);
    assert!(kit.within(environment.stats()).await.is_ok_and(|stats| stats.out_of_memory_kills > 0));
    let neighbour = kit.boot().await;
    assert!(!kit.shell(&neighbour, "true").await.exit.out_of_memory);
}

pub async fn processes_are_bounded(kit: &Kit) {
    let mut spec = kit.spec();
    spec.memory_mb = 1_024;
    let environment = kit.boot_as(spec).await;
    let output = kit.guest(&environment, &["threads", "3000"]).await;
    let threads: u32 = output.stdout.trim().parse().expect("a number");
    assert!((900..=1_024).contains(&threads), "{output:?}");
}

pub async fn code_runs_as_nobody_with_no_capability(kit: &Kit) {
    let environment = kit.boot().await;
    let output = kit
        .shell(&environment, "id; grep -E '^(Cap|NoNew|Seccomp:)' /proc/self/status; ulimit -n; ulimit -c")
        .await;
    let none = "0000000000000000";
    let seccomp = if kit.sandbox.capabilities().seccomp { 2 } else { 0 };
    let expected = format!(
        "uid=993(sbx_user1051) gid=990(sbx_user1051) groups=990(sbx_user1051)\n\
         CapInh:\t{none}\nCapPrm:\t{none}\nCapEff:\t{none}\nCapBnd:\t{none}\nCapAmb:\t{none}\n\
         NoNewPrivs:\t1\nSeccomp:\t{seccomp}\n1024\n0\n"
    );
    let stdout = output.stdout.replace(",65534(nobody)", "");
    assert_eq!(stdout, expected);
}

pub async fn forbidden_calls_are_refused(kit: &Kit) {
    if !kit.sandbox.capabilities().seccomp {
        return;
    }
    let environment = kit.boot().await;
    let output = kit.guest(&environment, &["forbidden"]).await;
    assert_eq!(code(&output), Some(0), "{output:?}");
    for line in output.stdout.lines() {
        let (call, errno) = line.split_once(' ').expect("call and errno");
        let expected = if call == "clone3" { "38" } else { "1" };
        assert_eq!(errno, expected, "{call}");
    }
    assert!(output.stdout.lines().count() >= 20, "{output:?}");
    let fine =
        "python3 --version >/dev/null 2>&1; (true) & wait; exec 3<>/tmp/f; date +%s >/dev/null; echo fine";
    assert_eq!(kit.shell(&environment, fine).await.stdout, "fine\n");
}

pub async fn nothing_private_of_the_host_is_seen(kit: &Kit) {
    let environment = kit.boot().await;
    let private = kit.private.display();
    let script = format!(
        "ls -A /home /root /srv /mnt /run /var/tmp; ls /etc/shadow /etc/ssl/private /sys/kernel /boot {private}; \
         cat /proc/1/environ /proc/1/maps /proc/kcore; find /var -type f; \
         cat /proc/keys | wc -c; cat /proc/sysrq-trigger | wc -c; hostname; readlink /proc/1/root"
    );
    let output = kit.shell(&environment, &script).await;
    let expected = "/home:\n\n/mnt:\n\n/root:\n\n/run:\n\n/srv:\n\n/var/tmp:\n0\n0\nlocalhost\n";
    assert_eq!(output.stdout, expected, "{}", output.stderr);
    let users = kit.shell(&environment, "cut -d: -f1 /etc/passwd /etc/group | sort -u; cat /etc/hosts").await;
    assert_eq!(users.stdout, "nobody\nroot\nsbx_user1051\n127.0.0.1 localhost\n::1 localhost\n");
}

pub async fn neighbours_do_not_see_each_other(kit: &Kit) {
    let (one, other) = (kit.boot().await, kit.boot().await);
    assert_eq!(code(&kit.shell(&one, "echo secret > /tmp/mine; echo secret > /dev/shm/mine").await), Some(0));
    let _sleeps = kit.within(one.start(program("/bin/sleep", &["1000"]))).await.expect("starts");
    let output = kit.shell(&other, "ls -A /tmp /dev/shm; ps -e -o comm=").await;
    assert!(!output.stdout.contains("mine") && !output.stdout.contains("sleep"), "{output:?}");
    let refused = kit.guest(&other, &["connect", crate::RUNTIME_API_ADDRESS, "x"]);
    // Its own door answers it, not the neighbour's: nobody accepts here, so the connection is cut by stop.
    let (_, ()) = tokio::join!(refused, async {
        drop(kit.within(other.accept(crate::Door::RuntimeApi)).await.expect("its own door"));
    });
}

pub async fn the_hosts_loopback_is_out_of_reach(kit: &Kit) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("has an address").to_string();
    let environment = kit.boot().await;
    let output = kit.guest(&environment, &["connect", &address, "x"]).await;
    assert_eq!((code(&output), output.stdout.as_str()), (Some(1), "refused\n"), "{output:?}");
    let output = kit.guest(&environment, &["connect", "10.255.255.1:80", "x"]).await;
    assert_eq!((code(&output), output.stdout.as_str()), (Some(1), "unreachable\n"), "{output:?} {GUEST}");
}

pub async fn egress_reaches_an_allowed_host_endpoint_and_no_other(kit: &Kit) {
    let allowed = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let other = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let (allowed_at, other_at) =
        (allowed.local_addr().expect("address"), other.local_addr().expect("address"));
    let mut spec = kit.spec();
    spec.egress = Egress::Nat;
    spec.allow_hosts = vec![allowed_at];
    if !kit.sandbox.capabilities().egress_nat {
        assert!(matches!(kit.sandbox.boot(spec).await, Err(BootError::Unsupported(_))));
        return;
    }
    let environment = kit.boot_as(spec).await;
    let served = async {
        let (mut stream, _) = allowed.accept().await.expect("accepts");
        // What the guest sends is read first: closing over unread bytes is a reset, which may overtake the answer.
        assert_eq!(stream.read_u8().await.expect("reads"), b'x');
        stream.write_all(b"from the host").await.expect("writes");
    };
    let address = format!("host.tinderbox.internal:{}", allowed_at.port());
    let words = ["connect", &address, "x"];
    let (output, ()) = tokio::join!(kit.guest(&environment, &words), kit.within(served));
    assert_eq!(output.stdout, "from the host\n", "{output:?}");
    for closed in [format!("host.tinderbox.internal:{}", other_at.port()), "169.254.169.254:80".to_owned()] {
        let output = kit.guest(&environment, &["connect", &closed, "x"]).await;
        assert_eq!((code(&output), output.stdout.as_str()), (Some(1), "refused\n"), "{closed} {output:?}");
    }
    kit.within(environment.stop()).await;
    kit.nothing_left().await;
}
