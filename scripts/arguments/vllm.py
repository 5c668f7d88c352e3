"""Arguments of vLLM: most come from fields of its configuration classes, by `**get_kwargs(Class)["field"]`."""

import ast

from .declared import NUMBERS, Argument, arity, deprecation
from .scope import UNKNOWN, Scope, last_name

# Integers that may be written as 25.6k, or auto.
READABLE = {
    "max_model_len",
    "max_num_batched_tokens",
    "max_num_scheduled_tokens",
    "kv_cache_memory_bytes",
    "safetensors_prefetch_block_size",
    "max_num_queued_tokens",
}
COLLECTIONS = {"list": "+", "List": "+", "set": "+", "Set": "+", "tuple": "+", "Tuple": "+", "Sequence": "+"}


class Hints:
    """What a field's annotation says, as vLLM's own reader of annotations takes it."""

    def __init__(self):
        self.plain, self.literals, self.collection, self.classes = set(), [], None, []

    def add(self, scope, node, depth=0):
        if depth > 8 or node is None:
            return self
        match node:
            case ast.Constant(value=None):
                self.plain.add("None")
            case ast.Constant(value=str(text)):
                self.add(scope, ast.parse(text, mode="eval").body, depth + 1)
            case ast.BinOp(op=ast.BitOr()):
                self.add(scope, node.left, depth + 1).add(scope, node.right, depth + 1)
            case ast.Subscript():
                self.subscript(scope, node, depth)
            case ast.Name(id=name):
                self.named(scope, name, depth)
            case ast.Attribute(attr=name):
                self.plain.add(name)
        return self

    def subscript(self, scope, node, depth):
        of = last_name(node.value)
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if of == "Literal":
            for one in inner:
                value = scope.value(one)
                self.literals.append(value)
        elif of == "Optional":
            self.plain.add("None")
            self.add(scope, inner[0], depth + 1)
        elif of in ("Union", "SkipValidation", "Annotated", "InitVar"):
            for one in inner if of == "Union" else inner[:1]:
                self.add(scope, one, depth + 1)
        elif of in COLLECTIONS:
            self.collection = (of.lower(), inner)
            self.scope = scope
        else:
            self.plain.add("dict" if of in ("dict", "Dict") else of)

    def named(self, scope, name, depth):
        if name in ("bool", "int", "float", "str", "dict", "Any", "None"):
            self.plain.add(name)
            return
        found = at_run_time(scope, name) or scope.definition(name)
        if found is None:
            self.plain.add(name)
        elif isinstance(found[1], ast.ClassDef):
            self.classes.append(found) if is_configuration(found[1]) else self.plain.add(name)
        else:
            self.add(found[0], found[1], depth + 1)


def at_run_time(scope, name):
    """What a name means where type checkers are told something else: the `else` of `if TYPE_CHECKING`."""
    for node in scope.wheel.module(scope.module).body:
        if isinstance(node, ast.If) and last_name(node.test) == "TYPE_CHECKING":
            for one in node.orelse:
                if isinstance(one, ast.Assign) and last_name(one.targets[0]) == name:
                    return scope, one.value
    return None


def is_configuration(node):
    return any(last_name(one.func if isinstance(one, ast.Call) else one) in ("config", "dataclass") for one in node.decorator_list)


def fields(scope, definition):
    """Fields of a class and of its bases: name → (scope, annotation)."""
    found = {}
    for base in definition.bases:
        inherited = scope.definition(last_name(base)) if isinstance(base, ast.Name) else None
        if inherited and isinstance(inherited[1], ast.ClassDef):
            found.update(fields(*inherited))
    for node in definition.body:
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                of = last_name(annotation.value) if isinstance(annotation, ast.Subscript) else None
                if of not in ("ClassVar", "InitVar") and not name.startswith("_"):
                    found[name] = (scope, annotation)
    return found


