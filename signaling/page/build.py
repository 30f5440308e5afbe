#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the watch page one script and writes all its files as C++ data.

npm works in --work, a folder of the build; the source tree stays as it is.
"""
import argparse
import hashlib
import pathlib
import shutil
import subprocess
import sys

TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
         ".txt": "text/plain; charset=utf-8"}
# What a browser that we know of needs not to have translated.
TARGET = "es2022"
PATIENCE = 300  # seconds for npm, which otherwise tries for long without a network


class Missing(Exception):
    """The page cannot be made here."""


def run(command, work):
    try:
        result = subprocess.run(command, cwd=work, stdout=subprocess.PIPE, text=True,
                                stderr=subprocess.STDOUT, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(str(error)) from error
    if result.returncode != 0:
        raise Missing(f"{' '.join(map(str, command))}:\n{result.stdout}")


def install(options):
    """Exactly what the lock file says, once per lock file; no script of a package runs."""
    lock = (options.source / "package-lock.json").read_bytes()
    stamp = options.work / "installed"
    digest = hashlib.sha256(lock).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return
    run([options.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline",
         "--fetch-retries=1"], options.work)
    stamp.write_text(digest)


def licences(work):
    """What the licences of the bundled packages ask to be said."""
    packages = sorted(path.parent for path in (work / "node_modules").glob("**/LICENSE*")
                      if "esbuild" not in str(path))
    parts = []
    for package in packages:
        name = package.relative_to(work / "node_modules")
        parts.append(f"{name}\n\n{next(package.glob('LICENSE*')).read_text()}")
    return "\n\n".join(parts).encode()


def bundle(options):
    """The files of the page, by path."""
    if not options.node or not options.npm:
        raise Missing("node and npm were not found when the build was configured")
    options.work.mkdir(parents=True, exist_ok=True)
    for path in options.source.iterdir():
        if path.suffix in (".js", ".css", ".json"):
            shutil.copyfile(path, options.work / path.name)
    install(options)
    esbuild = [options.node, "node_modules/esbuild/bin/esbuild"]
    run([*esbuild, "--version"], options.work)  # a Node.js that is too old ends here
    esbuild += ["--minify", "--legal-comments=none", f"--target={TARGET}", "--log-level=warning"]
    try:
        run([*esbuild, "main.js", "--bundle", "--format=iife", "--outfile=made/watch.js"],
            options.work)
        run([*esbuild, "style.css", "--outfile=made/watch.css"], options.work)
    except Missing as mistake:  # in our own sources
        sys.exit(f"The watch page: {mistake}")
    made = options.work / "made"
    return {"/": (options.source / "index.html").read_bytes(),
            "/watch.js": (made / "watch.js").read_bytes(),
            "/watch.css": (made / "watch.css").read_bytes(),
            "/watch.svg": (options.source / "icon.svg").read_bytes(),
            "/watch-licences.txt": licences(options.work)}


def stand_in(options):
    """A page without script, for a build without Node."""
    return {"/": (options.source / "missing.html").read_bytes(),
            "/watch.css": (options.source / "style.css").read_bytes(),
            "/watch.svg": (options.source / "icon.svg").read_bytes()}


def array(name, data):
    rows = [",".join(map(str, data[at:at + 32])) for at in range(0, len(data), 32)]
    return f"constexpr unsigned char {name}[] = {{\n" + ",\n".join(rows) + "};\n"


def cpp(files):
    arrays = "".join(array(f"file_{i}", data) for i, data in enumerate(files.values()))
    rows = []
    for i, path in enumerate(files):
        kind = TYPES[pathlib.PurePath(path).suffix or ".html"]
        rows.append(f'    {{"{path}", "{kind}", {{reinterpret_cast<const char*>(file_{i}), '
                    f'sizeof(file_{i})}}}},\n')
    return ("// Made by signaling/page/build.py.\n#include \"net/watch_page_data.hpp\"\n\n"
            "namespace genos::net {\n\nnamespace {\n\n" + arrays +
            "\nconst WatchPageFile files[] = {\n" + "".join(rows) + "};\n\n}  // namespace\n\n"
            "std::span<const WatchPageFile> watch_page_files() { return files; }\n\n"
            "}  // namespace genos::net\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--source", "--work", "--output"):
        parser.add_argument(name, type=pathlib.Path, required=True)
    parser.add_argument("--node")
    parser.add_argument("--npm")
    parser.add_argument("--required", action="store_true")
    options = parser.parse_args()
    try:
        files = bundle(options)
    except Missing as why:
        print(f"The watch page is left out: {why}", file=sys.stderr)
        if options.required:
            return 1
        files = stand_in(options)
    options.output.write_text(cpp(files))
    return 0


if __name__ == "__main__":
    sys.exit(main())
