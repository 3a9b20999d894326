//! A TCP proxy that cuts, and one that lets everything through to the server and nothing back: what a lost answer is.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
}

struct State {
    server: SocketAddr,
    /// Answers are swallowed.
    deaf: AtomicBool,
    /// Bytes that were swallowed: answers that somebody missed.
    swallowed: AtomicUsize,
    ended: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    pub(crate) fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("bound");
        let state = Arc::new(State {
            server,
            deaf: AtomicBool::new(false),
            swallowed: AtomicUsize::new(0),
            ended: AtomicBool::new(false),
            open: Mutex::default(),
        });
        let accepting = Arc::clone(&state);
        thread::spawn(move || accept(&listener, &accepting));
        Self { address, state }
    }

    /// From now on the server hears and is not heard.
    pub(crate) fn deafen(&self) {
        self.state.swallowed.store(0, Ordering::SeqCst);
        self.state.deaf.store(true, Ordering::SeqCst);
    }

    /// Whether an answer was swallowed since.
    pub(crate) fn swallowed(&self) -> bool {
        self.state.swallowed.load(Ordering::SeqCst) > 0
    }

    /// Closes every connection; new ones are as the first were.
    pub(crate) fn cut(&self) {
        self.state.deaf.store(false, Ordering::SeqCst);
        for stream in self.state.open.lock().expect("not poisoned").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::SeqCst);
        self.cut();
        let _ = TcpStream::connect(self.address); // wakes the thread that accepts
    }
}

fn accept(listener: &TcpListener, state: &Arc<State>) {
    for client in listener.incoming().map_while(Result::ok) {
        if state.ended.load(Ordering::SeqCst) {
            return;
        }
        let Ok(server) = TcpStream::connect(state.server) else { continue };
        let both = |stream: &TcpStream| stream.try_clone().expect("a descriptor");
        state.open.lock().expect("not poisoned").extend([both(&client), both(&server)]);
        let (up, down) = ((both(&client), both(&server)), (server, client));
        thread::spawn(move || pass(up, None));
        let state = Arc::clone(state);
        thread::spawn(move || pass(down, Some(&state)));
    }
}

fn pass((mut from, mut to): (TcpStream, TcpStream), answers: Option<&State>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        match answers {
            Some(state) if state.deaf.load(Ordering::SeqCst) => {
                // A PING of the server's is no answer, but no harm: it only makes the test wait less.
                state.swallowed.fetch_add(count, Ordering::SeqCst);
            }
            _ if to.write_all(&buffer[..count]).is_err() => break,
            _ => {}
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
