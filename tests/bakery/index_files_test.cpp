// SPDX-License-Identifier: Apache-2.0
#include "bakery/index_files.hpp"
#include "base/error.hpp"
#include "base/linux_sys.hpp"
#include "support/temp_root.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("bakery/index_files");

using bakery::IndexFile;
using bakery::IndexFiles;

namespace {

IndexFile file(const std::string &text)
{
  return {.kind = IndexFile::Kind::file, .text = text};
}

struct Place {
  support::TempRoot root;
  base::LinuxSys sys;
  std::chrono::sys_seconds time{std::chrono::seconds(1000)};

  void replace(const IndexFiles &files)
  {
    time += std::chrono::seconds(1);
    bakery::replace_index(sys, root.dir(), files, time);
  }

  [[nodiscard]] ino_t inode(const std::string &path) const
  {
    return root.dir().target_status(path).value().st_ino;
  }
};

} // namespace

TEST_CASE("files of an index are found by their names at the top, those of one call only")
{
  Place place;
  place.replace({{"SHA256SUMS", file("one")}, {"pages/a.html", file("a")}, {"gone", file("x")}});
  CHECK(place.root.read("SHA256SUMS") == "one");
  CHECK(place.root.read("pages/a.html") == "a");
  place.replace({{"SHA256SUMS", file("two")}, {"pages/b.html", file("b")}});
  CHECK(place.root.read("SHA256SUMS") == "two");
  CHECK(place.root.read("pages/b.html") == "b");
  CHECK_FALSE(place.root.exists("pages/a.html"));
  CHECK_FALSE(place.root.dir().status("gone"));
  CHECK(bakery::read_index_file(place.root.dir(), "SHA256SUMS") == "two");
  CHECK_FALSE(bakery::read_index_file(place.root.dir(), "gone"));
}

TEST_CASE("what is as it was is not written again, and what is new has the given time")
{
  Place place;
  place.replace({{"same", file("same")}, {"other", file("1")}});
  const ino_t before = place.inode("same");
  place.replace({{"same", file("same")}, {"other", file("2")}});
  CHECK(place.inode("same") == before);
  CHECK(place.root.dir().target_status("same")->st_mtim.tv_sec == 1001);
  CHECK(place.root.dir().target_status("other")->st_mtim.tv_sec == 1002);
}

TEST_CASE("a link of an index leads out of it to content")
{
  Place place;
  place.root.write("a_1.raw", "content");
  place.replace(
      {{"candidate/a_1.raw", {.kind = IndexFile::Kind::link, .text = "../../../a_1.raw"}}});
  CHECK(place.root.read("candidate/a_1.raw") == "content");
}

TEST_CASE("the files of the call before are kept for their readers, those before them are not")
{
  Place place;
  for (int number = 0; number < 5; ++number)
    place.replace({{"number", file(std::to_string(number))}});
  std::vector<std::string> names;
  for (const base::DirEntry &entry : place.root.dir().dir(".strake").entries())
    names.push_back(entry.name);
  CHECK(names == std::vector<std::string>{"4", "5", "current"});
}

TEST_CASE("somebody else's file of that name is not touched, and nothing else is done")
{
  Place place;
  place.root.write("SHA256SUMS", "of somebody else");
  try {
    place.replace({{"SHA256SUMS", file("ours")}, {"index.html", file("page")}});
    FAIL("it was replaced");
  } catch (const base::Error &error) {
    CHECK(error.kind() == base::Kind::config);
    CHECK(std::string(error.what()).find("SHA256SUMS") != std::string::npos);
  }
  CHECK(place.root.read("SHA256SUMS") == "of somebody else");
  CHECK_FALSE(place.root.exists(".strake"));
}
