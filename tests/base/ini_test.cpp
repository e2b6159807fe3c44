// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "base/ini.hpp"
#include "support/temp_root.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

TEST_SUITE_BEGIN("base/ini");

using base::Config;
using base::ConfigFile;
using Strings = std::vector<std::string>;

namespace {

Strings shown(const Config &config)
{
  Strings lines;
  for (const base::ConfigItem &item : config.items)
    lines.push_back(fmt::format("{} {}.{}={}", item.line, item.section, item.key, item.value));
  return lines;
}

Strings paths(const std::vector<ConfigFile> &files)
{
  Strings result;
  for (const ConfigFile &file : files)
    result.push_back(file.path);
  return result;
}

const Strings search_path = {"/etc/x.d", "/run/x.d", "/usr/lib/x.d"};

} // namespace

TEST_CASE("items come with their section and line, without the spaces around them")
{
  const Config config = base::parse_config("\xef\xbb\xbf# one\n"
                                           "; two\n"
                                           "[Source]\n"
                                           "  Path = /a b\t\r\n"
                                           "\n"
                                           "Empty=\n"
                                           "[Target]\n"
                                           "Path=a=b # no comment here",
                                           "x.transfer");
  CHECK(shown(config) ==
        Strings{"4 Source.Path=/a b", "6 Source.Empty=", "8 Target.Path=a=b # no comment here"});
  CHECK(config.items.at(0).place() == "x.transfer:4");
  CHECK(config.warnings.empty());
}

TEST_CASE("a backslash at the end joins the next line, past comments")
{
  CHECK(shown(base::parse_config("[A]\nB=1 \\\n# not this\n  2\\\n3\nC=4\n", "f")) ==
        Strings{"2 A.B=1    2 3", "6 A.C=4"});
  CHECK(shown(base::parse_config("[A]\nB=1\\\\\nC=2\n", "f")) == Strings{"2 A.B=1\\\\", "3 A.C=2"});
  CHECK(shown(base::parse_config("[A]\nB=1\\", "f")) == Strings{"2 A.B=1"});
  CHECK(shown(base::parse_config("[A]\nB=1\\\n\nC=2", "f")) == Strings{"2 A.B=1", "4 A.C=2"});
}

TEST_CASE("a line that means nothing is passed over with its place")
{
  const Config config = base::parse_config("A=1\n[S]\nnonsense\n=2\nB=3\n", "f.conf");
  CHECK(shown(config) == Strings{"5 S.B=3"});
  CHECK(config.warnings ==
        Strings{"f.conf:1: \"A=1\" stands before the first section; it was passed over",
                "f.conf:3: \"nonsense\" is neither a section nor KEY=VALUE; it was passed over",
                "f.conf:4: \"=2\" has no key before \"=\"; it was passed over"});
}

TEST_CASE("a broken section header is an error, because all below it would go astray")
{
  for (const char *text : {"[A\n", "[]\n", "[A] x\n"}) {
    CAPTURE(text);
    CHECK_THROWS_WITH_AS((void)base::parse_config(std::string("\n") + text, "f.conf"),
                         doctest::Contains("f.conf:2: \"["),
                         base::Error);
  }
}

TEST_CASE("files are sorted by name over all directories, and the first of a name counts")
{
  const support::TempRoot root{{"etc/x.d/20.t", "1"},
                               {"run/x.d/10.t", "1"},
                               {"run/x.d/20.t", "1"},
                               {"usr/lib/x.d/30.t", "1"},
                               {"usr/lib/x.d/30.other", "1"},
                               {"usr/lib/x.d/.t", "1"},
                               {"usr/lib/x.d/40.t/", ""}};
  CHECK(paths(base::find_config_files(root.dir(), search_path, ".t")) ==
        Strings{"/run/x.d/10.t", "/etc/x.d/20.t", "/usr/lib/x.d/30.t"});
  CHECK(base::find_config_files(root.dir(), Strings{"/nowhere"}, ".t").empty());
}

