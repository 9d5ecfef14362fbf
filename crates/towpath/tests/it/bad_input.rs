//! Files as they should never be, and command lines likewise.

use std::process::Stdio;

use crate::support::{PATH_FILE, PRODUCTION, World, assert_transcript};

/// Commands that read the files, one that would write each kind of thing.
const READERS: [&[&str]; 3] =
    [&["status", "--offline"], &["init", "--dry-run"], &["plan", "production", "--offline"]];

#[test]
fn yaml_that_cannot_be_read_is_placed_and_nothing_is_written() {
    let cases: [(&str, &[u8]); 9] = [
        ("malformed", b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x\n"),
        ("a duplicate key", b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  name: y\n"),
        ("a tab", b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n\tname: x\n"),
        ("an unknown anchor", b"apiVersion: v1\nkind: ConfigMap\nmetadata: *nowhere\n"),
        ("invalid UTF-8", b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: \xff\xfe\n"),
        ("a merge key of a scalar", b"apiVersion: v1\nkind: ConfigMap\n<<: 3\n"),
        ("an unclosed quote", b"apiVersion: v1\nkind: \"ConfigMap\nmetadata:\n  name: x\n"),
        (
            "bad indentation",
            b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n namespace: y\n",
        ),
        ("a control character", b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: \x01\n"),
    ];
    let world = World::stated();
    for (name, bytes) in cases {
        world.say(name);
        world.repo.file("clusters/production/bad.yaml", bytes);
        world.refused(&["status", "--offline"]);
    }
    std::fs::remove_file(world.repo.path().join("towpath.yaml")).expect("is there");
    world.refused(&["init"]);
    world.repo.git(&["restore", "towpath.yaml"]);
    world.say("committed");
    world.publish("bad");
    for args in [
        &["status", "--offline"][..],
        &["promote", "production"],
        &["release", "0.0.7"],
        &["sandbox", "create", "a", "--from", "development", "--ticket", "T-1", "--summary", "x"],
    ] {
        world.refused(args);
    }
    assert_transcript!(world);
}

#[test]
fn yaml_bombs_are_refused_at_once() {
    let world = World::stated();
    let mut laughs =
        String::from("apiVersion: v1\nkind: ConfigMap\na0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for i in 1..12 {
        let list = vec![format!("*a{}", i - 1); 9].join(", ");
        laughs.push_str(&format!("a{i}: &a{i} [{list}]\n"));
    }
    let deep = format!(
        "apiVersion: v1\nkind: ConfigMap\ndata: {}{}\n",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    for (name, text) in [("a billion laughs", laughs), ("deep nesting", deep)] {
        world.say(name);
        world.repo.file("clusters/production/bad.yaml", text);
        let before = world.repo.snapshot();
        assert_eq!(world.run(&["status", "--offline"]), 2);
        assert!(before == world.repo.snapshot());
    }
    let transcript = world.transcript();
    assert!(
        transcript.lines().all(|line| line.len() < 400),
        "a line of the file is shown, not all of it"
    );
    assert_transcript!(world);
}

#[test]
fn odd_yaml_that_is_right_is_read() {
    let world = World::stated();
    let before = world.ok(&["status", "--offline"]);
    let text = world.read(PRODUCTION);
    world.repo.file(PRODUCTION, format!("\u{feff}{}", text.replace('\n', "\r\n")));
    assert_eq!(world.ok(&["status", "--offline"]), before);
    let scalar = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: big}}\ndata:\n  x: {}\n",
        "y".repeat(1 << 20)
    );
    world.repo.file("clusters/production/big.yaml", scalar);
    let several = "# only a comment\n---\n---\n# and another\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: &m\n  name: x\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  <<: {name: y}\n...\n";
    world.repo.file("clusters/production/several.yaml", several);
    world.repo.file("clusters/production/empty.yaml", "");
    assert_eq!(world.ok(&["status", "--offline"]), before);
}

#[test]
fn mistakes_in_towpath_yaml_are_placed() {
    let replace = |old: &str, new: &str| PATH_FILE.replacen(old, new, 1);
    let cases = [
        replace("kind: Path", "kind: Road"),
        replace("towpath.dev/v1alpha1", "towpath.dev/v9"),
        replace("    tracks: branch", "    trakcs: branch"),
        replace("tracks: branch", "tracks: sometimes"),
        replace("after: [development]", "after: [nowhere]"),
        replace("after: [development]", "after: [production]"),
        replace("after: [development]", "after: development"),
        replace("name: staging", "name: ../staging"),
        replace("name: staging", "name: production"),
        replace("    - platform\n", "    - ../platform\n"),
        replace("    - platform\n", "    - /etc\n"),
        replace(
            "    tracks: exact\n",
            "    tracks: exact\n    clusters:\n    - path: ../../elsewhere\n",
        ),
        replace(
            "    tracks: exact\n",
            "    tracks: exact\n    clusters:\n    - path: clusters/nowhere\n",
        ),
        replace("    tracks: exact\n", "    tracks: exact\n    gates:\n    - soak: soon\n"),
        replace("    tracks: exact\n", "    tracks: exact\n    gates:\n    - lunch: 1h\n"),
        replace(
            "    tracks: exact\n",
            "    tracks: exact\n    gates:\n    - order: {component: nobody, range: '>1'}\n",
        ),
        replace(
            "    tracks: exact\n",
            "    tracks: exact\n    gates:\n    - order: {component: platform, range: '>>1'}\n",
        ),
        replace("oci-layout:../registry", "ftp://x"),
        replace("spec:\n", "spec:\n  trunk: 'a b'\n"),
        format!("{PATH_FILE}---\n{PATH_FILE}"),
        String::new(),
        "- a list\n".to_owned(),
    ];
    let world = World::stated();
    for text in cases {
        assert_ne!(text, PATH_FILE);
        let old: Vec<&str> = PATH_FILE.lines().collect();
        let new = text.lines().find(|line| !old.contains(line)).unwrap_or("(see the test)");
        world.say(new);
        world.repo.file("towpath.yaml", &text);
        let before = world.repo.snapshot();
        world.run(&["status", "--offline"]);
        assert!(before == world.repo.snapshot());
    }
    assert_transcript!(world);
}

#[test]
fn links_and_odd_files_of_the_repository_are_no_trap() {
    let world = World::stated();
    let before = world.ok(&["status", "--offline"]);
    let link = |target: &str, name: &str| {
        std::os::unix::fs::symlink(target, world.repo.path().join(name))
            .expect("a link can be made");
    };
    link("/etc/passwd", "clusters/production/passwd.yaml");
    link("..", "clusters/production/round");
    link("nowhere", "clusters/production/dangling.yaml");
    assert_eq!(world.ok(&["status", "--offline"]), before);
    world.publish("links");
    // The branch has moved, so only that may differ.
    for args in READERS {
        let output = world.command(args).output().expect("runs");
        assert_ne!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// What stands elsewhere on the machine would be shown in the error.
#[test]
fn a_link_in_the_place_of_towpath_yaml_is_refused() {
    let world = World::example();
    std::os::unix::fs::symlink("/etc/passwd", world.repo.path().join("towpath.yaml"))
        .expect("a link can be made");
    world.refused(&["status", "--offline"]);
    world.refused(&["init"]);
    assert_transcript!(world);
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let world = World::two_releases();
    for args in [
        &["status", "-o", "json"][..],
        &["history"],
        &["--help"],
        &["status"],
        &["completion", "bash"],
    ] {
        let mut child = world
            .command(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary can be started");
        // Closed before anything is written: every write of the child meets nobody.
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), stderr.as_str()), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn command_lines_that_mean_nothing() {
    let world = World::stated();
    for args in [
        &[][..],
        &["stauts"],
        &["status", "--frobnicate"],
        &["status", "extra"],
        &["status", "-o", "xml"],
        &["status", "-C", ""],
        &["plan"],
        &["plan", ""],
        &["promote", "-x"],
        &["override", "production"],
        &["sandbox"],
        &["sandbox", "create"],
        &["completion", "tcsh"],
        &["demo", "--into", "."],
    ] {
        world.refused(args);
    }
    assert_transcript!(world);
}
