// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "support/temp_root.hpp"
#include "updater/transfer_file.hpp"

#include <doctest/doctest.h>

#include <set>

TEST_SUITE_BEGIN("updater/transfer_file");

using updater::Anchor;
using updater::ResourceKind;
using updater::Target;
using updater::Transfer;
using Strings = std::vector<std::string>;

namespace {

const Strings directories = {"/etc/sysupdate.d", "/usr/lib/sysupdate.d"};

const base::Specifiers specifiers{.values = {{'A', "7"}, {'a', "arm64"}}, .architecture = "arm64"};

struct Reading {
  std::optional<Transfer> transfer;
  Strings warnings;
  std::string error;
};

/// Takes the temporary directory off a message, so that tests can say it whole.
std::string plain(std::string text, const std::string &root)
{
  for (std::size_t at = text.find(root); at != std::string::npos; at = text.find(root))
    text.erase(at, root.size());
  return text;
}

Reading read(const support::TempRoot &root)
{
  Reading reading;
  const updater::FileReader reader{root.dir(), directories, specifiers, reading.warnings};
  try {
    reading.transfer =
        updater::read_transfer(reader, {"a.transfer", "/usr/lib/sysupdate.d/a.transfer"});
  } catch (const base::Error &error) {
    CHECK(error.kind() == base::Kind::config);
    reading.error = plain(error.what(), root.path() + "/usr/lib/sysupdate.d/");
  }
  for (std::string &warning : reading.warnings)
    warning = plain(warning, root.path() + "/usr/lib/sysupdate.d/");
  return reading;
}

Reading read(const std::string &text)
{
  return read(support::TempRoot{{"usr/lib/sysupdate.d/a.transfer", text}});
}

/// A whole transfer of files, with one more line in one of its sections.
std::string with(std::string_view section, std::string_view line)
{
  const auto extra = [&](std::string_view here) {
    return here == section ? fmt::format("{}\n", line) : std::string();
  };
  return fmt::format("[Transfer]\n{}[Source]\nType=url-file\nPath=https://example.org/\n"
                     "MatchPattern=x_@v.raw\n{}[Target]\nType=regular-file\nPath=/images\n{}",
                     extra("Transfer"),
                     extra("Source"),
                     extra("Target"));
}

/// What a line in [Target] sets; it must not give a warning.
Target target_with(std::string_view line)
{
  const Reading reading = read(with("Target", line));
  CAPTURE(line);
  CHECK(reading.error == "");
  CHECK(reading.warnings.empty());
  return reading.transfer.value_or(Transfer{}).target;
}

Strings texts(const std::vector<updater::Pattern> &patterns)
{
  Strings result;
  for (const updater::Pattern &pattern : patterns)
    result.push_back(pattern.text());
  return result;
}

/// A transfer of those kinds, or the refusal of it.
std::string kinds(std::string_view source, std::string_view target)
{
  const bool is_url = source.starts_with("url");
  const Reading reading = read(fmt::format("[Source]\nType={}\nPath={}\nMatchPattern=x_@v\n"
                                           "[Target]\n{}{}\nPath=/t\n",
                                           source,
                                           is_url ? "https://e/" : "/s",
                                           target.empty() ? "" : "Type=",
                                           target));
  if (!reading.transfer)
    return reading.error;
  return std::string(updater::name(reading.transfer->target.kind));
}

} // namespace

