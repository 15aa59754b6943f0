//! Libraries that speak SSH themselves: paramiko and asyncssh.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use e2e::{House, Ran, SshServer, browse, of_python, python};

use super::{house, registered};

/// What both programs begin with.
const HEAD: &str = "
import os
PORT, KEY, SPACE = int(os.environ['PORT']), os.environ.get('KEY'), os.environ.get('SPACE')
TOKEN = os.environ.get('TOKEN')
BYTES = bytes(n * 2654435761 >> 24 & 255 for n in range(3_000_000))
";

fn runs(program: &str, house: &House, more: &[(&str, &str)]) -> Ran {
    let port = house.ssh_port().to_string();
    let environment = [&[("PORT", &*port)], more].concat();
    let ran = python(&format!("{HEAD}{program}"), &environment);
    assert!(ran.ok(), "{}\n{}", ran.all(), house.log());
    ran
}

/// A machine with a registered key works with programs and files; then a person's token is a password.
fn works(program: &str) {
    let server = SshServer::start(None);
    let house = house(&server);
    let (key, space) = (registered(&house).display().to_string(), server.file("space"));
    std::fs::create_dir(&space).unwrap();
    let space = space.display().to_string();
    let token = house.person("alice").token;
    let ran = runs(program, &house, &[("KEY", &key), ("SPACE", &space), ("TOKEN", &token)]);
    assert_eq!(ran.stdout, "done\n", "{}", ran.stderr);
    let sessions = house.cli_json("root", &["sessions", "ls", "--json"]);
    let who: Vec<_> = sessions.as_array().unwrap().iter().map(|one| &one["subject"]).collect();
    assert_eq!(who, ["alice@example.com", "machine@ci"], "{sessions}");
}

#[test]
fn paramiko_works() {
    works(
        r#"
import paramiko, threading
def client(**how):
    c = paramiko.SSHClient()
    c.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    c.connect("127.0.0.1", PORT, "web-1", look_for_keys=False, allow_agent=False, **how)
    return c
def ran(c, line, given=b""):
    i, o, e = c.exec_command(line)
    i.write(given); i.flush(); i.channel.shutdown_write()
    out, err = o.read(), e.read()
    return o.channel.recv_exit_status(), out, err
def same(one, other): assert one == other, (one, other)

c = client(key_filename=KEY)
same(ran(c, "cat; echo beside >&2; exit 3", b"given"), (3, b"given", b"beside\n"))
same(ran(c, "wc -c", BYTES), (0, b"3000000\n", b""))
status, out, err = ran(c, "rm -f x")
same((status, out), (126, b""))
assert b"use the clean-up job" in err, err
# The connection goes on after a refusal, and serves many at once.
told = {}
def one(n): told[n] = ran(c, f"echo {n}")
threads = [threading.Thread(target=one, args=(n,)) for n in range(20)]
for thread in threads: thread.start()
for thread in threads: thread.join()
same(told, {n: (0, b"%d\n" % n, b"") for n in range(20)})

import io
sftp = c.open_sftp()
same(sftp.putfo(io.BytesIO(BYTES), f"{SPACE}/one").st_size, len(BYTES))
back = io.BytesIO(); sftp.getfo(f"{SPACE}/one", back); same(back.getvalue() == BYTES, True)
sftp.mkdir(f"{SPACE}/folder"); sftp.rename(f"{SPACE}/one", f"{SPACE}/folder/two")
same(sftp.listdir(SPACE), ["folder"])
same([(a.filename, a.st_size) for a in sftp.listdir_attr(f"{SPACE}/folder")], [("two", len(BYTES))])
with sftp.open(f"{SPACE}/folder/two", "r+") as file:
    file.seek(1000); file.write(b"here"); file.seek(998); same(file.read(8)[2:6], b"here")
sftp.remove(f"{SPACE}/folder/two"); sftp.rmdir(f"{SPACE}/folder")
try: sftp.stat(f"{SPACE}/folder")
except FileNotFoundError: pass
else: raise Exception("it is still there")
c.close()

c = client(password=TOKEN)
same(ran(c, "echo in"), (0, b"in\n", b""))
c.close()
for how in [dict(password="wrong"), dict(password="")]:
    try: client(**how)
    except paramiko.AuthenticationException: pass
    else: raise Exception("it came in")
print("done")
"#,
    );
}

