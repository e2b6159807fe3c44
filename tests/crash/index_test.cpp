// SPDX-License-Identifier: Apache-2.0
// The power is cut at every moment while a repository gets a new index: by the names that clients
// use there are always the files of one index, the old or the new.
#include "bakery/index_files.hpp"
#include "crash/setting.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("crash/index");

using base::Dir;
using base::Sys;
using support::Finished;

namespace {

bakery::IndexFiles index(const std::string &version)
{
  using bakery::IndexFile;
  const auto file = [](const std::string &text) {
    return IndexFile{.kind = IndexFile::Kind::file, .text = text};
  };
  return {{"manifest.json", file("manifest " + version)},
          {"manifest.json.minisig", file("signature of " + version)},
          {"pages/a.html", file("same")},
          {"pages/b.html", file(std::string(600, version.front()))},
          {"candidate/a_1.raw", {.kind = IndexFile::Kind::link, .text = "../../../a_1.raw"}}};
}

void publish(Sys &sys, const Dir &root, const std::string &version)
{
  bakery::replace_index(sys, root, index(version), std::chrono::sys_seconds());
}

support::Recording publishing(const std::vector<std::string> &before, const std::string &version)
{
  const support::TempRoot root(support::Storage::memory, {{"a_1.raw", "content"}});
  base::LinuxSys real;
  for (const std::string &each : before)
    publish(real, root.dir(), each);
  support::Recorder sys(root.dir());
  publish(sys, root.dir(), version);
  return sys.recording();
}

/// Which index a client sees; "torn" if its files are of several.
std::string seen(const Dir &root)
{
  const auto manifest = root.text("manifest.json");
  if (!manifest)
    return root.text("manifest.json.minisig") || root.text("pages/a.html") ? "torn" : "none";
  const std::string version = manifest->substr(manifest->rfind(' ') + 1);
  for (const auto &[path, file] : index(version)) {
    const std::string wanted = file.kind == bakery::IndexFile::Kind::link ? "content" : file.text;
    if (root.text(path) != wanted)
      return "torn: " + path;
  }
  return version;
}

support::Oracle old_or_new(const std::string &before)
{
  return [before](const Dir &root, Finished finished) -> std::string {
    const std::string found = seen(root);
    if (found != "2" && (found != before || finished == Finished::yes))
      return "seen: " + found;
    base::LinuxSys sys;
    publish(sys, root, "3");
    if (seen(root) != "3")
      return "after the next run: " + seen(root);
    for (const base::DirEntry &entry : root.dir(".strake").entries())
      if (entry.name.starts_with(".current"))
        return "the next run leaves " + entry.name;
    return root.dir(".strake").entries().size() <= 3 ? "" : "the next run leaves old files";
  };
}

} // namespace

TEST_CASE("a cut while an index is replaced leaves the old one or the new one, each whole")
{
  const auto result = support::sweep(publishing({"0", "1"}, "2"), old_or_new("1"), {});
  MESSAGE(result.summary());
  CHECK(result.violations == 0);
  CHECK(result.states >= 40);
}

TEST_CASE("a cut while a repository gets its first index leaves none, or that one whole")
{
  const auto result = support::sweep(publishing({}, "2"), old_or_new("none"), {});
  MESSAGE(result.summary());
  CHECK(result.violations == 0);
}

TEST_CASE("a cut in the run after a cut is no worse")
{
  const auto result =
      support::sweep_recovery(publishing({"1"}, "2"),
                              3,
                              [](Sys &sys, const Dir &root) { publish(sys, root, "2"); },
                              {},
                              old_or_new("1"),
                              {});
  MESSAGE(result.summary());
  CHECK(result.violations == 0);
}

TEST_CASE("each sync while an index is replaced is needed")
{
  for (const std::vector<std::string> &before : {std::vector<std::string>{}, {"0", "1"}}) {
    const auto dropped = support::drop_each_sync(
        publishing(before, "2"), {old_or_new(before.empty() ? "none" : "1")}, {});
    CHECK(dropped.size() == (before.empty() ? 3 : 2));
    CHECK(support::unnoticed(dropped).empty());
  }
}