def from_field(name, scope, annotation):
    """The argument of a field, without its names."""
    hints = Hints().add(scope, annotation)
    made = Argument([])
    if hints.classes:
        # The first of several: they are written as JSON, and none of vLLM's fields has two.
        made.keys = sorted(fields(*hints.classes[0]))
    elif hints.plain == {"bool", "str", "None"}:
        made.many = "?"
    elif "bool" in hints.plain:
        made.kind = "flag"
    elif hints.literals:
        known = [one for one in hints.literals if one is not UNKNOWN]
        if "str" not in hints.plain:
            made.choices = known if len(known) == len(hints.literals) else None
        if known and isinstance(known[0], int):
            made.kind = "int"
    elif hints.collection:
        of, inner = hints.collection
        element = Hints().add(hints.scope, inner[0])
        made.kind = "text" if "str" in element.plain else next((one for one in ("int", "float") if one in element.plain), "text")
        made.many = "+"
        if element.literals and UNKNOWN not in element.literals:
            made.choices = element.literals
    elif "int" in hints.plain:
        made.kind = "text" if name in READABLE else "int"
    elif "float" in hints.plain:
        made.kind = "float"
    return made


class Group:
    """What the code of a parser says of configuration classes' fields before it makes arguments of them."""

    def __init__(self, scope, function, owner=None):
        self.scope, self.made, self.whole, self.single = scope, {}, {}, {}
        for node in ast.walk(function):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    if isinstance(value, ast.Call) and last_name(value.func) == "get_kwargs":
                        given = last_name(value.args[0])
                        self.whole[name] = owner if given == "cls" else given
                    else:
                        found = self.field(value)
                        if found:
                            self.single[name] = found
        for node in ast.walk(function):
            self.change(node)

    def field(self, node):
        """The class and field that `kwargs["field"]` stands for, or a name for it."""
        match node:
            case ast.Name(id=name):
                return self.single.get(name)
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str(field))) if name in self.whole:
                return self.whole[name], field
            case ast.Subscript(value=ast.Call() as call, slice=ast.Constant(value=str(field))) if last_name(call.func) == "get_kwargs":
                return last_name(call.args[0]), field
        return None

    def argument(self, found):
        if found not in self.made:
            owner, name = found
            defined = self.scope.definition(owner)
            known = fields(*defined).get(name) if defined else None
            self.made[found] = from_field(name, *known) if known else Argument([], choices=UNKNOWN)
        return self.made[found]

    def change(self, node):
        """`kwargs["field"]["type"] = …` and the like."""
        target, value = None, None
        match node:
            case ast.Assign(targets=[ast.Subscript() as target], value=value):
                pass
            case ast.AugAssign(target=ast.Subscript() as target):
                value = UNKNOWN
            case ast.Delete(targets=[ast.Subscript() as target]):
                pass
            case ast.Call(func=ast.Attribute(attr="remove", value=ast.Subscript() as target), args=[removed]):
                found = self.field(target.value)
                if found and self.argument(found).choices:
                    gone = self.scope.value(removed)
                    kept = self.argument(found).choices
                    self.argument(found).choices = None if gone is UNKNOWN else [one for one in kept if one != gone]
                return
        if target is None:
            return
        found = self.field(target.value)
        key = self.scope.value(target.slice)
        if found is None or key not in ("type", "nargs", "choices", "action"):
            return
        made = self.argument(found)
        if key == "nargs":
            made.many = None if value is None else arity(self.scope, value)
        elif key == "choices":
            made.choices = None
        elif key == "action":
            made.kind, made.many = "text", None
        elif isinstance(value, ast.Lambda):
            # Each of them turns the text to lower case, and dashes to underscores.
            made.kind = "word"
        elif not (isinstance(value, ast.Name) and value.id == "str"):
            made.kind = NUMBERS.get(last_name(value), "text")

    def added(self, call, negations):
        """The argument that a call of add_argument adds; None for a positional one."""
        names = [one for one in map(self.scope.value, call.args) if isinstance(one, str) and one.startswith("-")]
        if not names:
            return None
        keywords = {one.arg: one.value for one in call.keywords if one.arg}
        unpacked = [one.value for one in call.keywords if one.arg is None]
        if unpacked and isinstance(unpacked[0], ast.Dict):
            inner = unpacked[0]
            keywords.update({self.scope.value(key): value for key, value in zip(inner.keys, inner.values) if key})
            unpacked = [value for key, value in zip(inner.keys, inner.values) if key is None]
        found = self.field(unpacked[0]) if unpacked else None
        known = self.argument(found) if found else Argument([])
        made = Argument([], known.kind, known.many, known.choices, keys=known.keys)
        if "action" in keywords:
            action = self.scope.value(keywords["action"])
            named = action if isinstance(action, str) else last_name(keywords["action"])
            made.kind = "flag" if named.startswith("store_") or named == "BooleanOptionalAction" else "text"
            made.both = named == "BooleanOptionalAction"
        else:
            made.both = found is not None and made.kind == "flag"
        if "type" in keywords:
            made.kind = NUMBERS.get(last_name(keywords["type"]), "text")
        if "nargs" in keywords:
            made.many = arity(self.scope, keywords["nargs"])
        if "choices" in keywords:
            made.choices = self.scope.value(keywords["choices"])
        made.deprecated = deprecation(self.scope, keywords, None, names)
        return named_argument(made, names, negations)


