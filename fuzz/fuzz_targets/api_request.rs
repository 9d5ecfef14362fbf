//! Requests to a cluster, one after the other: each is answered, what is written can be read back, and the same
//! requests make the same cluster again.
//!
//! The input is requests with a line `%%` between them: a line `METHOD PATH CONTENT-TYPE`, and the body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use towpath_apimachinery::request::Method;
use towpath_fuzz::World;

/// How many requests of one input are asked.
const MOST: usize = 8;

fuzz_target!(|data: &[u8]| {
    let requests: Vec<&[u8]> = split(data).take(MOST).collect();
    let ask_all = || {
        let mut world = World::holding();
        let answers: Vec<_> = requests.iter().map(|request| ask(&mut world, request)).collect();
        (answers, world.machine.state().revision(), world.tails())
    };
    let first = ask_all();
    assert!(first == ask_all(), "the same requests are answered otherwise");
});

fn split(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    const BETWEEN: &[u8] = b"\n%%\n";
    let mut rest = Some(data);
    std::iter::from_fn(move || {
        let all = rest?;
        let at = all.windows(BETWEEN.len()).position(|window| window == BETWEEN);
        rest = at.map(|at| &all[at + BETWEEN.len()..]);
        Some(&all[..at.unwrap_or(all.len())])
    })
}

fn ask(world: &mut World, request: &[u8]) -> Option<(u16, Vec<u8>)> {
    let end = request.iter().position(|byte| *byte == b'\n').unwrap_or(request.len());
    let body = request.get(end + 1..).unwrap_or_default();
    let line = std::str::from_utf8(&request[..end]).ok()?;
    let mut words = line.splitn(3, ' ');
    let method = match words.next()? {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        _ => return None,
    };
    let path = words.next()?;
    let answer = world.ask(method, path, words.next().unwrap_or_default(), body);
    Some((answer.code, answer.body))
}
