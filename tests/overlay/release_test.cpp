// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "overlay/release.hpp"
#include "support/temp_root.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <cerrno>

TEST_SUITE_BEGIN("overlay/release");

using overlay::Class;
using overlay::Release;
using support::TempRoot;

namespace {

const std::string place = "usr/lib/extension-release.d/extension-release.";

std::optional<Release> read(const TempRoot &root, const std::string &name)
{
  return overlay::read_release(root.dir(), Class::sysext, name);
}

/// False where the file system has no extended attributes.
bool mark(const TempRoot &root, const std::string &path, const std::string &value)
{
  const std::string full = root.path() + "/" + path;
  if (::setxattr(full.c_str(), "user.extension-release.strict", value.data(), value.size(), 0) == 0)
    return true;
  REQUIRE(errno == ENOTSUP);
  return false;
}

} // namespace

TEST_CASE("the release file of each class is where the class has it, and named as the image")
{
  const TempRoot root{{place + "a", "ID=debian\nVERSION_ID=\"13\"\n"},
                      {"etc/extension-release.d/extension-release.a", "ID=_any\n"}};
  CHECK(read(root, "a") == Release{{"ID", "debian"}, {"VERSION_ID", "13"}});
  CHECK(overlay::read_release(root.dir(), Class::confext, "a") == Release{{"ID", "_any"}});
  CHECK_FALSE(read(root, "b"));
  CHECK_FALSE(read(TempRoot{}, "a"));
}

TEST_CASE("a file named as the extension without its version may stand in")
{
  const TempRoot root{{place + "foo", "ID=x\n"}};
  for (const char *name : {"foo", "foo_1.2", "foo+3-0", "foo_1.sysext.raw", "foo.raw"})
    CHECK_MESSAGE((read(root, name) == Release{{"ID", "x"}}), name);
  for (const char *name : {"foobar", "fo", "foo-1", "foo.sysext"})
    CHECK_MESSAGE(!read(root, name), name);
}

TEST_CASE("another file may stand in only if it says that its name does not matter")
{
  const TempRoot root{{place + "other", "ID=x\n"}};
  CHECK_FALSE(read(root, "foo"));
  if (!mark(root, place + "other", "0"))
    return;
  CHECK(read(root, "foo") == Release{{"ID", "x"}});
  for (const char *value : {"false", "no", "off"}) {
    mark(root, place + "other", value);
    CHECK_MESSAGE(read(root, "foo"), value);
  }
  for (const char *value : {"1", "yes", "", "perhaps", "a value longer than any boolean is"}) {
    mark(root, place + "other", value);
    CHECK_MESSAGE(!read(root, "foo"), value);
  }
}

TEST_CASE("the exact name counts before every stand-in")
{
  const TempRoot root{{place + "foo_1", "ID=exact\n"}, {place + "foo", "ID=base\n"}};
  CHECK(read(root, "foo_1") == Release{{"ID", "exact"}});
}

TEST_CASE("two stand-ins are an error that names both")
{
  const TempRoot root{{place + "foo", "ID=x\n"}, {place + "bar", "ID=y\n"}};
  CHECK(read(root, "foo_1") == Release{{"ID", "x"}});
  if (!mark(root, place + "bar", "0"))
    return;
  try {
    (void)read(root, "foo_1");
    FAIL("two stand-ins were taken");
  } catch (const base::Error &error) {
    CHECK(error.kind() == base::Kind::config);
    CHECK(error.message() ==
          "both extension-release.bar and extension-release.foo in " + root.path() +
              "/usr/lib/extension-release.d may be the release file of foo_1; keep one, or rename "
              "it to extension-release.foo_1");
  }
}

TEST_CASE("a release file may be a symlink, but never out of the tree, and no stand-in is one")
{
  const TempRoot root{{place + "a", "-> ../../../srv/a"},
                      {place + "b", "-> /srv/a"},
                      {place + "c", "-> ../../../../../../../../../etc/passwd"},
                      {place + "d", "-> extension-release.d"},
                      {place + "e", "-> /srv/a"},
                      {"srv/a", "ID=x\n"}};
  CHECK(read(root, "a") == Release{{"ID", "x"}});
  CHECK(read(root, "b") == Release{{"ID", "x"}});
  CHECK_FALSE(read(root, "c"));
  CHECK_THROWS_AS((void)read(root, "d"), base::Error);
  CHECK_FALSE(read(root, "e_1"));
}

TEST_CASE("a release file that is no regular file, or too large, is refused")
{
  const TempRoot root{{place + "dir/", ""},
                      {place + "huge", std::string((1U << 20U) + 1, '#')},
                      {place + "large", std::string((1U << 20U) - 6, '#') + "\nID=x\n"}};
  REQUIRE(::mkfifo((root.path() + "/" + place + "fifo").c_str(), 0600) == 0);
  CHECK_THROWS_WITH_AS((void)read(root, "dir"),
                       (root.path() + "/" + place + "dir is no regular file").c_str(),
                       base::Error);
  CHECK_THROWS_WITH_AS((void)read(root, "fifo"),
                       (root.path() + "/" + place + "fifo is no regular file").c_str(),
                       base::Error);
  CHECK_THROWS_AS((void)read(root, "huge"), base::Error);
  CHECK(read(root, "large") == Release{{"ID", "x"}});
  // As stand-ins they are passed over.
  CHECK_FALSE(read(root, "dir_1"));
  CHECK_FALSE(read(root, "fifo_1"));
}

TEST_CASE("values are found by key, and parted into words")
{
  CHECK(overlay::value_of({{"A", "b"}}, "A") == "b");
  CHECK(overlay::value_of({{"A", "b"}}, "B").empty());
  CHECK(overlay::words_of(" a  b\tc\n") == std::vector<std::string>{"a", "b", "c"});
  CHECK(overlay::words_of(" ").empty());
}