def named_argument(made, names, negations):
    """An argument with its names, and with those that switch it off, where it has them."""
    every = list(names)
    for name in names:
        if made.both and name.startswith("--"):
            every.append(f"--no-{name[2:]}")
            every += [f"--{to}{name[2 + len(start):]}" for start, to in negations.items() if name[2:].startswith(start)]
    made.names = Argument(every).names
    return made


def arguments(wheel, program):
    """A program's arguments by their first name."""
    parser = wheel.module("vllm.utils.argparse_utils")
    pairs = parser is not None and any(isinstance(node, ast.ClassDef) and node.name == "EnableDisableAction" for node in parser.body)
    negations = {"enable-": "disable-", "disable-": "enable-"} if pairs else {}
    found = {}
    for module in program["entries"]:
        if not wheel.module(module):
            continue
        scope = Scope(wheel, module)
        for one in [*from_functions(scope, program["functions"], negations), *from_frontend(scope, program, negations)]:
            found.setdefault(one.names[0], one)
    return found


def from_functions(scope, names, negations):
    for owner in [None, *[node for node in scope.wheel.module(scope.module).body if isinstance(node, ast.ClassDef)]]:
        body = scope.wheel.module(scope.module).body if owner is None else owner.body
        for function in body:
            if not isinstance(function, ast.FunctionDef) or (owner.name if owner else function.name) not in names:
                continue
            group = Group(scope, function)
            loops = {last_name(one.target.elts[0]): one for one in ast.walk(function) if isinstance(one, ast.For) and isinstance(one.target, ast.Tuple)}
            for call in ast.walk(function):
                if not isinstance(call, ast.Call) or last_name(call.func) != "add_argument" or not call.args:
                    continue
                loop = loops.get(last_name(call.args[0]))
                if loop is None:
                    made = group.added(call, negations)
                    if made:
                        yield made
                    continue
                # for name, type in [("--a", str), …]: add_argument(name, type=type, …)
                for row in loop.iter.elts if isinstance(loop.iter, ast.List) else []:
                    keywords = [one if one.arg != "type" else ast.keyword(arg="type", value=row.elts[1]) for one in call.keywords]
                    made = group.added(ast.Call(func=call.func, args=[row.elts[0]], keywords=keywords), negations)
                    if made:
                        yield made


def from_frontend(scope, program, negations):
    """All fields of a class as arguments, with what the module changes in them first."""
    defined = program.get("fields") and scope.definition(program["fields"])
    if not defined:
        return
    group = Group(scope, scope.wheel.module(scope.module), owner=program["fields"])
    for name in ("frontend_kwargs", *group.whole):
        group.whole.setdefault(name, program["fields"])
    for node in ast.walk(scope.wheel.module(scope.module)):
        group.change(node)
    for name in fields(*defined):
        made = group.argument((program["fields"], name))
        made.both = made.kind == "flag"
        yield named_argument(made, [f"--{name.replace('_', '-')}"], negations)
