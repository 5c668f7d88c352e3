"""Starts etcd so that nobody but this job ever reaches it unlocked: `etcd.py FILE COMMAND...`, in a folder of mode 0700.

etcd can only be told of users while it runs, and until then whoever connects first may make himself root. So it first
runs with its client listener on a Unix socket in the folder, is given the user root with a random password, and ends;
then COMMAND takes the place of this process, on the address that is open to others and with the same data. FILE gets the
password, the revision and the revision of the users (`-` where etcd 3.4 does not tell), one a line: whoever reads the
same revisions from the open etcd knows that nobody has written anything.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time

# Relative, because a socket's path may have 108 bytes; etcd up to 3.5 wants a port, which is part of the file's name.
SOCKET = "client:1"
# Seconds that etcd has to start in, and to answer each request in.
PATIENCE = 60


def call(path, body, token=""):
    """Answers with the status and the JSON of etcd's gateway. Raises OSError while etcd does not listen."""
    text = json.dumps(body)
    lines = [f"POST {path} HTTP/1.0", "Host: etcd", "Content-Type: application/json", f"Content-Length: {len(text)}"]
    if token:
        lines.append(f"Authorization: {token}")
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE)
        connection.connect(SOCKET)
        connection.sendall("\r\n".join([*lines, "", text]).encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    head, _, body = answer.partition("\r\n\r\n")
    try:
        return int(head.split()[1]), json.loads(body)
    except (IndexError, ValueError):
        return 0, {}


def ask(path, body, token=""):
    status, answer = call(path, body, token)
    if status != 200:
        sys.exit(f"dyn-slurm: etcd refused {path} before it was open: {answer.get('error', status)}")
    return answer


def await_answer(etcd):
    """Returns once etcd answers a read, which it does when it has elected itself."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if etcd.poll() is not None:
            sys.exit(etcd.returncode if etcd.returncode > 0 else 128 - etcd.returncode or 1)
        try:
            if call("/v3/kv/range", {"key": "AA=="})[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.01)
    sys.exit(f"dyn-slurm: etcd did not answer within {PATIENCE} s on its own socket")


def lock(password):
    """Gives etcd its user, and answers with what FILE says."""
    login = {"name": "root", "password": password}
    ask("/v3/auth/user/add", login)
    ask("/v3/auth/role/add", {"name": "root"})
    ask("/v3/auth/user/grant", {"user": "root", "role": "root"})
    ask("/v3/auth/enable", {})
    token = ask("/v3/auth/authenticate", login)["token"]
    revision = ask("/v3/kv/range", {"key": "AA=="}, token)["header"]["revision"]
    users = call("/v3/auth/status", {}, token)[1].get("authRevision", "-")
    return f"{password}\n{revision}\n{users}\n"


def end(number, _):
    sys.exit(128 + number)


def main(file, *command):
    signal.signal(signal.SIGTERM, end)
    private = f"unix://{SOCKET}"
    try:
        # Of a flag that is given twice etcd takes the second.
        etcd = subprocess.Popen([*command, "--listen-client-urls", private, "--advertise-client-urls", private])
    except OSError as error:
        sys.exit(f"dyn-slurm: cannot start {command[0]}: {error.strerror}")
    try:
        await_answer(etcd)
        text = lock(os.urandom(24).hex())
    finally:
        etcd.terminate()
        etcd.wait()
    with open(os.open(f"{file}.part", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as part:
        part.write(text)
    os.rename(f"{file}.part", file)
    os.execvp(command[0], command)


main(*sys.argv[1:])
