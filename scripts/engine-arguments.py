#!/usr/bin/env python3
"""Writes src/config/compat/engine-arguments.json: what arguments each release of SGLang and of Dynamo takes.

    python3 scripts/engine-arguments.py FOLDER

FOLDER holds, or is given, the wheels: those of RELEASES that are missing are downloaded from PyPI by pip. They are
read, not installed: calls of `add_argument` and fields with argument metadata are found by Python's own parser (`ast`),
so neither torch nor a GPU is needed. What only a running program knows (a list of choices made by a loop) is left out.
"""

import ast
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

SGLANG = (
    "0.4.9.post6 0.4.10 0.4.10.post1 0.4.10.post2 0.5.0rc2 0.5.1 0.5.1.post1 0.5.1.post2 0.5.1.post3 0.5.2 0.5.3 "
    "0.5.3.post1 0.5.3.post2 0.5.3.post3 0.5.4 0.5.4.post1 0.5.4.post2 0.5.4.post3 0.5.5 0.5.5.post1 0.5.5.post2 "
    "0.5.5.post3 0.5.6 0.5.6.post1 0.5.6.post2 0.5.7 0.5.8 0.5.8.post1 0.5.9 0.5.10 0.5.10.post1 0.5.11 0.5.12 "
    "0.5.12.post1 0.5.13 0.5.13.post1 0.5.14 0.5.15 0.5.15.post1 0.5.16 0.5.17 0.5.18 0.5.19 0.5.20 0.5.21 0.5.22 0.5.23"
).split()
DYNAMO = (
    "0.4.0 0.4.1 0.5.0 0.5.1 0.6.0 0.6.1 0.7.0 0.7.1 0.8.0 0.8.1 0.9.0 0.9.1 1.0.0 1.0.1 1.0.2 1.1.0 1.1.1 "
    "1.2.0.post1 1.2.1 1.3.0.post1 1.3.1 1.4.0 1.4.1 1.4.2 1.5.0 1.5.1 1.6.0 1.6.1"
).split()

# Where a program's arguments begin; what these files import from `follow` is read as well.
PROGRAMS = {
    "sglang": {
        "wheel": "sglang",
        "entries": ["sglang.srt.server_args"],
        "follow": r"sglang\.srt\.arg_groups\.",
    },
    "dynamo.sglang": {
        "wheel": "ai-dynamo",
        "entries": ["dynamo.sglang.args", "dynamo.sglang.worker", "dynamo.sglang.main", "dynamo.sglang.utils.sgl_utils"],
        "follow": r"dynamo\.(sglang|common\.configuration)(\.|$)",
    },
    "dynamo.frontend": {
        "wheel": "ai-dynamo",
        "entries": ["dynamo.frontend.main"],
        "follow": r"dynamo\.(frontend|common\.configuration)(\.|$)",
    },
    "dynamo.mocker": {
        "wheel": "ai-dynamo",
        "entries": ["dynamo.mocker.main", "dynamo.mocker.args"],
        "follow": r"dynamo\.(mocker|common\.configuration)(\.|$)",
    },
}

# An argument's value that this reader cannot know.
UNKNOWN = object()
# Values by name of their type, where the name says enough. All else is text that the program reads itself.
NUMBERS = {"int": "int", "float": "float"}


class Wheel:
    """Modules of a wheel, parsed as they are asked for."""

    def __init__(self, path):
        self.archive = zipfile.ZipFile(path)
        self.names = set(self.archive.namelist())
        self.parsed = {}

    def module(self, name):
        """The syntax tree of a module; None where the wheel has none of that name."""
        if name not in self.parsed:
            base = name.replace(".", "/")
            found = next((file for file in (f"{base}.py", f"{base}/__init__.py") if file in self.names), None)
            self.parsed[name] = found and ast.parse(self.archive.read(found))
            if found:
                self.parsed[name].package = name if found.endswith("__init__.py") else name.rpartition(".")[0]
        return self.parsed[name]

    def requirements(self):
        """Requirements of its metadata, each a line."""
        [file] = [name for name in self.names if re.fullmatch(r"[^/]+\.dist-info/METADATA", name)]
        return re.findall(r"^Requires-Dist: (.*)$", self.archive.read(file).decode(), re.MULTILINE)


