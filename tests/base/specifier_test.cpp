// SPDX-License-Identifier: Apache-2.0
#include "base/specifier.hpp"
#include "support/test_host.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("base/specifier");

using base::expand_specifiers;
using base::Specifiers;

TEST_CASE("specifiers are replaced, and other per cent signs stay")
{
  const Specifiers specifiers{.values = {{'a', "arm64"}, {'A', ""}}, .architecture = "arm64"};
  CHECK(expand_specifiers("x-%a-%A-%%a-%z-100%", specifiers) == "x-arm64--%a-%z-100%");
  CHECK(expand_specifiers("", specifiers) == "");
}

TEST_CASE("a specifier whose value this machine can't tell is named")
{
  char missing = '\0';
  CHECK_FALSE(expand_specifiers("x%m", Specifiers{}, &missing));
  CHECK(missing == 'm');
}

TEST_CASE("the values of a host come from its root, what concerns the kernel from the machine")
{
  support::TestHost test;
  test.root.write("etc/os-release",
                  "ID=strakeos\nIMAGE_VERSION=7\nIMAGE_ID=box\nVERSION_ID=3\nBUILD_ID=b\n");
  test.root.write("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
  test.root.write("etc/machine-info", "PRETTY_HOSTNAME=\"A Box\"\n");
  test.root.write("proc/sys/kernel/arch", "aarch64\n");
  test.root.write("proc/sys/kernel/osrelease", "6.12.1\n");
  test.root.write("proc/sys/kernel/hostname", "box.example.org\n");
  test.root.write("proc/sys/kernel/random/boot_id", "f0e1d2c3-b4a5-9687-7869-5a4b3c2d1e0f\n");
  const Specifiers specifiers = base::read_specifiers(test.host);
  CHECK(specifiers.architecture == "arm64");
  CHECK(expand_specifiers("%a %A %b %B %H %l %m %M %o %q %T %v %V %w %W.", specifiers) ==
        "arm64 7 f0e1d2c3b4a5968778695a4b3c2d1e0f b box.example.org box "
        "0123456789abcdef0123456789abcdef box strakeos A Box /tmp 6.12.1 /var/tmp 3 .");
  test.host.environment["TMPDIR"] = "/scratch";
  CHECK(expand_specifiers("%T %V", base::read_specifiers(test.host)) == "/scratch /scratch");
}

TEST_CASE("a machine id that isn't one yet is unknown, not empty")
{
  support::TestHost test;
  test.root.write("etc/machine-id", "uninitialized\n");
  CHECK_FALSE(expand_specifiers("%m", base::read_specifiers(test.host)));
  CHECK_FALSE(expand_specifiers("%b", base::read_specifiers(test.host)));
}

TEST_CASE("architectures have the field's names, and an unknown one its own")
{
  CHECK(base::architecture_name("x86_64") == "x86-64");
  CHECK(base::architecture_name("i686") == "x86");
  CHECK(base::architecture_name("ppc64le") == "ppc64-le");
  CHECK(base::architecture_name("vax") == "vax");
}
