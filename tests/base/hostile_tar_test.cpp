// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "base/linux_sys.hpp"
#include "base/tar.hpp"
#include "support/tar_bytes.hpp"
#include "support/temp_root.hpp"
#include "support/tree_listing.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <vector>

using support::listing;
using support::tar_archive;
using support::tar_base256;
using support::TarMember;
using support::Times;

namespace {

constexpr std::uint64_t limit = std::uint64_t{64} << 20U;

/// A directory to unpack into, with things around it that an archive may want to reach.
class Target {
public:
  Target()
      : root_{{"outside/secret", "secret"},
              {"outside/dir/file", "file"},
              {"secret", "secret"},
              {"link", "-> outside"},
              {"root/", ""}},
        before_(around())
  {
  }

  /// The absolute path of what lies around.
  [[nodiscard]] std::string outside() const { return root_.path() + "/outside"; }

  [[nodiscard]] base::Dir dir() const { return root_.dir().dir("root"); }

  /// The refusal, or "accepted".
  [[nodiscard]] std::string unpack(const std::string &archive, base::TreeLimits limits) const
  {
    const support::TempRoot lying{{"archive", archive}};
    base::LinuxSys sys;
    try {
      base::extract_tar(sys, lying.dir().file("archive"), dir(), limits);
    } catch (const base::Error &error) {
      CHECK(error.kind() == base::Kind::untrusted);
      return error.what();
    }
    return "accepted";
  }

  /// Nothing around the directory has been touched, and there is no device in it.
  void check() const
  {
    CHECK(around() == before_);
    for (const auto &entry : std::filesystem::recursive_directory_iterator(root_.path() + "/root"))
      CHECK_FALSE((entry.is_block_file() || entry.is_character_file()));
  }

private:
  [[nodiscard]] std::string around() const { return listing(root_.path(), Times::changes, "root"); }

