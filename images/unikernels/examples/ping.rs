//! A unikernel in Rust, without the library OS: it answers ARP and ping, frame by frame. Its address is the one of
//! `--ipv4=A/P`. Compiled by Debian's rustc for wasm32-unknown-unknown.
#![no_std]

use core::panic::PanicInfo;

/// As in include/solo5.h and include/strata.h.
mod solo5 {
    #[repr(C)]
    pub struct NetInfo {
        pub mac_address: [u8; 6],
        pub mtu: usize,
    }

    #[link(wasm_import_module = "solo5")]
    extern "C" {
        #[link_name = "console_write"]
        pub fn console_write(buffer: *const u8, size: usize);
        #[link_name = "net_acquire"]
        pub fn net_acquire(name: *const u8, handle: *mut u64, info: *mut NetInfo) -> i32;
        #[link_name = "net_read"]
        pub fn net_read(handle: u64, buffer: *mut u8, size: usize, read_size: *mut usize) -> i32;
        #[link_name = "net_write"]
        pub fn net_write(handle: u64, buffer: *const u8, size: usize) -> i32;
        #[link_name = "abort"]
        pub fn abort() -> !;
    }

    #[link(wasm_import_module = "strata")]
    extern "C" {
        #[link_name = "arguments"]
        pub fn arguments(buffer: *mut u8, size: usize) -> usize;
    }
}

#[link_section = "solo5.manifest"]
#[used]
static MANIFEST: [u8; 87] =
    *br#"{"type":"solo5.manifest","version":1,"devices":[{"name":"service","type":"NET_BASIC"}]}"#;

struct Card {
    handle: u64,
    mac: [u8; 6],
    address: [u8; 4],
}

// One thread, and the host never calls in while it is called.
static mut CARD: Card = Card { handle: 0, mac: [0; 6], address: [0; 4] };
static mut FRAME: [u8; 1514] = [0; 1514];

fn say(text: &[u8]) {
    unsafe { solo5::console_write(text.as_ptr(), text.len()) }
}

/// "a.b.c.d" or what comes before the "/" of "a.b.c.d/n".
fn parse_address(text: &[u8]) -> Option<[u8; 4]> {
    let mut address = [0; 4];
    let host = text.split(|&c| c == b'/').next()?;
    let mut parts = host.split(|&c| c == b'.');
    for byte in address.iter_mut() {
        *byte = core::str::from_utf8(parts.next()?).ok()?.parse().ok()?;
    }
    if parts.next().is_some() { None } else { Some(address) }
}

fn address_argument() -> Option<[u8; 4]> {
    let mut buffer = [0; 512];
    let size = unsafe { solo5::arguments(buffer.as_mut_ptr(), buffer.len()) };
    let arguments = buffer.get(..size)?;
    let value = arguments.split(|&c| c == 0).find_map(|argument| argument.strip_prefix(b"--ipv4="))?;
    parse_address(value)
}

/// The Internet checksum of RFC 1071.
fn checksum(bytes: &[u8]) -> u16 {
    let mut sum = 0u32;
    for pair in bytes.chunks(2) {
        sum += u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0));
    }
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// Makes the answer to an ARP request out of it (RFC 826).
fn answer_arp(frame: &mut [u8], card: &Card) -> bool {
    if frame.len() < 42 || frame[20..22] != [0, 1] || frame[38..42] != card.address {
        return false;
    }
    frame[21] = 2;
    frame.copy_within(22..32, 32);
    frame[22..28].copy_from_slice(&card.mac);
    frame[28..32].copy_from_slice(&card.address);
    true
}

/// Makes the answer to a ping out of it (RFC 792). Headers with options are not for us.
fn answer_ping(frame: &mut [u8], card: &Card) -> bool {
    if frame.len() < 42 || frame[14] != 0x45 || frame[23] != 1 || frame[34] != 8 || frame[30..34] != card.address {
        return false;
    }
    let end = 14 + usize::from(u16::from_be_bytes([frame[16], frame[17]]));
    if end < 42 || end > frame.len() {
        return false;
    }
    frame.copy_within(26..30, 30);
    frame[26..30].copy_from_slice(&card.address);
    frame[34..38].copy_from_slice(&[0; 4]);
    let sum = checksum(&frame[34..end]);
    frame[36..38].copy_from_slice(&sum.to_be_bytes());
    true
}

fn answer(frame: &mut [u8], card: &Card) {
    let answered = match frame.get(12..14) {
        Some([8, 6]) => answer_arp(frame, card),
        Some([8, 0]) => answer_ping(frame, card),
        _ => false,
    };
    if !answered {
        return;
    }
    frame.copy_within(6..12, 0);
    frame[6..12].copy_from_slice(&card.mac);
    unsafe { solo5::net_write(card.handle, frame.as_ptr(), frame.len()) };
}

#[no_mangle]
pub extern "C" fn solo5_app_init() -> i32 {
    let mut info = solo5::NetInfo { mac_address: [0; 6], mtu: 0 };
    let card = unsafe { &mut CARD };
    if unsafe { solo5::net_acquire(b"service\0".as_ptr(), &mut card.handle, &mut info) } != 0 {
        say(b"There is no network device\n");
        return 1;
    }
    card.mac = info.mac_address;
    match address_argument() {
        Some(address) => card.address = address,
        None => {
            say(b"It needs an address: --ipv4=10.0.0.2/24\n");
            return 1;
        }
    }
    say(b"Answering ping\n");
    0
}

#[no_mangle]
pub extern "C" fn solo5_app_poll(_ready: u64) -> u64 {
    let (card, frame) = unsafe { (&CARD, &mut FRAME) };
    let mut size = 0;
    while unsafe { solo5::net_read(card.handle, frame.as_mut_ptr(), frame.len(), &mut size) } == 0 {
        answer(&mut frame[..size], card);
    }
    u64::MAX
}

#[panic_handler]
fn panic(_info: &PanicInfo) -> ! {
    say(b"Panic\n");
    unsafe { solo5::abort() }
}
