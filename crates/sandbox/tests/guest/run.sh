#!/bin/sh
# Runs test binaries of this crate as root in a guest whose only hierarchy of control groups is version 2.
#
#   run.sh FOLDER REHEARSAL TEST…
#
# FOLDER is a scratch folder; REHEARSAL is `sandbox-rehearsal`, shown in the guest at the same path as here (it is
# compiled into the tests); each TEST is a test binary. Prints what the guest prints; 0 if every TEST passed.
#
# Needs qemu-system-x86_64, mkfs.ext4, a static busybox (`BUSYBOX`), and a kernel with its modules (`KERNEL`, a vmlinuz, and
# `MODULES`, its folder of lib/modules): Debian's cloud kernel does. `ARGUMENTS` are those of each TEST. Uses TCG: nothing of /dev/kvm is asked for, so it
# runs the same in a virtual machine, and slowly.
set -eu
folder=$1 rehearsal=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
root=$folder/root early=$folder/early
rm -rf "$root" "$early"
mkdir -p "$early/bin" "$early/modules" "$root/usr/bin" "$root/usr/lib" "$root/usr/sbin" "$root/usr/lib64"
for name in bin sbin lib lib64; do ln -s "usr/$name" "$root/$name"; done
for name in dev proc sys tmp etc run root tests var/tmp home srv mnt; do mkdir -p "$root/$name"; done
chmod 1777 "$root/tmp"

# A program and the libraries that it names, at their own paths.
with_libraries() {
    ldd "$1" 2>/dev/null | sed -n 's/.*=> \(\/[^ ]*\).*/\1/p; s/^[[:space:]]*\(\/[^ ]*\).*/\1/p' | while read -r library; do
        mkdir -p "$root$(dirname "$library")"
        [ -e "$root$library" ] || cp -L "$library" "$root$library"
    done
}
for name in sh cat ls id env grep sleep true false touch dd stat df tail head seq xargs wc find ps pidof setsid mkdir rm \
    cut sort sync readlink printf chmod date kill echo hostname tr test ln; do
    path=$(command -v "$name" || true)
    case $path in /*) path=$(readlink -f "$path") ;; *) path=$(readlink -f "/usr/bin/$name" || true) ;; esac
    [ -f "$path" ] || continue
    cp -L "$path" "$root/usr/bin/$name"
    with_libraries "$path"
done
cp -L /usr/sbin/mkfs.ext4 "$root/usr/sbin/mkfs.ext4"
with_libraries /usr/sbin/mkfs.ext4
printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' > "$root/etc/passwd"
printf 'root:x:0:\nnobody:x:65534:\n' > "$root/etc/group"
printf 'passwd: files\ngroup: files\nhosts: files dns\n' > "$root/etc/nsswitch.conf"
printf '127.0.0.1 localhost\n' > "$root/etc/hosts"
printf 'nameserver 127.0.0.1\n' > "$root/etc/resolv.conf"
# The C library opens it by name when a program asks for a user.
for library in /lib/x86_64-linux-gnu/libnss_files.so.2 /lib/x86_64-linux-gnu/libgcc_s.so.1; do
    [ -e "$library" ] && mkdir -p "$root$(dirname "$library")" && cp -L "$library" "$root$library"
done
mkdir -p "$root$(dirname "$rehearsal")"
strip -g -o "$root$rehearsal" "$rehearsal"
with_libraries "$rehearsal"
index=0
for test in "$@"; do
    strip -g -o "$root/tests/$index-$(basename "$test")" "$test"
    with_libraries "$test"
    index=$((index + 1))
done
cp "$BUSYBOX" "$root/usr/bin/busybox"
cp "$here/init.sh" "$root/init"
printf '%s' "${ARGUMENTS:---test-threads=2}" > "$root/arguments"
chmod 755 "$root/init"
size=$(($(du -sm "$root" | cut -f1) + 1024))
rm -f "$folder/root.image"
truncate -s "${size}M" "$folder/root.image"
mkfs.ext4 -q -F -d "$root" "$folder/root.image"

cp "$BUSYBOX" "$early/bin/busybox"
number=10
for module in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk loop tun; do
    file=$(find "$MODULES" -name "$module.ko*" | head -1)
    if [ -n "$file" ]; then cp "$file" "$early/modules/$number-$module.ko"; fi
    number=$((number + 1))
done
cp "$here/early.sh" "$early/init"
chmod 755 "$early/init"
mkdir -p "$early/dev" "$early/proc" "$early/mnt"
"$BUSYBOX" sh -c "cd '$early' && find . | '$BUSYBOX' cpio -o -H newc 2>/dev/null" > "$folder/early.cpio"

timeout "${LIMIT:-1500}" qemu-system-x86_64 -M q35 -accel tcg,thread=multi -cpu max -smp 2 -m "${MEMORY:-2048}" \
    -nodefaults -no-user-config -display none -serial stdio -no-reboot -monitor none -nic none \
    -kernel "$KERNEL" -initrd "$folder/early.cpio" \
    -append "console=ttyS0 quiet panic=-1 random.trust_cpu=on cgroup_no_v1=all mitigations=off" \
    -drive "file=$folder/root.image,format=raw,if=none,id=root,cache=unsafe" -device virtio-blk-pci,drive=root \
    < /dev/null | tee "$folder/output"
grep -q '^GUEST: all passed' "$folder/output"
