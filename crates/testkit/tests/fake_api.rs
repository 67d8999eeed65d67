//! The fake model API as a program: its address, its exit codes, what it records.

#![expect(clippy::expect_used, reason = "a test's own set-up can only fail the test")]

use coordinate_testkit::{Hermetic, Outcome, hermetic};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

fn api(env: &Hermetic) -> Command {
    env.command(env!("CARGO_BIN_EXE_coordinate-fake-api"))
}

#[track_caller]
fn run(env: &Hermetic, arguments: &[&str]) -> Outcome {
    api(env).args(arguments).stdin(Stdio::null()).output().expect("it starts").into()
}

fn outcome(code: i32, stdout: &str, stderr: &str) -> Outcome {
    Outcome { code: Some(code), stdout: stdout.into(), stderr: stderr.into() }
}

#[track_caller]
fn post(address: &str, body: &Value) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let body = body.to_string();
    write!(stream, "POST /v1/messages HTTP/1.1\r\ncontent-length: {}\r\n\r\n{body}", body.len()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

#[test]
fn it_prints_its_address_serves_and_records() {
    let env = hermetic();
    let record = env.root().join("requests.jsonl");
    let mut server = api(&env).arg("--record").arg(&record).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut line = String::new();
    BufReader::new(server.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
    let body = json!({"messages": [{"role": "user", "content": "hello"}]});
    let answer = post(line.trim().strip_prefix("http://").expect("an address"), &body);
    assert!(answer.contains("No script in the prompt."), "{answer}");
    let recorded: Value = serde_json::from_str(&fs::read_to_string(&record).expect("a record")).expect("JSON");
    assert_eq!(recorded, json!({"path": "/v1/messages", "body": body}));
    server.kill().expect("it serves still");
    server.wait().expect("it is our child");
}

#[test]
fn it_ends_as_its_command_ends() {
    let env = hermetic();
    let told = run(&env, &["--", "sh", "-c", "case $FAKE_API_URL in http://127.0.0.1:*) echo told; exit 7;; esac"]);
    assert_eq!(told, outcome(7, "told\n", ""));
    assert_eq!(run(&env, &["--", "sh", "-c", "kill -9 $$"]).code, Some(137));
    let message = "fake-api: failed to start `no-such-program`: No such file or directory (os error 2)\n";
    assert_eq!(run(&env, &["--", "no-such-program"]), outcome(127, "", message));
    env.assert_no_leftovers();
}

#[test]
fn wrong_arguments_are_refused() {
    let env = hermetic();
    for wrong in [&["--loud"][..], &["--port"], &["--port", "many"], &["sh"]] {
        let refused = run(&env, wrong);
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(64), ""), "{wrong:?}");
        assert!(refused.stderr.starts_with("fake-api: coordinate-fake-api [--port N]"), "{}", refused.stderr);
    }
}

#[test]
fn a_script_is_made_into_what_a_prompt_carries() {
    let env = hermetic();
    let mut child = api(&env).arg("--marker").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    child.stdin.take().expect("piped").write_all(b"[]\n").expect("it reads");
    let made = child.wait_with_output().expect("it ends");
    assert_eq!(Outcome::from(made), outcome(0, "FAKE64:W10=\n", ""));
}
