# SPDX-License-Identifier: LGPL-2.1-or-later
"""Links of the documentation lead to a file and a heading that exist."""
import os
import re

FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!\\)\[[^\]\n]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
ANCHOR = re.compile(r"<a\s+(?:id|name)=\"([^\"]+)\"")


def anchor_of(heading):
    """As forges make it: lower case, punctuation gone, a dash for each space."""
    plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", lambda match: match.group(1) or "", heading)
    return re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")


def anchors_in(text):
    seen, anchors = {}, set(ANCHOR.findall(text))
    for heading in HEADING.findall(FENCE.sub("", text)):
        anchor = anchor_of(heading)
        count = seen.get(anchor, 0)
        seen[anchor] = count + 1
        anchors.add(f"{anchor}-{count}" if count else anchor)
    return anchors


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def problem_of(root, page, link):
    target, _, anchor = link.partition("#")
    path = os.path.normpath(os.path.join(os.path.dirname(page), target)) if target else page
    if path.startswith("..") or not os.path.exists(os.path.join(root, path)):
        return "leads nowhere"
    if anchor and path.endswith(".md") and anchor not in anchors_in(read(root, path)):
        return f"no heading '{anchor}' in {path}"
    return None


def check(root, files):
    problems = []
    for page in files:
        if not page.endswith(".md") or "node_modules/" in page:
            continue
        for link in LINK.findall(FENCE.sub("", read(root, page))):
            if re.match(r"[a-z][a-z0-9+.-]*:", link):
                continue  # the network is no part of a test
            problem = problem_of(root, page, link)
            if problem:
                problems.append(f"{page}: {link}: {problem}")
    return problems
