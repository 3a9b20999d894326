//! An init that answers lines, for tests of the monitor alone: no guest of ours, so that what fails is the monitor's.
//! Compiled by the test, with the standard library and nothing else.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::fs::{FileExt, OpenOptionsExt};

const AF_VSOCK: i32 = 40;
const SOCK_STREAM: i32 = 1;
const O_DIRECT: i32 = 0o40000;
const RNDADDENTROPY: u64 = 0x4008_5203;
const RNDRESEEDCRNG: u64 = 0x5207;

#[repr(C)]
struct VsockAddress {
    family: u16,
    reserved: u16,
    port: u32,
    cid: u32,
    zero: [u8; 4],
}

#[repr(C)]
struct Entropy {
    bits: i32,
    bytes: i32,
    data: [u8; 32],
}

unsafe extern "C" {
    fn socket(domain: i32, kind: i32, protocol: i32) -> i32;
    fn connect(fd: i32, address: *const VsockAddress, length: u32) -> i32;
    fn mount(from: *const u8, to: *const u8, kind: *const u8, flags: u64, data: *const u8) -> i32;
    fn ioctl(fd: i32, request: u64, ...) -> i32;
    fn getrandom(buffer: *mut u8, length: usize, flags: u32) -> isize;
    fn reboot(how: i32) -> i32;
}

fn main() {
    for (kind, to) in [("proc\0", "/proc\0"), ("sysfs\0", "/sys\0"), ("devtmpfs\0", "/dev\0")] {
        drop(std::fs::create_dir(to.trim_end_matches('\0')));
        unsafe { mount(kind.as_ptr(), to.as_ptr(), kind.as_ptr(), 0, std::ptr::null()) };
    }
    let mut kept = Vec::new();
    for times in 1.. {
        let mut host = dial();
        let mut lines = BufReader::new(host.try_clone().unwrap());
        let mut said = writeln!(host, "hello {times}");
        let mut line = String::new();
        while said.is_ok() && lines.read_line(&mut line).is_ok_and(|length| length > 0) {
            said = writeln!(host, "{}", answer(line.trim(), &mut kept));
            line.clear();
        }
    }
}

fn dial() -> File {
    let address = VsockAddress { family: AF_VSOCK as u16, reserved: 0, port: 52, cid: 2, zero: [0; 4] };
    loop {
        let fd = unsafe { socket(AF_VSOCK, SOCK_STREAM, 0) };
        let file = unsafe { File::from_raw_fd(fd) };
        if unsafe { connect(fd, &address, size_of::<VsockAddress>() as u32) } == 0 {
            return file;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

fn answer(line: &str, kept: &mut Vec<u8>) -> String {
    let (what, rest) = line.split_once(' ').unwrap_or((line, ""));
    match what {
        "size" => std::fs::read_to_string(format!("/sys/block/{rest}/size")).unwrap_or_default().trim().to_owned(),
        "begin" => begin_of(rest).unwrap_or_else(|error| error.to_string()),
        "write" => {
            let disk = File::options().write(true).open("/dev/vdh");
            disk.and_then(|disk| disk.write_all_at(rest.as_bytes(), 0).and_then(|()| disk.sync_all()))
                .map_or_else(|error| error.to_string(), |()| "written".to_owned())
        }
        "random" => {
            let mut bytes = [0; 16];
            unsafe { getrandom(bytes.as_mut_ptr(), bytes.len(), 0) };
            format!("{bytes:02x?}")
        }
        "seed" => seed(rest.as_bytes()),
        "mac" => std::fs::read_to_string("/sys/class/net/eth0/address").unwrap_or_default().trim().to_owned(),
        "take" => {
            let bytes = rest.parse::<usize>().unwrap_or(0) << 20;
            kept.clear();
            kept.shrink_to_fit();
            kept.resize(bytes, 1);
            "taken".to_owned()
        }
        "off" => format!("{}", unsafe { reboot(0x0123_4567) }),
        _ => "what?".to_owned(),
    }
}

/// Past every cache of the guest.
fn begin_of(disk: &str) -> std::io::Result<String> {
    let disk = File::options().read(true).custom_flags(O_DIRECT).open(format!("/dev/{disk}"))?;
    let mut buffer = vec![0u8; 8192];
    let shift = buffer.as_ptr().align_offset(4096);
    let mut disk = disk;
    disk.read_exact(&mut buffer[shift..shift + 4096])?;
    let text = &buffer[shift..shift + 4096];
    let length = text.iter().position(|byte| *byte == 0).unwrap_or(0);
    Ok(String::from_utf8_lossy(&text[..length]).into_owned())
}

fn seed(from: &[u8]) -> String {
    let mut entropy = Entropy { bits: 256, bytes: 32, data: [0; 32] };
    entropy.data.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    let random = File::open("/dev/urandom").unwrap();
    let added = unsafe { ioctl(random.as_raw_fd(), RNDADDENTROPY, &entropy) };
    let seeded = unsafe { ioctl(random.as_raw_fd(), RNDRESEEDCRNG) };
    format!("{added} {seeded}")
}
