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
         (read->is_system_part() ? " of a system" + (read->uuid.empty() ? "" : " " + read->uuid)
                                 : "") +
         (read->is_image() ? "" : " beside " + read->stem());
}

} // namespace

TEST_CASE("a name, a version, an architecture and a suffix are told apart")
{
  CHECK(parts("hello_1_x86-64.raw") == "hello|1|x86-64|raw");
  CHECK(parts("hello_1.2.3-4~rc1.raw.zst") == "hello|1.2.3-4~rc1||raw.zst");
  CHECK(parts("k8s-tools_1.32.0_rc.1_arm64.raw") == "k8s-tools|1.32.0_rc.1|arm64|raw");
  CHECK(parts("os_42_x86-64.efi") == "os|42|x86-64|efi of a system");
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

TEST_CASE("parts of a system are named by what they are, and may have the UUID of their partition")
{
  const std::string uuid = "0f5d9e6c-1a2b-4c3d-8e4f-a0b1c2d3e4f5";
  const std::string plain = "0f5d9e6c1a2b4c3d8e4fa0b1c2d3e4f5";
  CHECK(parts("os_1.2_" + uuid + ".root.xz") == "os|1.2||root.xz of a system " + uuid);
  CHECK(parts("os_1.2_" + plain + ".verity") == "os|1.2||verity of a system " + plain);
  CHECK(parts("os_1_arm64_" + uuid + ".root.erofs.zst") ==
        "os|1|arm64|root.erofs.zst of a system " + uuid);
  CHECK(parts("os_1.root-x86-64-verity." + uuid + ".raw") ==
        "os|1||root-x86-64-verity." + uuid + ".raw of a system " + uuid);
  CHECK(parts("os_1.usr-verity-sig.raw") == "os|1||usr-verity-sig.raw of a system");
  CHECK(parts("os_1.efi.zst") == "os|1||efi.zst of a system");
  CHECK(parts("os_1.verity.zst") == "os|1||verity.zst of a system");
  CHECK(parts("hello_1.verity") == "hello|1||verity beside hello_1");
  for (const char *file : {"os_1.root.raw.lz4", "os_1.root.raw.xz.xz", "os_1.home.raw."})
    CHECK(parts(file) == "none");
  // A UUID is no word of the version of an extension, nor of anything else.
  CHECK(parts("hello_1_" + uuid + ".raw") == "hello|1_" + uuid + "||raw");
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
