#!/usr/bin/env python3
"""Checks what the Swift compiler and formatter do not: wording, module direction, folder cycles, and file sizes.

    python3 Tests/Tools/Lint/lint.py              everything, as `make lint` does
    python3 Tests/Tools/Lint/lint.py PATH...      only files at or below these paths

Each finding is one line: what is wrong, where, and what to write instead. Exits with 1 if there is a finding.
"""

import fnmatch
import os
import re
import statistics
import subprocess
import sys

HERE = os.path.relpath(os.path.dirname(os.path.abspath(__file__)))
WORDS_IN = ("Sources/", "Tests/", "docs/", "deploy/", "examples/", "crds/", "Makefile", "README.md", "CHANGELOG.md", "Package.swift")
TEXT = (".swift", ".md", ".yaml", ".yml", ".json", ".lua", ".tpl", ".txt", ".sh", ".py", "Makefile", "Dockerfile")
# What others wrote (recordings of engines and API servers, a script of Argo CD), and copies of what is checked elsewhere.
SKIPPED = ("deploy/install.yaml", "deploy/chart/towline/files/*", "*/Recordings/*", "*/Inputs/*", "*/Answers/*.json", "*/ArgoCD/argo-cd.lua", HERE + "/*")
MAXIMUM_LINES = 500
MINIMUM_FILES = 4

findings = []


def find(place, problem, instead):
    findings.append((place, f"{problem}; {instead}"))


def tracked():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], capture_output=True, text=True, check=True)
    return sorted({path for path in listed.stdout.splitlines() if os.path.isfile(path)})


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


# Words


def table(name, separator):
    rows = [line for line in read(os.path.join(HERE, name)).splitlines() if line.strip() and not line.startswith("#")]
    return [[cell.strip() for cell in row.split(separator)] for row in rows]


def check_words(paths):
    # A phrase may be wrapped inside a comment: a space also matches a line break and the next line's comment mark.
    gap = r"(?:[ \t]+|[ \t]*\n[ \t]*(?:///?|\#|--)?[ \t]*)"
    rules = [(re.compile(pattern.replace(" ", gap), re.IGNORECASE), instead) for pattern, instead in table("phrases.txt", " => ")]
    exceptions = [(path, " ".join(phrase.lower().split())) for path, phrase, _ in table("exceptions.txt", " | ")]
    used = set()
    for path in paths:
        if not path.startswith(WORDS_IN) or not path.endswith(TEXT) or any(fnmatch.fnmatch(path, each) for each in SKIPPED):
            continue
        text = read(path)
        for rule, instead in rules:
            for match in rule.finditer(text):
                phrase = " ".join(re.sub(r"\n[ \t]*(///?|#|--)?", " ", match.group()).split())
                allowed = [each for each in exceptions if fnmatch.fnmatch(path, each[0]) and each[1] == phrase.lower()]
                used.update(allowed)
                if not allowed:
                    line = text.count("\n", 0, match.start()) + 1
                    find((path, line), f"'{phrase}'", f"write: {instead}")
    return [each for each in exceptions if each not in used]


# Modules and folders


def targets():
    """The targets of Package.swift in order: name, dependencies, folder, and whether it is part of the product."""
    result = []
    for block in re.split(r"\.(?=(?:target|executableTarget|testTarget|systemLibrary)\()", read("Package.swift"))[1:]:
        kind = block.split("(", 1)[0]
        name = re.search(r'name:\s*"([^"]+)"', block).group(1)
        named = re.search(r"dependencies:\s*\[([^\]]*)\]", block)
        path = re.search(r'path:\s*"([^"]+)"', block)
        folder = path.group(1) if path else ("Tests/" if kind == "testTarget" else "Sources/") + name
        result.append((name, re.findall(r'"([^"]+)"', named.group(1)) if named else [], folder, "swiftSettings: strict" in block))
    return result


def check_direction(paths):
    seen, modules = set(), {name.replace("-", "_"): name for name, _, _, _ in targets()}
    for name, dependencies, folder, product in targets():
        for other in dependencies:
            if other not in seen:
                find(("Package.swift", 0), f"{name} depends on {other}, which is not above it", "reverse the dependency")
        seen.add(name)
        for path in (path for path in paths if path.startswith(folder + "/") and path.endswith(".swift")):
            for number, line in enumerate(read(path).splitlines(), 1):
                found = re.match(r"\s*(?:@\w+\s+)*(?:\w+ )?import (?:\w+ )?(\w+)", line)
                other = modules.get(found.group(1)) if found else None
                if other and other != name and other not in dependencies:
                    find((path, number), f"{name} imports {other}", "only modules in its dependencies, all above it, may be imported")
                if product and found and found.group(1) == "Foundation":
                    find((path, number), "product code imports Foundation", "import FoundationEssentials")


