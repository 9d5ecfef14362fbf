use std::path::Path;
use towpath_yaml::*;
fn walk(p: &Path, out: &mut Vec<std::path::PathBuf>) {
    for e in std::fs::read_dir(p).unwrap() {
        let e = e.unwrap().path();
        if e.is_dir() {
            walk(&e, out)
        } else if e.extension().is_some_and(|x| x == "yaml" || x == "yml") {
            out.push(e)
        }
    }
}
fn chk(n: &Node, src: &[u8], f: &str, c: &mut usize) {
    *c += 1;
    let t = &src[n.span.range()];
    let t = std::str::from_utf8(t).unwrap();
    match n.style {
        Style::Plain => {
            if !t.contains('\n') && Some(t) != n.text() {
                println!("PLAIN {f}:{} {t:?} {:?}", n.span.line, n.text())
            }
        }
        Style::SingleQuoted => {
            if !(t.starts_with('\'') && t.ends_with('\'') && t.len() > 1) {
                println!("SQ {f}:{} {t:?}", n.span.line)
            }
        }
        Style::DoubleQuoted => {
            if !(t.starts_with('"') && t.ends_with('"') && t.len() > 1) {
                println!("DQ {f}:{} {t:?}", n.span.line)
            }
        }
        Style::Literal => {
            if !t.starts_with('|') {
                println!("LIT {f}:{} {t:?}", n.span.line)
            }
        }
        Style::Folded => {
            if !t.starts_with('>') {
                println!("FOLD {f}:{} {t:?}", n.span.line)
            }
        }
        Style::Empty => {
            if !(t.is_empty()) {
                println!("EMPTY {f}:{} {t:?}", n.span.line)
            }
        }
        _ => {}
    }
    // line/col
    let before = &src[..n.span.start];
    let line = before.iter().filter(|b| **b == b'\n').count() + 1;
    if line != n.span.line as usize {
        println!("LINE {f}: {} vs {line}", n.span.line)
    }
    let ls = before.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
    let col = std::str::from_utf8(&src[ls..n.span.start]).unwrap().chars().count() + 1;
    if col != n.span.column as usize {
        println!("COL {f}:{line} {} vs {col}", n.span.column)
    }
    match &n.value {
        Value::Seq(v) => v.iter().for_each(|n| chk(n, src, f, c)),
        Value::Map(m) => m.iter().for_each(|e| chk(&e.value, src, f, c)),
        _ => {}
    }
}
fn main() {
    let a: Vec<String> = std::env::args().skip(1).collect();
    if a[0] == "bench" {
        let s = std::fs::read(&a[1]).unwrap();
        let mut best = f64::MAX;
        for _ in 0..30 {
            let t = std::time::Instant::now();
            let d = parse(&s).unwrap();
            let e = t.elapsed().as_secs_f64();
            best = best.min(e);
            std::hint::black_box(d);
        }
        println!(
            "{} bytes best {:.2} ms {:.1} MB/s",
            s.len(),
            best * 1e3,
            s.len() as f64 / best / 1e6
        );
        let mut best = f64::MAX;
        for _ in 0..30 {
            let t = std::time::Instant::now();
            let n = saphyr_parser::Parser::new_from_str(std::str::from_utf8(&s).unwrap()).count();
            let e = t.elapsed().as_secs_f64();
            best = best.min(e);
            std::hint::black_box(n);
        }
        println!("events only best {:.2} ms", best * 1e3);
        return;
    }
    if a[0] == "json" {
        let s = std::fs::read(&a[1]).unwrap();
        match parse(&s) {
            Ok(d) => {
                for d in d {
                    println!("{}", d.root.to_json())
                }
            }
            Err(e) => println!("{}", e.report(&a[1], &s)),
        }
        return;
    }
    let mut fs = vec![];
    for d in &a {
        walk(Path::new(d), &mut fs)
    }
    fs.sort();
    let (mut bytes, mut nodes, mut bad) = (0, 0, 0);
    let mut time = 0.0;
    for f in &fs {
        let s = std::fs::read(f).unwrap();
        bytes += s.len();
        let t = std::time::Instant::now();
        let r = parse(&s);
        time += t.elapsed().as_secs_f64();
        match r {
            Ok(d) => {
                for d in &d {
                    chk(&d.root, &s, &f.display().to_string(), &mut nodes)
                }
            }
            Err(e) => {
                bad += 1;
                println!("{}", e.report(&f.display().to_string(), &s))
            }
        }
    }
    println!(
        "{} files {bytes} bytes {nodes} nodes {bad} bad {:.1} MB/s",
        fs.len(),
        bytes as f64 / time / 1e6
    );
}