def imports(tree):
    """Names of modules that a tree imports, and what it takes from each: (module, name, own name)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, None, alias.asname or alias.name
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                package = tree.package.split(".")
                module = ".".join([*package[: len(package) - node.level + 1], *([module] if module else [])])
            for alias in node.names:
                yield module, alias.name, alias.asname or alias.name


def reachable(wheel, entries, follow):
    """Modules that hold a program's arguments."""
    found = []
    waiting = [name for name in entries if wheel.module(name)]
    while waiting:
        name = waiting.pop(0)
        if name in found:
            continue
        found.append(name)
        for module, member, _ in imports(wheel.module(name)):
            for candidate in (module, f"{module}.{member}"):
                known = re.match(follow, candidate) and "test" not in candidate
                if known and candidate not in found and wheel.module(candidate):
                    waiting.append(candidate)
    return found


def last_name(node):
    """`c` of `a.b.c`, `c` of `c`."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", None)


class Scope:
    """Evaluates expressions of a module that are made of constants."""

    def __init__(self, wheel, module, local=None, owner=None):
        self.wheel, self.module, self.local, self.owner = wheel, module, local or {}, owner
        self.busy = set()

    def value(self, node):
        match node:
            case None:
                return UNKNOWN
            case ast.Constant():
                return node.value
            case ast.List() | ast.Tuple() | ast.Set():
                values = [self.value(one) for one in node.elts]
                return UNKNOWN if UNKNOWN in values else values
            case ast.Starred():
                return UNKNOWN
            case ast.JoinedStr():
                return UNKNOWN
            case ast.UnaryOp(op=ast.USub()):
                value = self.value(node.operand)
                return -value if isinstance(value, (int, float)) else UNKNOWN
            case ast.BinOp():
                return self.operation(node)
            case ast.Name():
                return self.named(node.id)
            case ast.Attribute():
                return self.attribute(node)
            case ast.Call():
                return self.call(node)
            case ast.ListComp(generators=[ast.comprehension(ifs=[])]):
                return self.comprehension(node)
        return UNKNOWN

    def operation(self, node):
        left, right = self.value(node.left), self.value(node.right)
        if left is UNKNOWN or right is UNKNOWN:
            return UNKNOWN
        try:
            if isinstance(node.op, ast.Add):
                return left + right
            if isinstance(node.op, ast.Mult):
                return left * right
            if isinstance(node.op, ast.LShift):
                return left << right
        except TypeError:
            pass
        return UNKNOWN

    def named(self, name):
        if name in self.local:
            return self.value(self.local[name])
        if name in self.busy:
            return UNKNOWN
        self.busy.add(name)
        try:
            found = self.definition(name)
            if found is None:
                return UNKNOWN
            scope, node = found
            return scope.value(node) if not isinstance(node, ast.ClassDef) else UNKNOWN
        finally:
            self.busy.discard(name)

    def definition(self, name):
        """Where a name of the module's top level gets its value: a scope and a node."""
        tree = self.wheel.module(self.module)
        if tree is None:
            return None
        for node in tree.body:
            match node:
                case ast.Assign(targets=[ast.Name(id=given)]) if given == name:
                    return self, node.value
                case ast.AnnAssign(target=ast.Name(id=given)) if given == name and node.value:
                    return self, node.value
                case ast.ClassDef() if node.name == name:
                    return self, node
        for module, member, own in imports(tree):
            if own == name and member is not None and self.wheel.module(module):
                return Scope(self.wheel, module).definition(member)
        return None

    def class_of(self, node):
        found = self.definition(node.id) if isinstance(node, ast.Name) else None
        return found if found and isinstance(found[1], ast.ClassDef) else None

    def members(self, node):
        """Members of an enumeration, in their order: name and value."""
        found = self.class_of(node)
        if not found:
            return None
        scope, definition = found
        return {
            one.targets[0].id: scope.value(one.value)
            for one in definition.body
            if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name)
        }

    def attribute(self, node):
        """`Enum.MEMBER.value`, `Enum.MEMBER`, `Class.attribute` and the class's own attributes."""
        if node.attr == "value" and isinstance(node.value, ast.Attribute):
            return self.attribute(node.value)
        if last_name(node.value) == self.owner and self.owner:
            members = fields_of(self, self.owner)
            return self.value(members.get(node.attr))
        members = self.members(node.value)
        return UNKNOWN if members is None else members.get(node.attr, UNKNOWN)

    def call(self, node):
        name = last_name(node.func)
        if name in ("list", "sorted", "tuple", "set", "frozenset") and len(node.args) == 1:
            [given] = node.args
            if isinstance(given, ast.Call) and last_name(given.func) == "keys":
                given = given.func.value
            members = self.members(given)
            if members is not None:
                return UNKNOWN if UNKNOWN in members.values() else list(members.values())
            found = self.keys(given)
            return found if found is not None else self.value(given)
        if name in ("env_or_default", "getenv", "get") and len(node.args) == 2:
            return self.value(node.args[1])
        if isinstance(node.func, ast.Name) and not node.args and not node.keywords:
            return self.returned(node.func.id)
        return UNKNOWN

    def returned(self, name):
        """What a function of the module returns last."""
        for node in self.wheel.module(self.module).body:
            if isinstance(node, ast.FunctionDef) and node.name == name and isinstance(node.body[-1], ast.Return):
                return Scope(self.wheel, self.module).value(node.body[-1].value)
        return UNKNOWN

    def keys(self, node):
        """Keys of a dictionary of constants, `X` or `Class.X`."""
        scope, target = self, None
        if isinstance(node, ast.Name):
            scope, target = self.definition(node.id) or (self, None)
        elif isinstance(node, ast.Attribute):
            found = self.class_of(node.value)
            if found:
                scope, definition = found
                for one in definition.body:
                    names = [one.target] if isinstance(one, ast.AnnAssign) else getattr(one, "targets", [])
                    if any(last_name(name) == node.attr for name in names):
                        target = one.value
        if not isinstance(target, ast.Dict):
            return None
        values = [scope.value(key) for key in target.keys]
        return None if UNKNOWN in values else values

    def comprehension(self, node):
        [generator] = node.generators
        members = self.members(generator.iter)
        if members is None:
            return UNKNOWN
        match node.elt:
            case ast.Attribute(attr="value"):
                return UNKNOWN if UNKNOWN in members.values() else list(members.values())
            case ast.Call(func=ast.Attribute(attr="lower", value=ast.Attribute(attr="name"))):
                return [name.lower() for name in members]
            case ast.Attribute(attr="name"):
                return list(members)
        return UNKNOWN


