// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "base/version.hpp"
#include "updater/pattern.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

TEST_SUITE_BEGIN("updater/pattern");

using updater::Metadata;
using updater::Pattern;
using updater::Wildcard;

namespace {

std::string refusal(std::string_view text)
{
  try {
    (void)Pattern::parse(text);
  } catch (const base::Error &error) {
    CHECK(error.kind() == base::Kind::config);
    return error.message();
  }
  return "accepted";
}

std::string version_in(const char *pattern, const char *path)
{
  const auto found = Pattern::parse(pattern).match(path);
  return found ? found->version : "no match";
}

std::string format_refusal(const char *pattern, const Metadata &metadata)
{
  try {
    return "accepted: " + Pattern::parse(pattern).format(metadata);
  } catch (const base::Error &error) {
    CHECK(error.kind() == base::Kind::config);
    return error.message();
  }
}

Metadata everything()
{
  Metadata metadata;
  metadata.version = "7.1~rc2";
  metadata.partition_uuid = base::Uuid::parse("f0e1d2c3-b4a5-9687-7869-5a4b3c2d1e0f");
  metadata.partition_flags = 0x1000000000000000;
  metadata.no_auto = false;
  metadata.grow_file_system = true;
  metadata.read_only = true;
  metadata.modified_us = 1700000000123456;
  metadata.mode = mode_t{0444};
  metadata.size = 4096;
  metadata.tries_done = 0;
  metadata.tries_left = 3;
  metadata.sha256 = verity::digest_of({});
  return metadata;
}

} // namespace

TEST_CASE("each wildcard takes its field out of a name, and writes it back")
{
  const Metadata all = everything();
  const Pattern pattern = Pattern::parse("x_@v_@u_@f_@a_@g_@r_@t_@m_@s+@l-@d=@h.raw");
  const std::string name =
      "x_7.1~rc2_f0e1d2c3b4a5968778695a4b3c2d1e0f_1000000000000000_0_1_1_1700000000123456_444_4096"
      "+3-0=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.raw";
  CHECK(pattern.format(all) == name);
  CHECK(pattern.match(name) == all);
  for (const Wildcard wildcard : {Wildcard::version, Wildcard::sha256, Wildcard::mode})
    CHECK(pattern.has(wildcard));
  CHECK_FALSE(Pattern::parse("@v").has(Wildcard::mode));
}

TEST_CASE("a field may be written in more than one way")
{
  const auto found = Pattern::parse("@v:@u:@f:@a:@m:@l")
                         .match("1:F0E1D2C3-B4A5-9687-7869-5A4B3C2D1E0F:0xA:yes:0644:03");
  REQUIRE(found);
  CHECK(found->partition_uuid == everything().partition_uuid);
  CHECK(found->partition_flags == 10);
  CHECK(found->no_auto == true);
  CHECK(found->mode == mode_t{0644});
  CHECK(found->tries_left == 3);
}

TEST_CASE("a field with a wrong value is no match")
{
  for (const char *name : {"1:2:x.raw", "", ":1", "1/2", "."}) {
    CAPTURE(name);
    CHECK_FALSE(Pattern::parse("@v").match(name));
  }
  const std::pair<const char *, const char *> wrong[] = {
      {"@v:@u", "1:f0e1"},
      {"@v:@f", "1:xyz"},
      {"@v:@f", "1:10000000000000000"},
      {"@v:@a", "1:maybe"},
      {"@v:@t", "1:-5"},
      {"@v:@t", "1:18446744073709551615"},
      {"@v:@m", "1:0777"},
      {"@v:@m", "1:4755"},
      {"@v:@m", "1:u+r"},
      {"@v:@s", "1:"},
      {"@v:@s", "1:0x10"},
      {"@v:@d", "1:18446744073709551616"},
      {"@v:@l", "1: 3"},
      {"@v:@h", "1:e3b0"},
  };
  for (const auto &[pattern, name] : wrong) {
    CAPTURE(pattern);
    CAPTURE(name);
    CHECK_FALSE(Pattern::parse(pattern).match(name));
  }
}