  support::TempRoot root_;
  std::string before_;
};

struct Case {
  std::string title;
  std::vector<TarMember> members; ///< "OUT" in names, links and records is the absolute path
  std::string refused;            ///< a part of the message, or "" where it may be accepted
};

void replace(std::string &text, const std::string &path)
{
  for (std::size_t at = 0; (at = text.find("OUT", at)) != std::string::npos; at += path.size())
    text.replace(at, 3, path);
}

TarMember file(std::string name, std::string content = "evil")
{
  return {.name = std::move(name), .content = std::move(content)};
}

TarMember directory(std::string name, std::string mode = "")
{
  return {.name = std::move(name), .type = '5', .mode = std::move(mode)};
}

TarMember soft_link(std::string name, std::string target)
{
  return {.name = std::move(name), .type = '2', .link = std::move(target)};
}

TarMember hard_link(std::string name, std::string target)
{
  return {.name = std::move(name), .type = '1', .link = std::move(target)};
}

TarMember pax(TarMember member, std::vector<std::pair<std::string, std::string>> records)
{
  member.pax = std::move(records);
  return member;
}

TarMember sized(TarMember member, std::string size)
{
  member.size = std::move(size);
  return member;
}

/// A GNU header in front that gives the next member a long name ('L') or link ('K').
TarMember gnu_long(char type, std::string text)
{
  return {.name = "././@LongLink", .type = type, .content = std::move(text) + '\0'};
}

std::vector<Case> names()
{
  const std::string part(255, 'p');
  std::string deep;
  while (deep.size() <= 4096)
    deep += part + "/";
  return {
      {"an absolute name", {file("/etc/passwd")}, "absolute"},
      {"an absolute name of a directory", {directory("/tmp/evil")}, "absolute"},
      {"an absolute name outside", {file("OUT/new")}, "absolute"},
      {"two slashes in front", {file("//etc/passwd")}, "absolute"},
      {"\"..\" in front", {file("../evil")}, "\"..\""},
      {"\"..\" in the middle", {directory("a"), file("a/../../evil")}, "\"..\""},
      {"\"..\" that would stay beneath", {directory("a"), file("a/../b")}, "\"..\""},
      {"\"..\" at the end", {directory("a/..")}, "\"..\""},
      {"nothing but \"..\"", {directory("..")}, "\"..\""},
      {"a symlink called \"..\"", {soft_link("..", "a")}, "\"..\""},
      {"\"..\" behind \".\"", {file("./../evil")}, "\"..\""},
      {"\"..\" in the prefix field",
       {{.name = "evil", .content = "evil", .prefix = "../outside"}},
       "\"..\""},
      {"an absolute prefix field",
       {{.name = "evil", .content = "evil", .prefix = "OUT"}},
       "absolute"},
      {"an empty name", {file("")}, ""},
      {"a file in the place of the root", {file("./")}, ""},
      {"a file called \".\"", {file(".")}, "root of the tree"},
      {"a symlink in the place of the root", {soft_link(".", "OUT")}, "root of the tree"},
      {"a hard link in the place of the root", {hard_link(".", "x")}, "root of the tree"},
      {"a newline in a name", {file("a\nb")}, "control character"},
      {"an escape sequence in a name", {file("a\x1b[2J")}, "control character"},
      {"a DEL in a name", {file("a\x7f")}, "control character"},
      {"a part that is too long", {gnu_long('L', part + "x"), file("n")}, "more than 255"},
      {"a path that is too long", {gnu_long('L', deep), file("n")}, "longer than 4095"},
      {"a long name with \"..\"", {gnu_long('L', "a/../../evil"), file("n")}, "\"..\""},
      {"a long name that is absolute", {gnu_long('L', "OUT/evil"), file("n")}, "absolute"},
      {"a pax path with \"..\"", {pax(file("n"), {{"path", "../evil"}})}, "\"..\""},
      {"a pax path that is absolute", {pax(file("n"), {{"path", "OUT/evil"}})}, "absolute"},
      {"a pax path with a NUL",
       {pax(file("n"), {{"path", std::string("ok\0/../../evil", 14)}})},
       ""},
      {"two pax paths, of which the last counts",
       {pax(file("n"), {{"path", "fine"}, {"path", "../evil"}})},
       "\"..\""},
      {"a pax path that is not UTF-8", {pax(file("n"), {{"path", "\xff\xfe"}})}, "converted"},
      {"a backslash, which means nothing", {file("..\\evil")}, ""},
      {"a name that looks like an option", {file("-rf"), file("--help")}, ""},
  };
}

std::vector<Case> links()
{
  return {
      {"a symlink to outside, written through",
       {soft_link("a", "../outside"), file("a/evil")},
       "lies behind a symlink"},
      {"an absolute symlink, written through",
       {soft_link("a", "OUT"), file("a/secret")},
       "lies behind a symlink"},
      {"a symlink to \".\", written through",
       {soft_link("a", "."), file("a/x")},
       "behind a symlink"},
      {"a directory made through a symlink",
       {soft_link("a", "../outside"), directory("a/evil")},
       "behind a symlink"},
      {"two symlinks in a row",
       {soft_link("a", "b"), soft_link("b", "OUT"), file("a/evil")},
       "behind a symlink"},
      {"a symlink deep below",
       {directory("d"), soft_link("d/a", "../../outside"), file("d/a/dir/file")},
       "behind a symlink"},
      {"a symlink in the place of an implied directory",
       {soft_link("a", "OUT"), soft_link("a/b", "OUT"), file("a/b/evil")},
       "behind a symlink"},
      {"a symlink made through a symlink",
       {soft_link("a", "OUT"), soft_link("a/b", "x")},
       "behind a symlink"},
      {"a FIFO made through a symlink",
       {soft_link("a", "OUT"), {.name = "a/fifo", .type = '6'}},
       "behind a symlink"},
      {"a file over a symlink to a file outside",
       {soft_link("a", "../outside/secret"), file("a")},
       ""},
      {"a file over an absolute symlink", {soft_link("a", "OUT/secret"), file("a")}, ""},
      {"a directory over a symlink to one outside",
       {soft_link("a", "../outside"), directory("a", "0000000"), file("a/mine")},
       ""},
      {"a mode for what a symlink leads to",
       {soft_link("a", "OUT"), directory("a/", "0000777")},
       ""},
      {"a symlink over a directory",
       {directory("a"), file("a/x"), soft_link("a", "OUT"), file("a/evil")},
       "already"},
      {"a symlink over an empty directory",
       {directory("a"), soft_link("a", "../outside"), file("a/evil")},
       "already"},
      {"a file over a directory", {directory("a"), file("a")}, "already"},
      {"a hard link over a directory", {file("f"), directory("a"), hard_link("a", "f")}, "already"},
      {"a hard link to an absolute path", {hard_link("a", "OUT/secret"), file("a")}, "absolute"},
      {"a hard link with \"..\"", {hard_link("a", "../secret"), file("a")}, "\"..\""},
      {"a hard link through a symlink",
       {soft_link("s", "../outside"), hard_link("a", "s/secret"), file("a")},
       "behind a symlink"},
      {"a hard link to a symlink, then a file of that name",
       {soft_link("s", "OUT/secret"), hard_link("a", "s"), file("a")},
       ""},
      {"a hard link made in a symlinked directory",
       {file("f"), soft_link("s", "OUT"), hard_link("s/evil", "f")},
       "behind a symlink"},
      {"a hard link to nothing", {hard_link("a", "missing")}, "not there"},
      {"a hard link to nothing in nothing", {hard_link("a", "no/missing")}, "not there"},
      {"a hard link to a directory", {directory("d"), hard_link("a", "d")}, "is a directory"},
      {"a hard link to the root", {hard_link("a", ".")}, "not there"},
      {"a hard link to itself", {file("a"), hard_link("a", "a")}, "itself"},
      {"a hard link with no target", {hard_link("a", "")}, ""},
      {"a hard link by pax to outside",
       {pax(hard_link("a", "x"), {{"linkpath", "../secret"}})},
       "\"..\""},
      {"a hard link by GNU to outside",
       {gnu_long('K', "OUT/secret"), hard_link("a", "x")},
       "absolute"},
      {"a hard link with content of its own",
       {file("f"),
        [] {
          TarMember member = hard_link("a", "f");
          member.content = "evil";
          return member;
        }()},
       ""},
      {"a symlink with no target", {soft_link("a", "")}, ""},
      {"a symlink with a newline", {soft_link("a", "x\ny")}, "control character"},
      {"a symlink target that is too long",
       {gnu_long('K', std::string(5000, 'x')), soft_link("a", "x")},
       "longer than 4095"},
      {"a file that is given twice", {file("a"), file("a", "other")}, ""},
      {"a member below a file", {file("a"), file("a/b")}, "not a directory"},
      {"a member below a FIFO", {{.name = "a", .type = '6'}, file("a/b")}, "not a directory"},
      {"a FIFO, then a file of that name", {{.name = "a", .type = '6'}, file("a")}, ""},
  };
}

std::vector<Case> kinds_and_numbers()
{
  TarMember character{.name = "null", .type = '3'};
  character.major = 1;
  character.minor = 3;
  TarMember block = character;
  block.type = '4';
  TarMember set_user = file("su");
  set_user.mode = "0007777";
  TarMember checksum = file("a");
  checksum.checksum = "000000";
  TarMember owner = file("a");
  owner.owner = tar_base256(-1, 8);
  TarMember owner_32 = file("a");
  owner_32.owner = tar_base256(0xffffffff, 8);
  TarMember owner_64 = file("a");
  owner_64.owner = tar_base256(std::int64_t{1} << 40U, 8);
  TarMember time = file("a");
  time.time = tar_base256(std::numeric_limits<std::int64_t>::max(), 12);
  TarMember past = file("a");
  past.time = tar_base256(std::numeric_limits<std::int64_t>::min() + 1, 12);
  const std::vector<std::pair<std::string, std::string>> holes{{"GNU.sparse.size", "100"},
                                                               {"GNU.sparse.numblocks", "1"}};
  std::vector<std::pair<std::string, std::string>> beyond = holes;
  beyond.emplace_back("GNU.sparse.map", "900,4");
  std::vector<std::pair<std::string, std::string>> backwards = holes;
  backwards.emplace_back("GNU.sparse.map", "-5,4");
  std::vector<std::pair<std::string, std::string>> huge = holes;
  huge[0].second = "9223372036854775807";
  huge.emplace_back("GNU.sparse.map", "0,4");
  std::vector<std::pair<std::string, std::string>> words = holes;
  words.emplace_back("GNU.sparse.map", "a,b");
  return {
      {"a character device", {character}, "device node"},
      {"a block device", {block}, "device node"},
      {"a device behind a good file", {file("a"), block}, "device node"},
      {"a character device 0:0 (overlay whiteout)", {{.name = "wh", .type = '3'}}, "device node"},
      {"a setuid bit", {set_user}, ""},
      {"a wrong checksum", {checksum}, "damaged"},
      {"an owner of -1", {owner}, "out of range"},
      {"an owner of 2^32-1, which means none", {owner_32}, "out of range"},
      {"an owner of 2^40", {owner_64}, "out of range"},
      {"a time at the end of time", {time}, "out of range"},
      {"a time before all time", {past}, "out of range"},
      {"a negative size", {sized(file("a"), tar_base256(-1, 12))}, "damaged"},
      {"a very negative size",
       {sized(file("a"), tar_base256(std::numeric_limits<std::int64_t>::min(), 12))},
       "damaged"},
      {"a size of 2^62", {sized(file("a"), tar_base256(std::int64_t{1} << 62U, 12))}, "allowed"},
      {"a size of all ones in octal", {sized(file("a"), "777777777777")}, "allowed"},
      {"a size that is no number", {sized(file("a"), "hello world ")}, "damaged"},
      {"a size beyond the archive", {sized(file("a"), "00000100000 ")}, "damaged"},
      {"a pax size below zero", {pax(file("a"), {{"size", "-1"}})}, "damaged"},
      {"a pax size beyond 64 bits",
       {pax(file("a"), {{"size", "99999999999999999999999"}})},
       "damaged"},
      {"a pax owner below zero", {pax(file("a"), {{"uid", "-5"}})}, "out of range"},
      {"a sparse map beyond the end", {pax(file("a"), beyond)}, "holes"},
      {"a sparse map below zero", {pax(file("a"), backwards)}, "damaged"},
      {"a sparse map of words", {pax(file("a"), words)}, "damaged"},
      {"a sparse file of 8 EiB", {pax(file("a"), huge)}, "allowed"},
      {"a sparse file with an evil real name",
       {pax(file("a"),
            {{"GNU.sparse.major", "1"},
             {"GNU.sparse.minor", "0"},
             {"GNU.sparse.name", "../evil"},
             {"GNU.sparse.realsize", "4"}})},
       ""},
      {"a trusted attribute, left out",
       {pax(file("a"), {{"SCHILY.xattr.trusted.overlay.redirect", "/outside"}})},
       ""},
      {"an attribute of no name space",
       {pax(file("a"), {{"SCHILY.xattr.", "x"}, {"SCHILY.xattr.nonsense", "x"}})},
       ""},
      {"an access list by name only",
       {pax(file("a"),
            {{"SCHILY.acl.access",
              "user::rw-,user:eve:rwx,group::r--,mask::rwx,"
              "other::r--"}})},
       "name where a number"},
      {"a pax record whose length lies",
       {{.name = "pax", .type = 'x', .content = "99999 path=x\n"}, file("a")},
       "damaged"},
      {"a pax record without a length",
       {{.name = "pax", .type = 'x', .content = "path=x\n"}, file("a")},
       "damaged"},
      {"a pax header with nothing behind",
       {{.name = "pax", .type = 'x', .content = "9 path=x\n"}},
       ""},
      {"a GNU long name of 2 GiB",
       {sized(gnu_long('L', "x"), "20000000000 "), file("a")},
       "damaged"},
      {"a volume label", {{.name = "../label", .type = 'V'}, file("a")}, ""},
      {"a part of another volume", {{.name = "../part", .type = 'M'}}, "\"..\""},
      {"a member of a kind not known yet", {{.name = "new", .type = 'Q', .content = "x"}}, ""},
      {"a pax header for all with an evil path",
       {{.name = "g", .type = 'g', .content = "16 path=../evil\n"}, file("a")},
       ""},
  };
}

void check_cases(const std::vector<Case> &cases)
{
  for (const Case &one : cases) {
    CAPTURE(one.title);
    const Target target;
    std::vector<TarMember> members = one.members;
    for (TarMember &member : members) {
      for (std::string *text : {&member.name, &member.link, &member.prefix, &member.content})
        replace(*text, target.outside());
      for (auto &[key, value] : member.pax)
        replace(value, target.outside());
    }
    const std::string said = target.unpack(tar_archive(members), {.size = limit});
    if (!one.refused.empty())
      CHECK_MESSAGE(said.find(one.refused) != std::string::npos, said);
    target.check();
  }
}

} // namespace