def fields_of(scope, name):
    """Defaults of a class's fields by their names, as nodes."""
    tree = scope.wheel.module(scope.module)
    found = next((node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name), None)
    if found is None:
        return {}
    return {
        node.target.id: node.value
        for node in found.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value
    }


class Argument:
    """One argument as a release takes it."""

    def __init__(self, names, kind="text", many=None, choices=None, default=None, deprecated=None):
        self.names = [name[2:] for name in names]
        self.kind, self.many, self.choices, self.default, self.deprecated = kind, many, choices, default, deprecated


# Actions that take no value.
BARE = {"store_true", "store_false", "store_const", "count", "help", "version", "append_const"}
BARE_CLASSES = {
    "BooleanOptionalAction",
    "DeprecatedStoreTrueAction",
    "DeprecatedStoreConstAction",
    "DeprecatedAction",
}
TEXT_CLASSES = {"LoRAPathAction", "DeprecatedAliasStoreAction"}


def replacement(text):
    """Flags that a text names in place of a deprecated one; never the text itself."""
    found = re.findall(r"--?[a-z][a-z0-9-]*(?:\{[a-z,]+\})?[a-z0-9-]*(?:=[a-z_]+)?", text)
    return " ".join(dict.fromkeys(word for word in found if word.startswith("--")))


def deprecation(scope, keywords, action, names):
    """What replaces a deprecated argument, '' where nothing does; None for one that is not deprecated."""
    text = " ".join(str(one) for one in strings(keywords.get("help")))
    new_flag = keywords.get("new_flag")
    marked = (action or "").startswith("Deprecated") or re.match(r"\W*deprecated\b", text, re.IGNORECASE)
    if "deprecated" in keywords:
        marked, text = True, " ".join(strings(keywords["deprecated"]))
    if not marked and new_flag is None:
        return None
    named = scope.value(new_flag)
    given = replacement(named if isinstance(named, str) else text)
    return " ".join(word for word in given.split() if word not in names)


