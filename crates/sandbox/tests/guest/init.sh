#!/bin/sh
# Second program of the guest: one hierarchy of version 2, then every test.
busybox mount -t proc proc /proc
busybox mount -t sysfs sys /sys
busybox mount -t devtmpfs dev /dev
busybox mount -t cgroup2 cgroup /sys/fs/cgroup
busybox mount -t tmpfs -o mode=755 run /run
mkdir -p /dev/shm && busybox mount -t tmpfs -o mode=1777 shm /dev/shm
mkdir -p /dev/net
[ -e /dev/net/tun ] || busybox mknod /dev/net/tun c 10 200
busybox ifconfig lo 127.0.0.1 up
export PATH=/usr/bin:/usr/sbin HOME=/root TMPDIR=/tmp
busybox uname -r
echo "GUEST: controllers $(cat /sys/fs/cgroup/cgroup.controllers)"
failed=0
for test in /tests/*; do
    echo "GUEST: $test"
    "$test" $(cat /arguments) || failed=1
done
[ $failed = 0 ] && echo "GUEST: all passed"
busybox sync
busybox poweroff -f
