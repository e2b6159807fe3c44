# SPDX-License-Identifier: Apache-2.0
"""What is equal although it is written otherwise, and the differences that are meant."""

import fnmatch
import json
import re
import time


def always(text):
    """What no two runs have in common, whoever made them: the time of the run."""
    day = time.time() // 86400
    days = "|".join(time.strftime("%Y-%m-%d", time.gmtime(86400 * (day + n))) for n in (-1, 0, 1))
    text = re.sub(rf"[A-Z][a-z][a-z] (?:{days}) \d\d:\d\d:\d\d UTC", "<now>", text)
    recent = str(int(time.time()))[:5]
    text = re.sub(rf'"mtime" ?: ?{recent}\d{{11}}', '"mtime":0', text)
    return re.sub(rf" {recent}\d{{5}}\.\d+ ", " <now> ", text)


# Each takes (text of the reference, text of the candidate) and gives both back, made comparable in
# the one respect that its name says. A data file entry names it together with the reason.

def each(function):
    return lambda theirs, ours: (function(theirs), function(ours))


def blanks(text):
    return re.sub(r"[ \t]+", " ", re.sub(r"[ \t]+$", "", text, flags=re.M))


def disk_node(text):
    """/proc/self/fd/3p1, /dev/loop0p1 and /var/tmp/s/disk.raw1 are one partition."""
    text = re.sub(r"/proc/self/fd/\d+p?(\d+)|/dev/loop\d+p(\d+)|/var/tmp/s/disk\.raw"
                  r"(?:\.device)?p?(\d+)", lambda m: "<disk>" + "".join(filter(None, m.groups())),
                  text)
    return blanks(text)


def rows_sorted(text):
    return "\n".join(sorted(text.splitlines()))


def last_block(text):
    """`list VERSION` of 257 prints its first block twice."""
    head, found, rest = text.partition("\n\n")
    title = head.split("\n")[0]
    return rest if found and title and rest.startswith(title) else text


def without_keys(*keys):
    def drop(text):
        try:
            value = json.loads(text)
        except ValueError:
            return text
        for key in keys:
            value.pop(key, None)
        return json.dumps(value)
    return drop


def without_install_database(text):
    return re.sub(r"== /var/lib/systemd/sysupdate\n(?:(?!== ).*\n?)*", "", text)


def feature_json_of_262(text):
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if "id" in value:
        value["name"] = value.pop("id")
    value.pop("suggested", None)
    value["transfers"] = sorted(value.get("transfers", []))
    if isinstance(value.get("documentation"), list):
        value["documentation"] = value["documentation"][0]
    return json.dumps(value, sort_keys=True)


def feature_list_sorted(text):
    try:
        return json.dumps(sorted(json.loads(text)["features"]))
    except (ValueError, KeyError):
        return text


def feature_table_of_262(text):
    rows = [line.split() for line in text.splitlines()]
    rows = [row[2:] if row[:2] == ["ENABLED", "SUGGESTED"] else row for row in rows]
    rows = [row[:1] + row[2:] if len(row) > 2 and len(row[1]) == 1 else row for row in rows
            if row and row[-1] != "listed."]
    return "\n".join(sorted(" ".join(row[:1] + [word for word in row[1:] if word != "-"])
                            for row in rows))


def feature_of_262(text):
    text = re.sub(r"^ *Suggested:.*\n", "", text, flags=re.M)
    text = re.sub(r"^( *Transfers: )(.*)$", lambda line: line[1] + " ".join(
        sorted(line[2].split())), text, flags=re.M)
    return re.sub(r"^ +", "", blanks(text), flags=re.M)


def feature_of_either(text):
    """One feature, in whatever form, without the order of its transfers."""
    try:
        value = json.loads(text)
    except ValueError:
        return feature_of_262(text)
    value["transfers"] = sorted(value.get("transfers", []))
    return json.dumps(value)


def component_names(text):
    """257: a name a line. 262: ENABLED SUGGESTED COMPONENT …, of which the third is the name."""
    rows = [line.split() for line in text.splitlines()]
    return "\n".join(row[2] if len(row) > 2 else row[0] for row in rows
                     if row and row[0] != "ENABLED" and row[-1] != "listed.")


WAYS = {
    "ignore": lambda theirs, ours: (theirs, theirs),
    "blanks": each(blanks),
    "disk-node": each(disk_node),
    "rows-sorted": each(rows_sorted),
    "only-as-null": lambda theirs, ours: (theirs, theirs) if theirs == "0" else (theirs, ours),
    "without-install-database": each(without_install_database),
    "feature-json-of-262": each(feature_json_of_262),
    "feature-list-sorted": each(feature_list_sorted),
    "feature-table-of-262": each(feature_table_of_262),
    "feature-of-262": each(feature_of_262),
    "feature-of-either": each(feature_of_either),
    "component-names": each(component_names),
    "last-block": lambda theirs, ours: (last_block(theirs), ours),
    "without-partial-and-pending": each(without_keys("partial", "pending")),
}


class Rules:
    """The entries of expected-differences.json:
    {"name", "reason", "situations": globs, "asked": regular expression, "part", "way",
     "from": the version of systemd it is a difference from; without: from each}"""

    def __init__(self, path, version):
        with open(path, encoding="utf-8") as file:
            self.entries = [entry for entry in json.load(file)
                            if entry.get("from", version) == version]
        self.met = {}

    def applies(self, entry, situation, asked, part):
        return (part in entry.get("part", "stdout").split()
                and any(fnmatch.fnmatch(situation, glob)
                        for glob in entry.get("situations", "*").split())
                and re.search(entry.get("asked", ""), asked) is not None)

    def reconcile(self, situation, asked, part, theirs, ours):
        if part == "status":  # which number it is that is not 0 is no part of the comparison
            theirs, ours = ("0" if s.strip() == "0" else "not 0" for s in (theirs, ours))
        theirs, ours = always(theirs), always(ours)
        tried = []
        for entry in self.entries:
            if theirs == ours:
                break
            if not self.applies(entry, situation, asked, part):
                continue
            before = (theirs, ours)
            theirs, ours = WAYS[entry["way"]](theirs, ours)
            if (theirs, ours) != before:
                tried.append(entry["name"])
        if theirs == ours:
            for name in tried:
                self.met[name] = self.met.get(name, 0) + 1
        return theirs, ours

    def never_met(self):
        return [entry["name"] for entry in self.entries if entry["name"] not in self.met]

    def not_in(self, path):
        """Those that the document for users does not explain."""
        with open(path, encoding="utf-8") as file:
            document = file.read()
        return [entry["name"] for entry in self.entries if f"`{entry['name']}`" not in document]

    def summary(self):
        return f"{sum(self.met.values())} expected differences of {len(self.met)} kinds"
