// SPDX-License-Identifier: Apache-2.0
#include "cli/symbols.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("cli/symbols");

using cli::Charset;
using cli::charset_of;
using cli::shown;

TEST_CASE("where no locale is set, or one that is not installed, it counts as UTF-8")
{
  CHECK(charset_of({}) == Charset::utf8);
  CHECK(charset_of({{"LANG", "xx_XX.nonsense"}}) == Charset::utf8);
}

TEST_CASE("the plain locale means ASCII if somebody chose it")
{
  CHECK(charset_of({{"LANG", "C"}}) == Charset::ascii);
  CHECK(charset_of({{"LC_ALL", "POSIX"}}) == Charset::ascii);
  CHECK(charset_of({{"LANG", ""}}) == Charset::ascii);
  CHECK(charset_of({{"LANG", "C.UTF-8"}}) == Charset::utf8);
}

TEST_CASE("of the variables the one that decides about letters counts, an empty one never")
{
  CHECK(charset_of({{"LC_ALL", "C"}, {"LANG", "C.UTF-8"}}) == Charset::ascii);
  CHECK(charset_of({{"LC_CTYPE", "C"}, {"LANG", "C.UTF-8"}}) == Charset::ascii);
  CHECK(charset_of({{"LC_ALL", ""}, {"LANG", "C.UTF-8"}}) == Charset::utf8);
  CHECK(charset_of({{"LC_TIME", "C"}}) == Charset::utf8);
}

TEST_CASE("systemd's own variables are above the locale and the terminal")
{
  CHECK(charset_of({{"LANG", "C"}, {"SYSTEMD_UTF8", "yes"}}) == Charset::utf8);
  CHECK(charset_of({{"SYSTEMD_UTF8", "0"}}) == Charset::ascii);
  CHECK(charset_of({{"SYSTEMD_UTF8", "perhaps"}}) == Charset::utf8);
  CHECK(charset_of({{"TERM", "xterm"}, {"SYSTEMD_EMOJI", "no"}}) == Charset::utf8);
  CHECK(charset_of({{"SYSTEMD_EMOJI", "yes"}}) == Charset::emoji);
}

TEST_CASE("emoji are for terminals that may have a font for them")
{
  CHECK(charset_of({{"TERM", "xterm-256color"}}) == Charset::emoji);
  CHECK(charset_of({{"TERM", "linux"}}) == Charset::utf8);
  CHECK(charset_of({{"TERM", "dumb"}}) == Charset::utf8);
  CHECK(charset_of({{"TERM", "xterm"}, {"LANG", "C"}}) == Charset::ascii);
}

TEST_CASE("what cannot be shown is spelled in ASCII, and other letters stay")
{
  const std::string all = "● ○ ↻ × ✓ ✗ → … ♻ ✨ ⤵ ⤵️ ü";
  CHECK(shown(all, Charset::ascii) == "* * * x + - -> ... ~ * \\ \\ ü");
  CHECK(shown(all, Charset::utf8) == "● ○ ↻ × ✓ ✗ → … ~ * \\ \\ ü");
  CHECK(shown(all, Charset::emoji) == all);
  CHECK(shown("……", Charset::ascii) == "......");
}
