#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads the definitions in examples/ with the program, as a machine that has them would.

examples_test.py STRAKE
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
STRAKE = pathlib.Path(sys.argv.pop(1))


class AbDisk(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.machine = pathlib.Path(scratch.name)
        (self.machine / "etc").mkdir()
        (self.machine / "etc/os-release").write_text("ID=debian\nIMAGE_VERSION=1\n")
        self.definitions = self.machine / "usr/lib/sysupdate.d"
        shutil.copytree(ROOT / "examples/ab-disk/sysupdate.d", self.definitions)

    def strake(self, *words):
        return subprocess.run([STRAKE, f"--root={self.machine}", *words], check=True,
                              capture_output=True, text=True)

    def test_every_file_is_read_without_a_word_of_warning(self):
        run = self.strake("features", "--json=short")
        self.assertEqual(run.stderr, "")
        self.assertEqual(json.loads(run.stdout), {"features": ["devel"]})

    def test_the_feature_switches_its_transfer(self):
        self.strake("enable-feature", "devel")
        described = json.loads(self.strake("features", "devel", "--json=short").stdout)
        self.assertTrue(described["enabled"])
        self.assertEqual(described["transfers"], ["70-devel"])


class Bakery(unittest.TestCase):
    """That they are baked and work is in tests/e2e/bakery."""

    def recipes(self):
        found = sorted((ROOT / "examples/bakery").glob("*.yaml"))
        self.assertGreaterEqual(len(found), 10)
        return found

    def test_the_program_and_the_schema_accept_each_recipe(self):
        try:
            import jsonschema
            import yaml
        except ImportError:
            sys.exit(77)
        schema = json.loads((ROOT / "docs/formats/recipe.schema.json").read_text())
        validator = jsonschema.Draft202012Validator(schema)
        for path in self.recipes():
            recipe = yaml.safe_load(path.read_text())
            self.assertEqual([error.message for error in validator.iter_errors(recipe)], [], path)
            recipe["nmae"] = "x"
            self.assertFalse(validator.is_valid(recipe))
        subprocess.run([STRAKE, "lint", *self.recipes()], check=True)


class MutableEtc(unittest.TestCase):
    """That it does what it says is in tests/e2e/mutable_etc."""

    def test_the_defaults_are_found_without_a_word_of_warning(self):
        with tempfile.TemporaryDirectory() as scratch:
            machine = pathlib.Path(scratch)
            (machine / "usr/lib/strake").mkdir(parents=True)
            (machine / "usr/lib/os-release").write_text("ID=flat\nVERSION_ID=1\n")
            shutil.copytree(ROOT / "examples/mutable-etc/confexts", machine / "usr/lib/confexts")
            shutil.copy(ROOT / "examples/mutable-etc/hierarchies.conf", machine / "usr/lib/strake")
            run = subprocess.run([STRAKE, "ext", f"--root={machine}", "list", "--json=short"],
                                 check=True, capture_output=True, text=True)
            self.assertEqual(run.stderr, "")
            self.assertEqual([each["name"] for each in json.loads(run.stdout)], ["defaults"])


class Readmes(unittest.TestCase):
    def test_each_file_of_an_example_is_named_in_its_readme(self):
        for example in (ROOT / "examples").iterdir():
            readme = (example / "README.md").read_text()
            for path in example.rglob("*"):
                if path.is_file() and path.name != "README.md":
                    self.assertIn(f"`{path.name}`", readme, example.name)


if __name__ == "__main__":
    unittest.main()