#[test]
fn asyncssh_works() {
    works(
        r#"
import asyncio, asyncssh
def same(one, other): assert one == other, (one, other)
def client(**how):
    # It would rather be asked questions than send a password.
    how = dict(agent_path=None, config=None, known_hosts=None, client_keys=None) | how
    return asyncssh.connect("127.0.0.1", PORT, username="web-1", **how)

async def main():
    async with client(client_keys=[KEY]) as c:
        r = await c.run("cat; echo beside >&2; exit 3", input="given")
        same((r.exit_status, r.stdout, r.stderr), (3, "given", "beside\n"))
        r = await c.run("wc -c", input=BYTES, encoding=None)
        same((r.exit_status, r.stdout), (0, b"3000000\n"))
        r = await c.run("kill -TERM $$")
        same(r.exit_signal[0], "TERM")
        r = await c.run("rm -f x")
        same((r.exit_status, r.stdout), (126, ""))
        assert "use the clean-up job" in r.stderr, r.stderr
        many = await asyncio.gather(*(c.run(f"echo {n}") for n in range(20)))
        same([r.stdout for r in many], [f"{n}\n" for n in range(20)])
        with open(f"{SPACE}.here", "wb") as file: file.write(BYTES)
        async with c.start_sftp_client() as sftp:
            await sftp.put(f"{SPACE}.here", f"{SPACE}/one")
            await sftp.get(f"{SPACE}/one", f"{SPACE}.back")
            with open(f"{SPACE}.back", "rb") as file: same(file.read() == BYTES, True)
            await sftp.mkdir(f"{SPACE}/folder")
            await sftp.rename(f"{SPACE}/one", f"{SPACE}/folder/two")
            same(sorted(await sftp.listdir(SPACE)), [".", "..", "folder"])
            same((await sftp.stat(f"{SPACE}/folder/two")).size, len(BYTES))
            await sftp.rmtree(f"{SPACE}/folder")
            same(await sftp.exists(f"{SPACE}/folder"), False)
    async with client(password=TOKEN) as c:
        same((await c.run("echo in")).stdout, "in\n")
    try:
        async with client(password="wrong"): raise Exception("it came in")
    except asyncssh.PermissionDenied: pass
    print("done")
asyncio.run(main())
"#,
    );
}

#[test]
fn a_person_signs_in_in_a_browser_while_the_client_waits() {
    let server = SshServer::start(None);
    let house = house(&server);
    let program = r#"
import paramiko
t = paramiko.Transport(("127.0.0.1", PORT))
t.start_client(timeout=30)
def answer(title, instructions, prompts):
    print(instructions, flush=True)
    return ["" for _ in prompts]
t.auth_timeout = 90
t.auth_interactive("web-1", answer)
c = t.open_session()
c.exec_command("echo in")
print("it said", c.makefile().read().decode(), flush=True)
t.close()
"#;
    let mut child = Command::new(of_python("python"))
        .args(["-c", &format!("{HEAD}{program}")])
        .env("PORT", house.ssh_port().to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let url = loop {
        let mut line = String::new();
        assert!(output.read_line(&mut line).unwrap() > 0, "it ended: {said}\n{}", house.log());
        if line.trim().starts_with("http") {
            break line.trim().to_owned();
        }
        said.push_str(&line);
    };
    let _ = browse(&url, "erin@example.com");
    std::io::Read::read_to_string(&mut output, &mut said).unwrap();
    assert!(child.wait().unwrap().success() && said.contains("it said in"), "{said}");
    let sessions = house.cli_json("erin", &["sessions", "ls", "--json"]);
    assert_eq!(sessions[0]["subject"], "erin@example.com", "{sessions}");
}