TEST_SUITE_BEGIN("base/hostile_tar");

TEST_CASE("at least eighty different archives are refused by what is said of them")
{
  std::set<std::string> refused;
  for (const auto &cases : {names(), links(), kinds_and_numbers()})
    for (const Case &one : cases)
      if (!one.refused.empty())
        CHECK(refused.insert(one.title).second);
  CHECK(refused.size() >= 80);
}

TEST_CASE("no name leads outside")
{
  check_cases(names());
}

TEST_CASE("no link leads outside, and nothing is written through one")
{
  check_cases(links());
}

TEST_CASE("no kind of member or wild number does harm")
{
  check_cases(kinds_and_numbers());
}

TEST_CASE("a refusal names the member, on one line")
{
  const Target target;
  const std::string said =
      target.unpack(tar_archive({file("good"), file("evil\n../x")}), {.size = limit});
  CHECK(said == "unpacking the member \"evil?../x\": its name has a control character in it");
}

TEST_CASE("a device node is made where that is allowed" * doctest::skip(::geteuid() != 0))
{
  const Target target;
  TarMember null{.name = "null", .type = '3', .mode = "0000666"};
  null.major = 1;
  null.minor = 3;
  CHECK(target.unpack(tar_archive({null}), {.size = limit, .devices = base::Devices::allow}) ==
        "accepted");
  const auto status = target.dir().status("null");
  REQUIRE(status);
  CHECK(status->st_rdev == makedev(1, 3));
  CHECK(status->st_mode == (S_IFCHR | 0666));
}