def strings(node):
    if node is None:
        return []
    return [one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)]


def arity(scope, node):
    value = scope.value(node)
    return {"+": "+", "*": "*", "?": "?"}.get(value, "+" if isinstance(value, int) else None)


def from_call(scope, call):
    """What a call of add_argument, or of one of Dynamo's helpers, adds."""
    keywords = {one.arg: one.value for one in call.keywords if one.arg}
    helper = last_name(call.func)
    # Dynamo's helpers take the parser first.
    given = [scope.value(one) for one in call.args]
    names = [name for name in given if isinstance(name, str) and name.startswith("-")]
    for key in ("flag_name", "obsolete_flag", "alias"):
        name = scope.value(keywords.get(key))
        # An obsolete flag of Dynamo's helpers is an alias, though the help alone speaks of it.
        if isinstance(name, str) and name.startswith("-"):
            names.append(name)
    names = [name for name in names if name.startswith("--")]
    if not names:
        return []
    negatable = helper == "add_negatable_bool_argument"
    action_node = keywords.get("action")
    action = "store_true" if negatable else scope.value(action_node) if isinstance(action_node, ast.Constant) else last_name(action_node)
    if isinstance(action_node, ast.Call):
        action = last_name(action_node.func)
    bare = action in BARE or (action in BARE_CLASSES and "nargs" not in keywords)
    type_node = keywords.get("type", keywords.get("arg_type"))
    kind = "flag" if bare else NUMBERS.get(last_name(type_node), "text")
    many = None if bare else arity(scope, keywords.get("nargs"))
    if action == "DeprecatedAction":
        many = None
    choices = scope.value(keywords.get("choices"))
    default = scope.value(keywords.get("default"))
    deprecated = deprecation(scope, keywords, action, names)
    if negatable or action == "BooleanOptionalAction":
        names = [*names, *(f"--no-{name[2:]}" for name in names)]
    return [Argument(names, kind, many, choices, default, deprecated)]


def from_calls(wheel, module):
    tree = wheel.module(module)
    scope = Scope(wheel, module)
    for function in [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]:
        local, loops = {}, []
        for node in ast.walk(function):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)]):
                    local.setdefault(name, node.value)
                case ast.For(target=ast.Name(id=name)):
                    loops.append((name, node))
        for node in ast.walk(function):
            if not isinstance(node, ast.Call):
                continue
            if last_name(node.func) in ("add_argument", "add_negatable_bool_argument", "add_bool_argument", "_add_argument"):
                inner = Scope(wheel, module, local, owner="ServerArgs")
                yield from from_call(inner, node)
    # Dynamo 0.5 to 0.8 have a dictionary of arguments.
    for node in ast.walk(tree):
        if not isinstance(node, ast.Dict):
            continue
        keys = {scope.value(key): value for key, value in zip(node.keys, node.values) if key}
        flags = scope.value(keys.get("flags"))
        if isinstance(flags, list):
            call = ast.Call(func=ast.Name(id="add_argument"), args=[ast.Constant(value=one) for one in flags], keywords=[
                ast.keyword(arg=key, value=value) for key, value in keys.items() if isinstance(key, str) and key != "flags"
            ])
            yield from from_call(scope, call)


def annotated_fields(wheel, module):
    """Fields of SGLang's records since 0.5.1x: `name: A[type, Arg(...)] = default`."""
    scope = Scope(wheel, module)
    for owner in [node for node in wheel.module(module).body if isinstance(node, ast.ClassDef)]:
        for node in owner.body:
            match node:
                case ast.AnnAssign(
                    target=ast.Name(id=name),
                    annotation=ast.Subscript(value=ast.Name(id="A" | "Annotated"), slice=ast.Tuple(elts=[kind, *more])),
                ):
                    yield from from_field(scope, name, kind, more, node.value)


