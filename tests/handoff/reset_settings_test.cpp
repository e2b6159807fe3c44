// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "handoff/reset_settings.hpp"
#include "support/test_host.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("handoff/reset_settings");

using base::Error;
using base::Kind;
using support::TestHost;

TEST_CASE("settings name places, what is kept, and what is done")
{
  TestHost test;
  test.root.write("etc/strake/reset.conf",
                  "[Reset]\nPlaces=/etc /var\nPlaces='/a b'\nKeep=/etc/x\nKeepMachineId=yes\n");
  test.root.write("usr/lib/strake/reset.conf.d/10.conf", "[Reset]\nKeep=/y(z|w)\nBackup=on\n");
  const auto settings = handoff::read_reset_settings(test.host);
  CHECK(settings.places == std::vector<std::string>{"/etc", "/var", "/a b"});
  CHECK(settings.keep == std::vector<std::string>{"/etc/x", "/y(z|w)"});
  CHECK(settings.keep_machine_id);
  CHECK(settings.backup);
  CHECK_FALSE(settings.keep_data);
}

TEST_CASE("a setting that is not understood ends it, with file and line")
{
  for (const char *line : {"Kepe=/etc",
                           "Keep=etc",
                           "Keep='/etc",
                           "Keep=/etc/(",
                           "Places=/a*",
                           "Backup=2",
                           "Places=/"}) {
    CAPTURE(line);
    TestHost test;
    test.root.write("etc/strake/reset.conf", std::string("[Reset]\n") + line + "\n");
    try {
      (void)handoff::read_reset_settings(test.host);
      FAIL("nothing was thrown");
    } catch (const Error &error) {
      CHECK(error.kind() == Kind::config);
      CHECK(std::string(error.what()).find("reset.conf:2") != std::string::npos);
    }
  }
}