TEST_CASE("more members or bytes than allowed are refused")
{
  std::vector<TarMember> many;
  for (int i = 0; i < 20; ++i)
    many.push_back(file(fmt::format("f{}", i), "0123456789"));
  const std::string archive = tar_archive(many);
  CHECK(Target().unpack(archive, {.size = limit, .entries = 20}) == "accepted");
  CHECK(Target().unpack(archive, {.size = limit, .entries = 19}).find("19 members") !=
        std::string::npos);
  CHECK(Target().unpack(archive, {.size = archive.size()}) == "accepted");
  CHECK(Target().unpack(archive, {.size = archive.size() - 1}).find("allowed") !=
        std::string::npos);
  const std::string zeros = tar_archive({file("a")}) + std::string(std::size_t{1} << 20U, '\0');
  CHECK(Target().unpack(zeros, {.size = 100'000}).find("allowed") != std::string::npos);
}

TEST_CASE("what is no archive is refused, and an empty archive is an empty tree")
{
  CHECK(Target().unpack(std::string(10240, '\0'), {.size = limit}) == "accepted");
  CHECK(Target().unpack("", {.size = limit}).find("damaged") != std::string::npos);
  CHECK(Target().unpack("#!/bin/sh\nrm -rf /\n", {.size = limit}).find("damaged") !=
        std::string::npos);
  CHECK(Target().unpack(std::string(2000, 'x'), {.size = limit}).find("damaged") !=
        std::string::npos);
}

TEST_CASE("an archive cut anywhere is refused or ends behind a whole member, and touches nothing")
{
  const std::string archive = tar_archive({directory("d"),
                                           file("d/one", std::string(700, '1')),
                                           soft_link("d/link", "../../outside"),
                                           pax(file("n"), {{"path", "d/two"}}),
                                           hard_link("d/three", "d/one")});
  const Target target;
  for (std::size_t size = 0; size < archive.size(); size += 61) {
    CAPTURE(size);
    const Target fresh;
    const std::string said = fresh.unpack(archive.substr(0, size), {.size = limit});
    const bool may_end_here = size % 512 == 0 || size > archive.size() - 1024;
    CHECK((said != "accepted" || may_end_here));
    fresh.check();
  }
}

TEST_CASE("a thousand changed archives touch nothing outside")
{
  std::mt19937 random(3);
  std::vector<Case> cases = names();
  for (const auto &more : {links(), kinds_and_numbers()})
    cases.insert(cases.end(), more.begin(), more.end());
  const Target target;
  for (int round = 0; round < 1000; ++round) {
    std::vector<TarMember> members;
    for (int i = 0; i < 3; ++i) {
      const auto &some = cases[random() % cases.size()].members;
      members.insert(members.end(), some.begin(), some.end());
    }
    std::shuffle(members.begin(), members.end(), random);
    for (TarMember &member : members) {
      replace(member.name, target.outside());
      replace(member.link, target.outside());
      if (random() % 4 == 0 && !member.name.empty())
        member.name[random() % member.name.size()] = "/.ab\xff"[random() % 5];
      if (random() % 8 == 0)
        member.type = "0123456789xgLKSDVMNA"[random() % 20];
    }
    const std::string archive = tar_archive(members);
    if (archive.size() < (std::size_t{1} << 20U))
      (void)target.unpack(archive, {.size = std::size_t{1} << 20U});
  }
  target.check();
}