TEST_CASE("a wildcard ends where the next literal occurs first, and nothing is tried again")
{
  CHECK(version_in("linux-@v.erofs", "linux-1.2.erofs") == "1.2");
  CHECK(version_in("linux-@v.erofs", "linux-1.erofs.caibx") == "no match");
  CHECK(version_in("linux-@v.erofs", "linux-1.erofs.erofs") == "no match");
  CHECK(version_in("foo_@v_@u.raw", "foo_1_2_f0e1d2c3b4a5968778695a4b3c2d1e0f.raw") == "no match");
  CHECK(version_in("foo_@v_@u.raw", "foo_1-2_f0e1d2c3b4a5968778695a4b3c2d1e0f.raw") == "1-2");
  CHECK(version_in("foo_@v", "foo_1.raw") == "1.raw");
  CHECK(version_in("foo_@v", "bar_1") == "no match");
  CHECK(version_in("foo_@v", "fo") == "no match");
  CHECK(version_in("@v.efi", ".efi") == "no match");
}

TEST_CASE("two at signs are one, and a space is a character like others")
{
  CHECK(version_in("a@@b @v@@", "a@b 1@") == "1");
  CHECK(Pattern::parse("a@@@v").format({.version = "5"}) == "a@5");
}

TEST_CASE("a pattern with a slash names a path, and tells which directories are worth a look")
{
  const Pattern pattern = Pattern::parse("EFI/@v+@l/uki_x.efi");
  CHECK(pattern.has_directory());
  CHECK(pattern.match("EFI/7+3/uki_x.efi")->version == "7");
  CHECK_FALSE(pattern.match("EFI/7+3"));
  CHECK_FALSE(pattern.match("EFI/7+3/uki_x.efi/more"));
  CHECK_FALSE(pattern.match("EFI/a/7+3/uki_x.efi"));
  CHECK(pattern.leads_into("EFI"));
  CHECK(pattern.leads_into("EFI/7+3"));
  CHECK_FALSE(pattern.leads_into("EFI/7+x"));
  CHECK_FALSE(pattern.leads_into("EF"));
  CHECK_FALSE(pattern.leads_into("EFI/7+3/uki_x.efi"));
  CHECK_FALSE(Pattern::parse("@v").leads_into("1"));
  CHECK(version_in("@v/a", "1/a") == "1");
  CHECK(Pattern::parse("@v/@u").leads_into("1"));
  CHECK(Pattern::parse("@v/a").format({.version = "1"}) == "1/a");
}

TEST_CASE("a pattern that begins with **/ looks at the last component, at any depth")
{
  const Pattern pattern = Pattern::parse("**/blob-@v.bin");
  CHECK(pattern.any_depth());
  CHECK_FALSE(pattern.has_directory());
  for (const char *path : {"blob-3.bin", "a/blob-3.bin", "a/b/blob-3.bin"})
    CHECK(pattern.match(path)->version == "3");
  CHECK_FALSE(pattern.match("blob-3.bin/x"));
  CHECK(pattern.leads_into("a/b"));
  CHECK(pattern.text() == "**/blob-@v.bin");

  const Pattern flat = pattern.without_any_depth();
  CHECK(flat.text() == "blob-@v.bin");
  CHECK(flat == Pattern::parse("blob-@v.bin"));
  CHECK_FALSE(flat.match("a/blob-3.bin"));
  CHECK(flat.format({.version = "3"}) == "blob-3.bin");
  CHECK_THROWS_AS((void)pattern.format({.version = "3"}), base::Error);
}