def from_field(scope, name, kind, more, default):
    keywords, described = {}, False
    for one in more:
        if isinstance(one, ast.Call) and last_name(one.func) == "Arg":
            described = True
            keywords = {keyword.arg: keyword.value for keyword in one.keywords}
            if one.args:
                keywords.setdefault("help", one.args[0])
        elif strings(one) and not isinstance(one, ast.Call):
            described = True
            keywords.setdefault("help", one)
    if not described or scope.value(keywords.get("no_cli")) is True:
        return
    named = scope.value(keywords.get("cli_name"))
    names = [named if isinstance(named, str) else f"--{name.replace('_', '-')}"]
    aliases = scope.value(keywords.get("aliases"))
    names += aliases if isinstance(aliases, list) else []
    if isinstance(kind, ast.Subscript) and last_name(kind.value) == "Optional":
        kind = kind.slice
    if isinstance(kind, ast.BinOp):
        sides = [side for side in (kind.left, kind.right) if not (isinstance(side, ast.Constant) and side.value is None)]
        kind = sides[0] if len(sides) == 1 else kind
    choices = scope.value(keywords.get("choices"))
    many, type_name = None, last_name(kind)
    if "action_kwargs" in keywords and isinstance(keywords["action_kwargs"], ast.Dict):
        given = keywords["action_kwargs"]
        for key, value in zip(given.keys, given.values):
            keywords.setdefault(scope.value(key), value)
    if isinstance(kind, ast.Subscript):
        of = last_name(kind.value)
        if of == "Literal":
            literals = scope.value(kind.slice)
            literals = literals if isinstance(literals, list) else [literals]
            choices = literals if choices is UNKNOWN else choices
            type_name = type(literals[0]).__name__
        elif of in ("List", "list"):
            many = "+"
            type_name = last_name(kind.slice)
    if "nargs" in keywords:
        many = arity(scope, keywords["nargs"])
    if "type_parser" in keywords:
        type_name = last_name(keywords["type_parser"])
        many = many if "nargs" in keywords else None
    value = NUMBERS.get(type_name, "text")
    action_node = keywords.get("action")
    action = scope.value(action_node) if isinstance(action_node, ast.Constant) else last_name(action_node)
    if action in BARE or action in BARE_CLASSES:
        value, many = "flag", None
        if action == "BooleanOptionalAction":
            names += [f"--no-{one[2:]}" for one in names]
    elif action is None and type_name == "bool" and "type_parser" not in keywords:
        value = "flag"
    if action == "append" or last_name(action_node) in TEXT_CLASSES:
        value = "text"
    yield Argument(names, value, many, choices, scope.value(default), deprecation(scope, keywords, action, names))


def arguments(wheel, program):
    """A program's arguments by their first name."""
    found = {}
    for module in reachable(wheel, program["entries"], program["follow"]):
        if module == "dynamo.sglang.args" and "gms" in strings(wheel.module(module)):
            # Dynamo's own loader of weights, which it adds to SGLang's choices.
            found["load-format"] = Argument(["--load-format"], choices=["gms"])
        for one in [*annotated_fields(wheel, module), *from_calls(wheel, module)]:
            first = one.names[0]
            known = found.get(first)
            if known is None:
                found[first] = one
                continue
            known.names += [name for name in one.names if name not in known.names]
            # Declared twice, as where a release decides by what is installed: whichever is read is taken.
            if one.kind != known.kind:
                known.kind = "text"
            known.choices = UNKNOWN if UNKNOWN in (one.choices, known.choices) and None in (one.choices, known.choices) else one.choices or known.choices
            known.many = known.many or one.many
    return found


def spans(present, releases):
    """`a-b` for each run of releases that have something, in their order; an open end for the newest."""
    runs, start = [], None
    for index, release in enumerate([*releases, None]):
        if release is not None and release in present:
            start = index if start is None else start
        elif start is not None:
            runs.append((start, index - 1))
            start = None
    text = [
        f"{'' if first == 0 else releases[first]}-{'' if last == len(releases) - 1 else releases[last]}"
        for first, last in runs
    ]
    return ",".join(text) if text != ["-"] else ""