def code(text):
    """Swift text without comments and without string literals, whose interpolations stay."""
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)
    text = re.sub(r"^[ \t]*//.*$|(?<=\s)//.*$", " ", text, flags=re.MULTILINE)
    keep = lambda match: " ".join(re.findall(r"\\\(([^()]*(?:\([^()]*\))*[^()]*)\)", match.group()))
    text = re.sub(r'"""(.*?)"""', keep, text, flags=re.DOTALL)
    return re.sub(r'"(?:[^"\\\n]|\\.)*"', keep, text)


DECLARATION = re.compile(
    r"^(?:@\w+(?:\([^)]*\))?[ \t]+)*(?:(?:public|package|internal|open|final|indirect|nonisolated|distributed)[ \t]+)*"
    r"(?:struct|class|enum|actor|protocol|typealias)[ \t]+(\w+)", re.MULTILINE)


def check_cycles(module, files):
    """Finds folders of a module that use each other's types. Extensions and free functions are not seen."""
    texts = {path: code(read(path)) for path in files}
    folder = {path: path.split("/")[2] if path.count("/") > 2 else None for path in files}
    home = {}
    for path, text in texts.items():
        for name in DECLARATION.findall(text):
            home.setdefault(name, set()).add(folder[path])
    home = {name: next(iter(folders)) for name, folders in home.items() if len(folders) == 1}
    uses = {}
    for path, text in texts.items():
        if folder[path] is None:
            continue
        for name in sorted(set(re.findall(r"(?<![.\w])[A-Z]\w*", text))):
            other = home.get(name)
            if other and other != folder[path]:
                uses.setdefault(folder[path], {}).setdefault(other, []).append((path, name))
    reported = set()
    for start in sorted(uses):
        # The shortest way from this folder back to itself.
        ways, seen, cycle = [[start]], set(), None
        while ways and not cycle:
            way = ways.pop(0)
            for other in sorted(uses.get(way[-1], {})):
                if other == start:
                    cycle = way + [start]
                    break
                if other not in seen:
                    seen.add(other)
                    ways.append(way + [other])
        if cycle and frozenset(cycle) not in reported:
            reported.add(frozenset(cycle))
            steps = []
            for one, other in zip(cycle, cycle[1:]):
                path, name = uses[one][other][0]
                names = sorted({name for _, name in uses[one][other]})
                steps.append(f"{one} uses {', '.join(names[:3])}{' …' if len(names) > 3 else ''} of {other} ({path.split('/', 2)[2]})")
            find((f"Sources/{module}", 0), "folder cycle: " + ", ".join(steps), "move what both need below them")


def check_sources(paths):
    files = [path for path in paths if path.startswith("Sources/") and path.endswith(".swift")]
    lengths, folders, modules = {}, {}, {}
    for path in files:
        lengths[path] = read(path).count("\n")
        folders.setdefault(os.path.dirname(path), []).append(path)
        modules.setdefault(path.split("/")[1], []).append(path)
        if lengths[path] > MAXIMUM_LINES:
            find((path, lengths[path]), f"{lengths[path]} lines", f"at most {MAXIMUM_LINES}: split it by topic")
    for folder, members in folders.items():
        if folder.count("/") > 1 and len(members) < MINIMUM_FILES:
            find((folder, 0), f"{len(members)} Swift files", f"a folder has at least {MINIMUM_FILES}: move them up or to a neighbor")
    for module, members in sorted(modules.items()):
        check_cycles(module, members)
    ordered = sorted(lengths.values())
    if ordered:
        print(f"Sources: {len(ordered)} Swift files, {sum(ordered)} lines, median {statistics.median(ordered):.0f}, "
              f"90th percentile {ordered[len(ordered) * 9 // 10]}, longest {ordered[-1]}")


def main(arguments):
    everything = tracked()
    wanted = [each.rstrip("/") for each in arguments]
    chosen = [path for path in everything if not wanted or any(path == each or path.startswith(each + "/") for each in wanted)]
    unused = check_words(chosen)
    if not wanted:
        for path, phrase in unused:
            find((f"{HERE}/exceptions.txt", 0), f"the exception '{phrase}' in {path} is not used", "remove it")
    check_direction(everything)
    check_sources(everything)
    shown = [each for each in findings if not wanted or any(each[0][0] == one or each[0][0].startswith(one + "/") for one in wanted)]
    for (path, line), text in sorted(shown):
        print(f"{path}:{line}: {text}" if line else f"{path}: {text}")
    if shown:
        print(f"{len(shown)} findings")
    return 1 if shown else 0


sys.exit(main(sys.argv[1:]))
