"""What all releases of a program take, as one table that says when what changed."""

import json


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
        keys = ranged(have, lambda one: one.keys)
        if keys:
            entry["keys"] = keys
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


def write(target, heads, programs):
    """One line for each argument, so that a change is one line of a difference."""
    lines = ["{", *(f"  {json.dumps(name)}: {json.dumps(value)}," for name, value in heads.items()), '  "programs": {']
    for position, (name, table) in enumerate(programs.items()):
        rows = [f"      {json.dumps(key)}: {json.dumps(entry, ensure_ascii=False)}" for key, entry in table.items()]
        lines += [f"    {json.dumps(name)}: {{", ",\n".join(rows), "    }" + ("," if position < len(programs) - 1 else "")]
    lines += ["  }", "}"]
    target.write_text("\n".join(lines) + "\n")