TEST_CASE("each fault of a pattern is refused with its reason")
{
  CHECK(refusal("foo.raw") ==
        "\"foo.raw\" is not a pattern: it lacks @v, without which no version can be told");
  CHECK(refusal("") == "\"\" is not a pattern: it lacks @v, without which no version can be told");
  CHECK(refusal("@v_@v") == "\"@v_@v\" is not a pattern: @v occurs twice");
  CHECK(refusal("@v@u") == "\"@v@u\" is not a pattern: nothing tells where @v ends and @u begins; "
                           "put a character between them");
  CHECK(refusal("@v@") == "\"@v@\" is not a pattern: it ends in a single \"@\"; write @@ for the "
                          "character itself");
  CHECK(
      refusal("@v@x") ==
      "\"@v@x\" is not a pattern: \"x\" after \"@\" means nothing; known are @v @u @f @a @g @r @t "
      "@m @s @d @l @h, and @@ for \"@\"");
  for (const char letter : std::string("$*?[]!\\|")) {
    const std::string text = fmt::format("@v{}", letter);
    CHECK(refusal(text) ==
          fmt::format("\"{}\" is not a pattern: \"{}\" is not allowed in it", text, letter));
  }
  CHECK(refusal("@v\t") == "\"@v\t\" is not a pattern: the byte 0x09 is not allowed in it");
  CHECK(refusal("@v\xc3\xa4") ==
        "\"@v\xc3\xa4\" is not a pattern: the byte 0xc3 is not allowed in it");
  for (const char *text : {"/@v", "@v/", "a//@v", "**//@v"})
    CHECK(refusal(text) == fmt::format("\"{}\" is not a pattern: it must not begin or end with "
                                       "\"/\" or have \"//\"",
                                       text));
  CHECK(refusal("../@v") == "\"../@v\" is not a pattern: \"..\" can't be a part of a path");
  CHECK(refusal("@v/./a") == "\"@v/./a\" is not a pattern: \".\" can't be a part of a path");
  CHECK(refusal("**/a/@v") ==
        "\"**/a/@v\" is not a pattern: after \"**/\" comes a plain file name, "
        "without another \"/\"");
}

TEST_CASE("a name is never made that would be read back as something else")
{
  CHECK(format_refusal("a_@v_@s.raw", {.version = "1_2", .size = 5}) ==
        "the pattern \"a_@v_@s.raw\" would give the name \"a_1_2_5.raw\", which it reads back "
        "differently; separate its fields by characters that can't be part of them");
  CHECK(format_refusal("@v", {.version = "1/2"}).starts_with("the pattern"));
  CHECK(
      format_refusal("@v_@m", {.version = "1", .mode = mode_t{04755}}).starts_with("the pattern"));
  CHECK(format_refusal("@v_@s", {.version = "1"}) ==
        "the pattern \"@v_@s\" needs @s, but the size isn't known; take it out of the pattern, or "
        "put it into the source's");
  CHECK(format_refusal("@v", {}).starts_with("the pattern \"@v\" needs @v"));
}

TEST_CASE("any name that a pattern makes is read back as the same fields")
{
  constexpr std::string_view letters = "019abZ.-~^+_";
  constexpr std::string_view marks = "vufagrtmsdlh";
  constexpr std::string_view separators = ":, =%#";
  std::mt19937_64 random(7); // NOLINT: the same names in each run
  for (int round = 0; round < 2000; ++round) {
    Metadata metadata;
    do {
      metadata.version.clear();
      for (std::size_t length = 1 + random() % 6; length > 0; --length)
        metadata.version += letters[random() % letters.size()];
    } while (!base::is_valid_version(metadata.version));
    std::string text = "@v";
    for (const char mark : marks.substr(1)) {
      if (random() % 2 == 0)
        continue;
      text += separators[random() % separators.size()];
      text += {'@', mark};
      const bool flag = random() % 2 == 0;
      const std::uint64_t number = random() >> (random() % 64);
      switch (mark) {
      case 'u':
        metadata.partition_uuid.emplace();
        metadata.partition_uuid->bytes.fill(static_cast<std::uint8_t>(number));
        break;
      case 'f':
        metadata.partition_flags = number;
        break;
      case 'a':
        metadata.no_auto = flag;
        break;
      case 'g':
        metadata.grow_file_system = flag;
        break;
      case 'r':
        metadata.read_only = flag;
        break;
      case 't':
        metadata.modified_us = number;
        break;
      case 'm':
        metadata.mode = static_cast<mode_t>(number & 0775U);
        break;
      case 's':
        metadata.size = number;
        break;
      case 'd':
        metadata.tries_done = number;
        break;
      case 'l':
        metadata.tries_left = number;
        break;
      default:
        metadata.sha256.emplace().fill(static_cast<std::byte>(number));
        break;
      }
    }
    const Pattern pattern = Pattern::parse(text);
    const std::string name = pattern.format(metadata);
    CAPTURE(name);
    if (pattern.match(name) != metadata)
      FAIL_CHECK(name);
  }
}