TEST_CASE("a transfer has all that its file says")
{
  const Reading reading = read("[Transfer]\n"
                               "MinVersion=%A\n"
                               "ProtectVersion=%A\n"
                               "ProtectVersion=5\n"
                               "Verify=no\n"
                               "ChangeLog=https://e/%a/@v\n"
                               "AppStream=https://e/a.xml\n"
                               "Features=one 'two'\n"
                               "RequisiteFeatures=three\n"
                               "[Source]\n"
                               "Type=url-file\n"
                               "Path=https://e/%a\n"
                               "MatchPattern=x_@v_@u.raw.xz x_@v.raw\n"
                               "MatchPattern=**/y\\x20@v\n"
                               "[Target]\n"
                               "Type=partition\n"
                               "Path=auto\n"
                               "MatchPattern=x_@v\n"
                               "MatchPartitionType=usr-verity-sig\n"
                               "PartitionUUID=12345678-1234-1234-1234-123456789abc\n"
                               "PartitionFlags=0x1f\n"
                               "PartitionNoAuto=yes\n"
                               "PartitionGrowFileSystem=no\n"
                               "PartitionZeroFill=no\n"
                               "ReadOnly=yes\n"
                               "Mode=0444\n"
                               "TriesLeft=3\n"
                               "TriesDone=0\n"
                               "InstancesMax=2\n"
                               "RemoveTemporary=no\n"
                               "CurrentSymlink=/run/current\n");
  CHECK(reading.error == "");
  CHECK(reading.warnings.empty());
  const Transfer transfer = reading.transfer.value();
  CHECK(transfer.id == "a");
  CHECK(transfer.file.ends_with("/usr/lib/sysupdate.d/a.transfer"));
  CHECK(transfer.min_version == "7");
  CHECK(transfer.protect_versions == Strings{"7", "5"});
  CHECK(transfer.verify == false);
  CHECK(transfer.changelog == Strings{"https://e/arm64/@v"});
  CHECK(transfer.appstream == Strings{"https://e/a.xml"});
  CHECK(transfer.features == Strings{"one", "two"});
  CHECK(transfer.requisite_features == Strings{"three"});
  CHECK(transfer.source.kind == ResourceKind::url_file);
  CHECK(transfer.source.path == "https://e/arm64");
  CHECK(texts(transfer.source.patterns) == Strings{"x_@v_@u.raw.xz", "x_@v.raw", "**/y @v"});
  const Target &target = transfer.target;
  CHECK(target.kind == ResourceKind::partition);
  CHECK(target.path_auto);
  CHECK(texts(target.patterns) == Strings{"x_@v"});
  CHECK(target.partition_type.name == "usr-arm64-verity-sig");
  CHECK(target.partition_uuid == base::Uuid::parse("12345678123412341234123456789abc"));
  CHECK(target.partition_flags == 0x1f);
  CHECK(target.no_auto == true);
  CHECK(target.grow_file_system == false);
  CHECK(target.zero_fill == false);
  CHECK(target.read_only == true);
  CHECK(target.mode == mode_t{0444});
  CHECK(target.tries_left == 3);
  CHECK(target.tries_done == 0);
  CHECK(target.instances_max == 2);
  CHECK_FALSE(target.remove_temporary);
  CHECK(target.current_symlink == "/run/current");
}

TEST_CASE("what a transfer doesn't say has the field's defaults")
{
  const Transfer transfer = read(with("", "")).transfer.value();
  CHECK_FALSE(transfer.verify);
  CHECK(transfer.enabled);
  CHECK(transfer.source.path == "https://example.org");
  CHECK(transfer.target.anchor == Anchor::root);
  CHECK(transfer.target.instances_max == 0);
  CHECK(transfer.target.remove_temporary);
  CHECK_FALSE(transfer.target.mode);
  CHECK(texts(transfer.target.patterns) == Strings{"x_@v.raw"});

  const Target partition = target_with("Type=partition\nPath=/dev/sda");
  CHECK(partition.partition_type.name == "linux-generic");
  CHECK(partition.zero_fill == false);
  const Target signature =
      target_with("Type=partition\nPath=/dev/sda\nMatchPartitionType=root-verity-sig");
  CHECK(signature.zero_fill == true);
}

TEST_CASE("inherited patterns lose their **/ and stand there once")
{
  const Reading reading = read("[Source]\nType=url-file\nPath=https://e/\n"
                               "MatchPattern=**/x_@v x_@v y_@v\n[Target]\nPath=/t\n");
  CHECK(texts(reading.transfer.value().target.patterns) == Strings{"x_@v", "y_@v"});
}

