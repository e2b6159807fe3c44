// SPDX-License-Identifier: Apache-2.0
#include "bakery/image_file.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("bakery/image_file");

using bakery::ImageFile;
using bakery::parse_image_file;

namespace {

std::string parts(const std::string &file)
{
  const auto read = parse_image_file(file);
  if (!read)
    return "none";
  return read->name + "|" + read->version + "|" + read->architecture + "|" + read->suffix +
         (read->is_image() ? "" : " beside " + read->stem());
}

} // namespace

TEST_CASE("a name, a version, an architecture and a suffix are told apart")
{
  CHECK(parts("hello_1_x86-64.raw") == "hello|1|x86-64|raw");
  CHECK(parts("hello_1.2.3-4~rc1.raw.zst") == "hello|1.2.3-4~rc1||raw.zst");
  CHECK(parts("k8s-tools_1.32.0_rc.1_arm64.raw") == "k8s-tools|1.32.0_rc.1|arm64|raw");
  CHECK(parts("os_42_x86-64.efi") == "os|42|x86-64|efi");
}

TEST_CASE("what is no architecture belongs to the version")
{
  CHECK(parts("hello_1_amd64.raw") == "hello|1_amd64||raw");
}

TEST_CASE("what lies beside an image is known by its suffix, though versions have dots")
{
  CHECK(parts("hello_1.2_x86-64.spdx.json") ==
        "hello|1.2|x86-64|spdx.json beside hello_1.2_x86-64");
  CHECK(parts("hello_1.2.roothash.p7s") == "hello|1.2||roothash.p7s beside hello_1.2");
}

TEST_CASE("what could not be published under its name is none")
{
  for (const char *file : {"hello.raw",
                           "_1.raw",
                           "hello_.raw",
                           "hello_1",
                           "hello_1.txt",
                           ".hello_1.raw",
                           "hel lo_1.raw",
                           "hello_1%2e.raw",
                           "hello_1/../x.raw",
                           "h\xc3\xa4llo_1.raw",
                           "hello_1\n.raw"})
    CHECK(parts(file) == "none");
  CHECK(parts("a_" + std::string(300, '1') + ".raw") == "none");
}
