//! Transcripts: order, offsets, long lines, secrets.

use crate::place::Place;
use coordinate_engine::port::{Attempts as _, Ending, StreamName};

/// Prints a line and waits until the shim has stored it, so that the order between the outputs is certain.
const SAY: &str =
    r#"say() { echo "$1" >&"$2"; until grep -q "\"$1\"" ../attempts/a1/transcript; do sleep 0.01; done; }"#;

#[test]
fn lines_of_both_outputs_come_in_order_and_from_any_offset() {
    let place = Place::of(&format!("{SAY}; say a 1; say b 2; say c 1; say d 2"));
    place.start();
    let (lines, ending) = place.follow(0);
    assert_eq!(ending, Ending::Exited { code: 0 });
    let said: Vec<_> = lines.iter().map(|line| (line.stream, line.text.as_str())).collect();
    let (out, err) = (StreamName::Out, StreamName::Err);
    assert_eq!(said, [(out, "a"), (err, "b"), (out, "c"), (err, "d")]);
    for (index, line) in lines.iter().enumerate() {
        assert_eq!(place.follow(line.next_offset).0, lines[index + 1..]);
    }
    assert_eq!(place.transcript().len() as u64, lines[3].next_offset);
}

#[test]
fn a_follower_that_stops_goes_on_where_it_stopped() {
    let place = Place::of("for i in 1 2 3 4 5; do echo $i; sleep 0.02; done");
    place.start();
    let (mut texts, mut offset, mut rounds) = (Vec::new(), 0, 0);
    let ending = loop {
        rounds += 1;
        let from = offset;
        let mut take_one = |line: coordinate_engine::port::TranscriptLine| {
            texts.push(line.text);
            offset = line.next_offset;
            false
        };
        if let Some(ending) = place.attempts.follow(&place.launch.folder, from, &mut take_one).unwrap() {
            break ending;
        }
    };
    assert_eq!((texts.join(""), rounds, ending), ("12345".to_owned(), 6, Ending::Exited { code: 0 }));
}

#[test]
fn two_followers_get_the_same() {
    let place = Place::of("seq 1 20000; exit 1");
    place.start();
    let (first, second) = std::thread::scope(|scope| {
        let first = scope.spawn(|| place.follow(0));
        let second = scope.spawn(|| place.follow(0));
        (first.join().unwrap(), second.join().unwrap())
    });
    assert_eq!(first, second);
    let expected: Vec<_> = (1..=20_000).map(|number| number.to_string()).collect();
    assert_eq!(first.0.into_iter().map(|line| line.text).collect::<Vec<_>>(), expected);
}

#[test]
fn a_huge_line_without_an_end_is_kept_in_pieces() {
    let place = Place::of("head -c 3000000 /dev/zero | tr '\\0' x");
    let (lines, ending) = place.run();
    assert_eq!(ending, Ending::Exited { code: 0 });
    assert_eq!(lines.iter().map(String::len).sum::<usize>(), 3_000_000);
    assert!(lines.iter().all(|line| line.len() <= 1 << 20));
}

#[test]
fn bytes_that_are_no_text_are_replaced() {
    let place = Place::of("printf 'a\\377b\\n'");
    assert_eq!(place.run().0, ["a\u{fffd}b"]);
}

#[test]
fn secrets_of_the_program_are_redacted() {
    let place = Place::of("printf 'x sk-sec'; sleep 0.2; printf 'ret-1 y\\n'; printf \"$MY_TOKEN\" >&2")
        .with(|launch| launch.program.env.push(("MY_TOKEN".to_owned(), "sk-secret-1".to_owned())));
    let (mut lines, _) = place.run();
    lines.sort();
    assert_eq!(lines, ["[redacted:MY_TOKEN]", "x [redacted:MY_TOKEN] y"]);
    assert!(!place.transcript().contains("sk-secret-1"));
}

#[test]
fn secrets_of_the_launcher_are_redacted() {
    let place = Place::of("echo \"{\\\"key\\\":\\\"$SOME_API_KEY\\\"}\"");
    let launcher = place.start_elsewhere(&[("SOME_API_KEY", "sk-inherited/2")]);
    let (lines, _) = place.follow(0);
    assert_eq!(lines[0].text, "{\"key\":\"[redacted:SOME_API_KEY]\"}");
    for entry in std::fs::read_dir(&place.launch.folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let content = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            assert!(!content.contains("sk-inherited"), "{}", path.display());
        }
    }
    launcher.kill();
}

/// Some programs believe `PWD` before they ask the system where they are.
#[test]
fn a_program_is_told_the_folder_that_it_is_in() {
    let place = Place::running(vec!["env".to_owned()]);
    place.start();
    let (lines, _) = place.follow(0);
    let folder = format!("PWD={}", place.launch.program.cwd.display());
    assert!(lines.iter().any(|line| line.text == folder), "{lines:#?}");
    assert!(!lines.iter().any(|line| line.text.starts_with("OLDPWD=")), "{lines:#?}");
}