TEST_CASE("an empty value takes back what was set before, also in a drop-in")
{
  const support::TempRoot root{
      {"usr/lib/sysupdate.d/a.transfer",
       with("Target",
            "MatchPattern=old_@v\nMode=0644\nReadOnly=yes\nTriesLeft=1\nInstancesMax=4\n"
            "PartitionUUID=12345678123412341234123456789abc\nPartitionFlags=1\n"
            "CurrentSymlink=c\nPathRelativeTo=esp\nMatchPartitionType=esp")},
      {"etc/sysupdate.d/a.transfer.d/1.conf",
       "[Target]\nMatchPattern=\nMode=\nReadOnly=\nTriesLeft=\nInstancesMax=\nPartitionUUID=\n"
       "PartitionFlags=\nCurrentSymlink=\nPathRelativeTo=\nMatchPartitionType=\n"
       "MatchPattern=new_@v\n[Transfer]\nChangeLog=\nFeatures=\nProtectVersion=\nMinVersion=\n"}};
  const Reading reading = read(root);
  CHECK(reading.error == "");
  CHECK(reading.warnings.empty());
  const Target &target = reading.transfer.value().target;
  CHECK(texts(target.patterns) == Strings{"new_@v"});
  CHECK_FALSE(target.mode);
  CHECK_FALSE(target.read_only);
  CHECK_FALSE(target.tries_left);
  CHECK(target.instances_max == 0);
  CHECK_FALSE(target.partition_uuid);
  CHECK_FALSE(target.partition_flags);
  CHECK(target.current_symlink == "");
  CHECK(target.anchor == Anchor::root);
  CHECK(target.partition_type.uuid.is_zero());
}

TEST_CASE("a wrong value is passed over with its place and what was expected")
{

  const std::string version =
      "expected a version: up to 255 of 0-9 A-Z a-z . - ~ ^ + _, with at least one";
  const std::pair<std::pair<const char *, const char *>, std::string> wrong[] = {
      {{"Transfer", "MinVersion=1/2"}, version},
      {{"Transfer", "ProtectVersion=a b"}, version},
      {{"Transfer", "Verify=maybe"}, "expected yes or no"},
      {{"Transfer", "ChangeLog=ftp://e/"}, "expected a URL with http:// or https://"},
      {{"Transfer", "AppStream=https://"}, "expected a URL with http:// or https://"},
      {{"Transfer", "Features='one"}, "expected words with every quote closed"},
      {{"Transfer", "RequisiteFeatures=\"one"}, "expected words with every quote closed"},
      {{"Source", "Type=file"},
       "expected one of url-file, url-tar, tar, regular-file, directory, subvolume, partition"},
      {{"Source", "Path=/%m"}, "expected a value without %m, which this machine doesn't know"},
      {{"Source", "PathRelativeTo=here"}, "expected one of root, esp, xbootldr, boot, explicit"},
      {{"Source", "MatchPattern=x_@v\\x0"}, "expected escapes as in C, such as \\x20 for a space"},
      {{"Source", "MatchPattern=x_@v_%b"},
       "expected a value without %b, which this machine doesn't know"},
      {{"Target", "MatchPartitionType=rootfs"},
       "expected a UUID, or a name of the Discoverable Partitions Specification such as "
       "root-verity"},
      {{"Target", "PartitionUUID=1234"}, "expected a UUID"},
      {{"Target", "PartitionFlags=0xg"},
       "expected 64 bits as 0x and hexadecimal digits, or as a decimal number"},
      {{"Target", "PartitionNoAuto=2"}, "expected yes or no"},
      {{"Target", "PartitionGrowFileSystem=2"}, "expected yes or no"},
      {{"Target", "PartitionZeroFill=2"}, "expected yes or no"},
      {{"Target", "ReadOnly=ro"}, "expected yes or no"},
      {{"Target", "Mode=rw"}, "expected an octal mode such as 0644"},
      {{"Target", "Mode=10000"}, "expected an octal mode such as 0644"},
      {{"Target", "TriesLeft=-1"}, "expected a number from 0 up"},
      {{"Target", "TriesDone=x"}, "expected a number from 0 up"},
      {{"Target", "InstancesMax=many"}, "expected a number from 2 up"},
      {{"Target", "RemoveTemporary="}, "expected yes or no"},
      {{"Target", "CurrentSymlink=../x"}, "expected a path without \".\", \"..\" or \"//\""},
  };
  const std::map<std::string, unsigned> lines = {{"Transfer", 2}, {"Source", 6}, {"Target", 9}};
  for (const auto &[where, expected] : wrong) {
    const auto &[section, line] = where;
    const Reading reading = read(with(section, line));
    CHECK(reading.error == "");
    CHECK(reading.warnings ==
          Strings{
              fmt::format("a.transfer:{}: {} was ignored; {}", lines.at(section), line, expected)});
    CHECK(texts(reading.transfer.value_or(Transfer{}).source.patterns) == Strings{"x_@v.raw"});
  }
}

