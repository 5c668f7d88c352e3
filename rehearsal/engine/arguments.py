"""What an engine's command line asks for, whatever engine it is."""


def parse(words):
    """Flags by name without dashes, each with the list of its values; `--name=value` counts like `--name value`."""
    flags = {}
    values = None
    for word in words:
        if word.startswith("--") and len(word) > 2:
            name, equals, value = word[2:].partition("=")
            values = flags[name] = [value] if equals else []
        elif values is not None:
            values.append(word)
    return flags


class Arguments:
    """Takes flags one by one, so that what nobody took can be told."""

    def __init__(self, words):
        self.left = parse(words)

    def take(self, *names):
        """The last value of the first of these spellings; '' for a bare flag, None where there is none."""
        found = None
        for name in names:
            values = self.left.pop(name, None)
            if values is not None and found is None:
                found = values[-1] if values else ""
        return found

    def number(self, *names):
        value = self.take(*names)
        return None if value in (None, "") else int(value)

    def has(self, *names):
        return any(name in self.left for name in names)
