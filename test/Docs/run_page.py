"""Checks a page of the documentation against the tools and the sources.

    python3 run_page.py PAGE SCRATCH_DIR SOURCE_DIR

The words after the language of a fenced block say what is checked:

    ```mlir write=mlp.mlir     the text becomes this file in the scratch directory
    ```console                 each line after `$ ` runs there, in bash, and must
                               succeed; the lines below it are its output (both
                               streams), `…` alone standing for any lines, within
                               a line for any text; $SOURCE is the source directory
    ```console fails           the same, but the commands must fail
    ```cpp from=path           the text stands in this file of the sources, but for
                               indentation; `…` alone stands for any lines

A relative link must lead to a file. Other blocks are left alone.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import textwrap

FENCE = re.compile(r"^( *)```(\S*)[ ]?(.*?)\n(.*?)^\1```$",
                   re.MULTILINE | re.DOTALL)
ANY = "…"


def line_matches(expected, actual):
    """Whether a line agrees, ANY standing for any text."""
    pattern = ".*".join(map(re.escape, expected.rstrip().split(ANY)))
    return re.fullmatch(pattern, actual.rstrip()) is not None


def matches(expected, actual):
    """Whether lines agree, ANY standing for any number of lines."""
    if not expected:
        return not actual
    if expected[0].strip() == ANY:
        return any(matches(expected[1:], actual[i:])
                   for i in range(len(actual) + 1))
    return bool(actual) and line_matches(expected[0], actual[0]) \
        and matches(expected[1:], actual[1:])


def trim(lines):
    """The lines without blank ones at the end."""
    lines = list(lines)
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def commands(text):
    """(command, expected lines) of a console block; \\ continues a command."""
    found = []
    continued = False
    for line in text.splitlines():
        if continued:
            found[-1][0] += "\n" + line.lstrip("> ")
        elif line.startswith("$ "):
            found.append([line[2:], []])
        elif found:
            found[-1][1].append(line)
        continued = (continued or line.startswith("$ ")) and line.endswith("\\")
    return found


def run_console(text, scratch, source, fails):
    for command, expected in commands(text):
        result = subprocess.run(["bash", "-c", command], cwd=scratch, text=True,
                                env={**os.environ, "SOURCE": str(source)},
                                stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=300)
        output = result.stdout.replace(str(scratch) + "/", "")
        if (result.returncode != 0) != fails:
            yield f"`{command}` ended with {result.returncode}:\n{output}"
        elif not matches(trim(expected), trim(output.splitlines())):
            yield (f"`{command}` printed\n{output}\nbut the page says\n" +
                   "\n".join(expected))


def check_quote(text, file):
    if not file.is_file():
        yield f"quotes {file}, which does not exist"
        return
    source = [line.strip() for line in file.read_text().splitlines()]
    at = 0
    for piece in re.split(rf"^ *{ANY} *$", text, flags=re.MULTILINE):
        lines = [line.strip() for line in piece.strip().splitlines()]
        while at + len(lines) <= len(source) and \
                source[at:at + len(lines)] != lines:
            at += 1
        if at + len(lines) > len(source):
            yield f"quotes what does not stand in {file}:\n{piece.strip()}"
            return
        at += len(lines)


def check_links(text, page):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if "://" not in target and not (page.parent / target).exists():
            yield f"links to {target}, which does not exist"


def check(page, scratch, source):
    text = page.read_text()
    for match in FENCE.finditer(text):
        language, words = match.group(2), match.group(3).split()
        block = textwrap.dedent(match.group(4))
        options = dict(word.split("=", 1) for word in words if "=" in word)
        if "write" in options:
            (scratch / options["write"]).write_text(block)
        elif "from" in options:
            yield from check_quote(block, source / options["from"])
        elif language == "console":
            yield from run_console(block, scratch, source,
                                   "fails" in words)
    yield from check_links(FENCE.sub("", text), page)


def main():
    page, scratch, source = (pathlib.Path(each).resolve()
                             for each in sys.argv[1:4])
    shutil.rmtree(scratch, ignore_errors=True)
    os.makedirs(scratch)
    problems = list(check(page, scratch, source))
    for problem in problems:
        print(f"{page.name}: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