TEST_CASE("fewer than two instances are taken as two")
{
  const Reading reading = read(with("Target", "InstancesMax=1"));
  CHECK(reading.transfer.value().target.instances_max == 2);
  CHECK(reading.warnings == Strings{"a.transfer:9: InstancesMax=1 is too few to fall back on an "
                                    "older version; taken as 2"});
}

TEST_CASE("unknown keys and sections are passed over, those for others silently")
{
  const Reading reading =
      read(with("Target", "Colour=red\nX-Colour=red\n[X-Mine]\nA=1\n[Other]\nB=2"));
  CHECK(reading.error == "");
  CHECK(reading.warnings == Strings{"a.transfer:9: [Target] Colour= is not known and was ignored",
                                    "a.transfer:14: [Other] B= is not known and was ignored"});
}

TEST_CASE("what can't work is refused with its place and what to do")
{
  const std::string source = "[Source]\nType=url-file\nPath=https://e/\nMatchPattern=x_@v\n";
  const std::string local = "[Source]\nType=regular-file\nPath=/s\nMatchPattern=x_@v\n";
  const std::string trees = "[Source]\nType=directory\nPath=/s\nMatchPattern=x_@v\n";
  const std::string target = "[Target]\nPath=/t\n";
  const std::pair<std::string, std::string> wrong[] = {
      {target,
       "a.transfer: [Source] needs Type= with url-file, url-tar, tar, regular-file, directory or "
       "subvolume"},
      {"[Source]\nType=partition\n",
       "a.transfer:2: Type=partition: [Source] needs Type= with url-file, url-tar, tar, "
       "regular-file, directory or subvolume"},
      {"[Source]\nType=tar\n",
       "a.transfer: [Source] needs Path=, the place where the versions come from"},
      {"[Source]\nType=tar\nPath=auto\n",
       "a.transfer:3: Path=auto: Path=auto is for [Target] only; write where the versions come "
       "from"},
      {"[Source]\nType=url-tar\nPath=/s\n",
       "a.transfer:3: Path=/s: Path= must be a URL with http:// or https:// for this Type="},
      {"[Source]\nType=tar\nPath=https://e/\n",
       "a.transfer:3: Path=https://e/: Path= must begin with \"/\" and have no \".\", \"..\" or "
       "\"//\""},
      {"[Source]\nType=tar\nPath=/a/../b\n",
       "a.transfer:3: Path=/a/../b: Path= must begin with \"/\" and have no \".\", \"..\" or "
       "\"//\""},
      {"[Source]\nType=tar\nPath=/s\n",
       "a.transfer: [Source] needs MatchPattern=, for example name_@v.raw"},
      {"[Source]\nMatchPattern=a_@v b\n",
       "a.transfer:2: MatchPattern=a_@v b: \"b\" is not a pattern: it lacks @v, without which no "
       "version can be told"},
      {trees + "MatchPattern=**/y_@v\n" + target,
       "a.transfer:5: MatchPattern=**/y_@v: \"**/\" finds files only, and this Type= is for "
       "directories; leave it out"},
      {source + "[Target]\n", "a.transfer: [Target] needs Path=, the place where the versions go"},
      {source + "[Target]\nPath=t\n",
       "a.transfer:6: Path=t: Path= must begin with \"/\" and have no \".\", \"..\" or \"//\""},
      {source + "[Target]\nPath=auto\n",
       "a.transfer:6: Path=auto: Path=auto finds a disk, so it is for Type=partition only"},
      {source + target + "MatchPattern=**/x_@v\n",
       "a.transfer:7: MatchPattern=**/x_@v: \"**/\" tells where to look and not where to put; use "
       "it in [Source] only"},
      {source + target + "PathRelativeTo=explicit\n",
       "a.transfer:7: PathRelativeTo=explicit: PathRelativeTo=explicit is for [Source] only"},
      {source + target + "Type=partition\nPathRelativeTo=esp\n",
       "a.transfer:8: PathRelativeTo=esp: PathRelativeTo= is for files and directories, and this "
       "is a partition"},
      {local + target + "Type=partition\nCurrentSymlink=c\n",
       "a.transfer:8: CurrentSymlink=c: CurrentSymlink= must begin with \"/\" here, because a "
       "partition has no directory"},
      {source + target + "Type=directory\n",
       "a.transfer:7: Type=directory: a url-file source can't become a directory; for this source "
       "Type= in [Target] is regular-file or partition"},
      {"[Source\n",
       "a.transfer:1: \"[Source\" begins like a section but isn't one; write [NAME] on a line of "
       "its own"},
  };
  for (const auto &[text, expected] : wrong)
    CHECK(read(text).error == expected);
}

