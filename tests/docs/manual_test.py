#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the manual and the completions with the tables in the code, both ways.

What a page says about a key cannot be judged here, but that every key, verb, option, exit status
and variable has its place, and that no page has one that is not there.
"""

import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
STRING = r'"((?:[^"\\]|\\.)*)"'


def source(path):
    return (ROOT / path).read_text(encoding="utf-8")


def page(name):
    return source(f"man/{name}.scd")


def section(text, title):
    """The lines between one header of a page and the next."""
    found = re.search(rf"^# {re.escape(title)}\n(.*?)(?=^# |\Z)", text, re.S | re.M)
    if not found:
        raise AssertionError(f"there is no section {title}")
    return found.group(1)


def entries(text):
    """What the lines that head an indented text name in bold: "*-a*, *--all*" is two."""
    names = []
    for line in text.splitlines():
        if line.startswith("*"):
            names += re.findall(r"\*([^*\s]+)\*", line)
    return names


def table(path, expression, at_least):
    """Rows of a table in the code; fewer than there must be mean that the form has changed."""
    rows = re.findall(expression, source(path), re.S)
    if len(rows) < at_least:
        raise AssertionError(f"{path}: found only {len(rows)} rows; does the form still fit?")
    return rows


def options():
    """(name, letter, argument, only_strake) of each."""
    rows = table(
        "cli/options.cpp",
        rf"\{{{STRING},\s*('.'|0),\s*({STRING}|nullptr),\s*{STRING},\s*(true|false),\s*\[",
        20,
    )
    return [
        (name, letter.strip("'0"), argument or None, only == "true")
        for name, letter, _, argument, _, only in rows
    ]


def verbs():
    """(name, arguments, only_strake, changes) of each."""
    rows = table(
        "cli/verbs.cpp",
        rf"\{{{STRING},\s*{STRING},\s*\d+,\s*\w+,\s*{STRING},\s*(true|false),\s*(true|false),",
        20,
    )
    return [(name, args, only == "true", changes == "true") for name, args, _, only, changes in rows]


def extension_verbs():
    """(name, arguments) of each."""
    return table(
        "cli/extension_verbs.cpp",
        rf"\{{{STRING},\s*{STRING},\s*\d+,\s*\w+,\s*{STRING},\s*(?:true|false),",
        9,
    )


def extension_options():
    """(name, letter) of each."""
    rows = table(
        "cli/extension_options.cpp",
        rf"\{{{STRING},\s*('.'|0),\s*({STRING}|nullptr),\s*{STRING},",
        13,
    )
    return [(row[0], row[1].strip("'0")) for row in rows]


def bakery_verbs():
    """(name, arguments, help, page) of each."""
    return table("cli/bakery_verbs.cpp",
                 rf"\{{{STRING},\s*{STRING},\s*\d+,\s*{STRING},\s*{STRING},", 5)


def bakery_options():
    """(name, letter, argument, verbs) of each."""
    rows = table(
        "cli/bakery_options.cpp",
        rf"\{{{STRING},\s*('.'|0),\s*({STRING}|nullptr),\s*{STRING},\s*{STRING},",
        9,
    )
    return [(row[0], row[1].strip("'0"), row[3] or None, row[4].split()) for row in rows]


def transfer_keys(part):
    rows = table("updater/transfer_file.cpp", rf"Row\{{{STRING},\s*{STRING},", 28)
    return [key for name, key in rows if name == part]


def common_keys():
    return table("updater/component.cpp", rf"\{{\s*section,\s*{STRING},", 15)


def bash_words(text, variable):
    """The words of a variable that is set in one place, and added to in others."""
    words = " ".join(re.findall(rf"(?m)^ *{variable}\+?='([^']*)'", text)).split()
    return [word.rstrip("=") for word in words]


def zsh_verbs(text, function):
    body = re.search(rf"(?m)^{function}\(\) \{{\n(.*?)^\}}", text, re.S | re.M).group(1)
    return re.findall(r"(?m)^    '([a-z-]+):", body)


def zsh_options(text, call):
    """Those of the call of _arguments that begins this way."""
    body = re.search(rf"{call}(?:.*\\\n)+", text).group(0)
    return re.findall(r"(?m)^ +'[^']*?'?(?:\{[^}]*?,)?--([a-z-]+)=?[}\[]", body)


def fish_list(text, variable):
    listed = re.search(rf"set -l {variable} (.*?)\n(?=set)", text, re.S).group(1)
    return listed.replace("\\", " ").split()


class Manual(unittest.TestCase):
    def same(self, documented, there, where):
        self.assertEqual(sorted(documented), sorted(there), where)

    def keys(self, name, title):
        return [entry.rstrip("=") for entry in entries(section(page(name), title))]

    def test_every_page_can_be_made(self):
        pages = sorted((ROOT / "man").glob("*.scd"))
        self.assertEqual(len(pages), 11)
        for path in pages:
            with path.open("rb") as text:
                done = subprocess.run(["scdoc"], stdin=text, capture_output=True, check=False)
            self.assertEqual(done.returncode, 0, f"{path.name}: {done.stderr.decode()}")

    def test_the_keys_of_transfers_are_those_that_are_read(self):
        for part in ("Transfer", "Source", "Target"):
            title = f"[{part.upper()}] SECTION"
            self.same(self.keys("strake.transfer.5", title), transfer_keys(part), title)

    def test_the_keys_of_features_and_components_are_those_that_are_read(self):
        suggestions = "WHEN IT IS SUGGESTED"
        feature = self.keys("strake.feature.5", "[FEATURE] SECTION")
        self.same(
            feature + self.keys("strake.feature.5", suggestions),
            common_keys() + table("updater/component.cpp", rf'\{{"Feature",\s*{STRING},', 1),
            "strake.feature(5)",
        )
        component = self.keys("strake.component.5", "[COMPONENT] SECTION")
        self.same(
            component + self.keys("strake.component.5", suggestions),
            common_keys(),
            "strake.component(5)",
        )

    def test_the_keys_of_the_transport_are_those_that_are_read(self):
        there = table("updater/fetch_configuration.cpp", rf"Key\{{{STRING},", 15)
        title = "[TRANSPORT] SECTION"
        self.same(self.keys("strake-transport.conf.5", title), there, title)

    def test_the_keys_of_timers_are_those_that_are_read(self):
        there = table("handoff/automatic_settings.cpp", rf"key == {STRING}", 5)
        title = "[AUTOMATIC] SECTION"
        self.same(self.keys("strake-automatic.conf.5", title), there, title)

    def test_the_keys_of_extensions_are_those_that_are_read(self):
        there = table("overlay/extension_settings.cpp", rf"\{{{STRING}, \[\]\(I", 6)
        title = "[EXTENSION] SECTION"
        self.same(self.keys("strake.extension.5", title), there, title)
        there = table("overlay/configuration.cpp", rf"item\.key == {STRING}\)\n\s+put\(", 2)
        self.same(self.keys("strake.extension.5", "HIERARCHIES"), there, "HIERARCHIES")

    def test_the_keys_for_all_extensions_are_those_that_are_read(self):
        there = table("overlay/settings.cpp", rf"KeyRow\{{{STRING},\s*{STRING},", 1)
        for part in {part for part, _ in there}:
            title = f"[{part.upper()}] SECTION"
            self.same(self.keys("strake-extensions.conf.5", title),
                      [key for name, key in there if name == part], title)

    def test_every_key_has_its_default_and_an_example(self):
        for name in ("transfer.5", "feature.5", "component.5", "transport.conf.5", "automatic.conf.5",
                     "extension.5", "extensions.conf.5"):
            text = page(f"strake-{name}" if ".conf" in name else f"strake.{name}")
            for key, body in re.findall(r"^\*(\w+)=\*\n((?:\t.*\n)+)", text, re.M):
                examples = re.findall(rf"^\tExample: _{key}=.+_$", body, re.M)
                self.assertEqual(len(examples), 1, f"{name}: {key}= has no example")
                is_question = key.startswith("SuggestOn")
                says = re.search(r"default|must be given", body)
                self.assertTrue(is_question or says, f"{name}: {key}= has no default")

    def test_wildcards_and_specifiers_are_those_that_are_known(self):
        letters = table("updater/pattern.cpp", r"W(?:ildcard)?::\w+,\s*'(\w)'", 12)
        self.same(
            [entry for entry in entries(section(page("strake.transfer.5"), "PATTERNS"))],
            [f"@{letter}" for letter in letters] + ["@@"],
            "PATTERNS",
        )
        known = table("base/specifier.cpp", rf"known_letters = {STRING}", 1)[0]
        self.same(
            entries(section(page("strake.transfer.5"), "SPECIFIERS")),
            [f"%{letter}" for letter in known] + ["%%"],
            "SPECIFIERS",
        )

    def test_the_commands_are_those_of_the_program(self):
        documented = entries(section(page("strake.1"), "COMMANDS"))
        self.same(documented, [verb[0] for verb in verbs()], "COMMANDS")

    def test_a_command_is_shown_with_the_arguments_it_takes(self):
        text = section(page("strake.1"), "COMMANDS")
        for name, arguments, _, _ in verbs():
            heading = re.search(rf"^\*{name}\*(.*)$", text, re.M).group(1)
            word = re.sub(r"[^A-Z]", "", arguments)
            self.assertEqual(re.sub(r"[^A-Z]", "", heading), word, name)

    def test_the_options_are_those_of_the_program(self):
        documented = [entry.rstrip("=") for entry in entries(section(page("strake.1"), "OPTIONS"))]
        there = [f"--{name}" for name, _, _, _ in options()]
        there += [f"-{letter}" for _, letter, _, _ in options() if letter]
        self.same(documented, there, "OPTIONS")

    def test_an_option_is_shown_with_the_argument_it_takes(self):
        for name, _, argument, _ in options():
            heading = f"*--{name}=*_{argument}_" if argument else f"*--{name}*"
            self.assertRegex(page("strake.1"), rf"(?m)^(\*-\w\*, )?{re.escape(heading)}$")

    def test_exit_statuses_are_those_of_the_kinds_of_failure(self):
        kinds = table("base/error.cpp", rf"KindRow\{{Kind::\w+,\s*{STRING},\s*(\d+)\}}", 10)
        text = section(page("strake.1"), "EXIT STATUS")
        for word, status in kinds:
            self.assertRegex(text, rf"(?m)^\*{status}\*\n\t{word}: ")
        others = ["0", "1", "130", "143"]
        self.same(entries(text), others + [status for _, status in kinds], "EXIT STATUS")

    def test_every_variable_that_is_read_is_documented(self):
        read = {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}
        for folder in ("base", "verity", "updater", "overlay", "bakery", "cli"):
            for path in (ROOT / folder).glob("*.cpp"):
                text = path.read_text(encoding="utf-8")
                read |= set(re.findall(r'\bvariable\("(\w+)"\)', text))
                read |= set(re.findall(r'from_environment\(host, "(\w+)"\)', text))
                read |= set(re.findall(r'environment\.(?:find|contains)\("(\w+)"\)', text))
                read |= set(re.findall(r'switched\(environment, "(\w+)"\)', text))
                for names in re.findall(r"const char \*name : \{([^}]*)\}\) \{[^}]*"
                                        r"environment\.find\(name\)", text):
                    read |= set(re.findall(r'"(\w+)"', names))
                for names in re.findall(r"for \(const char \*name : \{([^}]*)\}\)\s*if \(const auto "
                                        r"\w+ = host\.variable\(name\)", text):
                    read |= set(re.findall(r'"(\w+)"', names))
        both = set(entries(section(page("strake.1"), "ENVIRONMENT")))
        both |= set(entries(section(page("strake-ext.1"), "ENVIRONMENT")))
        both |= set(entries(section(page("strake-bake.1"), "ENVIRONMENT")))
        both |= set(entries(section(page("strake-publish.1"), "ENVIRONMENT")))
        by_table = {name for name in both if re.match(r"SYSTEMD_(SYSEXT|CONFEXT|DISSECT|ALLOW)_", name)}
        for name in by_table - read:
            used = [path for folder in ("verity", "overlay") for path in (ROOT / folder).glob("*.cpp")
                    if f'"{name}"' in path.read_text(encoding="utf-8")]
            self.assertTrue(used, f"nothing reads {name}")
        self.same(both - by_table, read - by_table, "ENVIRONMENT")

    def test_extensions_have_the_commands_and_options_that_are_documented(self):
        self.same(entries(section(page("strake-ext.1"), "COMMANDS")),
                  [name for name, *_ in extension_verbs()], "COMMANDS")
        there = [f"--{name}" for name, _ in extension_options()]
        there += [f"-{letter}" for _, letter in extension_options() if letter]
        documented = [entry.rstrip("=")
                      for entry in entries(section(page("strake-ext.1"), "OPTIONS"))]
        self.same(documented, there, "OPTIONS")

    def test_the_bakery_has_the_commands_and_options_that_are_documented(self):
        for name in ("strake-bake", "strake-publish"):
            text = page(f"{name}.1")
            verbs_here = [verb for verb, _, _, place in bakery_verbs() if place == f"{name}(1)"]
            self.same(entries(section(text, "COMMANDS")), verbs_here, f"{name}: COMMANDS")
            options_here = [row for row in bakery_options()
                            if not row[3] or set(row[3]) & set(verbs_here)]
            there = [f"--{option}" for option, *_ in options_here]
            there += [f"-{letter}" for _, letter, *_ in options_here if letter]
            documented = [entry.rstrip("=") for entry in entries(section(text, "OPTIONS"))]
            self.same(documented, there, f"{name}: OPTIONS")
            for option, _, argument, _ in options_here:
                heading = f"*--{option}=*_{argument}_" if argument else f"*--{option}*"
                self.assertRegex(text, rf"(?m)^(\*-\w\*, )?{re.escape(heading)}$")

    def test_the_rules_of_lint_are_documented(self):
        there = table("bakery/lint.cpp", r'(?m)^ +\{"([a-z-]+)",$', 17)
        self.same(entries(section(page("strake-bake.1"), "RULES")), there, "RULES")
        recipe = source("docs/formats/recipe.md")
        for rule in there:
            self.assertIn(f"`{rule}`", recipe)

    def test_the_files_are_those_that_are_kept(self):
        text = section(page("strake.1"), "FILES")
        for name in ("history.jsonl", "policy.json", "attempt.json", "contents.json", "holder",
                     "staging/", "seen/", "cache/"):
            self.assertIn(f"_/var/lib/strake/{name}_", text)
            word = name.rstrip("/")
            used = any(f'"{word}"' in path.read_text(encoding="utf-8") or
                       f"/var/lib/strake/{word}" in path.read_text(encoding="utf-8")
                       for path in (ROOT / "updater").glob("*.cpp"))
            self.assertTrue(used, f"nothing keeps {name}")

    def test_the_completions_have_every_verb_and_option(self):
        there = [name for name, _, _, _ in verbs()] + ["ext"]
        there += [name for name, *_ in bakery_verbs()]
        long = [name for name, _, _, _ in options()]
        bash = source("completions/strake.bash")
        self.same(bash_words(bash, "verbs"), there, "bash")
        self.same(bash_words(bash, "options"), [f"--{name}" for name in long], "bash")

        zsh = source("completions/_strake")
        self.same(zsh_verbs(zsh, "_strake_verbs"), there, "zsh")
        self.same(zsh_options(zsh, "\n_arguments "), long, "zsh")

        fish = source("completions/strake.fish")
        self.same(re.findall(r"-n \$first -a ([a-z-]+) ", fish), there, "fish")
        self.same(re.findall(r"(?m)^complete -c strake -n \$update .*-l ([a-z-]+) ", fish), long,
                  "fish")
        self.same(fish_list(fish, "verbs"), there, "fish")

    def test_the_completions_have_every_verb_and_option_of_extensions(self):
        there = [name for name, *_ in extension_verbs()]
        long = [name for name, _ in extension_options()]
        bash = source("completions/strake.bash")
        self.same(bash_words(bash, "ext_verbs"), there, "bash")
        self.same(bash_words(bash, "ext_options"), [f"--{name}" for name in long], "bash")

        zsh = source("completions/_strake")
        self.same(zsh_verbs(zsh, "_strake_ext_verbs"), there, "zsh")
        self.same(zsh_options(zsh, "\n  _arguments "), long, "zsh")

        fish = source("completions/strake.fish")
        self.same(re.findall(r"-n \$ext_first -a ([a-z-]+) ", fish), there, "fish")
        self.same(re.findall(r"(?m)^complete -c strake -n \$ext .*-l ([a-z-]+) ", fish), long,
                  "fish")
        self.same(fish_list(fish, "ext_verbs"), there, "fish")


    def test_the_completions_have_every_option_of_the_bakery(self):
        long = [name for name, *_ in bakery_options()]
        bash = source("completions/strake.bash")
        self.same(bash_words(bash, "bakery_options"), [f"--{name}" for name in long], "bash")
        self.same(zsh_options(source("completions/_strake"),
                              r"_strake_bakery\(\) \{\n  _arguments "), long, "zsh")
        fish = source("completions/strake.fish")
        self.same(re.findall(r"(?m)^complete -c strake -n \$bakery .*-l ([a-z-]+) ", fish), long,
                  "fish")


if __name__ == "__main__":
    unittest.main()
