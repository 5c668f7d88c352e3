"""Arguments that a module declares: calls of `add_argument`, and fields with argument metadata."""

import ast
import re

from .scope import UNKNOWN, Scope, last_name, reachable, strings

# Values by name of their type, where the name says enough. All else is text that the program reads itself.
NUMBERS = {"int": "int", "float": "float"}


class Argument:
    """One argument as a release takes it. Short names keep their dash."""

    def __init__(self, names, kind="text", many=None, choices=None, deprecated=None, keys=None):
        self.names = [name.removeprefix("--") for name in names]
        self.kind, self.many, self.choices, self.deprecated = kind, many, choices, deprecated
        # Of a value that is a map, where they are known.
        self.keys = keys


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


def arity(scope, node):
    value = scope.value(node)
    return {"+": "+", "*": "*", "?": "?"}.get(value, "+" if isinstance(value, int) else None)


def is_switch(scope, action):
    """Whether an action is a class of the module that adds a negation to each name."""
    found = scope.definition(action) if isinstance(action, str) else None
    return bool(found) and isinstance(found[1], ast.ClassDef) and any(last_name(one) == "BooleanOptionalAction" for one in found[1].bases)


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
    if not any(name.startswith("--") for name in names):
        return []
    names.sort(key=lambda name: not name.startswith("--"))
    negatable = helper == "add_negatable_bool_argument"
    action_node = keywords.get("action")
    action = "store_true" if negatable else scope.value(action_node) if isinstance(action_node, ast.Constant) else last_name(action_node)
    if isinstance(action_node, ast.Call):
        action = last_name(action_node.func)
    switch = action == "BooleanOptionalAction" or is_switch(scope, action)
    bare = switch or action in BARE or (action in BARE_CLASSES and "nargs" not in keywords)
    type_node = keywords.get("type", keywords.get("arg_type"))
    kind = "flag" if bare else NUMBERS.get(last_name(type_node), "text")
    many = None if bare else arity(scope, keywords.get("nargs"))
    if action == "DeprecatedAction":
        many = None
    choices = scope.value(keywords.get("choices"))
    deprecated = deprecation(scope, keywords, action, names)
    if negatable or switch:
        names = [*names, *(f"--no-{name[2:]}" for name in names if name.startswith("--"))]
    return [Argument(names, kind, many, choices, deprecated)]


ADDING = ("add_argument", "add_negatable_bool_argument", "add_bool_argument", "_add_argument")


def calls(scope, node):
    """Calls that add arguments below a node, each with the scope it stands in: a loop over constants is gone through."""
    if isinstance(node, ast.For):
        rounds = rows(scope, node.iter)
        for row in rounds or [UNKNOWN]:
            inner = scope.with_local(bound(node.target, row))
            for one in node.body:
                inner = inner.with_local(assigned(one))
                yield from calls(inner, one)
        return
    if isinstance(node, ast.Call) and last_name(node.func) in ADDING:
        yield scope, node
    for one in ast.iter_child_nodes(node):
        yield from calls(scope, one)


def rows(scope, node):
    """What a loop goes through; None where that is not known."""
    if isinstance(node, ast.Call) and last_name(node.func) == "items":
        keys = scope.keys(node.func.value)
        return keys and [[key, UNKNOWN] for key in keys]
    if isinstance(node, ast.Name) and node.id in scope.local:
        node = scope.local[node.id]
    if isinstance(node, (ast.List, ast.Tuple)):
        return [[scope.value(one) for one in row.elts] if isinstance(row, (ast.List, ast.Tuple)) else scope.value(row) for row in node.elts]
    return None


def bound(target, value):
    """Names of a loop's target with their values, as nodes."""
    if isinstance(target, ast.Name):
        return {target.id: ast.Constant(value=value)} if isinstance(value, (str, int)) else {}
    known = isinstance(target, ast.Tuple) and isinstance(value, list)
    return {name: one for part, given in zip(target.elts, value) for name, one in bound(part, given).items()} if known else {}


def assigned(node):
    match node:
        case ast.Assign(targets=[ast.Name(id=name)]):
            return {name: node.value}
    return {}


def defaults(function):
    """Parameters of a function with what they are where it is called without them, as nodes."""
    given = function.args
    last = given.args[len(given.args) - len(given.defaults) :]
    return {one.arg: value for one, value in [*zip(last, given.defaults), *zip(given.kwonlyargs, given.kw_defaults)] if value}


def from_calls(wheel, module):
    tree = wheel.module(module)
    scope = Scope(wheel, module)
    for function in [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]:
        local = defaults(function)
        for node in ast.walk(function):
            for name, value in assigned(node).items():
                local.setdefault(name, value)
        for inner, node in calls(Scope(wheel, module, local, owner="ServerArgs"), function):
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
                    yield from from_field(scope, name, kind, more)


def from_field(scope, name, kind, more):
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
    yield Argument(names, value, many, choices, deprecation(scope, keywords, action, names))


def arguments(wheel, program):
    """A program's arguments by their first name."""
    found = {}
    for module in reachable(wheel, program["entries"], program["follow"]):
        if module == "dynamo.sglang.args" and "gms" in strings(wheel.module(module)):
            # Dynamo's own loader of weights, which it adds to SGLang's choices.
            found["load-format"] = Argument(["--load-format"], choices=["gms"])
        # Words that dynamo.trtllm replaces before its parser sees them, and those that it reads from what the parser leaves.
        if module == "dynamo.trtllm.args" and {"--no-publish-events-and-metrics", "--publish-metrics"} <= set(strings(wheel.module(module))):
            both = ["--publish-events-and-metrics", "--no-publish-events-and-metrics"]
            found["publish-events-and-metrics"] = Argument(both, kind="flag", deprecated="--publish-kv-events --publish-metrics")
        if module == "dynamo.trtllm.dynamic_flags":
            found["trtllm"] = Argument(["--trtllm"])
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


def is_exact(wheel, program):
    """Whether a program takes no beginnings of names: a parser of its own modules is made with `allow_abbrev=False`."""
    trees = [tree for tree in map(wheel.module, program["entries"]) if tree]
    keywords = [one for tree in trees for one in ast.walk(tree) if isinstance(one, ast.keyword)]
    return any(one.arg == "allow_abbrev" and getattr(one.value, "value", None) is False for one in keywords)