TEST_CASE("a file becomes a file or a partition, a tree a directory or a subvolume")
{
  const char *files[] = {"url-file", "regular-file"};
  const char *trees[] = {"url-tar", "tar", "directory", "subvolume"};
  for (const char *source : files) {
    for (const char *target : {"regular-file", "partition"})
      CHECK(kinds(source, target) == target);
    for (const char *target : trees)
      CHECK(kinds(source, target).find(" source can't become a ") != std::string::npos);
    CHECK(kinds(source, "") == "regular-file");
  }
  for (const char *source : trees) {
    for (const char *target : {"directory", "subvolume"})
      CHECK(kinds(source, target) == target);
    for (const char *target : {"regular-file", "partition", "url-tar"})
      CHECK(kinds(source, target).find(" source can't become a ") != std::string::npos);
    CHECK(kinds(source, "") == (std::string(source) == "subvolume" ? "subvolume" : "directory"));
  }
  CHECK(read(with("Target", "Type=\nPath=/dev/sda")).transfer.value().target.kind ==
        ResourceKind::regular_file); // a wrong Type= doesn't take back the first one
  const Reading disk = read("[Source]\nType=url-file\nPath=file:///s\nMatchPattern=x_@v\n"
                            "[Target]\nPath=/dev/sda\n");
  CHECK(disk.transfer.value().target.kind == ResourceKind::partition);
}

TEST_CASE("every anchor has its word")
{
  const std::pair<const char *, Anchor> anchors[] = {{"root", Anchor::root},
                                                     {"esp", Anchor::esp},
                                                     {"xbootldr", Anchor::xbootldr},
                                                     {"boot", Anchor::boot},
                                                     {"explicit", Anchor::given}};
  for (const auto &[word, anchor] : anchors) {
    const Reading reading = read(with("Source", fmt::format("PathRelativeTo={}", word)));
    CHECK(reading.transfer.value().source.anchor == anchor);
    CHECK(updater::name(anchor) == word);
  }
}

TEST_CASE("every key of the table is its own")
{
  const Strings keys = updater::transfer_keys();
  CHECK(std::set(keys.begin(), keys.end()).size() == keys.size());
  CHECK(keys.size() == 30);
}
