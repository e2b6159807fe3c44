#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""That every link in our texts leads to a file that is there, and to a heading that it has."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TEXTS = [path for path in ROOT.rglob("*.md") if "build" not in path.relative_to(ROOT).parts]


def anchors(path):
    """The headings of a text, as those who show it make names of them."""
    titles = re.findall(r"(?m)^#+ (.*)$", path.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


class Links(unittest.TestCase):
    def test_each_leads_somewhere(self):
        self.assertGreater(len(TEXTS), 20)
        for path in TEXTS:
            prose = re.sub(r"(?ms)^( *)```.*?^\1```", "", path.read_text(encoding="utf-8"))
            for target in re.findall(r"\]\(([^)\s]+)\)", prose):
                if "://" in target:
                    continue
                file, _, heading = target.partition("#")
                place = (path.parent / file).resolve() if file else path
                self.assertTrue(place.exists(), f"{path.relative_to(ROOT)}: {target}")
                if heading:
                    self.assertIn(heading, anchors(place), f"{path.relative_to(ROOT)}: {target}")

    def test_each_how_to_is_named_in_the_list_of_questions_and_on_the_first_page(self):
        for path in sorted((ROOT / "docs/howto").glob("*.md")):
            self.assertIn(f"(howto/{path.name})", (ROOT / "docs/README.md").read_text(), path.name)
            self.assertIn(f"(docs/howto/{path.name})", (ROOT / "README.md").read_text(), path.name)


if __name__ == "__main__":
    unittest.main()