TEST_CASE("an empty file or a link to /dev/null masks the same name further down, not further up")
{
  const support::TempRoot root{{"etc/x.d/10.t", ""},
                               {"etc/x.d/20.t", "-> /dev/null"},
                               {"etc/x.d/30.t", "-> ../../shared"},
                               {"shared", "1"},
                               {"run/x.d/10.t", "1"},
                               {"run/x.d/20.t", "1"},
                               {"run/x.d/40.t", "1"},
                               {"usr/lib/x.d/40.t", "-> /dev/null"}};
  CHECK(paths(base::find_config_files(root.dir(), search_path, ".t")) ==
        Strings{"/etc/x.d/30.t", "/run/x.d/40.t"});
}

TEST_CASE("drop-ins follow their file, in the order of their names over all directories")
{
  const support::TempRoot root{{"usr/lib/x.d/a.t", "[S]\nK=file\n"},
                               {"usr/lib/x.d/a.t.d/20.conf", "[S]\nK=twenty\n"},
                               {"etc/x.d/a.t.d/30.conf", "[S]\nK=thirty\n"},
                               {"etc/x.d/a.t.d/10.conf", "[S]\nK=ten\n"},
                               {"run/x.d/a.t.d/10.conf", "[S]\nK=masked\n"},
                               {"run/x.d/a.t.d/40.conf", "-> /dev/null"},
                               {"usr/lib/x.d/a.t.d/40.conf", "[S]\nK=masked\n"},
                               {"usr/lib/x.d/a.t.d/50.other", "[S]\nK=other\n"}};
  CHECK(shown(base::read_config(root.dir(), search_path, "a.t")) ==
        Strings{"2 S.K=file", "2 S.K=ten", "2 S.K=twenty", "2 S.K=thirty"});
  CHECK(shown(base::read_config(root.dir(), search_path, "b.t")).empty());
}

TEST_CASE("drop-ins of a file that is masked still count")
{
  const support::TempRoot root{{"etc/x.d/a.t", "-> /dev/null"},
                               {"usr/lib/x.d/a.t", "[S]\nK=file\n"},
                               {"usr/lib/x.d/a.t.d/1.conf", "[S]\nK=drop-in\n"}};
  CHECK(shown(base::read_config(root.dir(), search_path, "a.t")) == Strings{"2 S.K=drop-in"});
}

TEST_CASE("strake's own settings are of four places, and read strictly")
{
  const support::TempRoot root{{"usr/lib/strake/a.conf", "[S]\nK=vendor\n"},
                               {"run/strake/a.conf", "[S]\nK=run\n"},
                               {"usr/local/lib/strake/a.conf.d/2.conf", "[S]\nK=local\n"},
                               {"etc/strake/a.conf.d/1.conf", "[S]\nK=admin\n"},
                               {"etc/strake/b.conf", "[S]\nK\n"}};
  CHECK(shown({.items = base::read_own_settings(root.dir(), "a.conf")}) ==
        Strings{"2 S.K=run", "2 S.K=admin", "2 S.K=local"});
  CHECK(base::read_own_settings(root.dir(), "c.conf").empty());
  CHECK_THROWS_WITH_AS((void)base::read_own_settings(root.dir(), "b.conf"),
                       doctest::Contains("b.conf:2: \"K\" is neither a section nor KEY=VALUE"),
                       base::Error);
}

TEST_CASE("words with escapes are unescaped as in C, and quotes in them are plain")
{
  CHECK(base::split_escaped(" a\\x20b  c\\td \"e ").value() == Strings{"a b", "c\td", "\"e"});
  CHECK(base::split_escaped("\\s\\101\\u00e4\\U0001F600\\\\\\q").value() ==
        Strings{" A\xc3\xa4\xf0\x9f\x98\x80\\\\q"});
  CHECK(base::split_escaped("").value().empty());
  for (const char *wrong : {"a\\", "\\x2", "\\xzz", "\\x00", "\\ud800", "\\777", "\\08"}) {
    CAPTURE(wrong);
    CHECK_FALSE(base::split_escaped(wrong));
  }
}

TEST_CASE("words with quotes lose them, and an open quote is refused")
{
  CHECK(base::split_quoted("a 'b c' d\"e f\"g \\x20").value() ==
        Strings{"a", "b c", "de fg", "\\x20"});
  CHECK(base::split_quoted("\"\"").value() == Strings{""});
  CHECK_FALSE(base::split_quoted("a 'b"));
}
