//! A guest whose PID 1 is an attacker: what code could be once it had broken out of the room inside, and out of the guest's
//! kernel. `hostile=WAY` among the kernel's arguments says how. Compiled by the test, with the standard library alone.

use std::ffi::CString;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd};

const AF_VSOCK: i32 = 40;
const FINIT_MODULE: i64 = 313;
const POWER_OFF: i32 = 0x4321_fedc;
/// Words of guest-init's, as postcard has them, each behind its length.
const WELCOME: &[u8] = &[6, 0, 0, 0, 0, 1, 1, b'x', 0, 0];
const FURNISHED: &[u8] = &[2, 0, 0, 0, 1, 0];
const OPENED_1: &[u8] = &[3, 0, 0, 0, 5, 1, 0];

#[repr(C)]
struct VsockAddress {
    family: u16,
    reserved: u16,
    port: u32,
    cid: u32,
    zero: [u8; 4],
}

unsafe extern "C" {
    fn socket(domain: i32, kind: i32, protocol: i32) -> i32;
    fn connect(fd: i32, address: *const VsockAddress, length: u32) -> i32;
    fn mount(from: *const u8, to: *const u8, kind: *const u8, flags: u64, data: *const u8) -> i32;
    fn syscall(number: i64, ...) -> i64;
    fn reboot(how: i32) -> i32;
}

fn main() {
    for (kind, to) in [("proc\0", "/proc\0"), ("sysfs\0", "/sys\0"), ("devtmpfs\0", "/dev\0")] {
        drop(std::fs::create_dir(to.trim_end_matches('\0')));
        unsafe { mount(kind.as_ptr(), to.as_ptr(), kind.as_ptr(), 0, std::ptr::null()) };
    }
    let arguments = std::fs::read_to_string("/proc/cmdline").unwrap_or_default();
    for name in std::fs::read_to_string("/modules/order").unwrap_or_default().split_whitespace() {
        load(name, &arguments);
    }
    let way = arguments.split_whitespace().find_map(|one| one.strip_prefix("hostile=")).unwrap_or("mute");
    let mut host = if arguments.contains("channel=vsock") { by_vsock() } else { by_serial() };
    harm(way, &mut host);
    loop {
        std::thread::park();
    }
}

/// What the kernel's arguments say of a module, it gets as its parameters.
fn load(name: &str, arguments: &str) {
    let own = |one: &&str| {
        one.split_once('.').is_some_and(|(module, _)| name.starts_with(&module.replace('-', "_")))
    };
    let parameters: Vec<&str> =
        arguments.split_whitespace().filter(own).filter_map(|one| Some(one.split_once('.')?.1)).collect();
    let (Ok(file), Ok(text)) = (File::open(format!("/modules/{name}")), CString::new(parameters.join(" ")))
    else {
        return;
    };
    let compressed = if name.ends_with(".ko") { 0 } else { 4 };
    unsafe { syscall(FINIT_MODULE, file.as_raw_fd(), text.as_ptr(), compressed) };
}

fn by_vsock() -> File {
    let address = VsockAddress { family: AF_VSOCK as u16, reserved: 0, port: 52, cid: 2, zero: [0; 4] };
    loop {
        let file = unsafe { File::from_raw_fd(socket(AF_VSOCK, 1, 0)) };
        if unsafe { connect(file.as_raw_fd(), &address, size_of::<VsockAddress>() as u32) } == 0 {
            return file;
        }
        wait();
    }
}

fn by_serial() -> File {
    loop {
        for port in std::fs::read_dir("/sys/class/virtio-ports").into_iter().flatten().flatten() {
            let device = std::path::Path::new("/dev").join(port.file_name());
            if let Ok(file) = File::options().read(true).write(true).open(device) {
                return file;
            }
        }
        wait();
    }
}

fn wait() {
    std::thread::sleep(std::time::Duration::from_millis(5));
}

fn harm(way: &str, host: &mut File) {
    match way {
        "garbage" => endlessly(host, &[0xff; 4096]),
        "lengths" => endlessly(host, &[0xff, 0xff, 0xff, 0x7f]),
        "early" => drop(host.write_all(FURNISHED)),
        "mute" => {}
        "panic" => panic_kernel(),
        "exit" => std::process::exit(3),
        "off" => drop(unsafe { reboot(POWER_OFF) }),
        _ => {
            // Polite until the room stands.
            hear(host);
            drop(host.write_all(WELCOME));
            hear(host);
            hear(host);
            drop(host.write_all(FURNISHED));
            after(way, host);
        }
    }
}

fn after(way: &str, host: &mut File) {
    match way {
        "flood" => {
            drop(host.write_all(OPENED_1));
            // Data of one stream, 1,000 bytes each, whatever credit there is.
            let head = [8, 0, 1, 0xe8, 0x07];
            let frame = [&1_005_u32.to_le_bytes()[..], &head, &[b'x'; 1_000]].concat();
            endlessly(host, &frame)
        }
        "again" => drop(host.write_all(WELCOME)),
        "panic-later" => panic_kernel(),
        "deaf" => {}
        "burn" => loop {
            std::hint::spin_loop();
        },
        "eat" => {
            let mut all: Vec<Vec<u8>> = Vec::new();
            loop {
                all.push(vec![1; 1 << 20]);
            }
        }
        _ => {}
    }
}

/// Not every kernel has the trigger; none lives without PID 1.
fn panic_kernel() {
    drop(std::fs::write("/proc/sysrq-trigger", "c"));
    std::process::exit(4);
}

fn endlessly(host: &mut File, bytes: &[u8]) {
    while host.write_all(bytes).is_ok() {}
}

/// One frame.
fn hear(host: &mut File) {
    let mut length = [0; 4];
    while host.read_exact(&mut length).is_err() {
        wait();
    }
    let mut body = vec![0; u32::from_le_bytes(length) as usize];
    drop(host.read_exact(&mut body));
}
