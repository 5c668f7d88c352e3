"""Evaluates what a module says in constants, without running it."""

import ast
import re

# An argument's value that this reader cannot know.
UNKNOWN = object()


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

    def with_local(self, more):
        """The same scope, with more values of names."""
        return Scope(self.wheel, self.module, {**self.local, **more}, self.owner) if more else self

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
                parts = [self.value(one.value if isinstance(one, ast.FormattedValue) else one) for one in node.values]
                return UNKNOWN if UNKNOWN in parts else "".join(map(str, parts))
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
            case ast.IfExp():
                test = self.value(node.test)
                return UNKNOWN if test is UNKNOWN else self.value(node.body if test else node.orelse)
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
        if name in self.local and name not in self.busy:
            self.busy.add(name)
            try:
                return self.value(self.local[name])
            finally:
                self.busy.discard(name)
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
        if name in ("replace", "upper", "lower") and isinstance(node.func, ast.Attribute):
            text, given = self.value(node.func.value), [self.value(one) for one in node.args]
            return getattr(text, name)(*given) if isinstance(text, str) and UNKNOWN not in given else UNKNOWN
        if name == "get_args" and len(node.args) == 1 and isinstance(node.args[0], ast.Name):
            found = self.definition(node.args[0].id)
            literal = found and isinstance(found[1], ast.Subscript) and last_name(found[1].value) == "Literal"
            return found[0].value(found[1].slice) if literal else UNKNOWN
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


def strings(node):
    if node is None:
        return []
    return [one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