def merged(by_release, releases):
    """One table of all releases, where what changed says in which releases it holds."""
    names = dict.fromkeys(name for release in releases for name in by_release[release])
    table = {}
    for name in sorted(names):
        have = {release: by_release[release][name] for release in releases if name in by_release[release]}
        variants = {}
        for release, one in have.items():
            variants.setdefault(one.kind + (one.many or ""), []).append(release)
        entry = {}
        within = spans(set(have), releases)
        if within:
            entry["in"] = within
        if len(variants) == 1:
            [entry["type"]] = variants
        else:
            entry["type"] = {kind: spans(set(given), releases) for kind, given in variants.items()}
        aliases = dict.fromkeys(alias for one in have.values() for alias in one.names[1:])
        if aliases:
            entry["aliases"] = {
                alias: spans({release for release, one in have.items() if alias in one.names}, list(have)) for alias in aliases
            }
        choices = ranged(have, lambda one: one.choices if isinstance(one.choices, list) else None)
        if choices:
            entry["choices"] = choices
        defaults = {}
        for release, one in have.items():
            if isinstance(one.default, (str, int, float)) and one.default is not False and one.default != "":
                defaults.setdefault(str(one.default), []).append(release)
        if defaults:
            entry["default"] = {text: spans(set(given), list(have)) for text, given in defaults.items()}
        deprecated = {}
        for release, one in have.items():
            if one.deprecated is not None:
                deprecated.setdefault(one.deprecated, []).append(release)
        if deprecated:
            entry["deprecated"] = {text: spans(set(given), list(have)) for text, given in deprecated.items()}
        table[name] = entry
    return table


def ranged(have, of):
    """Choices with the releases that have each; releases whose choices are not known take anything."""
    known = {release: of(one) for release, one in have.items()}
    listed = [release for release, values in known.items() if values is not None]
    if not listed:
        return None
    every = dict.fromkeys(str(value) for release in listed for value in known[release] if value is not None)
    result = {value: spans({release for release in listed if value in map(str, known[release])}, list(have)) for value in every}
    if len(listed) < len(have):
        result["*"] = spans({release for release in have if release not in listed}, list(have))
    return result


def download(package, version, folder):
    base = package.replace("-", "_")
    found = next(folder.glob(f"{base}-{version}-*.whl"), None)
    if found is None:
        platforms = [
            word
            for name in ("manylinux_2_34_x86_64", "manylinux_2_28_x86_64", "manylinux2014_x86_64", "any")
            for word in ("--platform", name)
        ]
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:"]
        subprocess.run([*command, "--python-version", "3.12", *platforms, f"{package}=={version}", "-d", folder], check=True)
        found = next(folder.glob(f"{base}-{version}-*.whl"))
    return Wheel(found)


def pin(wheel):
    """The release of SGLang that a wheel of ai-dynamo asks for; None where it names none."""
    for line in wheel.requirements():
        match = re.match(r"sglang(?:\[[^\]]*\])?\s*\(?==\s*([^;)\s]+)", line)
        if match:
            return match[1]
    return None


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    wheels = {
        "sglang": {version: download("sglang", version, folder) for version in SGLANG},
        # A config names releases of Dynamo by three numbers.
        "ai-dynamo": {
            version.partition(".post")[0]: download("ai-dynamo", version, folder) for version in DYNAMO
        },
    }
    pins = {version: pin(wheel) for version, wheel in wheels["ai-dynamo"].items()}
    programs = {}
    for name, program in PROGRAMS.items():
        releases = list(wheels[program["wheel"]])
        by_release = {version: arguments(wheel, program) for version, wheel in wheels[program["wheel"]].items()}
        programs[name] = merged(by_release, releases)
        print(name, {version: len(found) for version, found in by_release.items()}, file=sys.stderr)
    write(list(wheels["ai-dynamo"]), pins, programs)


def write(dynamo, pins, programs):
    """One line for each argument, so that a change is one line of a difference."""
    lines = ["{", f'  "sglangReleases": {json.dumps(SGLANG)},', f'  "dynamoReleases": {json.dumps(dynamo)},', f'  "pins": {json.dumps(pins)},', '  "programs": {']
    for position, (name, table) in enumerate(programs.items()):
        rows = [f"      {json.dumps(key)}: {json.dumps(entry, ensure_ascii=False)}" for key, entry in table.items()]
        lines += [f"    {json.dumps(name)}: {{", ",\n".join(rows), "    }" + ("," if position < len(programs) - 1 else "")]
    lines += ["  }", "}"]
    target = Path(__file__).parent.parent / "src/config/compat/engine-arguments.json"
    target.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
